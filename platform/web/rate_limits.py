"""Rate limits for pages by network, session and plan (docs/adr/0024-limits-on-requests-and-foundings.md).

Only rendered pages count; cached ones do not. A visitor's request counts for the network over all of the
platform's hosts, then for the network's share of the cooperative's plan (half of it), then for the plan. So
one network cannot use up a plan. A member's request counts for the session alone. Officers, payment pages,
webhooks and signing in are never limited here by a plan or by other people's requests; signing in has its own
throttles. Wrong guesses at payment pages and sign-in hand-overs have a counter per network; when it is full,
visitors of that network get neither these pages nor the sign-in form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from billing.plans import get_plan_limit
from kernel import clock
from tenants.throttles import IPV6_LIMIT_FACTORS, list_networks
from web.minute_counts import MinuteCounts

if TYPE_CHECKING:
    from litestar.types import Send

    from tenants.registry import HostCache, TenantRef
    from ui.context import RequestContext, Viewer

MINUTE_SECONDS: Final = 60
# A village shares one address; wider IPv6 networks have this limit times
# tenants.throttles.IPV6_LIMIT_FACTORS.
NETWORK_PAGES_PER_MINUTE: Final = 600
# Ten pages a second for half a minute: no person reads so fast, and pages that reload themselves are slower.
SESSION_PAGES_PER_MINUTE: Final = 300
EXEMPT_PATHS: Final = frozenset({"/masuk", "/masuk/serah", "/keluar", "/aktivasi"})
EXEMPT_PREFIXES: Final = ("/bayar/", "/webhooks/", "/kait/")
# Parts of a page, which browsers keep for a year: they count for the network and use up no plan.
ASSET_PREFIXES: Final = ("/gambar/", "/merek/")
# Statuses that mean that there is no page.
NO_PAGE_STATUSES: Final = frozenset({404, 405})
# Paths that can be guessed, and the statuses of a wrong guess.
GUESSABLE_PREFIXES: Final = ("/bayar/", "/masuk/serah")
WRONG_GUESS_STATUSES: Final = frozenset({403, 404})
# Unknown hosts that a network may request in a minute; each is looked up in the database.
NETWORK_UNKNOWN_HOSTS_PER_MINUTE: Final = 60


class RateLimiter:
    """Rate limits by network, session and plan, for one process or all that share ``counts``.

    ``instances`` is the number of such groups among which a load balancer spreads requests; each applies its
    share of the limits.
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
        """Count a request for a page; return whether it is within the limits.

        ``tenant`` is None for the platform's own pages and for unknown hosts.
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
        """Return whether a visitor may open a page whose URL can be guessed, or the sign-in form.

        ``is_known_device``: the browser has signed in before, so the sign-in form stays available. Submitted
        sign-in forms are counted by the login throttle (ADR 17).
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
        """Find a host's cooperative; the first value is False when its network named too many unknown hosts.

        A host that is cached, or belongs to a cooperative, does not count.
        """
        counted = (
            []
            if hosts.is_cached_or_pending(label)
            else list(zip(list_networks(client_ip), IPV6_LIMIT_FACTORS, strict=False))
        )
        if any(
            self._add("unknown_host", network) > self._limit_per_instance(self._unknown_hosts_limit * times)
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
            self._add("unknown_host", network, by=-1)

    def wrap_send(self, send: Send, ctx: RequestContext, path: str) -> Send:
        """Wrap ``send`` to correct the counts by the status of the response.

        A visitor's 404 or 405 is refunded to the plan, so it counts for the network alone. A wrong guess at
        a guessable page is added to the network's guesses.
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
        """Return the whole seconds until the counts reset, at least one."""
        return MINUTE_SECONDS - int(clock.now().timestamp()) % MINUTE_SECONDS

    def _add(self, *key: str, by: int = 1) -> int:
        return self._counts.add(int(clock.now().timestamp()) // MINUTE_SECONDS, *key, by=by)

    def _limit_per_instance(self, limit: int) -> int:
        return max(1, limit // self._instances)


def _is_exempt(path: str) -> bool:
    return path.rstrip("/") in EXEMPT_PATHS or path.startswith(EXEMPT_PREFIXES)


def plan_requests_per_minute(tenant: TenantRef) -> int | None:
    """Return the requests a minute that the cooperative's plan includes, or None for no limit."""
    return get_plan_limit(tenant, "requests_per_minute")
