"""Check the accounting dates of postings: none before 1950, and in forms none long before the founding."""

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
    """Raise ledger.day_too_early for a date more than ten years before the cooperative signed up.

    Such a date in a form is a typing mistake. ``field`` is the form field that shows the error.
    """
    if day >= _earliest_date(today):
        return  # the cooperative signed up today or earlier, so no query is needed
    first = _earliest_date(await get_founding_date(source))
    if day < first:
        raise errors.DAY_TOO_EARLY(first=first, field=field)


def _earliest_date(founded: date) -> date:
    """Return the earliest date of a form for a cooperative that signed up on ``founded``."""
    return max(EARLIEST_POSTING_DATE, date(founded.year - YEARS_BEFORE_FOUNDING, founded.month, 1))
