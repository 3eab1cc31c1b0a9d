"""One cooperative, a silent network or a full server does not harm the others: they are answered soon, with a
clear error.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from conftest import BASE_DOMAIN
from factories.isolated_installation import Installation, isolated_installation
from factories.processes import free_port, web_process, worker_process
from factories.silent_proxy import silent_proxy
from kernel.database import Database, libpq_url
from kernel.outbox import enqueue
from kernel.process_services import build_services
from kernel.settings import Settings
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session
from web.dispatch import HostDispatcher
from web.rate_limits import RateLimiter

Visitor = Callable[[str], httpx.AsyncClient]
MAX_ANSWER_SECONDS = 10.0  # seconds until a request that meets a lock or silence is answered
IDLE_SECONDS = 20.0
TOLERANCE_SECONDS = 5.0  # of a machine that runs other tests too


@pytest.fixture
async def own() -> AsyncIterator[Installation]:
    async with isolated_installation() as made:
        yield made


@pytest.mark.slow
async def test_a_lock_in_one_cooperative_leaves_its_neighbour_half_of_the_pool(
    app: HostDispatcher, database: Database, melati: TenantRef, mawar: TenantRef, visitor: Visitor
) -> None:
    locked, neighbour = visitor("melati"), visitor("mawar")
    assert {(await client.get("/")).status_code for client in (locked, neighbour)} == {200}
    holder = await asyncpg.connect(libpq_url(database.owner_url))
    hung: list[asyncio.Task[httpx.Response]] = []
    try:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute(f"LOCK TABLE {melati.schema_name}.products IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        hung += [asyncio.create_task(locked.get(f"/?cari=x{at}", timeout=60)) for at in range(30)]
        await asyncio.sleep(0.3)
        for at in range(10):
            answer = await asyncio.wait_for(neighbour.get(f"/?cari=y{at}"), 3)
            assert answer.status_code == 200
        assert not any(task.done() for task in hung), "the neighbour was served after the lock"
        assert database.pools().read.in_use <= 5, "one cooperative has more than half of the connections"
        answers = await asyncio.gather(*hung)
        assert time.monotonic() - began < MAX_ANSWER_SECONDS + TOLERANCE_SECONDS
        assert Counter(answer.status_code for answer in answers) == {503: 30}
        assert all(answer.headers["retry-after"].isdecimal() for answer in answers)
        await transaction.rollback()
        assert (await locked.get("/?cari=z")).status_code == 200
    finally:
        await holder.close()
        await asyncio.gather(*hung, return_exceptions=True)


@pytest.mark.slow
async def test_jobs_that_hang_leave_the_neighbours_jobs_a_thread(
    database: Database, melati: TenantRef, mawar: TenantRef, tmp_path: Path
) -> None:
    async with coop_session(database, melati) as db:
        for at in range(20):
            await enqueue(db, "test.hang", {}, key=f"hang-{at}")
    settings = {"url": libpq_url(database.owner_url), "folder": str(database.settings.data_dir)}
    with worker_process(settings, tmp_path / "worker.log", Path(__file__).with_name("hanging_worker.py")):
        await _wait_until(lambda: _running(database, "pg_sleep(40)"), lambda count: count >= 2, 30)
        async with coop_session(database, mawar) as db:
            for at in range(5):
                await enqueue(db, "test.pass", {}, key=f"pass-{at}")
        await _wait_until(lambda: _finished(database, mawar), lambda count: count == 5, 20)
        assert await _running(database, "pg_sleep(40)") <= 3
        assert await _finished(database, melati) == 0, "the neighbour's jobs were done after the hanging ones"


async def _wait_until(probe: Callable[[], object], wanted: Callable[[int], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not wanted(seen := await probe()):  # type: ignore[misc]
        assert time.monotonic() < deadline, f"still {seen}"
        await asyncio.sleep(0.2)


async def _running(database: Database, statement: str) -> int:
    async with database.owner_engine.connect() as connection:
        asked = text(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE :like"
            " AND pid <> pg_backend_pid() AND datname = current_database()"
        )
        return int((await connection.execute(asked, {"like": f"%{statement}"})).scalar_one())


async def _finished(database: Database, tenant: TenantRef) -> int:
    async with coop_reader(database, tenant) as ro:
        return int(
            await ro.value("SELECT count(*) FROM finished_jobs WHERE key LIKE 'hang-%' OR key LIKE 'pass-%'")
        )


@pytest.mark.slow
async def test_a_connection_that_went_silent_ends_within_ten_seconds(
    database: Database, melati: TenantRef, settings: Settings
) -> None:
    port = database.owner_url.port
    assert port is not None
    with silent_proxy(port) as proxy:
        through = build_services(libpq_url(database.owner_url.set(port=proxy.port)), settings).main_database
        dispatcher = HostDispatcher(settings, through)
        dispatcher.rate_limiter = RateLimiter(lambda _: None)
        await dispatcher.start()
        origin = f"http://melati.{BASE_DOMAIN}"
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(dispatcher),
            base_url=origin,
            headers={"origin": origin, "accept": "text/html"},
        ) as client:
            assert (await client.get("/?cari=a")).status_code == 200
            proxy.silent = True
            began = time.monotonic()
            page = asyncio.create_task(client.get("/?cari=b", timeout=60))
            writing = asyncio.create_task(_write(through, melati))
            answer = await asyncio.wait_for(page, MAX_ANSWER_SECONDS + TOLERANCE_SECONDS)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(writing, MAX_ANSWER_SECONDS + TOLERANCE_SECONDS)
            assert time.monotonic() - began < MAX_ANSWER_SECONDS + TOLERANCE_SECONDS
            assert answer.status_code == 503
            assert answer.headers["retry-after"].isdecimal()
            # the listener has noticed, too
            await _wait_until_true(
                lambda: not dispatcher.page_cache.is_writable, MAX_ANSWER_SECONDS + TOLERANCE_SECONDS
            )
            proxy.silent = False
            deadline = time.monotonic() + 20
            while (await client.get("/?cari=c", timeout=60)).status_code != 200:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.2)
        await dispatcher.stop()


async def _write(database: Database, tenant: TenantRef) -> None:
    async with coop_session(database, tenant) as db:
        await db.execute(text("SELECT 1"))


async def _wait_until_true(probe: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_a_server_without_a_connection_left_makes_wait_and_breaks_nothing(
    own: Installation, tmp_path: Path
) -> None:
    port = free_port()
    base_domain = f"localhost:{port}"
    extra = {"LUMBUNG_SECRET_KEY": own.database.settings.secret_key}
    await own.database.services.close()
    holding: list[asyncpg.Connection] = []
    with web_process(own.database, port, base_domain, tmp_path / "web.log", extra):
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"accept": "text/html"}, timeout=60, trust_env=False
        ) as client:
            assert (await client.get("/", headers={"host": f"melati.{base_domain}"})).status_code == 200
            try:
                while True:  # take every free connection
                    holding.append(await asyncpg.connect(own.url))
            except asyncpg.TooManyConnectionsError:
                pass
            asked = [
                client.get(f"/?cari={at}", headers={"host": f"{('melati', 'mawar')[at % 2]}.{base_domain}"})
                for at in range(60)
            ]
            answers = Counter(answer.status_code for answer in await asyncio.gather(*asked))
            assert answers.keys() <= {200, 503}, answers
            assert answers[200] >= 50, f"those that wait are served by the connections that stand: {answers}"
    for connection in holding:
        await connection.close()


@pytest.mark.slow
async def test_when_nothing_happens_a_process_holds_four_connections_at_most(
    own: Installation, tmp_path: Path
) -> None:
    port = free_port()
    base_domain = f"localhost:{port}"
    extra = {"LUMBUNG_SECRET_KEY": own.database.settings.secret_key}
    await own.database.services.close()
    with web_process(own.database, port, base_domain, tmp_path / "web.log", extra):
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
        ) as client:
            asked = [
                client.get(f"/?cari={at}", headers={"host": f"melati.{base_domain}"}) for at in range(40)
            ]
            assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}
            assert len(await own.last_queries()) > 4, "nothing was opened that could be closed"
            await asyncio.sleep(IDLE_SECONDS + 4)
            left = await own.last_queries()
            assert len(left) <= 4, left
    await asyncio.sleep(0.5)
    assert await own.last_queries() == []
    with worker_process({"LUMBUNG_DATABASE_URL": own.url, **extra}, tmp_path / "worker.log") as worker:
        async with coop_session(own.database, own.melati) as db:
            for _ in range(20):
                await enqueue(db, "tenants.delete_finished_job_keys", {})
        await own.database.services.close()
        await asyncio.sleep(IDLE_SECONDS * 2 + 10)
        left = await own.last_queries()
        assert 1 <= len(left) <= 4, left
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, 30) == 0
