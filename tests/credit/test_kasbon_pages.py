"""A member's credit pages: limit, debt, repayment, payroll deductions, and the PIN."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from credit import credit_queries
from credit import terms as credit
from credit.models import PayrollBatch, PayrollLine
from factories import shop
from factories.cooperatives import PASSWORD
from factories.payment_statuses import count_payments, grant_kasbon
from factories.shop import CASHIER, TODAY
from kernel.database import Database
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger import queries as ledger_queries
from ledger.chart import CASH, MEMBER_RECEIVABLES, PAYROLL_RECEIVABLES, VOLUNTARY_SAVINGS
from payments import state_machine
from tenants.registry import TenantRef
from tenants.session import coop_session

REPAY, PIN = "/anggota/kasbon/bayar", "/anggota/kasbon/pin"


def tags(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


async def owed(database: Database, tenant: TenantRef, account: str = MEMBER_RECEIVABLES) -> int:
    async with coop_session(database, tenant) as db:
        return await ledger_queries.get_balance(db, account, (await shop.get_member_buyer(db)).member_id)


async def test_without_granted_credit_a_plain_sentence_says_so(member_client: Any) -> None:
    page_text = tags((await member_client.get("/anggota/kasbon")).text)
    assert "Kasbon belum dibuka untuk Anda" in page_text
    assert (await member_client.get(REPAY)).headers["location"] == "/anggota/kasbon"


async def test_limit_debt_and_what_is_left_are_shown(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await grant_kasbon(db, 120_000, limit=500_000)
        await grant_kasbon(db, 77_000, limit=99_000, number="0002")
    text = (await member_client.get("/anggota/kasbon")).text
    for shown in (
        "Rp120.000",
        "Rp500.000",
        "Rp380.000",
        "Pesanan 77 dibayar, Kasbon",
        "Anda belum punya PIN",
    ):
        assert shown in text
    assert "Rp77.000" not in text


async def test_who_paid_more_than_they_owed_is_told(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await grant_kasbon(db, 0)
        member = (await shop.get_member_buyer(db)).member_id
        lines = [
            JournalLine.to_debit(CASH, Rupiah(5_000)),
            JournalLine.to_credit(MEMBER_RECEIVABLES, Rupiah(5_000), member),
        ]
        await post_journal(db, Journal(TODAY, "Lebih bayar", "test:over", lines), by="Rina Kasir")
    page_text = tags((await member_client.get("/anggota/kasbon")).text)
    assert "membayar lebih Rp5.000" in page_text
    assert "Bayar kasbon" not in page_text


async def test_credit_is_paid_off_from_savings_at_once(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await grant_kasbon(db, 120_000)
    page = (await member_client.get(REPAY)).text
    assert 'value="120.000"' in page
    sent = {"key": str(new_id()), "amount": "100.000", "payment_method": "savings"}
    asked = await member_client.post(REPAY, sent)
    assert "Rp100.000 dari simpanan sukarela Anda membayar kasbon Anda." in tags(asked.text)
    assert await owed(database, melati) == 120_000
    for _ in range(2):  # the second submission leads to the same payment
        done = await member_client.post(REPAY, {**sent, "confirmed": "1"})
        assert done.status_code == 303
        assert "Lihat bukti" in (await member_client.get(done.headers["location"])).text
    assert await owed(database, melati) == 20_000
    assert await owed(database, melati, VOLUNTARY_SAVINGS) == 400_000


async def test_credit_is_paid_off_by_transfer_when_the_money_is_seen(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await grant_kasbon(db, 120_000)
    sent = {"key": str(new_id()), "amount": "120000", "payment_method": "bank_transfer", "confirmed": "1"}
    address = (await member_client.post(REPAY, sent)).headers["location"]
    assert await owed(database, melati) == 120_000
    assert f'href="{address}"' in (await member_client.get("/anggota/kasbon")).text
    async with coop_session(database, melati) as db:
        await state_machine.confirm_by_officer(db, CASHIER, address.removeprefix("/bayar/"), on=TODAY)
    assert await owed(database, melati) == 0


@pytest.mark.parametrize(
    ("amount", "method", "says"),
    [
        ("120.001", "savings", "Kasbon Anda Rp120.000"),
        ("0", "bank_transfer", "mulai dari Rp1"),
        ("100.000", "kasbon", "tidak tersedia"),
        ("100.000", "payroll", "tidak tersedia"),
        ("100.000", "wallet", "tidak tersedia"),  # it is empty
        ("100.000", "cash", "tidak tersedia"),
    ],
)
async def test_what_cannot_pay_it_off_comes_back_with_a_sentence(
    member_client: Any, database: Database, melati: TenantRef, amount: str, method: str, says: str
) -> None:
    async with coop_session(database, melati) as db:
        await grant_kasbon(db, 120_000)
    sent = {"key": str(new_id()), "amount": amount, "payment_method": method, "confirmed": "1"}
    answer = await member_client.post(REPAY, sent)
    assert answer.status_code in (409, 422)
    assert says in tags(answer.text)
    async with coop_session(database, melati) as db:
        assert not await count_payments(db, "repayment", (await shop.get_member_buyer(db)).member_id)


async def test_what_is_asked_of_the_pay_and_what_comes_next_are_told_apart(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        member = (await shop.get_member_buyer(db)).member_id
        assert member is not None
        await credit.grant_credit(
            db, CASHIER, member, kasbon=Rupiah(0), payroll=Rupiah(300_000), payroll_number="P-17"
        )
        lines = [
            JournalLine.to_debit(PAYROLL_RECEIVABLES, Rupiah(90_000), member),
            JournalLine.to_credit(CASH, Rupiah(90_000)),
        ]
        await post_journal(db, Journal(TODAY, "Potong gaji", "test:payroll", lines), by="Rina Kasir")
        for state, asked in (("sent", 60_000), ("returned", 11_000)):
            batch = PayrollBatch(
                id=new_id(),
                key=state,
                title=f"Daftar {state}",
                status=state,
                created_by="Rina",
                created_at=datetime(2026, 11, 3, tzinfo=UTC),
            )
            db.add(batch)
            await db.flush()
            db.add(PayrollLine(batch_id=batch.id, member_id=member, requested=asked))
    page_text = tags((await member_client.get("/anggota/kasbon")).text)
    for shown in (
        "Rp90.000",
        "Rp60.000 sudah diminta",
        "3 November 2026",
        "Rp30.000 ikut daftar potongan",
        "P-17",
    ):
        assert shown in page_text
    assert "Rp11.000" not in page_text


async def test_a_pin_is_set_with_the_password_and_agrees(
    member_client: Any, database: Database, melati: TenantRef
) -> None:
    answer = await member_client.post(PIN, {"pin": "482915", "again": "482915", "own_password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/anggota/kasbon")
    async with coop_session(database, melati) as db:
        member = (await shop.get_member_buyer(db)).member_id
    assert member is not None
    assert (await credit.consent_with_pin(database, melati, member, "482915")).member_id == member
    with pytest.raises(DomainError) as wrong:
        await credit.consent_with_pin(database, melati, member, "482916")
    assert wrong.value.code == "payments.pin_wrong"


@pytest.mark.parametrize(
    ("pin", "again", "password", "says"),
    [
        ("48291", "48291", PASSWORD, "6 angka"),
        ("4829155", "4829155", PASSWORD, "6 angka"),
        ("48291a", "48291a", PASSWORD, "6 angka"),
        ("111111", "111111", PASSWORD, "mudah ditebak"),
        ("123456", "123456", PASSWORD, "mudah ditebak"),
        ("482915", "482916", PASSWORD, "Kedua PIN ini tidak sama"),
        ("482915", "482915", "bukan-kata-sandi", "Kata sandi"),
        ("482915", "482915", "", "Isi bagian ini dulu"),
    ],
)
async def test_a_pin_that_is_none_or_a_wrong_password_changes_nothing(
    member_client: Any, database: Database, melati: TenantRef, pin: str, again: str, password: str, says: str
) -> None:
    answer = await member_client.post(PIN, {"pin": pin, "again": again, "own_password": password})
    assert answer.status_code in (403, 409, 422)
    assert says in tags(answer.text)
    assert "482915" not in answer.text
    async with coop_session(database, melati) as db:
        member = (await shop.get_member_buyer(db)).member_id
        assert member is not None
        assert await credit_queries.get_credit_terms_for_update(db, member) is None


async def test_guesses_at_the_password_of_the_pin_page_must_wait(member_client: Any) -> None:
    sent = {"pin": "482915", "again": "482915", "own_password": "bukan-kata-sandi"}
    answers = [(await member_client.post(PIN, sent)).status_code for _ in range(6)]
    assert answers[-1] == 429
    assert 429 not in answers[:4]


async def test_credit_is_its_members_alone(visitor: Any, officer_client: Any) -> None:
    for path in ("/anggota/kasbon", REPAY, PIN):
        assert (await visitor("melati").get(path)).headers["location"].startswith("/masuk")
        assert (await officer_client.get(path)).status_code == 403
