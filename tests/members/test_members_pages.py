"""The register, applications and the account page: rights, contents, repeated forms."""

import asyncio
import re
import uuid
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from conftest import SignedInClient, SignInAs, Visitors
from kernel import clock
from kernel.database import Database, as_reader
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import CASH, MEMBER_RETURNS, MEMBER_SALES
from tenants.registry import TenantRef
from tenants.session import coop_session

OFFICER_PAGES = [
    "/pengurus/anggota",
    "/pengurus/anggota/baru",
    "/pengurus/anggota/{member}",
    "/pengurus/anggota/{member}/belanja",
    "/pengurus/anggota/{member}/setor",
    "/pengurus/anggota/{member}/tarik",
    "/pengurus/anggota/{member}/simpanan/wajib",
    "/pengurus/anggota/{member}/bukti/1",
]
MEMBER_PAGES = [
    "/anggota",
    "/anggota/belanja",
    "/anggota/akun",
    "/anggota/simpanan",
    "/anggota/simpanan/pokok",
    "/anggota/simpanan/bukti/1",
]


async def value(database: Database, tenant: TenantRef, sql: str, *args: object) -> Any:
    async with coop_session(database, tenant) as db:
        return await as_reader(db).value(sql, *args)


@pytest.fixture
async def sari(database: Database, melati: TenantRef) -> UUID:
    return await value(database, melati, "SELECT id FROM members WHERE number = '0001'")


def application(**changes: str) -> dict[str, str]:
    return {
        "name": "Ani Lestari",
        "phone": "0812-9999-0001",
        "sex": "P",
        "address": "Dusun Sukamaju RT 2",
        "consent": "1",
        "key": str(uuid.uuid4()),
    } | changes


def newcomer(**changes: str) -> dict[str, object]:
    return {
        "name": "Tiur Simbolon",
        "sex": "P",
        "phone": "081355550001",
        "joined_on": clock.today().isoformat(),
        "key": str(uuid.uuid4()),
    } | changes


@pytest.mark.parametrize("page", [*OFFICER_PAGES, *MEMBER_PAGES])
async def test_nobody_sees_it_without_signing_in(visitor: Visitors, sari: UUID, page: str) -> None:
    answer = await visitor("melati").get(page.format(member=sari))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/masuk?kembali=")


@pytest.mark.parametrize("page", OFFICER_PAGES)
async def test_a_member_does_not_see_officers_pages(
    member_client: SignedInClient, sari: UUID, page: str
) -> None:
    assert (await member_client.get(page.format(member=sari))).status_code == 403


@pytest.mark.parametrize("page", OFFICER_PAGES)
async def test_an_officer_sees_them_and_a_neighbours_member_is_nobody(
    sign_in: SignInAs, officer_client: SignedInClient, sari: UUID, page: str
) -> None:
    here = await officer_client.get(page.format(member=sari))
    assert here.status_code == 200
    neighbour = await sign_in("mawar", "+6289900000001")
    there = await neighbour.get(page.format(member=sari))
    assert there.status_code == (404 if "{member}" in page else 200)
    assert "Sari Wulandari Melati" not in there.text


@pytest.mark.parametrize("page", MEMBER_PAGES)
async def test_a_member_sees_their_own(member_client: SignedInClient, page: str) -> None:
    assert (await member_client.get(page)).status_code == 200


async def test_a_receipt_of_somebody_else_is_not_there(
    member_client: SignedInClient, sign_in: SignInAs
) -> None:
    assert (await member_client.get("/anggota/simpanan/bukti/1")).status_code == 200
    assert (await member_client.get("/anggota/simpanan/bukti/2")).status_code == 404, (
        "journal 2 opened member 0002"
    )
    assert (
        await (await sign_in("melati", "+6281200000002")).get("/anggota/simpanan/bukti/2")
    ).status_code == 200


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/pengurus/anggota/baru", newcomer()),
        ("/pengurus/anggota/{member}/kode", {}),
        ("/pengurus/anggota/{member}/setor", {}),
        ("/pengurus/anggota/{member}/tarik", {}),
        ("/pengurus/anggota/{member}/persetujuan", {}),
        ("/pengurus/anggota/{member}/penolakan", {}),
    ],
)
async def test_a_form_without_its_token_is_refused(
    officer_client: SignedInClient,
    database: Database,
    melati: TenantRef,
    sari: UUID,
    path: str,
    form: dict[str, object],
) -> None:
    before = await value(database, melati, "SELECT count(*) FROM audit_entries")
    answer = await officer_client.client.post(path.format(member=sari), data=form)
    assert answer.status_code == 403
    assert await value(database, melati, "SELECT count(*) FROM audit_entries") == before


