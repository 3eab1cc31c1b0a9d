"""The Litestar applications by kind of host, with routes, dependencies and exception handlers."""

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
from ui.guards import SAFE_METHODS, require_access_marks, verify_csrf
from ui.request_body import MAX_FORM_BYTES
from web.error_handlers import EXCEPTION_HANDLERS, UNREADABLE_ADDRESS, handle_unexpected_error
from web.headers import build_security_headers
from web.suspension import reject_if_read_only, reject_if_suspended
from web.unavailable import build_failure_app

if TYPE_CHECKING:
    from kernel.settings import Settings
    from kernel.timeouts import Timeouts


def get_timeouts(request: Request[Any, Any, Any]) -> Timeouts | None:
    """Return the route's own timeouts, as in `opt={"timeouts": EXPORT}`; None for the defaults."""
    found: Timeouts | None = request.route_handler.opt.get("timeouts")
    return found


async def provide_db(request: Request[Any, Any, Any]) -> AsyncIterator[AsyncSession]:
    """Provide the request's write transaction: it commits on return and rolls back on an exception.

    After the commit this process invalidates its caches at once, because the writer's next request may
    arrive before the database's notification.
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
    """Provide a read-only transaction."""
    ctx = get_context(request)
    if ctx.tenant is None:
        async with shared_reader(ctx.database) as ro:
            yield ro
        return
    async with coop_reader(ctx.database, ctx.tenant, get_timeouts(request)) as ro:
        yield ro


def provide_ctx(request: Request[Any, Any, Any]) -> RequestContext:
    """Provide the request context."""
    return get_context(request)


def provide_tenant(request: Request[Any, Any, Any]) -> TenantRef | None:
    """Provide the cooperative that the host belongs to; None on the platform's own hosts."""
    return get_context(request).tenant


def provide_brand(request: Request[Any, Any, Any]) -> Brand:
    """Provide the brand of the host."""
    return get_context(request).brand


def provide_viewer(request: Request[Any, Any, Any]) -> Viewer | None:
    """Provide the signed-in person, or None; never None behind a guard."""
    return get_context(request).viewer


def provide_database(request: Request[Any, Any, Any]) -> Database:
    """Provide the database, for the few pages that need more than one transaction."""
    return get_context(request).database


def reject_invalid_path(request: Request[Any, Any, Any]) -> None:
    """Raise DomainError ui.not_found for an address with a NUL, which PostgreSQL's text cannot hold."""
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise NOT_FOUND()


async def before_request(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Check the address, suspension, CSRF and read-only mode before every handler.

    The whole form is received here, before the handler holds a database connection.
    """
    reject_invalid_path(request)
    _reject_long_numbers(request)
    if request.route_handler.opt.get("signed_webhook"):
        return None  # not a browser's form: the handler verifies the signature
    closed = reject_if_suspended(request)
    if closed is None:
        if request.method not in SAFE_METHODS:
            await read_form_data(request)
        await verify_csrf(request)
        reject_if_read_only(request)
    return closed


def _reject_long_numbers(request: Request[Any, Any, Any]) -> None:
    """Raise DomainError for a number in the address that is negative or has too many digits."""
    if any(isinstance(each, int) and not 0 <= each < 10**MAX_DIGITS for each in request.path_params.values()):
        raise NOT_FOUND()
    for name in _integer_query_params(request.route_handler):
        if any(len(each) > MAX_DIGITS + 1 for each in request.query_params.getall(name, [])):
            raise UNREADABLE_ADDRESS()


@functools.lru_cache(maxsize=1_000)
def _integer_query_params(handler: BaseRouteHandler) -> tuple[str, ...]:
    """Return the names of a handler's integer query parameters."""
    parameters = handler.parsed_fn_signature.parameters.items()
    return tuple(
        name
        for name, field in parameters
        if isinstance(field.kwarg_definition, QueryParameter)
        and (field.is_subclass_of(int) or field.has_inner_subclass_of(int))
    )


def _build_app(settings: Settings, *routes: Any, before: Any = before_request) -> Litestar:
    app = Litestar.from_config(
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
            request_max_body_size=MAX_FORM_BYTES,  # the default; a route may override it
            multipart_form_part_limit=MAX_FIELDS,
            signature_namespace={"Request": Request},
            debug=False,
        )
    )
    return require_access_marks(app)


def _collect_routes(name: str) -> list[Any]:
    """Return what every room's ``pages`` lists under ``name``."""
    return [route for pages in import_from_rooms("pages") for route in getattr(pages, name, ())]


def build_apex_app(settings: Settings) -> Litestar:
    """Build the application of the apex: about Lumbung, and sign-up of cooperatives."""
    return _build_app(settings, *_collect_routes("apex_routes"))


def build_operator_app(settings: Settings) -> Litestar:
    """Build the application for the platform's operators."""
    return _build_app(settings, *_collect_routes("operator_routes"))


def build_cooperative_app(settings: Settings) -> Litestar:
    """Build the application of a cooperative's host, from the routes that each room lists."""
    return _build_app(
        settings,
        *_collect_routes("cooperative_routes"),
    )


def build_closed_app(settings: Settings, template: str, status: int) -> Litestar:
    """Build an application that answers every path with one page and status.

    For example for unknown hosts, and for cooperatives whose schema is being migrated.
    """
    return _build_app(settings, *web.pages.catch_all_routes(template, status), before=reject_invalid_path)


@functools.cache
def build_applications(settings: Settings) -> dict[str, Litestar]:
    """Return the applications by kind of host or answer; they are stateless, so a process needs one set."""
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
