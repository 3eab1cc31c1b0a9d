"""Cache of pages and fragments that viewers share, valid until their cooperative changes something.

Bounded by bytes for the whole process, whatever the number of cooperatives; the least recently used entry is
evicted first.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

MAX_BYTES = 64 * 1024 * 1024


class PageCache:
    """Entries by (schema, key). A change of a cooperative drops all of its entries at once."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._entries: OrderedDict[tuple[str, tuple[object, ...]], tuple[Any, int]] = OrderedDict()
        self._keys: dict[str, set[tuple[object, ...]]] = {}
        self._generations: dict[str, int] = {}
        self._epoch = 0
        self.is_writable = True  # False while no change notifications arrive: nothing new is cached

    def get(self, schema: str, key: tuple[object, ...]) -> Any:
        """Return the cached value, or None."""
        full = (schema, key)
        entry = self._entries.get(full)
        if entry is None:
            return None
        self._entries.move_to_end(full)
        return entry[0]

    def generation(self, schema: str) -> int:
        """Return a number that changes with every change of the cooperative.

        Read it before rendering and pass it to ``set``.
        """
        return self._epoch + self._generations.get(schema, 0)

    def set(self, schema: str, key: tuple[object, ...], value: object, size: int, generation: int) -> None:
        """Cache a value of ``size`` bytes that was rendered at ``generation``.

        It is discarded if the cooperative has changed since, if caching is disabled, or if the value is
        larger than a sixteenth of the limit.
        """
        if not self.is_writable or generation != self.generation(schema) or size > self._limit // 16:
            return
        full = (schema, key)
        if full in self._entries:
            self._size -= self._entries.pop(full)[1]
        self._entries[full] = (value, size)
        self._keys.setdefault(schema, set()).add(key)
        self._size += size
        while self._size > self._limit:
            (old_schema, old_key), (_, old_size) = self._entries.popitem(last=False)
            self._size -= old_size
            keys = self._keys[old_schema]
            keys.discard(old_key)
            if not keys:
                del self._keys[old_schema]

    def invalidate(self, schema: str) -> None:
        """Remove every entry of a cooperative."""
        # bound the number of generations: at 10,000 cooperatives clear everything
        if len(self._generations) >= 10_000:
            self.clear()
        self._generations[schema] = self._generations.get(schema, 0) + 1
        for key in self._keys.pop(schema, ()):
            self._size -= self._entries.pop((schema, key))[1]

    def invalidate_kind(self, kind: str) -> None:
        """Remove, for every cooperative, the entries whose keys begin with ``kind``."""
        for schema, key in [full for full in self._entries if full[1][0] == kind]:
            self._size -= self._entries.pop((schema, key))[1]
            keys = self._keys[schema]
            keys.discard(key)
            if not keys:
                del self._keys[schema]

    def clear(self) -> None:
        """Remove every entry, because change notifications may have been missed."""
        self._epoch += 1 + max(self._generations.values(), default=0)
        self._generations.clear()
        self._entries.clear()
        self._keys.clear()
        self._size = 0
