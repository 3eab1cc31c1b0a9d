"""Manual payouts of QRIS money to the bank: a treasurer enters amount and day, and it is posted once."""

import asyncio
import re
from datetime import timedelta

import pytest

from conftest import SignedInClient
from factories.payment_statuses import create_payment_in_status, enable_methods
from kernel import clock
from kernel.database import Database, as_reader
from kernel.ids import new_id
from ledger import queries as ledger_queries
from ledger.chart import BANK, GATEWAYS
from tenants.registry import TenantRef
from tenants.session import coop_session

HOME = "/pengurus/pembayaran/rekonsiliasi"
QRIS = f"{HOME}/qris/pemasukan"


@pytest.fixture
async def paid_by_qris(database: Database, melati: TenantRef) -> None:
    """A QRIS payment of Rp75.000 that has not reached the bank yet."""
    async with coop_session(database, melati) as db:
        await enable_methods(db)
        await create_payment_in_status(db, "paid", "qris")


async def balances(database: Database, tenant: TenantRef) -> tuple[int, int]:
    """Return the balances of QRIS in transit and of the bank."""
    async with coop_session(database, tenant) as db:
        return await ledger_queries.get_balance(db, GATEWAYS), await ledger_queries.get_balance(db, BANK)


async def test_it_is_entered_after_one_sentence_and_once(
    officer_client: SignedInClient, database: Database, melati: TenantRef, paid_by_qris: None
) -> None:
    assert QRIS in (await officer_client.get(HOME)).text
    assert QRIS in (await officer_client.get(f"{HOME}/qris")).text
    form = (await officer_client.get(QRIS)).text
    assert "75.000" in form
    key = re.search(r'name="key" value="([^"]+)"', form)
    assert key is not None
    sent = {"amount": "60.000", "on": clock.today().isoformat(), "key": key[1]}
    asked = await officer_client.post(f"{QRIS}/periksa", sent)
    assert "Rp60.000 dari QRIS sudah masuk rekening koperasi" in asked.text
    waiting, bank = await balances(database, melati)
    for _ in range(3):
        assert (await officer_client.post(QRIS, sent)).headers["location"] == f"{HOME}/qris"
    assert await balances(database, melati) == (waiting - 60_000, bank + 60_000)
    async with coop_session(database, melati) as db:
        by = await as_reader(db).value("SELECT posted_by FROM journals ORDER BY number DESC LIMIT 1")
    assert by != "Lumbung"


@pytest.mark.parametrize(
    ("changed", "status", "expected"),
    [
        ({"amount": "75.001"}, 409, "tinggal Rp75.000"),
        ({"amount": "0"}, 422, "Tulis jumlah yang masuk rekening."),
        ({"on": (clock.today() + timedelta(days=2)).isoformat()}, 422, "Tanggal ini belum tiba."),
    ],
)
async def test_what_cannot_have_come_is_not_entered(
    officer_client: SignedInClient,
    database: Database,
    melati: TenantRef,
    paid_by_qris: None,
    changed: dict[str, str],
    status: int,
    expected: str,
) -> None:
    before = await balances(database, melati)
    sent = {
        "amount": "75.000",
        "on": clock.today().isoformat(),
        "key": "0198c2f0-0000-7000-8000-000000000001",
    }
    for path in (f"{QRIS}/periksa", QRIS):
        answer = await officer_client.post(path, sent | changed)
        assert answer.status_code == status
        assert expected in answer.text
    assert await balances(database, melati) == before


async def test_other_ways_have_no_such_page_and_members_have_none(
    officer_client: SignedInClient, member_client: SignedInClient, paid_by_qris: None
) -> None:
    for method in ("bank_transfer", "xendit", "cash", "nothing"):
        assert (await officer_client.get(f"{HOME}/{method}/pemasukan")).status_code == 404
    assert (await member_client.get(QRIS)).status_code in (303, 403)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "-1"},
        {"amount": "9" * 40},
        {"amount": "1e5"},
        {"amount": "60.000,50"},
        {"amount": "60\x00000"},
        {"amount": ""},
        {"on": "0000-00-00"},
        {"on": "kemarin"},
        {"on": "9999-12-31"},
        {"key": "x"},
        {"more": "1"},
    ],
)
async def test_odd_forms_of_money_that_arrived_are_refused(
    officer_client: SignedInClient,
    database: Database,
    melati: TenantRef,
    paid_by_qris: None,
    changed: dict[str, str],
) -> None:
    before = await balances(database, melati)
    sent = {"amount": "60.000", "on": clock.today().isoformat(), "key": str(new_id())}
    for path in (f"{QRIS}/periksa", QRIS):
        assert (await officer_client.post(path, sent | changed)).status_code in (409, 422)
    assert await balances(database, melati) == before


@pytest.mark.parametrize("day", ["0001-01-01", "1900-01-01", "2020-02-29"])
async def test_money_did_not_arrive_before_it_was_paid(
    officer_client: SignedInClient, database: Database, melati: TenantRef, paid_by_qris: None, day: str
) -> None:
    before = await balances(database, melati)
    sent = {"amount": "60.000", "on": day, "key": str(new_id())}
    for path in (f"{QRIS}/periksa", QRIS):
        assert (await officer_client.post(path, sent)).status_code in (409, 422)
    assert await balances(database, melati) == before


async def test_two_officers_at_one_moment_do_not_both_bring_the_same_money_to_the_bank(
    officer_client: SignedInClient, database: Database, melati: TenantRef, paid_by_qris: None
) -> None:
    waiting, bank = await balances(database, melati)
    forms = [{"amount": "60.000", "on": clock.today().isoformat(), "key": str(new_id())} for _ in range(4)]
    answers = await asyncio.gather(*(officer_client.post(QRIS, form) for form in [*forms, *forms]))
    assert {answer.status_code for answer in answers} == {303, 409}
    assert await balances(database, melati) == (waiting - 60_000, bank + 60_000)


@pytest.mark.parametrize("name", ["%00", "qris%00", "..", "%F0%9F%8C%BE", "x" * 900])
async def test_odd_names_in_addresses_lead_nowhere(
    officer_client: SignedInClient, paid_by_qris: None, name: str
) -> None:
    refund = f"pengembalian/{new_id()}"
    for path in (f"{HOME}/{name}/pemasukan", f"/pengurus/pembayaran/{name}/{refund}/penyelesaian"):
        assert (await officer_client.get(path)).status_code == 404
    for path in (f"{HOME}/{name}/pemasukan", f"/pengurus/pembayaran/{name}/{refund}/pertanyaan"):
        assert (await officer_client.post(path)).status_code in (404, 405, 422)
    assert (await officer_client.get(f"{QRIS}?jumlah=%00&tanggal=2")).status_code == 404
    answer = await officer_client.get(f"{QRIS}?jumlah=%3Cscript%3E&tanggal=x&jumlah=2")
    assert answer.status_code == 200
    assert "<script>" not in answer.text.partition("<main")[2]
