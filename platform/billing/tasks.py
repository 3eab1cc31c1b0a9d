"""Jobs of billing: once a day, by the calendar of Jakarta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from billing.metering import measure_all
from billing.running import run
from kernel import clock
from kernel.outbox import daily_platform_job

if TYPE_CHECKING:
    from kernel.database import Database

log = structlog.get_logger()


@daily_platform_job("billing.run_day")
async def run_day(database: Database) -> None:
    """End trials, renew, remind, make read-only: what is due today."""
    report = await run(database, clock.today())
    log.info("billing", done=len(report.done), trials=report.trials_begun, failed=report.failed)


@daily_platform_job("billing.measure")
async def measure(database: Database) -> None:
    """Count what cooperatives use."""
    await measure_all(database)
