"""A semaphore that many cooperatives share: each may hold half of the places, and queues are bounded."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

# Waiting is cheap and has a deadline; these limits are for floods of requests.
MAX_WAITERS_PER_HOLDER = 128
MAX_WAITERS = 512


class PoolExhausted(Exception):
    """No place became free before the deadline, or too many callers already wait; retry later."""


class FairSemaphore:
    """A semaphore of ``size`` places on one event loop.

    Waiting cooperatives are served in turn, however many callers wait for each.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._limit = size
        self._in_use: dict[str, int] = {}
        self._total = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._waiters = 0
        self._restore_timer: asyncio.TimerHandle | None = None

    @property
    def in_use(self) -> int:
        """The number of places that are taken."""
        return self._total

    async def acquire(self, holder: str, deadline: float) -> None:
        """Take a place for ``holder``; wait at most until ``deadline``.

        ``deadline`` is a time of the event loop's clock, in seconds. Raises PoolExhausted.
        """
        if holder not in self._waiting and self._has_capacity(holder):
            self._grant(holder)
            return
        queue = self._waiting.get(holder)
        if self._waiters >= MAX_WAITERS or (queue is not None and len(queue) >= MAX_WAITERS_PER_HOLDER):
            raise PoolExhausted(f"{self._waiters} wait for a connection already")
        if queue is None:
            queue = self._waiting[holder] = deque()
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(waiter)
        self._waiters += 1
        try:
            async with asyncio.timeout_at(deadline):
                await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():  # the place was granted at the same moment
                self.release(holder)
            else:
                self._remove_waiter(holder, waiter)
            if isinstance(error, TimeoutError):
                raise PoolExhausted("no connection became free in time") from None
            raise

    def release(self, holder: str) -> None:
        """Release a place that ``acquire`` granted; the next waiter gets it."""
        left = self._in_use[holder] - 1
        if left:
            self._in_use[holder] = left
        else:
            del self._in_use[holder]
        self._total -= 1
        self._grant_waiting()

    def reduce_limit(self, limit: int, seconds: float) -> None:
        """Limit the semaphore to ``limit`` places (at least one) for ``seconds``."""
        self._limit = max(1, min(self._size, limit))
        if self._restore_timer is not None:
            self._restore_timer.cancel()
        self._restore_timer = asyncio.get_running_loop().call_later(seconds, self._restore_limit)

    def close(self) -> None:
        """Cancel the timer that restores the limit."""
        if self._restore_timer is not None:
            self._restore_timer.cancel()
            self._restore_timer = None

    def _restore_limit(self) -> None:
        self._restore_timer = None
        self._limit = self._size
        self._grant_waiting()

    def _has_capacity(self, holder: str) -> bool:
        return self._total < self._limit and self._in_use.get(holder, 0) < max(1, self._limit // 2)

    def _grant(self, holder: str) -> None:
        self._in_use[holder] = self._in_use.get(holder, 0) + 1
        self._total += 1

    def _grant_waiting(self) -> None:
        while self._total < self._limit:
            holder = next((each for each in self._waiting if self._has_capacity(each)), None)
            if holder is None:
                return
            waiter = self._waiting[holder][0]
            self._waiting.move_to_end(holder)
            self._remove_waiter(holder, waiter)
            if waiter.done():
                continue  # its wait has ended, but its task has not run since
            self._grant(holder)
            waiter.set_result(None)

    def _remove_waiter(self, holder: str, waiter: asyncio.Future[None]) -> None:
        queue = self._waiting.get(holder)
        if queue is None or waiter not in queue:
            return  # it was removed already
        queue.remove(waiter)
        if not queue:
            del self._waiting[holder]
        self._waiters -= 1
