"""Tables of stored drafts: what was computed, under which bylaws, and each member's share."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import CoopBase


class ShuDraft(CoopBase):
    """One computation for one year. A new computation is a new version; old versions stay unchanged."""

    __tablename__ = "shu_drafts"
    __table_args__ = (UniqueConstraint("year", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(SmallInteger)
    surplus: Mapped[int] = mapped_column(BigInteger)
    bylaws_version: Mapped[int] = mapped_column(ForeignKey("bylaws.version"))
    last_journal: Mapped[int] = mapped_column(BigInteger)
    drafted_by: Mapped[str] = mapped_column(Text)
    drafted_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class ShuPool(CoopBase):
    """A pool of a draft: its percentage, its rupiah, and the rupiah that could not be divided."""

    __tablename__ = "shu_pools"
    __table_args__ = (CheckConstraint("basis IN ('savings', 'purchases', 'loans')", name="basis"),)

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("shu_drafts.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    percent: Mapped[str] = mapped_column(Text)
    basis: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    basis_total: Mapped[int] = mapped_column(BigInteger)
    unallocated: Mapped[int] = mapped_column(BigInteger)


class ShuShare(CoopBase):
    """A member's share of one pool, with the basis that it was computed from."""

    __tablename__ = "shu_shares"
    __table_args__ = (Index("ix_shu_shares_member_id", "member_id"),)

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("shu_drafts.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    basis: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
