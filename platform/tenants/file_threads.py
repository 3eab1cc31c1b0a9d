"""Files of offices are read, compared and taken beside the event loop: in a thread with a loop and connections of its own.

What is done there may compute for seconds and may ask the database, as any use case does. One file of a cooperative is worked on at a time,
two of a process; a few more wait, before they hold a connection (docs/adr/0023-bodies-of-requests.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from kernel.errors import Kind
from kernel.timeouts import IMPORT
from tenants.changes import REGISTRY, forget_here
from tenants.session import coop_reader, coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database, Reader
    from tenants.registry import TenantRef

T = TypeVar("T")

AT_ONCE: Final = 2
MOST_OF_ONE: Final = 4
MOST_OF_ALL: Final = AT_ONCE + 8
_KEPT: Final = "tenants.file_threads"

FILES_WAIT: Final = Kind(
    "tenants.files_wait",
    429,
    id="Berkas sebelumnya masih dibaca. Tunggu sebentar, lalu kirim lagi.",
    en="An earlier file is still being read. Wait a moment and send it again.",
)


class FileThreads:
    """The threads of one process, and who waits for them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="file")
        self._free = asyncio.Semaphore(AT_ONCE)
        self._turns: dict[str, asyncio.Lock] = {}
        self._there: Counter[str] = Counter()
        self._working = 0

    async def run(self, whose: str, work: Callable[[], T]) -> T:
        """Do ``work`` in a thread when it is the turn of ``whose`` file. Raises Refusal tenants.files_wait."""
        if self._there[whose] >= MOST_OF_ONE or self._there.total() >= MOST_OF_ALL:
            raise FILES_WAIT(minutes=1)
        self._there[whose] += 1
        try:
            async with self._turns.setdefault(whose, asyncio.Lock()), self._free:
                here = contextvars.copy_context()
                with self._no_search_for_garbage():
                    return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: here.run(work))
        finally:
            self._there[whose] -= 1
            if not self._there[whose]:
                del self._there[whose], self._turns[whose]

    @contextlib.contextmanager
    def _no_search_for_garbage(self) -> Iterator[None]:
        """The tens of thousands of lines of a file would be gone through again and again, each time with every thread waiting for tenths of a second."""
        gc.disable()
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                gc.enable()

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def read_in_thread(database: Database, tenant: TenantRef, work: Callable[[Reader], Awaitable[T]]) -> T:
    """Do ``work`` in a read-only transaction of ``tenant``, in a thread. Raises Refusal tenants.files_wait, and what ``work`` raises."""

    async def read(own: Database) -> T:
        async with coop_reader(own, tenant, IMPORT) as ro:
            return await work(ro)

    return await _in_thread(database, tenant.schema_name, read)


async def write_in_thread(database: Database, tenant: TenantRef, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do ``work`` in a write transaction of ``tenant``, in a thread: returning commits. Raises Refusal tenants.files_wait, and what ``work`` raises."""

    async def write(own: Database) -> tuple[T, bool]:
        async with coop_session(own, tenant, IMPORT) as db:
            done = await work(db)
        return done, bool(db.sync_session.info.get("registry_announced"))

    done, registry_changed = await _in_thread(database, tenant.schema_name, write)
    forget_here(database, tenant.schema_name)
    if registry_changed:
        forget_here(database, REGISTRY)
    return done


async def compute_in_thread(database: Database, whose: str, work: Callable[[], T]) -> T:
    """Do ``work``, which asks no database, in a thread. Raises Refusal tenants.files_wait, and what ``work`` raises."""
    return await _threads_of(database).run(whose, work)


async def _in_thread(database: Database, whose: str, work: Callable[[Database], Awaitable[T]]) -> T:
    async def with_connections() -> T:
        own = database.beside()
        try:
            return await work(own)
        finally:
            await own.close()

    return await _threads_of(database).run(whose, lambda: asyncio.run(with_connections()))


def _threads_of(database: Database) -> FileThreads:
    found: FileThreads | None = database.local.get(_KEPT)
    if found is None:
        found = database.local[_KEPT] = FileThreads()
        database.closing.append(lambda: _close(database))
    return found


async def _close(database: Database) -> None:
    threads: FileThreads = database.local.pop(_KEPT)
    threads.close()
