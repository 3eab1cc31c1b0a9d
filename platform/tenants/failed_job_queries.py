"""What operators read of jobs that were given up."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kernel.database import Reader, as_reader

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class FailedJobRow(msgspec.Struct, frozen=True):
    """A job that was given up; ``cooperative`` is its slug, None for the platform's own."""

    id: int
    cooperative: str | None
    job: str
    key: str
    attempts: int
    first_failed_at: datetime
    given_up_at: datetime
    error: str


async def list_failed_jobs(source: AsyncSession | Reader, *, limit: int = 200) -> list[FailedJobRow]:
    """Return the jobs that were given up, the newest first."""
    ro = as_reader(source)
    return await ro.rows(
        FailedJobRow,
        "SELECT f.id, c.slug AS cooperative, f.job, f.key, f.attempts, f.first_failed_at, "
        "f.given_up_at, f.error"
        " FROM shared.failed_jobs f LEFT JOIN shared.cooperatives c ON c.schema_name = f.coop_role"
        " ORDER BY f.given_up_at DESC, f.id DESC LIMIT $1",
        limit,
    )


async def count_failed_jobs(source: AsyncSession | Reader) -> int:
    """Return how many jobs wait on the list."""
    return int(await as_reader(source).value("SELECT count(*) FROM shared.failed_jobs"))
