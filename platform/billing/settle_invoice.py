"""Operators' use cases: confirm a payment, void or write off an invoice, grant credit."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from billing import errors, queries
from billing.history import record_event, record_operator_action
from billing.invoicing import add_credit, close_invoice, lock_invoice, mark_paid
from billing.models import Invoice, Subscription
from billing.periods import begin_period, lock_subscription, reopen_after_payment
from billing.plans import catalogue
from billing.registry_sync import sync_registry
from kernel.locks import advisory_lock
from kernel.money import Rupiah

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.settings import Settings

SettlementMethod = Literal["bank_transfer", "qris", "card"]

# Credit cannot be taken back, so a limit catches typing errors.
MAX_CREDIT: Final = Rupiah(100_000_000)


async def confirm_payment(
    db: AsyncSession,
    settings: Settings,
    number: str,
    *,
    amount: Rupiah,
    method: SettlementMethod,
    reference: str,
    by: str,
    on: date,
) -> Invoice:
    """Mark an invoice as paid and reopen what was closed because of it, in the same transaction.

    Raises DomainError: billing.no_such_invoice, .at_stripe, .not_open, .wrong_amount, .reference_used (one
    transfer pays one invoice).
    """
    subscription, invoice = await _lock_own_invoice(db, number)
    if invoice.status == "open" and amount != invoice.amount_due:
        raise errors.WRONG_AMOUNT(number=number, due=Rupiah(invoice.amount_due), given=amount, field="amount")
    if method == "bank_transfer" and invoice.status == "open":
        # two operators must not use one transfer for two invoices
        await advisory_lock(db, f"transfer {reference}")
        if (other := await queries.find_invoice_paid_by(db, reference)) is not None:
            raise errors.REFERENCE_USED(number=other, field="reference")
    mark_paid(db, invoice, method=method, reference=reference, confirmed_by=by, on=on)
    await reopen_after_payment(db, settings, subscription, on)
    await sync_registry(db, subscription, on)
    await _record_operator_action(
        db, subscription.cooperative_id, "billing.paid", by=by, reason=f"{number}, {reference}"
    )
    return invoice


async def void_invoice(
    db: AsyncSession, settings: Settings, number: str, *, reason: str, by: str, on: date
) -> None:
    """Void an invoice that was issued by mistake or is waived.

    Raises DomainError: billing.no_such_invoice, .at_stripe, .not_open, .reason_needed.
    """
    subscription, invoice = await _lock_own_invoice(db, number)
    close_invoice(db, invoice, "void", reason=reason, by=by, on=on)
    await reopen_after_payment(db, settings, subscription, on)
    await sync_registry(db, subscription, on)
    await _record_operator_action(
        db, subscription.cooperative_id, "billing.void", by=by, reason=f"{number}: {reason}"
    )


async def mark_uncollectible(
    db: AsyncSession, settings: Settings, number: str, *, reason: str, by: str, on: date
) -> None:
    """Write an invoice off as uncollectible and move the cooperative to the free plan.

    The cooperative is open again unless another invoice is overdue. Raises DomainError as ``void_invoice``
    does.
    """
    subscription, invoice = await _lock_own_invoice(db, number)
    close_invoice(db, invoice, "uncollectible", reason=reason, by=by, on=on)
    free = catalogue().get_plan(catalogue().trial.plan_after)
    await begin_period(db, settings, subscription, free, "month", start=on, by=by, on=on, source_key="")
    await sync_registry(db, subscription, on)
    await _record_operator_action(
        db, subscription.cooperative_id, "billing.uncollectible", by=by, reason=f"{number}: {reason}"
    )


async def grant_credit(
    db: AsyncSession, cooperative_id: UUID, amount: Rupiah, *, reason: str, by: str, on: date, key: str
) -> None:
    """Grant a cooperative credit that pays its next invoices first; the same ``key`` grants it once.

    Raises DomainError: billing.amount_needed, .amount_too_large, .reason_needed.
    """
    check_credit_amount(amount)
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    subscription = await lock_subscription(db, cooperative_id, on)
    if await queries.has_credit(db, f"manual:{key}"):
        return
    add_credit(db, cooperative_id, amount, reason=reason.strip(), by=by, key=f"manual:{key}", on=on)
    params = {"amount": int(amount), "reason": reason.strip()}
    record_event(db, cooperative_id, "billing.credit_given", by=by, on=on, params=params)
    await sync_registry(db, subscription, on)
    await _record_operator_action(
        db, cooperative_id, "billing.credit_given", by=by, reason=f"{amount.localize('id')}: {reason.strip()}"
    )


def check_credit_amount(amount: Rupiah) -> None:
    """Check an amount of credit. Raises DomainError: billing.amount_needed, .amount_too_large."""
    if amount <= 0:
        raise errors.AMOUNT_NEEDED(field="amount")
    if amount > MAX_CREDIT:
        raise errors.AMOUNT_TOO_LARGE(field="amount", most=MAX_CREDIT)


async def _lock_own_invoice(db: AsyncSession, number: str) -> tuple[Subscription, Invoice]:
    """Lock an invoice that we collect ourselves.

    Raises DomainError billing.at_stripe for an open one of Stripe's: closing it here would not stop the card
    charge.
    """
    subscription, invoice = await lock_invoice(db, number)
    if invoice.status == "open" and invoice.stripe_invoice is not None:
        raise errors.AT_STRIPE(number=number)
    return subscription, invoice


async def _record_operator_action(
    db: AsyncSession, cooperative_id: UUID, action: str, *, by: str, reason: str
) -> None:
    buyer = await queries.find_cooperative(db, cooperative_id)
    assert buyer is not None
    await record_operator_action(db, by=by, action=action, subject=buyer.slug, params={"reason": reason})
