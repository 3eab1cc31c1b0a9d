"""Tables of credit: members' limits and PINs, and payroll deduction batches."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

import ledger.models  # noqa: F401 - foreign keys name their tables
import members.models  # noqa: F401 - foreign keys name their tables
from kernel.database import CoopBase

Moment = TIMESTAMP(timezone=True)


class CreditTerms(CoopBase):
    """A member's credit limits in rupiah, for kasbon and for payroll deduction, and their PIN."""

    __tablename__ = "credit_terms"
    __table_args__ = (CheckConstraint("kasbon_limit >= 0 AND payroll_limit >= 0", name="limits"),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    kasbon_limit: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    payroll_limit: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    payroll_number: Mapped[str] = mapped_column(Text, server_default="")
    pin_hash: Mapped[str | None] = mapped_column(Text)
    pin_set_at: Mapped[datetime | None] = mapped_column(Moment)
    changed_by: Mapped[str] = mapped_column(Text, server_default="")
    changed_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class PayrollBatch(CoopBase):
    """A batch of deduction requests, sent to the employer as a file; "returned" once the answer is booked."""

    __tablename__ = "payroll_batches"
    __table_args__ = (CheckConstraint("status IN ('sent', 'returned')", name="status"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    returned_by: Mapped[str | None] = mapped_column(Text)
    returned_at: Mapped[datetime | None] = mapped_column(Moment)
    journal: Mapped[int | None] = mapped_column(ForeignKey("journals.number"))


class PayrollLine(CoopBase):
    """A deduction requested for one member, and what the employer deducted.

    ``applied`` is the part of ``deducted`` that repaid debt; the rest lies on the account owed to payers
    until ``decision`` says where it goes. ``named``: the employer's answer had a line for the member. A
    difference stays open until an officer settles it (``settled``).
    """

    __tablename__ = "payroll_lines"
    __table_args__ = (
        CheckConstraint("requested > 0 AND (deducted IS NULL OR deducted >= 0)", name="amounts"),
        CheckConstraint(
            "(deducted IS NULL) = (applied IS NULL) AND applied BETWEEN 0 AND deducted", name="applied"
        ),
        CheckConstraint("decision IN ('carry', 'kasbon', 'wallet', 'bank')", name="decision"),
        Index("ix_payroll_lines_member_id", "member_id"),
    )

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("payroll_batches.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    requested: Mapped[int] = mapped_column(BigInteger)
    deducted: Mapped[int | None] = mapped_column(BigInteger)
    applied: Mapped[int | None] = mapped_column(BigInteger)
    remark: Mapped[str] = mapped_column(Text, server_default="")
    named: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    settled: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    decision: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")


class UnmatchedDeduction(CoopBase):
    """A deduction in the employer's answer that we did not request; `line` is its line in the file."""

    __tablename__ = "payroll_unmatched_lines"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("decision IN ('wallet', 'bank')", name="decision"),
        CheckConstraint("(decision = 'wallet') = (member_id IS NOT NULL)", name="member"),
    )

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("payroll_batches.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    who: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    remark: Mapped[str] = mapped_column(Text, server_default="")
    settled: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    decision: Mapped[str | None] = mapped_column(Text)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    note: Mapped[str] = mapped_column(Text, server_default="")
