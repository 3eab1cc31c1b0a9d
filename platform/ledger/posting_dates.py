"""The days that postings may count for: none of before 1950, and what is typed into a form near to the
cooperative's own time.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from cooperative.queries import get_founding_date
from ledger import errors

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Reader

EARLIEST_POSTING_DATE: Final = date(1950, 1, 1)
YEARS_BEFORE_FOUNDING: Final = 10


async def reject_early_date(
    source: AsyncSession | Reader, day: date, *, today: date, field: str = "on"
) -> None:
    """Raise DomainError ledger.day_too_early for a day that a form cannot mean: more than ten years before
    the cooperative signed up.
    """
    if day >= _earliest_date(today):
        return  # nobody signed up later than today: the database need not be asked
    first = _earliest_date(await get_founding_date(source))
    if day < first:
        raise errors.DAY_TOO_EARLY(first=first, field=field)


def _earliest_date(founded: date) -> date:
    return max(EARLIEST_POSTING_DATE, date(founded.year - YEARS_BEFORE_FOUNDING, founded.month, 1))
