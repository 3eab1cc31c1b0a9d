"""Tables of payments: configured methods, payments, exceptions, refunds and webhook events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

import ledger.models  # noqa: F401 - foreign keys name their tables
import members.models  # noqa: F401 - foreign keys name their tables
from kernel.database import CoopBase
from ledger.descriptions import JournalDescription

Moment = TIMESTAMP(timezone=True)


class PaymentMethodRow(CoopBase):
    """A payment method as its officers configured it.

    ``secrets`` are sealed (``payments.vault``); ``endpoint`` is the unguessable last part of its webhook URL.

    ``fee_percent`` (a decimal as text) and ``fee_fixed`` (rupiah) are the fee where the provider reports
    none; ``live`` says that its keys move real money. A method without a row is enabled as
    ``methods.ENABLED_BY_DEFAULT`` says.
    """

    __tablename__ = "payment_methods"

    method: Mapped[str] = mapped_column(Text, primary_key=True)
    enabled: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(SmallInteger)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    secrets: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    endpoint: Mapped[str | None] = mapped_column(Text, unique=True)
    fee_percent: Mapped[str] = mapped_column(Text, server_default="0")
    fee_fixed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    min_amount: Mapped[int | None] = mapped_column(BigInteger)
    max_amount: Mapped[int | None] = mapped_column(BigInteger)
    live: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    changed_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class Payment(CoopBase):
    """One payment by one method. `amount` is what must be received, in rupiah, including its `unique_suffix`.

    `purpose` and `subject_id` name what it pays (an order, a member's wallet). `applied_to` says where the
    money was credited: "purpose"; the payer's "wallet" if the purpose no longer accepted it; or "owed" to a
    payer who has no wallet. `label` says in words what is paid; only payments from before revision 0010 have
    it stored as text. `processing_since` is set while banks transfer the payer's money; until it
    arrives, nothing closes or replaces the payment.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(
            "status IN ('awaiting', 'paid', 'failed', 'expired', 'cancelled', 'partly_refunded', 'refunded')",
            name="status",
        ),
        CheckConstraint(
            "num_nonnulls(label, label_code) = 1 AND (label_code IS NULL) = (label_params IS NULL)",
            name="label",
        ),
        CheckConstraint("amount > 0 AND unique_suffix >= 0 AND unique_suffix < amount", name="amount"),
        CheckConstraint("refunded >= 0 AND refunded <= amount", name="refunded"),
        CheckConstraint("applied_to IN ('purpose', 'wallet', 'owed')", name="applied_to"),
        Index("ix_payments_subject_id", "subject_id"),
        Index("ix_payments_status", "status", "opened_at"),
        Index("ix_payments_opened_at", "opened_at"),
        Index("ix_payments_member_id", "member_id", "opened_at"),
        Index("ix_payments_provider_reference", "method", "provider_reference"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(Text, unique=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    purpose: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID]
    label_text: Mapped[str | None] = mapped_column("label", Text)
    label_code: Mapped[str | None] = mapped_column(Text)
    label_params: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    method: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    unique_suffix: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"))
    payer_name: Mapped[str] = mapped_column(Text)
    payer_phone: Mapped[str] = mapped_column(Text, server_default="")
    provider_reference: Mapped[str | None] = mapped_column(Text)
    redirect_url: Mapped[str | None] = mapped_column(Text)
    instructions: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    live: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    opened_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)
    settled_at: Mapped[datetime | None] = mapped_column(Moment)
    settled_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    late: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    applied_to: Mapped[str | None] = mapped_column(Text)
    journal: Mapped[int | None] = mapped_column(ForeignKey("journals.number"))
    fee: Mapped[int | None] = mapped_column(BigInteger)
    refunded: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    checked_at: Mapped[datetime | None] = mapped_column(Moment)
    payer_claimed_at: Mapped[datetime | None] = mapped_column(
        Moment
    )  # when the payer first claimed to have paid; settles nothing
    processing_since: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def label(self) -> JournalDescription:
        """What is paid."""
        return JournalDescription(self.label_code, self.label_params or {}, self.label_text or "")


class PaymentException(CoopBase):
    """A problem of a payment that an officer must check; open until it is resolved.

    Rows are only ever updated with their resolution. The same reason and `params` are one exception, however
    often they occur; `params_digest` enforces that in the database.
    """

    __tablename__ = "payment_exceptions"
    __table_args__ = (
        CheckConstraint(
            "reason IN ('amount', 'currency', 'reference', 'refund_failed', 'refund_not_covered', "
            "'refund_waits', 'fault',"
            " 'unheard_refund', 'charged_back')",
            name="reason",
        ),
        CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="settled"),
        UniqueConstraint("payment_id", "reason", "params_digest"),
        Index("ix_payment_exceptions_open", "payment_id", postgresql_where=text("settled_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    reason: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    params_digest: Mapped[str] = mapped_column(
        Text, Computed("encode(sha256(jsonb_send(params)), 'hex')", persisted=True)
    )
    raised_at: Mapped[datetime] = mapped_column(Moment)
    settled_at: Mapped[datetime | None] = mapped_column(Moment)
    settled_by: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")


class PaymentRefund(CoopBase):
    """A refund: requested, and booked once it is done.

    ``destination``: "original_method", "wallet" or "by_hand". ``reason_text`` is what an officer typed;
    otherwise ``ledger.descriptions`` has the sentence of ``reason_code``.
    """

    __tablename__ = "payment_refunds"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("status IN ('pending', 'done', 'failed')", name="status"),
        CheckConstraint("destination IN ('original_method', 'wallet', 'by_hand')", name="destination"),
        CheckConstraint(
            "num_nonnulls(reason, reason_code) = 1 AND (reason_code IS NULL) = (reason_params IS NULL)",
            name="reason",
        ),
        Index("ix_payment_refunds_payment_id", "payment_id"),
        Index("ix_payment_refunds_status", "status"),
        Index("ix_payment_refunds_provider_reference", "provider_reference"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    key: Mapped[str] = mapped_column(Text, unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    destination: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    reason_text: Mapped[str | None] = mapped_column("reason", Text)
    reason_code: Mapped[str | None] = mapped_column(Text)
    reason_params: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    detail: Mapped[str] = mapped_column(Text, server_default="")
    provider_reference: Mapped[str | None] = mapped_column(Text)
    journal: Mapped[int | None] = mapped_column(ForeignKey("journals.number"))
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def reason(self) -> JournalDescription:
        """Why the money goes back."""
        return JournalDescription(self.reason_code, self.reason_params or {}, self.reason_text or "")


class PaymentEvent(CoopBase):
    """A verified webhook event as received; unique by the provider's event id, so it counts once.

    ``outcome`` is the result of processing it (``rules.ProcessingOutcome``).
    """

    __tablename__ = "payment_events"
    __table_args__ = (
        UniqueConstraint("method", "event_id"),
        CheckConstraint("status IN ('received', 'done', 'exception')", name="status"),
        CheckConstraint(
            "outcome IN ('settled', 'known', 'awaiting', 'failed', 'expired', 'cancelled', 'exception', "
            "'unknown', 'nothing')",
            name="outcome",
        ),
        Index("ix_payment_events_status", "status", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    method: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    object_type: Mapped[str] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    provider_reference: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(Text, server_default="received")
    outcome: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    processed_at: Mapped[datetime | None] = mapped_column(Moment)
