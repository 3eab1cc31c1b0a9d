"""The registry (control plane), and each cell's schema pool, keys of finished jobs and throttles."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import CellBase, ControlBase
from tenants.entitlements import DEFAULT_ENTITLEMENTS, DEFAULT_PLAN

Moment = TIMESTAMP(timezone=True)


class Cooperative(ControlBase):
    """One hosted cooperative.

    ``schema_name`` is also the name of its role; it is random and never changes.

    ``status`` is ``waiting`` while an operator has not yet approved its name, which ``resembles`` another's,
    ``refused`` when the operator refused the name, and ``removing`` from the mark for removal until the
    removal (``tenants.remove_cooperative``). ``signed_in_at`` is the first sign-in by a password or a code;
    the session that founding starts does not count.

    Only the room ``billing`` writes what the plan allows (``plan`` to ``billing_notice``).
    """

    __tablename__ = "cooperatives"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'suspended', 'waiting', 'refused', 'removing')", name="status"),
        CheckConstraint("schema_name ~ '^coop_[a-z0-9]{16}$'", name="schema_name"),
        Index("ix_cooperatives_founded_at", "founded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    schema_name: Mapped[str] = mapped_column(Text, unique=True)
    status: Mapped[str] = mapped_column(Text, server_default="active")
    suspended_reason: Mapped[str | None] = mapped_column(Text)
    suspended_at: Mapped[datetime | None] = mapped_column(Moment)
    revision: Mapped[str] = mapped_column(Text)
    founding_key: Mapped[str] = mapped_column(Text, unique=True)
    contact_name: Mapped[str] = mapped_column(Text)
    contact_phone: Mapped[str] = mapped_column(Text)
    founded_at: Mapped[datetime] = mapped_column(Moment)
    resembles: Mapped[str | None] = mapped_column(Text)
    released_at: Mapped[datetime | None] = mapped_column(Moment)
    signed_in_at: Mapped[datetime | None] = mapped_column(Moment)
    plan: Mapped[str] = mapped_column(Text, server_default=DEFAULT_PLAN)
    entitlements: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text(f"'{{{','.join(DEFAULT_ENTITLEMENTS)}}}'")
    )
    read_only: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    billing_notice: Mapped[str | None] = mapped_column(Text)


class Hostname(ControlBase):
    """A host of a cooperative: a subdomain's label, or the whole name of a custom domain."""

    __tablename__ = "hostnames"
    __table_args__ = (
        CheckConstraint("kind IN ('subdomain', 'domain')", name="kind"),
        Index("ix_hostnames_cooperative_id", "cooperative_id"),
    )

    host: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    cooperative_id: Mapped[UUID] = mapped_column(ForeignKey("shared.cooperatives.id"))


class PooledSchema(CellBase):
    """A schema with all tables and a role, created in advance and not yet used by a cooperative."""

    __tablename__ = "schema_pool"

    schema_name: Mapped[str] = mapped_column(Text, primary_key=True)
    revision: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class FinishedJob(CellBase):
    """A key of work that the platform has finished, such as the scheduling of a day's jobs.

    A cooperative's keys are in its schema.
    """

    __tablename__ = "finished_jobs"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    finished_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class SharedThrottle(CellBase):
    """A count of failed or costly attempts on the platform's pages, in a time window."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int]
    window_ends_at: Mapped[datetime] = mapped_column(Moment)
