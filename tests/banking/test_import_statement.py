"""Importing bank statements: which payments they settle, and that a second import changes nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from banking import statement_queries
from banking.import_statement import (
    StatementImportPlan,
    StatementImportSummary,
    import_statement,
    plan_statement,
    save_layout,
)
from banking.match_line import mark_line_unrelated, match_line
from banking.statement_files import UnknownTable
from banking.statement_layouts import ColumnMapping
from fakes.bank import BankMovement, render_statement
from kernel import clock
from kernel.actor import Actor
from kernel.database import Reader
from kernel.errors import DomainError
from payments.models import Payment

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
OFFICER = Actor("officer", "Ketua Melati")


@pytest.fixture(autouse=True)
def noon() -> AsyncIterator[None]:
    with clock.freeze_at(NOW):
        yield


@asynccontextmanager
async def refused(code: str) -> AsyncIterator[None]:
    with pytest.raises(DomainError) as caught:
        yield
    assert caught.value.code == code


async def open_transfer(
    db: AsyncSession,
    amount: int = 50_123,
    *,
    unique_suffix: int = 123,
    reference: str = "LAAAAAAAAAA1",
    method: str = "bank_transfer",
    status: str = "awaiting",
    opened: datetime = NOW - timedelta(hours=5),
) -> Payment:
    """Open a top-up of a member's wallet by transfer, with this amount."""
    member_id = await statement_queries.as_reader(db).value("SELECT id FROM members WHERE number = '0001'")
    payment = Payment(
        id=uuid4(),
        reference=reference,
        key=f"test:{reference}",
        purpose="top_up",
        subject_id=member_id,
        label_code="payments.top_up",
        label_params={},
        method=method,
        status=status,
        amount=amount,
        unique_suffix=unique_suffix,
        member_id=member_id,
        payer_name="Sari Wulandari",
        opened_at=opened,
        expires_at=opened + timedelta(hours=48),
        ended_at=None if status == "awaiting" else opened + timedelta(hours=48),
        instructions={},
    )
    db.add(payment)
    await db.flush()
    return payment


def incoming(
    amount: int, text: str = "TRSF E-BANKING CR SARI", *, at: datetime = NOW - timedelta(hours=2)
) -> BankMovement:
    return BankMovement(at, amount, text)


def bri(*movements: BankMovement) -> bytes:
    return render_statement("bri", movements)


async def import_movements(
    db: AsyncSession, *movements: BankMovement, method: str = "bank_transfer"
) -> StatementImportSummary:
    return await import_statement(db, OFFICER, method, bri(*movements))


async def states(db: AsyncSession) -> list[tuple[int, str]]:
    records = await statement_queries.as_reader(db).records(
        "SELECT amount, status FROM statement_lines ORDER BY amount"
    )
    return [(record["amount"], record["status"]) for record in records]


async def journals(db: AsyncSession) -> int:
    return int(await statement_queries.as_reader(db).value("SELECT count(*) FROM journals"))


async def first_line(db: AsyncSession) -> UUID:
    found: UUID = await statement_queries.as_reader(db).value(
        "SELECT id FROM statement_lines ORDER BY amount DESC LIMIT 1"
    )
    return found


async def test_money_with_the_unique_amount_settles_its_payment_on_the_banks_day(
    db: AsyncSession, ro: Reader
) -> None:
    payment = await open_transfer(db, opened=NOW - timedelta(days=3))
    before = await journals(db)
    summary = await import_movements(
        db, incoming(50_123, at=NOW - timedelta(days=2)), incoming(-2_500), incoming(700_000)
    )
    assert summary == StatementImportSummary(new=3, matched=1, unmatched=1)
    assert (payment.status, payment.settled_by, payment.late) == ("paid", "Ketua Melati", False)
    assert await states(db) == [(-2_500, "outgoing"), (50_123, "matched"), (700_000, "unmatched")]
    assert await journals(db) == before + 1
    assert await ro.value("SELECT value_date FROM journals ORDER BY number DESC LIMIT 1") == date(
        2026, 11, 22
    )


