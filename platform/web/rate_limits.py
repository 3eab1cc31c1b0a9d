"""Who is turned away because too much is asked, and by what count (docs/adr/0024-who-is-turned-away.md).

Counted are pages that are made; kept ones cost nothing. A visitor counts for their network first, over all of
the platform's hosts; then for their network's share of the cooperative's plan, which is half of it; then for
the plan. So whoever asks without end uses up what is theirs and leaves the rest to the others. A member
counts for their own session alone. Officers, payment pages, messages of payment providers and signing in are
never turned away here by a plan or by what others ask: the till goes on, and signing in has throttles of its
own. A network that guesses at payment pages and hand-overs has a count of its own for what was not there;
when that is full, its strangers get neither these pages nor the form to sign in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from billing.plans import get_limit
from kernel import clock
from tenants.throttles import IPV6_LIMIT_FACTORS, list_networks
from web.minute_counts import MinuteCounts

if TYPE_CHECKING:
    from litestar.types import Send

    from tenants.registry import HostCache, TenantRef
    from ui.context import RequestContext, Viewer

MINUTE_SECONDS: Final = 60
# A village shares one address; wider networks of IPv6 may ask for as many times more as
# tenants.throttles.WIDER says.
NETWORK_PAGES_PER_MINUTE: Final = 600
# Ten pages a second, for half a minute of every minute: no person reads so fast, a page that asks again by
# itself does not either.
SESSION_PAGES_PER_MINUTE: Final = 300
EXEMPT_PATHS: Final = frozenset({"/masuk", "/masuk/serah", "/keluar", "/aktivasi"})
EXEMPT_PREFIXES: Final = ("/bayar/", "/webhooks/", "/kait/")
# Parts of a page, which browsers keep for a year: they count for the network and use up no plan.
ASSET_PREFIXES: Final = ("/gambar/", "/merek/")
# What turned out to be no page at all.
NO_PAGE_STATUSES: Final = frozenset({404, 405})
# Addresses that can be guessed at, and what a wrong guess is answered.
GUESSABLE_PREFIXES: Final = ("/bayar/", "/masuk/serah")
WRONG_GUESS_STATUSES: Final = frozenset({403, 404})
# Hosts of nobody that a network may make up in a minute; each is looked up in the database.
NETWORK_UNKNOWN_HOSTS_PER_MINUTE: Final = 60


class RateLimiter:
    """The counts of one process, or of all that share ``counts``.

    ``divided_by``: how many such groups the visitors are spread over.
    """

    def __init__(
        self,
        plan_limit: Callable[[TenantRef], int | None] | None = None,
        *,
        network_limit: int | None = NETWORK_PAGES_PER_MINUTE,
        session_limit: int = SESSION_PAGES_PER_MINUTE,
        unknown_hosts_limit: int = NETWORK_UNKNOWN_HOSTS_PER_MINUTE,
        instances: int = 1,
        counts: MinuteCounts | None = None,
    ) -> None:
        self._plan_limit = plan_limit or plan_requests_per_minute
        self._network_limit = network_limit
        self._session_limit = session_limit
        self._unknown_hosts_limit = unknown_hosts_limit
        self._instances = instances
        self._counts = counts if counts is not None else MinuteCounts()

    def allow_page(self, tenant: TenantRef | None, viewer: Viewer | None, path: str, client_ip: str) -> bool:
        """Count a page, and say whether it may be made.

        ``tenant`` is None for the platform's own pages and for hosts of nobody.
        """
        if _is_exempt(path) or (viewer is not None and viewer.is_officer):
            return True
        if viewer is not None:
            return self._add("session", viewer.session.hex()) <= self._limit_per_instance(self._session_limit)
        networks = list_networks(client_ip)
        if self._network_limit is not None:
            for network, times in zip(networks, IPV6_LIMIT_FACTORS, strict=False):
                if self._add("network", network) > self._limit_per_instance(self._network_limit * times):
                    return False
        limit = None if tenant is None or path.startswith(ASSET_PREFIXES) else self._plan_limit(tenant)
        if tenant is None or limit is None:
            return True
        for network in networks:
            if self._add("part", tenant.schema_name, network) > self._limit_per_instance(limit // 2):
                return False
        return self._add("plan", tenant.schema_name) <= self._limit_per_instance(limit)

    def allow_guessable_page(
        self, viewer: Viewer | None, method: str, path: str, client_ip: str, *, is_known_device: bool
    ) -> bool:
        """Say whether a stranger may have a page that their network guesses at, or the form to sign in;
        ``known``: the browser was here before.

        Forms that are sent to sign in are counted where they are weighed (ADR 17).
        """
        if viewer is not None or self._network_limit is None:
            return True
        if not path.startswith(GUESSABLE_PREFIXES) and (
            is_known_device or method != "GET" or path.rstrip("/") != "/masuk"
        ):
            return True
        return all(
            self._add("guessed", network, by=0) < self._limit_per_instance(self._network_limit * times)
            for network, times in zip(list_networks(client_ip), IPV6_LIMIT_FACTORS, strict=False)
        )

    async def resolve_host(
        self, hosts: HostCache, label: str, client_ip: str
    ) -> tuple[bool, TenantRef | None]:
        """Find a host's cooperative; False when its network has made up too many hosts.

        What is in memory, or is somebody's, does not count.
        """
        counted = (
            []
            if hosts.is_cached_or_pending(label)
            else list(zip(list_networks(client_ip), IPV6_LIMIT_FACTORS, strict=False))
        )
        if any(
            self._add("stray", network) > self._limit_per_instance(self._unknown_hosts_limit * times)
            for network, times in counted
        ):
            return False, None
        try:
            tenant = await hosts.find(label)
        except BaseException:
            self._refund_lookup(counted)
            raise
        if tenant is not None:
            self._refund_lookup(counted)
        return True, tenant

    def _refund_lookup(self, counted: list[tuple[str, int]]) -> None:
        for network, _ in counted:
            self._add("stray", network, by=-1)

    def wrap_send(self, send: Send, ctx: RequestContext, path: str) -> Send:
        """Pass on the answer to a page that was let through; if there is none at its address, it counts for
        the network alone.
        """
        tenant = ctx.tenant
        if ctx.viewer is None and path.startswith(GUESSABLE_PREFIXES):
            return self._wrap_send_for_guesses(send, ctx.client_ip)
        if tenant is None or ctx.viewer is not None or _is_exempt(path) or path.startswith(ASSET_PREFIXES):
            return send

        async def send_and_watch(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] in NO_PAGE_STATUSES:
                self._refund_plan(tenant, ctx.client_ip)
            await send(message)

        return send_and_watch

    def _wrap_send_for_guesses(self, send: Send, client_ip: str) -> Send:
        async def send_and_count(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] in WRONG_GUESS_STATUSES:
                for network in list_networks(client_ip):
                    self._add("guessed", network)
            await send(message)

        return send_and_count

    def _refund_plan(self, tenant: TenantRef, client_ip: str) -> None:
        if self._plan_limit(tenant) is not None:
            for network in list_networks(client_ip):
                self._add("part", tenant.schema_name, network, by=-1)
            self._add("plan", tenant.schema_name, by=-1)

    @staticmethod
    def seconds_left() -> int:
        """Whole seconds until the counts begin anew, at least one."""
        return MINUTE_SECONDS - int(clock.now().timestamp()) % MINUTE_SECONDS

    def _add(self, *key: str, by: int = 1) -> int:
        return self._counts.add(int(clock.now().timestamp()) // MINUTE_SECONDS, *key, by=by)

    def _limit_per_instance(self, limit: int) -> int:
        return max(1, limit // self._instances)


def _is_exempt(path: str) -> bool:
    return path.rstrip("/") in EXEMPT_PATHS or path.startswith(EXEMPT_PREFIXES)


def plan_requests_per_minute(tenant: TenantRef) -> int | None:
    """Return the requests a minute that the cooperative's plan includes, or None for no limit."""
    return get_limit(tenant, "requests_per_minute")
