"""Queries of stored usage figures."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel.database import Reader, as_reader

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class UsageFigureRow(msgspec.Struct, frozen=True):
    """A usage figure of a month; ``month`` is its first day."""

    month: date
    meter: str
    value: int


async def get_latest_figures(source: AsyncSession | Reader, cooperative_id: UUID) -> dict[str, int]:
    """Return the latest stored figure of each meter of a cooperative."""
    ro = as_reader(source)
    rows = await ro.records(
        "SELECT DISTINCT ON (meter) meter, value FROM shared.usage_figures WHERE cooperative_id = $1 "
        "ORDER BY meter, month DESC",
        cooperative_id,
    )
    return {row["meter"]: row["value"] for row in rows}


async def list_figures(ro: Reader, cooperative_id: UUID, since: date) -> list[UsageFigureRow]:
    """Return the stored figures of a cooperative from a month on, the oldest first."""
    return await ro.rows(
        UsageFigureRow,
        "SELECT month, meter, value FROM shared.usage_figures WHERE cooperative_id = $1 AND month >= "
        "$2 ORDER BY month, meter",
        cooperative_id,
        since,
    )
