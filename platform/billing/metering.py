"""Measuring what cooperatives use, once a day: this month so far, and in the first days of a month the one
before, for good.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import text

from billing import usage_queries
from billing.meter_queries import Meter, measure, timezone_of
from billing.periods import locked_subscription
from billing.registering import settle
from billing.rules import months_after
from kernel import clock
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_reader, shared_reader, shared_session

if TYPE_CHECKING:
    from kernel.database import Database

log = structlog.get_logger()

# For so many days the month before is measured once more: a till may have been without a connection.
LATE_DAYS: Final = 3

_KEEP = text(
    "INSERT INTO shared.usage_figures (cooperative_id, month, meter, value, measured_at)"
    " VALUES (:id, :month, :meter, :value, :now) ON CONFLICT (cooperative_id, month, meter)"
    " DO UPDATE SET value = excluded.value, measured_at = excluded.measured_at"
)


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def bounds(month: date, timezone: str) -> tuple[datetime, datetime]:
    """The first moment of a month where the cooperative is, and of the next."""
    zone = ZoneInfo(timezone)
    return datetime.combine(month, time(), zone), datetime.combine(months_after(month, 1), time(), zone)


async def count_now(database: Database, tenant: TenantRef, month: date) -> dict[Meter, int]:
    """Count every meter of a month in the cooperative's own schema."""
    async with coop_reader(database, tenant) as ro:
        return await measure(ro, *bounds(month, await timezone_of(ro)))


async def measure_one(database: Database, tenant: TenantRef, on: date) -> None:
    """Count and keep this month's figures of one cooperative, and tell its officers if a limit is near."""
    months = [month_of(on)]
    if on.day <= LATE_DAYS:
        months.insert(0, month_of(on - timedelta(days=LATE_DAYS)))
    counted = {month: await count_now(database, tenant, month) for month in months}
    async with shared_session(database) as db:
        subscription = await locked_subscription(db, tenant.id, on)
        for month, figures in counted.items():
            # pictures are counted as they are now: last month's figure stays what it was on its last day
            for meter, value in figures.items():
                if meter == "storage" and month != months[-1]:
                    continue
                await db.execute(
                    _KEEP,
                    {"id": tenant.id, "month": month, "meter": meter, "value": value, "now": clock.now()},
                )
        await settle(db, subscription, on)


async def measure_all(database: Database) -> int:
    """Measure every cooperative, each by itself, and return how many failed: they come again tomorrow."""
    async with shared_reader(database) as ro:
        slugs = await usage_queries.cooperatives(ro)
    failed = 0
    for slug in slugs:
        tenant = await find_tenant_by_slug(database, slug)
        if tenant is None:
            continue
        try:
            await measure_one(database, tenant, clock.today())
        except Exception as error:  # noqa: BLE001 - one cooperative's fault must not hold up the others
            failed += 1
            log.warning("a cooperative could not be measured", cooperative=slug, error=repr(error))
    return failed
