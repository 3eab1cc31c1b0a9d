"""The state machine of a payment: settle, close, expire, apply a provider's status.

Each function takes a locked payment (or locks it by reference), runs in the caller's transaction and never
commits.

A payment becomes paid by a status fetched from its provider, by a named officer, by a matched statement line
or by our own books, and by nothing else. The purpose is notified before the journal is posted, because goods
are locked before the ledger. Every transition is idempotent: the same event five times is one posting.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

from gateways.protocol import Capabilities, ProviderStatus, get_provider
from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.money import Rupiah
from payments import errors, events, journals, methods, queries, rules
from payments.exceptions_queue import record_exception
from payments.purposes import LedgerAccountRef, get_purpose

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.models import Payment


async def settle(
    db: AsyncSession,
    payment: Payment,
    capabilities: Capabilities,
    *,
    by: str,
    on: date,
    fee: Rupiah | None = None,
    at: datetime | None = None,
    actor: Actor = SYSTEM,
) -> bool:
    """Mark a locked payment as paid: notify its purpose, post the journal and book the fee.

    Returns False if it was paid before. `capabilities` are those of the payment's method, resolved by the
    caller. `by` names who confirmed the payment (a provider, an officer, or the payer if our own books
    confirm it); `actor` is who the audit log names. `fee` is the fee in rupiah that the provider reports;
    without it the fee that the cooperative configured applies. Raises DomainError as `ledger.post_journal`
    does.
    """
    if not rules.can_transition(payment.status, "paid"):
        return False
    payment.late = payment.status != "awaiting"
    payment.processing_since = None
    payment.status, payment.settled_at, payment.settled_by = "paid", at or clock.now(), by
    purpose = get_purpose(payment.purpose)  # the purpose locks its goods before the ledger is locked
    if await purpose.on_paid(db, payment, on=on):
        payment.applied_to = "purpose"
        credited = await purpose.credit_account(db, payment)
    else:
        payment.applied_to = "wallet" if payment.member_id is not None else "owed"
        credited = journals.suspense_account(payment)
    if journals.is_posted_to_ledger(payment):
        payment.journal = await journals.book_settlement(db, payment, capabilities, credited, on=on)
        if fee is None:
            fee = await _calculate_fee(db, payment, capabilities)
        await record_fee(db, payment, capabilities, fee, on=on)
    params = {"by": by, "applied_to": payment.applied_to, "late": payment.late}
    _record(db, payment, events.SETTLED, params, by=actor)
    return True


async def record_fee(
    db: AsyncSession, payment: Payment, capabilities: Capabilities, fee: Rupiah | None, *, on: date
) -> None:
    """Book the fee of a payment in rupiah, at most once; None means that it is not known yet."""
    if fee is None or fee < 0 or payment.fee is not None or not journals.is_posted_to_ledger(payment):
        return
    payment.fee = int(fee)
    if fee:
        await journals.book_fee(db, payment, capabilities, fee, on=on, by=str(payment.settled_by))


async def _calculate_fee(db: AsyncSession, payment: Payment, capabilities: Capabilities) -> Rupiah | None:
    """Return the fee by the cooperative's own rule; None without one, or if the provider reports fees."""
    if capabilities.reports_fees or capabilities.confirmed_by not in ("provider", "officer"):
        return None
    method = await methods.get_method(db, payment.method)
    if not method.fee_percent and not method.fee_fixed:
        return None
    return rules.calculate_fee(Rupiah(payment.amount), method.fee_percent, method.fee_fixed)


async def close_unpaid(
    db: AsyncSession,
    payment: Payment,
    ending: rules.UnpaidStatus,
    *,
    why: str = "",
    cause: str = "",
    by: Actor = SYSTEM,
) -> bool:
    """Close a payment that was not paid: it failed, expired or was cancelled.

    ``cause`` is a code of ``rules.CLOSING_CAUSES``; ``why`` is what an officer or the provider said.
    Returns False when it no longer awaits payment.
    """
    if payment.status != "awaiting":
        return False
    payment.status, payment.ended_at = ending, clock.now()
    await get_purpose(payment.purpose).on_closed(db, payment)
    payment.processing_since = None
    _record(
        db,
        payment,
        events.CLOSED,
        {"ending": ending, "cause": cause} if cause else {"ending": ending, "why": why},
        by=by,
    )
    return True