async def test_the_same_statement_again_changes_nothing_and_a_longer_one_brings_what_is_new(
    db: AsyncSession,
) -> None:
    await open_transfer(db)
    first, second = incoming(50_123), incoming(700_000)
    await import_movements(db, first)
    before = await journals(db)
    assert await import_movements(db, first) == StatementImportSummary(known=1)
    assert await import_movements(db, first, second) == StatementImportSummary(new=1, known=1, unmatched=1)
    assert await journals(db) == before
    assert await states(db) == [(50_123, "matched"), (700_000, "unmatched")]


async def test_money_that_came_late_is_taken_and_marked(db: AsyncSession) -> None:
    payment = await open_transfer(db, status="expired", opened=NOW - timedelta(days=3))
    assert (await import_movements(db, incoming(50_123))).matched == 1
    assert (payment.status, payment.late) == ("paid", True)


async def test_a_line_of_money_that_an_officer_saw_before_is_matched_and_books_nothing(
    db: AsyncSession,
) -> None:
    payment = await open_transfer(db)
    payment.status, payment.settled_at, payment.settled_by = "paid", NOW - timedelta(hours=1), "Ketua Melati"
    await db.flush()
    before = await journals(db)
    assert (await import_movements(db, incoming(50_123))).matched == 1
    assert await journals(db) == before


async def test_a_line_that_comes_again_in_other_words_settles_nobody_elses_payment(db: AsyncSession) -> None:
    await open_transfer(db)
    await import_movements(db, incoming(50_123))
    other = await open_transfer(db, reference="LAAAAAAAAAA2")
    assert (await import_movements(db, incoming(50_123, "TRSF E-BANKING CR SARI WS_OB;123"))).doubtful == 1
    assert other.status == "awaiting"


async def test_doubtful_lines_wait_for_an_officer(db: AsyncSession) -> None:
    payment = await open_transfer(db, 50_000, unique_suffix=0)
    assert await import_movements(db, incoming(50_000)) == StatementImportSummary(new=1, doubtful=1)
    assert payment.status == "awaiting"
    line_id = await first_line(db)
    matched = await match_line(db, OFFICER, line_id, payment.reference)
    assert matched.settled
    assert payment.status == "paid"
    before = await journals(db)
    again = await match_line(db, OFFICER, line_id, payment.reference)
    assert not again.settled
    assert await journals(db) == before


async def test_who_left_the_tail_out_has_paid_what_it_cost(db: AsyncSession, ro: Reader) -> None:
    payment = await open_transfer(db)
    assert (await import_movements(db, incoming(50_000))).doubtful == 1
    await match_line(db, OFFICER, await first_line(db), payment.reference)
    await db.flush()
    assert (payment.status, payment.amount, payment.unique_suffix) == ("paid", 50_000, 0)
    assert await ro.value("SELECT sum(debit - credit) FROM journal_lines WHERE account = '1102'") == 50_000


async def test_another_amount_is_not_matched_by_hand(db: AsyncSession) -> None:
    payment = await open_transfer(db)
    await import_movements(db, incoming(49_000))
    async with refused("payments.line_amount_differs"):
        await match_line(db, OFFICER, await first_line(db), payment.reference)
    assert payment.status == "awaiting"


async def test_a_payment_of_another_way_is_not_matched_by_hand(db: AsyncSession) -> None:
    payment = await open_transfer(db, method="qris")
    await import_movements(db, incoming(50_123))
    async with refused("payments.line_other_way"):
        await match_line(db, OFFICER, await first_line(db), payment.reference)


async def test_one_payment_is_not_matched_to_two_lines(db: AsyncSession) -> None:
    payment = await open_transfer(db)
    await import_movements(db, incoming(50_123, "LAAAAAAAAAA1"))
    await import_movements(db, incoming(50_123, "LAIN"))
    line_id = await statement_queries.as_reader(db).value(
        "SELECT id FROM statement_lines WHERE description = 'LAIN'"
    )
    async with refused("payments.payment_seen"):
        await match_line(db, OFFICER, line_id, payment.reference)


