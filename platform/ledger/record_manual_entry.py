"""Record manual entries: costs and other income that no other part of Lumbung posts, and reverse them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from kernel import audit
from kernel.database import as_reader
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from ledger import errors, queries, report_queries
from ledger.chart import COUNTER_METHOD_ACCOUNTS, STOCK_DIFFERENCES, CounterMethod
from ledger.close_year import require_open_year
from ledger.post_once import JournalDraft, post_once
from ledger.posting import JournalLine, PostedJournal, reverse_journal
from ledger.posting_dates import reject_early_date

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor
    from kernel.database import Reader
    from ledger.report_queries import LedgerAccountView

COUNTER_METHOD_LABELS: Final[dict[str, LocalizedText]] = {
    "cash": LocalizedText("Kas"),
    "bank": LocalizedText("Bank"),
}
MANUAL_KEY_PREFIX: Final = "manual:"
# Journals that an officer may reverse directly: manual entries and recorded arrivals at the bank. No goods,
# savings or payments depend on them. Other journals are undone by their own use cases.
REVERSIBLE_KEY_PREFIXES: Final = (MANUAL_KEY_PREFIX, "arrival:")
# Sales, cost of sales and stock differences also change the stock, so they are not entered manually.
_COSTS: Final = ("6", "7", "8", "9", "523", "524", "525")
_INCOME: Final = ("412", "413", "414", "424", "43", "81")


class ManualEntry(msgspec.Struct, frozen=True):
    """A cost paid or an income received, in rupiah.

    ``key`` is created with the form, so that a form sent twice is posted once.
    """

    on: date
    account: str
    amount: Rupiah
    method: CounterMethod
    description: str
    key: UUID


def allows_manual_entries(account: LedgerAccountView) -> bool:
    """Return whether an account accepts manual entries."""
    if account.code == STOCK_DIFFERENCES:
        return False
    return account.code.startswith(_COSTS if account.kind == "expense" else _INCOME) and account.kind in (
        "expense",
        "income",
    )


async def list_manual_entry_accounts(ro: Reader) -> list[LedgerAccountView]:
    """Return the accounts that accept manual entries, expenses first."""
    return sorted(
        (each for each in await report_queries.list_accounts(ro) if allows_manual_entries(each)),
        key=lambda each: (each.kind != "expense", each.code),
    )


async def validate_manual_entry(ro: Reader, entry: ManualEntry, *, today: date) -> LedgerAccountView:
    """Check a manual entry without posting it, and return its account.

    Raises DomainError: ledger.not_an_entry_account, .amount_needed, .day_ahead, .day_too_early, .year_closed.
    """
    return await _check_entry(ro, entry, await report_queries.find_account(ro, entry.account), today=today)


async def _check_entry(
    ro: Reader, entry: ManualEntry, account: LedgerAccountView | None, *, today: date
) -> LedgerAccountView:
    if account is None or not allows_manual_entries(account):
        raise errors.NOT_AN_ENTRY_ACCOUNT(account=entry.account, field="account")
    if entry.amount <= 0:
        raise errors.AMOUNT_NEEDED(field="amount")
    if entry.on > today:
        raise errors.DAY_AHEAD(day=entry.on, field="on")
    await reject_early_date(ro, entry.on, today=today)
    await require_open_year(ro, entry.on.year)
    return account


async def record_manual_entry(
    db: AsyncSession, actor: Actor, entry: ManualEntry, *, today: date
) -> PostedJournal:
    """Post a cost (Dr account, Cr cash or bank) or an income (the other way round).

    Raises what ``validate_manual_entry`` and ``post_journal`` raise.
    """
    key = f"{MANUAL_KEY_PREFIX}{entry.key}"

    async def draft(found: LedgerAccountView | None) -> JournalDraft:
        account = await _check_entry(as_reader(db), entry, found, today=today)
        money = COUNTER_METHOD_ACCOUNTS[entry.method]
        debit, credit = (account.code, money) if account.kind == "expense" else (money, account.code)
        return JournalDraft(
            on=entry.on,
            description=entry.description,
            lines=[JournalLine.to_debit(debit, entry.amount), JournalLine.to_credit(credit, entry.amount)],
            action="ledger.entry_recorded",
            subject=None,
            params={"account": account.code, "amount": int(entry.amount)},
        )

    return await post_once(
        db, actor, key, read=lambda ro: report_queries.find_account(ro, entry.account), draft=draft
    )


async def reverse_manual_entry(
    db: AsyncSession, actor: Actor, number: int, *, reason: str, today: date
) -> PostedJournal:
    """Reverse a manual entry or a recorded arrival of money at the bank, dated today.

    Raises DomainError: ledger.no_such_journal, .only_manual_journals, .reason_needed, .already_reversed,
    .year_closed.
    """
    journal = await queries.find_journal(db, number)
    if journal is None:
        raise errors.NO_SUCH_JOURNAL(number=number)
    if not journal.source_key.startswith(REVERSIBLE_KEY_PREFIXES):
        raise errors.ONLY_MANUAL_JOURNALS(number=number)
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    posted = await reverse_journal(db, number, on=today, reason=reason.strip(), by=actor.name)
    params = {"number": posted.number, "reason": reason.strip()}
    audit.record(db, actor, "ledger.entry_reversed", subject=f"journal:{number}", params=params)
    return posted
