"""Close a book year, so that it accepts no more postings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cooperative.queries import get_today
from kernel import audit
from ledger import errors, year_queries
from ledger.models import ClosedYear
from ledger.posting import lock_ledger
from ledger.posting_dates import EARLIEST_POSTING_DATE

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor
    from kernel.database import Reader


async def close_year(db: AsyncSession, actor: Actor, year: int) -> bool:
    """Close a past year permanently; return False when it was closed already.

    Waits for postings that are running. Raises DomainError: ledger.year_not_over.
    """
    if year >= (await get_today(db)).year:
        raise errors.YEAR_NOT_OVER(year=year)
    await lock_ledger(db)
    if year in await year_queries.get_closed_years(db):
        return False
    db.add(ClosedYear(year=year, closed_by=actor.name))
    audit.record(db, actor, "ledger.year_closed", subject=str(year))
    await db.flush()
    return True


async def require_open_year(ro: Reader | AsyncSession, year: int) -> None:
    """Raise a DomainError for a year that accepts no postings: ledger.day_too_early, .year_closed."""
    if year < EARLIEST_POSTING_DATE.year:
        raise errors.DAY_TOO_EARLY(first=EARLIEST_POSTING_DATE)
    if year in await year_queries.get_closed_years(ro):
        raise errors.YEAR_CLOSED(year=year)
