"""Money of a way without a provider that tells of payouts (QRIS): an officer says that it has reached the
bank.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from kernel import audit
from kernel.money import Rupiah
from ledger import Journal, JournalLine, PostedJournal, post_journal
from ledger import queries as ledger_queries
from ledger.chart import BANK
from ledger.posting import lock_ledger
from payments import errors, events, ways
from payments.reconciliation import errors as reconcile_errors
from payments.reconciliation import queries

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor
    from kernel.database import Reader
    from payments.ways import Way


def reaches_bank_later(way: Way) -> bool:
    """Whether this way's money waits on an account of its own until somebody says that it is at the bank."""
    return way.capabilities.settles == "officer" and way.capabilities.clearing != BANK


async def way_that_arrives(source: AsyncSession | Reader, name: str) -> Way:
    """Return such a way by its name. Raises DomainError payments.no_such_way for any other."""
    way = await ways.way_of(source, name)
    if not reaches_bank_later(way):
        raise errors.NO_SUCH_WAY()
    return way


async def check_arrival(db: AsyncSession, way: Way, amount: Rupiah, *, on: date, today: date) -> None:
    """Raise DomainError payments.arrived_nothing, .arrived_ahead, .arrived_too_much, .arrived_before for what
    cannot have reached the bank.
    """
    if amount <= 0:
        raise reconcile_errors.ARRIVED_NOTHING(field="amount")
    if on > today:
        raise reconcile_errors.ARRIVED_AHEAD(field="on")
    left = Rupiah(max(0, await ledger_queries.get_balance(db, way.capabilities.clearing)))
    if amount > left:
        raise reconcile_errors.ARRIVED_TOO_MUCH(left=left, field="amount")
    first = await queries.first_day(db, way.capabilities.clearing)
    if on < first:
        raise reconcile_errors.ARRIVED_BEFORE(first=first, field="on")


async def take_arrival(
    db: AsyncSession, actor: Actor, name: str, amount: Rupiah, *, on: date, today: date, key: str
) -> PostedJournal:
    """Move money of a way from its own account to the bank; ``on`` is the day on which it got there.

    The same key again posts nothing.

    Raises DomainError as ``way_that_arrives`` and ``check_arrival`` do; ledger.year_closed.
    """
    way = await way_that_arrives(db, name)
    source_key = f"arrival:{name}:{key}"
    await lock_ledger(db)  # what waits there stays what it is until this is posted
    if (number := await ledger_queries.find_journal_number(db, source_key)) is not None:
        return PostedJournal(source_key, number, created=False)
    await check_arrival(db, way, amount, on=on, today=today)
    lines = [JournalLine.to_debit(BANK, amount), JournalLine.to_credit(way.capabilities.clearing, amount)]
    posted = await post_journal(
        db, Journal(on, f"Uang {way.label.id} masuk rekening", source_key, lines), by=actor.name
    )
    facts = {"way": name, "amount": int(amount), "journal": posted.number}
    audit.record(db, actor, events.PAYOUT_BOOKED, subject=f"way:{name}", facts=facts)
    return posted
