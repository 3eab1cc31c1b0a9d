"""Jobs of onboarding, and its task in the provisioner process of the database's owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import daily_platform_job
from onboarding import remove_abandoned
from tenants.provision import provision_task

if TYPE_CHECKING:
    from kernel.database import Database


@daily_platform_job("onboarding.mark_abandoned")
async def mark_abandoned(database: Database) -> None:
    """Mark abandoned cooperatives for removal."""
    await remove_abandoned.mark_abandoned(database)


@provision_task("onboarding.remove_marked")
async def remove_marked(database: Database) -> None:
    """Remove cooperatives marked before; only the database's owner may drop schemas."""
    await remove_abandoned.remove_marked(database)
