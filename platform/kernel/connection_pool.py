"""The connections of one process to one database, for one way of speaking to it: lent by shares, closed when
they are idle.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

from kernel.shares import NoPlaceFree, Shares
from kernel.unavailable import refuses_connections

C = TypeVar("C")

# A backend keeps about 20 kB for every table it has touched, for ever: after this many cooperatives a
# connection is replaced.
COOPERATIVES_PER_CONNECTION = 200
IDLE_SECONDS: Final = 20.0
# While the server has no connection to give: how soon it is asked again, and how long those that stand are
# made to do.
RETRY_SECONDS: Final = 0.2
NARROW_SECONDS: Final = 2.0


class Lent(Generic[C]):
    """A connection while somebody has it; ``served`` are the cooperatives it has touched."""

    __slots__ = ("connection", "idle_since", "served")

    def __init__(self, connection: C) -> None:
        self.connection = connection
        self.served: set[str] = set()
        self.idle_since = 0.0


class ConnectionPool(Generic[C]):
    """At most ``size`` connections, of which a cooperative has half; ``keep`` of them stay open when nobody
    needs any.

    ``opens`` makes one, ``is_open`` tells without asking the server whether one still stands, ``closes`` ends
    one: gently, or at once when it is not known to be healthy. Belongs to one event loop.
    """

    def __init__(
        self,
        size: int,
        *,
        wait: float,
        keep: int,
        opens: Callable[[], Awaitable[C]],
        is_open: Callable[[C], bool],
        closes: Callable[[C, bool], Awaitable[None]],
    ) -> None:
        self._shares = Shares(size)
        self._wait = wait
        self._keep = keep
        self._opens = opens
        self._is_open = is_open
        self._closes = closes
        self._idle: list[Lent[C]] = []  # the one used last is the last
        self._lent: set[Lent[C]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._expiry: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def lent(self) -> int:
        """How many connections somebody has now."""
        return len(self._lent)

    @property
    def opened(self) -> int:
        """How many connections stand."""
        return len(self._lent) + len(self._idle)

    async def acquire(self, whom: str) -> Lent[C]:
        """Lend a connection for the work of ``whom``. Raises NoPlaceFree, and whatever opening one raises.

        While the server has none to give (``max_connections``), those that stand are waited for.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._wait
        while True:
            await self._shares.take(whom, until)
            try:
                lent = self._take_idle() or Lent(await self._opens())
            except BaseException as error:
                self._shares.give_back(whom)
                if not refuses_connections(error):
                    raise
                self._shares.narrow(self.opened, NARROW_SECONDS)
                if loop.time() + RETRY_SECONDS >= until:
                    raise NoPlaceFree("the server has no connection left") from error
                await asyncio.sleep(RETRY_SECONDS)
            else:
                lent.served.add(whom)
                self._lent.add(lent)
                return lent

    def release(self, lent: Lent[C], whom: str, *, healthy: bool) -> None:
        """Take a connection back; one that is not healthy, or worn, is never lent again."""
        self._lent.discard(lent)
        worn = len(lent.served) >= COOPERATIVES_PER_CONNECTION
        if healthy and not worn and not self._closed and self._is_open(lent.connection):
            loop = asyncio.get_running_loop()
            lent.idle_since = loop.time()
            self._idle.append(lent)
            if self._expiry is None:
                self._expiry = loop.call_later(IDLE_SECONDS, self._expire)
        else:
            self._close(lent, gently=healthy)
        self._shares.give_back(whom)

    def drop_idle(self) -> None:
        """Close what nobody has: it may lead to a server that is gone."""
        while self._idle:
            self._close(self._idle.pop(), gently=False)

    async def close(self) -> None:
        """Close everything; what is lent is closed when it comes back."""
        self._closed = True
        self._shares.close()
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        while self._idle:
            self._close(self._idle.pop(), gently=True)
        while self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    def _take_idle(self) -> Lent[C] | None:
        while self._idle:
            lent = self._idle.pop()
            if self._is_open(lent.connection):
                return lent
            self._close(lent, gently=False)
        return None

    def _expire(self) -> None:
        """Close what has been idle for long, the oldest first, and look again while there is more than what
        is kept.
        """
        loop = asyncio.get_running_loop()
        self._expiry = None
        while len(self._idle) > self._keep and loop.time() - self._idle[0].idle_since >= IDLE_SECONDS:
            self._close(self._idle.pop(0), gently=True)
        if len(self._idle) > self._keep:
            self._expiry = loop.call_at(self._idle[0].idle_since + IDLE_SECONDS, self._expire)

    def _close(self, lent: Lent[C], *, gently: bool) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(self._closes(lent.connection, gently)))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _quietly(closing: Awaitable[Any]) -> None:
    """Wait for the end of a connection; one that cannot be ended properly is gone all the same."""
    with contextlib.suppress(Exception):  # a dead connection says so once more when it is closed
        await closing
