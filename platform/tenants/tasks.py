"""Jobs of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.outbox import daily_job, daily_platform_job, platform_job
from tenants import daily
from tenants.schemas import ask_provision
from tenants.session import shared_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database


@platform_job("tenants.refill_spares")
async def refill_spares(database: Database) -> None:
    """Ask provision to fill the pool of spare schemas.

    Releases before wrote this job at each founding; rows of it may still wait.
    """
    async with shared_session(database) as db:
        await ask_provision(db)


@daily_platform_job("tenants.forget_spent")
async def forget_spent(database: Database) -> None:
    """Drop what the platform's own tables need no longer."""
    await daily.forget_spent(database)


@daily_job("tenants.forget_finished_jobs")
async def forget_finished_jobs(db: AsyncSession) -> None:
    """Drop a cooperative's keys of jobs long done."""
    await daily.forget_finished_jobs(db)
