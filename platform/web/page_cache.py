"""Pages and parts of pages that many see alike, kept until their cooperative changes something.

Bounded by bytes for the whole process, whatever the number of cooperatives: what was not asked for longest
goes first.
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
        self.is_writable = True  # off: changes are not heard of, so nothing new is kept

    def get(self, schema: str, key: tuple[object, ...]) -> Any:
        """Return what was kept, or None."""
        full = (schema, key)
        entry = self._entries.get(full)
        if entry is None:
            return None
        self._entries.move_to_end(full)
        return entry[0]

    def generation(self, schema: str) -> int:
        """Return a number that changes with every change of the cooperative: read it before rendering, give
        it to ``keep``.
        """
        return self._epoch + self._generations.get(schema, 0)

    def set(self, schema: str, key: tuple[object, ...], value: object, size: int, generation: int) -> None:
        """Keep a value rendered since ``generation``; dropped silently if the cooperative has changed
        meanwhile.
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
        """Forget everything of a cooperative."""
        # numbers of long-quiet cooperatives are not worth keeping: start all anew
        if len(self._generations) >= 10_000:
            self.clear()
        self._generations[schema] = self._generations.get(schema, 0) + 1
        for key in self._keys.pop(schema, ()):
            self._size -= self._entries.pop((schema, key))[1]

    def invalidate_kind(self, kind: str) -> None:
        """Forget, of every cooperative, what was kept under keys that begin with ``kind``."""
        for schema, key in [full for full in self._entries if full[1][0] == kind]:
            self._size -= self._entries.pop((schema, key))[1]
            keys = self._keys[schema]
            keys.discard(key)
            if not keys:
                del self._keys[schema]

    def clear(self) -> None:
        """Forget everything: changes may have been missed."""
        self._epoch += 1 + max(self._generations.values(), default=0)
        self._generations.clear()
        self._entries.clear()
        self._keys.clear()
        self._size = 0
