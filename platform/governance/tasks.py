"""Jobs of governance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import job
from tenants.changes import publish_change

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@job("governance.apply_bylaws")
async def apply_bylaws(db: AsyncSession) -> None:
    """Invalidate cached pages on the day on which a version of the bylaws comes into force."""
    await publish_change(db)
