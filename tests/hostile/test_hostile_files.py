"""Files that take long to read, and exports whose reader leaves, do not keep the process from answering
others.
"""

import asyncio
import contextlib
import csv
import hashlib
import hmac
import io
import threading
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from conftest import BASE_DOMAIN, SignedInClient, SignInAs
from factories.cooperatives import PASSWORD
from factories.processes import caddy_process, free_port, web_process
from kernel import clock
from kernel.database import Database, as_reader
from kernel.money import Rupiah
from kernel.settings import Settings
from ledger import Journal, JournalLine, post_journal
from ledger.chart import OTHER_INCOME, PAYROLL_RECEIVABLES
from operators.add_operator import add_operator
from tenants.registry import TenantRef
from tenants.session import coop_session, owner_session
from web.dispatch import HostDispatcher

Visitors = Callable[[str], httpx.AsyncClient]

PEOPLE = (
    "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\r\n"
    "1000,Tono,L,0812-0000-9999,2023-05-23,100000,240000,0\r\n1001,Salah,L,021,2023-05-23,100000,240000,0\r\n"
)
GOODS = "sku,barcode,name,category,unit,cost,price,stock\r\nT1,,Teh melati,Minuman,Pak,9000,12500,20\r\n"
STATEMENT = (
    "Tanggal;Uraian;Masuk;Saldo\n04/05/2026;Setoran tunai;50.000;150.000\n05/05/2026;Setoran;60.000;210.000\n"
)
ANSWER = "nomor anggota,dipotong\n0001,50000\n"


