"""Delays between attempts of an operation that fails."""

import random

MIN_SECONDS = 0.5
MAX_SECONDS = 5.0


class Backoff:
    """Delays that double from 0.5 to 5 seconds, with jitter so that processes do not retry together."""

    def __init__(self) -> None:
        self._next = MIN_SECONDS

    def next(self) -> float:
        """Return the seconds to wait before the next attempt."""
        pause, self._next = self._next, min(self._next * 2, MAX_SECONDS)
        return pause * random.uniform(0.8, 1.2)  # noqa: S311 - it need not be unpredictable

    def reset(self) -> None:
        """Start again with the shortest delay, after a success."""
        self._next = MIN_SECONDS
