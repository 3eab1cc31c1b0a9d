"""The connection pool: shares, turns among cooperatives, and closing of idle connections."""

import asyncio

import asyncpg
import pytest

from kernel import connection_pool, fair_semaphore
from kernel.connection_pool import ConnectionPool
from kernel.fair_semaphore import FairSemaphore, PoolExhausted


def deadline_in(seconds: float = 5) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_nobody_has_more_than_half_and_the_other_half_is_free_for_others() -> None:
    semaphore = FairSemaphore(4)
    for _ in range(2):
        await semaphore.acquire("melati", deadline_in())
    with pytest.raises(PoolExhausted):
        await semaphore.acquire("melati", deadline_in(0.02))
    for _ in range(2):
        await semaphore.acquire("mawar", deadline_in(0.02))
    assert semaphore.in_use == 4


async def test_those_who_wait_are_served_in_turn_whatever_the_length_of_their_queues() -> None:
    semaphore, served = FairSemaphore(2), []
    for holder in ("melati", "mawar"):
        await semaphore.acquire(holder, deadline_in())

    async def wait(holder: str) -> None:
        await semaphore.acquire(holder, deadline_in())
        served.append(holder)
        await asyncio.sleep(0)
        semaphore.release(holder)

    waiting = [asyncio.create_task(wait("melati")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(wait("kenanga")))
    await asyncio.sleep(0)
    semaphore.release("mawar")  # melati has its half
    await asyncio.sleep(0)
    semaphore.release("melati")
    await asyncio.gather(*waiting)
    assert served[0] == "kenanga"
    assert sorted(served) == ["kenanga", "melati", "melati", "melati"]
    assert semaphore.in_use == 0


async def test_the_queue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_semaphore, "MAX_WAITERS_PER_HOLDER", 2)
    semaphore = FairSemaphore(2)
    await semaphore.acquire("melati", deadline_in())
    waiting = [asyncio.create_task(semaphore.acquire("melati", deadline_in())) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(PoolExhausted):
        await semaphore.acquire("melati", deadline_in())
    await semaphore.acquire("mawar", deadline_in())
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    semaphore.release("melati")
    await semaphore.acquire("melati", deadline_in(0.02))  # a request that gave up is skipped


async def test_a_place_that_comes_back_as_a_wait_is_cancelled_is_free() -> None:
    semaphore = FairSemaphore(2)
    await semaphore.acquire("melati", deadline_in())
    waiting = asyncio.create_task(semaphore.acquire("melati", deadline_in()))
    await asyncio.sleep(0)
    waiting.cancel()
    semaphore.release("melati")  # before the cancelled task runs
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert semaphore.in_use == 0
    await semaphore.acquire("melati", deadline_in(0.02))
    assert semaphore.in_use == 1


async def test_a_place_that_comes_back_as_a_wait_times_out_is_free() -> None:
    loop, semaphore = asyncio.get_running_loop(), FairSemaphore(2)
    await semaphore.acquire("melati", deadline_in())
    deadline = deadline_in(0.02)
    waiting = asyncio.create_task(semaphore.acquire("melati", deadline))
    await asyncio.sleep(0)
    returned = loop.create_future()

    def give_back() -> None:
        returned.set_result(waiting.done())
        semaphore.release("melati")

    loop.call_at(deadline, give_back)  # in the loop turn of the time-out, after it
    assert not await returned
    with pytest.raises(PoolExhausted):
        await waiting
    assert semaphore.in_use == 0
    await semaphore.acquire("melati", deadline_in(0.02))


async def test_a_place_that_was_granted_as_its_wait_is_cancelled_goes_to_the_next() -> None:
    semaphore = FairSemaphore(2)
    await semaphore.acquire("melati", deadline_in())
    first, second = (asyncio.create_task(semaphore.acquire("melati", deadline_in())) for _ in range(2))
    await asyncio.sleep(0)
    semaphore.release("melati")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    assert semaphore.in_use == 1
    semaphore.release("melati")
    assert semaphore.in_use == 0


async def test_who_gave_up_is_passed_over_for_who_still_waits() -> None:
    semaphore = FairSemaphore(2)
    await semaphore.acquire("melati", deadline_in())
    gone, still = (asyncio.create_task(semaphore.acquire("melati", deadline_in())) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    semaphore.release("melati")
    await still
    assert semaphore.in_use == 1
    await asyncio.gather(gone, return_exceptions=True)
    assert semaphore.in_use == 1


class FakeConnection:
    def __init__(self) -> None:
        self.open = True


def make_pool(
    size: int, opened: list[FakeConnection], *, wait: float = 5, full: list[bool] | None = None
) -> ConnectionPool[FakeConnection]:
    async def open_connection() -> FakeConnection:
        await asyncio.sleep(0)
        if full is not None and full[0]:
            raise asyncpg.TooManyConnectionsError("sorry, too many clients already")
        opened.append(FakeConnection())
        return opened[-1]

    async def close_connection(connection: FakeConnection, _graceful: bool) -> None:
        connection.open = False

    return ConnectionPool(
        size,
        acquire_timeout=wait,
        min_idle=1,
        open_connection=open_connection,
        is_open=lambda connection: connection.open,
        close_connection=close_connection,
    )


async def test_what_is_idle_for_long_is_closed_but_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_pool, "IDLE_SECONDS", 0.05)
    opened: list[FakeConnection] = []
    pool = make_pool(8, opened)
    pooled = [(holder, await pool.acquire(holder)) for holder in ("melati", "mawar", "kenanga")]
    for holder, each in pooled:
        pool.release(each, holder, healthy=True)
    assert pool.open_count == 3
    await asyncio.sleep(0.2)
    assert (pool.open_count, [connection.open for connection in opened]) == (1, [False, False, True])
    await pool.close()
    assert not any(connection.open for connection in opened)


async def test_a_connection_that_ended_meanwhile_is_never_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[FakeConnection] = []
    pool = make_pool(4, opened)
    first = await pool.acquire("melati")
    pool.release(first, "melati", healthy=True)
    first.connection.open = False
    second = await pool.acquire("melati")
    assert second.connection is not first.connection
    pool.release(second, "melati", healthy=False)
    assert (await pool.acquire("melati")).connection is not second.connection


async def test_while_the_server_is_full_the_connections_that_stand_serve_everybody() -> None:
    opened: list[FakeConnection] = []
    full = [False]
    pool = make_pool(10, opened, full=full)
    pool.release(await pool.acquire("melati"), "melati", healthy=True)
    full[0] = True

    async def work(at: int) -> None:
        holder = ("melati", "mawar")[at % 2]
        pooled = await pool.acquire(holder)
        await asyncio.sleep(0.005)
        pool.release(pooled, holder, healthy=True)

    await asyncio.gather(*(work(at) for at in range(40)))
    assert len(opened) == 1
    await pool.close()


async def test_a_server_that_stays_full_is_given_up_in_time() -> None:
    pool = make_pool(10, [], wait=0.3, full=[True])
    with pytest.raises(PoolExhausted):
        await pool.acquire("melati")
