"""Ids that sort by creation time: UUID version 7 (RFC 9562, section 5.7), increasing in each process.

An id has 48 bits of milliseconds, then a counter of 74 bits, which starts at a random value each millisecond
and grows by random steps. The time is the system clock, not `kernel.clock`: an id says when a row was
written, even when a test or an import writes about the past.
"""

import secrets
import time
from threading import Lock
from uuid import UUID

_COUNTER_BITS = 74
_LOW_BITS = 62
_STEP_BITS = 32


class UuidSequence:
    """Generates the ids of one process, each greater than the one before."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ms = 0
        self._counter = 0

    def next(self) -> UUID:
        """Return the next id; safe to call from any thread."""
        with self._lock:
            ms = time.time_ns() // 1_000_000
            if ms > self._ms:
                self._reseed(ms)
            else:  # the same millisecond, or the clock was set back
                self._counter += 1 + secrets.randbits(_STEP_BITS)
                if self._counter >> _COUNTER_BITS:
                    self._reseed(self._ms + 1)
            ms, counter = self._ms, self._counter
        high, low = counter >> _LOW_BITS, counter & ((1 << _LOW_BITS) - 1)
        return UUID(int=ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)

    def _reseed(self, ms: int) -> None:
        """Start a new millisecond at a random counter."""
        self._ms = ms
        self._counter = secrets.randbits(
            _COUNTER_BITS - 1
        )  # the top bit is 0, so that steps do not overflow soon


_ids = UuidSequence()


def new_id() -> UUID:
    """Return a new UUIDv7, greater than all ids that this process generated before."""
    return _ids.next()
