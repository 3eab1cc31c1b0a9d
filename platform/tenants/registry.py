"""From a host name to the cooperative it belongs to, kept in memory until PostgreSQL says that something
changed.
"""

from __future__ import annotations

import asyncio
import functools
from collections import OrderedDict
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import text

from kernel.process_services import MAIN_CELL
from tenants.entitlements import has_entitlement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

# Host names are remembered up to this many, whatever the number of cooperatives: the least recently used go
# first.
MAX_CACHED_HOSTS = 2_000
# Hosts of nobody are kept apart, so that whoever makes them up pushes no cooperative's out.
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
    """Which cooperative a request or a job is for, and what its plan allows.

    Everything else about it is read inside its own schema.

    ``read_only``: an invoice of the platform is long overdue (web/suspension.py). ``billing_notice`` is the
    code of what officers should know of their plan (billing/notices.py), or None. ``signed_in``: somebody
    once came in by a password or a code. ``cell`` names the server that holds its schema
    (docs/adr/0031-cells.md). Ask ``entitlements`` through
    ``tenants.entitlements.has_entitlement``.
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
        """Whether an operator has closed its doors."""
        return self.status == "suspended"

    @property
    def unapproved(self) -> bool:
        """Whether its name waits for an operator's release, or was refused it."""
        return self.status in ("waiting", "refused")


class HostCache:
    """Remembers hosts, also those that belong to nobody.

    A change of one cooperative's registry entry drops its own hosts alone.
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
        self.caching_enabled = True  # off: changes are not heard of, so nothing new is remembered

    def clear(self) -> None:
        """Drop everything: a registry row changed, or changes may have been missed."""
        self._generation += 1
        self._hosts.clear()
        self._unknown_hosts.clear()
        self._pending_lookups.clear()  # their answers may be old

    def invalidate(self, schema_name: str) -> None:
        """Drop the hosts of one cooperative; others' stay.

        Hosts of nobody are dropped too: one of them may have become this cooperative's.
        """
        self._generation += 1  # what is being looked up now may be old
        self._pending_lookups.clear()
        self._unknown_hosts.clear()
        for host in [host for host, tenant in self._hosts.items() if tenant.schema_name == schema_name]:
            del self._hosts[host]

    def is_cached_or_pending(self, host: str) -> bool:
        """Whether ``find`` asks the database nothing new: it remembers the host, or is asking already."""
        return host in self._hosts or host in self._unknown_hosts or host in self._pending_lookups

    def get_cached(self, host: str) -> TenantRef | None:
        """Return the cooperative of ``host`` where it is remembered, without a question;
        None says nothing.
        """
        if host not in self._hosts:
            return None
        self._hosts.move_to_end(host)
        return self._hosts[host]

    async def find(self, host: str) -> TenantRef | None:
        """Return the cooperative that answers to ``host`` (a subdomain's label, or a whole host name), or
        None.
        """
        if host in self._hosts:
            self._hosts.move_to_end(host)
            return self._hosts[host]
        if host in self._unknown_hosts:
            self._unknown_hosts.move_to_end(host)
            return None
        lookup = self._pending_lookups.get(host)
        if lookup is None:  # many ask at once where a process begins: the database is asked once
            lookup = self._pending_lookups[host] = asyncio.create_task(self._lookup(host))
            lookup.add_done_callback(functools.partial(self._lookup_done, host))
        return await asyncio.shield(lookup)

    def _lookup_done(self, host: str, lookup: asyncio.Task[TenantRef | None]) -> None:
        if self._pending_lookups.get(host) is lookup:
            del self._pending_lookups[host]
        if not lookup.cancelled():
            lookup.exception()  # whoever asked has it, or is gone

    async def _lookup(self, host: str) -> TenantRef | None:
        generation = self._generation
        tenant = await find_tenant_by_host(self._database, host)
        if self.caching_enabled and generation == self._generation:  # else the answer may already be old
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


# one that is being removed is nobody's any more
_JOIN_HOSTNAME = (
    "JOIN shared.hostnames h ON h.cooperative_id = c.id WHERE h.host = $1 AND c.status <> 'removing'"
)


async def find_tenant_by_host(database: Database, host: str) -> TenantRef | None:
    """Read the cooperative of a host from the registry: of a subdomain's label, or of a domain of its own
    while its plan includes one.
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


async def list_schema_names(db: AsyncSession) -> list[str]:
    """Return the schemas of all cooperatives but those that are being removed."""
    rows = await db.scalars(text("SELECT schema_name FROM shared.cooperatives WHERE status <> 'removing'"))
    return list(rows)
