"""Measure once a day what cooperatives use.

The figures of the current month are updated daily; those of the month before are final after its first days.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import text

from billing.meter_queries import Meter, count_meters, get_timezone
from billing.periods import lock_subscription
from billing.registry_sync import sync_registry
from billing.rules import add_months
from kernel import clock
from tenants.registry import TenantRef, find_tenant_by_slug, list_slugs
from tenants.session import coop_reader, shared_reader, shared_session

if TYPE_CHECKING:
    from kernel.database import Database

log = structlog.get_logger()

# For this many days the month before is counted again: a till may have been offline.
RECOUNT_DAYS: Final = 3

_UPSERT_FIGURE = text(
    "INSERT INTO shared.usage_figures (cooperative_id, month, meter, value, measured_at)"
    " VALUES (:id, :month, :meter, :value, :now) ON CONFLICT (cooperative_id, month, meter)"
    " DO UPDATE SET value = excluded.value, measured_at = excluded.measured_at"
)


def first_of_month(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def month_bounds(month: date, timezone: str) -> tuple[datetime, datetime]:
    """Return the first moment of a month and of the next month, in the cooperative's time zone."""
    zone = ZoneInfo(timezone)
    return datetime.combine(month, time(), zone), datetime.combine(add_months(month, 1), time(), zone)


async def count_usage(database: Database, tenant: TenantRef, month: date) -> dict[Meter, int]:
    """Count all meters of a month in the cooperative's own schema."""
    async with coop_reader(database, tenant) as ro:
        return await count_meters(ro, *month_bounds(month, await get_timezone(ro)))


async def measure_cooperative(database: Database, tenant: TenantRef, on: date) -> None:
    """Count and store this month's figures of one cooperative, and update its notice about limits."""
    months = [first_of_month(on)]
    if on.day <= RECOUNT_DAYS:
        months.insert(0, first_of_month(on - timedelta(days=RECOUNT_DAYS)))
    counted = {month: await count_usage(database, tenant, month) for month in months}
    async with shared_session(database) as db:
        subscription = await lock_subscription(db, tenant.id, on)
        for month, figures in counted.items():
            # storage can only be counted as it is now: last month's figure stays that of its last day
            for meter, value in figures.items():
                if meter == "storage" and month != months[-1]:
                    continue
                await db.execute(
                    _UPSERT_FIGURE,
                    {"id": tenant.id, "month": month, "meter": meter, "value": value, "now": clock.now()},
                )
        await sync_registry(db, subscription, on)


async def measure_all_cooperatives(database: Database) -> int:
    """Measure every cooperative, each by itself; return how many failed. The next day tries them again."""
    async with shared_reader(database) as ro:
        slugs = await list_slugs(ro)
    failed = 0
    for slug in slugs:
        tenant = await find_tenant_by_slug(database, slug)
        if tenant is None:
            continue
        try:
            await measure_cooperative(database, tenant, clock.today())
        except Exception as error:  # noqa: BLE001 - one cooperative's fault must not hold up the others
            failed += 1
            log.warning("a cooperative could not be measured", cooperative=slug, error=repr(error))
    return failed
