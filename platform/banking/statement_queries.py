"""Queries of the statement import and its queue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import select

from banking.matching_rules import MatchCandidate
from banking.models import BankLine
from banking.statement_layouts import ColumnMapping
from kernel.database import Reader, as_reader, like_pattern
from kernel.formats import Lang
from kernel.money import Rupiah
from ledger.descriptions import DescribedRow, JournalDescription
from payments.labels import LABEL_COLUMN, LABEL_TEXT, label_words

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PAGE_SIZE = 30
# How long after its end a payment can be matched: longer than any bank takes to book.
MATCH_LOOKBACK = timedelta(days=30)


class BankLineView(msgspec.Struct, frozen=True):
    """A stored statement line; ``reference`` is that of the payment it paid."""

    id: UUID
    method: str
    on_date: date
    amount: int
    description: str
    status: str
    candidates: list[str]  # references of the candidate payments, likeliest first
    reason: str | None
    sen: int | None
    note: str
    reference: str | None
    imported_by: str
    imported_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class MatchablePayment(DescribedRow, frozen=True):
    """A payment that a line may pay. ``amount`` in rupiah, with its unique suffix."""

    reference: str
    label: JournalDescription
    payer_name: str
    amount: int
    unique_suffix: int
    status: str
    opened_at: datetime


class _CandidateRow(msgspec.Struct, frozen=True):
    reference: str
    amount: int
    unique_suffix: int
    opened: date
    ends: date


class ImportedLine(msgspec.Struct, frozen=True):
    """A line of an earlier file. ``amount`` in rupiah, negative for outgoing money."""

    fingerprint: str
    on_date: date
    amount: int


_LINE = (
    "SELECT s.id, s.method, s.on_date, s.amount, s.description, s.status, s.candidates, "
    "s.reason, s.sen, s.note, p.reference,"
    " s.imported_by, s.imported_at, s.decided_by, s.decided_at FROM statement_lines AS s LEFT JOIN "
    "payments AS p ON p.id = s.payment_id"
)
_PAYMENT = (
    f"SELECT p.reference, {LABEL_COLUMN}, p.payer_name, p.amount, p.unique_suffix, p.status, p.opened_at"
    " FROM payments AS p"
)
# A payment without a statement line: it awaits payment, ended recently, or an officer confirmed it before the
# statement was imported.
_UNMATCHED = (
    "p.method = $1 AND NOT EXISTS (SELECT FROM statement_lines AS s WHERE s.payment_id = p.id)"
    " AND (p.status = 'awaiting' OR greatest(p.settled_at, p.ended_at, p.opened_at) > $2)"
    " AND p.status IN ('awaiting', 'expired', 'failed', 'cancelled', 'paid', 'partly_refunded')"
)


async def list_candidates(
    source: AsyncSession | Reader, method: str, ended_since: datetime, today: date
) -> list[MatchCandidate]:
    """Return the payments of a method without a statement line that await payment or ended recently."""
    rows = await as_reader(source).rows(
        _CandidateRow,
        "SELECT p.reference, p.amount, p.unique_suffix::int AS unique_suffix, (p.opened_at AT TIME ZONE "
        "f.timezone)::date AS opened,"
        " coalesce((greatest(p.expires_at, p.settled_at, p.ended_at) AT TIME ZONE f.timezone)::date, "
        "$3) AS ends"
        f" FROM payments AS p CROSS JOIN profile AS f WHERE {_UNMATCHED} ORDER BY p.reference",
        method,
        ended_since,
        today,
    )
    return [
        MatchCandidate(
            reference=row.reference,
            amount=Rupiah(row.amount),
            unique_suffix=row.unique_suffix,
            opened=row.opened,
            ends=row.ends,
        )
        for row in rows
    ]


async def list_imported_lines(
    source: AsyncSession | Reader, method: str, first: date, last: date
) -> list[ImportedLine]:
    """Return the stored lines of this method for these days."""
    return await as_reader(source).rows(
        ImportedLine,
        "SELECT fingerprint, on_date, amount FROM statement_lines WHERE method = $1 AND on_date BETWEEN "
        "$2 AND $3",
        method,
        first,
        last,
    )


async def list_saved_layouts(source: AsyncSession | Reader) -> dict[str, ColumnMapping]:
    """Return the officers' column mappings by the header's fingerprint."""
    records = await as_reader(source).records("SELECT fingerprint, mapping FROM statement_layouts")
    return {record["fingerprint"]: msgspec.convert(record["mapping"], ColumnMapping) for record in records}


async def count_lines_by_status(ro: Reader) -> dict[str, int]:
    """Return how many lines there are in each status."""
    records = await ro.records("SELECT status, count(*) AS lines FROM statement_lines GROUP BY status")
    return {record["status"]: record["lines"] for record in records}


async def list_lines(
    ro: Reader, states: Sequence[str], search: str, page: int
) -> tuple[list[BankLineView], int]:
    """Return one page of the lines with these statuses, newest first, and how many there are in all."""
    where = (
        "WHERE s.status = ANY($1::text[]) AND ($2 = '%%' OR s.description ILIKE $2 OR s.amount::text "
        "LIKE $2 OR "
        "p.reference ILIKE $2)"
    )
    found = list(states), like_pattern(search)
    rows = await ro.rows(
        BankLineView,
        f"{_LINE} {where} ORDER BY s.on_date DESC, s.id DESC LIMIT $3 OFFSET $4",
        *found,
        PAGE_SIZE,
        (page - 1) * PAGE_SIZE,
    )
    total = (
        f"SELECT count(*) FROM statement_lines AS s LEFT JOIN payments AS p ON p.id = s.payment_id {where}"
    )
    return rows, int(await ro.value(total, *found))


async def find_line(ro: Reader, line_id: UUID) -> BankLineView | None:
    """Return one line, or None."""
    return await ro.one(BankLineView, f"{_LINE} WHERE s.id = $1", line_id)


async def lock_line(db: AsyncSession, line_id: UUID) -> BankLine | None:
    """Return one line, refreshed and locked, or None."""
    statement = (
        select(BankLine)
        .where(BankLine.id == line_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def list_payments_by_reference(ro: Reader, references: Sequence[str]) -> list[MatchablePayment]:
    """Return payments in the order of the given references."""
    rows = await ro.rows(
        MatchablePayment, f"{_PAYMENT} WHERE p.reference = ANY($1::text[])", list(references)
    )
    return sorted(rows, key=lambda row: references.index(row.reference))


async def list_unmatched_payments(
    ro: Reader, method: str, ended_since: datetime, *, search: str, lang: Lang, amount: int, max_amount: int
) -> list[MatchablePayment]:
    """Return payments of a method without a statement line, those nearest to an amount first.

    ``search`` is looked for in labels as a reader of ``lang`` sees them.
    """
    return await ro.rows(
        MatchablePayment,
        f"{_PAYMENT} WHERE {_UNMATCHED} AND ($3 = '%%' OR p.reference ILIKE $3 OR p.payer_name ILIKE $3 OR "
        f"{LABEL_TEXT.format(words='$6')} ILIKE $3)"
        " ORDER BY abs(p.amount - $4), p.opened_at DESC LIMIT $5",
        method,
        ended_since,
        like_pattern(search),
        amount,
        max_amount,
        label_words(lang),
    )


async def has_matched_line(db: AsyncSession, payment_id: UUID) -> bool:
    """Return whether a line is matched with this payment."""
    return bool(
        await as_reader(db).value(
            "SELECT EXISTS (SELECT FROM statement_lines WHERE payment_id = $1)", payment_id
        )
    )
