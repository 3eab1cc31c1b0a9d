"""Payroll deduction: what a file asks, what an answer pays off, and how each difference is settled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from credit import payroll_queries
from credit.models import PayrollBatch
from credit.payroll_batches import ReturnResult, create_batch, import_return
from credit.payroll_rules import Decision
from credit.settle_difference import settle_line, settle_unmatched_deduction
from kernel.actor import Actor
from kernel.database import Database, Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger import queries as ledger_queries
from ledger.chart import BANK, MEMBER_RECEIVABLES, OTHER_INCOME, OWED_TO_PAYERS, PAYROLL_RECEIVABLES, WALLETS
from tenants.registry import TenantRef
from tenants.session import coop_session

OFFICER = Actor("officer", "Ketua Melati")
DAY = date(2026, 6, 15)


@asynccontextmanager
async def refused(code: str) -> AsyncIterator[None]:
    with pytest.raises(DomainError) as caught:
        yield
    assert caught.value.code == code


async def owe(db: AsyncSession, number: str, amount: int) -> UUID:
    """Let a member owe this by payroll deduction (below zero: goods were returned)."""
    member: UUID = await as_reader(db).value("SELECT id FROM members WHERE number = $1", number)
    bought = [
        JournalLine.to_debit(PAYROLL_RECEIVABLES, Rupiah(abs(amount)), member),
        JournalLine.to_credit(OTHER_INCOME, Rupiah(abs(amount))),
    ]
    returned = [
        JournalLine.to_credit(PAYROLL_RECEIVABLES, Rupiah(abs(amount)), member),
        JournalLine.to_debit(OTHER_INCOME, Rupiah(abs(amount))),
    ]
    lines = bought if amount > 0 else returned
    await post_journal(db, Journal(DAY, "Belanja potong gaji", f"test:{uuid4()}", lines), by="test")
    return member


async def create_sent_batch(
    db: AsyncSession, sari: int = 50_000, budi: int = 70_000
) -> tuple[PayrollBatch, UUID, UUID]:
    members = await owe(db, "0001", sari), await owe(db, "0002", budi)
    return await create_batch(db, OFFICER, "Potongan Juni 2026", key=str(uuid4())), *members


async def import_answer(db: AsyncSession, batch: PayrollBatch, *lines: str, on: date = DAY) -> ReturnResult:
    content = "\n".join(["nomor anggota,nama,dipotong,keterangan", *lines])
    return await import_return(db, OFFICER, batch.id, content, on=on, today=DAY)


async def decide(
    db: AsyncSession, batch: PayrollBatch, member: UUID, decision: Decision, reason: str = "kata HRD"
) -> None:
    await settle_line(db, OFFICER, batch.id, member, decision, reason, on=DAY)


async def test_a_file_asks_all_that_is_owed_and_once(db: AsyncSession) -> None:
    batch, sari, budi = await create_sent_batch(db)
    lines = {each.member_id: each.requested for each in await payroll_queries.list_lines(db, batch.id)}
    assert lines == {sari: 50_000, budi: 70_000}
    assert (await create_batch(db, OFFICER, "lain", key=batch.key)).id == batch.id
    async with refused("payments.nothing_to_ask"):
        await create_batch(db, OFFICER, "lain", key="another")
    await owe(db, "0001", 8_000)
    second = await create_batch(db, OFFICER, "susulan", key="third")
    assert [each.requested for each in await payroll_queries.list_lines(db, second.id)] == [8_000]


async def test_an_answer_that_is_equal_pays_everything_off_in_one_journal(
    db: AsyncSession, ro: Reader
) -> None:
    batch, sari, budi = await create_sent_batch(db)
    bank = await ledger_queries.get_balance(ro, BANK)
    taken = await import_answer(db, batch, "0001,Sari,50000,", "2,Budi,70000,")
    assert taken.fresh
    assert await ledger_queries.get_balance(ro, BANK) == bank + 120_000
    assert await ledger_queries.get_balance(ro, PAYROLL_RECEIVABLES) == 0
    assert {
        (each.account, each.party, each.debit, each.credit)
        for each in await ledger_queries.list_journal_lines(ro, taken.journal or 0)
    } == {
        (BANK, None, 120_000, 0),
        (PAYROLL_RECEIVABLES, sari, 0, 50_000),
        (PAYROLL_RECEIVABLES, budi, 0, 70_000),
    }
    view = await payroll_queries.find_batch(db, batch.id)
    assert view is not None
    assert (view.status, view.open_differences, view.total_taken) == ("returned", 0, 120_000)


async def test_the_same_answer_again_changes_nothing_and_another_is_refused(
    db: AsyncSession, ro: Reader
) -> None:
    batch, _, _ = await create_sent_batch(db)
    lines = ("0001,Sari,40000,cuti", "0002,Budi,70000,", "9999,Orang Lain,3000,")
    first = await import_answer(db, batch, *lines)
    before = await ro.value("SELECT count(*) FROM journals")
    again = await import_answer(db, batch, *lines)
    assert (again.fresh, again.journal) == (False, first.journal)
    assert await ro.value("SELECT count(*) FROM journals") == before
    async with refused("payments.returned_already"):
        await import_answer(db, batch, "0001,Sari,50000,", *lines[1:])
    async with refused("payments.returned_already"):
        await import_answer(db, batch, *lines[:2])


async def test_what_was_not_taken_is_carried_or_becomes_store_credit(db: AsyncSession, ro: Reader) -> None:
    batch, sari, budi = await create_sent_batch(db)
    await import_answer(db, batch, "0001,Sari,20000,", "0002,Budi,0,sudah berhenti")
    assert (
        await payroll_queries.list_pending_requests(db) == []
    )  # a difference that waits for a decision is not asked again
    await decide(db, batch, sari, "carry")
    (next_time,) = await payroll_queries.list_pending_requests(db)
    assert (next_time.member_id, next_time.requested) == (sari, 30_000)
    await decide(db, batch, budi, "kasbon")
    await decide(db, batch, budi, "kasbon")
    assert await ledger_queries.get_balance(ro, MEMBER_RECEIVABLES, budi) == 70_000
    assert await ledger_queries.get_balance(ro, PAYROLL_RECEIVABLES, budi) == 0
    async with refused("payments.settled_otherwise"):
        await decide(db, batch, budi, "carry")
    shown = await payroll_queries.find_line(db, batch.id, budi)
    assert shown is not None
    assert (shown.settled, shown.decision, shown.note) == (True, "kasbon", "kata HRD")


async def test_what_was_taken_too_much_waits_and_is_given_back(db: AsyncSession, ro: Reader) -> None:
    batch, sari, budi = await create_sent_batch(db)
    bank = await ledger_queries.get_balance(ro, BANK)
    await import_answer(db, batch, "0001,Sari,50000,", "0001,Sari,50000,", "0002,Budi,75000,")
    assert await ledger_queries.get_balance(ro, OWED_TO_PAYERS) == 55_000
    async with refused("payments.not_this_decision"):
        await decide(db, batch, sari, "carry")
    async with refused("payments.reason_needed"):
        await decide(db, batch, sari, "wallet", " ")
    await decide(db, batch, sari, "wallet")
    await decide(db, batch, budi, "bank")
    assert await ledger_queries.get_balance(ro, WALLETS, sari) == 50_000
    assert await ledger_queries.get_balance(ro, OWED_TO_PAYERS) == 0
    assert await ledger_queries.get_balance(ro, BANK) == bank + 175_000 - 5_000


async def test_goods_that_came_back_meanwhile_make_it_too_much(db: AsyncSession, ro: Reader) -> None:
    batch, sari, _ = await create_sent_batch(db)
    await owe(db, "0001", -20_000)
    await import_answer(db, batch, "0001,Sari,50000,", "0002,Budi,70000,")
    assert await ledger_queries.get_balance(ro, PAYROLL_RECEIVABLES, sari) == 0
    assert await ledger_queries.get_balance(ro, OWED_TO_PAYERS) == 20_000
    await decide(db, batch, sari, "wallet")
    assert await ledger_queries.get_balance(ro, WALLETS, sari) == 20_000


async def test_money_of_unknown_people_goes_to_whom_the_officer_says(db: AsyncSession, ro: Reader) -> None:
    batch, sari, _ = await create_sent_batch(db)
    await import_answer(
        db, batch, "0001,Sari,50000,", "0002,Budi,70000,", "77,Orang Lain,3000,", "78,Orang Kedua,4000,"
    )
    view = await payroll_queries.find_batch(db, batch.id)
    assert view is not None
    assert (view.total_taken, view.open_differences) == (127_000, 2)

    async def give(line: int, decision: Decision, number: str = "") -> None:
        await settle_unmatched_deduction(
            db, OFFICER, batch.id, line, decision, "salah tulis", member_number=number, on=DAY
        )

    async with refused("payments.no_member_of_number"):
        await give(4, "wallet", "4711")
    async with refused("payments.not_this_decision"):
        await give(4, "kasbon")
    await give(4, "wallet", "0001")
    await give(4, "wallet", "0001")
    await give(5, "bank")
    assert await ledger_queries.get_balance(ro, WALLETS, sari) == 3_000
    assert await ledger_queries.get_balance(ro, OWED_TO_PAYERS) == 0
    async with refused("payments.no_such_difference"):
        await give(6, "bank")


async def test_an_answer_without_money_is_no_journal_and_bad_ones_are_refused_whole(db: AsyncSession) -> None:
    batch, _, _ = await create_sent_batch(db)
    async with refused("payments.return_has_bad_lines"):
        await import_answer(db, batch, "0001,Sari,abc,")
    async with refused("payments.return_empty"):
        await import_answer(db, batch)
    async with refused("payments.day_ahead"):
        await import_answer(db, batch, "0001,Sari,1,", on=date(2026, 6, 16))
    async with refused("payments.no_such_batch"):
        await import_return(db, OFFICER, uuid4(), "nomor anggota,dipotong\n1,2", on=DAY, today=DAY)
    taken = await import_answer(db, batch, "0001,Sari,0,")
    assert (taken.fresh, taken.journal) == (True, None)


async def test_two_officers_at_once_take_an_answer_once(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        batch, sari, _ = await create_sent_batch(db)

    async def take() -> ReturnResult:
        async with coop_session(database, melati) as db:
            return await import_answer(db, batch, "0001,Sari,80000,", "0002,Budi,70000,")

    taken = await asyncio.gather(*(take() for _ in range(4)))
    assert sorted(each.fresh for each in taken) == [False, False, False, True]

    async def give() -> None:
        async with coop_session(database, melati) as db:
            await decide(db, batch, sari, "wallet")

    await asyncio.gather(*(give() for _ in range(4)))
    async with coop_session(database, melati) as db:
        ro = as_reader(db)
        assert await ledger_queries.get_balance(ro, BANK) == 150_000
        assert await ledger_queries.get_balance(ro, WALLETS, sari) == 30_000
        assert await ledger_queries.get_balance(ro, OWED_TO_PAYERS) == 0
