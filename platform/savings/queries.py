"""Read balances, dues and receipts of members' savings from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from governance import queries as governance_queries
from governance.rules import SavingsKind
from kernel.database import Reader, as_reader
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from ledger.chart import COUNTER_METHOD_ACCOUNTS, MANDATORY_SAVINGS, VOLUNTARY_SAVINGS, CounterMethod
from ledger.descriptions import JournalDescription
from savings import rules
from savings.rules import ACCOUNTS, KIND_OF_ACCOUNT, KINDS, Dues, Savings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class Saver(msgspec.Struct, frozen=True):
    """A person who has savings; ``number`` and ``joined_on`` are None before admission."""

    id: UUID
    number: str | None
    name: str
    status: str
    joined_on: date | None


class SavingsReceipt(msgspec.Struct, frozen=True):
    """A journal's effect on a member's savings: amounts by kind, in rupiah.

    A deposit is positive, a withdrawal negative. ``method`` is None when neither cash nor the bank was used.
    """

    number: int
    value_date: date
    description: JournalDescription
    amounts: tuple[tuple[SavingsKind, Rupiah], ...]
    method: CounterMethod | None
    posted_by: str
    reversed_by: int | None

    @property
    def total(self) -> Rupiah:
        """The sum of the amounts, in rupiah."""
        return Rupiah.total(amount for _, amount in self.amounts)


_SAVER = "SELECT id, number, name, status, joined_on FROM members WHERE id = $1"


async def get_saver(source: AsyncSession | Reader, member_id: UUID) -> Saver | None:
    """Return the member with this id as a saver, or None."""
    return await as_reader(source).one(Saver, _SAVER, member_id)


async def lock_saver(db: AsyncSession, member_id: UUID) -> Saver | None:
    """Return the member as a saver, and lock the row until this transaction ends.

    So only one transaction at a time moves a member's savings.
    """
    return await as_reader(db).one(Saver, _SAVER + " FOR NO KEY UPDATE", member_id)


async def get_balances(source: AsyncSession | Reader, member_id: UUID) -> Savings:
    """Return a member's savings by kind."""
    return (await get_balances_by_member(source, [member_id]))[member_id]


async def get_balances_by_member(
    source: AsyncSession | Reader, member_ids: Sequence[UUID]
) -> dict[UUID, Savings]:
    """Return the savings by kind of many members, by member id."""
    found = await ledger_queries.get_balances_by_party(source, list(ACCOUNTS.values()), member_ids)
    return {
        member_id: Savings(*(Rupiah(found.get((member_id, ACCOUNTS[kind]), 0)) for kind in KINDS))
        for member_id in member_ids
    }


async def get_voluntary_balance(source: AsyncSession | Reader, member_id: UUID) -> Rupiah:
    """Return the voluntary savings of a member, which can be withdrawn or spent, in rupiah."""
    return Rupiah(await ledger_queries.get_balance(source, VOLUNTARY_SAVINGS, member_id))


async def get_dues(source: AsyncSession | Reader, member_id: UUID, joined_on: date, today: date) -> Dues:
    """Return the months of simpanan wajib that a member has not paid.

    Payments before the first month that is owed count for earlier months, and are left out.
    """
    versions = await governance_queries.list_bylaws_versions(source)
    ordered = sorted(versions, key=lambda each: (each.effective_on, each.version))
    amounts = [(each.effective_on, each.bylaws.deposits.mandatory) for each in ordered]
    start = rules.first_owed_month(joined_on, amounts)
    first = None if start == rules.first_day_of_month(joined_on) else start
    paid = await ledger_queries.get_turnover(source, MANDATORY_SAVINGS, member_id, first=first)
    return rules.compute_dues(joined_on, today, Rupiah(max(paid, 0)), amounts)


async def get_receipt(ro: Reader, member_id: UUID, number: int) -> SavingsReceipt | None:
    """Return a journal as a receipt of this member.

    Returns None when there is no such journal, or when it does not change the member's savings.
    """
    journal = await ledger_queries.find_journal(ro, number)
    if journal is None:
        return None
    lines = await ledger_queries.list_journal_lines(ro, number)
    amounts = tuple(
        (KIND_OF_ACCOUNT[line.account], Rupiah(line.credit - line.debit))
        for line in lines
        if line.party == member_id and line.account in KIND_OF_ACCOUNT
    )
    if not amounts:
        return None
    used = {line.account for line in lines}
    method = next((method for method, account in COUNTER_METHOD_ACCOUNTS.items() if account in used), None)
    return SavingsReceipt(
        journal.number,
        journal.value_date,
        journal.description,
        amounts,
        method,
        journal.posted_by,
        journal.reversed_by,
    )