async def test_a_form_from_another_site_is_refused(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    answer = await visitor("melati").post(
        "/gabung", data=application(), headers={"origin": "http://mawar.localhost:8000"}
    )
    assert answer.status_code == 403
    assert await value(database, melati, "SELECT count(*) FROM members WHERE status = 'applied'") == 0


async def test_a_visitor_sees_what_it_costs_and_applies_once(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    client = visitor("melati")
    asked = await client.get("/gabung")
    assert all(expected in asked.text for expected in ("Rp100.000", "Rp20.000", "paling lama 14 hari"))
    form = application()
    answers = [await client.post("/gabung", data=form) for _ in range(2)]
    assert [answer.headers["location"] for answer in answers] == ["/gabung/terkirim"] * 2
    assert "14 hari" in (await client.get("/gabung/terkirim")).text
    assert await value(database, melati, "SELECT count(*) FROM members WHERE status = 'applied'") == 1


async def test_one_form_sent_three_times_at_once_is_one_application(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    form = application()
    answers = await asyncio.gather(*(visitor("melati").post("/gabung", data=form) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [303] * 3
    assert await value(database, melati, "SELECT count(*) FROM members WHERE status = 'applied'") == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"consent": ""}, "Tanpa persetujuan Anda"),
        ({"phone": "021 555 1234"}, "bukan nomor HP"),
        ({"sex": "X"}, "Pilih salah satu"),
        ({"name": ""}, "Isi bagian ini"),
        ({"status": "active"}, "isian yang tidak dikenal"),
    ],
)
async def test_an_application_comes_back_with_what_was_typed(
    visitor: Visitors, database: Database, melati: TenantRef, changes: dict[str, str], expected: str
) -> None:
    answer = await visitor("melati").post("/gabung", data=application(**changes))
    assert answer.status_code == 422
    assert expected in answer.text
    assert "Dusun Sukamaju RT 2" in answer.text
    assert await value(database, melati, "SELECT count(*) FROM members WHERE name = 'Ani Lestari'") == 0


async def test_applications_from_one_address_are_bounded(visitor: Visitors) -> None:
    client = visitor("melati")
    sent = [
        (await client.post("/gabung", data=application(phone=f"0812-9999-{n:04d}"))).status_code
        for n in range(12)
    ]
    assert sent == [303] * 10 + [429] * 2


async def test_names_are_text_wherever_they_show(
    visitor: Visitors, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    evil = "<script>alert('x')</script>"
    await visitor("melati").post(
        "/gabung", data=application(name=evil, address='"><img src=x onerror=alert(1)>')
    )
    member_id = await value(database, melati, "SELECT id FROM members WHERE status = 'applied'")
    listed = await officer_client.get("/pengurus/anggota?status=applied")
    shown = await officer_client.get(f"/pengurus/anggota/{member_id}")
    admitted = await officer_client.post(
        f"/pengurus/anggota/{member_id}/persetujuan", {"joined_on": clock.today().isoformat(), "number": ""}
    )
    for answer in (listed, shown, admitted):
        assert answer.status_code == 200
        assert "&lt;script&gt;" in answer.text
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text


async def test_approving_takes_the_principal_and_shows_the_code(
    visitor: Visitors, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await visitor("melati").post("/gabung", data=application())
    member_id = await value(database, melati, "SELECT id FROM members WHERE status = 'applied'")
    form = {"joined_on": clock.today().isoformat(), "number": "", "principal_paid": "1"}
    answer = await officer_client.post(f"/pengurus/anggota/{member_id}/persetujuan", form)
    assert re.search(r"<code>[A-Z0-9]{4}-[A-Z0-9]{4}</code>", answer.text)
    paid = "SELECT balance FROM balances WHERE account = '3110' AND party = $1"
    assert await value(database, melati, paid, member_id) == 100_000
    again = await officer_client.post(f"/pengurus/anggota/{member_id}/persetujuan", form)
    assert again.status_code == 409
    assert await value(database, melati, paid, member_id) == 100_000


async def test_declining_keeps_the_reason(
    visitor: Visitors, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await visitor("melati").post("/gabung", data=application())
    member_id = await value(database, melati, "SELECT id FROM members WHERE status = 'applied'")
    assert (
        await officer_client.post(f"/pengurus/anggota/{member_id}/penolakan", {"reason": ""})
    ).status_code == 422
    done = await officer_client.post(f"/pengurus/anggota/{member_id}/penolakan", {"reason": "Di luar desa"})
    assert done.status_code == 303
    assert "Di luar desa" in (await officer_client.get(f"/pengurus/anggota/{member_id}")).text


async def test_a_new_member_sent_twice_is_one_with_one_deposit(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    form = newcomer(principal_paid="1")
    first = await officer_client.post("/pengurus/anggota/baru", form)
    assert re.search(r"<code>[A-Z0-9]{4}-[A-Z0-9]{4}</code>", first.text)
    second = await officer_client.post("/pengurus/anggota/baru", form)
    assert second.status_code == 303
    member_id = await value(database, melati, "SELECT id FROM members WHERE name = 'Tiur Simbolon'")
    assert second.headers["location"] == f"/pengurus/anggota/{member_id}"
    assert (
        await value(
            database, melati, "SELECT balance FROM balances WHERE account = '3110' AND party = $1", member_id
        )
        == 100_000
    )


async def test_two_officers_at_once_give_two_numbers(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    forms = [newcomer(name=f"Anggota {n}", phone=f"08135555000{n}") for n in range(4)]
    answers = await asyncio.gather(*(officer_client.post("/pengurus/anggota/baru", form) for form in forms))
    assert [answer.status_code for answer in answers] == [200] * 4
    async with coop_session(database, melati) as db:
        numbers = await as_reader(db).records(
            "SELECT number FROM members WHERE name LIKE 'Anggota %' ORDER BY number"
        )
    assert [row["number"] for row in numbers] == ["0003", "0004", "0005", "0006"]


async def test_the_register_is_searched_by_name_number_and_phone(officer_client: SignedInClient) -> None:
    for search in ("wulandari", "0001", "0812-0000-0001", "+62 812 0000 0001"):
        found = await officer_client.get("/pengurus/anggota", params={"cari": search})
        assert "Sari Wulandari" in found.text, search
        assert "Budi Hartono" not in found.text, search
    for literal in ("%", "_", "\\", "' OR 1=1 --"):
        assert (
            "Tidak ada yang cocok"
            in (await officer_client.get("/pengurus/anggota", params={"cari": literal})).text
        )


async def test_htmx_gets_the_list_alone(officer_client: SignedInClient) -> None:
    answer = await officer_client.get("/pengurus/anggota?cari=sari", headers={"hx-request": "true"})
    assert "<html" not in answer.text
    assert "Sari Wulandari" in answer.text


async def test_the_register_has_pages(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    from members.admit_member import PersonDetails, add_to_register

    async with coop_session(database, melati) as db:
        for n in range(40):
            await add_to_register(
                db, PersonDetails(f"Warga {n:02d}"), number="", joined_on=date(2026, 1, 1), by="uji"
            )
    first, second = [(await officer_client.get(f"/pengurus/anggota?halaman={n}")).text for n in (1, 2)]
    assert "Halaman 1 dari 2" in first
    assert "Budi Hartono" in first
    assert "Warga 39" in second
    assert "Warga 00" not in second
    beyond = await officer_client.get("/pengurus/anggota?halaman=99")
    assert beyond.headers["location"] == "/pengurus/anggota?cari=&status=&halaman=2"


async def test_purchases_of_the_year_are_sales_less_returns(
    member_client: SignedInClient,
    officer_client: SignedInClient,
    database: Database,
    melati: TenantRef,
    sari: UUID,
) -> None:
    today = clock.today()
    async with coop_session(database, melati) as db:
        for key, on, lines in (
            (
                "a",
                today,
                [
                    JournalLine.to_debit(CASH, Rupiah(75_000)),
                    JournalLine.to_credit(MEMBER_SALES, Rupiah(75_000), sari),
                ],
            ),
            (
                "b",
                today,
                [
                    JournalLine.to_debit(MEMBER_RETURNS, Rupiah(5_000), sari),
                    JournalLine.to_credit(CASH, Rupiah(5_000)),
                ],
            ),
            (
                "c",
                today.replace(year=today.year - 1),
                [
                    JournalLine.to_debit(CASH, Rupiah(9_000)),
                    JournalLine.to_credit(MEMBER_SALES, Rupiah(9_000), sari),
                ],
            ),
        ):
            await post_journal(db, Journal(on, "Penjualan", f"try:{key}", lines), by="uji")
    for answer in (
        await member_client.get("/anggota"),
        await member_client.get("/anggota/belanja"),
        await officer_client.get(f"/pengurus/anggota/{sari}"),
    ):
        assert "Rp70.000" in answer.text
    last_year = (await member_client.get(f"/anggota/belanja?tahun={today.year - 1}")).text
    assert "Rp9.000" in last_year
    assert "Rp75.000" not in last_year


async def test_a_member_sees_their_savings_by_kind(member_client: SignedInClient) -> None:
    home = (await member_client.get("/anggota")).text
    assert all(expected in home for expected in ("Rp100.000", "Rp240.000", "Rp500.000", "Rp840.000"))
    assert "Simpanan wajib bulan ini" in (await member_client.get("/anggota/simpanan")).text


async def test_the_pages_speak_english_too(member_client: SignedInClient) -> None:
    client: httpx.AsyncClient = member_client.client
    client.cookies.set("bahasa", "en")
    for path, expected in (
        ("/anggota", "Latest purchases"),
        ("/anggota/simpanan", "What is the difference?"),
        ("/anggota/simpanan/wajib", "Balance now"),
        ("/anggota/akun", "Change the password"),
    ):
        assert expected in (await client.get(path)).text
