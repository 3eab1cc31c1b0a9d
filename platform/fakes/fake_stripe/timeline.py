"""The fake's time: a clock and a queue of due work.

Nothing sleeps, so a test can simulate a year at once.
"""

from __future__ import annotations

import asyncio
import heapq
import inspect
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

Work = Callable[[], Awaitable[Any] | Any]
Clock = Callable[[], datetime]


def machine_clock() -> datetime:
    return datetime.now(UTC)


class Timeline:
    """A clock that can be advanced, with scheduled work. All times are whole seconds since 1970."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.offset = 0
        self.pinned: int | None = None  # the time while overdue work runs
        self.agenda: list[tuple[int, int, Work]] = []
        self.numbers = itertools.count()
        self.at_work = asyncio.Lock()

    def now(self) -> int:
        if self.pinned is not None:
            return self.pinned
        return int(self.clock().timestamp()) + self.offset

    def at(self, moment: int, work: Work) -> None:
        """Schedule work for a time."""
        heapq.heappush(self.agenda, (moment, next(self.numbers), work))

    async def run_due(self) -> int:
        """Run due work, oldest first, each at its own time, including work that it adds.

        Returns how much was done.
        """
        done = 0
        async with self.at_work:
            until = self.now()
            while self.agenda and self.agenda[0][0] <= until:
                moment, _, work = heapq.heappop(self.agenda)
                self.pinned = moment
                try:
                    result = work()
                finally:
                    self.pinned = None
                if inspect.isawaitable(result):
                    await result
                done += 1
        return done

    async def advance(self, seconds: int) -> None:
        """Advance the clock and run the work that becomes due."""
        self.offset += seconds
        await self.run_due()


class TestClock(Timeline):
    """A timeline that moves only when advanced: https://docs.stripe.com/billing/testing/test-clocks."""

    __test__ = False  # pytest would collect it by its name

    def __init__(self, frozen: int) -> None:
        super().__init__(machine_clock)
        self.frozen = frozen

    def now(self) -> int:
        return self.frozen if self.pinned is None else self.pinned

    def run_at_once(self, until: int) -> None:
        """Advance to ``until`` and run the work that becomes due, oldest first.

        Unlike in ``Timeline``, the work is synchronous.
        """
        while self.agenda and self.agenda[0][0] <= until:
            moment, _, work = heapq.heappop(self.agenda)
            self.frozen = max(self.frozen, moment)
            work()
        self.frozen = until
