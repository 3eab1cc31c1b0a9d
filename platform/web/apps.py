"""The three applications behind the doors, each with its rooms' pages, one database session a request, and
its answers to failure.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Request, Response
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

import billing.stripe_webhook
import web.pages
from kernel.database import Database, Reader
from kernel.money import MAX_DIGITS
from kernel.rooms import import_from_rooms
from tenants.changes import get_committed_topics, invalidate_committed
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session, shared_reader, shared_session
from ui import Brand, RequestContext, Viewer, get_context
from ui.errors import NOT_FOUND
from ui.form_data import MAX_FIELDS, read_form_data
from ui.guards import SAFE_METHODS, verify_csrf
from ui.request_body import MAX_FORM_BYTES
from web.error_handlers import EXCEPTION_HANDLERS, UNREADABLE_ADDRESS, handle_unexpected_error
from web.headers import build_security_headers
from web.suspension import reject_if_read_only, reject_if_suspended
from web.unavailable import build_failure_app

if TYPE_CHECKING:
    from kernel.settings import Settings
    from kernel.timeouts import Timeouts


def get_timeouts(request: Request[Any, Any, Any]) -> Timeouts | None:
    """What a route says of itself: `@get(…, opt={"timeouts": EXPORT})`; None for what every page has."""
    found: Timeouts | None = request.route_handler.opt.get("timeouts")
    return found


async def provide_db(request: Request[Any, Any, Any]) -> AsyncIterator[AsyncSession]:
    """Give the request's one transaction: returning commits, raising rolls back.

    What this process kept of the cooperative is forgotten at once: the writer's next request must not be
    faster than the database's notice.
    """
    ctx = get_context(request)
    if ctx.tenant is None:
        async with shared_session(ctx.database) as db:
            yield db
        invalidate_committed(ctx.database, get_committed_topics(db))
        return
    async with coop_session(ctx.database, ctx.tenant, get_timeouts(request)) as db:
        yield db
    invalidate_committed(ctx.database, get_committed_topics(db))


async def provide_ro(request: Request[Any, Any, Any]) -> AsyncIterator[Reader]:
    """Give a read-only transaction."""
    ctx = get_context(request)
    if ctx.tenant is None:
        async with shared_reader(ctx.database) as ro:
            yield ro
        return
    async with coop_reader(ctx.database, ctx.tenant, get_timeouts(request)) as ro:
        yield ro


def provide_ctx(request: Request[Any, Any, Any]) -> RequestContext:
    """Give what the doors know about the request."""
    return get_context(request)


def provide_tenant(request: Request[Any, Any, Any]) -> TenantRef | None:
    """Give the cooperative that the host belongs to."""
    return get_context(request).tenant


def provide_brand(request: Request[Any, Any, Any]) -> Brand:
    """Give how it shows itself."""
    return get_context(request).brand


def provide_viewer(request: Request[Any, Any, Any]) -> Viewer | None:
    """Give who is signed in, or None; behind a guard it is always somebody."""
    return get_context(request).viewer


def provide_database(request: Request[Any, Any, Any]) -> Database:
    """Give the pools, for the few pages that work on more than one transaction."""
    return get_context(request).database


def reject_invalid_path(request: Request[Any, Any, Any]) -> None:
    """Refuse an address that can be of nothing: PostgreSQL's text holds no such letter."""
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise NOT_FOUND()


