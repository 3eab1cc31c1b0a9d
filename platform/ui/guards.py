"""Who may see a page, and whether a form came from one of ours."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from ui import errors
from ui.rendering import csrf_token
from ui.sent_fields import fields_of
from ui.viewer import visit_of

if TYPE_CHECKING:
    from litestar import Request
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SignInNeeded(Exception):
    """Nobody is signed in, and the page is not for everybody; the doors lead to the sign-in page and back."""


def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let pass whoever is signed in: an officer who is no member has an account too."""
    if visit_of(connection.scope).viewer is None:
        raise SignInNeeded


def officer(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let officers pass."""
    viewer = visit_of(connection.scope).viewer
    if viewer is None:
        raise SignInNeeded
    if not viewer.is_officer:
        raise errors.OFFICERS_ONLY()


def member(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let members pass."""
    viewer = visit_of(connection.scope).viewer
    if viewer is None:
        raise SignInNeeded
    if not viewer.is_member:
        raise errors.MEMBERS_ONLY()


def operator(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let operators pass."""
    if visit_of(connection.scope).operator is None:
        raise SignInNeeded


async def refuse_forgeries(request: Request[Any, Any, Any]) -> None:
    """Refuse a form that another site made: before every handler that changes something.

    Browsers say where a form comes from (Sec-Fetch-Site, Origin): another origin is refused, a sibling
    subdomain too. Whoever is signed in must also send the token of their session; a client that says nothing
    about its origin must send the token in any case.
    """
    if request.method in SAFE_METHODS:
        return
    visit = visit_of(request)
    headers = request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise errors.FORGED_FORM()
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        raise errors.FORGED_FORM()
    known_origin = site is not None or origin is not None
    if known_origin and visit.viewer is None and visit.operator is None:
        return
    sent = await (await fields_of(request)).csrf() or headers.get("x-csrf") or ""
    if not hmac.compare_digest(sent.encode(), csrf_token(visit).encode()):
        raise errors.FORGED_FORM()
