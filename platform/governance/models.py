"""Tables of the bylaws: every adopted version."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import CoopBase


class BylawsVersion(CoopBase):
    """One version of the rules; it is never changed.

    It is in force from ``effective_on`` until a later version's date.
    """

    __tablename__ = "bylaws"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        Index("ix_bylaws_effective_on", "effective_on"),
    )

    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    effective_on: Mapped[date]
    template: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note: Mapped[str] = mapped_column(Text, server_default="")
    adopted_by: Mapped[str] = mapped_column(Text)
    adopted_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
