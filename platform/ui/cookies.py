"""The session cookie: bound to one host and HttpOnly; the database stores only the token's hash."""

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
    """Return the name of the session cookie.

    Over https it has the ``__Host-`` prefix, by which browsers bind it to one host. The cookie never has a
    Domain attribute.
    """
    return "__Host-lumbung" if secure else "lumbung"


def generate_token() -> str:
    """Return a random token of 256 bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """Return the SHA-256 hash under which the database stores a token."""
    return hashlib.sha256(token.encode()).digest()


def set_session_cookie(response: Response[Any], token: str, lifetime: timedelta, *, secure: bool) -> None:
    """Set the session cookie on the response."""
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
    """Delete the session cookie by the response."""
    response.set_cookie(
        session_cookie_name(secure=secure),
        "",
        max_age=0,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
