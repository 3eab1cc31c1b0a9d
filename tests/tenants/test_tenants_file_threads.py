"""Files wait for their turn, and a few alone."""

import asyncio
import gc
import threading

import pytest

from kernel.database import Database, Reader, reader_of
from kernel.errors import Refusal
from tenants.file_threads import AT_ONCE, MOST_OF_ALL, MOST_OF_ONE, FileThreads, read_in_thread
from tenants.registry import TenantRef
from tenants.session import coop_session


class Held:
    """Work that ends when it is let go; knows how many were done at the same time."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.now = self.most = 0
        self._lock = threading.Lock()

    def work(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.go.wait(10)
        with self._lock:
            self.now -= 1

    async def begun(self, count: int) -> None:
        for _ in range(500):
            if self.now == count:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"{self.now} began, not {count}")


async def test_of_all_cooperatives_two_are_served_at_once_and_a_few_wait() -> None:
    threads, held = FileThreads(), Held()
    there = [asyncio.create_task(threads.run(f"coop-{at}", held.work)) for at in range(MOST_OF_ALL)]
    await held.begun(AT_ONCE)
    with pytest.raises(Refusal) as refused:
        await threads.run("one-more", held.work)
    assert (refused.value.code, refused.value.status) == ("tenants.files_wait", 429)
    held.go.set()
    await asyncio.gather(*there)
    assert held.most == AT_ONCE
    await threads.run("one-more", held.work)
    threads.close()


async def test_of_one_cooperative_one_is_served_at_a_time_and_what_fails_makes_room() -> None:
    threads, held = FileThreads(), Held()
    there = [asyncio.create_task(threads.run("melati", held.work)) for _ in range(MOST_OF_ONE)]
    await held.begun(1)
    with pytest.raises(Refusal):
        await threads.run("melati", held.work)
    held.go.set()
    await asyncio.gather(*there)
    assert held.most == 1
    assert not await threads.run("melati", gc.isenabled)
    assert gc.isenabled()
    for _ in range(MOST_OF_ONE + 1):
        with pytest.raises(ZeroDivisionError):
            await threads.run("melati", lambda: 1 // 0)
    threads.close()


async def test_work_is_bound_to_its_cooperative_and_its_connections_are_closed(
    database: Database, melati: TenantRef
) -> None:
    async def whose(ro: Reader) -> tuple[str, int]:
        name = await ro.value("SELECT name FROM profile")
        return str(name), await ro.value("SELECT pg_backend_pid()")

    name, backend = await read_in_thread(database, melati, whose)
    assert name == "Koperasi Melati"
    async with coop_session(database, melati) as db:
        ro = await reader_of(db)
        for _ in range(100):
            if not await ro.value("SELECT count(*) FROM pg_stat_get_activity($1) WHERE pid IS NOT NULL", backend):
                return
            await asyncio.sleep(0.02)
    pytest.fail("the connection of the thread is still open")
