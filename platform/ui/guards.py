"""Who may see a page, when a cooperative still answers it, and whether a form came from one of ours."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from ui import errors
from ui.context import get_context
from ui.form_data import read_form_data
from ui.rendering import csrf_token

if TYPE_CHECKING:
    from litestar import Request
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Marks for a handler's ``opt``; web/suspension.py reads them. A handler without a mark is refused while its
# cooperative is suspended, and refused while it is read-only if it changes something.
WHEN_READ_ONLY: Final = {"available_read_only": True}
WHEN_SUSPENDED: Final = WHEN_READ_ONLY | {"available_suspended": True}


class SignInRequired(Exception):
    """Nobody is signed in, and the page is not for everybody; the doors lead to the sign-in page and back."""


def require_signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let pass whoever is signed in: an officer who is no member has an account too."""
    if get_context(connection.scope).viewer is None:
        raise SignInRequired


def require_officer(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let officers pass."""
    viewer = get_context(connection.scope).viewer
    if viewer is None:
        raise SignInRequired
    if not viewer.is_officer:
        raise errors.OFFICERS_ONLY()


def require_member(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let members pass."""
    viewer = get_context(connection.scope).viewer
    if viewer is None:
        raise SignInRequired
    if not viewer.is_member:
        raise errors.MEMBERS_ONLY()


def require_operator(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let operators pass."""
    if get_context(connection.scope).operator is None:
        raise SignInRequired


async def verify_csrf(request: Request[Any, Any, Any]) -> None:
    """Refuse a form that another site made: before every handler that changes something.

    Browsers say where a form comes from (Sec-Fetch-Site, Origin): another origin is refused, a sibling
    subdomain too. Whoever is signed in must also send the token of their session; a client that says nothing
    about its origin must send the token in any case.
    """
    if request.method in SAFE_METHODS:
        return
    ctx = get_context(request)
    headers = request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise errors.FORGED_FORM()
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        raise errors.FORGED_FORM()
    known_origin = site is not None or origin is not None
    if known_origin and ctx.viewer is None and ctx.operator is None:
        return
    sent = await (await read_form_data(request)).csrf_token() or headers.get("x-csrf") or ""
    if not hmac.compare_digest(sent.encode(), csrf_token(ctx).encode()):
        raise errors.FORGED_FORM()
