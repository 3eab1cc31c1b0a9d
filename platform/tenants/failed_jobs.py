"""Jobs that failed: back to the outbox for a later attempt, and after two days on a list from which an
operator retries or discards them.

Attempts are kept in the outbox and not by the broker: they outlive it, and RabbitMQ holds no message for
hours.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.errors import DomainError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

MAX_ERROR_LENGTH = 300


class JobFailure(NamedTuple):
    """One failed attempt: ``attempts`` includes it, ``error`` is one line without the values that were worked
    on.
    """

    coop_role: str
    job: str
    key: str
    arguments: dict[str, Any]
    attempts: int
    first_failed_at: datetime
    error: str


def describe_error(error: Exception) -> str:
    """Return one line that says what failed.

    A database error is told by the server's own words, without statement and parameters.
    """
    if isinstance(error, DomainError):
        return f"{error.code}: {error.message('en')}"[:MAX_ERROR_LENGTH]
    cause: BaseException = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first_line = str(cause).strip().partition("\n")[0]
    return f"{type(cause).__name__}: {first_line}"[:MAX_ERROR_LENGTH].rstrip(": ")


async def enqueue_retry(db: AsyncSession, failure: JobFailure, due: datetime) -> None:
    """Write the job into the outbox again, under its own cooperative and key."""
    await db.execute(
        text(
            "INSERT INTO shared.outbox (coop_role, job, key, arguments, due_at, attempts, first_failed_at)"
            " VALUES (:coop_role, :job, :key, CAST(:arguments AS jsonb), :due, :attempts, :first_failed_at)"
        ),
        failure._asdict() | {"due": due},
    )


async def record_failed_job(db: AsyncSession, failure: JobFailure) -> None:
    """Put the job on the list of failed ones; a message that is delivered twice makes one entry."""
    await db.execute(
        text(
            "INSERT INTO shared.failed_jobs (coop_role, job, key, arguments, attempts, "
            "first_failed_at, error)"
            " VALUES (:coop_role, :job, :key, CAST(:arguments AS jsonb), :attempts, :first_failed_at, :error)"
            " ON CONFLICT (coop_role, key) DO UPDATE SET attempts = excluded.attempts, error = "
            "excluded.error, given_up_at = now()"
        ),
        failure._asdict() | {"error": failure.error},
    )


async def retry_job(db: AsyncSession, failed_id: int) -> str | None:
    """Move a failed job back to the outbox, due at once and with two days before it; return its name, or None
    when it is gone.
    """
    moved = await db.execute(
        text(
            "WITH taken AS (DELETE FROM shared.failed_jobs WHERE id = :id RETURNING coop_role, job, "
            "key, arguments)"
            " INSERT INTO shared.outbox (coop_role, job, key, arguments) SELECT coop_role, job, key, "
            "arguments FROM taken"
            " RETURNING job"
        ),
        {"id": failed_id},
    )
    return moved.scalar_one_or_none()


async def discard_job(db: AsyncSession, failed_id: int) -> dict[str, Any] | None:
    """Drop a failed job for good; return all that was known of it, for the audit log, or None when it is
    gone.
    """
    dropped = await db.execute(
        text(
            "DELETE FROM shared.failed_jobs WHERE id = :id RETURNING coop_role, job, key, arguments, "
            "attempts, error"
        ),
        {"id": failed_id},
    )
    row = dropped.mappings().one_or_none()
    return dict(row) if row else None
