"""Tables of banking: statement lines, saved statement layouts, provider movements and balances."""

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
    """A line of a bank's or acquirer's statement.

    ``fingerprint`` makes a repeated import change nothing. ``reason`` says why it is matched or doubtful
    (``matching_rules.LineReason``); ``sen`` is the whole amount in hundredths of a rupiah where it is not
    whole rupiah; ``note`` is what an officer wrote, or the error of a rejected settlement.
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
    """An officer's column mapping for the statements of an unknown bank, found by the header's hash."""

    __tablename__ = "statement_layouts"

    fingerprint: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_by: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class ProviderMovement(CoopBase):
    """One movement of a provider's balance, in rupiah; a payout's journal moves the money to the bank.

    ``is_rounded``: the provider reported a fraction of a rupiah, and ``gross`` and ``fee`` are rounded.
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
    """The balance that a provider last reported, in rupiah, and since when its movements are stored.

    ``balance`` is None if the provider reports none.
    """

    __tablename__ = "provider_balances"

    method: Mapped[str] = mapped_column(Text, primary_key=True)
    balance: Mapped[int | None] = mapped_column(BigInteger)
    reported_at: Mapped[datetime] = mapped_column(Moment)
    since: Mapped[datetime] = mapped_column(Moment)
