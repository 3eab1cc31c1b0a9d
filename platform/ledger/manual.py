"""Entries by hand: costs and other income that no other part of Lumbung knows, and their reversal.

All else posts where it happens.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from kernel import audit
from kernel.database import as_reader
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from ledger import book_queries, errors, queries
from ledger.chart import STOCK_DIFFERENCES, WAY_ACCOUNTS, Way
from ledger.closing import refuse_closed
from ledger.days import refuse_early
from ledger.posting import Journal, Line, PostedJournal, post, reverse

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor
    from kernel.database import Reader
    from ledger.book_queries import AccountView

WAY_NAMES: Final[dict[str, LocalizedText]] = {
    "cash": LocalizedText("Kas", "Cash"),
    "bank": LocalizedText("Bank", "Bank"),
}
PREFIX: Final = "manual:"
# What can be taken back by its mirror: an entry by hand, and what an officer saw at the bank. No goods,
# savings or payments hang on them; all else is undone by its own step, where it was done.
REVERSIBLE: Final = (PREFIX, "arrival:")
# Sales, their cost and stock differences move goods too, so they are not written by hand.
_COSTS: Final = ("6", "7", "8", "9", "523", "524", "525")
_INCOME: Final = ("412", "413", "414", "424", "43", "81")


class Entry(msgspec.Struct, frozen=True):
    """A cost paid or an income received, in rupiah.

    ``key`` comes with the form: sent twice, it counts once.
    """

    on: date
    account: str
    amount: Rupiah
    way: Way
    description: str
    key: UUID


def is_for_entries(account: AccountView) -> bool:
    """Whether an account takes entries by hand."""
    if account.code == STOCK_DIFFERENCES:
        return False
    return account.code.startswith(_COSTS if account.kind == "expense" else _INCOME) and account.kind in (
        "expense",
        "income",
    )


async def entry_accounts(ro: Reader) -> list[AccountView]:
    """Return the accounts that take entries by hand, costs first."""
    return sorted(
        (each for each in await book_queries.accounts(ro) if is_for_entries(each)),
        key=lambda each: (each.kind != "expense", each.code),
    )


async def check_entry(ro: Reader, entry: Entry, *, today: date) -> AccountView:
    """Return the account of an entry that could be posted.

    Raises DomainError: ledger.not_an_entry_account, .amount_needed, .day_ahead, .day_too_early, .year_closed.
    """
    account = await book_queries.account(ro, entry.account)
    if account is None or not is_for_entries(account):
        raise errors.NOT_AN_ENTRY_ACCOUNT(account=entry.account, field="account")
    if entry.amount <= 0:
        raise errors.AMOUNT_NEEDED(field="amount")
    if entry.on > today:
        raise errors.DAY_AHEAD(day=entry.on, field="on")
    await refuse_early(ro, entry.on, today=today)
    await refuse_closed(ro, entry.on.year)
    return account


async def record_entry(db: AsyncSession, actor: Actor, entry: Entry, *, today: date) -> PostedJournal:
    """Post a cost (Dr account, Cr cash or bank) or an income (the other way round).

    Raises as ``check_entry`` and ``post``.
    """
    key = f"{PREFIX}{entry.key}"
    number = await queries.number_of(db, key)
    if number is not None:
        return PostedJournal(key, number, fresh=False)
    account = await check_entry(as_reader(db), entry, today=today)
    money = WAY_ACCOUNTS[entry.way]
    if account.kind == "expense":
        lines = [Line.to_debit(account.code, entry.amount), Line.to_credit(money, entry.amount)]
    else:
        lines = [Line.to_debit(money, entry.amount), Line.to_credit(account.code, entry.amount)]
    posted = await post(db, Journal(entry.on, entry.description, key, lines), by=actor.name)
    facts = {"number": posted.number, "account": account.code, "amount": int(entry.amount)}
    audit.record(db, actor, "ledger.entry_recorded", subject=f"journal:{posted.number}", facts=facts)
    return posted


async def reverse_entry(
    db: AsyncSession, actor: Actor, number: int, *, reason: str, today: date
) -> PostedJournal:
    """Take an entry by hand, or money that was said to have reached the bank, back by its mirror, dated
    today.

    Raises DomainError: ledger.no_such_journal, .only_manual_journals, .reason_needed, .already_reversed,
    .year_closed.
    """
    journal = await queries.journal(db, number)
    if journal is None:
        raise errors.NO_SUCH_JOURNAL(number=number)
    if not journal.source_key.startswith(REVERSIBLE):
        raise errors.ONLY_MANUAL_JOURNALS(number=number)
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    posted = await reverse(db, number, on=today, reason=reason.strip(), by=actor.name)
    facts = {"number": posted.number, "reason": reason.strip()}
    audit.record(db, actor, "ledger.entry_reversed", subject=f"journal:{number}", facts=facts)
    return posted
