"""The days that postings may count for: none of before 1950, and what is typed into a form near to the
cooperative's own time.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from cooperative.queries import founded_on
from ledger import errors

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Reader

EARLIEST_DAY: Final = date(1950, 1, 1)
YEARS_BEFORE_FOUNDING: Final = 10


async def refuse_early(source: AsyncSession | Reader, day: date, *, today: date, field: str = "on") -> None:
    """Raise DomainError ledger.day_too_early for a day that a form cannot mean: more than ten years before
    the cooperative signed up.
    """
    if day >= _first(today):
        return  # nobody signed up later than today: the database need not be asked
    first = _first(await founded_on(source))
    if day < first:
        raise errors.DAY_TOO_EARLY(first=first, field=field)


def _first(founded: date) -> date:
    return max(EARLIEST_DAY, date(founded.year - YEARS_BEFORE_FOUNDING, founded.month, 1))
