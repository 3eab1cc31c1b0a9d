"""What the statements of a bank or an acquirer brought, and how those of an unknown bank are read."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

import payments.models  # noqa: F401 - foreign keys name its tables
from kernel.database import CoopBase

Moment = TIMESTAMP(timezone=True)


class BankLine(CoopBase):
    """A line of a bank's (or acquirer's) statement.

    ``fingerprint`` makes the same statement twice change nothing.

    ``reason`` says why it was matched or is doubtful (``statements.rules.Reason``); ``sen`` is all of it in
    hundredths where money came in that is no whole rupiah; ``note`` is what an officer wrote, or what the
    books or the goods refused.
    """

    __tablename__ = "statement_lines"
    __table_args__ = (
        CheckConstraint(
            "status IN ('unmatched', 'doubtful', 'matched', 'set_aside', 'outgoing')", name="status"
        ),
        CheckConstraint("(status = 'matched') = (payment_id IS NOT NULL)", name="payment"),
        CheckConstraint(
            "reason IN ('reference', 'amount', 'two_lines', 'seen_before', 'several', "
            "'amount_differs', 'outside_days', 'no_unique_suffix',"
            " 'by_hand', 'refused')",
            name="reason",
        ),
        Index("ix_statement_lines_status", "status", "on_date"),
        Index(
            "ix_statement_lines_payment_id",
            "payment_id",
            unique=True,
            postgresql_where=text("payment_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text, unique=True)
    on_date: Mapped[date]
    amount: Mapped[int] = mapped_column(BigInteger)
    description: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    candidates: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"))
    reason: Mapped[str | None] = mapped_column(Text)
    sen: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(Text, server_default="")
    imported_by: Mapped[str] = mapped_column(Text)
    imported_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(Moment)


class StatementLayout(CoopBase):
    """How a statement of an unknown bank is read, as an officer mapped its columns; found again by its
    header.
    """

    __tablename__ = "statement_layouts"

    fingerprint: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_by: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class ProviderMovement(CoopBase):
    """One movement of a provider's balance as the provider tells it, in rupiah; a payout's journal brings the
    money to the bank.

    ``fraction``: what it told was no whole rupiah, and ``gross`` and ``fee`` are rounded.
    """

    __tablename__ = "provider_movements"
    __table_args__ = (
        UniqueConstraint("method", "provider_id"),
        Index("ix_provider_movements_method", "method", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    method: Mapped[str] = mapped_column(Text)
    provider_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    gross: Mapped[int] = mapped_column(BigInteger)
    fee: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(Moment)
    reference: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, server_default="")
    is_rounded: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    journal: Mapped[int | None] = mapped_column(ForeignKey("journals.number"))


class ProviderBalance(CoopBase):
    """What a provider said last that it holds for us, in rupiah (None: it tells no balance), and since when
    its movements are kept.
    """

    __tablename__ = "provider_balances"

    method: Mapped[str] = mapped_column(Text, primary_key=True)
    balance: Mapped[int | None] = mapped_column(BigInteger)
    reported_at: Mapped[datetime] = mapped_column(Moment)
    since: Mapped[datetime] = mapped_column(Moment)
