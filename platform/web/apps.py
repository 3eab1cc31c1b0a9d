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

import backoffice.pages
import billing.hook_pages
import billing.operator_pages
import billing.pages
import governance.pages
import ledger.pages
import members.pages
import onboarding.pages
import operators.pages
import payments.pages
import savings.pages
import shop.pages
import shu.pages
import web.pages
from kernel.database import Database, Reader
from kernel.money import MAX_DIGITS
from tenants.changes import REGISTRY, forget_here
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session, shared_reader, shared_session
from ui import Brand, Viewer, Visit, visit_of
from ui.bodies import LARGEST_FORM
from ui.errors import NOT_FOUND
from ui.guards import SAFE_METHODS, refuse_forgeries
from ui.sent_fields import MOST_FIELDS, fields_of
from web.failures import HANDLERS, UNREADABLE_ADDRESS, broken
from web.headers import with_headers
from web.suspension import refuse_new, refuse_suspended
from web.unavailable import failed_app

if TYPE_CHECKING:
    from kernel.settings import Settings
    from kernel.timeouts import Timeouts


def timeouts_of(request: Request[Any, Any, Any]) -> Timeouts | None:
    """What a route says of itself: `@get(…, opt={"timeouts": EXPORT})`; None for what every page has."""
    found: Timeouts | None = request.route_handler.opt.get("timeouts")
    return found


async def provide_db(request: Request[Any, Any, Any]) -> AsyncIterator[AsyncSession]:
    """Give the request's one transaction: returning commits, raising rolls back.

    What this process kept of the cooperative is forgotten at once: the writer's next request must not be
    faster than the database's notice.
    """
    visit = visit_of(request)
    if visit.tenant is None:
        async with shared_session(visit.database) as db:
            yield db
        if db.sync_session.info.get("registry_announced"):
            forget_here(visit.database, REGISTRY)
        return
    async with coop_session(visit.database, visit.tenant, timeouts_of(request)) as db:
        yield db
    forget_here(visit.database, visit.tenant.schema_name)
    if db.sync_session.info.get("registry_announced"):
        forget_here(visit.database, REGISTRY)


async def provide_ro(request: Request[Any, Any, Any]) -> AsyncIterator[Reader]:
    """Give a read-only transaction."""
    visit = visit_of(request)
    if visit.tenant is None:
        async with shared_reader(visit.database) as ro:
            yield ro
        return
    async with coop_reader(visit.database, visit.tenant, timeouts_of(request)) as ro:
        yield ro


def provide_visit(request: Request[Any, Any, Any]) -> Visit:
    """Give what the doors know about the request."""
    return visit_of(request)


def provide_tenant(request: Request[Any, Any, Any]) -> TenantRef | None:
    """Give the cooperative that the host belongs to."""
    return visit_of(request).tenant


def provide_brand(request: Request[Any, Any, Any]) -> Brand:
    """Give how it shows itself."""
    return visit_of(request).brand


def provide_viewer(request: Request[Any, Any, Any]) -> Viewer | None:
    """Give who is signed in, or None; behind a guard it is always somebody."""
    return visit_of(request).viewer


def provide_database(request: Request[Any, Any, Any]) -> Database:
    """Give the pools, for the few pages that work on more than one transaction."""
    return visit_of(request).database


def refuse_address(request: Request[Any, Any, Any]) -> None:
    """Refuse an address that can be of nothing: PostgreSQL's text holds no such letter."""
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise NOT_FOUND()


