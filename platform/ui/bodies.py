"""Bodies of requests on their way in: how large they may be, how fast they must come, how many of one network
may be slow, how many uploads open.

A route says by ``request_max_body_size`` that it takes more than a form
(docs/adr/0023-bodies-of-requests.md). Counts are of one process.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from kernel import clock
from tenants.throttles import WIDER, network_of, networks_of
from ui import errors

if TYPE_CHECKING:
    from kernel.errors import DomainError

KEY: Final = "lumbung.body"

LARGEST_FORM: Final = 256 * 1024
# A previewed file of two megabytes in a form: browsers send each of its line ends as two bytes.
LARGEST_WITH_FILE: Final = 4 * 1024 * 1024
LARGEST_UPLOAD: Final = 12 * 1024 * 1024
# What a network is still allowed without a session once many of its bodies were refused: signing in, paying.
LARGEST_OF_REFUSED: Final = 8 * 1024

SECONDS: Final = 10.0
UPLOAD_RATE: Final = 8_000  # bytes a second
# Bytes of uploads that were received and are not answered yet, of all cooperatives; and the uploads of one
# cooperative.
MOST_UPLOADED: Final = 96 * 1024 * 1024
MOST_UPLOADS: Final = 4
# A body that is not whole by then is slow, and counts; bodies of honest forms come along with their heads.
PATIENCE: Final = 1.0
MOST_SLOW: Final = 64
MOST_REFUSED: Final = 60
MINUTE: Final = 60


class BodyCounts:
    """Of each network: the slow bodies that are open now, and the bodies that were refused within this
    minute. And the uploads that are open.
    """

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        patience: float = PATIENCE,
        most_slow: int = MOST_SLOW,
        most_refused: int = MOST_REFUSED,
        most_uploaded: int = MOST_UPLOADED,
    ) -> None:
        self.seconds, self.patience = seconds, patience
        self.most_slow, self.most_refused = most_slow, most_refused
        self.most_uploaded = most_uploaded
        self.slow: Counter[str] = Counter()
        self.uploads: dict[Body, str] = {}  # whose each is, in the order in which they were opened
        self.uploaded = 0
        self._minute = 0
        self._refused: Counter[str] = Counter()

    def count_refused(self, network: str) -> None:
        """Count a body that no page of ours would have sent."""
        self._this_minute()[network] += 1

    def is_overrun(self, network: str) -> bool:
        """Whether so many bodies of this network were refused that larger ones are not even read."""
        return self._this_minute()[network] >= self.most_refused

    def make_room(self) -> None:
        """End the newest uploads that are still coming, until those that are left may be held in memory."""
        for body in reversed(list(self.uploads)):
            if self.uploaded <= self.most_uploaded:
                return
            if not body.is_whole:
                body.give_up()

    def _this_minute(self) -> Counter[str]:
        minute = int(clock.now().timestamp()) // MINUTE
        if minute != self._minute:
            self._minute, self._refused = minute, Counter()
        return self._refused


class Body:
    """The body of one request: ``receive`` is what the application reads it by.

    ``close`` it once the request is answered.
    """

    def __init__(self, counts: BodyCounts, client_ip: str, receive: Any) -> None:
        self.network = network_of(client_ip)
        self.is_whole = False
        self._networks = networks_of(client_ip) or (client_ip,)
        self._counts = counts
        self._receive = receive
        self._rate = 0
        self._due = 0.0
        self._patient_until = 0.0
        self._size = 0
        self._is_slow = False
        self._is_given_up = False
        self._coming: asyncio.Future[Any] | None = None

    @property
    def is_overrun(self) -> bool:
        """Whether its network sent too many that were refused."""
        return self._counts.is_overrun(self.network)

    def expect_upload(self, whose: str) -> None:
        """Let it last as long as an upload of this cooperative: while it comes at the least rate.

        Raises DomainError ui.too_many_uploads.
        """
        self._refuse_given_up()
        if (
            self not in self._counts.uploads
            and list(self._counts.uploads.values()).count(whose) >= MOST_UPLOADS
        ):
            raise errors.TOO_MANY_UPLOADS(minutes=1)
        self._rate = UPLOAD_RATE
        self._counts.uploads[self] = whose

    def give_up(self) -> None:
        """Take no more of it, for there is no room: whoever waits for it is told so."""
        self._is_given_up = True
        self._forget_upload()
        if self._coming is not None:
            self._coming.cancel()

    def refused(self, refusal: DomainError) -> DomainError:
        """Count the refusal of this body and return it."""
        self._counts.count_refused(self.network)
        return refusal

    def close(self) -> None:
        """Count it no longer."""
        self._forget_slow()
        self._forget_upload()

    async def receive(self) -> Any:
        """Return the next ASGI message.

        Raises DomainError: ui.body_too_slow, ui.too_many_slow_bodies, ui.too_many_uploads.
        """
        if self.is_whole:
            return await self._receive()
        self._refuse_given_up()
        loop = asyncio.get_running_loop()
        if not self._due:
            self._due, self._patient_until = (
                loop.time() + self._counts.seconds,
                loop.time() + self._counts.patience,
            )
        coming = self._coming = asyncio.ensure_future(self._receive())
        try:
            while not (await asyncio.wait({coming}, timeout=max(0.0, self._slow_at() - loop.time())))[0]:
                self._wait_longer()
        except BaseException:
            coming.cancel()
            raise
        finally:
            self._coming = None
        self._refuse_given_up()
        message = coming.result()
        if not message.get("more_body"):  # the last of it, or nobody is there any more
            self.is_whole = True
            self._forget_slow()
        self._count_bytes(len(message.get("body", b"")), loop.time())
        return message

    def _count_bytes(self, size: int, now: float) -> None:
        if not self._rate:
            return
        # what came faster than it had to saves no time for later: whoever stops, or only trickles from then
        # on, has the seconds of a form left
        self._due = min(self._due + size / self._rate, now + self._counts.seconds)
        self._size += size
        self._counts.uploaded += size
        self._counts.make_room()
        self._refuse_given_up()

    def _refuse_given_up(self) -> None:
        if self._is_given_up:
            raise errors.TOO_MANY_UPLOADS(minutes=1)

    def _slow_at(self) -> float:
        """The moment at which it becomes slow, or is too slow."""
        return self._due if self._is_slow else self._patient_until

    def _wait_longer(self) -> None:
        """Count it as slow at first; refuse it the second time."""
        if self._is_slow:
            raise self.refused(errors.BODY_TOO_SLOW())
        slow, most = self._counts.slow, self._counts.most_slow
        if any(slow[network] >= most * wider for network, wider in zip(self._networks, WIDER, strict=False)):
            raise self.refused(errors.TOO_MANY_SLOW_BODIES(minutes=1))
        self._is_slow = True
        slow.update(self._networks)

    def _forget_slow(self) -> None:
        if self._is_slow:
            self._is_slow = False
            for network in self._networks:
                self._counts.slow[network] -= 1
                if not self._counts.slow[network]:
                    del self._counts.slow[network]

    def _forget_upload(self) -> None:
        if self._counts.uploads.pop(self, None) is not None:
            self._counts.uploaded -= self._size


def body_of(scope: Any) -> Body:
    """Return the body of this request, as the doors hold it."""
    body: Body = scope[KEY]
    return body
