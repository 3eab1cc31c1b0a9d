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

from tenants.entitlements import entitled

if TYPE_CHECKING:
    from kernel.database import Database

# Host names are remembered up to this many, whatever the number of cooperatives: the least recently used go
# first.
REMEMBERED_HOSTS = 2_000
# Hosts of nobody are kept apart, so that whoever makes them up pushes no cooperative's out.
REMEMBERED_STRAYS = 500
CHANNEL = "lumbung_changed"

_COLUMNS = (
    "c.id, c.slug, c.name, c.schema_name, c.status, c.suspended_reason, c.revision,"
    " c.plan, c.entitlements, c.read_only, c.billing_notice, c.signed_in_at IS NOT NULL AS signed_in"
)


class TenantRef(msgspec.Struct, frozen=True):
    """Which cooperative a request or a job is for, and what its plan allows.

    Everything else about it is read inside its own schema.

    ``read_only``: an invoice of the platform is long overdue (web/suspension.py). ``billing_notice`` is the
    code of what officers should know of their plan (billing/notices.py), or None. ``signed_in``: somebody
    once came in by a password or a code. Ask ``entitlements`` through ``tenants.entitlements.entitled``.
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

    @property
    def suspended(self) -> bool:
        """Whether an operator has closed its doors."""
        return self.status == "suspended"

    @property
    def unreleased(self) -> bool:
        """Whether its name waits for an operator's release, or was refused it."""
        return self.status in ("waiting", "refused")


class HostCache:
    """Remembers hosts, also those that belong to nobody, and forgets all of it when the registry changes."""

    def __init__(
        self, database: Database, limit: int = REMEMBERED_HOSTS, strays_limit: int = REMEMBERED_STRAYS
    ) -> None:
        self._database = database
        self._limit, self._strays_limit = limit, strays_limit
        self._hosts: OrderedDict[str, TenantRef] = OrderedDict()
        self._strays: OrderedDict[str, None] = OrderedDict()
        self._looking: dict[str, asyncio.Task[TenantRef | None]] = {}
        self._generation = 0
        self.listening = True  # off: changes are not heard of, so nothing new is remembered

    def forget(self) -> None:
        """Drop everything: a registry row changed, or changes may have been missed."""
        self._generation += 1
        self._hosts.clear()
        self._strays.clear()
        self._looking.clear()  # their answers may be old

    def knows(self, host: str) -> bool:
        """Whether ``find`` asks the database nothing new: it remembers the host, or is asking already."""
        return host in self._hosts or host in self._strays or host in self._looking

    def recall(self, host: str) -> TenantRef | None:
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
        if host in self._strays:
            self._strays.move_to_end(host)
            return None
        looking = self._looking.get(host)
        if looking is None:  # many ask at once where a process begins: the database is asked once
            looking = self._looking[host] = asyncio.create_task(self._look_up(host))
            looking.add_done_callback(functools.partial(self._looked, host))
        return await asyncio.shield(looking)

    def _looked(self, host: str, looking: asyncio.Task[TenantRef | None]) -> None:
        if self._looking.get(host) is looking:
            del self._looking[host]
        if not looking.cancelled():
            looking.exception()  # whoever asked has it, or is gone

    async def _look_up(self, host: str) -> TenantRef | None:
        generation = self._generation
        tenant = await tenant_by_host(self._database, host)
        if self.listening and generation == self._generation:  # else the answer may already be old
            if tenant is None:
                self._strays[host] = None
            else:
                self._hosts[host] = tenant
            for kept, limit in ((self._hosts, self._limit), (self._strays, self._strays_limit)):
                if len(kept) > limit:
                    kept.popitem(last=False)
        return tenant


async def _first(database: Database, condition: str, value: object) -> TenantRef | None:
    async with database.autocommit_connection("shared") as connection:
        record = await connection.fetchrow(
            f"SELECT {_COLUMNS} FROM shared.cooperatives c {condition}",
            value,
        )
    if record is None:
        return None
    return msgspec.structs.replace(TenantRef(*record), entitlements=frozenset(record["entitlements"]))


# one that is being removed is nobody's any more
_OF_HOST = "JOIN shared.hostnames h ON h.cooperative_id = c.id WHERE h.host = $1 AND c.status <> 'removing'"


async def tenant_by_host(database: Database, host: str) -> TenantRef | None:
    """Read the cooperative of a host from the registry: of a subdomain's label, or of a domain of its own
    while its plan includes one.
    """
    found = await _first(database, _OF_HOST, host)
    if found is not None and "." in host and not entitled(found, "custom_domain"):
        return None
    return found


async def tenant_by_slug(database: Database, slug: str) -> TenantRef | None:
    """Read the cooperative that was founded under ``slug``."""
    return await _first(database, "WHERE c.slug = $1", slug)


async def tenant_by_schema(database: Database, schema_name: str) -> TenantRef | None:
    """Read the cooperative whose schema (and role) is ``schema_name``."""
    return await _first(database, "WHERE c.schema_name = $1", schema_name)
