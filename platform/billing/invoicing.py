"""Issue invoices with gapless numbers, mark them paid, void or uncollectible, and book credit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import text

from billing import errors, queries
from billing.history import record_event
from billing.models import Credit, Invoice, InvoiceLine, Subscription
from billing.plans import catalogue
from billing.rules import LineItem, calculate_totals, due_date
from kernel.ids import new_id
from kernel.money import Rupiah

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.settings import Settings


class InvoiceDraft(msgspec.Struct, frozen=True):
    """An invoice to be issued. ``source_key`` names its cause; each cause gives one invoice."""

    source_key: str
    lines: tuple[LineItem, ...]
    period_start: date
    period_end: date
    discount: Rupiah = Rupiah(0)


async def issue_invoice(
    db: AsyncSession,
    settings: Settings,
    subscription: Subscription,
    draft: InvoiceDraft,
    *,
    by: str,
    on: date,
) -> Invoice | None:
    """Issue an invoice on the day ``on``, or return None when its ``source_key`` already has one.

    The caller must hold the lock of the subscription's row. The cooperative's credit is used first; an
    invoice that credit covers in full is paid at once.
    """
    cooperative_id = subscription.cooperative_id
    if await queries.has_invoice(db, draft.source_key):
        return None
    buyer = await queries.find_cooperative(db, cooperative_id)
    assert buyer is not None
    tax = catalogue().find_tax(on) if settings.billing_pkp else None
    credit_balance = Rupiah(await queries.get_credit_balance(db, cooperative_id))
    totals = calculate_totals(draft.lines, discount=draft.discount, tax=tax, credit=credit_balance)
    paid = totals.amount_due == 0
    invoice = Invoice(
        id=new_id(),
        number=await _next_number(db, on.year),
        cooperative_id=cooperative_id,
        source_key=draft.source_key,
        issued_on=on,
        due_on=due_date(on, catalogue().invoices.due_after_days),
        period_start=draft.period_start,
        period_end=draft.period_end,
        subtotal=totals.subtotal,
        discount=totals.discount,
        tax=totals.tax,
        tax_label_id=tax.label.localize("id") if tax else "",
        tax_label_en=tax.label.localize("en") if tax else "",
        total=totals.total,
        credit=totals.credit,
        amount_due=totals.amount_due,
        status="paid" if paid else "open",
        paid_on=on if paid else None,
        paid_method="credit" if paid else None,
        buyer_name=subscription.buyer_name or buyer.name,
        buyer_address=subscription.buyer_address,
        buyer_tax_number=subscription.buyer_tax_number,
    )
    db.add(invoice)
    await db.flush()
    _add_lines(db, invoice, draft.lines)
    if totals.credit:
        add_credit(
            db,
            cooperative_id,
            -totals.credit,
            reason=f"Tagihan {invoice.number}",
            by=by,
            key=f"used:{invoice.number}",
            on=on,
        )
    params = {
        "number": invoice.number,
        "amount_due": int(totals.amount_due),
        "due_on": invoice.due_on.isoformat(),
    }
    record_event(db, cooperative_id, "billing.invoiced", by=by, on=on, params=params)
    await db.flush()
    return invoice


async def issue_stripe_invoice(
    db: AsyncSession, subscription: Subscription, invoice: Invoice, lines: Sequence[LineItem], *, on: date
) -> Invoice:
    """Store an invoice that Stripe issued, under our next number of its year; ``invoice`` carries Stripe's
    sums.
    """
    buyer = await queries.find_cooperative(db, subscription.cooperative_id)
    assert buyer is not None
    invoice.id = new_id()
    invoice.number = await _next_number(db, invoice.issued_on.year)
    invoice.cooperative_id = subscription.cooperative_id
    invoice.buyer_name = subscription.buyer_name or buyer.name
    invoice.buyer_address, invoice.buyer_tax_number = (
        subscription.buyer_address,
        subscription.buyer_tax_number,
    )
    db.add(invoice)
    await db.flush()
    _add_lines(db, invoice, lines)
    params = {
        "number": invoice.number,
        "amount_due": invoice.amount_due,
        "due_on": invoice.due_on.isoformat(),
    }
    record_event(db, invoice.cooperative_id, "billing.invoiced", by="Stripe", on=on, params=params)
    await db.flush()
    return invoice


def _add_lines(db: AsyncSession, invoice: Invoice, lines: Sequence[LineItem]) -> None:
    for at, line in enumerate(lines, start=1):
        db.add(
            InvoiceLine(
                invoice_id=invoice.id,
                line=at,
                text_id=line.text.localize("id"),
                text_en=line.text.localize("en"),
                amount=int(line.amount),
            )
        )


def add_credit(
    db: AsyncSession, cooperative_id: UUID, amount: Rupiah, *, reason: str, by: str, key: str, on: date
) -> None:
    """Add to the credit of a cooperative; a negative ``amount`` uses credit.

    ``key`` is unique in the database, so the same cause cannot be booked twice.
    """
    db.add(
        Credit(
            cooperative_id=cooperative_id,
            amount=int(amount),
            reason=reason,
            by=by,
            source_key=key,
            on_date=on,
        )
    )


async def lock_invoice(db: AsyncSession, number: str) -> tuple[Subscription, Invoice]:
    """Return an invoice and its subscription, both locked, the subscription first.

    Raises DomainError billing.no_such_invoice.
    """
    owner = await queries.find_invoice_owner(db, number)
    subscription = await queries.find_subscription_for_update(db, owner) if owner else None
    invoice = await queries.find_invoice_for_update(db, number) if subscription else None
    if subscription is None or invoice is None:
        raise errors.NO_SUCH_INVOICE(number=number[:40])
    return subscription, invoice


def mark_paid(
    db: AsyncSession, invoice: Invoice, *, method: str, reference: str, confirmed_by: str, on: date
) -> None:
    """Mark an open invoice as paid. Raises DomainError billing.not_open."""
    if invoice.status != "open":
        raise errors.NOT_OPEN(number=invoice.number)
    invoice.status, invoice.paid_on, invoice.paid_method = "paid", on, method
    invoice.paid_reference, invoice.confirmed_by = reference, confirmed_by
    params = {
        "number": invoice.number,
        "amount": invoice.amount_due,
        "method": method,
        "reference": reference,
    }
    record_event(db, invoice.cooperative_id, "billing.paid", by=confirmed_by, on=on, params=params)


def close_invoice(db: AsyncSession, invoice: Invoice, state: str, *, reason: str, by: str, on: date) -> None:
    """Set an open invoice to ``state``: "void" or "uncollectible".

    Voiding gives back the credit that the invoice used. Raises DomainError: billing.not_open, .reason_needed.
    """
    if invoice.status != "open":
        raise errors.NOT_OPEN(number=invoice.number)
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    invoice.status, invoice.closed_reason = state, reason
    if state == "void" and invoice.credit:
        add_credit(
            db,
            invoice.cooperative_id,
            Rupiah(invoice.credit),
            reason=f"Tagihan {invoice.number} dibatalkan",
            by=by,
            key=f"void:{invoice.number}",
            on=on,
        )
    params = {"number": invoice.number, "reason": reason}
    record_event(db, invoice.cooperative_id, f"billing.{state}", by=by, on=on, params=params)


def find_overdue_invoice(invoices: Sequence[Invoice], on: date) -> Invoice | None:
    """Return the first open invoice that was reminded of or is past its due date, or None."""
    return next((each for each in invoices if each.reminders_sent or each.due_on < on), None)


async def _next_number(db: AsyncSession, year: int) -> str:
    """Return the next invoice number of a year, such as "2026-000123".

    The counter's row stays locked until the transaction ends, and a rollback takes the number back: no gaps.
    """
    last = await db.execute(
        text(
            "INSERT INTO shared.invoice_counters (year, last_number) VALUES (:year, 1)"
            " ON CONFLICT (year) DO UPDATE SET last_number = invoice_counters.last_number + 1 "
            "RETURNING last_number"
        ),
        {"year": year},
    )
    return f"{year}-{last.scalar_one():06d}"
