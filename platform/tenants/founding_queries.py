"""Queries that limit and report how many cooperatives are founded."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kernel import clock
from tenants.name_similarity import CooperativeName

if TYPE_CHECKING:
    from kernel.database import Reader

HOUR: Final = timedelta(hours=1)
BUSIEST_HOUR_PERIOD: Final = timedelta(hours=24)


async def minutes_until_founding_allowed(ro: Reader, most: int) -> int:
    """Return the minutes until another founding is allowed: 0 when the last hour had fewer than ``most``."""
    now = clock.now()
    oldest = await ro.value(
        "SELECT founded_at FROM shared.cooperatives WHERE founded_at > $1 ORDER BY founded_at DESC "
        "OFFSET $2 LIMIT 1",
        now - HOUR,
        most - 1,
    )
    return 0 if oldest is None else max(1, -(-int((oldest + HOUR - now).total_seconds()) // 60))


async def max_foundings_in_an_hour(ro: Reader) -> int:
    """Return the largest number of foundings within one hour, over the last day."""
    return int(
        await ro.value(
            "SELECT coalesce(max(n), 0) FROM (SELECT count(*) OVER (ORDER BY founded_at RANGE BETWEEN "
            "INTERVAL '1 hour' PRECEDING"
            " AND CURRENT ROW) AS n FROM shared.cooperatives WHERE founded_at > $1) AS hours",
            clock.now() - BUSIEST_HOUR_PERIOD,
        )
    )


async def count_awaiting_approval(ro: Reader) -> int:
    """Return how many foundings wait for an operator's approval."""
    return int(await ro.value("SELECT count(*) FROM shared.cooperatives WHERE status = 'waiting'"))


async def list_cooperative_names(ro: Reader) -> list[CooperativeName]:
    """Return the name and address of every cooperative."""
    return await ro.rows(CooperativeName, "SELECT slug, name FROM shared.cooperatives")
