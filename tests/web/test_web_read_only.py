"""A cooperative that has not paid is read-only: everything can be read, work in progress is finished, nothing
new begins.
"""

import uuid

import httpx
import pytest
from sqlalchemy import text

from conftest import SignedInClient, Visitors
from kernel import clock
from kernel.database import Database
from tenants.registry import REGISTRY, TenantRef
from tenants.session import coop_reader, shared_session
from web.dispatch import HostDispatcher


async def close(app: HostDispatcher, database: Database, melati: TenantRef) -> None:
    async with shared_session(database) as db:
        await db.execute(
            text(
                "UPDATE shared.cooperatives SET read_only = true, billing_notice = 'read_only' WHERE id = :id"
            ),
            {"id": melati.id},
        )
    app.on_change(REGISTRY)


@pytest.fixture
async def read_only(app: HostDispatcher, database: Database, melati: TenantRef) -> None:
    await close(app, database, melati)


@pytest.mark.parametrize("path", ["/anggota", "/anggota/simpanan", "/anggota/shu", "/"])
async def test_members_still_see_everything(
    read_only: None, member_client: SignedInClient, path: str
) -> None:
    assert (await member_client.get(path)).status_code == 200


async def test_officers_still_read_and_export(read_only: None, officer_client: SignedInClient) -> None:
    for path in (
        "/pengurus",
        "/pengurus/buku",
        "/pengurus/buku/ekspor.zip",
        "/pengurus/anggota",
        "/pengurus/langganan",
    ):
        assert (await officer_client.get(path)).status_code == 200, path


async def test_nothing_new_is_begun_and_each_reads_what_it_means(
    read_only: None, officer_client: SignedInClient, member_client: SignedInClient, visitor: Visitors
) -> None:
    answer = await officer_client.post("/pengurus/pengaturan", {"name": "Nama baru"})
    assert answer.status_code == 403
    assert "Lunasi di halaman Paket" in answer.text
    for person in (member_client.client, visitor("melati")):
        answer = await person.post("/pesan", data={"csrf": member_client.csrf})
        assert answer.status_code == 403
        assert "tidak menerima yang baru" in answer.text
        assert "agihan" not in answer.text


async def test_the_shop_window_takes_no_orders(read_only: None, visitor: Visitors) -> None:
    client: httpx.AsyncClient = visitor("melati")
    assert (await client.get("/")).status_code == 200
    assert (await client.get("/pesan")).headers["location"] == "/keranjang"


async def test_an_order_under_way_gets_past_the_door(read_only: None, officer_client: SignedInClient) -> None:
    answer = await officer_client.post("/pengurus/pesanan/999999/penyerahan")
    assert answer.status_code in (404, 409, 422)


async def test_a_member_gets_out_what_is_theirs(
    read_only: None, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_reader(database, melati) as ro:
        member = await ro.value("SELECT id FROM members WHERE number = '0001'")
        before = await ro.value("SELECT balance FROM balances WHERE account = '2111' AND party = $1", member)
    paid_out = {
        "amount": "25.000",
        "method": "cash",
        "on": clock.today().isoformat(),
        "key": str(uuid.uuid4()),
    }
    taken = await officer_client.post(f"/pengurus/anggota/{member}/tarik", dict(paid_out))
    assert taken.status_code == 303, taken.text
    put_in = paid_out | {"kind": "voluntary", "key": str(uuid.uuid4())}
    assert (await officer_client.post(f"/pengurus/anggota/{member}/setor", put_in)).status_code == 403
    async with coop_reader(database, melati) as ro:
        after = await ro.value("SELECT balance FROM balances WHERE account = '2111' AND party = $1", member)
    assert before - after == 25_000


async def test_an_officer_can_still_be_dismissed_and_none_be_added(
    app: HostDispatcher, database: Database, melati: TenantRef, officer_client: SignedInClient
) -> None:
    settings = "/pengurus/pengaturan/pengurus"
    cashier = {"name": "Sari", "phone": "0812-0000-0001", "role": "kasir"}
    assert (await officer_client.post(settings, cashier)).status_code in (200, 303)
    async with coop_reader(database, melati) as ro:
        user = await ro.value("SELECT id FROM users WHERE officer_role = 'kasir'")
    await close(app, database, melati)
    assert (await officer_client.post(f"{settings}/{user}/pemberhentian")).status_code == 303
    assert (await officer_client.post(settings, cashier)).status_code == 403
    async with coop_reader(database, melati) as ro:
        assert await ro.value("SELECT count(*) FROM users WHERE officer_role = 'kasir'") == 0


async def test_the_neighbour_is_not_concerned(read_only: None, visitor: Visitors) -> None:
    answer = await visitor("mawar").post("/keranjang", data={"sku": "x"})
    assert answer.status_code != 403
