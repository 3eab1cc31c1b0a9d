"""A worker whose jobs of melati hang: run by test_hostile_neighbours.py, never imported by it.

Arguments: database URL, data folder.
"""

import sys
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.outbox import job
from kernel.settings import Settings
from tenants import worker


@job("test.hang")
async def hang(db: AsyncSession) -> None:
    await db.execute(text("SELECT pg_catalog.pg_sleep(40)"))


@job("test.pass")
async def go_through(db: AsyncSession) -> None:
    await db.execute(text("SELECT 1"))


worker.run_worker(Settings(data_dir=Path(sys.argv[2]), worker_threads=4), sys.argv[1])
