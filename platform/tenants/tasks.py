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
    """Ask provision to fill the pool of spare schemas.

    Releases before wrote this job at each founding; rows of it may still wait.
    """
    async with shared_session(database) as db:
        await notify_provisioner(db)


@daily_platform_job("tenants.delete_expired")
async def delete_expired_rows(database: Database) -> None:
    """Drop what the platform's own tables need no longer."""
    await daily_jobs.delete_expired_rows(database)


@daily_job("tenants.delete_finished_job_keys")
async def delete_finished_jobs(db: AsyncSession) -> None:
    """Drop a cooperative's keys of jobs long done."""
    await daily_jobs.delete_finished_jobs(db)
