"""PostgreSQL is killed, stopped and restarted while a web process and a worker run."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from conftest import SignedInClient
from factories.isolated_installation import PRODUCTION, Installation, isolated_installation
from factories.processes import free_port, web_process, worker_process
from kernel.database import Database, libpq_url
from kernel.outbox import enqueue
from tenants.registry import TenantRef
from tenants.session import coop_session
from web import database_outage
from web.dispatch import HostDispatcher

Visitor = Callable[[str], httpx.AsyncClient]


@pytest.fixture(scope="module")
async def own() -> AsyncIterator[Installation]:
    async with isolated_installation() as made:
        yield made


class HttpProbe:
    """Sends requests of browsers and of machines to melati's host, and counts the answers."""

    def __init__(self, port: int, base_domain: str) -> None:
        self.base_domain = base_domain
        self.counted: Counter[int] = Counter()
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)

    async def __call__(
        self, path: str, *, label: str = "melati", method: str = "GET", content: str = "", **headers: str
    ) -> httpx.Response:
        expected = {"host": f"{label}.{self.base_domain}", "accept": "text/html"}
        expected |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self._client.request(method, path, headers=expected, content=content or None)
        self.counted[answer.status_code] += 1
        return answer

    async def until(
        self, path: str, wanted: Callable[[httpx.Response], bool], seconds: float
    ) -> httpx.Response:
        deadline = time.monotonic() + seconds
        while not wanted(answer := await self(path)):
            assert time.monotonic() < deadline, f"{path} still answers {answer.status_code}"
            await asyncio.sleep(0.1)
        return answer

    async def close(self) -> None:
        await self._client.aclose()


def lines_of(log: Path) -> list[dict[str, object]]:
    """Return every line of the log; each must be one JSON object."""
    return [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.strip()]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_while_postgresql_is_away_every_answer_is_ours_and_what_was_kept_is_shown(
    own: Installation, tmp_path: Path, how: str
) -> None:
    port, log = free_port(), tmp_path / "web.log"
    base_domain = f"lumbung.test:{port}"
    asking = HttpProbe(port, base_domain)
    with web_process(own.database, port, base_domain, log, PRODUCTION):
        for _ in range(3):
            assert (await asking("/")).status_code == 200
            await asyncio.sleep(0.2)  # the listener connects, and clears the caches once
        asking.counted.clear()
        getattr(own, how)()
        away_since = time.monotonic()

        before = [await asking("/") for _ in range(20)]
        assert {answer.status_code for answer in before} == {200}
        page = await asking("/?cari=beras")
        assert (page.status_code, page.headers["retry-after"]) == (503, "10")
        assert "Ada gangguan di pihak kami" in page.text
        number = page.text.partition("kepada pengurus: ")[2][:8]
        assert "Something is wrong on our side" in (await asking("/?cari=teh", cookie="bahasa=en")).text
        signed_in = await asking("/pengurus", cookie="__Host-lumbung=abc; lumbung=abc")
        assert (signed_in.status_code, signed_in.headers["content-type"]) == (503, "text/html; charset=utf-8")
        machine = await asking("/?cari=1", accept="application/json")
        assert machine.headers["content-type"] == "application/problem+json"
        assert machine.json()["type"] == "urn:lumbung:web.database_away"
        fragment = await asking("/?cari=2", hx_request="true")
        assert (fragment.status_code, "<html" in fragment.text) == (503, False)
        for label in ("melati", "unheard-of"):
            message = await asking("/webhooks/abc", method="POST", label=label)
            assert (message.status_code, message.content, message.headers["retry-after"]) == (503, b"", "10")
        token = before[0].text.partition('name="csrf" value="')[2].partition('"')[0]
        form = await asking(
            "/keranjang",
            method="POST",
            content=f"csrf={token}&product=BRS5&quantity=1",
            content_type="application/x-www-form-urlencoded",
            origin=f"https://melati.{base_domain}",
        )
        assert form.status_code == 503
        answers = await asyncio.gather(*(asking(f"/?cari={at}") for at in range(60)))
        assert {answer.status_code for answer in answers} == {503}
        assert asking.counted.keys() == {200, 503}
        assert time.monotonic() - away_since < 55, "too late to say anything about what is kept"

        expected = {"database unavailable", "a message could not be stored"}
        unavailable = [line for line in lines_of(log) if line["event"] in expected]
        assert len(unavailable) == asking.counted[503], "one line each"
        assert number in {line.get("number") for line in unavailable}
        assert not any("exception" in line for line in lines_of(log))

        own.start()
        await asking.until("/?cari=beras", lambda answer: answer.status_code == 200, 15)
        async with coop_session(own.database, own.melati) as db:
            await db.execute(
                text("UPDATE products SET name = :name WHERE sku = 'BRS5'"), {"name": f"Beras {how}"}
            )
        await asking.until("/", lambda answer: f"Beras {how}" in answer.text, 15)
    await asking.close()


