"""Locks by name, for work of which a cooperative, or the platform, does one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(coalesce(current_schema(), '') || ':' || :name, 0))")


async def one_at_a_time(db: AsyncSession, name: str) -> None:
    """Wait for every other transaction of this cooperative (of the platform, outside any) that holds ``name``; hold it until this one ends.

    Raises DBAPIError (55P03) after the session's lock timeout.
    """
    await db.execute(_LOCK, {"name": name})
