"""Settings, read from the environment once at start and never written again.

Each setting is one field; its name in the environment is ``LUMBUNG_`` plus the field's name in capitals, its meaning is told
in the field's metadata. ``python -m kernel.settings`` prints the table that docs/operating.md holds.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from kernel.errors import Kind
from kernel.secret_strength import key_weakness, weakness
from kernel.settings_reading import READERS, SECRET, is_loopback, is_this_machine, without_credentials

DEVELOPMENT_SECRET: Final = "development only: set LUMBUNG_SECRET_KEY"  # noqa: S105 - refused in production

Environment = Literal["development", "production"]

SETTING_INVALID = Kind(
    "kernel.setting_invalid",
    500,
    id="{name} berisi “{value}”: {problem}.",
    en="{name} is “{value}”: {problem}.",
)
NOT_STARTABLE = Kind(
    "kernel.not_startable",
    500,
    id="Lumbung tidak dijalankan dalam mode produksi: {problems}.",
    en="Lumbung does not start in production: {problems}.",
)
NOT_FOR_OTHERS = Kind(
    "kernel.not_for_others",
    500,
    id="Mode pengembangan hanya untuk mesin ini: {problems}. Untuk dipakai orang lain, atur LUMBUNG_ENVIRONMENT=production.",
    en="Development is for this machine alone: {problems}. To serve others, set LUMBUNG_ENVIRONMENT=production.",
)


def _told(meaning: str, *, shown: str | None = None) -> dict[str, str]:
    """Metadata of a field: what it means, and how its default is written where the value itself says little."""
    return {"meaning": meaning} | ({"shown": shown} if shown is not None else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one start of Lumbung was told; made by ``load()``, by hand in tests."""

    environment: Environment = field(
        default="development", metadata=_told("`development` or `production`; production refuses to start unsafely")
    )
    database_url: str | None = field(
        default=None,
        metadata=_told(
            "PostgreSQL as `postgresql://user:password@host/database`, its owner; empty: an embedded server",
            shown="embedded",
        ),
    )
    base_domain: str = field(
        default="localhost:8000",
        metadata=_told("domain under which cooperatives get their subdomains, with the port where it is not 80 or 443"),
    )
    secret_key: str = field(
        default=DEVELOPMENT_SECRET,
        repr=False,
        metadata=_told(
            "signs cookies and derives keys; at least 32 characters in production", shown="development only"
        ),
    )
    data_dir: Path = field(
        default=Path("var"), metadata=_told("folder of the embedded PostgreSQL and of compiled templates")
    )
    host: str = field(default="127.0.0.1", metadata=_told("address that the web process binds"))
    port: int = field(default=8000, metadata=_told("port that the web process binds"))
    web_instances: int = field(
        default=1,
        metadata=_told(
            "how many `lumbung web` share the visitors, each with any number of `--workers`; page limits are divided by it"
        ),
    )
    broker_url: str | None = field(
        default=None,
        metadata=_told("`redis://…` or `amqp://…` for jobs; empty: PostgreSQL itself", shown="PostgreSQL"),
    )
    mail_url: str | None = field(
        default=None,
        metadata=_told(
            "`smtp://user:password@host:587` for e-mail; empty: messages are only written down", shown="none"
        ),
    )
    master_keys: tuple[tuple[str, bytes], ...] = field(
        default=(),
        repr=False,
        metadata=_told(
            "keys under which cooperatives' secrets are encrypted, as `name:base64 of 32 bytes`, separated by commas; the first encrypts,"
            " all decrypt",
            shown="development only",
        ),
    )
    stand_ins: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=_told(
            "addresses that answer in the place of payment services, as `stripe=http://127.0.0.1:9001,…`; for trials, refused in production",
            shown="none",
        ),
    )
    app_role: str = field(
        default="lumbung_app", metadata=_told("role without rights by which web and worker log in to PostgreSQL")
    )
    spare_schemas: int = field(
        default=3, metadata=_told("ready-made schemas kept for cooperatives that are founded next")
    )
    worker_threads: int = field(default=4, metadata=_told("jobs that the worker process does at the same time"))
    postgres_bin: Path | None = field(
        default=None,
        metadata=_told(
            "folder of PostgreSQL binaries for the embedded server; empty: those that come along", shown="bundled"
        ),
    )
    postgres_port: int | None = field(
        default=None,
        metadata=_told("port of the embedded server; empty: a free one, kept from then on", shown="a free one"),
    )
    foundings_per_hour: int = field(
        default=30, metadata=_told("cooperatives that may be founded from one address, or one IPv6 /48, within an hour")
    )
    foundings_per_hour_in_all: int = field(
        default=200,
        metadata=_told(
            "cooperatives that may be founded on the whole platform within an hour; `doctor` tells when it was reached"
        ),
    )
    trusted_proxies: tuple[str, ...] = field(
        default=(),
        metadata=_told("addresses, separated by commas, whose `X-Forwarded-*` headers are believed", shown="none"),
    )
    billing_name: str = field(
        default="Lumbung", metadata=_told("who sends the platform's invoices to cooperatives", shown="`Lumbung`")
    )
    billing_address: str = field(default="", metadata=_told("address on the platform's invoices", shown="none"))
    billing_pkp: bool = field(
        default=False, metadata=_told("`1`: the platform is a PKP, so its invoices carry PPN and its tax number")
    )
    billing_tax_number: str = field(default="", metadata=_told("NPWP on the platform's invoices", shown="none"))
    billing_bank_account: str = field(
        default="", metadata=_told("the platform's bank account, as cooperatives should read it", shown="none")
    )
    billing_qris: str = field(
        default="",
        metadata=_told("payload of the platform's static QRIS, from which invoices get theirs", shown="none"),
    )
    billing_stripe_key: str = field(
        default="",
        repr=False,
        metadata=_told("the platform's secret key at Stripe, for plans paid by card; empty: no cards", shown="none"),
    )
    billing_stripe_webhook_secret: str = field(
        default="",
        repr=False,
        metadata=_told("signing secret of the address `/kait/langganan` at Stripe", shown="none"),
    )
    stripe_accounts: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=_told(
            "connected accounts at Stripe, as `address of the cooperative=acct_…`, separated by commas: in their names alone the platform's"
            " key is used",
            shown="none",
        ),
    )
    stripe_fee_percent: Decimal = field(
        default=Decimal(0),
        metadata=_told("percent of each payment to a connected account at Stripe that the platform keeps, below 100"),
    )
    lang: Literal["id", "en"] = field(
        default="en",
        metadata=_told("language of the `lumbung` command's sentences: `en` or `id`; pages ask the viewer"),
    )
    debug: bool = field(default=False, metadata=_told("`1`: errors of the `lumbung` command come with their traceback"))

    @property
    def keys(self) -> tuple[tuple[str, bytes], ...]:
        """The master keys; in development, when none is set, one derived from the secret key."""
        if self.master_keys:
            return self.master_keys
        return (("development", hashlib.sha256(b"lumbung master key\0" + self.secret_key.encode()).digest()),)

    def stand_in(self, service: str) -> str | None:
        """The address that answers in the place of ``service``, or None for the real one: in production always, however a process began."""
        return None if self.is_production else dict(self.stand_ins).get(service)

    def stripe_account(self, slug: str) -> str | None:
        """The account at Stripe that is connected for this cooperative, or None."""
        return dict(self.stripe_accounts).get(slug)

    @property
    def is_default_secret(self) -> bool:
        return self.secret_key == DEVELOPMENT_SECRET

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def scheme(self) -> str:
        """``http`` where the base domain is this machine, else ``https``: cookies and links follow it."""
        return "http" if is_this_machine(self.base_domain) else "https"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the environment; an empty variable counts as absent.

    Raises a Refusal (``kernel.setting_invalid``) that names the variable and what is wrong with it.
    """
    given: dict[str, Any] = {}
    for setting in fields(Settings):
        name = variable(setting.name)
        text = environ.get(name, "").strip()
        if not text:
            continue
        try:
            given[setting.name] = READERS.get(setting.name, str)(text)
        except ValueError as error:
            shown = "…" if setting.name in SECRET else without_credentials(text)
            raise SETTING_INVALID(name=name, value=shown, problem=str(error)) from None
    return Settings(**given)


def check_startable(settings: Settings) -> None:
    """Refuse to serve real cooperatives with settings that are only fit for trying out, and to try out where others can reach it.

    Raises a Refusal (``kernel.not_startable``, ``kernel.not_for_others``) that names every problem at once.
    """
    if settings.is_production:
        if problems := _production_problems(settings):
            raise NOT_STARTABLE(problems="; ".join(problems))
    elif problems := _development_problems(settings):
        raise NOT_FOR_OTHERS(problems="; ".join(problems))


def _development_problems(settings: Settings) -> list[str]:
    problems = []
    if not is_this_machine(settings.base_domain):
        problems.append(f"LUMBUNG_BASE_DOMAIN is {settings.base_domain}, not localhost")
    if not is_loopback(settings.host):
        problems.append(f"LUMBUNG_HOST is {settings.host}, which other machines reach")
    return problems


def _production_problems(settings: Settings) -> list[str]:
    problems = []
    if settings.is_default_secret:
        problems.append("LUMBUNG_SECRET_KEY is the development secret")
    elif weak := weakness(settings.secret_key):
        problems.append(f"LUMBUNG_SECRET_KEY {weak}; make one: openssl rand -base64 48")
    if not settings.master_keys:
        problems.append(
            "LUMBUNG_MASTER_KEYS names no key for the secrets of cooperatives; make one: openssl rand -base64 32"
        )
    for name, key in settings.master_keys:
        if weak := key_weakness(key):
            problems.append(f"the key {name} of LUMBUNG_MASTER_KEYS {weak}; make one: openssl rand -base64 32")
    if settings.database_url is None:
        problems.append("LUMBUNG_DATABASE_URL names no database, and the embedded one is for one machine's trial")
    if is_this_machine(settings.base_domain) or is_loopback(settings.base_domain.partition(":")[0]):
        problems.append(f"LUMBUNG_BASE_DOMAIN is {settings.base_domain.partition(':')[0]}, which means this machine")
    if settings.billing_stripe_key.startswith(("sk_test", "rk_test")):
        problems.append("LUMBUNG_BILLING_STRIPE_KEY is of Stripe's test mode, where anybody pays with a made-up card")
    problems += [f"{name} points to a stand-in ({url})" for name, url in _stand_ins(settings)]
    return problems


def _stand_ins(settings: Settings) -> list[tuple[str, str]]:
    """Outside services that are answered by something of this machine or by an imitation of the real one."""
    found = [("LUMBUNG_STAND_INS", f"{service}={address}") for service, address in settings.stand_ins]
    if settings.mail_url is not None and urlsplit(settings.mail_url).scheme not in {"smtp", "smtps"}:
        found.append(("LUMBUNG_MAIL_URL", urlsplit(settings.mail_url).scheme + "://…"))
    return found


def variable(name: str) -> str:
    """Name of a setting in the environment."""
    return f"LUMBUNG_{name.upper()}"


def table() -> str:
    """Every setting as one Markdown table, in the order of the fields."""
    lines = ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    for setting in fields(Settings):
        default = setting.metadata.get("shown") or f"`{str(setting.default).lower()}`"
        lines.append(f"| `{variable(setting.name)}` | {default} | {setting.metadata['meaning']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(table())
