"""Parse each setting from its text in the environment.

Every parser raises ValueError with the problem as the end of a sentence.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"  # systemd's: see LoadCredential= in systemd.exec(5)
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
MASTER_KEY_BYTES: Final = 32
# External services that may be replaced by a fake on this machine.
FAKEABLE_GATEWAYS: Final = ("stripe", "midtrans", "xendit")


def redact_credentials(text: str) -> str:
    """Return the text with user and password of each URL replaced by "…"."""
    return re.sub(r"://[^@/]*@", "://…@", text)


def read_secret(variable: str, text: str, environ: Mapping[str, str]) -> str:
    """Return a secret: ``text`` if the environment has it, else the content of its file, else "".

    Raises ValueError when both are given or the file cannot be read.
    """
    named, folder = environ.get(f"{variable}_FILE", "").strip(), environ.get(CREDENTIALS_VARIABLE, "").strip()
    if text:
        if named:
            raise ValueError(f"{variable} is set, too: keep one of them")
        return text
    if named:
        return _read_file(Path(named))
    if folder and (Path(folder) / variable.lower()).exists():
        return _read_file(Path(folder) / variable.lower())
    return ""


def _read_file(file: Path) -> str:
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ValueError(f"{file} cannot be read ({reason})") from None
    if not text:
        raise ValueError(f"{file} is empty")
    return text


def is_local_domain(domain: str) -> bool:
    """Return whether browsers resolve this domain (with or without a port) to their own machine."""
    name = domain.partition(":")[0]
    return name == "localhost" or name.endswith(".localhost")


def is_loopback(host: str) -> bool:
    """Return whether an address is a loopback address, which no other machine can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parse_database_url(text: str) -> str:
    if urlsplit(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError("it must begin with postgresql://")
    return "postgresql://" + text.partition("://")[2]


def _parse_base_domain(text: str) -> str:
    name, _, port = text.lower().partition(":")
    if not name or "/" in text or (port and not port.isdigit()):
        raise ValueError("it must be a domain like lumbung.example or localhost:8000, without http://")
    return f"{name}:{port}" if port else name


def _parse_port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise ValueError("it must be a port from 1 to 65535")
    return int(text)


def _parse_count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000:
        raise ValueError("it must be a whole number from 1 to 1000")
    return int(text)


def _parse_broker_url(text: str) -> str:
    if urlsplit(text).scheme not in {"redis", "rediss", "amqp", "amqps"}:
        raise ValueError("it must begin with redis:// or amqp://")
    return text


def _parse_environment(text: str) -> str:
    if text not in {"development", "production"}:
        raise ValueError("it must be development or production")
    return text


def _parse_lang(text: str) -> str:
    if text not in {"id", "en"}:
        raise ValueError("it must be id or en")
    return text


def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _parse_master_keys(text: str) -> tuple[tuple[str, bytes], ...]:
    keys = []
    for part in _parse_list(text):
        name, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", name) or len(key) != MASTER_KEY_BYTES:
            raise ValueError(
                "each key must be written name:base64 of 32 bytes, as `openssl rand -base64 32` prints them"
            )
        keys.append((name, key))
    if len({name for name, _ in keys}) != len(keys):
        raise ValueError("two keys have the same name")
    return tuple(keys)


def _parse_fake_gateway_urls(text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for part in _parse_list(text):
        service, _, address = part.partition("=")
        if (
            service not in FAKEABLE_GATEWAYS
            or urlsplit(address).scheme != "http"
            or urlsplit(address).hostname not in LOOPBACK
        ):
            raise ValueError(
                f"each must be written service=http://127.0.0.1:port, for {', '.join(FAKEABLE_GATEWAYS)}"
            )
        found.append((service, address.rstrip("/")))
    return tuple(found)


def _parse_stripe_accounts(text: str) -> tuple[tuple[str, str], ...]:
    found = [part.partition("=") for part in _parse_list(text)]
    accounts = [account for _, _, account in found]
    if not all(slug and re.fullmatch(r"acct_[A-Za-z0-9_]{1,60}", account) for slug, _, account in found):
        raise ValueError("each must be written cooperative=acct_…")
    if len(set(accounts)) != len(accounts) or len({slug for slug, _, _ in found}) != len(found):
        raise ValueError("each cooperative has one account, and each account one cooperative")
    return tuple((slug, account) for slug, _, account in found)


def _parse_percent(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,4})?", text):
        raise ValueError("it must be a percentage below 100, like 1.5")
    return Decimal(text)


def _parse_bool(text: str) -> bool:
    return text.lower() not in {"0", "no", "false", "off"}


SECRET_SETTINGS: Final = frozenset(
    {"master_keys", "secret_key", "billing_stripe_key", "billing_stripe_webhook_secret"}
)
# Settings that may contain a secret, so each may be read from a file.
FILE_SETTINGS: Final = SECRET_SETTINGS | {"database_url", "app_database_url", "broker_url", "mail_url"}
PARSERS: Final[Mapping[str, Any]] = {
    "environment": _parse_environment,
    "database_url": _parse_database_url,
    "app_database_url": _parse_database_url,
    "base_domain": _parse_base_domain,
    "port": _parse_port,
    "web_instances": _parse_count,
    "broker_url": _parse_broker_url,
    "schema_pool_size": _parse_count,
    "foundings_per_hour": _parse_count,
    "foundings_per_hour_in_all": _parse_count,
    "worker_threads": _parse_count,
    "postgres_port": _parse_port,
    "trusted_proxies": _parse_list,
    "master_keys": _parse_master_keys,
    "fake_gateways": _parse_fake_gateway_urls,
    "billing_pkp": _parse_bool,
    "stripe_accounts": _parse_stripe_accounts,
    "stripe_fee_percent": _parse_percent,
    "lang": _parse_lang,
    "debug": _parse_bool,
}
