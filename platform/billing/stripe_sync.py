"""Fetch a subscription and its invoices from Stripe and store them.

Stripe is asked outside a transaction; the answer is written in one under the subscription's lock. Repeated or
out of order, the last read wins.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from billing import queries
from billing.history import record_event
from billing.invoicing import find_overdue_invoice, issue_stripe_invoice, mark_paid
from billing.models import Invoice, Subscription
from billing.periods import begin_period, lock_subscription
from billing.plans import catalogue
from billing.registry_sync import sync_registry
from billing.rules import LineItem
from billing.stripe_gateway import (
    LIVE_STATUSES,
    StripeInvoice,
    StripeSubscription,
    StripeSubscriptionItem,
    find_plan_by_price,
    get_stripe_client,
    list_invoices,
    list_subscriptions,
    to_date,
    to_rupiah,
)
from gateways.protocol import ProviderError
from gateways.stripe_amounts import CURRENCY
from kernel.errors import StoredText
from kernel.money import Rupiah
from tenants.session import shared_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

log = structlog.get_logger()
STRIPE_ACTOR = "Stripe"


async def sync_from_stripe(database: Database, cooperative_id: UUID, on: date) -> None:
    """Fetch a cooperative's subscription and invoices from Stripe and store what they say.

    Raises ProviderError when a later attempt may succeed.
    """
    async with shared_session(database) as db:
        known = await queries.find_subscription(db, cooperative_id)
    if known is None or known.stripe_customer is None:
        return
    client = get_stripe_client(database)
    try:
        subscriptions = await list_subscriptions(client, known.stripe_customer)
        invoices = await list_invoices(client, known.stripe_customer)
    except ProviderError as fault:
        if fault.transient:
            raise
        log.warning("Stripe rejected the request for a subscription", error=str(fault))
        return
    live = [each for each in subscriptions if each.status in LIVE_STATUSES]
    async with shared_session(database) as db:
        subscription = await lock_subscription(db, cooperative_id, on)
        for invoice in invoices:
            await _store_invoice(db, subscription, invoice, on)
        await _apply_subscription(db, database, subscription, live, invoices, on)
        await sync_registry(db, subscription, on)
    if len(live) > 1:
        # two Checkout sessions were completed: the newest counts, an operator refunds the other
        log.error("a customer has two subscriptions", customer=known.stripe_customer, current=live[0].id)


async def _apply_subscription(
    db: AsyncSession, database: Database, subscription: Subscription, live: list[StripeSubscription],
    invoices: list[StripeInvoice], on: date,
) -> None:  # fmt: skip
    """Update the subscription from the newest live one at Stripe; without one, move to the free plan."""
    if not live:
        if subscription.method == "card":  # ended at Stripe: on its date, by an unpaid card, or by hand
            free = catalogue().get_plan(catalogue().trial.plan_after)
            await begin_period(
                db,
                database.settings,
                subscription,
                free,
                "month",
                start=on,
                by=STRIPE_ACTOR,
                on=on,
                source_key="",
            )
            subscription.stripe_subscription = None
            record_event(
                db,
                subscription.cooperative_id,
                "billing.period_ended",
                by=STRIPE_ACTOR,
                on=on,
                params={"plan": free.code},
            )
        return
    remote = live[0]
    item = remote.items.data[0]
    found = find_plan_by_price(item.price)
    if found is None:
        log.error("a Stripe subscription has an unknown plan", subscription=remote.id)
        return
    code, interval = found
    was_trial = subscription.status == "trialing" and remote.status == "trialing"
    if subscription.stripe_subscription != remote.id or (subscription.plan, subscription.interval) != found:
        record_event(
            db,
            subscription.cooperative_id,
            "billing.card_read",
            by=STRIPE_ACTOR,
            on=on,
            params={"plan": code, "interval": interval},
        )
    if subscription.coupon and subscription.method != "card":
        subscription.coupon, subscription.coupon_left = None, 0  # Stripe applies it from now on
    subscription.method, subscription.stripe_subscription = "card", remote.id
    subscription.plan, subscription.interval = code, interval
    start, end = to_date(item.current_period_start), to_date(item.current_period_end)
    # Stripe's trial may be the rest of a period that was paid here; that period keeps its start and its value
    if remote.status != "trialing" or was_trial or end != subscription.period_end:
        subscription.anchor = subscription.period_start = start
        subscription.period_end = max(end, start + timedelta(days=1))
        subscription.value = int(_period_value(item, remote.status, invoices))
    subscription.next_plan = catalogue().trial.plan_after if remote.cancel_at_period_end else None
    subscription.next_interval = None
    await db.flush()
    late = find_overdue_invoice(await queries.list_unpaid_invoices(db, subscription.cooperative_id), on)
    if late is None:
        if subscription.status == "read_only":
            record_event(db, subscription.cooperative_id, "billing.opened_again", by=STRIPE_ACTOR, on=on)
        subscription.status = "trialing" if was_trial else "active"
    elif subscription.status != "read_only":
        subscription.status = "past_due"


def _period_value(item: StripeSubscriptionItem, status: str, invoices: list[StripeInvoice]) -> Rupiah:
    """Return the value of the current period: its price less the discount on the invoice that began it."""
    if status == "trialing":
        return Rupiah(0)
    price = to_rupiah(item.price.unit_amount)
    for remote in reversed(invoices):
        is_of_it = to_date(remote.created) >= to_date(item.current_period_start) - timedelta(days=1)
        if is_of_it and any(line.amount == item.price.unit_amount for line in remote.lines.data):
            return max(price - _discount(remote), Rupiah(0))
    return price


def _discount(remote: StripeInvoice) -> Rupiah:
    return Rupiah.total(to_rupiah(each.amount) for each in remote.total_discount_amounts or ())


async def _store_invoice(
    db: AsyncSession, subscription: Subscription, remote: StripeInvoice, on: date
) -> None:
    """Store a Stripe invoice as an invoice of ours: with our number and Stripe's sums.

    Drafts and invoices over nothing (of a trial) are skipped.
    """
    if remote.status in (None, "draft") or (remote.subtotal == 0 and remote.total == 0):
        return
    if remote.currency != CURRENCY:
        log.error("an invoice of Stripe is not in rupiah", invoice=remote.id)
        return
    known = await queries.find_invoice_by_stripe_id(db, remote.id)
    paid_at = remote.status_transitions.paid_at
    if known is None:
        known = await issue_stripe_invoice(
            db, subscription, _to_invoice(remote), _to_line_items(remote), on=on
        )
    if known.status == "open" and remote.status == "paid":
        when = to_date(paid_at) if paid_at else on
        mark_paid(db, known, method="card", reference=remote.id, confirmed_by=STRIPE_ACTOR, on=when)
    elif known.status == "open" and remote.status in ("void", "uncollectible"):
        known.status, known.closed_reason = remote.status, STRIPE_ACTOR
        params = {"number": known.number}
        record_event(
            db, known.cooperative_id, f"billing.{remote.status}", by=STRIPE_ACTOR, on=on, params=params
        )
    await db.flush()


def _to_invoice(remote: StripeInvoice) -> Invoice:
    """Convert a Stripe invoice to an open invoice of ours, without number and buyer."""
    issued = to_date(remote.status_transitions.finalized_at or remote.created)
    total, amount_due = to_rupiah(remote.total), to_rupiah(remote.amount_due)
    discount = _discount(remote)
    tax = Rupiah.total(to_rupiah(each.amount) for each in remote.total_taxes or ())
    known = catalogue().find_tax(issued) if tax else None
    start = to_date(remote.period_start)
    return Invoice(
        source_key=f"stripe:{remote.id}",
        issued_on=issued,
        due_on=issued,
        period_start=start,
        period_end=max(to_date(remote.period_end), start + timedelta(days=1)),
        subtotal=int(total + discount - tax),
        discount=int(discount),
        tax=int(tax),
        tax_label_id=known.label.localize("id") if known else "",
        tax_label_en=known.label.localize("en") if known else "",
        total=int(total),
        credit=int(total - amount_due),
        amount_due=int(amount_due),
        status="open",
        stripe_invoice=remote.id,
    )


def _to_line_items(remote: StripeInvoice) -> list[LineItem]:
    return [
        LineItem(
            StoredText(each.description or "Lumbung", each.description or "Lumbung"),
            to_rupiah(each.amount),
        )
        for each in remote.lines.data
    ]