@pytest.mark.slow
async def test_a_worker_outlives_its_postgresql_and_goes_on(own: Installation, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    settings = {
        "LUMBUNG_APP_DATABASE_URL": libpq_url(own.database.app_url),
        "LUMBUNG_BASE_DOMAIN": "lumbung.test",
        **PRODUCTION,
    }

    async def done(key: str) -> None:
        async with coop_session(own.database, own.melati) as db:
            await enqueue(db, "tenants.delete_finished_job_keys", {}, key=key)
        deadline = time.monotonic() + 60
        while True:
            async with coop_session(own.database, own.melati) as db:
                found = await db.execute(
                    text("SELECT count(*) FROM finished_jobs WHERE key = :key"), {"key": key}
                )
            if found.scalar_one():
                return
            assert time.monotonic() < deadline, log.read_text("utf-8")
            await asyncio.sleep(0.2)

    with worker_process(settings, log) as worker:
        await done("before")
        for how in (own.kill, own.stop):
            how()
            await asyncio.sleep(5)
            own.start()
            await done(f"after-{how.__name__}")
        relay = [line for line in lines_of(log) if line["event"] == "relay will try again"]
        assert relay, "the relay says nothing"
        assert len(relay) < 20, "the relay does not pause"
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, 30) == 0


async def test_sessions_are_forgotten_at_once_and_pages_after_a_while(
    app: HostDispatcher,
    melati: TenantRef,
    visitor: Visitor,
    officer_client: SignedInClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database_outage, "STALE_SECONDS", 0.3)
    client = visitor("melati")
    schema = melati.schema_name
    for _ in range(100):
        await client.get("/")
        await officer_client.get("/pengurus")
        if app.page_cache.get(schema, ("page", "id", "/", b"")) and any(
            key[0] == "viewer" for key in app.page_cache._keys[schema]
        ):
            break
        await asyncio.sleep(0.02)
    app.outage_handler.on_connection_lost()
    assert not any(key[0] == "viewer" for key in app.page_cache._keys[schema])
    assert app.page_cache.get(schema, ("page", "id", "/", b"")) is not None
    assert "melati" in app.hosts._hosts
    await client.get("/?cari=beras")
    assert app.page_cache.get(schema, ("page", "id", "/", b"cari=beras")) is None, (
        "kept while no change is heard of"
    )
    await asyncio.sleep(0.5)
    assert app.page_cache.get(schema, ("page", "id", "/", b"")) is None
    assert "melati" not in app.hosts._hosts
    app.outage_handler.on_connection_restored()
    await client.get("/")
    assert app.page_cache.get(schema, ("page", "id", "/", b"")) is not None


async def test_a_webhook_of_a_cooperative_that_waits_for_its_migration_comes_again(
    app: HostDispatcher, database: Database, melati: TenantRef, visitor: Visitor
) -> None:
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text("UPDATE shared.cooperatives SET revision = '0001' WHERE schema_name = :name"),
            {"name": melati.schema_name},
        )
    app.hosts.clear()
    answer = await visitor("melati").post("/webhooks/abc", content=b"{}")
    assert (answer.status_code, answer.content) == (503, b"")
    assert answer.headers["retry-after"].isdecimal()
