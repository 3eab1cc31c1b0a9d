"""What a cooperative uses, counted in its own schema: the very statements that its usage page shows, so that
it can count again.

Each takes the first moment of a month ($1) and of the next ($2) where the cooperative is, and gives one
number.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from kernel.database import Reader

Meter = Literal["members", "orders", "messages", "storage"]
METERS: Final[tuple[Meter, ...]] = ("members", "orders", "messages", "storage")

METER_QUERIES: Final[dict[Meter, str]] = {
    # members at the end of the month: who had joined and not yet left
    "members": (
        "SELECT count(*) FROM members, (SELECT (CAST($2 AS timestamptz) AT TIME ZONE timezone)::date "
        "AS day FROM profile) AS after\n"
        "WHERE status IN ('active', 'left') AND joined_on < after.day AND (left_on IS NULL OR left_on "
        ">= after.day)\n"
        "  AND CAST($1 AS timestamptz) < CAST($2 AS timestamptz)"
    ),
    # orders of the month from the shop, also those called off later: what happened is not counted away
    "orders": "SELECT count(*) FROM orders\nWHERE source = 'web' AND placed_at >= $1 AND placed_at < $2",
    # nothing sends messages yet; with the first that does, this counts the rows of its log
    "messages": "SELECT 0 WHERE CAST($1 AS timestamptz) < CAST($2 AS timestamptz)",
    # bytes of pictures, as they are now
    "storage": (
        "SELECT coalesce(sum(octet_length(content)), 0) FROM pictures\n"
        "WHERE CAST($1 AS timestamptz) < CAST($2 AS timestamptz)"
    ),
}


async def count_meters(ro: Reader, start: datetime, end: datetime) -> dict[Meter, int]:
    """Return every figure of the cooperative that ``ro`` is bound to, for the month from ``start`` up to
    ``end``.
    """
    return {meter: int(await ro.value(METER_QUERIES[meter], start, end) or 0) for meter in METERS}


async def get_timezone(ro: Reader) -> str:
    """Return the IANA name of the zone by which the cooperative keeps its calendar."""
    return str(await ro.value("SELECT timezone FROM profile") or "Asia/Jakarta")
