"""Places that many cooperatives share: none has more than half of them, and who waits, waits in a queue that
has an end.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

# Waiting is cheap, and bounded by time too; the ends are for floods.
WAITING_EACH = 128
WAITING_ALL = 512


class NoPlaceFree(Exception):
    """Nothing became free in time, or too many wait already: come again later."""


class Shares:
    """``size`` places on one event loop.

    Waiting cooperatives are served in turn, whatever the number that waits for each.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._limit = size
        self._taken: dict[str, int] = {}
        self._total = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._waiters = 0
        self._widening: asyncio.TimerHandle | None = None

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return self._total

    async def take(self, whom: str, until: float) -> None:
        """Take a place for ``whom``, waiting until that moment of the loop's clock at most.

        Raises NoPlaceFree.
        """
        if whom not in self._waiting and self._has_room(whom):
            self._count(whom)
            return
        queue = self._waiting.get(whom)
        if self._waiters >= WAITING_ALL or (queue is not None and len(queue) >= WAITING_EACH):
            raise NoPlaceFree(f"{self._waiters} wait for a connection already")
        if queue is None:
            queue = self._waiting[whom] = deque()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._waiters += 1
        try:
            async with asyncio.timeout_at(until):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it came at the same moment
                self.give_back(whom)
            else:
                self._leave(whom, turn)
            if isinstance(error, TimeoutError):
                raise NoPlaceFree("no connection became free in time") from None
            raise

    def give_back(self, whom: str) -> None:
        """End what ``take`` began; the next in turn has the place."""
        left = self._taken[whom] - 1
        if left:
            self._taken[whom] = left
        else:
            del self._taken[whom]
        self._total -= 1
        self._serve_waiting()

    def narrow(self, limit: int, seconds: float) -> None:
        """Give out no more than ``limit`` places for so long: there is not more of what they stand for."""
        self._limit = max(1, min(self._size, limit))
        if self._widening is not None:
            self._widening.cancel()
        self._widening = asyncio.get_running_loop().call_later(seconds, self._widen)

    def close(self) -> None:
        """Forget the timer."""
        if self._widening is not None:
            self._widening.cancel()
            self._widening = None

    def _widen(self) -> None:
        self._widening = None
        self._limit = self._size
        self._serve_waiting()

    def _has_room(self, whom: str) -> bool:
        return self._total < self._limit and self._taken.get(whom, 0) < max(1, self._limit // 2)

    def _count(self, whom: str) -> None:
        self._taken[whom] = self._taken.get(whom, 0) + 1
        self._total += 1

    def _serve_waiting(self) -> None:
        while self._total < self._limit:
            whom = next((each for each in self._waiting if self._has_room(each)), None)
            if whom is None:
                return
            turn = self._waiting[whom][0]
            self._waiting.move_to_end(whom)
            self._leave(whom, turn)
            if turn.done():
                continue  # its wait has ended, and whoever waited has not run since
            self._count(whom)
            turn.set_result(None)

    def _leave(self, whom: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(whom)
        if queue is None or turn not in queue:
            return  # it was passed over already
        queue.remove(turn)
        if not queue:
            del self._waiting[whom]
        self._waiters -= 1
