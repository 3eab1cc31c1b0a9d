"""Queries of payments' use cases; rows that will be changed are locked.

Pages use the other ``…_queries`` modules of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from kernel.database import Reader, as_reader
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from payments.models import Payment, PaymentEvent, PaymentMethodRow, PaymentRefund

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Reader


async def get_payment_for_update(db: AsyncSession, payment_id: UUID) -> Payment | None:
    """Return a payment by its id, refreshed and locked."""
    return await _get_payment_for_update(db, Payment.id == payment_id)


async def get_payment_for_update_by_reference(db: AsyncSession, reference: str) -> Payment | None:
    """Return a payment by our reference, refreshed and locked."""
    return await _get_payment_for_update(db, Payment.reference == reference)


async def _get_payment_for_update(db: AsyncSession, condition: Any) -> Payment | None:
    statement = select(Payment).where(condition).with_for_update().execution_options(populate_existing=True)
    return (await db.execute(statement)).scalar_one_or_none()


async def list_payments_for_update(db: AsyncSession, references: Sequence[str]) -> dict[str, Payment]:
    """Return payments by our references, refreshed and locked in the order of their ids.

    ``list_subject_payments_for_update`` locks in the same order.
    """
    statement = (
        select(Payment)
        .where(Payment.reference.in_(references))
        .order_by(Payment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {payment.reference: payment for payment in (await db.execute(statement)).scalars()}


async def list_subject_payments_for_update(db: AsyncSession, purpose: str, subject_id: UUID) -> list[Payment]:
    """Return all payments of one subject, oldest first, locked.

    The advisory lock also makes a waiting transaction see a payment that another has opened meanwhile.
    """
    await advisory_lock(db, f"payments of {purpose} {subject_id}")
    statement = (
        select(Payment)
        .where(Payment.purpose == purpose, Payment.subject_id == subject_id)
        .order_by(Payment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await db.execute(statement)).scalars())


async def find_payment_by_key(db: AsyncSession, key: str) -> Payment | None:
    """Return the payment that this key opened."""
    return (await db.execute(select(Payment).where(Payment.key == key))).scalar_one_or_none()


async def payment_exists(ro: Reader, key: str) -> bool:
    """Return whether this key has opened a payment."""
    return bool(await ro.value("SELECT EXISTS (SELECT FROM payments WHERE key = $1)", key))


async def find_payment_by_reference(db: AsyncSession, reference: str) -> Payment | None:
    """Return a payment by our reference, unlocked."""
    return (await db.execute(select(Payment).where(Payment.reference == reference))).scalar_one_or_none()


async def find_latest_payment(db: AsyncSession, purpose: str, subject_id: UUID) -> Payment | None:
    """Return the newest payment of one subject, unlocked."""
    statement = select(Payment).where(Payment.purpose == purpose, Payment.subject_id == subject_id)
    return (await db.execute(statement.order_by(Payment.id.desc()).limit(1))).scalar_one_or_none()


async def list_reserved_amounts(
    ro: Reader, method: str, min_amount: int, max_amount: int, cooldown_since: datetime
) -> list[int]:
    """Return the amounts within a range that a payment of this method uses or used recently, in rupiah.

    That is: it awaits payment, or it ended or was settled after ``cooldown_since``.
    """
    records = await ro.records(
        "SELECT amount FROM payments WHERE method = $1 AND amount BETWEEN $2 AND $3"
        " AND (status = 'awaiting' OR ended_at > $4 OR settled_at > $4)",
        method,
        min_amount,
        max_amount,
        cooldown_since,
    )
    return [record["amount"] for record in records]


async def find_refund_by_key(db: AsyncSession, key: str) -> PaymentRefund | None:
    """Return the refund that this key requested."""
    return (await db.execute(select(PaymentRefund).where(PaymentRefund.key == key))).scalar_one_or_none()


async def get_refund_for_update(db: AsyncSession, refund_id: UUID) -> PaymentRefund | None:
    """Return a refund, refreshed and locked. Lock its payment first."""
    statement = (
        select(PaymentRefund)
        .where(PaymentRefund.id == refund_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def find_refund(db: AsyncSession, refund_id: UUID) -> PaymentRefund | None:
    """Return a refund, unlocked."""
    return (await db.execute(select(PaymentRefund).where(PaymentRefund.id == refund_id))).scalar_one_or_none()


async def list_refunds(db: AsyncSession, payment_id: UUID) -> list[PaymentRefund]:
    """Return the refunds of a payment, oldest first."""
    statement = select(PaymentRefund).where(PaymentRefund.payment_id == payment_id).order_by(PaymentRefund.id)
    return list((await db.execute(statement)).scalars())


async def find_webhook_event(db: AsyncSession, event_id: int) -> PaymentEvent | None:
    """Return a stored webhook event."""
    return (await db.execute(select(PaymentEvent).where(PaymentEvent.id == event_id))).scalar_one_or_none()


async def find_payment_of_event(
    db: AsyncSession, method: str, reference: str | None, provider_reference: str | None
) -> Payment | None:
    """Return the payment that an event is about: by our reference, else by the provider's.

    A payment by another method is never returned.
    """
    if reference:
        found = await find_payment_by_reference(db, reference)
        return found if found is not None and found.method == method else None
    if provider_reference:
        statement = select(Payment).where(
            Payment.method == method, Payment.provider_reference == provider_reference
        )
        return (await db.execute(statement.limit(1))).scalar_one_or_none()
    return None


class MethodConfig(msgspec.Struct, frozen=True):
    """A payment method as its officers configured it."""

    method: str
    enabled: bool
    position: int
    settings: dict[str, str]
    secrets: dict[str, str]  # sealed, by name (payments.vault)
    endpoint: str | None
    fee_percent: str
    fee_fixed: int
    min_amount: int | None
    max_amount: int | None
    live: bool


_METHODS = (
    "SELECT method, enabled, position::int AS position, settings, secrets, endpoint,"
    " fee_percent, fee_fixed, min_amount, max_amount, live FROM payment_methods"
)


async def load_method_configs(source: AsyncSession | Reader) -> dict[str, MethodConfig]:
    """Return the methods that officers have configured, by name."""
    return {row.method: row for row in await as_reader(source).rows(MethodConfig, _METHODS)}


async def find_method_config(source: AsyncSession | Reader, method: str) -> MethodConfig | None:
    """Return one method as officers configured it, or None."""
    return await as_reader(source).one(MethodConfig, _METHODS + " WHERE method = $1", method)


async def get_method_for_update(db: AsyncSession, method: str) -> PaymentMethodRow | None:
    """Return a method's row, locked."""
    statement = (
        select(PaymentMethodRow)
        .where(PaymentMethodRow.method == method)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def has_other_awaiting_payment(db: AsyncSession, payment: Payment) -> bool:
    """Return whether another payment of the same subject awaits payment."""
    statement = select(Payment.id).where(
        Payment.purpose == payment.purpose,
        Payment.subject_id == payment.subject_id,
        Payment.id != payment.id,
        Payment.status == "awaiting",
    )
    return (await db.execute(statement.limit(1))).first() is not None


async def list_unprocessed_events(db: AsyncSession, before: datetime) -> Sequence[int]:
    """Return events stored before a moment and not processed: their job gave up."""
    statement = select(PaymentEvent.id).where(
        PaymentEvent.status == "received", PaymentEvent.received_at < before
    )
    return (await db.execute(statement.order_by(PaymentEvent.id))).scalars().all()


async def list_overdue_payments(db: AsyncSession, before: datetime) -> Sequence[tuple[str, str]]:
    """Return (reference, method) of payments that still await payment and expired before a moment."""
    statement = select(Payment.reference, Payment.method).where(
        Payment.status == "awaiting", Payment.expires_at < before
    )
    return [(row.reference, row.method) for row in await db.execute(statement.order_by(Payment.id))]


async def list_pending_refunds(db: AsyncSession, before: datetime) -> Sequence[UUID]:
    """Return refunds that were requested before a moment and are still pending."""
    statement = select(PaymentRefund.id).where(
        PaymentRefund.status == "pending", PaymentRefund.requested_at < before
    )
    return (await db.execute(statement.order_by(PaymentRefund.id))).scalars().all()


async def has_pending_refund(db: AsyncSession, payment_id: UUID) -> bool:
    """Return whether a refund of this payment is requested and not yet done."""
    statement = select(PaymentRefund.id).where(
        PaymentRefund.payment_id == payment_id, PaymentRefund.status == "pending"
    )
    return (await db.execute(statement.limit(1))).first() is not None


async def sum_refunded_since(db: AsyncSession, payment_ids: Sequence[UUID], since: datetime | None) -> Rupiah:
    """Return what was refunded of these payments since a moment, in rupiah; 0 for None."""
    if since is None:
        return Rupiah(0)
    statement = select(func.coalesce(func.sum(PaymentRefund.amount), 0)).where(
        PaymentRefund.payment_id.in_(payment_ids),
        PaymentRefund.status == "done",
        PaymentRefund.ended_at >= since,
    )
    return Rupiah(int((await db.execute(statement)).scalar_one()))


async def list_methods_for_update(db: AsyncSession) -> list[PaymentMethodRow]:
    """Return the payment methods that officers have configured, locked."""
    statement = (
        select(PaymentMethodRow)
        .order_by(PaymentMethodRow.method)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await db.execute(statement)).scalars())
