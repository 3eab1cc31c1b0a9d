"""The temporary folder of one test run.

It is in memory if there is room, because each test that commits gets a clone of the template: 800 files to
create and to delete. The next run removes what a killed run left.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import IO, Final

from kernel.postgres import EmbeddedPostgres

SHM_DIR: Final = Path("/dev/shm")
MIN_FREE_BYTES: Final = 1_500_000_000  # bytes; a whole run needs about half of it
PREFIX: Final = "lumbung-tests-"


class RunDirectory:
    """The folder exists as long as this process holds its lock."""

    def __init__(self) -> None:
        parent = _choose_parent()
        _remove_abandoned(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = (self.path / "alive").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path.chmod(0o755)  # the server may run as another user

    def remove(self) -> None:
        """Stop the server and delete everything."""
        _remove(self.path)
        self._lock.close()


def _choose_parent() -> Path:
    with contextlib.suppress(OSError):
        if shutil.disk_usage(SHM_DIR).free > MIN_FREE_BYTES:
            return SHM_DIR
    return Path(tempfile.gettempdir())


def _remove_abandoned(parent: Path) -> None:
    for lock_file in parent.glob(f"{PREFIX}*/alive"):
        with contextlib.suppress(OSError), lock_file.open("r+") as lock:
            if _try_lock(lock):
                _remove(lock_file.parent)


def _try_lock(lock: IO[str]) -> bool:
    """Take the lock of an ended run; return False while its process holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove(folder: Path) -> None:
    if (folder / "postgres").exists():
        EmbeddedPostgres(folder, fast=True).stop()
    shutil.rmtree(folder, ignore_errors=True)
