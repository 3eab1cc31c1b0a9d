"""The session cookie: for one host alone, unreadable to scripts, its token kept only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import timedelta

    from litestar import Response

LANGUAGE_COOKIE = "bahasa"
LANGUAGE_MAX_AGE = 31_536_000  # a year, in seconds


def session_cookie_name(*, secure: bool) -> str:
    """Return the cookie's name.

    Over https it has the prefix by which browsers hold it to one host; never a Domain attribute.
    """
    return "__Host-lumbung" if secure else "lumbung"


def generate_token() -> str:
    """Return a token that nobody can guess (256 bits)."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


def set_session_cookie(response: Response[Any], token: str, lifetime: timedelta, *, secure: bool) -> None:
    """Put the session's token into the answer."""
    response.set_cookie(
        session_cookie_name(secure=secure),
        token,
        max_age=int(lifetime.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def clear_session_cookie(response: Response[Any], *, secure: bool) -> None:
    """Take the session's token back."""
    response.set_cookie(
        session_cookie_name(secure=secure),
        "",
        max_age=0,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
