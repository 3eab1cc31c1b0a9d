"""Tables of the ledger.

The application's roles can only read them; the database function ``post_journals`` (revision 0010) writes
them.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import CoopBase

Moment = TIMESTAMP(timezone=True)


class LedgerAccount(CoopBase):
    """An account of the chart.

    ``floor`` is the lowest balance allowed for each party, in the account's normal direction.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("kind IN ('asset', 'liability', 'equity', 'income', 'expense')", name="kind"),
        CheckConstraint("normal_side IN ('debit', 'credit')", name="normal_side"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name_id: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    normal_side: Mapped[str] = mapped_column(Text)
    floor: Mapped[int | None] = mapped_column(BigInteger)
    by_party: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class JournalRecord(CoopBase):
    """One balanced entry.

    ``value_date`` is the accounting date, ``posted_at`` the time of writing. ``description`` is what
    somebody typed; otherwise ``ledger.descriptions`` has the sentence of ``description_code``.
    """

    __tablename__ = "journals"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(description, description_code) = 1"
            " AND (description_code IS NULL) = (description_params IS NULL)",
            name="description",
        ),
        # What a page can always show: an object of texts, sane numbers and nested descriptions.
        CheckConstraint(
            "jsonb_typeof(description_params) = 'object' AND length(description_params::text) <= 4000"
            " AND NOT jsonb_path_exists(description_params,"
            ' \'$.** ? (@.type() == "array" || @.type() == "number" && (@ > 1e15 || @ < -1e15))\')',
            name="description_params",
        ),
        Index("ix_journals_value_date", "value_date"),
    )

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    value_date: Mapped[date]
    description: Mapped[str | None] = mapped_column(Text)
    description_code: Mapped[str | None] = mapped_column(Text)
    description_params: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    source_key: Mapped[str] = mapped_column(Text, unique=True)
    reverses: Mapped[int | None] = mapped_column(ForeignKey("journals.number"), unique=True)
    posted_by: Mapped[str] = mapped_column(Text)
    posted_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class JournalLineRecord(CoopBase):
    """A debit or a credit of a journal.

    ``balance`` is the party's balance on the account right after this line, in the normal direction.
    ``value_date`` repeats the journal's. There is no foreign key: ``post_journals`` checks the accounts and
    writes journal and lines in one statement, and ``lumbung doctor`` reports lines without a journal or an
    account.
    """

    __tablename__ = "journal_lines"
    __table_args__ = (
        CheckConstraint("debit >= 0 AND credit >= 0 AND (debit = 0) <> (credit = 0)", name="one_side"),
        Index("ix_journal_lines_account", "account", "party"),
    )

    journal: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    value_date: Mapped[date]
    account: Mapped[str] = mapped_column(Text)
    party: Mapped[UUID | None]
    debit: Mapped[int] = mapped_column(BigInteger)
    credit: Mapped[int] = mapped_column(BigInteger)
    balance: Mapped[int] = mapped_column(BigInteger)


class LedgerBalance(CoopBase):
    """The current balance of a party on an account; all zeros is the party of an account without parties."""

    __tablename__ = "balances"

    account: Mapped[str] = mapped_column(ForeignKey("accounts.code"), primary_key=True)
    party: Mapped[UUID] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger)


class ClosedYear(CoopBase):
    """A book year that accepts no more postings."""

    __tablename__ = "closed_years"

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    closed_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    closed_by: Mapped[str] = mapped_column(Text)


class JournalCounter(CoopBase):
    """The last journal number that was assigned; auditors expect numbers without gaps."""

    __tablename__ = "journal_counter"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(BigInteger)
