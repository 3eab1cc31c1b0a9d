"""Files of offices are read, compared and taken beside the event loop: in a thread with a loop and
connections of its own.

What is done there may compute for seconds and may ask the database, as any use case does. One file of a
cooperative is worked on at a time, two of a process; a few more wait, before they hold a connection, and
cooperatives take turns (docs/adr/0023-bodies-of-requests.md).
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from kernel.errors import ErrorType
from kernel.timeouts import IMPORT
from tenants.changes import REGISTRY, forget_here
from tenants.session import coop_reader, coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database, Reader
    from tenants.registry import TenantRef

T = TypeVar("T")

AT_ONCE: Final = 2
# Files of one cooperative that are worked on or wait: while nobody else waits, and while others do.
MOST_OF_ONE: Final = 4
MOST_BESIDE_OTHERS: Final = 2
MOST_COOPERATIVES: Final = 64
# A search through all that was kept comes once for so many as before, while a file is worked on.
RARER: Final = 100
_KEPT: Final = "tenants.file_threads"

FILES_WAIT: Final = ErrorType(
    "tenants.files_wait",
    429,
    id="Berkas sebelumnya masih dibaca. Tunggu sebentar, lalu kirim lagi.",
    en="An earlier file is still being read. Wait a moment and send it again.",
)


class FileThreads:
    """The threads of one process, and who waits for them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="file")
        self._at_work: set[str] = set()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # in the order in which it is their turn
        self._usual_searches = gc.get_threshold()

    async def run(self, whose: str, work: Callable[[], T], then: Callable[[T], None] | None = None) -> T:
        """Do ``work`` in a thread when it is the turn of ``whose`` file, then ``then`` here with what it
        gave. Raises DomainError tenants.files_wait.

        A thread cannot be stopped: work that began is done to its end, and ``then`` too, even when the caller
        is cancelled.
        """
        self._refuse_too_many(whose)
        await self._turn(whose)
        here = contextvars.copy_context()
        try:
            working = asyncio.get_running_loop().run_in_executor(self._threads, lambda: here.run(work))
        except BaseException:
            self._end(whose)
            raise

        def ended(done: asyncio.Future[T]) -> None:
            self._end(whose)
            if then is not None and not done.cancelled() and done.exception() is None:
                then(done.result())

        working.add_done_callback(ended)  # before the caller hears of it
        return await asyncio.shield(working)

    def _refuse_too_many(self, whose: str) -> None:
        """A cooperative of which nothing is there is taken in, however much others sent."""
        there = len(self._waiting.get(whose, ())) + (whose in self._at_work)
        most = MOST_BESIDE_OTHERS if self._waiting.keys() - {whose} else MOST_OF_ONE
        if there >= most or (not there and len(self._waiting.keys() | self._at_work) >= MOST_COOPERATIVES):
            raise FILES_WAIT(minutes=1)

    async def _turn(self, whose: str) -> None:
        """Wait until a thread is free for ``whose`` file, and take it."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(whose, deque()).append(turn)
        self._begin()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(whose, turn)
            else:  # it became the turn of somebody who had just left
                self._end(whose)
            raise

    def _begin(self) -> None:
        """Give the threads that are free to those whose turn it is."""
        for whose in list(self._waiting):
            if len(self._at_work) == AT_ONCE:
                return
            if whose in self._at_work:
                continue
            turns = self._waiting.pop(whose)
            turn = turns.popleft()
            if turns:
                self._waiting[whose] = turns  # behind the others
            if turn.cancelled():
                self._begin()
                return
            if not self._at_work:
                self._search_rarely()
            self._at_work.add(whose)
            turn.set_result(None)

    def _leave(self, whose: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(whose, deque())
        if turn in turns:
            turns.remove(turn)
        if not turns:
            self._waiting.pop(whose, None)

    def _end(self, whose: str) -> None:
        self._at_work.remove(whose)
        if not self._at_work:
            gc.set_threshold(*self._usual_searches)
        self._begin()

    def _search_rarely(self) -> None:
        """The tens of thousands of lines of a file would be gone through again and again, each time with
        every thread waiting for tenths of a second.

        What became garbage lately is still looked for, so pages that are answered meanwhile leave nothing
        behind.
        """
        self._usual_searches = young, middle, old = gc.get_threshold()
        gc.set_threshold(young, middle, old * RARER)

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def read_in_thread(database: Database, tenant: TenantRef, work: Callable[[Reader], Awaitable[T]]) -> T:
    """Do ``work`` in a read-only transaction of ``tenant``, in a thread.

    Raises DomainError tenants.files_wait, and what ``work`` raises.
    """

    async def read(own: Database) -> T:
        async with coop_reader(own, tenant, IMPORT) as ro:
            return await work(ro)

    return await _in_thread(database, tenant.schema_name, read)


async def write_in_thread(
    database: Database, tenant: TenantRef, work: Callable[[AsyncSession], Awaitable[T]]
) -> T:
    """Do ``work`` in a write transaction of ``tenant``, in a thread: returning commits.

    Raises DomainError tenants.files_wait, and what ``work`` raises.
    """

    async def write(own: Database) -> tuple[T, bool]:
        async with coop_session(own, tenant, IMPORT) as db:
            done = await work(db)
        return done, bool(db.sync_session.info.get("registry_announced"))

    def forget(written: tuple[T, bool]) -> None:
        forget_here(database, tenant.schema_name)
        if written[1]:
            forget_here(database, REGISTRY)

    return (await _in_thread(database, tenant.schema_name, write, forget))[0]


async def compute_in_thread(database: Database, whose: str, work: Callable[[], T]) -> T:
    """Do ``work``, which asks no database, in a thread.

    Raises DomainError tenants.files_wait, and what ``work`` raises.
    """
    return await _threads_of(database).run(whose, work)


async def _in_thread(
    database: Database,
    whose: str,
    work: Callable[[Database], Awaitable[T]],
    then: Callable[[T], None] | None = None,
) -> T:
    async def with_connections() -> T:
        own = database.clone_for_event_loop()
        try:
            return await work(own)
        finally:
            await own.close()

    return await _threads_of(database).run(whose, lambda: asyncio.run(with_connections()), then)


def _threads_of(database: Database) -> FileThreads:
    found: FileThreads | None = database.process_state.get(_KEPT)
    if found is None:
        found = database.process_state[_KEPT] = FileThreads()
        database.close_callbacks.append(lambda: _close(database))
    return found


async def _close(database: Database) -> None:
    threads: FileThreads = database.process_state.pop(_KEPT)
    threads.close()