async def before_request(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Before every handler: can this address be of anything, is this cooperative open for it, and was the
    form made by one of our pages?

    The form is received whole here, before a handler holds a connection to the database.
    """
    reject_invalid_path(request)
    _reject_long_numbers(request)
    if get_context(request).tenant is None and request.scope["path"] in billing.stripe_webhook.PATHS:
        return None  # no browser's form: what counts is Stripe's signature, which the handler looks at
    closed = reject_if_suspended(request)
    if closed is None:
        if request.method not in SAFE_METHODS:
            await read_form_data(request)
        await verify_csrf(request)
        reject_if_read_only(request)
    return closed


def _reject_long_numbers(request: Request[Any, Any, Any]) -> None:
    """Raise DomainError for a number in the address that no row can bear: one below zero, or longer than any
    number that is read.
    """
    if any(isinstance(each, int) and not 0 <= each < 10**MAX_DIGITS for each in request.path_params.values()):
        raise NOT_FOUND()
    for name in _integer_query_params(request.route_handler):
        if any(len(each) > MAX_DIGITS + 1 for each in request.query_params.getall(name, [])):
            raise UNREADABLE_ADDRESS()


@functools.lru_cache(maxsize=1_000)
def _integer_query_params(handler: BaseRouteHandler) -> tuple[str, ...]:
    """The names of the whole numbers that a handler takes from the query."""
    parameters = handler.parsed_fn_signature.parameters.items()
    return tuple(
        name
        for name, field in parameters
        if isinstance(field.kwarg_definition, QueryParameter)
        and (field.is_subclass_of(int) or field.has_inner_subclass_of(int))
    )


def _build_app(settings: Settings, *routes: Any, before: Any = before_request) -> Litestar:
    return Litestar.from_config(
        AppConfig(
            route_handlers=list(routes),
            dependencies={
                "db": Provide(provide_db),
                "ro": Provide(provide_ro),
                "ctx": Provide(provide_ctx, sync_to_thread=False),
                "tenant": Provide(provide_tenant, sync_to_thread=False),
                "brand": Provide(provide_brand, sync_to_thread=False),
                "viewer": Provide(provide_viewer, sync_to_thread=False),
                "database": Provide(provide_database, sync_to_thread=False),
            },
            exception_handlers=EXCEPTION_HANDLERS,
            before_request=before,
            before_send=[build_security_headers(settings)],
            openapi_config=None,
            logging_config=None,  # kernel.logs says how logs are written
            request_max_body_size=MAX_FORM_BYTES,  # a route that takes more says so
            multipart_form_part_limit=MAX_FIELDS,
            signature_namespace={"Request": Request},
            debug=False,
        )
    )


def _collect_routes(name: str) -> list[Any]:
    """Return what every room's ``pages`` lists under ``name``."""
    return [route for pages in import_from_rooms("pages") for route in getattr(pages, name, ())]


def build_apex_app(settings: Settings) -> Litestar:
    """What Lumbung is, and founding a cooperative."""
    return _build_app(settings, *_collect_routes("apex_routes"))


def build_operator_app(settings: Settings) -> Litestar:
    """Those who run the platform."""
    return _build_app(settings, *_collect_routes("operator_routes"))


def build_cooperative_app(settings: Settings) -> Litestar:
    """One cooperative: its shop, its members, its officers. Each room lists its own pages."""
    return _build_app(
        settings,
        *_collect_routes("cooperative_routes"),
    )


def build_closed_app(settings: Settings, template: str, status: int) -> Litestar:
    """One answer to everything: where nobody lives, and where a cooperative is being brought to a newer
    version.
    """
    return _build_app(settings, *web.pages.catch_all_routes(template, status), before=reject_invalid_path)


@functools.cache
def build_applications(settings: Settings) -> dict[str, Litestar]:
    """Return the applications by the kind of host they answer; they hold no state, so one set serves a
    process.
    """
    return {
        "apex": build_apex_app(settings),
        "operator": build_operator_app(settings),
        "cooperative": build_cooperative_app(settings),
        "nobody": build_closed_app(settings, "errors/unknown_host.html", 404),
        "upgrading": build_closed_app(settings, "errors/upgrading.html", 503),
        "waiting": build_closed_app(settings, "errors/waiting.html", 503),
        "refused": build_closed_app(settings, "errors/refused.html", 403),
        "busy": build_closed_app(settings, "errors/busy.html", 429),
        "failed": build_failure_app(settings, handle_unexpected_error),
    }
