"""Refunds: requested by an officer or a cancelled order, and booked only once done.

Refunds from our own books or by hand are done at once. A job requests the others from the provider; while
they are pending nothing is booked. A refund that the provider declines becomes an exception, and an officer
refunds another way.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from gateways.protocol import RefundResult, get_provider
from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.outbox import enqueue
from ledger import queries as ledger_queries
from ledger.chart import WALLETS
from payments import errors, events, exceptions_queue, journals, queries, rules, state_machine
from payments.builtin_purposes import TOP_UP
from payments.models import Payment, PaymentRefund

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


WALLET_SPENT: Final = "Saldo dompetnya sudah terpakai"


async def get_refundable_amount(db: AsyncSession, payment: Payment) -> Rupiah:
    """Return what can still be refunded of a payment, in rupiah; 0 for one that was not paid."""
    if payment.status not in rules.SETTLED:
        return Rupiah(0)
    pending = await _pending_amount(db, payment)
    return rules.refundable_amount(
        Rupiah(payment.amount), _nonrefundable_suffix(payment), Rupiah(payment.refunded), pending
    )


def _nonrefundable_suffix(payment: Payment) -> int:
    return rules.nonrefundable_suffix(payment.unique_suffix, of_member=payment.member_id is not None)


async def _pending_amount(db: AsyncSession, payment: Payment) -> Rupiah:
    return Rupiah.total(
        each.amount for each in await queries.list_refunds(db, payment.id) if each.status == "pending"
    )


async def get_unspent_wallet_amount(db: AsyncSession, payment: Payment) -> Rupiah | None:
    """Return the payer's wallet balance, in rupiah, if a refund is taken from it; None otherwise.

    A provider refunds before we book, so this is checked before the provider is called.
    """
    if payment.member_id is None or (payment.applied_to != "wallet" and payment.purpose != TOP_UP):
        return None
    return Rupiah(await ledger_queries.get_balance(db, WALLETS, payment.member_id))


def list_refund_destinations(payment: Payment) -> list[rules.RefundDestination]:
    """Return the destinations to which this payment can be refunded, the usual one first."""
    capabilities = get_provider(payment.method).capabilities()
    found: list[rules.RefundDestination] = []
    if capabilities.supports_refunds:
        found.append("original_method")
    if capabilities.confirmed_by in ("provider", "officer", "hand_over"):
        found.append("by_hand")
    if payment.member_id is not None and payment.applied_to != "wallet" and payment.purpose != TOP_UP:
        found.append("wallet")
    return found


async def request_refund(
    db: AsyncSession,
    actor: Actor,
    payment: Payment,
    amount: Rupiah,
    destination: rules.RefundDestination,
    reason: str,
    *,
    key: str,
    on: date,
) -> PaymentRefund:
    """Refund ``amount`` (rupiah) of a locked payment; the same key again returns the same refund.

    Raises DomainError: payments.not_paid, .refund_nothing, .refund_too_much, .refund_wallet_spent,
    .refund_not_this_way, .reason_needed; ledger.year_closed.
    """
    before = await queries.find_refund_by_key(db, key)
    if before is not None:
        return before
    await check_refund(db, payment, amount, destination, reason)
    refund = PaymentRefund(
        id=new_id(),
        payment_id=payment.id,
        key=key,
        amount=int(amount),
        destination=destination,
        status="pending",
        reason_text=reason.strip(),
        detail="",
        requested_by=actor.name,
        requested_at=clock.now(),
    )
    db.add(refund)
    await db.flush()
    params = {"amount": int(amount), "destination": destination, "reason": refund.reason_text}
    audit.record(db, actor, events.REFUND_REQUESTED, subject=f"payment:{payment.reference}", params=params)
    if (
        destination == "original_method"
        and get_provider(payment.method).capabilities().confirmed_by == "provider"
    ):
        await enqueue(
            db, "payments.refund", {"refund_id": str(refund.id)}, key=f"payments.refund:{refund.id}"
        )
    else:
        await complete_refund(db, payment, refund, on=on, by=actor)
    return refund


async def complete_refund(
    db: AsyncSession, payment: Payment, refund: PaymentRefund, *, on: date, by: Actor
) -> None:
    """Book a refund that has been done, once; ``by`` confirmed it. Payment and refund are locked."""
    if refund.status == "done":
        return
    capabilities = get_provider(payment.method).capabilities()
    taken_from = await state_machine.get_refund_source(db, payment)
    if journals.is_posted_to_ledger(payment):
        refund.journal = await journals.book_refund(
            db, payment, refund, capabilities, taken_from, on=on, by=by.name
        )
    refund.status, refund.ended_at = "done", clock.now()
    payment.refunded += refund.amount
    payment.status = rules.status_after_refund(
        Rupiah(payment.amount), _nonrefundable_suffix(payment), Rupiah(payment.refunded)
    )
    await exceptions_queue.resolve_refund_exceptions(
        db, by, payment, {refund.id, *await _compensated_refunds(db, payment, refund)}
    )
    audit.record(
        db, by, events.REFUNDED, subject=f"payment:{payment.reference}", params={"amount": refund.amount}
    )


async def _compensated_refunds(db: AsyncSession, payment: Payment, refund: PaymentRefund) -> list[UUID]:
    """Return the failed refunds that `refund` replaces, oldest first, as far as its amount covers them.

    Once the payment is fully refunded, all of them are returned.
    """
    waiting = {
        each.params.get("refund") for each in await exceptions_queue.list_open_exceptions_of(db, payment.id)
    }
    left, found = refund.amount, []
    for each in await queries.list_refunds(db, payment.id):
        if (
            each.status == "failed"
            and str(each.id) in waiting
            and (payment.status == "refunded" or each.amount <= left)
        ):
            left -= each.amount
            found.append(each.id)
    return found


async def fail_refund(db: AsyncSession, payment: Payment, refund: PaymentRefund, detail: str) -> None:
    """Mark a refund as failed and record an exception. Payment and refund are locked."""
    if refund.status != "pending":
        return
    refund.status, refund.detail, refund.ended_at = "failed", detail[:300], clock.now()
    await exceptions_queue.resolve_refund_exceptions(
        db, SYSTEM, payment, {refund.id}
    )  # it is no longer pending
    await exceptions_queue.record_exception(
        db, payment, "refund_failed", {"refund": str(refund.id), "said": refund.detail}
    )


async def fail_if_spent(db: AsyncSession, payment: Payment, refund_id: UUID) -> bool:
    """Fail a refund before its provider is called if the payer has spent the wallet it is taken from.

    Returns whether it failed. The payment is locked.
    """
    in_wallet = await get_unspent_wallet_amount(db, payment)
    refund = await queries.get_refund_for_update(db, refund_id)
    assert refund is not None  # refunds are never deleted
    if in_wallet is None or in_wallet >= refund.amount:
        return False
    await fail_refund(db, payment, refund, WALLET_SPENT)
    return True


async def apply_refund_result(
    db: AsyncSession, payment: Payment, refund: PaymentRefund, result: RefundResult, *, on: date
) -> str:
    """Apply the provider's answer to a refund; return the refund's status. Payment and refund are locked."""
    refund.provider_reference = result.provider_reference or refund.provider_reference
    if result.status == "done":
        await _complete_if_covered(db, payment, refund, on=on)
    elif result.status == "failed":
        await fail_refund(db, payment, refund, result.detail)
    return refund.status


async def _complete_if_covered(
    db: AsyncSession, payment: Payment, refund: PaymentRefund, *, on: date
) -> None:
    """Book a provider's refund; if the payer's wallet no longer covers it, record an exception.

    The refund then stays pending.
    """
    try:
        async with db.begin_nested():
            by = Actor("system", get_provider(payment.method).capabilities().label.localize("id"))
            await complete_refund(db, payment, refund, on=on, by=by)
    except DomainError as error:
        if error.code != "ledger.below_floor":
            raise
        await db.refresh(payment)
        await db.refresh(refund)
        await exceptions_queue.record_exception(db, payment, "refund_not_covered", {"refund": str(refund.id)})


async def check_refund(
    db: AsyncSession, payment: Payment, amount: Rupiah, destination: rules.RefundDestination, reason: str
) -> None:
    """Raise DomainError as ``request_refund`` does for what cannot be refunded."""
    if payment.status not in rules.SETTLED:
        raise errors.NOT_PAID(reference=payment.reference)
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    if amount <= 0:
        raise errors.REFUND_AMOUNT_MISSING(field="amount")
    left = await get_refundable_amount(db, payment)
    if amount > left:
        raise errors.REFUND_TOO_MUCH(left=left, field="amount")
    in_wallet = await get_unspent_wallet_amount(db, payment)
    if in_wallet is not None and amount > in_wallet - await _pending_amount(db, payment):
        raise errors.REFUND_WALLET_SPENT(name=payment.payer_name, left=in_wallet, field="amount")
    if destination not in list_refund_destinations(payment):
        raise errors.REFUND_DESTINATION_NOT_ALLOWED(field="destination")
    partial = amount < payment.amount - payment.unique_suffix
    if (
        destination == "original_method"
        and partial
        and not get_provider(payment.method).capabilities().supports_partial_refunds
    ):
        raise errors.REFUND_DESTINATION_NOT_ALLOWED(field="destination")
