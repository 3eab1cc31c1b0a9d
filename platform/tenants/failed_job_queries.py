"""Queries of the operators' page of failed jobs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kernel.database import Reader, as_reader

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class FailedJobRow(msgspec.Struct, frozen=True):
    """A job that failed for two days; ``cooperative`` is its slug, None for a job of the platform."""

    id: int
    cooperative: str | None
    job: str
    key: str
    attempts: int
    first_failed_at: datetime
    given_up_at: datetime
    error: str


class _StoredFailure(msgspec.Struct, frozen=True):
    id: int
    coop_role: str
    job: str
    key: str
    attempts: int
    first_failed_at: datetime
    given_up_at: datetime
    error: str


async def list_failed_jobs(source: AsyncSession | Reader, *, limit: int = 200) -> list[FailedJobRow]:
    """Return the failed jobs, newest first."""
    ro = as_reader(source)
    jobs = await ro.rows(
        _StoredFailure,
        "SELECT id, coop_role, job, key, attempts, first_failed_at, given_up_at, error"
        " FROM shared.failed_jobs ORDER BY given_up_at DESC, id DESC LIMIT $1",
        limit,
    )
    cooperatives = await ro.records(
        "SELECT schema_name, slug FROM shared.cooperatives WHERE schema_name = ANY($1)",
        list({each.coop_role for each in jobs}),
    )
    slugs: dict[str, str] = dict(cooperatives)
    return [
        FailedJobRow(
            each.id,
            slugs.get(each.coop_role),
            each.job,
            each.key,
            each.attempts,
            each.first_failed_at,
            each.given_up_at,
            each.error,
        )
        for each in jobs
    ]


async def count_failed_jobs(source: AsyncSession | Reader) -> int:
    """Return the number of failed jobs."""
    return int(await as_reader(source).value("SELECT count(*) FROM shared.failed_jobs"))
