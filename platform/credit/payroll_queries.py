"""Queries of payroll deductions: pending requests, batches, and open differences."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import select

from credit.models import PayrollBatch, PayrollLine, UnmatchedDeduction
from credit.payroll_rules import DeductionRequest
from kernel.database import Reader, as_reader
from kernel.money import Rupiah
from ledger.chart import PAYROLL_RECEIVABLES

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class DeductionRequestRow(msgspec.Struct, frozen=True):
    """A deduction request for a member; ``owed`` is their whole debt on the account now, in rupiah."""

    member_id: UUID
    member_number: str
    payroll_number: str
    name: str
    requested: int
    owed: int

    def to_request(self) -> DeductionRequest:
        """Return the request as the rules take it."""
        return DeductionRequest(
            member_id=self.member_id,
            member_number=self.member_number,
            payroll_number=self.payroll_number,
            name=self.name,
            requested=Rupiah(self.requested),
            owed=Rupiah(self.owed),
        )


class PayrollBatchView(msgspec.Struct, frozen=True):
    """A batch of deduction requests; sums are in rupiah.

    `unmatched` is the sum of deductions that we did not request; `open_lines` and `open_unmatched` count
    those that await a decision.
    """

    id: UUID
    title: str
    status: str
    created_by: str
    created_at: datetime
    returned_by: str | None
    returned_at: datetime | None
    journal: int | None
    people: int
    requested: int
    deducted: int
    applied: int
    unmatched: int
    open_lines: int
    open_unmatched: int

    @property
    def open_differences(self) -> int:
        """Return the number of open differences."""
        return self.open_lines + self.open_unmatched

    @property
    def total_taken(self) -> int:
        """Return the total that the employer deducted, in rupiah."""
        return self.deducted + self.unmatched


class PayrollLineView(msgspec.Struct, frozen=True):
    """The request for one member in a batch, and its outcome. Amounts are in rupiah."""

    member_id: UUID
    member_number: str
    payroll_number: str
    name: str
    status: str
    requested: int
    deducted: int | None
    applied: int | None
    remark: str
    named: bool
    settled: bool
    decision: str | None
    note: str


class UnmatchedDeductionView(msgspec.Struct, frozen=True):
    """A deduction that we did not request; `amount` is in rupiah."""

    line: int
    who: str
    amount: int
    remark: str
    settled: bool
    decision: str | None
    note: str
    member_name: str | None


# Amounts by member that a sent file requests, or whose shortfall awaits a decision.
_ALREADY_ASKED = (
    "(SELECT l.member_id, sum(CASE WHEN b.status = 'sent' THEN l.requested ELSE l.requested - l.applied "
    "END)::bigint AS amount"
    " FROM payroll_lines l JOIN payroll_batches b ON b.id = l.batch_id"
    " WHERE b.status = 'sent' OR (NOT l.settled AND l.deducted = l.applied) GROUP BY l.member_id)"
)
_ASKED = (
    "m.id AS member_id, coalesce(m.number, '') AS member_number, coalesce(t.payroll_number, '') AS "
    "payroll_number, m.name"
)
_BATCH = (
    "SELECT b.id, b.title, b.status, b.created_by, b.created_at, b.returned_by, b.returned_at, b.journal,"
    " coalesce(l.people, 0)::int AS people, coalesce(l.requested, 0)::bigint AS requested, "
    "coalesce(l.deducted, "
    "0)::bigint AS deducted,"
    " coalesce(l.applied, 0)::bigint AS applied, coalesce(s.amount, 0)::bigint AS unmatched,"
    " CASE WHEN b.status = 'sent' THEN 0 ELSE coalesce(l.waiting, 0) END::int AS open_lines, "
    "coalesce(s.waiting, 0)::int AS open_unmatched"
    " FROM payroll_batches b LEFT JOIN (SELECT batch_id, count(*) AS people, sum(requested) AS requested, "
    "sum(deducted) AS deducted,"
    "  sum(applied) AS applied, count(*) FILTER (WHERE NOT settled) AS waiting FROM payroll_lines GROUP "
    "BY batch_id) l ON l.batch_id = b.id"
    " LEFT JOIN (SELECT batch_id, sum(amount) AS amount, count(*) FILTER (WHERE NOT settled) AS "
    "waiting FROM payroll_unmatched_lines"
    "  GROUP BY batch_id) s ON s.batch_id = b.id"
)


async def list_pending_requests(source: AsyncSession | Reader) -> list[DeductionRequestRow]:
    """Return what a new batch would request: debts less amounts already requested or awaiting a decision."""
    return await as_reader(source).rows(
        DeductionRequestRow,
        f"SELECT {_ASKED}, (b.balance - coalesce(h.amount, 0))::bigint AS requested, b.balance AS owed"
        " FROM balances b JOIN members m ON m.id = b.party LEFT JOIN credit_terms t ON t.member_id = m.id"
        f" LEFT JOIN {_ALREADY_ASKED} h ON h.member_id = m.id"
        " WHERE b.account = $1 AND b.balance - coalesce(h.amount, 0) > 0 ORDER BY lower(m.name), m.number",
        PAYROLL_RECEIVABLES,
    )


async def list_batch_requests(source: AsyncSession | Reader, batch_id: UUID) -> list[DeductionRequestRow]:
    """Return a batch's requests, with what each member owes now."""
    return await as_reader(source).rows(
        DeductionRequestRow,
        f"SELECT {_ASKED}, l.requested, coalesce(b.balance, 0)::bigint AS owed"
        " FROM payroll_lines l JOIN members m ON m.id = l.member_id LEFT JOIN credit_terms t ON "
        "t.member_id = m.id"
        " LEFT JOIN balances b ON b.party = m.id AND b.account = $2 WHERE l.batch_id = $1 ORDER BY "
        "lower(m.name), m.number",
        batch_id,
        PAYROLL_RECEIVABLES,
    )


