"""A connection pool of one process, for one database and one driver.

A cooperative may use half of the pool. Idle connections are closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

from kernel.database_errors import is_too_many_connections
from kernel.fair_semaphore import FairSemaphore, PoolExhausted

C = TypeVar("C")

# A backend caches about 20 kB for every table it has used and never frees it: a connection is replaced after
# it has served this many cooperatives.
COOPERATIVES_PER_CONNECTION = 200
IDLE_SECONDS: Final = 20.0
# When the server refuses more connections: seconds until the next attempt, and seconds for which the pool
# limits itself to the connections it has open.
RETRY_SECONDS: Final = 0.2
REDUCED_LIMIT_SECONDS: Final = 2.0


class PooledConnection(Generic[C]):
    """A connection of the pool; ``served_tenants`` are the holders that have used it."""

    __slots__ = ("connection", "idle_since", "served_tenants")

    def __init__(self, connection: C) -> None:
        self.connection = connection
        self.served_tenants: set[str] = set()
        self.idle_since = 0.0


class ConnectionPool(Generic[C]):
    """At most ``size`` connections; one cooperative may use half, and ``min_idle`` idle ones stay open.

    ``open_connection`` opens one. ``is_open`` returns whether one is still open, without a query to the
    server. ``close_connection`` closes one; its second argument is False when the connection may be broken
    and must be closed without waiting for the server. A pool belongs to one event loop.
    """

    def __init__(
        self,
        size: int,
        *,
        acquire_timeout: float,
        min_idle: int,
        open_connection: Callable[[], Awaitable[C]],
        is_open: Callable[[C], bool],
        close_connection: Callable[[C, bool], Awaitable[None]],
    ) -> None:
        self._semaphore = FairSemaphore(size)
        self._acquire_timeout = acquire_timeout
        self._min_idle = min_idle
        self._open_connection = open_connection
        self._is_open = is_open
        self._close_connection = close_connection
        self._idle: list[PooledConnection[C]] = []  # the most recently used is the last
        self._in_use: set[PooledConnection[C]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._expiry: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def in_use(self) -> int:
        """The number of connections that are in use now."""
        return len(self._in_use)

    @property
    def open_count(self) -> int:
        """The number of open connections, in use or idle."""
        return len(self._in_use) + len(self._idle)

    async def acquire(self, holder: str) -> PooledConnection[C]:
        """Return a connection for the work of ``holder``; the caller passes it to ``release`` later.

        Waits at most ``acquire_timeout`` seconds. Raises PoolExhausted, and whatever ``open_connection``
        raises.

        While the server refuses more connections (``max_connections``), it waits for an open one.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._acquire_timeout
        while True:
            await self._semaphore.acquire(holder, deadline)
            try:
                pooled = self._pop_idle() or PooledConnection(await self._open_connection())
            except BaseException as error:
                self._semaphore.release(holder)
                if not is_too_many_connections(error):
                    raise
                self._semaphore.reduce_limit(self.open_count, REDUCED_LIMIT_SECONDS)
                if loop.time() + RETRY_SECONDS >= deadline:
                    raise PoolExhausted("the server has no connection left") from error
                await asyncio.sleep(RETRY_SECONDS)
            else:
                pooled.served_tenants.add(holder)
                self._in_use.add(pooled)
                return pooled

    def release(self, pooled: PooledConnection[C], holder: str, *, healthy: bool) -> None:
        """Return a connection to the pool; close it when it is unhealthy or has served too many tenants."""
        self._in_use.discard(pooled)
        must_replace = len(pooled.served_tenants) >= COOPERATIVES_PER_CONNECTION
        if healthy and not must_replace and not self._closed and self._is_open(pooled.connection):
            loop = asyncio.get_running_loop()
            pooled.idle_since = loop.time()
            self._idle.append(pooled)
            if self._expiry is None:
                self._expiry = loop.call_later(IDLE_SECONDS, self._close_expired)
        else:
            self._close_in_background(pooled, graceful=healthy)
        self._semaphore.release(holder)

    def close_idle(self) -> None:
        """Close the idle connections, without waiting for a server that may be gone."""
        while self._idle:
            self._close_in_background(self._idle.pop(), graceful=False)

    async def close(self) -> None:
        """Close the pool and its idle connections; those in use are closed when they are released."""
        self._closed = True
        self._semaphore.close()
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        while self._idle:
            self._close_in_background(self._idle.pop(), graceful=True)
        while self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    def _pop_idle(self) -> PooledConnection[C] | None:
        while self._idle:
            pooled = self._idle.pop()
            if self._is_open(pooled.connection):
                return pooled
            self._close_in_background(pooled, graceful=False)
        return None

    def _close_expired(self) -> None:
        """Close connections that have been idle for ``IDLE_SECONDS``, the oldest first.

        Runs again later while more than ``min_idle`` connections are idle.
        """
        loop = asyncio.get_running_loop()
        self._expiry = None
        while len(self._idle) > self._min_idle and loop.time() - self._idle[0].idle_since >= IDLE_SECONDS:
            self._close_in_background(self._idle.pop(0), graceful=True)
        if len(self._idle) > self._min_idle:
            self._expiry = loop.call_at(self._idle[0].idle_since + IDLE_SECONDS, self._close_expired)

    def _close_in_background(self, pooled: PooledConnection[C], *, graceful: bool) -> None:
        """Close a connection in a task, for which ``close`` waits."""
        task = asyncio.get_running_loop().create_task(
            _suppress_errors(self._close_connection(pooled.connection, graceful))
        )
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _suppress_errors(closing: Awaitable[Any]) -> None:
    """Wait until a connection is closed and ignore errors: a broken connection is discarded anyway."""
    with contextlib.suppress(Exception):  # closing a dead connection raises
        await closing
