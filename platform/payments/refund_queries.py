"""Queries of refunds: pending ones, and sums since a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from kernel.money import Rupiah
from payments.models import PaymentRefund

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


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
