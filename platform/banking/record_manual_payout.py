"""Record payouts that no provider reports (QRIS): an officer enters what reached the bank."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from banking import errors, reconciliation_queries
from kernel.money import Rupiah
from ledger import JournalDraft, JournalLine, PostedJournal, post_once
from ledger import queries as ledger_queries
from ledger.chart import BANK
from ledger.descriptions import describe
from ledger.posting import lock_ledger
from payments import errors as payment_errors
from payments import events, methods

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor
    from kernel.database import Reader
    from payments.methods import PaymentMethod


def has_manual_payouts(method: PaymentMethod) -> bool:
    """Return whether an officer records the payouts of a method, because no provider reports them."""
    return method.capabilities.confirmed_by == "officer" and method.clearing_account != BANK


async def require_manual_payout_method(source: AsyncSession | Reader, name: str) -> PaymentMethod:
    """Return a method with manual payouts. Raises DomainError payments.no_such_way for any other."""
    method = await methods.get_method(source, name)
    if not has_manual_payouts(method):
        raise payment_errors.NO_SUCH_METHOD()
    return method


async def check_manual_payout(
    db: AsyncSession, method: PaymentMethod, amount: Rupiah, *, on: date, today: date
) -> None:
    """Check that a payout can have reached the bank; raise DomainError otherwise.

    Codes: payments.arrived_nothing, .arrived_ahead, .arrived_too_much, .arrived_before.
    """
    balance = await ledger_queries.get_balance(db, method.clearing_account)
    await _check_payout(db, method, amount, balance, on=on, today=today)


async def _check_payout(
    db: AsyncSession, method: PaymentMethod, amount: Rupiah, balance: int, *, on: date, today: date
) -> None:
    if amount <= 0:
        raise errors.PAYOUT_AMOUNT_NEEDED(field="amount")
    if on > today:
        raise errors.PAYOUT_IN_FUTURE(field="on")
    left = Rupiah(max(0, balance))
    if amount > left:
        raise errors.PAYOUT_EXCEEDS_BALANCE(left=left, field="amount")
    first = await reconciliation_queries.get_first_movement_day(db, method.clearing_account)
    if on < first:
        raise errors.PAYOUT_BEFORE_FIRST_PAYMENT(first=first, field="on")


async def record_manual_payout(
    db: AsyncSession, actor: Actor, name: str, amount: Rupiah, *, on: date, today: date, key: str
) -> PostedJournal:
    """Move ``amount`` (rupiah) from a method's clearing account to the bank; ``on`` is the arrival date.

    The same key again posts nothing.

    Raises DomainError as ``require_manual_payout_method`` and ``check_manual_payout`` do; ledger.year_closed.
    """
    method = await require_manual_payout_method(db, name)
    source_key = f"arrival:{name}:{key}"
    await lock_ledger(db)  # the balance must not change until this is posted

    async def build_journal(balance: int) -> JournalDraft:
        await _check_payout(db, method, amount, balance, on=on, today=today)
        return JournalDraft(
            on=on,
            description=describe("banking.payout_arrived", method=name),
            lines=[
                JournalLine.to_debit(BANK, amount),
                JournalLine.to_credit(method.clearing_account, amount),
            ],
            action=events.PAYOUT_BOOKED,
            subject=f"way:{name}",
            params={"method": name, "amount": int(amount)},
        )

    return await post_once(
        db,
        actor,
        source_key,
        read=lambda ro: ledger_queries.get_balance(ro, method.clearing_account),
        draft=build_journal,
    )
