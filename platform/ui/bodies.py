"""Bodies of requests on their way in: how large they may be, how fast they must come, and how many of one network may be slow.

A route says by ``request_max_body_size`` that it takes more than a form (docs/adr/0023-bodies-of-requests.md). Counts are of one process.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from kernel import clock
from tenants.throttles import network_of
from ui import errors

if TYPE_CHECKING:
    from kernel.errors import Refusal

KEY: Final = "lumbung.body"

LARGEST_FORM: Final = 256 * 1024
# A previewed file of two megabytes in a form: browsers send each of its line ends as two bytes.
LARGEST_WITH_FILE: Final = 4 * 1024 * 1024
LARGEST_UPLOAD: Final = 12 * 1024 * 1024
# What a network is still allowed without a session once many of its bodies were refused: signing in, paying.
LARGEST_OF_REFUSED: Final = 8 * 1024

SECONDS: Final = 10.0
UPLOAD_RATE: Final = 8_000  # bytes a second
# A body that is not whole by then is slow, and counts; bodies of honest forms come along with their heads.
PATIENCE: Final = 1.0
MOST_SLOW: Final = 64
MOST_REFUSED: Final = 60
MINUTE: Final = 60


class BodyCounts:
    """Of each network: the slow bodies that are open now, and the bodies that were refused within this minute."""

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        patience: float = PATIENCE,
        most_slow: int = MOST_SLOW,
        most_refused: int = MOST_REFUSED,
    ) -> None:
        self.seconds, self.patience = seconds, patience
        self.most_slow, self.most_refused = most_slow, most_refused
        self.slow: Counter[str] = Counter()
        self._minute = 0
        self._refused: Counter[str] = Counter()

    def count_refused(self, network: str) -> None:
        """Count a body that no page of ours would have sent."""
        self._this_minute()[network] += 1

    def is_overrun(self, network: str) -> bool:
        """Whether so many bodies of this network were refused that larger ones are not even read."""
        return self._this_minute()[network] >= self.most_refused

    def _this_minute(self) -> Counter[str]:
        minute = int(clock.now().timestamp()) // MINUTE
        if minute != self._minute:
            self._minute, self._refused = minute, Counter()
        return self._refused


class Body:
    """The body of one request: ``receive`` is what the application reads it by. ``close`` it once the request is answered."""

    def __init__(self, counts: BodyCounts, client_ip: str, receive: Any) -> None:
        self.network = network_of(client_ip)
        self._counts = counts
        self._receive = receive
        self._rate = 0
        self._began = 0.0
        self._size = 0
        self._is_slow = False
        self._is_whole = False

    @property
    def is_overrun(self) -> bool:
        """Whether its network sent too many that were refused."""
        return self._counts.is_overrun(self.network)

    def expect_upload(self) -> None:
        """Let it last as long as an upload: while it comes at the least rate, beside the seconds of a form."""
        self._rate = UPLOAD_RATE

    def refused(self, refusal: Refusal) -> Refusal:
        """Count the refusal of this body and return it."""
        self._counts.count_refused(self.network)
        return refusal

    def close(self) -> None:
        """Count it no longer."""
        if self._is_slow:
            self._is_slow = False
            self._counts.slow[self.network] -= 1
            if not self._counts.slow[self.network]:
                del self._counts.slow[self.network]

    async def receive(self) -> Any:
        """Return the next ASGI message. Raises Refusal: ui.body_too_slow, ui.too_many_slow_bodies."""
        if self._is_whole:
            return await self._receive()
        loop = asyncio.get_running_loop()
        self._began = self._began or loop.time()
        coming = asyncio.ensure_future(self._receive())
        try:
            while not (await asyncio.wait({coming}, timeout=max(0.0, self._due() - loop.time())))[0]:
                self._wait_longer()
        except BaseException:
            coming.cancel()
            raise
        message = coming.result()
        self._size += len(message.get("body", b""))
        if not message.get("more_body"):  # the last of it, or nobody is there any more
            self._is_whole = True
            self.close()
        return message

    def _due(self) -> float:
        """The moment at which it becomes slow, or is too slow."""
        if not self._is_slow:
            return self._began + self._counts.patience
        return self._began + self._counts.seconds + (self._size / self._rate if self._rate else 0.0)

    def _wait_longer(self) -> None:
        """Count it as slow at first; refuse it the second time."""
        if self._is_slow:
            raise self.refused(errors.BODY_TOO_SLOW())
        if self._counts.slow[self.network] >= self._counts.most_slow:
            raise self.refused(errors.TOO_MANY_SLOW_BODIES(minutes=1))
        self._is_slow = True
        self._counts.slow[self.network] += 1


def body_of(scope: Any) -> Body:
    """Return the body of this request, as the doors hold it."""
    body: Body = scope[KEY]
    return body
