"""Jobs of founding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import daily_platform_job
from onboarding import abandoned

if TYPE_CHECKING:
    from kernel.database import Database


@daily_platform_job("onboarding.mark_abandoned")
async def mark_abandoned(database: Database) -> None:
    """Close cooperatives that nobody entered and that hold nothing."""
    await abandoned.mark_abandoned(database)


@daily_platform_job("onboarding.remove_marked")
async def remove_marked(database: Database) -> None:
    """Remove those that were closed before."""
    await abandoned.remove_marked(database)
