"""A cache in memory of throttle keys that have reached their limit, and until when."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final

MAX_CACHED_KEYS: Final = 10_000


class RefusalCache:
    """Caches full throttle keys; when the cache is full, it drops the key that was added first."""

    def __init__(self, limit: int = MAX_CACHED_KEYS) -> None:
        self._limit = limit
        self._until: OrderedDict[str, datetime] = OrderedDict()

    def get(self, key: str, now: datetime) -> datetime | None:
        """Return until when attempts under ``key`` are refused, or None when the cache does not know."""
        found = self._until.get(key)
        if found is not None and found <= now:
            del self._until[key]
            return None
        return found

    def add(self, key: str, until: datetime) -> None:
        """Store that attempts under ``key`` are refused until ``until``."""
        self._until[key] = until
        if len(self._until) > self._limit:
            self._until.popitem(last=False)

    def discard(self, key: str) -> None:
        """Remove ``key``, whose count was lowered or reset."""
        self._until.pop(key, None)
