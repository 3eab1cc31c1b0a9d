"""Enqueue stalled work again daily: a job gives up after hours, a provider may be down for longer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from gateways.protocol import get_provider
from kernel import clock
from kernel.outbox import enqueue
from payments import queries

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# Work younger than this still has a running job.
STALLED_AFTER: Final = timedelta(hours=3)


async def retry_stalled_jobs(db: AsyncSession) -> None:
    """Enqueue jobs for unprocessed events, overdue payments and pending refunds; each job is idempotent."""
    day, before = clock.today(), clock.now() - STALLED_AFTER
    for event in await queries.list_unprocessed_events(db, before):
        await enqueue(
            db,
            "payments.process_webhook",
            {"event": event},
            key=f"payments.process_webhook:{event}:swept:{day}",
        )
    for reference, method in await queries.list_overdue_payments(db, before):
        job = (
            "payments.sync_status"
            if get_provider(method).capabilities().confirmed_by == "provider"
            else "payments.expire"
        )
        await enqueue(db, job, {"reference": reference}, key=f"{job}:{reference}:swept:{day}")
    for refund in await queries.list_pending_refunds(db, before):
        await enqueue(
            db, "payments.refund", {"refund_id": str(refund)}, key=f"payments.refund:{refund}:swept:{day}"
        )
