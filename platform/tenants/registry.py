"""Find the cooperative of a host name, with a cache that notifications from PostgreSQL invalidate."""

from __future__ import annotations

import asyncio
import functools
from collections import OrderedDict
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel.process_services import MAIN_CELL
from tenants.entitlements import has_entitlement

if TYPE_CHECKING:
    from kernel.database import Database, Reader

# The maximum of cached host names, whatever the number of cooperatives: the least recently used are dropped
# first.
MAX_CACHED_HOSTS = 2_000
# Unknown hosts are cached separately, so that made-up host names evict no cooperative's.
MAX_CACHED_UNKNOWN_HOSTS = 500
CHANGE_CHANNEL = "lumbung_changed"
# Topics of the registry: all of it, or one cooperative's entry (the prefix and its schema name).
REGISTRY = "registry"
REGISTRY_PREFIX = f"{REGISTRY}:"

_COLUMNS = (
    "c.id, c.slug, c.name, c.schema_name, c.status, c.suspended_reason, c.revision,"
    " c.plan, c.entitlements, c.read_only, c.billing_notice, c.signed_in_at IS NOT NULL AS signed_in"
)


class TenantRef(msgspec.Struct, frozen=True):
    """The cooperative of a request or a job, and what its plan allows.

    All other data of the cooperative is in its own schema.

    ``read_only``: an invoice of the platform is long overdue (web/suspension.py). ``billing_notice`` is the
    code of a notice about the plan that officers see (billing/notices.py), or None. ``signed_in``: somebody
    has signed in by a password or a code. ``cell`` names the server of its schema (docs/adr/0031-cells.md).
    Check ``entitlements`` by ``tenants.entitlements.has_entitlement``.
    """

    id: UUID
    slug: str
    name: str
    schema_name: str
    status: str
    suspended_reason: str | None
    revision: str
    plan: str = ""
    entitlements: frozenset[str] = frozenset()
    read_only: bool = False
    billing_notice: str | None = None
    signed_in: bool = False
    cell: str = MAIN_CELL

    @property
    def suspended(self) -> bool:
        """Whether an operator has suspended the cooperative."""
        return self.status == "suspended"

    @property
    def unapproved(self) -> bool:
        """Whether an operator has not yet approved the cooperative's name, or has refused it."""
        return self.status in ("waiting", "refused")


