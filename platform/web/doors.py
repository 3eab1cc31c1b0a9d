"""From a host name to the application behind it.

The host decides, never a cookie or a header of the visitor's choosing.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from cooperative.brand import read_brand
from kernel import clock
from kernel.database import Database
from kernel.settings import Settings, check_startable, load
from members.devices import device_cookie
from members.queries import viewer_of_session
from operators.queries import operator_of_session
from payments.inbox import inbox_of
from tenants.changes import REGISTRY, listen
from tenants.logins import refuse_powers
from tenants.registry import HostCache, TenantRef
from tenants.revisions import OLDEST_SERVED
from tenants.session import coop_reader, shared_reader
from ui.bodies import KEY as BODY
from ui.bodies import Body, BodyCounts
from ui.cookies import LANGUAGE_COOKIE, session_cookie, token_hash
from ui.guards import SAFE_METHODS
from ui.rendering import CART_COOKIE, FLASH_COOKIE, read_flash
from ui.themes import assets, keep_compiled_in
from ui.viewer import KEY, Brand, Visit
from web import hook
from web.answers import (
    answer_nothing,
    send_kept,
    serve_asset,
    status_of_head,
    with_wait,
    without_body,
)
from web.apps import applications
from web.away import Away
from web.kept_pages import serve_and_keep
from web.minute_counts import shared_counts
from web.page_cache import PageCache
from web.rates import RateGuard
from web.sent import cookies_of, forget_what_was_sent
from web.suspension import shut
from web.unavailable import Watched, answer_failure

if TYPE_CHECKING:
    from litestar.types import Receive, Send

log = structlog.get_logger()

LUMBUNG = Brand(name="Lumbung", tagline="Lumbung")
# The database says at once when a session ends; this bounds what a lost notice could cost.
VIEWER_KEPT = timedelta(seconds=60)


class Doors:
    """The one ASGI application of a process: it owns the pools, the caches and the three applications behind
    the doors.
    """

    def __init__(self, settings: Settings | None = None, database: Database | None = None) -> None:
        self.settings = settings or load()
        self._database = database
        self.pages = PageCache()
        self.rates = RateGuard(divided_by=self.settings.web_instances, counts=shared_counts(self.settings))
        self.bodies = BodyCounts()
        self._listener: asyncio.Task[None] | None = None
        self._apps = applications(self.settings)
        self._base, _, self._base_port = self.settings.base_domain.partition(":")
        self._base = self._base.lower()
        self._operators = f"operator.{self._base}"
        self._secure = self.settings.scheme == "https"

    @property
    def database(self) -> Database:
        """The pools. Raises RuntimeError before start-up."""
        if self._database is None:
            msg = "the application has not been started"
            raise RuntimeError(msg)
        return self._database

    async def start(self) -> None:
        """Open what the process needs; refuse to start unsafely."""
        check_startable(self.settings)
        if self._database is None:
            if self.settings.app_database_url is None:
                msg = (
                    "set LUMBUNG_APP_DATABASE_URL, or start with `lumbung up`, which brings its own "
                    "PostgreSQL"
                )
                raise RuntimeError(msg)
            self._database = Database(None, self.settings)  # pages never make or change what the owner owns
        await refuse_powers(self._database)
        self.hosts = HostCache(self._database)
        self._database.process_state["changed"] = self.changed
        self.away = Away(self._database, self.pages, self.hosts, self.forget_all)
        self._listener = asyncio.create_task(
            listen(self._database, self.changed, self.away.found, self.away.lost)
        )
        keep_compiled_in(self.settings.data_dir / "templates")
        assets()

    async def stop(self) -> None:
        """Close everything."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
            self.away.stop()
        if self._database is not None:
            await self._database.close()

    def changed(self, what: str) -> None:
        """Forget what was kept of a cooperative (its schema name), or of all hosts (``registry``)."""
        if what == REGISTRY:
            self.hosts.forget()
        else:
            self.pages.drop(what)
            inbox_of(self.database).forget(what)

    def forget_all(self) -> None:
        """Forget everything: announcements may have been missed."""
        self.hosts.forget()
        self.pages.drop_all()
        inbox_of(self.database).forget_all()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        declined = status_of_head(scope)
        if declined is not None:
            await answer_nothing(declined, send)
        else:
            if scope["method"] == "HEAD":
                scope, send = scope | {"method": "GET"}, without_body(send)
            if scope["method"] in SAFE_METHODS:
                await self._serve_or_say_why(scope, receive, send)
                return
            body = Body(self.bodies, self._client_of(scope), receive)
            scope[BODY] = body
            try:
                await self._serve_or_say_why(scope, body.receive, send)
            finally:
                body.close()

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as error:
                    log.exception("start refused")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                # what is there by now stays: a search for garbage that holds all of it would keep every
                # thread waiting for a third of a second
                gc.collect()
                gc.freeze()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve_or_say_why(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve; whatever the applications do not answer themselves is answered here, by a page of ours."""
        watched = Watched(send)
        try:
            await self._serve(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - what is no failure of the database is logged with its traceback, as everywhere
            if KEY not in scope:
                visit = scope[KEY] = Visit(self.database, "apex", LUMBUNG)
                cookies = cookies_of(
                    b"; ".join([value for name, value in scope["headers"] if name == b"cookie"])
                )
                self._greet(visit, scope, cookies)
            await answer_failure(self._apps["failed"], scope, receive, watched, error)

    async def _serve(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        path: str = scope["path"]
        if path.startswith("/aset/"):
            await serve_asset(path, headers, send)
            return
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host.partition(":")[0].rstrip(".")
        ours = name in (self._base, self._operators)
        label = None if ours else self._label_of(name)
        tenant = self.hosts.recall(label) if label else None
        if label and tenant is None:
            known, tenant = await self.rates.look_up(self.hosts, label, self._client_of(scope))
            if not known:
                await self._turn_away(Visit(self.database, "apex", LUMBUNG), scope, receive, send)
                return
        if tenant is not None and path.startswith(hook.PREFIX):
            if tenant.revision >= OLDEST_SERVED:
                # needs nothing of what pages need
                await hook.receive(self.database, tenant, scope, receive, send)
            else:
                await answer_nothing(503, send, retry_after=hook.RETRY_AFTER)  # it waits for its migration
            return
        cookies = cookies_of(b"; ".join([value for header, value in scope["headers"] if header == b"cookie"]))
        try:
            if tenant is not None:
                await self._serve_cooperative(tenant, scope, receive, send, headers, cookies)
            else:
                await self._serve_platform(name, scope, receive, send, headers, cookies)
        finally:
            forget_what_was_sent(scope)

    async def _serve_platform(
        self,
        name: str,
        scope: Any,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        cookies: dict[str, str],
    ) -> None:
        door = {self._base: "apex", self._operators: "operator"}.get(name, "nobody")
        visit = Visit(self.database, "operator" if door == "operator" else "apex", LUMBUNG)
        self._greet(visit, scope, cookies)
        if door == "operator" and (token := cookies.get(session_cookie(secure=self._secure))):
            async with shared_reader(self.database) as ro:
                visit.operator = await operator_of_session(ro, token_hash(token), clock.now())
        scope[KEY] = visit
        if visit.operator is None and not self.rates.lets_pass(None, None, scope["path"], visit.client_ip):
            await self._turn_away(visit, scope, receive, send)
            return
        await self._apps[door](scope, receive, send)

    def _label_of(self, name: str) -> str | None:
        """Return what a host is known by, or None: a subdomain by its label, a domain of one's own by the
        whole name.
        """
        label = name.removesuffix(f".{self._base}")
        possible = "." not in label if label != name else "." in name
        return label if label and possible and len(label) <= 253 else None

    async def _turn_away(self, visit: Visit, scope: Any, receive: Receive, send: Send) -> None:
        if KEY not in scope:
            self._greet(visit, scope, {})
            scope[KEY] = visit
        await self._apps["busy"](scope, receive, with_wait(send, self.rates.seconds_left()))

    async def _serve_cooperative(
        self,
        tenant: TenantRef,
        scope: Any,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        cookies: dict[str, str],
    ) -> None:
        token = cookies.get(session_cookie(secure=self._secure))
        lang = "en" if cookies.get(LANGUAGE_COOKIE) == "en" else "id"
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
            kept = self.pages.get(tenant.schema_name, key)
            if kept is not None:
                await send_kept(kept, headers, send)
                return
        generation = self.pages.generation(tenant.schema_name)
        visit = Visit(self.database, "cooperative", Brand(tenant.name))
        visit.tenant = tenant
        visit.pages = self.pages
        self._greet(visit, scope, cookies)
        scope[KEY] = visit
        if closed := shut(tenant):
            await self._apps[closed](scope, receive, send)
            return
        await self._look_inside(visit, tenant, token)
        method, path, known = scope["method"], scope["path"], device_cookie(secure=self._secure) in cookies
        if not self.rates.lets_pass(tenant, visit.viewer, path, visit.client_ip) or not self.rates.lets_guess(
            visit.viewer, method, path, visit.client_ip, known=known
        ):
            await self._turn_away(visit, scope, receive, send)
            return
        app, send = self._apps["cooperative"], self.rates.watching(send, visit, path)
        if key is None:
            await app(scope, receive, send)
        else:
            await serve_and_keep(self.pages, app, scope, receive, send, tenant.schema_name, key, generation)

    async def _look_inside(self, visit: Visit, tenant: TenantRef, token: str | None) -> None:
        """Read the brand and who is signed in; both are kept until the cooperative changes something, a
        session for a minute at most.
        """
        schema, now = tenant.schema_name, clock.now()
        brand: Brand | None = self.pages.get(schema, ("brand",))
        session = token_hash(token) if token else None
        viewer, until = self.pages.get(schema, ("viewer", session)) or (None, now)
        unknown = session is not None and (viewer is None or until <= now)
        if brand is None or unknown:
            generation = self.pages.generation(schema)
            async with coop_reader(self.database, tenant) as ro:
                if brand is None:
                    brand = await read_brand(ro)
                    self.pages.keep(schema, ("brand",), brand, 1_000, generation)
                if unknown and session is not None:
                    viewer = await viewer_of_session(ro, session, now)
                    if viewer is not None:
                        self.pages.keep(
                            schema, ("viewer", session), (viewer, now + VIEWER_KEPT), 500, generation
                        )
        visit.brand, visit.viewer = brand, viewer

    def _greet(self, visit: Visit, scope: Any, cookies: dict[str, str]) -> None:
        visit.lang = "en" if cookies.get(LANGUAGE_COOKIE) == "en" else "id"
        visit.flash = read_flash(cookies.get(FLASH_COOKIE))
        visit.secure = self._secure
        visit.client_ip = self._client_of(scope)

    def _client_of(self, scope: Any) -> str:
        """The address that the request comes from."""
        client = scope.get("client")
        address: str = client[0] if client else ""
        if address in self.settings.trusted_proxies:
            # the proxy we trust appends the address it saw: the last entry is its word, those before it the
            # visitor's
            forwarded = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1")
            address = forwarded.rpartition(",")[2].strip() or address
        return address
