"""Queries of billing for one cooperative: subscription, invoices and credit, all in schema ``shared``."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from billing.models import Coupon, Credit, Invoice, Subscription
from kernel.database import Reader, as_reader

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class BilledCooperative(msgspec.Struct, frozen=True):
    """A cooperative as billing needs it; ``name`` is that of the registry."""

    id: UUID
    slug: str
    name: str
    contact_name: str
    contact_phone: str


class InvoiceRow(msgspec.Struct, frozen=True):
    """An invoice in a list; amounts in rupiah."""

    number: str
    issued_on: date
    due_on: date
    total: int
    amount_due: int
    status: str
    paid_on: date | None


class InvoiceDetails(msgspec.Struct, frozen=True):
    """All fields of an invoice; amounts in rupiah."""

    id: UUID
    number: str
    cooperative_id: UUID
    issued_on: date
    due_on: date
    period_start: date
    period_end: date
    subtotal: int
    discount: int
    tax: int
    tax_label_id: str
    tax_label_en: str
    total: int
    credit: int
    amount_due: int
    status: str
    buyer_name: str
    buyer_address: str
    buyer_tax_number: str
    paid_on: date | None
    paid_method: str | None
    paid_reference: str | None
    confirmed_by: str | None
    closed_reason: str | None


class InvoiceLineRow(msgspec.Struct, frozen=True):
    """A line of an invoice, in rupiah before tax."""

    text_id: str
    text_en: str
    amount: int


class CreditChangeRow(msgspec.Struct, frozen=True):
    """A change of a cooperative's credit, in rupiah."""

    on_date: date
    amount: int
    reason: str
    by: str


class HistoryRow(msgspec.Struct, frozen=True):
    """One entry of a subscription's history."""

    on_date: date
    action: str
    by: str
    params: dict[str, object]


async def find_cooperative(source: AsyncSession | Reader, cooperative_id: UUID) -> BilledCooperative | None:
    """Return a cooperative by its id, or None."""
    ro = as_reader(source)
    return await ro.one(
        BilledCooperative,
        "SELECT id, slug, name, contact_name, contact_phone FROM shared.cooperatives WHERE id = $1",
        cooperative_id,
    )


async def find_subscription(db: AsyncSession, cooperative_id: UUID) -> Subscription | None:
    """Return a subscription without a lock, or None before it exists."""
    return await db.get(Subscription, cooperative_id)


