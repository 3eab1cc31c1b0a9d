"""Jobs of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import daily_job, daily_platform_job, platform_job
from tenants import daily_jobs
from tenants.schema_pool import notify_provisioner
from tenants.session import shared_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database


@platform_job("tenants.refill_schema_pool")
async def refill_schema_pool(database: Database) -> None:
    """Notify the provision process to refill the schema pool.

    Earlier releases stored this job at each founding; the outbox may still contain rows of it.
    """
    async with shared_session(database) as db:
        await notify_provisioner(db)


@daily_platform_job("tenants.delete_expired")
async def delete_expired_rows(database: Database) -> None:
    """Delete expired rows of the platform's tables."""
    await daily_jobs.delete_expired_rows(database)


@daily_job("tenants.delete_finished_job_keys")
async def delete_finished_jobs(db: AsyncSession) -> None:
    """Delete a cooperative's old keys of finished jobs."""
    await daily_jobs.delete_finished_jobs(db)
