"""Files are processed in turn, a few at a time."""

import asyncio
import gc
import threading

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.database import Database, Reader, as_reader
from kernel.errors import DomainError
from kernel.file_threads import (
    MAX_COOPERATIVES,
    MAX_FILES_PER_COOPERATIVE,
    MAX_FILES_UNDER_CONTENTION,
    MAX_THREADS,
    FileThreadPool,
    TooManyFiles,
)
from tenants.file_thread_pool import (
    compute_in_thread,
    read_in_thread,
    write_in_thread,
)
from tenants.registry import TenantRef
from tenants.session import coop_session


class BlockingWork:
    """Work that ends when it is released; counts how many ran at the same time."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.running = self.max_running = 0
        self._lock = threading.Lock()

    def work(self) -> None:
        with self._lock:
            self.running += 1
            self.max_running = max(self.max_running, self.running)
        self.release.wait(10)
        with self._lock:
            self.running -= 1

    async def wait_until_running(self, count: int) -> None:
        for _ in range(500):
            if self.running == count:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"{self.running} began, not {count}")


async def test_of_all_cooperatives_two_are_served_at_once_and_a_few_wait(database: Database) -> None:
    blocking = BlockingWork()
    there = [
        asyncio.create_task(compute_in_thread(database, f"coop-{at}", blocking.work))
        for at in range(MAX_COOPERATIVES)
    ]
    await blocking.wait_until_running(MAX_THREADS)
    with pytest.raises(DomainError) as refused:
        await compute_in_thread(database, "one-more", blocking.work)
    assert (refused.value.code, refused.value.status) == ("tenants.files_wait", 429)
    blocking.release.set()
    await asyncio.gather(*there)
    assert blocking.max_running == MAX_THREADS
    await compute_in_thread(database, "one-more", blocking.work)


async def test_of_one_cooperative_one_is_served_at_a_time_and_what_fails_makes_room() -> None:
    threads, blocking = FileThreadPool(), BlockingWork()
    there = [
        asyncio.create_task(threads.run("melati", blocking.work)) for _ in range(MAX_FILES_PER_COOPERATIVE)
    ]
    await blocking.wait_until_running(1)
    with pytest.raises(TooManyFiles):
        await threads.run("melati", blocking.work)
    blocking.release.set()
    await asyncio.gather(*there)
    assert blocking.max_running == 1
    for _ in range(MAX_FILES_PER_COOPERATIVE + 1):
        with pytest.raises(ZeroDivisionError):
            await threads.run("melati", lambda: 1 // 0)
    threads.close()


async def test_a_cooperative_of_which_nothing_is_there_is_taken_in_and_turns_go_round() -> None:
    threads, blocking, done = FileThreadPool(), BlockingWork(), list[str]()

    def send(whose: str) -> asyncio.Task[None]:
        return asyncio.create_task(
            threads.run(whose, blocking.work if len(there) < MAX_THREADS else lambda: done.append(whose))
        )

    there: list[asyncio.Task[None]] = []
    there += [send("a")]
    there += [send("b")]
    await blocking.wait_until_running(MAX_THREADS)
    for whose in ("a", "a", "a", "b", "c", "c", "melati"):
        there.append(send(whose))
    await asyncio.sleep(0)
    for whose in ("b", "c"):
        assert MAX_FILES_UNDER_CONTENTION == 2
        with pytest.raises(TooManyFiles):
            await send(whose)
    blocking.release.set()
    await asyncio.gather(*there)
    assert sorted(done[:4]) == ["a", "b", "c", "melati"]
    assert sorted(done[4:]) == ["a", "a", "c"]
    threads.close()


async def test_whoever_leaves_makes_no_room_before_the_thread_is_done() -> None:
    threads, blocking, received = FileThreadPool(), BlockingWork(), list[int]()
    left = asyncio.create_task(threads.run("melati", lambda: blocking.work() or 7, received.append))
    await blocking.wait_until_running(1)
    next_one = asyncio.create_task(threads.run("melati", blocking.work))
    gone = asyncio.create_task(threads.run("melati", blocking.work))
    await asyncio.sleep(0)
    left.cancel()
    gone.cancel()
    await asyncio.gather(left, gone, return_exceptions=True)
    assert left.cancelled()
    # the other thread is free, but no file of melati was started in it
    await threads.run("mawar", lambda: None)
    assert (blocking.running, next_one.done(), received) == (1, False, [])
    blocking.release.set()
    await next_one
    assert blocking.max_running == 1
    assert received == [7]
    await threads.run("melati", lambda: None)
    threads.close()


async def test_who_leaves_in_the_moment_of_their_turn_passes_it_on() -> None:
    threads = FileThreadPool()
    left = asyncio.create_task(threads.run("melati", lambda: None))
    waits = asyncio.create_task(threads.run("melati", lambda: 7))
    await asyncio.sleep(0)
    left.cancel()
    assert await waits == 7
    threads.close()


async def test_a_full_collection_is_rare_while_a_file_is_read_and_the_young_generation_as_ever() -> None:
    threads = FileThreadPool()
    young, middle, old = gc.get_threshold()
    meanwhile = await threads.run("melati", lambda: (gc.isenabled(), *gc.get_threshold()))
    assert meanwhile[:3] == (True, young, middle)
    assert meanwhile[3] > old
    assert gc.get_threshold() == (young, middle, old)
    threads.close()


async def test_a_write_whose_caller_left_is_committed_and_what_was_kept_is_forgotten(
    database: Database, melati: TenantRef
) -> None:
    began, go, forgotten = threading.Event(), threading.Event(), asyncio.Queue[str]()

    async def write(db: AsyncSession) -> None:
        await db.execute(text("UPDATE profile SET tagline = 'Tertulis'"))
        began.set()
        go.wait(10)

    database.services.on_change = forgotten.put_nowait
    task = asyncio.create_task(write_in_thread(database, melati, write))
    await asyncio.to_thread(began.wait, 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert forgotten.empty()
    go.set()
    assert await asyncio.wait_for(forgotten.get(), 10) == melati.schema_name
    async with coop_session(database, melati) as db:
        assert await db.scalar(text("SELECT tagline FROM profile")) == "Tertulis"


async def test_work_is_bound_to_its_cooperative_and_its_connections_are_closed(
    database: Database, melati: TenantRef
) -> None:
    async def whose(ro: Reader) -> tuple[str, int]:
        name = await ro.value("SELECT name FROM profile")
        return str(name), await ro.value("SELECT pg_backend_pid()")

    name, backend = await read_in_thread(database, melati, whose)
    assert name == "Koperasi Melati"
    async with coop_session(database, melati) as db:
        ro = as_reader(db)
        for _ in range(100):
            if not await ro.value(
                "SELECT count(*) FROM pg_stat_get_activity($1) WHERE pid IS NOT NULL", backend
            ):
                return
            await asyncio.sleep(0.02)
    pytest.fail("the connection of the thread is still open")


async def test_work_in_a_thread_reaches_every_cell(
    database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = msgspec.structs.replace(melati, cell="second")
    # a second server is not here; the same one stands for it
    monkeypatch.setitem(database.services.databases, "second", database)

    async def name(ro: Reader) -> str:
        return str(await ro.value("SELECT name FROM profile"))

    assert await read_in_thread(database, second, name) == "Koperasi Melati"
    clone = database.services.clone_for_event_loop()
    assert clone.databases.keys() == {"main", "second"}
    assert all(each.services is clone for each in clone.databases.values())
