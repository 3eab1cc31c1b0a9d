"""Ids that sort by the time they were made: UUID version 7 (RFC 9562, section 5.7), strictly increasing
within a process.

48 bits of milliseconds, then 74 bits that start at random each millisecond and grow by a random step within
it. The time is the machine's own, not `kernel.clock`: an id says when a row was written, also when a test or
an import writes about the past.
"""

import secrets
import time
from threading import Lock
from uuid import UUID

_COUNTER_BITS = 74
_LOW_BITS = 62
_STEP_BITS = 32


class UuidSequence:
    """The ids of one process: where the last one stood, so that the next is greater."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ms = 0
        self._counter = 0

    def next(self) -> UUID:
        with self._lock:
            ms = time.time_ns() // 1_000_000
            if ms > self._ms:
                self._reseed(ms)
            else:  # the same millisecond, or a machine whose clock was set back
                self._counter += 1 + secrets.randbits(_STEP_BITS)
                if self._counter >> _COUNTER_BITS:
                    self._reseed(self._ms + 1)
            ms, counter = self._ms, self._counter
        high, low = counter >> _LOW_BITS, counter & ((1 << _LOW_BITS) - 1)
        return UUID(int=ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)

    def _reseed(self, ms: int) -> None:
        self._ms = ms
        self._counter = secrets.randbits(_COUNTER_BITS - 1)  # the top bit stays free, so that steps have room


_ids = UuidSequence()


def new_id() -> UUID:
    """A new UUIDv7, greater than every one this process made before."""
    return _ids.next()
