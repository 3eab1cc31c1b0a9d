"""Queries that count what a cooperative uses, in its own schema.

The usage page shows these very statements, so that a cooperative can check the count. Each takes the first
moment of a month ($1) and of the next ($2) in the cooperative's time zone, and returns one number.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from kernel.database import Reader

Meter = Literal["members", "orders", "messages", "storage"]
METERS: Final[tuple[Meter, ...]] = ("members", "orders", "messages", "storage")

METER_QUERIES: Final[dict[Meter, str]] = {
    # members at the end of the month: joined by then and not left
    "members": (
        "SELECT count(*) FROM members, (SELECT (CAST($2 AS timestamptz) AT TIME ZONE timezone)::date "
        "AS day FROM profile) AS after\n"
        "WHERE status IN ('active', 'left') AND joined_on < after.day AND (left_on IS NULL OR left_on "
        ">= after.day)\n"
        "  AND CAST($1 AS timestamptz) < CAST($2 AS timestamptz)"
    ),
    # orders placed in the shop in the month, cancelled ones too: they did happen
    "orders": "SELECT count(*) FROM orders\nWHERE source = 'web' AND placed_at >= $1 AND placed_at < $2",
    # nothing sends messages yet; the first sender's log is to be counted here
    "messages": "SELECT 0 WHERE CAST($1 AS timestamptz) < CAST($2 AS timestamptz)",
    # bytes of pictures, as of now
    "storage": (
        "SELECT coalesce(sum(octet_length(content)), 0) FROM pictures\n"
        "WHERE CAST($1 AS timestamptz) < CAST($2 AS timestamptz)"
    ),
}


async def count_meters(ro: Reader, start: datetime, end: datetime) -> dict[Meter, int]:
    """Return every meter of the cooperative that ``ro`` is bound to, from ``start`` up to ``end``
    (exclusive).
    """
    return {meter: int(await ro.value(METER_QUERIES[meter], start, end) or 0) for meter in METERS}


async def get_timezone(ro: Reader) -> str:
    """Return the IANA name of the cooperative's time zone."""
    return str(await ro.value("SELECT timezone FROM profile") or "Asia/Jakarta")