async def test_a_line_is_set_aside_with_a_reason_once_and_may_still_be_matched(db: AsyncSession) -> None:
    payment = await open_transfer(db, 700_000, unique_suffix=0)
    await import_movements(db, incoming(700_000))
    line_id = await first_line(db)
    async with refused("payments.reason_needed"):
        await mark_line_unrelated(db, OFFICER, line_id, "  ")
    await mark_line_unrelated(db, OFFICER, line_id, "Setoran dari kas")
    await mark_line_unrelated(db, OFFICER, line_id, "Setoran dari kas")
    async with refused("payments.line_decided"):
        await mark_line_unrelated(db, OFFICER, line_id, "Lain lagi")
    assert (await match_line(db, OFFICER, line_id, payment.reference)).settled


async def test_what_went_out_and_interest_with_sen_pay_nothing(db: AsyncSession) -> None:
    payment = await open_transfer(db, 1_234, unique_suffix=0)
    content = bri(incoming(-2_500), incoming(1_234)).replace(b"1234.00", b"1234.56")
    assert await import_statement(db, OFFICER, "bank_transfer", content) == StatementImportSummary(new=2)
    assert await states(db) == [(-2_500, "outgoing"), (1_234, "set_aside")]
    async with refused("payments.line_went_out"):
        await match_line(db, OFFICER, await first_line(db), payment.reference)


async def test_a_bad_line_keeps_the_whole_file_out(db: AsyncSession) -> None:
    await open_transfer(db)
    content = bri(incoming(50_123), incoming(60_000)).replace(b"60000.00", b"60,00.00")
    async with refused("payments.statement_bad_lines"):
        await import_statement(db, OFFICER, "bank_transfer", content)
    assert await states(db) == []


async def test_what_the_books_refuse_is_left_to_an_officer_and_the_rest_is_taken(
    db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    from payments import errors, state_machine

    bad, good = await open_transfer(db), await open_transfer(db, 60_001, reference="LAAAAAAAAAA2")
    real = state_machine.settle_by_statement

    async def refuse_one(db: AsyncSession, payment: Payment, actor: Actor, *, on: date) -> bool:
        settled = await real(db, payment, actor, on=on)
        if payment.reference == "LAAAAAAAAAA1":
            raise errors.NO_SUCH_MEMBER()
        return settled

    monkeypatch.setattr(state_machine, "settle_by_statement", refuse_one)
    assert await import_movements(db, incoming(50_123), incoming(60_001)) == StatementImportSummary(
        new=2, matched=1, doubtful=1
    )
    await db.refresh(bad)
    await db.refresh(good)
    assert (bad.status, good.status) == ("awaiting", "paid")
    assert await states(db) == [(50_123, "doubtful"), (60_001, "matched")]


async def test_a_table_that_an_officer_described_is_known_from_then_on(db: AsyncSession) -> None:
    payment = await open_transfer(db, 50_123, method="qris", unique_suffix=123)
    content = "Waktu;ID;Nominal;Status\n2026-11-24 10:01:02;QR LAAAAAAAAAA1;50.123;Berhasil\n"
    found = await plan_statement(db, "qris", content)
    assert isinstance(found, UnknownTable)
    async with refused("payments.statement_layout_unknown"):
        await import_statement(db, OFFICER, "qris", content)
    columns = ColumnMapping(date=0, texts=(1,), amount=2, outcome=3, by_sign=True)
    await save_layout(db, OFFICER, found.fingerprint, "Aplikasi kasir", columns, len(found.header))
    await save_layout(db, OFFICER, found.fingerprint, "Aplikasi kasir", columns, len(found.header))
    plan = await plan_statement(db, "qris", content)
    assert isinstance(plan, StatementImportPlan)
    assert plan.count("matched") == 1
    assert (await import_statement(db, OFFICER, "qris", content)).matched == 1
    assert payment.status == "paid"


async def test_a_way_without_statement_is_refused(db: AsyncSession) -> None:
    async with refused("payments.way_has_no_statement"):
        await plan_statement(db, "cash", bri(incoming(1)))