async def look_first(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Before every handler: can this address be of anything, is this cooperative open for it, and was the
    form made by one of our pages?

    The form is received whole here, before a handler holds a connection to the database.
    """
    refuse_address(request)
    _refuse_long_numbers(request)
    if visit_of(request).tenant is None and request.scope["path"] == billing.hook_pages.PATH:
        return None  # no browser's form: what counts is Stripe's signature, which the handler looks at
    closed = refuse_suspended(request)
    if closed is None:
        if request.method not in SAFE_METHODS:
            await fields_of(request)
        await refuse_forgeries(request)
        refuse_new(request)
    return closed


def _refuse_long_numbers(request: Request[Any, Any, Any]) -> None:
    """Raise DomainError for a number in the address that no row can bear: one below zero, or longer than any
    number that is read.
    """
    if any(isinstance(each, int) and not 0 <= each < 10**MAX_DIGITS for each in request.path_params.values()):
        raise NOT_FOUND()
    for name in _numbers_asked(request.route_handler):
        if any(len(each) > MAX_DIGITS + 1 for each in request.query_params.getall(name, [])):
            raise UNREADABLE_ADDRESS()


@functools.lru_cache(maxsize=1_000)
def _numbers_asked(handler: BaseRouteHandler) -> tuple[str, ...]:
    """The names of the whole numbers that a handler takes from the query."""
    parameters = handler.parsed_fn_signature.parameters.items()
    return tuple(
        name
        for name, field in parameters
        if isinstance(field.kwarg_definition, QueryParameter)
        and (field.is_subclass_of(int) or field.has_inner_subclass_of(int))
    )


def _app(settings: Settings, *routes: Any, before: Any = look_first) -> Litestar:
    return Litestar.from_config(
        AppConfig(
            route_handlers=list(routes),
            dependencies={
                "db": Provide(provide_db),
                "ro": Provide(provide_ro),
                "visit": Provide(provide_visit, sync_to_thread=False),
                "tenant": Provide(provide_tenant, sync_to_thread=False),
                "brand": Provide(provide_brand, sync_to_thread=False),
                "viewer": Provide(provide_viewer, sync_to_thread=False),
                "database": Provide(provide_database, sync_to_thread=False),
            },
            exception_handlers=HANDLERS,
            before_request=before,
            before_send=[with_headers(settings)],
            openapi_config=None,
            logging_config=None,  # kernel.logs says how logs are written
            request_max_body_size=LARGEST_FORM,  # a route that takes more says so
            multipart_form_part_limit=MOST_FIELDS,
            signature_namespace={"Request": Request},
            debug=False,
        )
    )


def apex_app(settings: Settings) -> Litestar:
    """What Lumbung is, and founding a cooperative."""
    return _app(settings, *onboarding.pages.routes, *billing.hook_pages.routes, *web.pages.apex_routes)


def operator_app(settings: Settings) -> Litestar:
    """Those who run the platform."""
    return _app(settings, *operators.pages.routes, *billing.operator_pages.routes, *web.pages.operator_routes)


def cooperative_app(settings: Settings) -> Litestar:
    """One cooperative: its shop, its members, its officers. Each room lists its own pages."""
    return _app(
        settings,
        *shop.pages.routes,
        *members.pages.routes,
        *savings.pages.routes,
        *payments.pages.routes,
        *governance.pages.routes,
        *ledger.pages.routes,
        *shu.pages.routes,
        *backoffice.pages.routes,
        *billing.pages.routes,
        *web.pages.cooperative_routes,
    )


def closed_app(settings: Settings, template: str, status: int) -> Litestar:
    """One answer to everything: where nobody lives, and where a cooperative is being brought to a newer
    version.
    """
    return _app(settings, *web.pages.closed_routes(template, status), before=refuse_address)


@functools.cache
def applications(settings: Settings) -> dict[str, Litestar]:
    """Return the applications by the kind of host they answer; they hold no state, so one set serves a
    process.
    """
    return {
        "apex": apex_app(settings),
        "operator": operator_app(settings),
        "cooperative": cooperative_app(settings),
        "nobody": closed_app(settings, "errors/nobody_here.html", 404),
        "upgrading": closed_app(settings, "errors/upgrading.html", 503),
        "waiting": closed_app(settings, "errors/waiting.html", 503),
        "refused": closed_app(settings, "errors/refused.html", 403),
        "busy": closed_app(settings, "errors/busy.html", 429),
        "failed": failed_app(settings, broken),
    }