async def find_subscription_for_update(db: AsyncSession, cooperative_id: UUID) -> Subscription | None:
    """Return a subscription, freshly read and locked until the transaction ends, or None.

    This lock serializes all billing of one cooperative.
    """
    return (
        await db.execute(
            select(Subscription)
            .where(Subscription.cooperative_id == cooperative_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()


async def find_customer_owner(db: AsyncSession, stripe_customer: str) -> UUID | None:
    """Return the id of the cooperative that a Stripe customer stands for, or None."""
    found: UUID | None = (
        await db.execute(
            select(Subscription.cooperative_id).where(Subscription.stripe_customer == stripe_customer)
        )
    ).scalar_one_or_none()
    return found


async def list_cooperatives_without_subscription(db: AsyncSession) -> list[UUID]:
    """Return the ids of cooperatives that have no subscription yet."""
    query = text(
        "SELECT c.id FROM shared.cooperatives c LEFT JOIN shared.subscriptions s ON s.cooperative_id = c.id"
        " WHERE s.cooperative_id IS NULL ORDER BY c.id"
    )
    return list((await db.execute(query)).scalars())


async def list_due_cooperatives(ro: Reader, day: date) -> list[tuple[UUID, str]]:
    """Return the cooperatives, as (id, slug), that have a step due on or before this day.

    Cooperatives that an operator suspended are left out: they are neither invoiced nor reminded until
    resumed.
    """
    rows = await ro.records(
        "SELECT c.id, c.slug FROM shared.subscriptions s JOIN shared.cooperatives c ON c.id = "
        "s.cooperative_id"
        " WHERE s.next_due_on <= $1 AND c.status <> 'suspended' ORDER BY s.next_due_on, c.id",
        day,
    )
    return [(row["id"], row["slug"]) for row in rows]


async def find_next_due_date(ro: Reader) -> date | None:
    """Return the first day on which any subscription has a step due, or None; suspended ones do not count."""
    found: date | None = await ro.value(
        "SELECT min(s.next_due_on) FROM shared.subscriptions s JOIN shared.cooperatives c ON c.id = "
        "s.cooperative_id"
        " WHERE c.status <> 'suspended'"
    )
    return found


async def list_unpaid_invoices(db: AsyncSession, cooperative_id: UUID) -> list[Invoice]:
    """Return the open invoices of a cooperative, the oldest first."""
    return list(
        (
            await db.execute(
                select(Invoice)
                .where(Invoice.cooperative_id == cooperative_id, Invoice.status == "open")
                .order_by(Invoice.due_on, Invoice.number)
            )
        ).scalars()
    )


async def find_invoice_for_update(db: AsyncSession, number: str) -> Invoice | None:
    """Return an invoice by its number, locked. Lock the subscription first."""
    return (
        await db.execute(select(Invoice).where(Invoice.number == number).with_for_update())
    ).scalar_one_or_none()


async def find_invoice_owner(db: AsyncSession, number: str) -> UUID | None:
    """Return the id of the cooperative that an invoice belongs to, or None."""
    found: UUID | None = (
        await db.execute(select(Invoice.cooperative_id).where(Invoice.number == number))
    ).scalar_one_or_none()
    return found


async def find_invoice_paid_by(db: AsyncSession, reference: str) -> str | None:
    """Return the number of the invoice that a bank transfer with this reference paid, or None."""
    query = select(Invoice.number).where(
        Invoice.paid_method == "bank_transfer", Invoice.paid_reference == reference
    )
    found: str | None = (await db.execute(query.limit(1))).scalar_one_or_none()
    return found


async def has_invoice(db: AsyncSession, source_key: str) -> bool:
    """Return whether an invoice with this ``source_key`` exists."""
    return (await db.execute(select(Invoice.id).where(Invoice.source_key == source_key))).first() is not None


async def get_credit_balance(source: AsyncSession | Reader, cooperative_id: UUID) -> int:
    """Return a cooperative's credit, in rupiah."""
    ro = as_reader(source)
    return int(
        await ro.value(
            "SELECT coalesce(sum(amount), 0)::bigint FROM shared.billing_credits WHERE cooperative_id = $1",
            cooperative_id,
        )
    )


async def find_invoice_by_stripe_id(db: AsyncSession, stripe_invoice: str) -> Invoice | None:
    """Return our copy of a Stripe invoice, or None."""
    return (
        await db.execute(select(Invoice).where(Invoice.stripe_invoice == stripe_invoice))
    ).scalar_one_or_none()


async def list_card_customers(db: AsyncSession) -> list[UUID]:
    """Return the ids of cooperatives that have a Stripe customer, also without a finished Checkout."""
    query = select(Subscription.cooperative_id).where(Subscription.stripe_customer.is_not(None))
    return list((await db.execute(query.order_by(Subscription.cooperative_id))).scalars())


async def has_credit(db: AsyncSession, source_key: str) -> bool:
    """Return whether credit with this ``source_key`` exists."""
    return (await db.execute(select(Credit.id).where(Credit.source_key == source_key))).first() is not None


async def list_credit_changes(ro: Reader, cooperative_id: UUID, limit: int = 20) -> list[CreditChangeRow]:
    """Return the latest changes of a cooperative's credit, newest first."""
    return await ro.rows(
        CreditChangeRow,
        "SELECT on_date, amount, reason, by FROM shared.billing_credits WHERE cooperative_id = $1 "
        "ORDER BY id DESC LIMIT $2",
        cooperative_id,
        limit,
    )


async def list_invoices(ro: Reader, cooperative_id: UUID, limit: int = 60) -> list[InvoiceRow]:
    """Return the latest invoices of a cooperative, newest first."""
    return await ro.rows(
        InvoiceRow,
        "SELECT number, issued_on, due_on, total, amount_due, status, paid_on FROM shared.invoices WHERE "
        "cooperative_id = $1"
        " ORDER BY issued_on DESC, number DESC LIMIT $2",
        cooperative_id,
        limit,
    )


async def find_invoice(ro: Reader, cooperative_id: UUID, number: str) -> InvoiceDetails | None:
    """Return one invoice of this cooperative, or None; also None for another cooperative's invoice."""
    return await ro.one(
        InvoiceDetails,
        "SELECT id, number, cooperative_id, issued_on, due_on, period_start, period_end, subtotal, "
        "discount, tax, tax_label_id,"
        " tax_label_en, total, credit, amount_due, status, buyer_name, buyer_address, buyer_tax_number, "
        "paid_on, paid_method,"
        " paid_reference, confirmed_by, closed_reason FROM shared.invoices WHERE cooperative_id = $1 "
        "AND number = $2",
        cooperative_id,
        number,
    )


async def list_invoice_lines(ro: Reader, invoice_id: UUID) -> list[InvoiceLineRow]:
    """Return the lines of an invoice, in order."""
    return await ro.rows(
        InvoiceLineRow,
        "SELECT text_id, text_en, amount FROM shared.invoice_lines WHERE invoice_id = $1 ORDER BY line",
        invoice_id,
    )


async def list_history(ro: Reader, cooperative_id: UUID, limit: int = 30) -> list[HistoryRow]:
    """Return the latest entries of a subscription's history, newest first."""
    return await ro.rows(
        HistoryRow,
        "SELECT on_date, action, by, params FROM shared.billing_entries WHERE cooperative_id = $1 ORDER "
        "BY id DESC LIMIT $2",
        cooperative_id,
        limit,
    )


async def find_coupon_for_update(db: AsyncSession, code: str) -> Coupon | None:
    """Return a coupon by its code, locked, or None."""
    return (
        await db.execute(select(Coupon).where(Coupon.code == code).with_for_update())
    ).scalar_one_or_none()


async def get_coupon_percent(db: AsyncSession, code: str | None) -> int:
    """Return the discount of a coupon in percent; 0 without a code."""
    if code is None:
        return 0
    return int((await db.execute(select(Coupon.percent).where(Coupon.code == code))).scalar_one())
