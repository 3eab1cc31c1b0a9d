"""Tables of no business room: a cooperative's audit log and finished jobs, and the outbox in ``shared``."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import CellBase, CoopBase


class AuditEntry(CoopBase):
    """Who did what to what, and when; append-only for every role that the application uses."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject", "subject", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)


class FinishedCoopJob(CoopBase):
    """The key of a finished job, stored in the transaction of its effects so that they happen once."""

    __tablename__ = "finished_jobs"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    finished_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class OutboxMessage(CellBase):
    """A job, stored in the transaction that causes it.

    The database fills in ``coop_role``; the application cannot choose it.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due_at", "due_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    coop_role: Mapped[str] = mapped_column(Text, server_default=text("CURRENT_USER"))
    job: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    due_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    written_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    # for a job that failed and waits for its next attempt
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    first_failed_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class FailedJob(CellBase):
    """A job that failed for two days and was given up; an operator retries or discards it."""

    __tablename__ = "failed_jobs"
    __table_args__ = (UniqueConstraint("coop_role", "key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    coop_role: Mapped[str] = mapped_column(Text)
    job: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    attempts: Mapped[int]
    first_failed_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    given_up_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    error: Mapped[str] = mapped_column(Text)


class Heartbeat(CellBase):
    """When a worker was last seen alive."""

    __tablename__ = "heartbeats"

    process: Mapped[str] = mapped_column(Text, primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
