"""Access guards, the handler marks for suspended cooperatives, and the CSRF check."""

from __future__ import annotations

import functools
import hmac
from typing import TYPE_CHECKING, Any, Final

from litestar.exceptions import ImproperlyConfiguredException
from litestar.routes import HTTPRoute

from ui import errors
from ui.context import get_context
from ui.form_data import read_form_data
from ui.rendering import csrf_token

if TYPE_CHECKING:
    from litestar import Litestar, Request
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler
    from litestar.types import Guard

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Who may use a handler: its guards say it, or the mark PUBLIC in its ``opt``. ``require_access_marks``
# refuses an application with a handler that has neither.
PUBLIC: Final = {"public": True}
# A webhook of the platform's own: its signature stands for sign-in and CSRF token.
SIGNED_WEBHOOK: Final = PUBLIC | {"signed_webhook": True}
# Marks for a handler's ``opt``; web/suspension.py reads them. A handler without a mark is refused while its
# cooperative is suspended, and refused while it is read-only if it changes something.
WHEN_READ_ONLY: Final = {"available_read_only": True}
WHEN_SUSPENDED: Final = WHEN_READ_ONLY | {"available_suspended": True}


class SignInRequired(Exception):
    """The page requires a signed-in person; ``web.error_handlers`` redirects to the sign-in page."""


# The guards are async because Litestar runs sync ones in a thread.


async def require_signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Require a signed-in person; officers who are not members count. Raises SignInRequired."""
    if get_context(connection.scope).viewer is None:
        raise SignInRequired


@functools.cache
def may(code: str) -> Guard:
    """Return the guard of a permission of ``cooperative.rights``.

    It raises SignInRequired, or DomainError ui.officers_only to somebody without an office and
    ui.not_permitted to an officer whose office does not hold the permission.
    """

    async def check_permission(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        viewer = get_context(connection.scope).viewer
        if viewer is None:
            raise SignInRequired
        if not viewer.is_officer:
            raise errors.OFFICERS_ONLY()
        if not viewer.may(code):
            raise errors.NOT_PERMITTED()

    check_permission.permission = code  # type: ignore[attr-defined]  # read by list_route_permissions
    return check_permission


async def require_member(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Require an active member. Raises SignInRequired or DomainError ui.members_only."""
    viewer = get_context(connection.scope).viewer
    if viewer is None:
        raise SignInRequired
    if not viewer.is_member:
        raise errors.MEMBERS_ONLY()


async def require_operator(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Require a platform operator. Raises SignInRequired."""
    if get_context(connection.scope).operator is None:
        raise SignInRequired


def require_access_marks(app: Litestar) -> Litestar:
    """Return ``app``; raise ImproperlyConfiguredException for a handler that does not say who may use it."""
    for route in app.routes:
        handlers = route.route_handler_map if isinstance(route, HTTPRoute) else {}
        for method, (handler, _) in handlers.items():
            if method == "OPTIONS":  # Litestar's own
                continue
            if not handler.resolve_guards() and not handler.opt.get("public"):
                msg = (
                    f"{handler} ({method} {route.path}) does not say who may use it: write "
                    "guards=[may(…)] or another guard of ui/guards.py, or opt=PUBLIC for everyone. "
                    "It is closed while its cooperative is suspended or read-only, unless its opt also has "
                    "WHEN_SUSPENDED or WHEN_READ_ONLY."
                )
                raise ImproperlyConfiguredException(msg)
    return app


async def verify_csrf(request: Request[Any, Any, Any]) -> None:
    """Reject a state-changing request that another site made. Raises DomainError ui.forged_form.

    Sec-Fetch-Site and Origin must not name another origin; a sibling subdomain is another origin. A request
    of a signed-in person, or one without these headers, must also carry the session's CSRF token.
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
