"""Jobs of the bylaws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import job
from tenants.changes import publish_change

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@job("governance.apply_bylaws")
async def take_effect(db: AsyncSession) -> None:
    """A version's day has come: pages that were kept with the old prices are forgotten."""
    await publish_change(db)
