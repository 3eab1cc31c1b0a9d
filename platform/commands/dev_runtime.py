"""Share the settings of a running `lumbung up` with commands in other terminals, through its data folder.

The data folder locates the database. The addresses of the fake gateways and the local domain are known only
to the running process, which writes them to a file and locks it. If the process is killed, the lock is gone
and the file is ignored.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from kernel.settings import Settings, load

RUNTIME_FILE: Final = "running.json"
LOCK_WAIT_SECONDS: Final = 1.0  # a reading command holds the lock for a moment


@contextmanager
def publish_runtime(data_dir: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Publish these variables during the block, unless another process publishes its own."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / RUNTIME_FILE
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _try_lock(file):
            yield
            return
        os.ftruncate(file, 0)
        os.write(file, msgspec.json.encode(dict(variables)))
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(file)


def load_dev_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; variables that the environment leaves open come from the running `lumbung up`.

    Production and configured databases use the environment alone. Raises as ``kernel.settings.load`` does.
    """
    settings = load(environ)
    if settings.is_production or settings.database_url is not None or settings.app_database_url is not None:
        return settings
    return load(
        _read_runtime_file(settings.data_dir)
        | {name: value for name, value in environ.items() if value.strip()}
    )


def _read_runtime_file(data_dir: Path) -> dict[str, str]:
    try:
        with (data_dir / RUNTIME_FILE).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return msgspec.json.decode(file.read(), type=dict[str, str])
            return {}  # not locked: the process that wrote it has ended
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _try_lock(file: int) -> bool:
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True
