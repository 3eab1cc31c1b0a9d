"""A signed cookie that marks browsers in which a user has signed in before (ADR 17).

Sign-in attempts from such a browser are throttled separately, so that guesses of strangers do not lock out
the user. The cookie grants no access. Each entry is signed over the host, the account and its password hash,
so a new password invalidates all entries of the account. A shared browser has one entry for each user.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kernel import clock

if TYPE_CHECKING:
    from litestar import Request, Response

    from kernel.settings import Settings

DEVICE_LIFETIME: Final = timedelta(days=365)
MAX_ACCOUNTS: Final = 6
_MAX_COOKIE_LENGTH: Final = 1_000  # characters


class DeviceAccount(msgspec.Struct, frozen=True):
    """The account of an entry; `host` is the cooperative's schema name, or `operator`."""

    host: str
    id: str
    password_hash: str | None


def device_cookie_name(*, secure: bool) -> str:
    """Return the cookie's name; see `ui.cookies.session_cookie_name`."""
    return "__Host-perangkat" if secure else "perangkat"


def has_device_cookie(request: Request[Any, Any, Any], settings: Settings) -> bool:
    """Return whether the request has any device entries, valid or not."""
    return bool(_read_entries(request, settings))


def find_device(
    request: Request[Any, Any, Any], settings: Settings, account: DeviceAccount | None
) -> str | None:
    """Return this browser's device id for an account, or None if it has no valid entry.

    Attempts from the browser are counted under this id.
    """
    if account is None or account.password_hash is None:
        return None
    for entry in _read_entries(request, settings):
        device, _, signed = entry.partition(".")
        day, _, _ = signed.partition(".")
        if hmac.compare_digest(
            entry.encode(), _sign_entry(settings, account, device, day).encode()
        ) and _is_recent(day):
            return device
    return None


def remember_device(
    response: Response[Any], request: Request[Any, Any, Any], settings: Settings, account: DeviceAccount
) -> None:
    """Add or renew the entry of an account in the device cookie; the entries of other accounts stay."""
    if account.password_hash is None:
        return
    device = find_device(request, settings, account)
    others = [
        entry
        for entry in _read_entries(request, settings)
        if device is None or not entry.startswith(f"{device}.")
    ]
    fresh = _sign_entry(
        settings, account, device or secrets.token_urlsafe(12), str(clock.today().toordinal())
    )
    secure = settings.scheme == "https"
    response.set_cookie(
        device_cookie_name(secure=secure),
        "~".join([fresh, *others][:MAX_ACCOUNTS]),
        max_age=int(DEVICE_LIFETIME.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _read_entries(request: Request[Any, Any, Any], settings: Settings) -> list[str]:
    """Return the entries of the device cookie, without verifying them."""
    cookie = request.cookies.get(device_cookie_name(secure=settings.scheme == "https"), "")
    return [entry for entry in cookie[:_MAX_COOKIE_LENGTH].split("~") if entry.count(".") == 2][:MAX_ACCOUNTS]


def _sign_entry(settings: Settings, account: DeviceAccount, device: str, day: str) -> str:
    """Return a signed entry "device.day.signature" of an account."""
    message = msgspec.json.encode((account.host, account.id, account.password_hash, device, day))
    signed = hmac.new(settings.secret_key.encode(), b"device\0" + message, hashlib.sha256).digest()[:24]
    return f"{device}.{day}.{base64.urlsafe_b64encode(signed).decode()}"


def _is_recent(day: str) -> bool:
    """Return whether an entry's day is within `DEVICE_LIFETIME`."""
    return day.isdecimal() and len(day) < 9 and int(day) > clock.today().toordinal() - DEVICE_LIFETIME.days