async def confirm_by_officer(db: AsyncSession, actor: Actor, reference: str, *, on: date) -> Payment:
    """Settle a payment because a named officer confirms that the money arrived.

    Raises DomainError payments.no_such_payment, .not_awaiting, .not_for_officers.
    """
    payment = await lock_payment(db, reference)
    capabilities = get_provider(payment.method).capabilities()
    if capabilities.confirmed_by != "officer":
        raise errors.NOT_FOR_OFFICERS(reference=reference)
    if not await settle(db, payment, capabilities, by=actor.name, on=on, actor=actor):
        raise errors.NOT_AWAITING(reference=reference, state=rules.STATUS_LABELS[payment.status])
    return payment


async def record_payer_claim(db: AsyncSession, actor: Actor, reference: str) -> None:
    """Record when the payer of a payment that an officer confirms first claimed to have paid.

    The claim settles nothing. A repeated claim, or one about a settled payment, changes nothing. Raises
    DomainError payments.no_such_payment.
    """
    payment = await lock_payment(db, reference)
    if get_provider(payment.method).capabilities().confirmed_by != "officer":
        return
    if payment.payer_claimed_at is not None or payment.settled_at is not None:
        return
    payment.payer_claimed_at = clock.now()
    params = {"method": payment.method}
    audit.record(db, actor, events.PAYER_CLAIMED_PAID, subject=f"payment:{reference}", params=params)


async def settle_by_statement(db: AsyncSession, payment: Payment, actor: Actor, *, on: date) -> bool:
    """Settle a payment because a bank statement line shows its money; False when it was paid before.

    ``actor`` imported the statement; ``on`` is the line's date.
    """
    capabilities = get_provider(payment.method).capabilities()
    return await settle(db, payment, capabilities, by=actor.name, on=on, actor=actor)


async def expire(db: AsyncSession, reference: str) -> None:
    """Close an expired payment that no provider can be asked about; no effect if it was settled meanwhile."""
    payment = await lock_payment(db, reference)
    if rules.is_expired(payment.expires_at, clock.now()):
        await close_unpaid(db, payment, "expired")


async def apply_provider_status(
    db: AsyncSession, payment: Payment, status: ProviderStatus, *, on: date
) -> rules.ProcessingOutcome:
    """Apply a status fetched from the provider to our payment; return the outcome as one word.

    A different reference, currency or amount records an exception and posts nothing.
    """
    payment.checked_at = clock.now()
    if status.reference != payment.reference:
        return await record_exception(db, payment, "reference", {"theirs": status.reference})
    if status.payment_status == "paid":
        if status.currency.upper() != "IDR":
            return await record_exception(db, payment, "currency", {"theirs": status.currency})
        if status.amount != payment.amount:
            return await record_exception(db, payment, "amount", {"theirs": int(status.amount)})
        payment.provider_reference = payment.provider_reference or status.provider_reference
        capabilities = get_provider(payment.method).capabilities()
        settled = await settle(
            db,
            payment,
            capabilities,
            by=capabilities.label.localize("id"),
            on=on,
            fee=status.fee,
            at=status.paid_at,
        )
        if not settled:  # some providers report the fee only after the payment
            await record_fee(db, payment, capabilities, status.fee, on=on)
        if status.disputed:
            await _raise_disputes(db, payment, status)
        return "settled" if settled else "known"
    if status.payment_status == "awaiting":
        if payment.status == "awaiting":
            payment.processing_since = (
                (payment.processing_since or payment.checked_at) if status.processing else None
            )
        return "awaiting"
    return (
        status.payment_status
        if await close_unpaid(db, payment, status.payment_status, why=status.detail)
        else "known"
    )


async def _raise_disputes(db: AsyncSession, payment: Payment, status: ProviderStatus) -> None:
    """Record one exception for each dispute id, so that a second dispute is not taken for the first.

    Where the provider reports no dispute ids, all disputes are one exception.
    """
    detail = {"said": status.detail}
    for params in [detail | {"dispute": each} for each in status.dispute_ids] or [detail]:
        await record_exception(db, payment, "charged_back", params)


async def lock_payment(db: AsyncSession, reference: str) -> Payment:
    """Return a payment by its reference, locked. Raises DomainError payments.no_such_payment."""
    payment = await queries.get_payment_for_update_by_reference(db, reference)
    if payment is None:
        raise errors.NO_SUCH_PAYMENT()
    return payment


async def get_refund_source(db: AsyncSession, payment: Payment) -> LedgerAccountRef:
    """Return the ledger account that holds a paid payment's money now; a refund debits it."""
    if payment.applied_to == "purpose":
        return await get_purpose(payment.purpose).debit_account(db, payment)
    return journals.suspense_account(payment)


def _record(
    db: AsyncSession, payment: Payment, action: str, params: Mapping[str, object], *, by: Actor = SYSTEM
) -> None:
    facts = {"method": payment.method, "amount": payment.amount, **params}
    audit.record(db, by, action, subject=f"payment:{payment.reference}", params=facts)
