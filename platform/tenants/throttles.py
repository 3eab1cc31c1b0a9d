"""Attempts at the platform's own doors (founding, operators' sign-in), counted by window in schema ``shared``."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from kernel import clock
from tenants.session import shared_session

if TYPE_CHECKING:
    from kernel.database import Database

# Counting and looking are one statement, so that attempts at the same moment are all counted; a window that is over starts anew.
_COUNT = text(
    "INSERT INTO shared.throttles AS t (key, count, window_ends_at) VALUES (:key, 1, :ends)"
    " ON CONFLICT (key) DO UPDATE SET"
    " count = CASE WHEN t.window_ends_at <= :now THEN 1 ELSE t.count + 1 END,"
    " window_ends_at = CASE WHEN t.window_ends_at <= :now THEN :ends ELSE t.window_ends_at END"
    " RETURNING count AS tries, window_ends_at"
)


async def count_attempt(database: Database, key: str, *, limit: int, window: timedelta) -> int:
    """Count one attempt under ``key`` and return the minutes to wait: 0 up to ``limit`` attempts in a window.

    It commits on its own: an attempt counts also when the request that made it is rolled back.
    """
    now = clock.now()
    async with shared_session(database) as db:
        row = (await db.execute(_COUNT, {"key": key, "now": now, "ends": now + window})).one()
    if row.tries <= limit:
        return 0
    ends: datetime = row.window_ends_at
    return max(1, math.ceil((ends - now) / timedelta(minutes=1)))


async def forget_attempts(database: Database, key: str) -> None:
    """Drop what was counted under ``key``: whoever got in starts anew."""
    async with shared_session(database) as db:
        await db.execute(text("DELETE FROM shared.throttles WHERE key = :key"), {"key": key})
