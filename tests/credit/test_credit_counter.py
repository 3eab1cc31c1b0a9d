"""Repaying credit at the counter: booked once, and never more than is owed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from conftest import SignedInClient
from credit import credit_queries
from credit.record_counter_payment import repay_kasbon, top_up_wallet, update_credit_limits
from kernel.actor import Actor
from kernel.database import Database, Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger import queries as ledger_queries
from ledger.chart import BANK, CASH, MEMBER_RECEIVABLES, OTHER_INCOME, WALLETS
from tenants.registry import TenantRef
from tenants.session import coop_session

OFFICER = Actor("officer", "Ketua Melati")
DAY = date(2026, 6, 15)
HOME = "/pengurus/pembayaran/kasbon"


@asynccontextmanager
async def refused(code: str) -> AsyncIterator[None]:
    with pytest.raises(DomainError) as caught:
        yield
    assert caught.value.code == code


async def owing(db: AsyncSession, amount: int, *, number: str = "0001") -> UUID:
    member: UUID = await as_reader(db).value("SELECT id FROM members WHERE number = $1", number)
    lines = [
        JournalLine.to_debit(MEMBER_RECEIVABLES, Rupiah(amount), member),
        JournalLine.to_credit(OTHER_INCOME, Rupiah(amount)),
    ]
    await post_journal(db, Journal(DAY, "Belanja kasbon", f"test:{uuid4()}", lines), by="test")
    return member


@pytest.mark.parametrize(("method", "account"), [("cash", CASH), ("bank", BANK)])
async def test_paying_off_moves_the_debt_to_where_the_money_is_and_once(
    db: AsyncSession, ro: Reader, method: str, account: str
) -> None:
    member = await owing(db, 80_000)
    before = await ledger_queries.get_balance(ro, account)
    first = await repay_kasbon(db, OFFICER, member, Rupiah(50_000), method, on=DAY, key="k")  # type: ignore[arg-type]
    again = await repay_kasbon(db, OFFICER, member, Rupiah(50_000), method, on=DAY, key="k")  # type: ignore[arg-type]
    assert (first.number, first.created, again.created) == (again.number, True, False)
    assert await ledger_queries.get_balance(ro, MEMBER_RECEIVABLES, member) == 30_000
    assert await ledger_queries.get_balance(ro, account) == before + 50_000


async def test_no_more_is_taken_than_is_owed(db: AsyncSession) -> None:
    member = await owing(db, 80_000)
    async with refused("payments.more_than_owed"):
        await repay_kasbon(db, OFFICER, member, Rupiah(80_001), "cash", on=DAY, key="k")
    async with refused("payments.counter_amount_needed"):
        await repay_kasbon(db, OFFICER, member, Rupiah(0), "cash", on=DAY, key="k")
    await repay_kasbon(db, OFFICER, member, Rupiah(80_000), "cash", on=DAY, key="k")
    async with refused("payments.owes_nothing"):
        await repay_kasbon(db, OFFICER, member, Rupiah(1), "cash", on=DAY, key="k2")
    async with refused("payments.no_such_member"):
        await repay_kasbon(db, OFFICER, uuid4(), Rupiah(1), "cash", on=DAY, key="k2")


async def test_cash_fills_a_wallet_once(db: AsyncSession, ro: Reader) -> None:
    member = await owing(db, 1)
    await top_up_wallet(db, OFFICER, member, Rupiah(25_000), on=DAY, key="k")
    await top_up_wallet(db, OFFICER, member, Rupiah(25_000), on=DAY, key="k")
    assert await ledger_queries.get_balance(ro, WALLETS, member) == 25_000
    async with refused("payments.counter_amount_needed"):
        await top_up_wallet(db, OFFICER, member, Rupiah(0), on=DAY, key="k2")


async def test_a_payroll_number_is_one_members_alone(db: AsyncSession) -> None:
    sari, budi = await owing(db, 1), await owing(db, 1, number="0002")
    await update_credit_limits(
        db, OFFICER, sari, kasbon=Rupiah(1), payroll=Rupiah(2), payroll_number=" P-17 "
    )
    terms = await credit_queries.get_credit(db, sari)
    assert (terms.kasbon_limit, terms.payroll_limit, terms.payroll_number) == (1, 2, "P-17")
    async with refused("payments.payroll_number_taken"):
        await update_credit_limits(
            db, OFFICER, budi, kasbon=Rupiah(1), payroll=Rupiah(2), payroll_number="p-17"
        )
    await update_credit_limits(db, OFFICER, sari, kasbon=Rupiah(0), payroll=Rupiah(0), payroll_number="P-17")


async def _member(database: Database, tenant: TenantRef, owed: int = 0) -> UUID:
    async with coop_session(database, tenant) as db:
        if owed:
            return await owing(db, owed)
        found: UUID = await as_reader(db).value("SELECT id FROM members WHERE number = '0001'")
        return found


async def test_an_officer_grants_takes_money_and_gives_a_receipt(
    database: Database, melati: TenantRef, officer_client: SignedInClient
) -> None:
    member = await _member(database, melati, 80_000)
    home = f"{HOME}/{member}"
    listed = (await officer_client.get(HOME)).text
    assert "Sari Wulandari" in listed
    assert "Rp80.000" in listed
    sent = {"kasbon": "250.000", "payroll": "100.000", "payroll_number": "P-17"}
    sentence = "boleh berutang kasbon sampai Rp250.000 dan potong gaji sampai Rp100.000"
    assert sentence in (await officer_client.post(f"{home}/batas/periksa", dict(sent))).text
    assert (await officer_client.post(f"{home}/batas", dict(sent))).status_code == 303
    paid = {"amount": "30.000", "method": "cash", "key": str(uuid4())}
    checked = (await officer_client.post(f"{home}/pelunasan/periksa", dict(paid))).text
    assert "Rp30.000 tunai dari Sari Wulandari Melati (0001) melunasi kasbonnya." in checked
    receipts = {
        (await officer_client.post(f"{home}/pelunasan", dict(paid))).headers["location"] for _ in range(2)
    }
    assert len(receipts) == 1
    assert "Bukti pelunasan kasbon" in (await officer_client.get(receipts.pop())).text
    shown = (await officer_client.get(home)).text
    assert "Rp50.000" in shown
    too_much = await officer_client.post(
        f"{home}/pelunasan", {**paid, "amount": "60.000", "key": str(uuid4())}
    )
    assert too_much.status_code == 409
    assert "Utang kasbon Sari Wulandari Melati Rp50.000." in too_much.text
    filled = {"amount": "15.000", "key": str(uuid4())}
    assert "masuk ke dompetnya" in (await officer_client.post(f"{home}/dompet/periksa", dict(filled))).text
    receipt = await officer_client.post(f"{home}/dompet", dict(filled))
    assert "Bukti isi dompet" in (await officer_client.get(receipt.headers["location"])).text


async def test_receipts_of_others_and_members_at_the_office_see_nothing(
    database: Database, melati: TenantRef, officer_client: SignedInClient, member_client: SignedInClient
) -> None:
    member = await _member(database, melati)
    assert (await officer_client.get(f"{HOME}/{member}/bukti/1")).status_code == 404
    assert (await officer_client.get(f"{HOME}/{uuid4()}")).status_code == 404
    assert (await member_client.get(HOME)).status_code == 403
    for page in ("batas", "pelunasan", "dompet"):
        assert (await officer_client.get(f"{HOME}/{member}/{page}")).status_code == 200
    assert "Tidak ada anggota yang cocok" in (await officer_client.get(HOME, params={"cari": "zzz"})).text
