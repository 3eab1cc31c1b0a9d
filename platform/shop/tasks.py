"""Jobs of the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from kernel.outbox import daily_job, job
from shop import fulfilment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@job("shop.expire_order")
async def expire_order(db: AsyncSession, *, order_id: str) -> None:
    """Cancel an order that was not paid in time."""
    await fulfilment.expire_order(db, UUID(order_id))


@job("shop.cancel_superseded")
async def cancel_other_payments(db: AsyncSession, *, order_id: str) -> None:
    """Cancel the open payments of a paid order, so that it is not paid twice."""
    await fulfilment.cancel_other_payments(db, UUID(order_id))


@daily_job("shop.cancel_overdue")
async def requeue_overdue_orders(db: AsyncSession) -> None:
    """Enqueue the expiry job again for orders that are overdue by hours, because their own job was lost or
    given up.
    """
    await fulfilment.requeue_overdue_orders(db)
