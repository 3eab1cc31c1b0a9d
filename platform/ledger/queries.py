"""Read the ledger: journals, balances, and the lines of accounts and parties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel.database import Reader, as_reader
from ledger.descriptions import DESCRIPTION_COLUMN, DescribedRow, JournalDescription

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class JournalView(DescribedRow, frozen=True):
    """A journal without its lines; ``reversed_by`` is the number of its reversal, if any."""

    number: int
    value_date: date
    description: JournalDescription
    source_key: str
    reverses: int | None
    reversed_by: int | None
    posted_by: str
    posted_at: datetime


class JournalLineView(msgspec.Struct, frozen=True):
    """A journal's line with the name of its account."""

    line: int
    account: str
    name_id: str
    name_en: str
    party: UUID | None
    debit: int
    credit: int
    balance: int


class AccountStatementLine(DescribedRow, frozen=True):
    """A line of one party on one account; ``balance`` is the balance after it, in the normal direction."""

    journal: int
    value_date: date
    description: JournalDescription
    debit: int
    credit: int
    balance: int


class PartyMovement(DescribedRow, frozen=True):
    """A line of one party with its journal's source key.

    ``amount`` is in rupiah, in the account's normal direction.
    """

    journal: int
    value_date: date
    description: JournalDescription
    source_key: str
    account: str
    amount: int


class PartyJournalLine(DescribedRow, frozen=True):
    """A line of one party; ``amount`` is credit less debit, in rupiah."""

    journal: int
    value_date: date
    description: JournalDescription
    account: str
    name_id: str
    name_en: str
    amount: int


_JOURNAL = (
    f"SELECT j.number, j.value_date, {DESCRIPTION_COLUMN}, j.source_key, j.reverses, "
    "r.number AS reversed_by, j.posted_by, j.posted_at "
    "FROM journals j LEFT JOIN journals r ON r.reverses = j.number "
)


async def find_journal(db: AsyncSession | Reader, number: int) -> JournalView | None:
    """Return the journal with this number, or None."""
    return await as_reader(db).one(JournalView, _JOURNAL + "WHERE j.number = $1", number)


async def list_journal_lines(db: AsyncSession | Reader, number: int) -> list[JournalLineView]:
    """Return a journal's lines in order."""
    return await as_reader(db).rows(
        JournalLineView,
        "SELECT l.line, l.account, a.name_id, a.name_en, l.party, l.debit, l.credit, l.balance "
        "FROM journal_lines l JOIN accounts a ON a.code = l.account WHERE l.journal = $1 ORDER BY l.line",
        number,
    )


async def list_journals(ro: Reader, *, before: int | None = None, limit: int = 50) -> list[JournalView]:
    """Return journals, newest first; ``before`` is the last journal number of the previous page."""
    return await ro.rows(
        JournalView,
        _JOURNAL + "WHERE $1::bigint IS NULL OR j.number < $1 ORDER BY j.number DESC LIMIT $2",
        before,
        limit,
    )


async def get_balance(db: AsyncSession | Reader, account: str, party: UUID | None = None) -> int:
    """Return the current balance of an account, or of one party on it.

    In rupiah, in the account's normal direction.
    """
    return int(
        await as_reader(db).value(
            "SELECT coalesce(sum(balance), 0)::bigint FROM balances WHERE account = $1 AND ($2::uuid "
            "IS NULL OR party = $2)",
            account,
            party,
        )
    )


async def list_statement_lines(
    ro: Reader, account: str, party: UUID, *, limit: int = 200
) -> list[AccountStatementLine]:
    """Return a party's lines on an account, newest first."""
    return await ro.rows(
        AccountStatementLine,
        f"SELECT l.journal, j.value_date, {DESCRIPTION_COLUMN}, l.debit, l.credit, l.balance "
        "FROM journal_lines l JOIN journals j ON j.number = l.journal WHERE l.account = $1 AND l.party = $2 "
        "ORDER BY l.journal DESC, l.line DESC LIMIT $3",
        account,
        party,
        limit,
    )


async def find_journal_number(db: AsyncSession | Reader, source_key: str) -> int | None:
    """Return the number of the journal with this source key, or None."""
    number: int | None = await as_reader(db).value(
        "SELECT number FROM journals WHERE source_key = $1", source_key
    )
    return number


