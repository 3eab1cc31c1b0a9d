"""Jobs of the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import daily_job
from members import import_staging, sessions, throttling

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@daily_job("members.forget_spent")
async def forget_spent(db: AsyncSession) -> None:
    """Drop sessions that are over, attempts that count no more, and what an import left in its staging table
    that was killed.
    """
    await sessions.forget_over(db)
    await throttling.forget_old(db)
    await import_staging.forget_left(db)
