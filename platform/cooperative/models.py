"""Table of the cooperative's profile."""

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import CoopBase


class Profile(CoopBase):
    """The cooperative's name, appearance, contact details and time zone; the table has one row."""

    __tablename__ = "profile"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    tagline: Mapped[str] = mapped_column(Text, server_default="")
    theme: Mapped[str] = mapped_column(Text, server_default="base")
    accent: Mapped[str | None] = mapped_column(Text)
    header: Mapped[str | None] = mapped_column(Text)
    logo: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text, server_default="")
    phone: Mapped[str] = mapped_column(Text, server_default="")
    bank_account: Mapped[str] = mapped_column(Text, server_default="")
    timezone: Mapped[str] = mapped_column(Text, server_default=text("'Asia/Jakarta'"))
    shop_open: Mapped[bool] = mapped_column(server_default=text("true"))


class OfficeRestriction(CoopBase):
    """A permission that the ketua took from an office; see ``cooperative.rights``."""

    __tablename__ = "office_restrictions"
    __table_args__ = (CheckConstraint("office <> 'ketua'", name="office"),)

    office: Mapped[str] = mapped_column(Text, primary_key=True)
    permission: Mapped[str] = mapped_column(Text, primary_key=True)
    restricted_by: Mapped[str] = mapped_column(Text)
    restricted_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
