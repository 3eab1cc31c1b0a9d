"""Queries of the officers' reports: accounts with lines, pages of journals, control sums, export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from uuid import UUID

import msgspec

from kernel.database import Reader
from ledger.descriptions import DESCRIPTION_COLUMN, DescribedRow, JournalDescription, parse_description
from ledger.queries import JournalView


class LedgerAccountView(msgspec.Struct, frozen=True):
    """An account of the chart."""

    code: str
    name_id: str
    name_en: str
    kind: str
    normal_side: str


class AccountLine(DescribedRow, frozen=True):
    """A line on an account, with its journal and the party's balance after it."""

    journal: int
    line: int
    value_date: date
    description: JournalDescription
    party: UUID | None
    debit: int
    credit: int
    balance: int


class AccountLineTotals(msgspec.Struct, frozen=True):
    """The number of lines on an account in a year, and their sums in rupiah."""

    count: int
    debit: int
    credit: int


class Party(msgspec.Struct, frozen=True):
    """A member as a party of the ledger."""

    id: UUID
    number: str | None
    name: str


class JournalSummary(JournalView, frozen=True):
    """A journal in a list, with its total in rupiah."""

    amount: int


class ControlTotals(msgspec.Struct, frozen=True):
    """Sums that must agree, in rupiah: account 1130 with the stock value, assets with the other side."""

    stock_account: int
    stock_value: int
    assets: int
    liabilities: int
    equity: int
    result: int


async def find_account(ro: Reader, code: str) -> LedgerAccountView | None:
    """Return an account of the chart, or None."""
    return await ro.one(
        LedgerAccountView,
        "SELECT code, name_id, name_en, kind, normal_side FROM accounts WHERE code = $1",
        code,
    )


async def list_accounts(ro: Reader) -> list[LedgerAccountView]:
    """Return the whole chart of accounts, by code."""
    return await ro.rows(
        LedgerAccountView, "SELECT code, name_id, name_en, kind, normal_side FROM accounts ORDER BY code"
    )


async def get_line_totals(ro: Reader, code: str, year: int) -> AccountLineTotals:
    """Return the number of lines on an account in a year, and their sums."""
    found = await ro.one(
        AccountLineTotals,
        "SELECT count(*)::bigint AS count, coalesce(sum(l.debit), 0)::bigint AS debit, "
        "coalesce(sum(l.credit), 0)::bigint AS credit"
        " FROM journal_lines l JOIN journals j ON j.number = l.journal"
        " WHERE l.account = $1 AND j.value_date >= $2 AND j.value_date < $3",
        code,
        date(year, 1, 1),
        date(year + 1, 1, 1),
    )
    assert found is not None  # an aggregate always returns a row
    return found


async def get_opening_balance(ro: Reader, code: str, year: int) -> int:
    """Return an account's balance at the start of a year: debit less credit, in rupiah."""
    return int(
        await ro.value(
            "SELECT coalesce(sum(l.debit - l.credit), 0)::bigint FROM journal_lines l"
            " JOIN journals j ON j.number = l.journal WHERE l.account = $1 AND j.value_date < $2",
            code,
            date(year, 1, 1),
        )
    )


async def list_account_lines(
    ro: Reader, code: str, year: int, *, limit: int, offset: int
) -> list[AccountLine]:
    """Return the lines of an account in a year, in reverse order of posting.

    In this order each line's balance follows from the line below it.
    """
    return await ro.rows(
        AccountLine,
        f"SELECT l.journal, l.line, j.value_date, {DESCRIPTION_COLUMN}, l.party, l.debit, l.credit, l.balance"
        " FROM journal_lines l JOIN journals j ON j.number = l.journal"
        " WHERE l.account = $1 AND j.value_date >= $2 AND j.value_date < $3"
        " ORDER BY l.journal DESC, l.line DESC LIMIT $4 OFFSET $5",
        code,
        date(year, 1, 1),
        date(year + 1, 1, 1),
        limit,
        offset,
    )


