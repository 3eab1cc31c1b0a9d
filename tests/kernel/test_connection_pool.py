"""Places are shared, waited for in turn, and the pool closes what nobody needs."""

import asyncio

import asyncpg
import pytest

from kernel import connection_pool, shares
from kernel.connection_pool import ConnectionPool
from kernel.shares import NoPlaceFree, Shares


def soon(seconds: float = 5) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_nobody_has_more_than_half_and_the_other_half_is_free_for_others() -> None:
    places = Shares(4)
    for _ in range(2):
        await places.take("melati", soon())
    with pytest.raises(NoPlaceFree):
        await places.take("melati", soon(0.02))
    for _ in range(2):
        await places.take("mawar", soon(0.02))
    assert places.taken == 4


async def test_those_who_wait_are_served_in_turn_whatever_the_length_of_their_queues() -> None:
    places, served = Shares(2), []
    for whom in ("melati", "mawar"):
        await places.take(whom, soon())

    async def wait(whom: str) -> None:
        await places.take(whom, soon())
        served.append(whom)
        await asyncio.sleep(0)
        places.give_back(whom)

    waiting = [asyncio.create_task(wait("melati")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(wait("kenanga")))
    await asyncio.sleep(0)
    places.give_back("mawar")  # melati has its half
    await asyncio.sleep(0)
    places.give_back("melati")
    await asyncio.gather(*waiting)
    assert served[0] == "kenanga"
    assert sorted(served) == ["kenanga", "melati", "melati", "melati"]
    assert places.taken == 0


async def test_the_queue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "WAITING_EACH", 2)
    places = Shares(2)
    await places.take("melati", soon())
    waiting = [asyncio.create_task(places.take("melati", soon())) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(NoPlaceFree):
        await places.take("melati", soon())
    await places.take("mawar", soon())
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    places.give_back("melati")
    await places.take("melati", soon(0.02))  # who gave up is not waited for


async def test_a_place_that_comes_back_as_a_wait_is_cancelled_is_free() -> None:
    places = Shares(2)
    await places.take("melati", soon())
    waiting = asyncio.create_task(places.take("melati", soon()))
    await asyncio.sleep(0)
    waiting.cancel()
    places.give_back("melati")  # before the cancelled task runs
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert places.taken == 0
    await places.take("melati", soon(0.02))
    assert places.taken == 1


async def test_a_place_that_comes_back_as_a_wait_times_out_is_free() -> None:
    loop, places = asyncio.get_running_loop(), Shares(2)
    await places.take("melati", soon())
    until = soon(0.02)
    waiting = asyncio.create_task(places.take("melati", until))
    await asyncio.sleep(0)
    returned = loop.create_future()

    def give_back() -> None:
        returned.set_result(waiting.done())
        places.give_back("melati")

    loop.call_at(until, give_back)  # in the loop turn of the time-out, after it
    assert not await returned
    with pytest.raises(NoPlaceFree):
        await waiting
    assert places.taken == 0
    await places.take("melati", soon(0.02))


async def test_a_place_that_was_granted_as_its_wait_is_cancelled_goes_to_the_next() -> None:
    places = Shares(2)
    await places.take("melati", soon())
    first, second = (asyncio.create_task(places.take("melati", soon())) for _ in range(2))
    await asyncio.sleep(0)
    places.give_back("melati")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    assert places.taken == 1
    places.give_back("melati")
    assert places.taken == 0


async def test_who_gave_up_is_passed_over_for_who_still_waits() -> None:
    places = Shares(2)
    await places.take("melati", soon())
    gone, still = (asyncio.create_task(places.take("melati", soon())) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    places.give_back("melati")
    await still
    assert places.taken == 1
    await asyncio.gather(gone, return_exceptions=True)
    assert places.taken == 1


class Wire:
    def __init__(self) -> None:
        self.open = True


def pool_of(
    size: int, opened: list[Wire], *, wait: float = 5, full: list[bool] | None = None
) -> ConnectionPool[Wire]:
    async def opens() -> Wire:
        await asyncio.sleep(0)
        if full is not None and full[0]:
            raise asyncpg.TooManyConnectionsError("sorry, too many clients already")
        opened.append(Wire())
        return opened[-1]

    async def closes(wire: Wire, _gently: bool) -> None:
        wire.open = False

    return ConnectionPool(size, wait=wait, keep=1, opens=opens, is_open=lambda wire: wire.open, closes=closes)


async def test_what_is_idle_for_long_is_closed_but_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_pool, "IDLE_SECONDS", 0.05)
    opened: list[Wire] = []
    pool = pool_of(8, opened)
    lent = [(whom, await pool.acquire(whom)) for whom in ("melati", "mawar", "kenanga")]
    for whom, each in lent:
        pool.release(each, whom, healthy=True)
    assert pool.opened == 3
    await asyncio.sleep(0.2)
    assert (pool.opened, [wire.open for wire in opened]) == (1, [False, False, True])
    await pool.close()
    assert not any(wire.open for wire in opened)


async def test_a_connection_that_ended_meanwhile_is_never_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Wire] = []
    pool = pool_of(4, opened)
    first = await pool.acquire("melati")
    pool.release(first, "melati", healthy=True)
    first.connection.open = False
    second = await pool.acquire("melati")
    assert second.connection is not first.connection
    pool.release(second, "melati", healthy=False)
    assert (await pool.acquire("melati")).connection is not second.connection


async def test_while_the_server_is_full_the_connections_that_stand_serve_everybody() -> None:
    opened: list[Wire] = []
    full = [False]
    pool = pool_of(10, opened, full=full)
    pool.release(await pool.acquire("melati"), "melati", healthy=True)
    full[0] = True

    async def work(at: int) -> None:
        whom = ("melati", "mawar")[at % 2]
        lent = await pool.acquire(whom)
        await asyncio.sleep(0.005)
        pool.release(lent, whom, healthy=True)

    await asyncio.gather(*(work(at) for at in range(40)))
    assert len(opened) == 1
    await pool.close()


async def test_a_server_that_stays_full_is_given_up_in_time() -> None:
    pool = pool_of(10, [], wait=0.3, full=[True])
    with pytest.raises(NoPlaceFree):
        await pool.acquire("melati")