@pytest.fixture
def reading_threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The threads in which CSV was read, one entry for each time."""
    threads: list[int] = []
    really = csv.reader

    def reader(*args: Any, **options: Any) -> Any:
        threads.append(threading.get_ident())
        return really(*args, **options)

    monkeypatch.setattr(csv, "reader", reader)
    return threads


def _read_elsewhere(threads: list[int]) -> bool:
    """Return whether something was read since the last call, and never in the thread of the event loop."""
    seen = set(threads)
    threads.clear()
    return bool(seen) and threading.get_ident() not in seen


async def _send(client: SignedInClient, path: str, content: str, **fields: str) -> httpx.Response:
    return await client.post(path, dict(fields), files={"file": ("berkas.csv", content.encode(), "text/csv")})


@pytest.mark.parametrize(
    ("path", "content"),
    [("/pengurus/anggota/impor", PEOPLE), ("/pengurus/barang/impor", GOODS)],
    ids=["people", "goods"],
)
async def test_an_import_is_read_beside_the_thread_that_answers(
    officer_client: SignedInClient, reading_threads: list[int], path: str, content: str
) -> None:
    day = "2026-01-01"
    assert (await _send(officer_client, path, content, as_of=day)).status_code == 200
    assert _read_elsewhere(reading_threads)
    for step in ("ditolak", "pencatatan"):
        sent = {"content": content, "as_of": day, "skip_bad": "1"}
        assert (await officer_client.post(f"{path}/{step}", sent)).status_code in (200, 303)
        assert _read_elsewhere(reading_threads)


async def test_a_statement_is_read_beside_the_thread_that_answers(
    officer_client: SignedInClient, reading_threads: list[int]
) -> None:
    path, method = "/pengurus/pembayaran/mutasi/impor", "bank_transfer"
    assert "Kolom" in (await _send(officer_client, path, STATEMENT, method=method)).text
    assert _read_elsewhere(reading_threads)
    sent = {"method": method, "content": STATEMENT}
    assert (await officer_client.post(f"{path}/kolom", dict(sent))).status_code == 200
    assert _read_elsewhere(reading_threads)
    columns = {"name": "Bank Contoh", "date": "0", "text": "1", "credit": "2", "balance": "3"}
    assert (await officer_client.post(f"{path}/susunan", sent | columns)).status_code == 200
    assert _read_elsewhere(reading_threads)
    assert (await officer_client.post(f"{path}/pencatatan", dict(sent))).status_code == 303
    assert _read_elsewhere(reading_threads)


async def test_an_employers_answer_is_read_beside_the_thread_that_answers(
    officer_client: SignedInClient, database: Database, melati: TenantRef, reading_threads: list[int]
) -> None:
    async with coop_session(database, melati) as db:
        member = await as_reader(db).value("SELECT id FROM members WHERE number = '0001'")
        lines = [
            JournalLine.to_debit(PAYROLL_RECEIVABLES, Rupiah(50_000), member),
            JournalLine.to_credit(OTHER_INCOME, Rupiah(50_000)),
        ]
        await post_journal(db, Journal(clock.today(), "Belanja potong gaji", "test:1", lines), by="test")
    home, day = "/pengurus/pembayaran/potong-gaji", clock.today().isoformat()
    batch = (await officer_client.post(home, {"title": "Juni", "key": str(uuid4())})).headers["location"]
    assert (await _send(officer_client, f"{batch}/balasan", ANSWER, on=day)).status_code == 200
    assert _read_elsewhere(reading_threads)
    taken = await officer_client.post(f"{batch}/balasan/pencatatan", {"on": day, "content": ANSWER})
    assert taken.status_code == 303
    assert _read_elsewhere(reading_threads)


async def test_the_platforms_statement_is_read_beside_the_thread_that_answers(
    visitor: Visitors, database: Database, settings: Settings, reading_threads: list[int]
) -> None:
    async with owner_session(database) as db:
        await add_operator(db, name="Wening Astuti", phone_number="0899-0000-7001", password=PASSWORD)
    client = visitor("operator")
    assert (
        await client.post("/masuk", data={"phone": "0899-0000-7001", "password": PASSWORD})
    ).status_code == 303
    message = b"form\0operator\0" + hashlib.sha256(client.cookies["lumbung"].encode()).digest()
    operator = SignedInClient(
        client, hmac.new(settings.secret_key.encode(), message, hashlib.sha256).hexdigest()
    )
    assert (await _send(operator, "/langganan/mutasi", STATEMENT)).status_code in (200, 422)
    assert _read_elsewhere(reading_threads)


@pytest.fixture
def held_reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[int]]]:
    """Block reading at its start until the event is set, or for ten seconds; the list has an entry for each
    start.
    """
    go, began = threading.Event(), []
    really = csv.reader

    def reader(*args: Any, **options: Any) -> Any:
        if not go.is_set():
            began.append(threading.get_ident())
            go.wait(10)
        return really(*args, **options)

    monkeypatch.setattr(csv, "reader", reader)
    yield go, began
    go.set()


async def test_one_file_of_a_cooperative_is_read_at_a_time_two_of_all_and_a_few_wait(
    officer_client: SignedInClient, sign_in: SignInAs, held_reading: tuple[threading.Event, list[int]]
) -> None:
    go, began = held_reading
    neighbour = await sign_in("mawar", "+6289900000001")

    def look(client: SignedInClient) -> asyncio.Task[httpx.Response]:
        return asyncio.create_task(_send(client, "/pengurus/barang/impor", GOODS, as_of="2026-01-01"))

    async def settle() -> None:
        for _ in range(40):
            await asyncio.sleep(0.01)

    own_requests = [look(officer_client) for _ in range(5)]
    await settle()
    assert len(began) == 1
    refused = [task for task in own_requests if task.done()]
    assert [task.result().status_code for task in refused] == [429]
    assert "dikirim atau dibaca" in refused[0].result().text
    assert "retry-after" in refused[0].result().headers
    other_request = look(neighbour)
    await settle()
    assert len(set(began)) == len(began) == 2
    go.set()
    answers = await asyncio.gather(other_request, *(task for task in own_requests if task not in refused))
    assert [answer.status_code for answer in answers] == [200] * 5


async def test_an_export_ends_when_its_reader_leaves(
    app: HostDispatcher, database: Database, melati: TenantRef, officer_client: SignedInClient
) -> None:
    left = asyncio.Event()
    first = True

    async def receive() -> dict[str, Any]:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        """Discard the message: nobody receives it."""

    host, path = f"melati.{BASE_DOMAIN}", "/pengurus/buku/ekspor.zip"
    cookie = f"lumbung={officer_client.client.cookies['lumbung']}"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", host.encode()), (b"cookie", cookie.encode())],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8000),
    }
    async with _held_journals(database, melati) as waiting:
        export = asyncio.create_task(app(scope, receive, send))
        await _until(waiting, 1)
        left.set()
        await _until(waiting, 0)
        await asyncio.wait_for(export, 5)


@pytest.mark.slow
@pytest.mark.parametrize("proxy", [False, True], ids=["direct", "caddy"])
async def test_the_servers_tell_that_a_reader_left(
    database: Database, melati: TenantRef, officer_client: SignedInClient, tmp_path: Path, proxy: bool
) -> None:
    upstream, port = free_port(), free_port()
    domain = f"localhost:{port}"
    caddy = {
        "LUMBUNG_BASE_DOMAIN": domain,
        "CADDY_UPSTREAM": f"127.0.0.1:{upstream}",
        "CADDY_SCHEME": "http",
        "CADDY_TLS": "none",
    }
    token = officer_client.client.cookies["lumbung"]
    head = (
        f"GET /pengurus/buku/ekspor.zip HTTP/1.1\r\nHost: melati.{domain}\r\nCookie: lumbung={token}\r\n\r\n"
    )
    with contextlib.ExitStack() as servers:
        servers.enter_context(
            web_process(database, upstream if proxy else port, domain, tmp_path / "web.log")
        )
        if proxy:
            servers.enter_context(caddy_process(caddy, port, tmp_path))
        async with _held_journals(database, melati) as waiting:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head.encode())
            await _until(waiting, 1)
            writer.close()
            await _until(waiting, 0)
        async with httpx.AsyncClient(trust_env=False) as client:  # a reader who stays gets the books
            headers = {"Host": f"melati.{domain}", "Cookie": f"lumbung={token}"}
            books = await client.get(f"http://127.0.0.1:{port}/pengurus/buku/ekspor.zip", headers=headers)
    assert zipfile.ZipFile(io.BytesIO(books.content)).testzip() is None
    assert "request failed" not in (tmp_path / "web.log").read_text("utf-8")


@contextlib.asynccontextmanager
async def _held_journals(database: Database, tenant: TenantRef) -> AsyncIterator[Callable[[], Any]]:
    """Lock the journals against reading; yield a function that counts those who wait for them."""
    table = f"{tenant.schema_name}.journals"
    count = text(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass")
    async with database.owner_engine.connect() as connection, database.owner_engine.connect() as other:
        await connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield lambda: other.scalar(count)
        await connection.rollback()


async def _until(count: Callable[[], Any], wanted: int) -> None:
    for _ in range(500):
        if await count() == wanted:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"never {wanted}")