async def get_parties(ro: Reader, ids: Sequence[UUID]) -> dict[UUID, Party]:
    """Return the members with these ids, by id."""
    if not ids:
        return {}
    rows = await ro.rows(Party, "SELECT id, number, name FROM members WHERE id = ANY($1)", list(ids))
    return {row.id: row for row in rows}


async def list_journal_summaries(ro: Reader, year: int, *, limit: int, offset: int) -> list[JournalSummary]:
    """Return the journals of a year, last posted first."""
    return await ro.rows(
        JournalSummary,
        f"SELECT j.number, j.value_date, {DESCRIPTION_COLUMN}, j.source_key, j.reverses, r.number AS "
        "reversed_by, j.posted_by, j.posted_at,"
        " (SELECT sum(l.debit) FROM journal_lines l WHERE l.journal = j.number)::bigint AS amount"
        " FROM journals j LEFT JOIN journals r ON r.reverses = j.number"
        " WHERE j.value_date >= $1 AND j.value_date < $2 ORDER BY j.number DESC LIMIT $3 OFFSET $4",
        date(year, 1, 1),
        date(year + 1, 1, 1),
        limit,
        offset,
    )


async def count_journals(ro: Reader, year: int) -> int:
    """Return the number of journals dated in a year."""
    return int(
        await ro.value(
            "SELECT count(*) FROM journals WHERE value_date >= $1 AND value_date < $2",
            date(year, 1, 1),
            date(year + 1, 1, 1),
        )
    )


async def get_control_totals(ro: Reader) -> ControlTotals:
    """Return the current sums that must agree, over all years."""
    found = await ro.one(
        ControlTotals,
        "SELECT (SELECT coalesce(sum(balance), 0) FROM balances WHERE account = '1130')::bigint AS "
        "stock_account,"
        " (SELECT coalesce(sum(stock_value), 0) FROM products)::bigint AS stock_value,"
        " coalesce(sum(s.amount) FILTER (WHERE s.kind = 'asset'), 0)::bigint AS assets,"
        " coalesce(-sum(s.amount) FILTER (WHERE s.kind = 'liability'), 0)::bigint AS liabilities,"
        " coalesce(-sum(s.amount) FILTER (WHERE s.kind = 'equity'), 0)::bigint AS equity,"
        " coalesce(-sum(s.amount) FILTER (WHERE s.kind IN ('income', 'expense')), 0)::bigint AS result"
        " FROM (SELECT a.kind, sum(CASE a.normal_side WHEN 'debit' THEN b.balance ELSE -b.balance END) "
        "AS amount"
        " FROM balances b JOIN accounts a ON a.code = b.account GROUP BY a.kind) s",
    )
    assert found is not None  # an aggregate always returns a row
    return found


async def export_journals(ro: Reader) -> AsyncIterator[list[tuple[object, ...]]]:
    """Yield every journal by number, described in Indonesian, in batches of at most 5,000."""
    after = 0
    while True:
        records = await ro.records(
            f"SELECT j.number, j.value_date, {DESCRIPTION_COLUMN}, j.source_key, j.reverses, j.posted_by,"
            " j.posted_at FROM journals j WHERE j.number > $1 ORDER BY j.number LIMIT 5000",
            after,
        )
        if not records:
            return
        yield [
            tuple(
                str(parse_description(value)) if name == "description" else value
                for name, value in record.items()
            )
            for record in records
        ]
        after = records[-1]["number"]


async def export_lines(ro: Reader) -> AsyncIterator[list[tuple[object, ...]]]:
    """Yield every line with the member's number, in batches of at most 5,000 journals."""
    after, last = 0, int(await ro.value("SELECT coalesce(max(number), 0) FROM journals"))
    while after < last:
        records = await ro.records(
            "SELECT l.journal, l.line, l.account, m.number, l.debit, l.credit, l.balance"
            " FROM journal_lines l LEFT JOIN members m ON m.id = l.party"
            " WHERE l.journal > $1 AND l.journal <= $1 + 5000 ORDER BY l.journal, l.line",
            after,
        )
        yield [tuple(record) for record in records]
        after += 5_000
