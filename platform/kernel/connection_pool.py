"""The connections of one process to one database, for one way of speaking to it: lent by shares, closed when
they are idle.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

from kernel.database_errors import is_too_many_connections
from kernel.fair_semaphore import FairSemaphore, PoolExhausted

C = TypeVar("C")

# A backend keeps about 20 kB for every table it has touched, for ever: after this many cooperatives a
# connection is replaced.
COOPERATIVES_PER_CONNECTION = 200
IDLE_SECONDS: Final = 20.0
# While the server has no connection to give: how soon it is asked again, and how long those that stand are
# made to do.
RETRY_SECONDS: Final = 0.2
REDUCED_LIMIT_SECONDS: Final = 2.0


class PooledConnection(Generic[C]):
    """A connection while somebody has it; ``served`` are the cooperatives it has touched."""

    __slots__ = ("connection", "idle_since", "served_tenants")

    def __init__(self, connection: C) -> None:
        self.connection = connection
        self.served_tenants: set[str] = set()
        self.idle_since = 0.0


class ConnectionPool(Generic[C]):
    """At most ``size`` connections, of which a cooperative has half; ``keep`` of them stay open when nobody
    needs any.

    ``open_connection`` makes one, ``is_open`` tells without asking the server whether one still stands,
    ``close_connection`` ends one: gently, or at once when it is not known to be healthy. Belongs to one event
    loop.
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
        self._idle: list[PooledConnection[C]] = []  # the one used last is the last
        self._in_use: set[PooledConnection[C]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._expiry: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def in_use(self) -> int:
        """How many connections somebody has now."""
        return len(self._in_use)

    @property
    def open_count(self) -> int:
        """How many connections stand."""
        return len(self._in_use) + len(self._idle)

    async def acquire(self, holder: str) -> PooledConnection[C]:
        """Lend a connection for the work of ``holder``.

        Raises PoolExhausted, and whatever opening one raises.

        While the server has none to give (``max_connections``), those that stand are waited for.
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
        """Take a connection back; one that is not healthy, or worn, is never lent again."""
        self._in_use.discard(pooled)
        worn = len(pooled.served_tenants) >= COOPERATIVES_PER_CONNECTION
        if healthy and not worn and not self._closed and self._is_open(pooled.connection):
            loop = asyncio.get_running_loop()
            pooled.idle_since = loop.time()
            self._idle.append(pooled)
            if self._expiry is None:
                self._expiry = loop.call_later(IDLE_SECONDS, self._close_expired)
        else:
            self._close(pooled, graceful=healthy)
        self._semaphore.release(holder)

    def close_idle(self) -> None:
        """Close what nobody has: it may lead to a server that is gone."""
        while self._idle:
            self._close(self._idle.pop(), graceful=False)

    async def close(self) -> None:
        """Close everything; what is lent is closed when it comes back."""
        self._closed = True
        self._semaphore.close()
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        while self._idle:
            self._close(self._idle.pop(), graceful=True)
        while self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    def _pop_idle(self) -> PooledConnection[C] | None:
        while self._idle:
            pooled = self._idle.pop()
            if self._is_open(pooled.connection):
                return pooled
            self._close(pooled, graceful=False)
        return None

    def _close_expired(self) -> None:
        """Close what has been idle for long, the oldest first, and look again while there is more than what
        is kept.
        """
        loop = asyncio.get_running_loop()
        self._expiry = None
        while len(self._idle) > self._min_idle and loop.time() - self._idle[0].idle_since >= IDLE_SECONDS:
            self._close(self._idle.pop(0), graceful=True)
        if len(self._idle) > self._min_idle:
            self._expiry = loop.call_at(self._idle[0].idle_since + IDLE_SECONDS, self._close_expired)

    def _close(self, pooled: PooledConnection[C], *, graceful: bool) -> None:
        task = asyncio.get_running_loop().create_task(
            _suppress_errors(self._close_connection(pooled.connection, graceful))
        )
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _suppress_errors(closing: Awaitable[Any]) -> None:
    """Wait for the end of a connection; one that cannot be ended properly is gone all the same."""
    with contextlib.suppress(Exception):  # a dead connection says so once more when it is closed
        await closing
