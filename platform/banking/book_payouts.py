"""Post the payouts that a provider made and the fees that belong to no payment.

Each movement is booked once, whoever starts the sync.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sqlalchemy import text

from banking import reconciliation_queries
from banking.reconciliation_queries import UnbookedMovement
from cooperative.queries import get_timezone, get_today
from gateways.protocol import get_provider
from kernel import audit
from kernel.actor import SYSTEM
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journals
from ledger.chart import BANK, GATEWAY_FEES
from ledger.descriptions import describe
from ledger.year_queries import get_closed_years
from payments import events
from payments.rules import CLEARING_ACCOUNTS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# Prefixes of the journals' source keys; the provider's own id follows.
MOVEMENT_KEY: Final = "movement"
MOVEMENT_FEE_KEY: Final = "movement-fee"

_SET_JOURNALS = text(
    "UPDATE provider_movements AS m SET journal = b.journal"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:journals AS bigint[])) AS b(id, journal) WHERE m.id = b.id"
)


async def book_movements(db: AsyncSession, method: str) -> int:
    """Post a journal for every unbooked payout and fee of a method; return how many were created.

    A payout is dated with the day on which it left the provider, or today if that year is closed; a failed
    payout is posted in reverse. Fees are an expense.
    """
    await advisory_lock(db, f"movements of {method}")
    capabilities = get_provider(method).capabilities()
    closed, zone, now = await get_closed_years(db), ZoneInfo(await get_timezone(db)), await get_today(db)

    def posting_day(movement: UnbookedMovement) -> date:
        day = movement.at.astimezone(zone).date()
        return now if day.year in closed else day

    payouts = await reconciliation_queries.list_unbooked_payouts(db, method)
    fees = await reconciliation_queries.list_unbooked_fees(db, method)
    journals = [_movement_journal(method, each, posting_day(each)) for each in payouts]
    journals += [_fee_journal(method, each, Rupiah(each.fee), posting_day(each)) for each in fees]
    posted = await post_journals(db, journals, by=capabilities.label.localize("id"))
    numbers = {each.source_key: each.number for each in posted}
    booked = [
        (each.id, numbers[journal.source_key]) for each, journal in zip(payouts, journals, strict=False)
    ]
    if booked:
        await db.execute(
            _SET_JOURNALS, {"ids": [each for each, _ in booked], "journals": [number for _, number in booked]}
        )
    for each, journal in zip(payouts, journals, strict=False):
        if each.kind == "payout":
            params = {"method": method, "amount": each.gross, "journal": numbers[journal.source_key]}
            audit.record(db, SYSTEM, events.PAYOUT_BOOKED, subject=f"way:{method}", params=params)
    return sum(1 for each in posted if each.created)


def _movement_journal(method: str, movement: UnbookedMovement, on: date) -> Journal:
    if movement.kind == "fee":
        return _fee_journal(method, movement, Rupiah(movement.fee - movement.gross), on)
    amount = Rupiah(abs(movement.gross))
    to_bank = movement.gross < 0
    words = describe("banking.payout" if to_bank else "banking.payout_returned", method=method)
    clearing = CLEARING_ACCOUNTS[method]
    into, out_of = (BANK, clearing) if to_bank else (clearing, BANK)
    lines = [JournalLine.to_debit(into, amount), JournalLine.to_credit(out_of, amount)]
    return Journal(on, words, f"{MOVEMENT_KEY}:{method}:{movement.provider_id}", lines)


def _fee_journal(method: str, movement: UnbookedMovement, fee: Rupiah, on: date) -> Journal:
    """Return the journal of a fee in rupiah; a negative fee is one that the provider gave back."""
    taken, given = (
        (GATEWAY_FEES, CLEARING_ACCOUNTS[method]) if fee > 0 else (CLEARING_ACCOUNTS[method], GATEWAY_FEES)
    )
    lines = [JournalLine.to_debit(taken, abs(fee)), JournalLine.to_credit(given, abs(fee))]
    words = describe("banking.fee", method=method, movement=movement.provider_id)
    return Journal(on, words, f"{MOVEMENT_FEE_KEY}:{method}:{movement.provider_id}", lines)
