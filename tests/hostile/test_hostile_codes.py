"""An officer who gives a code for somebody else's account and uses it: what fails, and who sees it."""

import re
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest

from conftest import SignedInClient, SignInAs, Visitors
from factories.cooperatives import PASSWORD
from kernel import clock
from kernel.database import Database
from tenants.registry import TenantRef
from tenants.session import coop_reader

CHOSEN = "kata sandi si kasir"
PIN = "/anggota/kasbon/pin"
SEEN = "/anggota/akun/kode-dipakai/pembacaan"


async def value(database: Database, tenant: TenantRef, sql: str, *args: object) -> Any:
    async with coop_reader(database, tenant) as ro:
        return await ro.value(sql, *args)


def code_in(page: str) -> str:
    found = re.search(r"<code>([A-Z0-9-]+)</code>", page)
    assert found is not None, "no code on this page"
    return found[1]


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def open_account(client: httpx.AsyncClient, identity: str, code: str) -> SignedInClient:
    """Use a code in this browser, and read the form token from the next page."""
    form = {"identity": identity, "code": code, "password": CHOSEN}
    assert (await client.post("/aktivasi", data=form)).status_code == 303
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', (await client.get("/anggota/akun")).text)
    assert csrf is not None
    return SignedInClient(client, csrf[1])


async def set_pin(person: SignedInClient, password: str = CHOSEN) -> httpx.Response:
    return await person.post(PIN, {"pin": "274193", "again": "274193", "own_password": password})


@pytest.fixture
async def taken_over(
    officer_client: SignedInClient, visitor: Visitors, database: Database, melati: TenantRef
) -> SignedInClient:
    """Budi's account, opened by the chair with a code that the chair gave."""
    member_id = await value(database, melati, "SELECT id FROM members WHERE number = '0002'")
    given = code_in((await officer_client.post(f"/pengurus/anggota/{member_id}/kode")).text)
    return await open_account(visitor("melati"), "0002", given)


async def test_the_members_other_sessions_end(
    sign_in: SignInAs,
    officer_client: SignedInClient,
    visitor: Visitors,
    database: Database,
    melati: TenantRef,
) -> None:
    budi = await sign_in("melati", "+6281200000002")
    member_id = await value(database, melati, "SELECT id FROM members WHERE number = '0002'")
    given = code_in((await officer_client.post(f"/pengurus/anggota/{member_id}/kode")).text)
    assert (await budi.get("/anggota")).status_code == 200, "a code that nobody used changes nothing"
    await open_account(visitor("melati"), "0002", given)
    assert (await budi.get("/anggota")).headers["location"].startswith("/masuk")


async def test_a_pin_waits_a_day_after_a_code(
    taken_over: SignedInClient, database: Database, melati: TenantRef
) -> None:
    assert "PIN baru bisa dibuat atau diganti mulai" in plain((await taken_over.get(PIN)).text)
    refused = await set_pin(taken_over)
    assert refused.status_code == 409
    assert "PIN baru bisa dibuat atau diganti mulai" in plain(refused.text)
    now = clock.now()
    with clock.freeze_at(now + timedelta(hours=23)):
        assert (await set_pin(taken_over)).status_code == 409
    assert await value(database, melati, "SELECT count(*) FROM credit_terms WHERE pin_hash IS NOT NULL") == 0
    with clock.freeze_at(now + timedelta(hours=24, minutes=1)):
        assert (await set_pin(taken_over)).status_code == 303


async def test_the_first_code_of_a_new_member_waits_as_well(
    officer_client: SignedInClient, visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    form = {
        "name": "Tiur Simbolon",
        "joined_on": clock.today().isoformat(),
        "key": str(uuid.uuid4()),
        "number": "77",
    }
    given = code_in((await officer_client.post("/pengurus/anggota/baru", form)).text)
    tiur = await open_account(visitor("melati"), "77", given)
    assert (await set_pin(tiur)).status_code == 409
    with clock.freeze_at(clock.now() + timedelta(hours=24, minutes=1)):
        assert (await set_pin(tiur)).status_code == 303


async def test_a_new_password_does_not_end_the_wait(taken_over: SignedInClient) -> None:
    form = {"present": CHOSEN, "password": "tiga kata aneh"}
    assert (await taken_over.post("/anggota/akun/kata-sandi", form)).status_code == 303
    assert (await set_pin(taken_over, "tiga kata aneh")).status_code == 409


async def test_who_owns_the_account_sees_when_a_code_was_used_and_who_gave_it(
    taken_over: SignedInClient, visitor: Visitors
) -> None:
    for page in ("/anggota", "/", "/anggota/simpanan"):
        page_text = plain((await taken_over.get(page)).text)
        assert "Akun ini dibuka dengan kode dari Ketua Melati" in page_text
        assert "WIB" in page_text
    assert (await taken_over.post(SEEN)).headers["location"] == "/anggota"
    assert "dibuka dengan kode" not in plain((await taken_over.get("/anggota")).text)
    assert "dibuka dengan kode" not in plain((await visitor("melati").get("/")).text)


async def test_whoever_closes_the_notice_cannot_hide_the_code(
    taken_over: SignedInClient,
    officer_client: SignedInClient,
    visitor: Visitors,
    database: Database,
    melati: TenantRef,
) -> None:
    await taken_over.post(SEEN)
    member_id = await value(database, melati, "SELECT id FROM members WHERE number = '0002'")
    given = code_in((await officer_client.post(f"/pengurus/anggota/{member_id}/kode")).text)
    budi = await open_account(visitor("melati"), "0002", given)
    page_text = plain((await budi.get("/anggota/akun")).text)
    assert page_text.count("kode dari Ketua Melati") >= 3, "the notice of the new one, and both in the list"


async def test_a_code_is_not_seen_by_whoever_never_used_one(member_client: SignedInClient) -> None:
    page_text = plain((await member_client.get("/anggota/akun")).text)
    assert "kode dari" not in page_text
    assert (await set_pin(member_client, PASSWORD)).status_code == 303
