"""Tables of members, users, sessions and throttled attempts."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import CoopBase

Moment = TIMESTAMP(timezone=True)


class Member(CoopBase):
    """A row of the register (buku daftar anggota).

    Rows are never deleted: a member who leaves stays in the register with date and reason.
    """

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint("status IN ('applied', 'active', 'declined', 'left')", name="status"),
        CheckConstraint("sex IN ('L', 'P', '')", name="sex"),
        CheckConstraint("status IN ('applied', 'declined') OR number IS NOT NULL", name="number"),
        Index("ix_members_name", "name"),
        Index("ix_members_phone", "phone"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str | None] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    sex: Mapped[str] = mapped_column(Text, server_default="")
    phone: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text, server_default="")
    status: Mapped[str] = mapped_column(Text)
    applied_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    application_key: Mapped[str | None] = mapped_column(Text, unique=True)
    joined_on: Mapped[date | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    left_on: Mapped[date | None]
    leaving_reason: Mapped[str | None] = mapped_column(Text)


# The valid lines of a register during its import; `verdict` is null for a new member. Unlogged: after a crash
# of the server the import reads the file again.
Table(
    "staging_members",
    CoopBase.metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sex", Text, nullable=False),
    Column("phone", Text),
    Column("joined_on", Date, nullable=False),
    Column("principal", BigInteger, nullable=False),
    Column("mandatory", BigInteger, nullable=False),
    Column("voluntary", BigInteger, nullable=False),
    Column("verdict", Text),
    Column("member_id", Uuid),
    Column("recorded", BigInteger),
    Column("first_line", Integer),
    prefixes=["UNLOGGED"],
)


class User(CoopBase):
    """A person who can sign in: a member, an officer, or both.

    `password_hash` is argon2id, or null before the activation. `activation_…` describes the unused activation
    code and who issued it; `code_…` the last used one: when it was used, who issued it, and when the user
    dismissed the notice of it.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "officer_role IN ('ketua', 'sekretaris', 'bendahara', 'manajer', 'kasir', 'pengawas')",
            name="officer_role",
        ),
        CheckConstraint("member_id IS NOT NULL OR officer_role IS NOT NULL", name="somebody"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text, unique=True)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"), unique=True)
    officer_role: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    activation_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    activation_expires_at: Mapped[datetime | None] = mapped_column(Moment)
    activation_given_by: Mapped[str | None] = mapped_column(Text)
    code_used_at: Mapped[datetime | None] = mapped_column(Moment)
    code_given_by: Mapped[str | None] = mapped_column(Text)
    code_seen_at: Mapped[datetime | None] = mapped_column(Moment)
    language: Mapped[str] = mapped_column(Text, server_default="id")
    added_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class Session(CoopBase):
    """A signed-in browser. Only the hash of the cookie's token is stored.

    `kind` 'handover' is a one-time link that follows the founding of the cooperative. `officer_role` is the
    office held at sign-in: the session has the rights of that office only while the person holds it.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("kind IN ('session', 'handover')", name="kind"),
        Index("ix_sessions_user_id", "user_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, server_default="session")
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    officer_role: Mapped[str | None] = mapped_column(Text)
    signed_in_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)


class Throttle(CoopBase):
    """A count of attempts of one kind within a time window."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int]
    window_ends_at: Mapped[datetime] = mapped_column(Moment)
