"""What was left lying: a job gives up after some hours, a provider may be silent for longer.

Once a day all of it is taken up again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kernel import clock
from kernel.outbox import enqueue
from payments import queries
from payments.provider import provider_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# What is younger than this is still being worked on.
LEFT_LYING: Final = timedelta(hours=3)


async def sweep(db: AsyncSession) -> None:
    """Write the jobs again of messages not heard, of payments whose time is up, and of refunds under way;
    each changes nothing twice.
    """
    day, before = clock.today(), clock.now() - LEFT_LYING
    for event in await queries.unhandled_events(db, before):
        await enqueue(db, "payments.hear", {"event": event}, key=f"payments.hear:{event}:swept:{day}")
    for reference, way in await queries.overdue(db, before):
        job = "payments.look" if provider_of(way).capabilities().settles == "provider" else "payments.expire"
        await enqueue(db, job, {"reference": reference}, key=f"{job}:{reference}:swept:{day}")
    for refund in await queries.refunds_under_way(db, before):
        await enqueue(
            db, "payments.refund", {"refund_id": str(refund)}, key=f"payments.refund:{refund}:swept:{day}"
        )
