"""Reading back from Stripe what became of a subscription and its invoices, and believing nothing else.

Asked without a transaction, then written in one under the subscription's lock: repeated or out of order, the
last reading stands.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from billing import queries
from billing.invoicing import issue_mirrored, mark_paid, overdue
from billing.models import Invoice, Subscription
from billing.periods import begin_period, locked_subscription
from billing.plans import catalogue
from billing.registering import settle
from billing.rules import Line
from billing.stripe_door import (
    LIVE,
    Item,
    StripeInvoice,
    StripeSubscription,
    day_of,
    invoices_of,
    money,
    plan_of,
    stripe_of,
    subscriptions_of,
)
from billing.trail import record
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from payments.provider import ProviderFault
from payments.providers.stripe_amounts import CURRENCY
from tenants.session import shared_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

log = structlog.get_logger()
STRIPE = "Stripe"


async def look(database: Database, cooperative_id: UUID, on: date) -> None:
    """Read a cooperative's subscription and invoices at Stripe and write what they say.

    Raises ProviderFault where asking again may help.
    """
    async with shared_session(database) as db:
        known = await queries.subscription(db, cooperative_id)
    if known is None or known.stripe_customer is None:
        return
    client = stripe_of(database)
    try:
        subscriptions = await subscriptions_of(client, known.stripe_customer)
        invoices = await invoices_of(client, known.stripe_customer)
    except ProviderFault as fault:
        if fault.passing:
            raise
        log.warning("what Stripe answers about a subscription is of no use", said=str(fault))
        return
    live = [each for each in subscriptions if each.status in LIVE]
    async with shared_session(database) as db:
        subscription = await locked_subscription(db, cooperative_id, on)
        for invoice in invoices:
            await _mirror(db, subscription, invoice, on)
        await _follow(db, database, subscription, live, invoices, on)
        await settle(db, subscription, on)
    if len(live) > 1:
        # two pages were finished: the newest stands, the money of the other goes back by an operator's hand
        log.error("a customer has two subscriptions", customer=known.stripe_customer, kept=live[0].id)


async def _follow(
    db: AsyncSession, database: Database, subscription: Subscription, live: list[StripeSubscription],
    invoices: list[StripeInvoice], on: date,
) -> None:  # fmt: skip
    if not live:
        if subscription.way == "card":  # ended there: by its date, by an unpaid card, by hand
            free = catalogue().of(catalogue().trial.then)
            await begin_period(
                db, database.settings, subscription, free, "month", start=on, by=STRIPE, on=on, source_key=""
            )
            subscription.stripe_subscription = None
            record(
                db,
                subscription.cooperative_id,
                "billing.period_ended",
                by=STRIPE,
                on=on,
                facts={"plan": free.code},
            )
        return
    told = live[0]
    item = told.items.data[0]
    found = plan_of(item.price)
    if found is None:
        log.error("a subscription of Stripe is of no plan of ours", subscription=told.id)
        return
    code, every = found
    was_trial = subscription.status == "trialing" and told.status == "trialing"
    if subscription.stripe_subscription != told.id or (subscription.plan, subscription.every) != found:
        record(
            db,
            subscription.cooperative_id,
            "billing.card_read",
            by=STRIPE,
            on=on,
            facts={"plan": code, "every": every},
        )
    if subscription.coupon and subscription.way != "card":
        subscription.coupon, subscription.coupon_left = None, 0  # Stripe counts it from here on
    subscription.way, subscription.stripe_subscription = "card", told.id
    subscription.plan, subscription.every = code, every
    start, end = day_of(item.current_period_start), day_of(item.current_period_end)
    # what Stripe takes for a trial may be the rest of a period that was paid here: it keeps its beginning and
    # its worth
    if told.status != "trialing" or was_trial or end != subscription.period_end:
        subscription.anchor = subscription.period_start = start
        subscription.period_end = max(end, start + timedelta(days=1))
        subscription.value = int(_worth(item, told.status, invoices))
    subscription.next_plan = catalogue().trial.then if told.cancel_at_period_end else None
    subscription.next_every = None
    await db.flush()
    late = overdue(await queries.unpaid(db, subscription.cooperative_id), on)
    if late is None:
        if subscription.status == "read_only":
            record(db, subscription.cooperative_id, "billing.opened_again", by=STRIPE, on=on)
        subscription.status = "trialing" if was_trial else "active"
    elif subscription.status != "read_only":
        subscription.status = "past_due"


def _worth(item: Item, status: str, invoices: list[StripeInvoice]) -> Rupiah:
    """What the period of now is worth: its price,
    less what a coupon took off the invoice that it began with.
    """
    if status == "trialing":
        return Rupiah(0)
    price = money(item.price.unit_amount)
    for told in reversed(invoices):
        is_of_it = day_of(told.created) >= day_of(item.current_period_start) - timedelta(days=1)
        if is_of_it and any(line.amount == item.price.unit_amount for line in told.lines.data):
            return max(price - _discount(told), Rupiah(0))
    return price


def _discount(told: StripeInvoice) -> Rupiah:
    return Rupiah.total(money(each.amount) for each in told.total_discount_amounts or ())


async def _mirror(db: AsyncSession, subscription: Subscription, told: StripeInvoice, on: date) -> None:
    """Keep an invoice of Stripe as one of ours: our number, its sums.

    One that asks for nothing (a trial's) is none.
    """
    if told.status in (None, "draft") or (told.subtotal == 0 and told.total == 0):
        return
    if told.currency != CURRENCY:
        log.error("an invoice of Stripe is not in rupiah", invoice=told.id)
        return
    known = await queries.invoice_of_stripe(db, told.id)
    paid_at = told.status_transitions.paid_at
    if known is None:
        known = await issue_mirrored(db, subscription, _values(told), _lines(told), on=on)
    if known.state == "open" and told.status == "paid":
        when = day_of(paid_at) if paid_at else on
        mark_paid(db, known, way="card", reference=told.id, confirmed_by=STRIPE, on=when)
    elif known.state == "open" and told.status in ("void", "uncollectible"):
        known.state, known.closed_reason = told.status, STRIPE
        facts = {"number": known.number}
        record(db, known.cooperative_id, f"billing.{told.status}", by=STRIPE, on=on, facts=facts)
    await db.flush()


def _values(told: StripeInvoice) -> Invoice:
    issued = day_of(told.status_transitions.finalized_at or told.created)
    total, to_pay = money(told.total), money(told.amount_due)
    discount = _discount(told)
    tax = Rupiah.total(money(each.amount) for each in told.total_taxes or ())
    known = catalogue().tax_on(issued) if tax else None
    start = day_of(told.period_start)
    return Invoice(
        source_key=f"stripe:{told.id}",
        issued_on=issued,
        due_on=issued,
        period_start=start,
        period_end=max(day_of(told.period_end), start + timedelta(days=1)),
        subtotal=int(total + discount - tax),
        discount=int(discount),
        tax=int(tax),
        tax_label_id=known.label.id if known else "",
        tax_label_en=known.label.en if known else "",
        total=int(total),
        credit=int(total - to_pay),
        to_pay=int(to_pay),
        state="open",
        stripe_invoice=told.id,
    )


def _lines(told: StripeInvoice) -> list[Line]:
    return [
        Line(LocalizedText(each.description or "Lumbung", each.description or "Lumbung"), money(each.amount))
        for each in told.lines.data
    ]