class HostCache:
    """Caches the cooperative of each host, and hosts that belong to none.

    A change of one cooperative's registry entry drops the cached hosts of that cooperative and unknown hosts.
    """

    def __init__(
        self, database: Database, limit: int = MAX_CACHED_HOSTS, unknown_limit: int = MAX_CACHED_UNKNOWN_HOSTS
    ) -> None:
        self._database = database
        self._limit, self._unknown_limit = limit, unknown_limit
        self._hosts: OrderedDict[str, TenantRef] = OrderedDict()
        self._unknown_hosts: OrderedDict[str, None] = OrderedDict()
        self._pending_lookups: dict[str, asyncio.Task[TenantRef | None]] = {}
        self._generation = 0
        self.caching_enabled = True  # False while no notifications arrive: nothing new is cached

    def clear(self) -> None:
        """Drop all cached hosts: the registry changed, or notifications may have been missed."""
        self._generation += 1
        self._hosts.clear()
        self._unknown_hosts.clear()
        self._pending_lookups.clear()  # their results may be old

    def invalidate(self, schema_name: str) -> None:
        """Drop the cached hosts of one cooperative.

        Unknown hosts are dropped too: one of them may now belong to this cooperative.
        """
        self._generation += 1  # results of pending lookups may be old
        self._pending_lookups.clear()
        self._unknown_hosts.clear()
        for host in [host for host, tenant in self._hosts.items() if tenant.schema_name == schema_name]:
            del self._hosts[host]

    def is_cached_or_pending(self, host: str) -> bool:
        """Whether ``find`` needs no new query: the host is cached, or a lookup of it is pending."""
        return host in self._hosts or host in self._unknown_hosts or host in self._pending_lookups

    def get_cached(self, host: str) -> TenantRef | None:
        """Return the cached cooperative of ``host`` without a query; None when none is cached."""
        if host not in self._hosts:
            return None
        self._hosts.move_to_end(host)
        return self._hosts[host]

    async def find(self, host: str) -> TenantRef | None:
        """Return the cooperative of ``host``, or None.

        ``host`` is a subdomain's label or a whole host name. Concurrent calls share one query.
        """
        if host in self._hosts:
            self._hosts.move_to_end(host)
            return self._hosts[host]
        if host in self._unknown_hosts:
            self._unknown_hosts.move_to_end(host)
            return None
        lookup = self._pending_lookups.get(host)
        if lookup is None:  # concurrent requests at the start of a process share one query
            lookup = self._pending_lookups[host] = asyncio.create_task(self._lookup(host))
            lookup.add_done_callback(functools.partial(self._lookup_done, host))
        return await asyncio.shield(lookup)

    def _lookup_done(self, host: str, lookup: asyncio.Task[TenantRef | None]) -> None:
        if self._pending_lookups.get(host) is lookup:
            del self._pending_lookups[host]
        if not lookup.cancelled():
            lookup.exception()  # mark the exception as retrieved: the callers have it, or are gone

    async def _lookup(self, host: str) -> TenantRef | None:
        generation = self._generation
        tenant = await find_tenant_by_host(self._database, host)
        if self.caching_enabled and generation == self._generation:  # else the result may be old
            if tenant is None:
                self._unknown_hosts[host] = None
            else:
                self._hosts[host] = tenant
            for cache, limit in ((self._hosts, self._limit), (self._unknown_hosts, self._unknown_limit)):
                if len(cache) > limit:
                    cache.popitem(last=False)
        return tenant


async def _fetch_tenant(database: Database, condition: str, value: object) -> TenantRef | None:
    async with database.autocommit_connection("shared") as connection:
        record = await connection.fetchrow(
            f"SELECT {_COLUMNS} FROM shared.cooperatives c {condition}",
            value,
        )
    if record is None:
        return None
    return msgspec.structs.replace(TenantRef(*record), entitlements=frozenset(record["entitlements"]))


# a cooperative that is being removed has no hosts
_JOIN_HOSTNAME = (
    "JOIN shared.hostnames h ON h.cooperative_id = c.id WHERE h.host = $1 AND c.status <> 'removing'"
)


async def find_tenant_by_host(database: Database, host: str) -> TenantRef | None:
    """Read the cooperative of a host from the registry, or None.

    ``host`` is a subdomain's label, or a custom domain while the cooperative's plan includes one.
    """
    found = await _fetch_tenant(database, _JOIN_HOSTNAME, host)
    if found is not None and "." in host and not has_entitlement(found, "custom_domain"):
        return None
    return found


async def find_tenant_by_slug(database: Database, slug: str) -> TenantRef | None:
    """Read the cooperative that was founded under ``slug``."""
    return await _fetch_tenant(database, "WHERE c.slug = $1", slug)


async def find_tenant_by_schema(database: Database, schema_name: str) -> TenantRef | None:
    """Read the cooperative whose schema (and role) is ``schema_name``."""
    return await _fetch_tenant(database, "WHERE c.schema_name = $1", schema_name)


async def list_schema_names(ro: Reader) -> list[str]:
    """Return the schema names of all cooperatives except those that are being removed."""
    rows = await ro.records("SELECT schema_name FROM shared.cooperatives WHERE status <> 'removing'")
    return [row["schema_name"] for row in rows]


async def list_slugs(ro: Reader) -> list[str]:
    """Return the slugs of all cooperatives, oldest first."""
    rows = await ro.records("SELECT slug FROM shared.cooperatives ORDER BY founded_at, slug")
    return [row["slug"] for row in rows]
