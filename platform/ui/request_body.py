"""Limits on request bodies: size, transfer rate, slow bodies of one network, and open uploads.

A route that accepts more than a form sets ``request_max_body_size``. Counts are per process. The reasons are
in docs/adr/0023-limits-on-request-bodies.md.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from kernel import clock
from tenants.throttles import IPV6_LIMIT_FACTORS, list_networks, narrowest_network
from ui import errors

if TYPE_CHECKING:
    from kernel.errors import DomainError

BODY_KEY: Final = "lumbung.body"

MAX_FORM_BYTES: Final = 256 * 1024
# A previewed file of two megabytes in a form: browsers send each of its line ends as two bytes.
MAX_FORM_WITH_FILE_BYTES: Final = 4 * 1024 * 1024
MAX_UPLOAD_BYTES: Final = 12 * 1024 * 1024
# Limit for requests without a session from a network with many refused bodies: enough to sign in and pay.
MAX_BLOCKED_NETWORK_BYTES: Final = 8 * 1024

FORM_TIMEOUT_SECONDS: Final = 10.0
MIN_UPLOAD_BYTES_PER_SECOND: Final = 8_000  # bytes a second
# Limit on bytes of received and unanswered uploads, of all cooperatives; below, on uploads of one
# cooperative.
MAX_UPLOADED_BYTES: Final = 96 * 1024 * 1024
MAX_UPLOADS_PER_TENANT: Final = 4
# A body that is incomplete by then counts as slow; bodies of normal forms arrive together with their heads.
SLOW_AFTER_SECONDS: Final = 1.0
MAX_SLOW_PER_NETWORK: Final = 64
MAX_REFUSED_PER_MINUTE: Final = 60
MINUTE_SECONDS: Final = 60


class BodyLimiter:
    """Counts of slow and refused bodies by network, and the open uploads, of one process.

    Slow bodies count while they are open; refused bodies count within the current minute.
    """

    def __init__(
        self,
        *,
        timeout: float = FORM_TIMEOUT_SECONDS,
        slow_after: float = SLOW_AFTER_SECONDS,
        max_slow: int = MAX_SLOW_PER_NETWORK,
        max_refused: int = MAX_REFUSED_PER_MINUTE,
        max_uploaded_bytes: int = MAX_UPLOADED_BYTES,
    ) -> None:
        self.timeout, self.slow_after = timeout, slow_after
        self.max_slow, self.max_refused = max_slow, max_refused
        self.max_uploaded_bytes = max_uploaded_bytes
        self.slow_by_network: Counter[str] = Counter()
        self.uploads: dict[RequestBody, str] = {}  # the cooperative of each, in the order of opening
        self.uploaded_bytes = 0
        self._minute = 0
        self._refused: Counter[str] = Counter()

    def count_rejection(self, network: str) -> None:
        """Count a refused body of this network in the current minute."""
        self._current_minute()[network] += 1

    def is_blocked(self, network: str) -> bool:
        """Whether this network reached the limit of refused bodies in the current minute."""
        return self._current_minute()[network] >= self.max_refused

    def abort_newest_uploads(self) -> None:
        """Abort the newest incomplete uploads until the rest fits ``max_uploaded_bytes``."""
        for body in reversed(list(self.uploads)):
            if self.uploaded_bytes <= self.max_uploaded_bytes:
                return
            if not body.is_complete:
                body.abort()

    def _current_minute(self) -> Counter[str]:
        minute = int(clock.now().timestamp()) // MINUTE_SECONDS
        if minute != self._minute:
            self._minute, self._refused = minute, Counter()
        return self._refused


class RequestBody:
    """The body of one request; the application reads it through ``receive``.

    Call ``close`` when the response has been sent.
    """

    def __init__(self, limiter: BodyLimiter, client_ip: str, receive: Any) -> None:
        self.network = narrowest_network(client_ip)
        self.is_complete = False
        self._networks = list_networks(client_ip) or (client_ip,)
        self._limiter = limiter
        self._receive = receive
        self._min_rate = 0
        self._deadline = 0.0
        self._slow_from = 0.0
        self._size = 0
        self._is_slow = False
        self._is_aborted = False
        self._pending: asyncio.Future[Any] | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether its network reached the limit of refused bodies."""
        return self._limiter.is_blocked(self.network)

    def start_upload(self, owner: str) -> None:
        """Apply the limits of an upload: the body may continue while it arrives at the minimum rate.

        Raises DomainError ui.too_many_uploads.
        """
        self._raise_if_aborted()
        if (
            self not in self._limiter.uploads
            and list(self._limiter.uploads.values()).count(owner) >= MAX_UPLOADS_PER_TENANT
        ):
            raise errors.TOO_MANY_UPLOADS(minutes=1)
        self._min_rate = MIN_UPLOAD_BYTES_PER_SECOND
        self._limiter.uploads[self] = owner

    def abort(self) -> None:
        """Abort the upload; a pending ``receive`` raises DomainError ui.too_many_uploads."""
        self._is_aborted = True
        self._release_upload()
        if self._pending is not None:
            self._pending.cancel()

    def count_rejection(self, error: DomainError) -> DomainError:
        """Count this rejected body and return the error."""
        self._limiter.count_rejection(self.network)
        return error

    def close(self) -> None:
        """Remove it from the counts of slow bodies and uploads."""
        self._release_slow()
        self._release_upload()

    async def receive(self) -> Any:
        """Return the next ASGI message.

        Raises DomainError: ui.body_too_slow, ui.too_many_slow_bodies, ui.too_many_uploads.
        """
        if self.is_complete:
            return await self._receive()
        self._raise_if_aborted()
        loop = asyncio.get_running_loop()
        if not self._deadline:
            self._deadline, self._slow_from = (
                loop.time() + self._limiter.timeout,
                loop.time() + self._limiter.slow_after,
            )
        coming = self._pending = asyncio.ensure_future(self._receive())
        try:
            await asyncio.sleep(0)  # a body that is there already needs no timer
            while not coming.done():
                await asyncio.wait({coming}, timeout=max(0.0, self._next_deadline() - loop.time()))
                if not coming.done():
                    self._mark_slow_or_refuse()
        except BaseException:
            coming.cancel()
            raise
        finally:
            self._pending = None
        self._raise_if_aborted()
        message = coming.result()
        if not message.get("more_body"):  # the last part, or the client disconnected
            self.is_complete = True
            self._release_slow()
        self._count_bytes(len(message.get("body", b"")), loop.time())
        # parts that are always there at once can add up to a slow body, too
        if not self.is_complete and loop.time() >= self._next_deadline():
            self._mark_slow_or_refuse()
        return message

    def _count_bytes(self, size: int, now: float) -> None:
        if not self._min_rate:
            return
        # a fast start saves no time for later: a client that stops or slows down has at most the timeout of
        # a form left
        self._deadline = min(self._deadline + size / self._min_rate, now + self._limiter.timeout)
        self._size += size
        self._limiter.uploaded_bytes += size
        self._limiter.abort_newest_uploads()
        self._raise_if_aborted()

    def _raise_if_aborted(self) -> None:
        if self._is_aborted:
            raise errors.TOO_MANY_UPLOADS(minutes=1)

    def _next_deadline(self) -> float:
        """The time at which the body counts as slow, or is refused if it already does."""
        return self._deadline if self._is_slow else self._slow_from

    def _mark_slow_or_refuse(self) -> None:
        """Count the body as slow at the first deadline; refuse it at the second."""
        if self._is_slow:
            raise self.count_rejection(errors.BODY_TOO_SLOW())
        slow, most = self._limiter.slow_by_network, self._limiter.max_slow
        if any(
            slow[network] >= most * wider
            for network, wider in zip(self._networks, IPV6_LIMIT_FACTORS, strict=False)
        ):
            raise self.count_rejection(errors.TOO_MANY_SLOW_BODIES(minutes=1))
        self._is_slow = True
        slow.update(self._networks)

    def _release_slow(self) -> None:
        if self._is_slow:
            self._is_slow = False
            for network in self._networks:
                self._limiter.slow_by_network[network] -= 1
                if not self._limiter.slow_by_network[network]:
                    del self._limiter.slow_by_network[network]

    def _release_upload(self) -> None:
        if self._limiter.uploads.pop(self, None) is not None:
            self._limiter.uploaded_bytes -= self._size


def get_body(scope: Any) -> RequestBody:
    """Return the body that the dispatcher stored in the request's scope."""
    body: RequestBody = scope[BODY_KEY]
    return body
