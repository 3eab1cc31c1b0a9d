"""A manager who tries to become the chair: by a prepared account, an old code, a session, a race."""

import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from backoffice import manage_officers
from conftest import SignedInClient, SignInAs, Visitors
from credit import change_pin
from credit import terms as credit
from factories.cooperatives import PASSWORD
from kernel import clock, passwords
from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.ids import new_id
from members import change_account
from members.import_members import import_members
from members.models import User
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session
from web.dispatch import HostDispatcher

OFFICERS = "/pengurus/pengaturan/pengurus"
MANAGER, BUDI = "+6281277770001", "+6281200000002"
DEWI = "0812-5555-0009"
GUESSED = "kata sandi si manajer"


async def value(database: Database, tenant: TenantRef, sql: str, *args: object) -> Any:
    async with coop_reader(database, tenant) as ro:
        return await ro.value(sql, *args)


async def change(database: Database, tenant: TenantRef, sql: str) -> None:
    async with coop_session(database, tenant) as db:
        await db.execute(text(sql))


def code_in(page: str) -> str:
    found = re.search(r"<code>([A-Z0-9-]+)</code>", page)
    assert found is not None, "no code on this page"
    return found[1]


async def post_sign_in(client: httpx.AsyncClient, identity: str, password: str) -> int:
    return (await client.post("/masuk", data={"identity": identity, "password": password})).status_code


async def activate(
    client: httpx.AsyncClient, identity: str, code: str, password: str = GUESSED
) -> httpx.Response:
    return await client.post("/aktivasi", data={"identity": identity, "code": code, "password": password})


@pytest.fixture
async def manager(database: Database, melati: TenantRef, sign_in: SignInAs) -> SignedInClient:
    """A signed-in manager of melati who is not a member."""
    async with coop_session(database, melati) as db:
        hashed = await passwords.hash_password(PASSWORD)
        db.add(
            User(
                id=new_id(),
                name="Manajer Curang",
                phone=MANAGER,
                officer_role="manajer",
                password_hash=hashed,
            )
        )
    return await sign_in("melati", MANAGER)


async def appoint(
    chair: SignedInClient, phone: str, role: str = "ketua", name: str = "Dewi Anggraini"
) -> httpx.Response:
    answer = await chair.post(OFFICERS, {"name": name, "phone": phone, "role": role})
    assert answer.status_code == 200
    return answer


async def test_an_account_that_a_manager_prepared_is_worth_nothing_once_it_holds_an_office(
    manager: SignedInClient,
    officer_client: SignedInClient,
    visitor: Visitors,
    database: Database,
    melati: TenantRef,
) -> None:
    admitted = await manager.post(
        "/pengurus/anggota/baru",
        {"name": "Dewi", "phone": DEWI, "joined_on": clock.today().isoformat(), "key": str(uuid.uuid4())},
    )
    prepared = visitor("melati")
    assert (await activate(prepared, DEWI, code_in(admitted.text))).status_code == 303
    assert (await prepared.get("/anggota")).status_code == 200

    appointed = await appoint(officer_client, DEWI)

    assert (await prepared.get("/anggota")).headers["location"].startswith("/masuk"), "the session has ended"
    assert await post_sign_in(visitor("melati"), DEWI, GUESSED) == 403
    member_id = await value(database, melati, "SELECT id FROM members WHERE name = 'Dewi'")
    assert (await manager.post(f"/pengurus/anggota/{member_id}/kode")).status_code == 403
    hers = visitor("melati")
    assert (await activate(hers, DEWI, code_in(appointed.text), "tiga kata aneh")).headers[
        "location"
    ] == "/pengurus"
    assert (await hers.get(OFFICERS)).status_code == 200


async def test_a_code_that_a_manager_gave_before_opens_no_office(
    manager: SignedInClient,
    officer_client: SignedInClient,
    visitor: Visitors,
    database: Database,
    melati: TenantRef,
) -> None:
    member_id = await value(database, melati, "SELECT id FROM members WHERE number = '0002'")
    given = code_in((await manager.post(f"/pengurus/anggota/{member_id}/kode")).text)
    appointed = await appoint(officer_client, BUDI)
    assert (await activate(visitor("melati"), "0002", given)).status_code == 403
    assert await post_sign_in(visitor("melati"), "0002", PASSWORD) == 403, (
        "somebody else may have chosen that password"
    )
    assert (await activate(visitor("melati"), "0002", code_in(appointed.text))).status_code == 303


