"""Read the ledger by book year: years, trial balance, surplus and income statement."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec

from kernel.database import Reader, as_reader

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class TrialBalanceLine(msgspec.Struct, frozen=True):
    """An account in the trial balance of a year: opening, turnover and closing, in rupiah.

    ``opening`` and ``closing`` are debit less credit.
    """

    code: str
    name_id: str
    name_en: str
    kind: str
    normal_side: str
    opening: int
    debit: int
    credit: int
    closing: int


class IncomeStatementLine(msgspec.Struct, frozen=True):
    """An income or expense account in a year's result.

    ``amount`` is credit less debit in rupiah, so an expense is negative.
    """

    code: str
    name_id: str
    name_en: str
    kind: str
    amount: int


async def list_years(ro: Reader) -> list[int]:
    """Return the years that have journals, newest first.

    Makes one index lookup for each year.
    """
    records = await ro.records(
        "WITH RECURSIVE newest AS (SELECT max(value_date) AS day FROM journals UNION ALL"
        " SELECT (SELECT max(value_date) FROM journals WHERE value_date < date_trunc('year', "
        "newest.day)::date) FROM newest"
        "  WHERE newest.day IS NOT NULL) SELECT extract(year FROM day)::int AS year FROM newest WHERE "
        "day IS NOT NULL"
    )
    return [record["year"] for record in records]


async def get_closed_years(source: Reader | AsyncSession) -> set[int]:
    """Return the years that accept no more postings."""
    return {record["year"] for record in await as_reader(source).records("SELECT year FROM closed_years")}


async def get_trial_balance(ro: Reader, year: int) -> list[TrialBalanceLine]:
    """Return every account that has lines up to the end of ``year``.

    Amounts are debit less credit, so they sum to zero. Income and expense of earlier years are part of the
    opening balances until those years are closed into equity.
    """
    return await ro.rows(
        TrialBalanceLine,
        "SELECT a.code, a.name_id, a.name_en, a.kind, a.normal_side,"
        " coalesce(sum(l.debit - l.credit) FILTER (WHERE j.value_date < $1), 0)::bigint AS opening,"
        " coalesce(sum(l.debit) FILTER (WHERE j.value_date >= $1), 0)::bigint AS debit,"
        " coalesce(sum(l.credit) FILTER (WHERE j.value_date >= $1), 0)::bigint AS credit,"
        " coalesce(sum(l.debit - l.credit), 0)::bigint AS closing"
        " FROM journal_lines l JOIN journals j ON j.number = l.journal JOIN accounts a ON a.code = l.account"
        " WHERE j.value_date < $2 GROUP BY a.code ORDER BY a.code",
        date(year, 1, 1),
        date(year + 1, 1, 1),
    )


async def get_surplus(ro: Reader, year: int, *, through_journal: int | None = None) -> int:
    """Return the surplus of a year in rupiah: income less expense by accounting date; negative for a loss.

    Counts journals up to the number ``through_journal``; None counts all.
    """
    return int(
        await ro.value(
            "SELECT coalesce(sum(l.credit - l.debit), 0)::bigint FROM journal_lines l"
            " JOIN journals j ON j.number = l.journal JOIN accounts a ON a.code = l.account"
            " WHERE a.kind IN ('income', 'expense') AND j.value_date >= $1 AND j.value_date < $2"
            " AND ($3::bigint IS NULL OR j.number <= $3)",
            date(year, 1, 1),
            date(year + 1, 1, 1),
            through_journal,
        )
    )


async def list_income_statement_lines(
    ro: Reader, year: int, *, through_journal: int
) -> list[IncomeStatementLine]:
    """Return each income and expense account of a year, up to journal ``through_journal``.

    The amounts sum to ``get_surplus``.
    """
    return await ro.rows(
        IncomeStatementLine,
        "SELECT a.code, a.name_id, a.name_en, a.kind, sum(l.credit - l.debit)::bigint AS amount FROM "
        "journal_lines l"
        " JOIN journals j ON j.number = l.journal JOIN accounts a ON a.code = l.account"
        " WHERE a.kind IN ('income', 'expense') AND j.value_date >= $1 AND j.value_date < $2 AND "
        "j.number <= $3"
        " GROUP BY a.code ORDER BY a.code",
        date(year, 1, 1),
        date(year + 1, 1, 1),
        through_journal,
    )
