import io
import uuid
import zipfile

import pytest

from conftest import SignedInClient, Visitors
from kernel.database import Database
from operators.suspend_cooperative import suspend_cooperative
from tenants.registry import REGISTRY, TenantRef
from tenants.session import coop_reader, shared_session
from web.dispatch import HostDispatcher
from web.suspension import is_available_suspended

SAFE = {"GET", "HEAD", "OPTIONS"}
FILLED = {"int": "1", "uuid": str(uuid.UUID(int=7)), "str": "x", "path": "x", "date": "2026-01-01"}


@pytest.fixture
def every_route(app: HostDispatcher) -> list[tuple[str, str, bool]]:
    """Return each method and path, and whether it stays available."""
    found = []
    for route in app._apps["cooperative"].routes:
        path = "".join(
            f"/{part}" if isinstance(part, str) else f"/{FILLED.get(part.full.partition(':')[2], 'x')}"
            for part in route.path_components
        )
        found += [
            (method, path or "/", is_available_suspended(handler))
            for method, (handler, _) in sorted(route.route_handler_map.items())
            if method != "OPTIONS"
        ]
    assert len(found) > 40
    return found


@pytest.fixture
async def suspended(app: HostDispatcher, database: Database) -> None:
    async with shared_session(database) as db:
        await suspend_cooperative(db, "melati", reason="Laporan belum dikirim", by="uji")
    app.on_change(REGISTRY)


async def fingerprint(database: Database, tenant: TenantRef) -> dict[str, int]:
    """Count the rows of every table of the cooperative except throttles and sessions."""
    async with coop_reader(database, tenant) as ro:
        names = await ro.records(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 AND table_name "
            "NOT IN ('throttles', 'sessions')",
            tenant.schema_name,
        )
        return {
            each["table_name"]: await ro.value(f'SELECT count(*) FROM "{each["table_name"]}"')
            for each in names
        }


async def test_a_visitor_finds_every_door_closed_but_the_sign_in(
    suspended: None,
    visitor: Visitors,
    every_route: list[tuple[str, str, bool]],
    database: Database,
    melati: TenantRef,
) -> None:
    before = await fingerprint(database, melati)
    client = visitor("melati")
    for method, path, is_available in every_route:
        answer = await client.request(method, path, data={"quantity": "1"} if method not in SAFE else None)
        if is_available:
            assert answer.status_code in (200, 303, 400, 401, 403, 404, 422), (method, path)
        elif path.startswith(("/pengurus", "/anggota")) and answer.status_code == 303:
            assert answer.headers["location"].startswith("/masuk")
        else:
            assert answer.status_code in (403, 404, 503), (method, path, answer.status_code)
            assert method in SAFE or answer.status_code != 200
    assert await fingerprint(database, melati) == before


async def test_officers_and_members_change_nothing(
    suspended: None,
    officer_client: SignedInClient,
    member_client: SignedInClient,
    every_route: list[tuple[str, str, bool]],
    database: Database,
    melati: TenantRef,
) -> None:
    before = await fingerprint(database, melati)
    for person in (officer_client, member_client):
        for method, path, is_available in every_route:
            if method in SAFE or path == "/keluar":
                continue
            answer = await person.client.request(method, path, data={"csrf": person.csrf})
            if is_available:
                continue
            assert answer.status_code == 403, (method, path, answer.status_code)
    assert await fingerprint(database, melati) == before


async def test_the_shop_says_that_it_is_closed(suspended: None, visitor: Visitors) -> None:
    for path in ("/", "/keranjang", "/gabung"):
        answer = await visitor("melati").get(path)
        assert answer.status_code in (404, 503)
    front = await visitor("melati").get("/")
    assert "Toko sedang ditutup" in front.text
    assert "Beras" not in front.text


async def test_a_kept_front_page_is_not_shown_once_suspended(
    app: HostDispatcher, visitor: Visitors, database: Database
) -> None:
    assert "Beras" in (await visitor("melati").get("/")).text
    async with shared_session(database) as db:
        await suspend_cooperative(db, "melati", reason="Laporan belum dikirim", by="uji")
    app.on_change(REGISTRY)
    assert (await visitor("melati").get("/")).status_code == 503


async def test_a_write_is_refused_with_a_sentence(suspended: None, officer_client: SignedInClient) -> None:
    answer = await officer_client.post("/pengurus/pengaturan", {"name": "Nama baru"})
    assert answer.status_code == 403
    assert "ditangguhkan" in answer.text


async def test_officers_read_the_reason_and_reach_the_books(
    suspended: None, officer_client: SignedInClient
) -> None:
    home = await officer_client.get("/pengurus")
    assert home.status_code == 200
    assert "Laporan belum dikirim" in home.text
    assert (await officer_client.get("/pengurus/pesanan")).status_code in (404, 503)
    assert (await officer_client.get("/pengurus/pengaturan")).status_code == 503
    books = await officer_client.get("/pengurus/buku/ekspor.zip")
    assert books.status_code == 200
    assert zipfile.ZipFile(io.BytesIO(books.content)).testzip() is None


async def test_officers_reach_what_they_pay_for_lumbung_and_end_it(
    suspended: None, officer_client: SignedInClient, member_client: SignedInClient
) -> None:
    plan = "/pengurus/langganan"
    for path in (plan, f"{plan}/tagihan", f"{plan}/pakai", f"{plan}/berhenti"):
        assert (await officer_client.get(path)).status_code == 200, path
        assert (await member_client.get(path)).status_code == 403, path
    assert (
        await officer_client.post(f"{plan}/paket/panen", {"every": "month", "key": "k" * 20})
    ).status_code == 403
    assert (await officer_client.post(f"{plan}/kartu/kelola")).status_code != 403
    await officer_client.post(f"{plan}/berhenti")


async def test_members_still_see_their_savings(suspended: None, member_client: SignedInClient) -> None:
    answer = await member_client.get("/anggota/simpanan")
    assert answer.status_code == 200
    assert (await member_client.get("/anggota")).status_code == 200


async def test_signing_in_and_out_still_works(
    suspended: None, officer_client: SignedInClient, visitor: Visitors
) -> None:
    assert (await visitor("melati").get("/masuk")).status_code == 200
    assert (await officer_client.post("/keluar")).status_code == 303
    assert (await officer_client.get("/pengurus")).status_code == 303


async def test_the_neighbour_is_not_touched(suspended: None, visitor: Visitors) -> None:
    assert (await visitor("mawar").get("/")).status_code == 200