async def get_balances_by_party(
    db: AsyncSession | Reader, accounts: Sequence[str], parties: Sequence[UUID]
) -> dict[tuple[UUID, str], int]:
    """Return the current balances of these parties on these accounts, in rupiah.

    A pair without lines is missing from the result.
    """
    records = await as_reader(db).records(
        "SELECT party, account, balance FROM balances WHERE account = ANY($1::text[]) AND party = "
        "ANY($2::uuid[])",
        list(accounts),
        list(parties),
    )
    return {(record["party"], record["account"]): record["balance"] for record in records}


async def get_turnover(
    db: AsyncSession | Reader,
    account: str,
    party: UUID,
    *,
    first: date | None = None,
    last: date | None = None,
) -> int:
    """Return the turnover of a party on an account from ``first`` to ``last`` by accounting date.

    In rupiah, in the account's normal direction. None leaves that end open.
    """
    return int(
        await as_reader(db).value(
            "SELECT coalesce(sum(CASE a.normal_side WHEN 'debit' THEN l.debit - l.credit ELSE l.credit "
            "- l.debit END), 0)::bigint"
            " FROM journal_lines l JOIN journals j ON j.number = l.journal JOIN accounts a ON a.code = "
            "l.account"
            " WHERE l.account = $1 AND l.party = $2 AND ($3::date IS NULL OR j.value_date >= $3)"
            " AND ($4::date IS NULL OR j.value_date <= $4)",
            account,
            party,
            first,
            last,
        )
    )


async def list_party_movements(
    ro: Reader, accounts: Sequence[str], party: UUID, *, first: date, last: date, limit: int = 200
) -> list[PartyMovement]:
    """Return a party's lines on these accounts by accounting date, both ends included, newest first."""
    return await ro.rows(
        PartyMovement,
        f"SELECT l.journal, j.value_date, {DESCRIPTION_COLUMN}, j.source_key, l.account,"
        " (CASE a.normal_side WHEN 'debit' THEN l.debit - l.credit ELSE l.credit - l.debit END) AS amount"
        " FROM journal_lines l JOIN journals j ON j.number = l.journal JOIN accounts a ON a.code = l.account"
        " WHERE l.account = ANY($1::text[]) AND l.party = $2 AND j.value_date BETWEEN $3 AND $4"
        " ORDER BY j.value_date DESC, l.journal DESC, l.line DESC LIMIT $5",
        list(accounts),
        party,
        first,
        last,
        limit,
    )


async def get_last_journal_number(ro: Reader, until: date) -> int:
    """Return the highest number of the journals dated ``until`` or earlier; 0 when there is none.

    Numbers are assigned in sequence and become visible in that order, so what is read up to a number never
    changes.
    """
    return int(await ro.value("SELECT coalesce(max(number), 0) FROM journals WHERE value_date <= $1", until))


async def get_credits_by_party(
    ro: Reader, accounts: Sequence[str], until: date, *, since: date | None = None, through_journal: int
) -> dict[UUID, int]:
    """Return credits less debits of each party on ``accounts`` from ``since`` to ``until``, in rupiah.

    By accounting date, up to journal ``through_journal``. Without ``since``, this is the balance of a credit
    account at the end of ``until``, without postings for later days.
    """
    rows = await ro.records(
        "SELECT l.party, sum(l.credit - l.debit)::bigint AS amount FROM journal_lines l JOIN journals "
        "j ON j.number = l.journal"
        " WHERE l.account = ANY($1::text[]) AND l.party IS NOT NULL AND j.value_date <= $2"
        " AND ($3::date IS NULL OR j.value_date >= $3) AND j.number <= $4 GROUP BY l.party",
        list(accounts),
        until,
        since,
        through_journal,
    )
    return {row["party"]: row["amount"] for row in rows}


async def list_party_lines(
    ro: Reader,
    accounts: Sequence[str],
    party: UUID,
    until: date,
    *,
    since: date | None = None,
    through_journal: int,
) -> list[PartyJournalLine]:
    """Return the lines that ``get_credits_by_party`` sums for one party, oldest first."""
    return await ro.rows(
        PartyJournalLine,
        f"SELECT l.journal, j.value_date, {DESCRIPTION_COLUMN}, l.account, a.name_id, a.name_en, (l.credit - "
        "l.debit) AS amount"
        " FROM journal_lines l JOIN journals j ON j.number = l.journal JOIN accounts a ON a.code = l.account"
        " WHERE l.account = ANY($1::text[]) AND l.party = $2 AND j.value_date <= $3"
        " AND ($4::date IS NULL OR j.value_date >= $4) AND j.number <= $5 ORDER BY j.value_date, "
        "l.journal, l.line",
        list(accounts),
        party,
        until,
        since,
        through_journal,
    )
