"""The composition root: ``build_services`` builds what the rooms of one process share.

Web (``web.asgi``), worker (``tenants.worker``) and commands (``commands.connect``) start with it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

import httpx

from kernel.connection import libpq_url
from kernel.database import Database
from kernel.file_threads import FileThreadPool
from kernel.timeouts import WEB, Timeouts

if TYPE_CHECKING:
    from kernel.settings import Settings

MAIN_CELL: Final = "main"
HTTP_TIMEOUT: Final = httpx.Timeout(15, connect=5)
MAX_HTTP_CONNECTIONS: Final = 50


class HasCell(Protocol):
    """An object that belongs to one cell, such as a cooperative."""

    @property
    def cell(self) -> str: ...


class Services:
    """The services that rooms share in one process and event loop; ``build_services`` builds them.

    Services that only the web process has (host cache, page cache, webhook inbox) are in ``web.dispatch``.
    """

    def __init__(self) -> None:
        self.databases: dict[str, Database] = {}  # by cell
        self.throttle_cache = ThrottleCache()
        self.on_change: Callable[[str], None] | None = None  # called with topics that this process committed
        self._http_client: httpx.AsyncClient | None = None
        self._file_threads: FileThreadPool | None = None

    @property
    def main_database(self) -> Database:
        """The database of the control plane, which today is also the only cell."""
        return self.databases[MAIN_CELL]

    def database_for(self, tenant: HasCell) -> Database:
        """Return the database of a cooperative's cell.

        Raises LookupError for a cell that this process does not know.
        """
        try:
            return self.databases[tenant.cell]
        except KeyError:
            msg = f"this process has no database of the cell {tenant.cell!r}"
            raise LookupError(msg) from None

    @property
    def http_client(self) -> httpx.AsyncClient:
        """The HTTP client for providers' APIs, created at first use; it follows no redirects."""
        if self._http_client is None:
            limits = httpx.Limits(max_connections=MAX_HTTP_CONNECTIONS)
            self._http_client = httpx.AsyncClient(timeout=HTTP_TIMEOUT, limits=limits)
        return self._http_client

    @property
    def file_threads(self) -> FileThreadPool:
        """The thread pool for files, created at first use."""
        if self._file_threads is None:
            self._file_threads = FileThreadPool()
        return self._file_threads

    def clone_for_event_loop(self) -> Services:
        """Return services for another event loop, with small pools to the database of every cell.

        Change notices go to nobody. The caller closes it.
        """
        clone = Services()
        for cell, database in self.databases.items():
            owner_url = libpq_url(database.owner_url) if database.has_owner else None
            clone.databases[cell] = Database(
                owner_url, database.settings, clone, pool_size=1, timeouts=database.timeouts, min_idle=0
            )
        return clone

    async def close(self) -> None:
        """Close the HTTP client, the file threads and the pools of every database."""
        client, threads = self._http_client, self._file_threads
        self._http_client = self._file_threads = None
        if threads is not None:
            threads.close()
        if client is not None:
            await client.aclose()
        for database in self.databases.values():
            await database.close()


MAX_CACHED_KEYS: Final = 10_000


class ThrottleCache:
    """Caches until when throttle keys are refused; when it is full, it drops the key added first."""

    def __init__(self, limit: int = MAX_CACHED_KEYS) -> None:
        self._limit = limit
        self._until: OrderedDict[str, datetime] = OrderedDict()

    def get(self, key: str, now: datetime) -> datetime | None:
        """Return until when attempts under ``key`` are refused, or None when the key is not cached."""
        found = self._until.get(key)
        if found is not None and found <= now:
            del self._until[key]
            return None
        return found

    def add(self, key: str, until: datetime) -> None:
        """Store that attempts under ``key`` are refused until ``until``."""
        self._until[key] = until
        if len(self._until) > self._limit:
            self._until.popitem(last=False)

    def discard(self, key: str) -> None:
        """Remove ``key``, whose count was lowered or reset."""
        self._until.pop(key, None)


def build_services(
    owner_url: str | None,
    settings: Settings,
    *,
    pool_size: int = 10,
    timeouts: Timeouts = WEB,
    min_idle: int = 1,
) -> Services:
    """Build the services of one process, or of each event loop of a process that has two.

    ``owner_url`` is None in web and worker processes. ``min_idle`` connections of each pool stay open.
    """
    services = Services()
    services.databases[MAIN_CELL] = Database(
        owner_url, settings, services, pool_size=pool_size, timeouts=timeouts, min_idle=min_idle
    )
    return services
