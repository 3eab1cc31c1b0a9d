"""Counters of the current minute in memory of fixed size, which processes may share.

A count-min sketch: each key has one slot in each of two rows, and its count is the smaller of the two. Keys
that share a slot are counted together, so a count may be too high and never too low. With 131,072 slots in a
row, a million networks in one minute add about eight to each count. A slot holds the minute that it counts,
so nothing is ever cleared.

Processes that share the memory may lose an increment when two of them write the same slot at once. For a rate
limit that is acceptable, and cheaper than a lock.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from kernel.settings import Settings

log = structlog.get_logger()

# Environment variable in which `lumbung web` passes the shared file to the processes that it starts.
FILE_ENV: Final = "LUMBUNG_WEB_COUNTS"

SLOTS: Final = 1 << 17  # in each row
ROWS: Final = 2
_SLOT: Final = struct.Struct("=II")  # the minute, the count
SIZE: Final = SLOTS * ROWS * _SLOT.size


class MinuteCounts:
    """Counters by key for the current minute.

    ``salt`` keeps strangers from choosing keys that share a slot with somebody else's.
    """

    def __init__(self, memory: mmap.mmap | None = None, salt: bytes = b"") -> None:
        self._memory = memory if memory is not None else mmap.mmap(-1, SIZE)
        self._salt = salt[:64]

    @classmethod
    def open_shared(cls, path: Path, salt: bytes) -> MinuteCounts:
        """Open counters that are shared with every process that opens the same file.

        Raises OSError when it cannot be opened.
        """
        with path.open("a+b") as file:
            file.truncate(SIZE)
            return cls(mmap.mmap(file.fileno(), SIZE), salt)

    def __len__(self) -> int:
        """Return the size of the counters in bytes; it does not depend on the number of keys."""
        return len(self._memory)

    def add(self, minute: int, *key: str, by: int = 1) -> int:
        """Add to the count of ``key`` in ``minute`` and return it."""
        counted = []
        for place in self._slot_offsets(key):
            in_minute, count = _SLOT.unpack_from(self._memory, place)
            fresh = max(0, (count if in_minute == minute else 0) + by)
            _SLOT.pack_into(self._memory, place, minute, fresh)
            counted.append(fresh)
        return min(counted)

    def _slot_offsets(self, key: tuple[str, ...]) -> tuple[int, ...]:
        digest = hashlib.blake2b("\0".join(key).encode(), digest_size=4 * ROWS, key=self._salt).digest()
        return tuple(
            (row * SLOTS + int.from_bytes(digest[4 * row : 4 * row + 4], "little") % SLOTS) * _SLOT.size
            for row in range(ROWS)
        )


def open_shared_counts(settings: Settings) -> MinuteCounts:
    """Return the counters that `lumbung web` shares among its processes.

    A process that was started otherwise gets counters of its own.
    """
    salt = hashlib.sha256(b"lumbung minute counts\0" + settings.secret_key.encode()).digest()
    if path := os.environ.get(FILE_ENV):
        try:
            return MinuteCounts.open_shared(Path(path), salt)
        except OSError as error:
            log.warning("page limits are counted by each process for itself", why=str(error))
    return MinuteCounts(salt=salt)