async def list_batches(ro: Reader, *, limit: int = 60) -> list[PayrollBatchView]:
    """Return the batches, those with open differences first, then the newest."""
    return await ro.rows(
        PayrollBatchView,
        _BATCH + " ORDER BY coalesce(l.waiting, 0) + coalesce(s.waiting, 0) = 0, b.created_at DESC LIMIT $1",
        limit,
    )


async def find_batch(source: AsyncSession | Reader, batch_id: UUID) -> PayrollBatchView | None:
    """Return a batch with its sums, or None."""
    return await as_reader(source).one(PayrollBatchView, _BATCH + " WHERE b.id = $1", batch_id)


_LINES = (
    "SELECT m.id AS member_id, coalesce(m.number, '') AS member_number, coalesce(t.payroll_number, '') "
    "AS payroll_number, m.name,"
    " m.status, l.requested, l.deducted, l.applied, l.remark, l.named, l.settled, l.decision, l.note FROM "
    "payroll_lines l"
    " JOIN members m ON m.id = l.member_id LEFT JOIN credit_terms t ON t.member_id = m.id WHERE "
    "l.batch_id = $1"
)
_UNMATCHED = (
    "SELECT s.line, s.who, s.amount, s.remark, s.settled, s.decision, s.note, m.name AS member_name"
    " FROM payroll_unmatched_lines s LEFT JOIN members m ON m.id = s.member_id WHERE s.batch_id = $1"
)


async def list_lines(source: AsyncSession | Reader, batch_id: UUID) -> list[PayrollLineView]:
    """Return a batch's lines with their outcomes, open ones first."""
    return await as_reader(source).rows(
        PayrollLineView, _LINES + " ORDER BY l.settled, lower(m.name), m.number", batch_id
    )


async def find_line(source: AsyncSession | Reader, batch_id: UUID, member_id: UUID) -> PayrollLineView | None:
    """Return a member's line in a batch, or None."""
    return await as_reader(source).one(PayrollLineView, _LINES + " AND m.id = $2", batch_id, member_id)


async def list_unmatched_deductions(
    source: AsyncSession | Reader, batch_id: UUID
) -> list[UnmatchedDeductionView]:
    """Return the deductions of an answer that we did not request, open ones first."""
    return await as_reader(source).rows(
        UnmatchedDeductionView, _UNMATCHED + " ORDER BY s.settled, s.line", batch_id
    )


async def find_unmatched_deduction(
    source: AsyncSession | Reader, batch_id: UUID, number: int
) -> UnmatchedDeductionView | None:
    """Return the deduction on this line of an answer that we did not request, or None."""
    return await as_reader(source).one(
        UnmatchedDeductionView, _UNMATCHED + " AND s.line = $2", batch_id, number
    )


async def find_batch_by_key(db: AsyncSession, key: str) -> PayrollBatch | None:
    """Return the batch that this key created, or None."""
    return (await db.execute(select(PayrollBatch).where(PayrollBatch.key == key))).scalar_one_or_none()


async def lock_batch(db: AsyncSession, batch_id: UUID) -> PayrollBatch | None:
    """Return a batch, locked, or None."""
    statement = select(PayrollBatch).where(PayrollBatch.id == batch_id).with_for_update()
    return (await db.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def lock_lines(db: AsyncSession, batch_id: UUID) -> dict[UUID, PayrollLine]:
    """Return the lines of a batch by member id, locked."""
    statement = select(PayrollLine).where(PayrollLine.batch_id == batch_id).with_for_update()
    found = (await db.execute(statement.execution_options(populate_existing=True))).scalars()
    return {each.member_id: each for each in found}


async def lock_line(db: AsyncSession, batch_id: UUID, member_id: UUID) -> PayrollLine | None:
    """Return a member's line in a batch, locked, or None."""
    statement = select(PayrollLine).where(
        PayrollLine.batch_id == batch_id, PayrollLine.member_id == member_id
    )
    return (
        await db.execute(statement.with_for_update().execution_options(populate_existing=True))
    ).scalar_one_or_none()


async def lock_unmatched_deduction(
    db: AsyncSession, batch_id: UUID, number: int
) -> UnmatchedDeduction | None:
    """Return the deduction on this line of an answer that we did not request, locked, or None."""
    statement = select(UnmatchedDeduction).where(
        UnmatchedDeduction.batch_id == batch_id, UnmatchedDeduction.line == number
    )
    return (
        await db.execute(statement.with_for_update().execution_options(populate_existing=True))
    ).scalar_one_or_none()
