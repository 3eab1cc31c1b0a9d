"""The settings, read once from the environment at the start.

Each setting is one field. Its environment variable is ``LUMBUNG_`` plus the field's name in capitals; the
field's metadata describes it. ``settings_reader`` reads the variables with pydantic-settings. ``python -m
kernel.settings`` prints the table of docs/operating.md.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote, urlsplit

from kernel import start_checks
from kernel.errors import ErrorType
from kernel.settings_parsers import (
    CREDENTIALS_VARIABLE,
    FILE_SETTINGS,
    SECRET_SETTINGS,
    is_local_domain,
    read_secret,
    redact_credentials,
)

DEVELOPMENT_SECRET: Final = "development only: set LUMBUNG_SECRET_KEY"  # noqa: S105 - refused in production

PREFIX: Final = "LUMBUNG_"
# Former names of variables, with their current names.
RENAMED_VARIABLES: Final = {
    "LUMBUNG_SPARE_SCHEMAS": "LUMBUNG_SCHEMA_POOL_SIZE",
    "LUMBUNG_STAND_INS": "LUMBUNG_FAKE_GATEWAYS",
}

Environment = Literal["development", "production"]

SETTING_INVALID = ErrorType(
    "kernel.setting_invalid",
    500,
    "{name} berisi “{value}”: {problem}.",
)


def _doc(meaning: str, *, default: str | None = None) -> dict[str, str]:
    """Return a field's metadata: its meaning, and its default in words if the value is not clear."""
    return {"meaning": meaning} | ({"default": default} if default is not None else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process; created by ``load()``, or directly in tests."""

    environment: Environment = field(
        default="development",
        metadata=_doc("`development` or `production`; production refuses to start unsafely"),
    )
    database_url: str | None = field(
        default=None,
        repr=False,
        metadata=_doc(
            "PostgreSQL as `postgresql://user:password@host/database`, by its owner: for `migrate`, "
            "`provision` and a few commands, never for"
            " web and worker; with neither address: an embedded server",
            default="embedded",
        ),
    )
    app_database_url: str | None = field(
        default=None,
        repr=False,
        metadata=_doc(
            "the same database by the application's login, with a password of its own: for web, worker "
            "and most commands",
            default="derived from the owner's, in development alone",
        ),
    )
    base_domain: str = field(
        default="localhost:8000",
        metadata=_doc(
            "domain under which cooperatives get their subdomains, with the port where it is not 80 or 443"
        ),
    )
    secret_key: str = field(
        default=DEVELOPMENT_SECRET,
        repr=False,
        metadata=_doc(
            "signs cookies and derives keys; at least 32 characters in production", default="development only"
        ),
    )
    data_dir: Path = field(
        default=Path("var"), metadata=_doc("folder of the embedded PostgreSQL and of compiled templates")
    )
    host: str = field(default="127.0.0.1", metadata=_doc("address that the web process binds"))
    port: int = field(default=8000, metadata=_doc("port that the web process binds"))
    web_instances: int = field(
        default=1,
        metadata=_doc(
            "how many `lumbung web` share the visitors, each with any number of `--workers`; page "
            "limits are divided by it"
        ),
    )
    broker_url: str | None = field(
        default=None,
        metadata=_doc("`redis://…` or `amqp://…` for jobs; empty: PostgreSQL itself", default="PostgreSQL"),
    )
    mail_url: str | None = field(
        default=None,
        metadata=_doc(
            "`smtp://user:password@host:587` for e-mail; empty: messages are only written down",
            default="none",
        ),
    )
    master_keys: tuple[tuple[str, bytes], ...] = field(
        default=(),
        repr=False,
        metadata=_doc(
            "keys under which cooperatives' secrets are encrypted, as `name:base64 of 32 bytes`, "
            "separated by commas; the first encrypts,"
            " all decrypt",
            default="development only",
        ),
    )
    fake_gateways: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=_doc(
            "addresses that answer in the place of payment services, as "
            "`stripe=http://127.0.0.1:9001,…`; for trials, refused in production",
            default="none",
        ),
    )
    app_role: str = field(
        default="lumbung_app",
        metadata=_doc(
            "application's login where `LUMBUNG_APP_DATABASE_URL` does not name it: a role without rights"
        ),
    )
    schema_pool_size: int = field(
        default=3, metadata=_doc("ready-made schemas kept for cooperatives that are founded next")
    )
    worker_threads: int = field(
        default=4, metadata=_doc("jobs that the worker process does at the same time")
    )
    postgres_bin: Path | None = field(
        default=None,
        metadata=_doc(
            "folder of PostgreSQL binaries for the embedded server; empty: those that come along",
            default="bundled",
        ),
    )
    postgres_port: int | None = field(
        default=None,
        metadata=_doc(
            "port of the embedded server; empty: a free one, kept from then on", default="a free one"
        ),
    )
    foundings_per_hour: int = field(
        default=30,
        metadata=_doc("cooperatives that may be founded from one address, or one IPv6 /48, within an hour"),
    )
    foundings_per_hour_in_all: int = field(
        default=200,
        metadata=_doc(
            "cooperatives that may be founded on the whole platform within an hour; `doctor` tells "
            "when it was reached"
        ),
    )
    trusted_proxies: tuple[str, ...] = field(
        default=(),
        metadata=_doc(
            "addresses, separated by commas, whose `X-Forwarded-*` headers are trusted", default="none"
        ),
    )
    billing_name: str = field(
        default="Lumbung",
        metadata=_doc("who sends the platform's invoices to cooperatives", default="`Lumbung`"),
    )
    billing_address: str = field(
        default="", metadata=_doc("address on the platform's invoices", default="none")
    )
    billing_pkp: bool = field(
        default=False,
        metadata=_doc("`1`: the platform is a PKP, so its invoices carry PPN and its tax number"),
    )
    billing_tax_number: str = field(
        default="", metadata=_doc("NPWP on the platform's invoices", default="none")
    )
    billing_bank_account: str = field(
        default="",
        metadata=_doc("the platform's bank account, as cooperatives should read it", default="none"),
    )
    billing_qris: str = field(
        default="",
        metadata=_doc(
            "payload of the platform's static QRIS, from which invoices get theirs", default="none"
        ),
    )
    billing_stripe_key: str = field(
        default="",
        repr=False,
        metadata=_doc(
            "the platform's secret key at Stripe, for plans paid by card; empty: no cards", default="none"
        ),
    )
    billing_stripe_webhook_secret: str = field(
        default="",
        repr=False,
        metadata=_doc("signing secret of the address `/webhooks/billing` at Stripe", default="none"),
    )
    stripe_accounts: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=_doc(
            "connected accounts at Stripe, as `address of the cooperative=acct_…`, separated by "
            "commas: in their names alone the platform's"
            " key is used",
            default="none",
        ),
    )
    stripe_fee_percent: Decimal = field(
        default=Decimal(0),
        metadata=_doc(
            "percent of each payment to a connected account at Stripe that the platform keeps, below 100"
        ),
    )
    lang: Literal["id", "en"] = field(
        default="en",
        metadata=_doc("language of the `lumbung` command's sentences: `en` or `id`; pages ask the viewer"),
    )
    debug: bool = field(
        default=False, metadata=_doc("`1`: errors of the `lumbung` command come with their traceback")
    )

    @property
    def encryption_keys(self) -> tuple[tuple[str, bytes], ...]:
        """The master keys; in development, if none is set, one derived from the secret key."""
        if self.master_keys:
            return self.master_keys
        return (("development", hashlib.sha256(b"lumbung master key\0" + self.secret_key.encode()).digest()),)

    def fake_gateway_url(self, service: str) -> str | None:
        """Return the URL of the fake of a payment service, or None to use the real one.

        In production it is always None.
        """
        return None if self.is_production else dict(self.fake_gateways).get(service)

    def stripe_account(self, slug: str) -> str | None:
        """Return the connected Stripe account of this cooperative, or None."""
        return dict(self.stripe_accounts).get(slug)

    @property
    def is_default_secret(self) -> bool:
        return self.secret_key == DEVELOPMENT_SECRET

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def scheme(self) -> str:
        """``http`` if the base domain is this machine, else ``https``; used for cookies and links."""
        return "http" if is_local_domain(self.base_domain) else "https"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the environment; an empty variable counts as absent.

    Raises a DomainError (``kernel.setting_invalid``) that names the variable and the problem.
    """
    from kernel.settings_reader import WrongSetting, read_settings

    texts = _read_variables(environ) | _read_secrets(environ)
    for old, new in RENAMED_VARIABLES.items():
        if texts.get(old):
            raise SETTING_INVALID(name=old, value=texts[old], problem=f"it is called {new} now: rename it")
    try:
        found = read_settings(texts)
    except WrongSetting as wrong:
        name = variable_name(wrong.name)
        redacted = "…" if wrong.name in SECRET_SETTINGS else redact_credentials(texts[name])
        raise SETTING_INVALID(name=name, value=redacted, problem=wrong.problem) from None
    if found.get("app_database_url"):
        _derive_app_role(found)
    return Settings(**found)


def _read_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values of our variables that are set, stripped."""
    known = [variable_name(setting.name) for setting in fields(Settings)]
    return {name: environ[name].strip() for name in (*known, *RENAMED_VARIABLES) if name in environ}


def _derive_app_role(found: dict[str, Any]) -> None:
    """Set the application's role from the user name in its URL; raise if it contradicts ``app_role``."""
    role = unquote(urlsplit(found["app_database_url"]).username or "")
    if not role or found.get("app_role", role) != role:
        problem = (
            (f"it must log in as {found['app_role']}, as LUMBUNG_APP_ROLE says")
            if role
            else "it names no user"
        )
        redacted = redact_credentials(found["app_database_url"])
        raise SETTING_INVALID(name=variable_name("app_database_url"), value=redacted, problem=problem)
    found["app_role"] = role


def _read_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of the secrets that are set, by variable.

    A secret may be in the variable, in the file that ``LUMBUNG_…_FILE`` names, or in systemd's credentials
    folder in a file with the variable's name in lower case. Raises a DomainError (``kernel.setting_invalid``)
    for a file that cannot be read.
    """
    texts = {}
    for setting in fields(Settings):
        name = variable_name(setting.name)
        if setting.name in FILE_SETTINGS:
            try:
                text = read_secret(name, environ.get(name, "").strip(), environ)
            except ValueError as error:
                raise SETTING_INVALID(name=f"{name}_FILE", value="…", problem=str(error)) from None
            if text:
                texts[name] = text
    return texts


def strip_owner_login(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for web and worker processes: secrets as text, without the owner's login."""
    owner = variable_name("database_url")
    files = {f"{variable_name(name)}_FILE" for name in FILE_SETTINGS} | {owner, CREDENTIALS_VARIABLE}
    secrets = {name: text for name, text in _read_secrets(environ).items() if name != owner}
    return {name: text for name, text in environ.items() if name not in files} | secrets


def check_startable(settings: Settings) -> None:
    """Refuse to start a web or worker process with unsafe settings.

    Production refuses settings that are only fit for trials, and the owner's login. Development refuses to
    listen where other machines can connect. Raises a DomainError (``kernel.not_startable``,
    ``kernel.not_for_others``) that lists all problems.
    """
    start_checks.check_settings(settings, needs_owner_login=False)


def check_startable_supervisor(settings: Settings) -> None:
    """Refuse as ``check_startable`` does, for the process that starts the others and needs both logins."""
    start_checks.check_settings(settings, needs_owner_login=True)


def variable_name(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"
