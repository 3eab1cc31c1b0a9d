"""Jobs of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import daily_job
from members import import_staging, login_throttle, sessions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@daily_job("members.delete_expired")
async def delete_expired(db: AsyncSession) -> None:
    """Delete expired sessions and attempts, and rows that a killed import left in the staging table."""
    await sessions.delete_expired(db)
    await login_throttle.delete_expired(db)
    await import_staging.delete_abandoned(db)
