"""Which throttled counts are full, kept in memory for as long as the database would say nothing else."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final

MAX_CACHED_KEYS: Final = 10_000


class RefusalCache:
    """Which counts are full, and until when. The oldest go first."""

    def __init__(self, limit: int = MAX_CACHED_KEYS) -> None:
        self._limit = limit
        self._until: OrderedDict[str, datetime] = OrderedDict()

    def get(self, key: str, now: datetime) -> datetime | None:
        """Return until when a count is full, or None when it is not known to be."""
        found = self._until.get(key)
        if found is not None and found <= now:
            del self._until[key]
            return None
        return found

    def add(self, key: str, until: datetime) -> None:
        """Remember that a count is full."""
        self._until[key] = until
        if len(self._until) > self._limit:
            self._until.popitem(last=False)

    def discard(self, key: str) -> None:
        """A count was taken back."""
        self._until.pop(key, None)
