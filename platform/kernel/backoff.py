"""How long to wait before something is tried again that failed."""

import random

MIN_SECONDS = 0.5
MAX_SECONDS = 5.0


class Backoff:
    """Doubles from half a second to five, a little apart for each process so that not all knock at once."""

    def __init__(self) -> None:
        self._next = MIN_SECONDS

    def next(self) -> float:
        """Return the seconds to wait now."""
        pause, self._next = self._next, min(self._next * 2, MAX_SECONDS)
        return pause * random.uniform(0.8, 1.2)  # noqa: S311 - nobody gains by guessing it

    def reset(self) -> None:
        """It worked: begin again with the shortest."""
        self._next = MIN_SECONDS