async def test_the_pin_that_somebody_may_have_set_goes_too(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    member_id = await value(database, melati, "SELECT id FROM members WHERE number = '0002'")
    await credit.set_pin(database, melati, Actor("member", "Manajer Curang"), member_id, "274193")
    await appoint(officer_client, BUDI)
    assert (
        await value(database, melati, "SELECT pin_hash FROM credit_terms WHERE member_id = $1", member_id)
        is None
    )


async def test_a_session_opened_as_a_member_never_becomes_an_officers(
    database: Database, melati: TenantRef, visitor: Visitors, app: HostDispatcher
) -> None:
    client = visitor("melati")
    assert await post_sign_in(client, "0002", PASSWORD) == 303
    await change(database, melati, "UPDATE users SET officer_role = 'ketua' WHERE phone = '+6281200000002'")
    app.on_change(melati.schema_name)  # as the database's change notice does, a moment later
    assert (await client.get("/anggota")).status_code == 200
    assert (await client.get("/pengurus")).status_code == 403


async def test_a_session_of_a_lower_office_never_becomes_one_of_a_higher(
    manager: SignedInClient, database: Database, melati: TenantRef, visitor: Visitors, app: HostDispatcher
) -> None:
    client = visitor("melati")
    assert await post_sign_in(client, MANAGER, PASSWORD) == 303
    assert (await client.get("/pengurus")).status_code == 200
    await change(database, melati, f"UPDATE users SET officer_role = 'ketua' WHERE phone = '{MANAGER}'")
    app.on_change(melati.schema_name)
    assert (await client.get("/pengurus")).status_code == 403


async def test_dismissed_and_appointed_higher_begins_with_a_new_code(
    manager: SignedInClient,
    officer_client: SignedInClient,
    visitor: Visitors,
    database: Database,
    melati: TenantRef,
) -> None:
    first = await appoint(officer_client, BUDI, "kasir")
    budi = visitor("melati")
    assert (await activate(budi, "0002", code_in(first.text), "tiga kata aneh")).status_code == 303
    user_id = await value(database, melati, "SELECT id FROM users WHERE phone = $1", BUDI)
    assert (await officer_client.post(f"{OFFICERS}/{user_id}/pemberhentian")).status_code == 303
    second = await appoint(officer_client, BUDI, "ketua")
    assert await post_sign_in(visitor("melati"), "0002", "tiga kata aneh") == 403
    assert (await budi.get("/pengurus")).headers["location"].startswith("/masuk")
    assert (await activate(visitor("melati"), "0002", code_in(second.text))).headers[
        "location"
    ] == "/pengurus"


Steps = Callable[[], Awaitable[None]]


def just_before_writing(monkeypatch: pytest.MonkeyPatch, module: Any, steps: Steps) -> None:
    """Run `steps` after the password was verified and before anything is written."""
    real = module.verify_password

    async def verify(stored: str, given: str) -> bool:
        fits = await real(stored, given)
        await steps()
        return bool(fits)

    monkeypatch.setattr(module, "verify_password", verify)


@pytest.fixture
def chair_appoints(database: Database, melati: TenantRef) -> Steps:
    async def steps() -> None:
        async with coop_session(database, melati) as db:
            chair = await as_reader(db).value("SELECT id FROM users WHERE officer_role = 'ketua'")
            await manage_officers.appoint_officer(
                db, Actor("officer", "Ketua Melati", chair), name="Budi Hartono", phone=BUDI, role="ketua"
            )

    return steps


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/anggota/akun/kata-sandi", {"present": PASSWORD, "password": GUESSED}),
        ("/anggota/akun/nomor-hp", {"phone": "0812-7777-0099", "own_password": PASSWORD}),
        ("/anggota/kasbon/pin", {"pin": "274193", "again": "274193", "own_password": PASSWORD}),
    ],
)
async def test_a_change_under_way_while_the_office_is_given_is_not_written_over_it(
    sign_in: SignInAs,
    database: Database,
    melati: TenantRef,
    chair_appoints: Steps,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    form: dict[str, object],
) -> None:
    thief = await sign_in("melati", BUDI)
    just_before_writing(monkeypatch, change_pin if path.endswith("pin") else change_account, chair_appoints)
    assert (await thief.post(path, form)).status_code == 403
    state = (
        "SELECT officer_role = 'ketua' AND password_hash IS NULL AND activation_hash IS NOT NULL FROM "
        "users WHERE phone = $1"
    )
    assert await value(database, melati, state, BUDI)
    assert await value(database, melati, "SELECT count(*) FROM credit_terms WHERE pin_hash IS NOT NULL") == 0


async def test_a_member_number_that_looks_like_an_officers_phone_does_not_stand_before_them(
    manager: SignedInClient, visitor: Visitors
) -> None:
    admitted = await manager.post(
        "/pengurus/anggota/baru",
        {
            "name": "Umpan",
            "number": "089900000000",
            "joined_on": clock.today().isoformat(),
            "key": str(uuid.uuid4()),
        },
    )
    assert admitted.status_code == 200
    assert await post_sign_in(visitor("melati"), "089900000000", PASSWORD) == 303


async def test_an_import_of_the_register_leads_nobody_into_an_officers_account(
    database: Database, melati: TenantRef, visitor: Visitors
) -> None:
    await change(database, melati, f"UPDATE users SET officer_role = 'ketua' WHERE phone = '{BUDI}'")
    register = (
        "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\n"
        "0002,Budi Hartono Melati,L,0812-7777-0001,2024-05-02,0,0,0\n"
    )
    async with coop_session(database, melati) as db:
        _, report = await import_members(
            db, Actor("officer", "Manajer Curang"), register, as_of=date(2026, 1, 1)
        )
    assert report.imported == 1
    assert (
        await value(database, melati, "SELECT phone FROM members WHERE number = '0002'") == "+6281277770001"
    )
    assert await post_sign_in(visitor("melati"), "0812-7777-0001", PASSWORD) == 403
    assert await post_sign_in(visitor("melati"), BUDI, PASSWORD) == 303


@pytest.mark.parametrize("office", ["manajer", "sekretaris", "bendahara"])
async def test_no_office_but_the_chair_gives_an_officer_a_code(
    manager: SignedInClient, sign_in: SignInAs, database: Database, melati: TenantRef, office: str
) -> None:
    await change(database, melati, f"UPDATE users SET officer_role = '{office}' WHERE phone = '{MANAGER}'")
    await change(database, melati, f"UPDATE users SET officer_role = 'kasir' WHERE phone = '{BUDI}'")
    member_id = await value(database, melati, "SELECT id FROM members WHERE number = '0002'")
    lower = await sign_in("melati", MANAGER)
    assert "hanya diberikan oleh ketua" in (await lower.post(f"/pengurus/anggota/{member_id}/kode")).text
    assert await value(database, melati, "SELECT activation_hash FROM users WHERE phone = $1", BUDI) is None
