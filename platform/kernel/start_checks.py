"""Checks at the start: unsafe settings in production, or a development server that others can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kernel.errors import ErrorType
from kernel.secret_strength import find_key_weakness, find_password_weakness, find_secret_weakness
from kernel.settings_parsers import is_local_domain, is_loopback

if TYPE_CHECKING:
    from kernel.settings import Settings

NOT_STARTABLE = ErrorType(
    "kernel.not_startable",
    500,
    "Lumbung tidak dijalankan dalam mode produksi: {problems}.",
)
NOT_FOR_OTHERS = ErrorType(
    "kernel.not_for_others",
    500,
    "Mode pengembangan hanya untuk mesin ini: {problems}. Untuk dipakai orang lain, atur "
    "LUMBUNG_ENVIRONMENT=production.",
)


def check_settings(settings: Settings, *, needs_owner_login: bool) -> None:
    """Raise a DomainError that lists every problem which prevents a start.

    ``needs_owner_login``: this process needs the owner's login; otherwise it must not have it. Codes:
    kernel.not_startable, .not_for_others.
    """
    if not settings.is_production:
        if problems := _development_problems(settings):
            raise NOT_FOR_OTHERS(problems="; ".join(problems))
        return
    problems = _production_problems(settings)
    if needs_owner_login and settings.database_url is None:
        problems.append("LUMBUNG_DATABASE_URL names no owner's login")
    if not needs_owner_login and settings.database_url is not None:
        problems.append("LUMBUNG_DATABASE_URL is the owner's login, which web and worker must not hold")
    if problems:
        raise NOT_STARTABLE(problems="; ".join(problems))


def _development_problems(settings: Settings) -> list[str]:
    problems = []
    if not is_local_domain(settings.base_domain):
        problems.append(f"LUMBUNG_BASE_DOMAIN is {settings.base_domain}, not localhost")
    if not is_loopback(settings.host):
        problems.append(f"LUMBUNG_HOST is {settings.host}, which other machines reach")
    return problems


def _production_problems(settings: Settings) -> list[str]:
    problems = _weak_secrets(settings)
    if settings.app_database_url is None:
        problems.append(
            "LUMBUNG_APP_DATABASE_URL names no database, and the embedded one is for one machine's trial"
        )
    domain = settings.base_domain.partition(":")[0]
    if is_local_domain(domain) or is_loopback(domain):
        problems.append(f"LUMBUNG_BASE_DOMAIN is {domain}, which means this machine")
    if settings.billing_stripe_key.startswith(("sk_test", "rk_test")):
        problems.append(
            "LUMBUNG_BILLING_STRIPE_KEY is of Stripe's test mode, where anybody pays with a made-up card"
        )
    problems += [f"{name} points to a fake service ({url})" for name, url in _fake_services(settings)]
    return problems


def _weak_secrets(settings: Settings) -> list[str]:
    problems = []
    if settings.is_default_secret:
        problems.append("LUMBUNG_SECRET_KEY is the development secret")
    elif weak := find_secret_weakness(settings.secret_key):
        problems.append(f"LUMBUNG_SECRET_KEY {weak}; make one: openssl rand -base64 48")
    if not settings.master_keys:
        problems.append(
            "LUMBUNG_MASTER_KEYS names no key for the secrets of cooperatives; make one: openssl rand "
            "-base64 32"
        )
    for name, key in settings.master_keys:
        if weak := find_key_weakness(key):
            problems.append(
                f"the key {name} of LUMBUNG_MASTER_KEYS {weak}; make one: openssl rand -base64 32"
            )
    password = urlsplit(settings.app_database_url or "").password
    if password and (weak := find_password_weakness(unquote(password))):
        problems.append(f"the password in LUMBUNG_APP_DATABASE_URL {weak}; make one: openssl rand -hex 24")
    return problems


def _fake_services(settings: Settings) -> list[tuple[str, str]]:
    """Return the settings that replace an external service by a fake: variable and value."""
    found = [("LUMBUNG_FAKE_GATEWAYS", f"{service}={address}") for service, address in settings.fake_gateways]
    if settings.mail_url is not None and urlsplit(settings.mail_url).scheme not in {"smtp", "smtps"}:
        found.append(("LUMBUNG_MAIL_URL", urlsplit(settings.mail_url).scheme + "://…"))
    return found
