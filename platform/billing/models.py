"""Tables of billing in schema ``shared``: subscriptions, coupons, invoices, credit, history, usage."""

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
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

import tenants.models  # noqa: F401 - foreign keys name their tables
from kernel.database import ControlBase

Moment = TIMESTAMP(timezone=True)


class Subscription(ControlBase):
    """The plan, period and contact of one cooperative.

    ``period_end`` is the first day after the period; both ends are null on the free plan. ``next_plan``
    follows at the end of the period (null: the same plan). ``value`` is the price of the whole period in
    rupiah, after discount and before tax. ``next_due_on`` is the day of the next step of
    ``billing.billing_run``, null when there is none.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("status IN ('trialing', 'active', 'past_due', 'read_only')", name="status"),
        CheckConstraint("interval IN ('month', 'year')", name="interval"),
        CheckConstraint("method IN ('invoice', 'card')", name="method"),
        CheckConstraint(
            "(period_start IS NULL) = (period_end IS NULL) AND period_start < period_end", name="period"
        ),
        CheckConstraint("value >= 0", name="value"),
        Index("ix_subscriptions_next_due_on", "next_due_on"),
    )

    cooperative_id: Mapped[UUID] = mapped_column(ForeignKey("shared.cooperatives.id"), primary_key=True)
    plan: Mapped[str] = mapped_column(Text)
    interval: Mapped[str] = mapped_column(Text, server_default="month")
    status: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text, server_default="invoice")
    anchor: Mapped[date | None]
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    value: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    next_plan: Mapped[str | None] = mapped_column(Text)
    next_interval: Mapped[str | None] = mapped_column(Text)
    trial_notified: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    next_due_on: Mapped[date | None]
    coupon: Mapped[str | None] = mapped_column(ForeignKey("shared.coupons.code"))
    coupon_left: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    contact_name: Mapped[str] = mapped_column(Text, server_default="")
    contact_email: Mapped[str] = mapped_column(Text, server_default="")
    contact_phone: Mapped[str] = mapped_column(Text, server_default="")
    buyer_name: Mapped[str] = mapped_column(Text, server_default="")
    buyer_address: Mapped[str] = mapped_column(Text, server_default="")
    buyer_tax_number: Mapped[str] = mapped_column(Text, server_default="")
    stripe_customer: Mapped[str | None] = mapped_column(Text, unique=True)
    stripe_subscription: Mapped[str | None] = mapped_column(Text, unique=True)
    started_on: Mapped[date]


class Coupon(ControlBase):
    """A discount in percent on the next ``invoices`` invoices of each cooperative that redeems it."""

    __tablename__ = "coupons"
    __table_args__ = (
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent"),
        CheckConstraint("invoices BETWEEN 1 AND 60", name="invoices"),
        CheckConstraint("used <= max_uses", name="used"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    percent: Mapped[int] = mapped_column(SmallInteger)
    invoices: Mapped[int] = mapped_column(SmallInteger)
    max_uses: Mapped[int]
    used: Mapped[int] = mapped_column(server_default=text("0"))
    until: Mapped[date | None]
    reason: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class CouponRedemption(ControlBase):
    """The redemption of a coupon by a cooperative; once each."""

    __tablename__ = "coupon_uses"

    code: Mapped[str] = mapped_column(ForeignKey("shared.coupons.code"), primary_key=True)
    cooperative_id: Mapped[UUID] = mapped_column(ForeignKey("shared.cooperatives.id"), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class InvoiceCounter(ControlBase):
    """The last invoice number of a year. Numbers have no gaps, as the tax office expects."""

    __tablename__ = "invoice_counters"

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last_number: Mapped[int]


class Invoice(ControlBase):
    """An invoice to a cooperative, in rupiah.

    ``source_key`` names its cause and is unique. Amounts and buyer do not change after issue.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'paid', 'void', 'uncollectible')", name="status"),
        CheckConstraint(
            "total = subtotal - discount + tax AND amount_due = total - credit AND amount_due >= 0",
            name="sums",
        ),
        CheckConstraint("(status = 'paid') = (paid_on IS NOT NULL)", name="paid"),
        Index("ix_invoices_cooperative_id", "cooperative_id", "issued_on"),
        Index("ix_invoices_status", "status", "due_on"),
        Index("ix_invoices_paid_on", "paid_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    cooperative_id: Mapped[UUID] = mapped_column(ForeignKey("shared.cooperatives.id"))
    source_key: Mapped[str] = mapped_column(Text, unique=True)
    issued_on: Mapped[date]
    due_on: Mapped[date]
    period_start: Mapped[date]
    period_end: Mapped[date]
    subtotal: Mapped[int] = mapped_column(BigInteger)
    discount: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    tax_label_id: Mapped[str] = mapped_column(Text, server_default="")
    tax_label_en: Mapped[str] = mapped_column(Text, server_default="")
    total: Mapped[int] = mapped_column(BigInteger)
    credit: Mapped[int] = mapped_column(BigInteger)
    amount_due: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    buyer_name: Mapped[str] = mapped_column(Text)
    buyer_address: Mapped[str] = mapped_column(Text)
    buyer_tax_number: Mapped[str] = mapped_column(Text)
    reminders_sent: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    last_reminded_on: Mapped[date | None]
    paid_on: Mapped[date | None]
    paid_method: Mapped[str | None] = mapped_column(Text)
    paid_reference: Mapped[str | None] = mapped_column(Text)
    confirmed_by: Mapped[str | None] = mapped_column(Text)
    closed_reason: Mapped[str | None] = mapped_column(Text)
    stripe_invoice: Mapped[str | None] = mapped_column(Text, unique=True)


class InvoiceLine(ControlBase):
    """A line of an invoice, in rupiah before tax; deductions are negative."""

    __tablename__ = "invoice_lines"

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("shared.invoices.id"), primary_key=True)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    text_id: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)


class Credit(ControlBase):
    """A change of a cooperative's credit with the platform, in rupiah; append-only.

    The sum of the rows is the balance, which pays the next invoices first.
    """

    __tablename__ = "billing_credits"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        Index("ix_billing_credits_cooperative_id", "cooperative_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    cooperative_id: Mapped[UUID] = mapped_column(ForeignKey("shared.cooperatives.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    source_key: Mapped[str] = mapped_column(Text, unique=True)
    on_date: Mapped[date]
    at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class BillingEntry(ControlBase):
    """An entry in the history of a subscription, append-only: action, actor and day; reminders too."""

    __tablename__ = "billing_entries"
    __table_args__ = (Index("ix_billing_entries_cooperative_id", "cooperative_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    cooperative_id: Mapped[UUID] = mapped_column(ForeignKey("shared.cooperatives.id"))
    on_date: Mapped[date]
    at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    by: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)


class UsageFigure(ControlBase):
    """What a cooperative used in a month (``month`` is its first day), counted by ``meter_queries``."""

    __tablename__ = "usage_figures"
    __table_args__ = (CheckConstraint("value >= 0", name="value"),)

    cooperative_id: Mapped[UUID] = mapped_column(ForeignKey("shared.cooperatives.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    meter: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    measured_at: Mapped[datetime] = mapped_column(Moment)


class BillingEvent(ControlBase):
    """A verified Stripe webhook to the platform, stored once by its id.

    It only triggers a sync: the state is always fetched from Stripe.
    """

    __tablename__ = "billing_events"

    event_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(Moment)
    processed_at: Mapped[datetime | None] = mapped_column(Moment)
