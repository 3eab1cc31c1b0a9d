"""Deposits and withdrawals: postings and errors."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import clock
from kernel.actor import Actor
from kernel.database import Database, Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from ledger import Journal, JournalLine, PostedJournal, post_journal
from ledger.chart import CUSTOMER_ADVANCES, VOLUNTARY_SAVINGS
from savings import queries
from savings.record_deposit import record_deposit
from savings.record_withdrawal import record_withdrawal
from tenants.registry import TenantRef
from tenants.session import coop_session

TODAY = (
    clock.today()
)  # the cooperative of the tests is founded today: a fixed date would be too early some day
KASIR = Actor("officer", "Kasir Uji")


async def sari_of(ro: Reader) -> UUID:
    return await ro.value("SELECT id FROM members WHERE number = '0001'")


@pytest.fixture
async def sari(ro: Reader) -> UUID:
    return await sari_of(ro)


async def record(
    db: AsyncSession, member: UUID, kind: str, amount: int, key: str = "k", on: date = TODAY
) -> PostedJournal:
    return await record_deposit(db, KASIR, member, kind, Rupiah(amount), "cash", on=on, today=TODAY, key=key)  # type: ignore[arg-type]


async def withdraw(db: AsyncSession, member: UUID, amount: int, key: str = "k") -> PostedJournal:
    return await record_withdrawal(db, KASIR, member, Rupiah(amount), "bank", on=TODAY, today=TODAY, key=key)


async def account_balance(ro: Reader, account: str) -> int:
    return await ro.value(
        "SELECT coalesce(sum(balance), 0)::bigint FROM balances WHERE account = $1", account
    )


async def test_a_deposit_moves_cash_and_the_members_savings(db: AsyncSession, ro: Reader, sari: UUID) -> None:
    before = await account_balance(ro, "1101")
    posted = await record(db, sari, "mandatory", 20_000)
    assert posted.created
    savings = await queries.get_balances(ro, sari)
    assert (savings.principal, savings.mandatory, savings.voluntary) == (100_000, 260_000, 500_000)
    assert await account_balance(ro, "1101") - before == 20_000
    receipt = await queries.get_receipt(ro, sari, posted.number)
    assert receipt is not None
    assert (receipt.amounts, receipt.method, receipt.posted_by) == (
        (("mandatory", 20_000),),
        "cash",
        "Kasir Uji",
    )
    await db.flush()
    audit_entries = await ro.value("SELECT count(*) FROM audit_entries WHERE action = 'savings.deposited'")
    assert audit_entries == 1


async def test_a_withdrawal_is_a_receipt_below_zero(db: AsyncSession, ro: Reader, sari: UUID) -> None:
    posted = await withdraw(db, sari, 150_000)
    receipt = await queries.get_receipt(ro, sari, posted.number)
    assert receipt is not None
    assert (receipt.total, receipt.method) == (-150_000, "bank")
    assert await queries.get_voluntary_balance(ro, sari) == 350_000


async def test_the_same_form_twice_counts_once(db: AsyncSession, ro: Reader, sari: UUID) -> None:
    first, second = await record(db, sari, "voluntary", 50_000), await record(db, sari, "voluntary", 50_000)
    assert (first.number, second.created) == (second.number, False)
    gone, again = await withdraw(db, sari, 550_000), await withdraw(db, sari, 550_000)
    assert gone.number == again.number
    assert await queries.get_voluntary_balance(ro, sari) == 0


async def test_a_withdrawal_stops_at_zero(db: AsyncSession, ro: Reader, sari: UUID) -> None:
    with pytest.raises(DomainError) as refused:
        await withdraw(db, sari, 500_001)
    assert refused.value.code == "savings.not_enough"
    assert refused.value.localize("id") == (
        "Simpanan sukarela Sari Wulandari Melati tinggal Rp500.000. Penarikan tidak boleh lebih dari itu."
    )
    await withdraw(db, sari, 500_000)


async def test_the_principal_is_paid_up_to_the_bylaws(db: AsyncSession, sari: UUID) -> None:
    with pytest.raises(DomainError) as refused:
        await record(db, sari, "principal", 1)
    assert refused.value.code == "savings.principal_complete"


@pytest.mark.parametrize(
    ("amount", "on", "code"),
    [
        (0, TODAY, "savings.amount_needed"),
        (-5, TODAY, "savings.amount_needed"),
        (5, TODAY + timedelta(days=1), "savings.date_ahead"),
    ],
)
async def test_nonsense_is_refused(db: AsyncSession, sari: UUID, amount: int, on: date, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        await record(db, sari, "voluntary", amount, on=on)
    assert refused.value.code == code


async def test_nothing_moves_on_a_day_before_its_member_joined(
    db: AsyncSession, ro: Reader, sari: UUID
) -> None:
    saver = await queries.get_saver(ro, sari)
    assert saver is not None
    assert saver.joined_on is not None
    before = saver.joined_on - timedelta(days=1)
    for move in (
        lambda: record(db, sari, "voluntary", 5_000, on=before),
        lambda: record_withdrawal(
            db, KASIR, sari, Rupiah(5_000), "cash", on=before, today=TODAY, key="early"
        ),
    ):
        with pytest.raises(DomainError) as refused:
            await move()
        assert refused.value.code == "savings.before_joining"


@pytest.mark.parametrize("status", ["left", "declined"])
async def test_savings_are_for_members_alone(db: AsyncSession, sari: UUID, status: str) -> None:
    await db.execute(
        text("UPDATE members SET status = :status WHERE id = :id"), {"status": status, "id": sari}
    )
    with pytest.raises(DomainError) as refused:
        await record(db, sari, "voluntary", 5_000)
    assert refused.value.code == "savings.not_a_member"
    with pytest.raises(DomainError):
        await withdraw(db, sari, 5_000)


async def test_dues_count_the_balance_since_the_rules_are_known(
    db: AsyncSession, ro: Reader, sari: UUID
) -> None:
    saver = await queries.get_saver(ro, sari)
    assert saver is not None
    assert saver.joined_on is not None
    known_from = await ro.value("SELECT min(effective_on) FROM bylaws")
    later = date(known_from.year + 1, known_from.month, 15)
    open_before = await queries.get_dues(ro, sari, saver.joined_on, later)
    assert open_before.arrears == 12 * 20_000, "the opening balance paid for months before the rules"
    await record(db, sari, "mandatory", 50_000, on=known_from)
    open_after = await queries.get_dues(ro, sari, saver.joined_on, later)
    assert open_after.arrears == 12 * 20_000 - 50_000


async def on_own_connection(
    database: Database, tenant: TenantRef, work: Callable[[AsyncSession], Awaitable[object]]
) -> str:
    try:
        async with coop_session(database, tenant) as db:
            await work(db)
    except DomainError as error:
        return error.code
    return "done"


async def test_two_withdrawals_at_once_never_go_below_zero(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        sari = await sari_of(as_reader(db))
    works = [lambda db, n=n: withdraw(db, sari, 300_000, f"race-{n}") for n in range(4)]
    outcomes = await asyncio.gather(*(on_own_connection(database, melati, work) for work in works))
    assert sorted(outcomes) == ["done", "savings.not_enough", "savings.not_enough", "savings.not_enough"]
    async with coop_session(database, melati) as db:
        assert await queries.get_voluntary_balance(db, sari) == 200_000


async def test_an_order_and_a_withdrawal_at_once_never_go_below_zero(
    database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        sari = await sari_of(as_reader(db))

    async def pay_order(db: AsyncSession) -> None:
        lines = [
            JournalLine.to_debit(VOLUNTARY_SAVINGS, Rupiah(400_000), sari),
            JournalLine.to_credit(CUSTOMER_ADVANCES, Rupiah(400_000)),
        ]
        await post_journal(db, Journal(TODAY, "Pesanan", "try:order", lines), by="uji")

    outcomes = await asyncio.gather(
        on_own_connection(database, melati, pay_order),
        on_own_connection(database, melati, lambda db: withdraw(db, sari, 400_000, "race")),
    )
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "savings.not_enough", "ledger.below_floor"}
    async with coop_session(database, melati) as db:
        assert await queries.get_voluntary_balance(db, sari) == 100_000


async def test_the_same_form_on_two_connections_counts_once(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        sari = await sari_of(as_reader(db))
    works = [lambda db: record(db, sari, "voluntary", 10_000, "one-form") for _ in range(3)]
    assert (
        await asyncio.gather(*(on_own_connection(database, melati, work) for work in works)) == ["done"] * 3
    )
    async with coop_session(database, melati) as db:
        assert await queries.get_voluntary_balance(db, sari) == 510_000


async def test_two_instalments_at_once_do_not_overpay_the_principal(
    database: Database, melati: TenantRef
) -> None:
    from members.admit_member import PersonDetails, add_to_register

    async with coop_session(database, melati) as db:
        member = await add_to_register(db, PersonDetails("Baru"), number="", joined_on=TODAY, by="uji")
        member_id = member.id
    works = [lambda db, n=n: record(db, member_id, "principal", 60_000, f"race-{n}") for n in range(2)]
    outcomes = await asyncio.gather(*(on_own_connection(database, melati, work) for work in works))
    assert sorted(outcomes) == ["done", "savings.principal_complete"]
