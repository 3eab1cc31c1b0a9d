"""Jobs of founding, and what the owner's process does for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import daily_platform_job
from onboarding import remove_abandoned
from tenants.provision import provision_task

if TYPE_CHECKING:
    from kernel.database import Database


@daily_platform_job("onboarding.mark_abandoned")
async def mark_abandoned(database: Database) -> None:
    """Close cooperatives that nobody entered and that hold nothing."""
    await remove_abandoned.mark_abandoned(database)


@provision_task("onboarding.remove_marked")
async def remove_marked(database: Database) -> None:
    """Remove those that were closed before; only the owner may."""
    await remove_abandoned.remove_marked(database)
