"""Retry failed jobs through the outbox; after two days, store them for an operator to retry or discard.

Attempts are counted in the outbox and not by the broker, so that they survive a loss of the broker. RabbitMQ
also does not hold a message for hours.
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
    """One failed attempt of a job.

    ``attempts`` includes this one; ``error`` is one line without the values that the job processed.
    """

    coop_role: str
    job: str
    key: str
    arguments: dict[str, Any]
    attempts: int
    first_failed_at: datetime
    error: str


def describe_error(error: Exception) -> str:
    """Return one line that describes an error, at most ``MAX_ERROR_LENGTH`` characters.

    For a database error, it is the server's message, without statement and parameters.
    """
    if isinstance(error, DomainError):
        return f"{error.code}: {error.localize('en')}"[:MAX_ERROR_LENGTH]
    cause: BaseException = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first_line = str(cause).strip().partition("\n")[0]
    return f"{type(cause).__name__}: {first_line}"[:MAX_ERROR_LENGTH].rstrip(": ")


async def enqueue_retry(db: AsyncSession, failure: JobFailure, due: datetime) -> None:
    """Store the job in the outbox again, with its cooperative and key, due at ``due``."""
    await db.execute(
        text(
            "INSERT INTO shared.outbox (coop_role, job, key, arguments, due_at, attempts, first_failed_at)"
            " VALUES (:coop_role, :job, :key, CAST(:arguments AS jsonb), :due, :attempts, :first_failed_at)"
        ),
        failure._asdict() | {"due": due},
    )


async def record_failed_job(db: AsyncSession, failure: JobFailure) -> None:
    """Store the job as failed; a message that is delivered twice makes one row."""
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
    """Move a failed job back to the outbox and return its name, or None when it does not exist.

    It is due at once, and its two days of retries start again.
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
    """Delete a failed job and return its row for the audit log, or None when it does not exist."""
    dropped = await db.execute(
        text(
            "DELETE FROM shared.failed_jobs WHERE id = :id RETURNING coop_role, job, key, arguments, "
            "attempts, error"
        ),
        {"id": failed_id},
    )
    row = dropped.mappings().one_or_none()
    return dict(row) if row else None
