"""Dispatch requests by host name to the apex, operator or cooperative application.

Only the host selects the cooperative, never a cookie or another header.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import TYPE_CHECKING, Any

import structlog

from kernel import clock
from kernel.settings import check_startable
from kernel.translations import choose_language
from members.devices import device_cookie_name
from operators.queries import find_session_operator
from payments.webhook_inbox import WebhookInbox
from tenants.changes import listen_for_changes
from tenants.login_checks import require_limited_logins
from tenants.registry import REGISTRY, REGISTRY_PREFIX, HostCache, TenantRef
from tenants.revisions import MIN_SUPPORTED_REVISION
from tenants.session import shared_reader
from ui.context import CONTEXT_KEY, Brand, RequestContext
from ui.cookies import LANGUAGE_COOKIE, hash_token, session_cookie_name
from ui.guards import SAFE_METHODS
from ui.rendering import CART_COOKIE, FLASH_COOKIE
from ui.request_body import BODY_KEY as BODY
from ui.request_body import BodyLimiter, RequestBody
from ui.themes import enable_bytecode_cache, load_assets
from web import webhooks
from web.apps import build_applications
from web.cached_pages import serve_and_cache
from web.database_outage import OutageHandler
from web.minute_counts import open_shared_counts
from web.page_cache import PageCache
from web.rate_limits import RateLimiter
from web.request_context import build_context, find_client_ip, load_viewer, parse_label
from web.request_head import check_request_head, clear_cookie_parser_cache, parse_cookies
from web.responses import (
    add_retry_after,
    send_cached,
    send_status,
    serve_asset,
    strip_body,
)
from web.suspension import find_closed_app
from web.unavailable import TrackedSend, respond_to_failure

if TYPE_CHECKING:
    from litestar.types import Receive, Send

    from kernel.database import Database
    from kernel.settings import Settings

log = structlog.get_logger()

PLATFORM_BRAND = Brand(name="Lumbung", tagline="Lumbung")


class HostDispatcher:
    """The ASGI application of a process; it owns the pools, the caches and the applications."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.page_cache = PageCache()
        self.rate_limiter = RateLimiter(
            instances=self.settings.web_instances, counts=open_shared_counts(self.settings)
        )
        self.body_limiter = BodyLimiter()
        self._listener: asyncio.Task[None] | None = None
        self._apps = build_applications(self.settings)
        self._base_domain, _, self._base_port = self.settings.base_domain.partition(":")
        self._base_domain = self._base_domain.lower()
        self._operator_host = f"operator.{self._base_domain}"
        self._is_secure = self.settings.scheme == "https"

    async def start(self) -> None:
        """Open pools and caches and start the change listener; raise for unsafe settings."""
        check_startable(self.settings)
        if not self.database.logins.has_app:
            msg = "set LUMBUNG_APP_DATABASE_URL, or start with `lumbung up`, which brings its own PostgreSQL"
            raise RuntimeError(msg)
        await require_limited_logins(self.database)
        self.hosts = HostCache(self.database)
        self.inbox = WebhookInbox(self.database)
        self.database.services.on_change = self.on_change
        self.outage_handler = OutageHandler(
            self.database, self.page_cache, self.hosts, self.inbox, self.clear_caches
        )
        self._listener = asyncio.create_task(
            listen_for_changes(
                self.database,
                self.on_change,
                self.outage_handler.on_connection_restored,
                self.outage_handler.on_connection_lost,
            )
        )
        enable_bytecode_cache(self.settings.data_dir / "templates")
        load_assets()

    async def stop(self) -> None:
        """Stop the change listener and close the pools."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
            self.outage_handler.stop()
        await self.database.services.close()

    def on_change(self, what: str) -> None:
        """Invalidate the caches of a changed topic.

        ``what`` is a schema name (a cooperative), ``registry:`` with a schema name (its hosts and pages), or
        ``registry`` (all hosts).
        """
        if what == REGISTRY:
            self.hosts.clear()
        elif what.startswith(REGISTRY_PREFIX):
            schema = what.removeprefix(REGISTRY_PREFIX)
            self.hosts.invalidate(schema)
            self.page_cache.invalidate(schema)  # they show what its registry entry and its revision say
        else:
            self.page_cache.invalidate(what)
            self.inbox.invalidate(what)

    def clear_caches(self) -> None:
        """Clear all caches, because change notifications may have been missed."""
        self.hosts.clear()
        self.page_cache.clear()
        self.inbox.invalidate_all()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        declined = check_request_head(scope)
        if declined is not None:
            await send_status(declined, send)
        else:
            if scope["method"] == "HEAD":
                scope, send = scope | {"method": "GET"}, strip_body(send)
            if scope["method"] in SAFE_METHODS:
                await self._serve_with_error_pages(scope, receive, send)
                return
            body = RequestBody(
                self.body_limiter, find_client_ip(scope, self.settings.trusted_proxies), receive
            )
            scope[BODY] = body
            try:
                await self._serve_with_error_pages(scope, body.receive, send)
            finally:
                body.close()

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as error:
                    log.exception("the application could not start")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                # exclude the start-up objects from garbage collection: a full collection over them would stop
                # every thread for a third of a second
                gc.collect()
                gc.freeze()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve_with_error_pages(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve a request; answer exceptions that no application handled with an error page."""
        watched = TrackedSend(send)
        try:
            await self._serve(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - respond_to_failure logs errors that are no database failure with their traceback
            if CONTEXT_KEY not in scope:
                ctx = scope[CONTEXT_KEY] = RequestContext(self.database, "apex", PLATFORM_BRAND)
                cookies = parse_cookies(scope)
                build_context(ctx, scope, cookies, self.settings)
            await respond_to_failure(self._apps["failed"], scope, receive, watched, error)

    async def _serve(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        path: str = scope["path"]
        if path.startswith("/aset/"):
            await serve_asset(path, headers, send)
            return
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host.partition(":")[0].rstrip(".")
        own_host = name in (self._base_domain, self._operator_host)
        label = None if own_host else parse_label(name, self._base_domain)
        tenant = self.hosts.get_cached(label) if label else None
        if label and tenant is None:
            known, tenant = await self.rate_limiter.resolve_host(
                self.hosts, label, find_client_ip(scope, self.settings.trusted_proxies)
            )
            if not known:
                await self._reject_too_many(
                    RequestContext(self.database, "apex", PLATFORM_BRAND), scope, receive, send
                )
                return
        if tenant is not None and path.startswith(webhooks.PREFIXES):
            if tenant.revision >= MIN_SUPPORTED_REVISION:
                # webhooks need no viewer, brand or language
                await webhooks.receive_webhook(self.inbox, tenant, scope, receive, send)
            else:
                await send_status(
                    503, send, retry_after=webhooks.RETRY_AFTER
                )  # its schema must be migrated first
            return
        cookies = parse_cookies(scope)
        try:
            if tenant is not None:
                await self._serve_cooperative(tenant, scope, receive, send, headers, cookies)
            else:
                await self._serve_platform(name, scope, receive, send, headers, cookies)
        finally:
            clear_cookie_parser_cache(scope)

    async def _serve_platform(
        self,
        name: str,
        scope: Any,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        cookies: dict[str, str],
    ) -> None:
        host_kind = {self._base_domain: "apex", self._operator_host: "operator"}.get(name, "nobody")
        ctx = RequestContext(self.database, "operator" if host_kind == "operator" else "apex", PLATFORM_BRAND)
        build_context(ctx, scope, cookies, self.settings)
        if host_kind == "operator" and (token := cookies.get(session_cookie_name(secure=self._is_secure))):
            async with shared_reader(self.database) as ro:
                ctx.operator = await find_session_operator(ro, hash_token(token), clock.now())
        scope[CONTEXT_KEY] = ctx
        if ctx.operator is None and not self.rate_limiter.allow_page(
            None, None, scope["path"], ctx.client_ip
        ):
            await self._reject_too_many(ctx, scope, receive, send)
            return
        await self._apps[host_kind](scope, receive, send)

    async def _reject_too_many(self, ctx: RequestContext, scope: Any, receive: Receive, send: Send) -> None:
        if CONTEXT_KEY not in scope:
            build_context(ctx, scope, {}, self.settings)
            scope[CONTEXT_KEY] = ctx
        await self._apps["busy"](scope, receive, add_retry_after(send, self.rate_limiter.seconds_left()))

    async def _serve_cooperative(
        self,
        tenant: TenantRef,
        scope: Any,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        cookies: dict[str, str],
    ) -> None:
        token = cookies.get(session_cookie_name(secure=self._is_secure))
        lang = choose_language(cookies.get(LANGUAGE_COOKIE))
        key: tuple[object, ...] | None = None
        plain = b"hx-request" not in headers and FLASH_COOKIE not in cookies
        if (
            scope["method"] == "GET"
            and token is None
            and plain
            and CART_COOKIE not in cookies
            and not tenant.suspended
        ):
            key = ("page", lang, scope["path"], scope["query_string"])
            cached = self.page_cache.get(tenant.schema_name, key)
            if cached is not None:
                await send_cached(cached, headers, send)
                return
        generation = self.page_cache.generation(tenant.schema_name)
        ctx = RequestContext(self.database, "cooperative", Brand(tenant.name))
        ctx.tenant = tenant
        ctx.page_cache = self.page_cache
        build_context(ctx, scope, cookies, self.settings)
        scope[CONTEXT_KEY] = ctx
        if closed := find_closed_app(tenant):
            await self._apps[closed](scope, receive, send)
            return
        await load_viewer(ctx, self.page_cache, tenant, token)
        method, path, known = (
            scope["method"],
            scope["path"],
            device_cookie_name(secure=self._is_secure) in cookies,
        )
        if not self.rate_limiter.allow_page(
            tenant, ctx.viewer, path, ctx.client_ip
        ) or not self.rate_limiter.allow_guessable_page(
            ctx.viewer, method, path, ctx.client_ip, is_known_device=known
        ):
            await self._reject_too_many(ctx, scope, receive, send)
            return
        app, send = self._apps["cooperative"], self.rate_limiter.wrap_send(send, ctx, path)
        if key is None:
            await app(scope, receive, send)
        else:
            await serve_and_cache(
                self.page_cache, app, scope, receive, send, tenant.schema_name, key, generation
            )
