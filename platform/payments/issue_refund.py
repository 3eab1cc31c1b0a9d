"""Refund a payment as an officer, and resolve webhook events that belong to no payment."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import update

from kernel import audit, clock
from kernel.actor import Actor
from kernel.money import Rupiah
from payments import errors, events, queries, refund_payment, rules, state_machine
from payments.models import Payment, PaymentEvent, PaymentRefund
from payments.purposes import get_purpose

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def issue_refund(
    db: AsyncSession,
    actor: Actor,
    reference: str,
    amount: Rupiah,
    destination: rules.RefundDestination,
    reason: str,
    *,
    key: str,
    on: date,
) -> PaymentRefund:
    """Refund ``amount`` (rupiah) of a payment; the same key again returns the same refund.

    Raises DomainError payments.no_such_payment, .still_held, and as ``refund_payment.request_refund`` does.
    """
    payment = await state_machine.lock_payment(db, reference)
    own_key = build_refund_key(reference, key)
    before = await queries.find_refund_by_key(db, own_key)
    if before is not None:
        return before
    await require_fulfilled(db, payment)
    return await refund_payment.request_refund(
        db, actor, payment, amount, destination, reason, key=own_key, on=on
    )


async def require_fulfilled(db: AsyncSession, payment: Payment) -> None:
    """Raise DomainError payments.still_held while the subject of a payment is reserved for the payer.

    A refund alone would leave the goods reserved without their money.
    """
    if payment.applied_to == "purpose" and await get_purpose(payment.purpose).is_unfulfilled(db, payment):
        raise errors.NOT_YET_FULFILLED(label=payment.label)


async def resolve_unmatched_webhook_event(db: AsyncSession, actor: Actor, number: int) -> None:
    """Resolve a webhook event that belongs to no payment of ours.

    Raises DomainError payments.no_such_message.
    """
    statement = (
        update(PaymentEvent)
        .where(PaymentEvent.id == number, PaymentEvent.status == "exception")
        .values(status="done", processed_at=clock.now())
        .returning(PaymentEvent.method, PaymentEvent.kind)
    )
    found = (await db.execute(statement)).first()
    if found is None:
        raise errors.NO_SUCH_WEBHOOK_EVENT()
    params = {"method": found.method, "message": found.kind}
    audit.record(db, actor, events.EXCEPTION_RESOLVED, subject=f"payment_event:{number}", params=params)


def build_refund_key(reference: str, key: str) -> str:
    """Return a refund's idempotency key, built from the form's key."""
    return f"office:{reference}:{key}"
