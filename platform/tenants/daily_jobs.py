"""Schedule the daily jobs and delete expired rows.

The first worker that sees a new day stores its jobs in the outbox. Without a worker, no daily job runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import text

from kernel import clock
from kernel.database_errors import summarize_error
from kernel.outbox import daily_jobs, enqueue
from tenants.registry import list_schema_names
from tenants.session import shared_reader, shared_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

log = structlog.get_logger()

POLL_SECONDS: Final = 600.0
RETRY_SECONDS: Final = 30.0
# A job is retried for two days at most; its key must be stored for far longer.
KEY_RETENTION: Final = timedelta(days=30)
THROTTLE_RETENTION: Final = timedelta(days=2)
HEARTBEAT_RETENTION: Final = timedelta(days=1)


async def run_daily_scheduler(database: Database, stopping: asyncio.Event) -> None:
    """Schedule the jobs of each day, by the calendar of Jakarta, until ``stopping`` is set."""
    while not stopping.is_set():
        try:
            await schedule_daily_jobs(database, clock.today())
            pause = POLL_SECONDS
        except Exception as error:  # noqa: BLE001 - retry after any error, such as a restart of the database or a full disk
            pause = RETRY_SECONDS
            log.warning("the daily jobs could not be scheduled", error=summarize_error(error), seconds=pause)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)


async def schedule_daily_jobs(database: Database, day: date) -> bool:
    """Store the jobs of a day in the outbox; return False when another call has done so."""
    in_each, platform_jobs = daily_jobs()
    async with shared_reader(database) as ro:  # the registry first: the transaction below writes a cell alone
        schemas = await list_schema_names(ro)
    async with shared_session(database) as db:
        claim = text(
            "INSERT INTO shared.finished_jobs (key) VALUES (:key) ON CONFLICT DO NOTHING RETURNING key"
        )
        if (await db.execute(claim, {"key": f"day:{day}"})).first() is None:
            return False
        await db.execute(
            text(
                "INSERT INTO shared.outbox (coop_role, job, key, arguments)"
                " SELECT c.schema_name, j.name, j.name || ':' || :day, '{}'"
                " FROM unnest(CAST(:schemas AS text[])) AS c(schema_name)"
                " CROSS JOIN unnest(CAST(:jobs AS text[])) AS j(name)"
            ),
            {"day": str(day), "jobs": in_each, "schemas": schemas},
        )
        for name in platform_jobs:
            await enqueue(db, name, {}, key=f"{name}:{day}")
    return True


async def delete_expired_rows(database: Database) -> None:
    """Delete expired rows of the platform: counts of attempts, old heartbeats, and keys of old days."""
    now = clock.now()
    async with shared_session(database) as db:
        for statement, before in (
            ("DELETE FROM shared.throttles WHERE window_ends_at < :before", now - THROTTLE_RETENTION),
            ("DELETE FROM shared.heartbeats WHERE seen_at < :before", now - HEARTBEAT_RETENTION),
            ("DELETE FROM shared.finished_jobs WHERE finished_at < :before", now - KEY_RETENTION),
        ):
            await db.execute(text(statement), {"before": before})


async def delete_finished_jobs(db: AsyncSession) -> None:
    """Delete a cooperative's keys of jobs that were finished ``KEY_RETENTION`` ago or earlier."""
    await db.execute(
        text("DELETE FROM finished_jobs WHERE finished_at < :before"), {"before": clock.now() - KEY_RETENTION}
    )
