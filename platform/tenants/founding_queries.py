"""How many cooperatives are founded: what the platform takes in an hour, and whether it was reached."""

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
    """Minutes until one more cooperative may be founded: 0 when fewer than ``most`` were in the last hour."""
    now = clock.now()
    oldest = await ro.value(
        "SELECT founded_at FROM shared.cooperatives WHERE founded_at > $1 ORDER BY founded_at DESC "
        "OFFSET $2 LIMIT 1",
        now - HOUR,
        most - 1,
    )
    return 0 if oldest is None else max(1, -(-int((oldest + HOUR - now).total_seconds()) // 60))


async def max_foundings_in_an_hour(ro: Reader) -> int:
    """The most cooperatives that were founded within one hour, in the last day."""
    return int(
        await ro.value(
            "SELECT coalesce(max(n), 0) FROM (SELECT count(*) OVER (ORDER BY founded_at RANGE BETWEEN "
            "INTERVAL '1 hour' PRECEDING"
            " AND CURRENT ROW) AS n FROM shared.cooperatives WHERE founded_at > $1) AS hours",
            clock.now() - BUSIEST_HOUR_PERIOD,
        )
    )


async def count_awaiting_approval(ro: Reader) -> int:
    """How many foundings wait for an operator."""
    return int(await ro.value("SELECT count(*) FROM shared.cooperatives WHERE status = 'waiting'"))


async def list_cooperative_names(ro: Reader) -> list[CooperativeName]:
    """Return every cooperative's name and address."""
    return await ro.rows(CooperativeName, "SELECT slug, name FROM shared.cooperatives")
