"""Queries of members' limits, debts and counter payments for the officers' credit pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel.database import Reader, as_reader, like_pattern
from ledger.chart import MEMBER_RECEIVABLES, PAYROLL_RECEIVABLES, WALLETS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PAGE_SIZE = 30


class Debtor(msgspec.Struct, frozen=True):
    """A member's credit, in rupiah: limits, the debt by each method, and the wallet's balance."""

    id: UUID
    number: str
    name: str
    status: str
    kasbon_limit: int
    payroll_limit: int
    payroll_number: str
    has_pin: bool
    changed_by: str
    changed_at: datetime | None
    kasbon: int
    payroll: int
    wallet: int

    @property
    def is_active(self) -> bool:
        """Return whether the debtor is still a member."""
        return self.status == "active"


class CounterReceipt(msgspec.Struct, frozen=True):
    """A journal of a payment at the counter; amount in rupiah."""

    number: int
    on: date
    source_key: str
    posted_by: str
    account: str
    amount: int
    debit_account: str
    reversed_by: int | None


_DEBTOR = (
    "SELECT m.id, m.number, m.name, m.status, coalesce(t.kasbon_limit, 0)::bigint AS kasbon_limit,"
    " coalesce(t.payroll_limit, 0)::bigint AS payroll_limit, coalesce(t.payroll_number, '') AS "
    "payroll_number,"
    " t.pin_hash IS NOT NULL AS has_pin, coalesce(t.changed_by, '') AS changed_by, t.changed_at,"
    " coalesce(k.balance, 0)::bigint AS kasbon, coalesce(p.balance, 0)::bigint AS payroll, "
    "coalesce(w.balance, 0)::bigint AS wallet"
)
_FROM = (
    " FROM members m LEFT JOIN credit_terms t ON t.member_id = m.id"
    f" LEFT JOIN balances k ON k.party = m.id AND k.account = '{MEMBER_RECEIVABLES}'"
    f" LEFT JOIN balances p ON p.party = m.id AND p.account = '{PAYROLL_RECEIVABLES}'"
    f" LEFT JOIN balances w ON w.party = m.id AND w.account = '{WALLETS}' WHERE m.number IS NOT NULL"
)
# Without a search: members with credit or a debt; a search finds every member.
_SHOWN = (
    " AND CASE WHEN $1 = '%%' THEN coalesce(t.kasbon_limit, 0) + coalesce(t.payroll_limit, 0) > 0"
    " OR coalesce(k.balance, 0) <> 0 OR coalesce(p.balance, 0) <> 0"
    " ELSE m.name ILIKE $1 OR m.number ILIKE $1 OR t.payroll_number ILIKE $1 END"
)


async def find_debtor(source: AsyncSession | Reader, member_id: UUID) -> Debtor | None:
    """Return a member's limits and debts, or None for somebody who is not in the register."""
    return await as_reader(source).one(Debtor, _DEBTOR + _FROM + " AND m.id = $1", member_id)


async def list_debtors(ro: Reader, search: str, page: int) -> tuple[list[Debtor], int]:
    """Return one page of members with credit, largest debt first, and how many there are."""
    pattern = like_pattern(search)
    total = await ro.value("SELECT count(*)" + _FROM + _SHOWN, pattern)
    rows = await ro.rows(
        Debtor,
        _DEBTOR + _FROM + _SHOWN + " ORDER BY coalesce(k.balance, 0) DESC, m.number LIMIT $2 OFFSET $3",
        pattern,
        PAGE_SIZE,
        (page - 1) * PAGE_SIZE,
    )
    return rows, int(total)


async def find_payroll_number_holder(
    source: AsyncSession | Reader, number: str, except_member_id: UUID
) -> str | None:
    """Return the name of another member who has this payroll number, or None."""
    found: str | None = await as_reader(source).value(
        "SELECT m.name FROM credit_terms t JOIN members m ON m.id = t.member_id"
        " WHERE lower(t.payroll_number) = lower($1) AND t.member_id <> $2 LIMIT 1",
        number,
        except_member_id,
    )
    return found


async def find_counter_receipt(ro: Reader, member_id: UUID, number: int) -> CounterReceipt | None:
    """Return the journal of a counter payment of this member, or None."""
    return await ro.one(
        CounterReceipt,
        'SELECT j.number, j.value_date AS "on", j.source_key, j.posted_by, l.account, l.credit AS '
        "amount, d.account AS debit_account,"
        " t.number AS reversed_by FROM journals j JOIN journal_lines l ON l.journal = j.number AND "
        "l.party = $1 AND l.credit > 0"
        " JOIN journal_lines d ON d.journal = j.number AND d.debit > 0 LEFT JOIN journals t ON "
        "t.reverses = j.number"
        " WHERE j.number = $2 AND (j.source_key LIKE 'repayment:%' OR j.source_key LIKE 'wallet-counter:%')",
        member_id,
        number,
    )
