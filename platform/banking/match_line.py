"""An officer's decision about a statement line: match it with a payment, or set it aside.

A decision cannot be undone here; the books are corrected by reversal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from banking import errors, statement_queries
from banking.import_statement import STATEMENT_LOCK, link_payment
from banking.matching_rules import (
    LINE_STATUS_NAMES,
    amount_fits,
    is_payable,
    posting_date,
    unique_suffix_paid,
)
from cooperative.queries import get_today
from gateways.protocol import get_provider
from kernel import audit, clock
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from ledger.year_queries import get_closed_years
from payments import errors as payment_errors
from payments import events, state_machine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from banking.models import BankLine
    from kernel.actor import Actor
    from payments.models import Payment


class MatchedPayment(msgspec.Struct, frozen=True):
    """The result of a match. ``settled`` is False if the payment was paid before."""

    reference: str
    settled: bool


async def match_line(db: AsyncSession, actor: Actor, line_id: UUID, reference: str) -> MatchedPayment:
    """Match a line with a payment and settle the payment on the bank's date. A repetition changes nothing.

    The unique suffix of the payment becomes what the payer sent above the price, if it was left out or
    mistyped.

    Raises DomainError: payments.no_such_line, .line_decided, .line_went_out, .no_such_payment,
    .line_other_way, .line_amount_differs, .payment_seen, and as ``ledger.post_journal`` does.
    """
    await advisory_lock(db, STATEMENT_LOCK)
    line = await _lock_line(db, line_id)
    payment = await state_machine.lock_payment(db, reference)
    if line.status == "matched" and line.payment_id == payment.id:
        return MatchedPayment(reference, settled=False)
    _require_match_allowed(line, payment)
    if await statement_queries.has_matched_line(db, payment.id):
        raise errors.PAYMENT_ALREADY_MATCHED(reference=reference)
    _adjust_unique_suffix(line, payment)
    on = posting_date(line.on_date, await get_today(db), await get_closed_years(db))
    settled = await state_machine.settle_by_statement(db, payment, actor, on=on)
    await link_payment(db, actor, line, payment_id=payment.id, reason="by_hand")
    audit.record(
        db,
        actor,
        events.LINE_MATCHED,
        subject=f"payment:{reference}",
        params={"line": str(line.id), "amount": line.amount, "number": reference},
    )
    return MatchedPayment(reference, settled)


async def mark_line_unrelated(db: AsyncSession, actor: Actor, line_id: UUID, reason: str) -> None:
    """Mark a line as unrelated to any payment, with a reason. A repetition changes nothing.

    Raises DomainError: payments.no_such_line, .reason_needed, .line_decided.
    """
    line = await _lock_line(db, line_id)
    why = " ".join(reason.split())
    if not why:
        raise payment_errors.REASON_NEEDED(field="reason")
    if line.status == "set_aside" and line.note == why:
        return
    if line.status not in ("unmatched", "doubtful"):
        raise errors.LINE_ALREADY_RESOLVED(state=LINE_STATUS_NAMES[line.status])
    line.status, line.reason, line.note, line.candidates = "set_aside", None, why, []
    line.decided_by, line.decided_at = actor.name, clock.now()
    audit.record(
        db,
        actor,
        events.LINE_SET_ASIDE,
        subject=f"statement_line:{line.id}",
        params={"amount": line.amount, "reason": why},
    )
    await db.flush()


async def _lock_line(db: AsyncSession, line_id: UUID) -> BankLine:
    line = await statement_queries.lock_line(db, line_id)
    if line is None:
        raise errors.NO_SUCH_LINE()
    return line


def _require_match_allowed(line: BankLine, payment: Payment) -> None:
    """Raise DomainError unless this line can pay this payment."""
    if not is_payable(line.amount, line.sen):
        raise errors.LINE_NOT_PAYABLE()
    if line.status == "matched":
        raise errors.LINE_ALREADY_RESOLVED(state=LINE_STATUS_NAMES[line.status])
    if payment.method != line.method:
        method = get_provider(payment.method).capabilities().label
        raise errors.METHOD_DIFFERS(reference=payment.reference, method=method)
    if not amount_fits(line.amount, payment.amount, payment.unique_suffix, payment.status):
        raise errors.AMOUNT_DIFFERS(
            amount=Rupiah(line.amount), reference=payment.reference, asked=Rupiah(payment.amount)
        )


def _adjust_unique_suffix(line: BankLine, payment: Payment) -> None:
    """Set the payment's unique suffix and amount to what the payer sent."""
    unique_suffix = unique_suffix_paid(Rupiah(line.amount), Rupiah(payment.amount), payment.unique_suffix)
    if line.amount != payment.amount and unique_suffix is not None:
        payment.amount, payment.unique_suffix = line.amount, unique_suffix
