"""What officers do with their subscription: choose a plan, cancel, resume, set the billing contact."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal, cast
from uuid import UUID

import msgspec

from billing import errors, queries
from billing.history import record_event
from billing.invoicing import InvoiceDraft, add_credit, find_overdue_invoice, issue_invoice
from billing.models import Subscription
from billing.periods import apply_coupon, begin_period, lock_subscription
from billing.plans import Interval, Plan, catalogue
from billing.registry_sync import sync_registry
from billing.rules import (
    LineItem,
    Proration,
    apply_discount,
    calculate_totals,
    is_upgrade,
    next_period_end,
    prorate_change,
)
from kernel.errors import LocalizedText
from kernel.money import Rupiah

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.settings import Settings


class PlanQuote(msgspec.Struct, frozen=True):
    """What choosing a plan would do and cost, in rupiah.

    ``amount_due`` is what is invoiced now, with tax and after credit; Rp0 when nothing is invoiced now.
    ``given_back`` is credit that the change gives back.

    ``kind``: "after_trial" (begins when the trial ends), "start" (from the free plan, today), "now" (an
    upgrade; ``change`` holds its proration), "at_end" (a downgrade, when the period ends).
    """

    kind: Literal["after_trial", "start", "now", "at_end"]
    plan: Plan
    interval: Interval
    begins: date
    ends: date | None
    price: Rupiah
    tax: Rupiah = Rupiah(0)
    credit: Rupiah = Rupiah(0)
    amount_due: Rupiah = Rupiah(0)
    given_back: Rupiah = Rupiah(0)
    change: Proration | None = None


class BillingContact(msgspec.Struct, frozen=True):
    """Who receives the invoices, and the buyer printed on them; every field may be empty."""

    name: str
    email: str
    phone: str
    buyer_name: str
    buyer_address: str
    buyer_tax_number: str


async def quote_plan(
    db: AsyncSession, settings: Settings, cooperative_id: UUID, plan_code: str, interval: Interval, on: date
) -> PlanQuote:
    """Return what choosing this plan today would do and cost.

    Raises DomainError: billing.no_such_plan, .same_plan, .pay_first, and .by_card for a downgrade of a card
    subscription.
    """
    subscription = await lock_subscription(db, cooperative_id, on)
    return await _quote(db, settings, subscription, plan_code, interval, on)


async def choose_plan(
    db: AsyncSession,
    settings: Settings,
    cooperative_id: UUID,
    plan_code: str,
    interval: Interval,
    *,
    by: str,
    on: date,
    key: str,
) -> PlanQuote | None:
    """Choose a plan and return what it did.

    ``key`` comes with the form: it invoices once, and the second time returns None. A choice without an
    invoice raises billing.same_plan the second time. Raises DomainError as ``quote_plan`` does, and
    billing.by_card.
    """
    subscription = await lock_subscription(db, cooperative_id, on)
    source_key = f"change:{cooperative_id}:{key}"
    if await queries.has_invoice(db, source_key):
        return None
    _require_not_card(subscription)
    quote = await _quote(db, settings, subscription, plan_code, interval, on)
    before = f"{subscription.plan}/{subscription.interval}"
    if quote.kind == "start":
        await begin_period(
            db, settings, subscription, quote.plan, interval, start=on, by=by, on=on, source_key=source_key
        )
    elif quote.change is not None:
        await _apply_upgrade(db, settings, subscription, quote, by=by, on=on, source_key=source_key)
    elif quote.kind == "after_trial" and not quote.plan.free:
        subscription.plan = quote.plan.code  # the trial continues with this plan; paid at its end
        subscription.next_plan, subscription.next_interval = quote.plan.code, interval
    else:
        subscription.next_plan, subscription.next_interval = quote.plan.code, interval
    params = {
        "before": before,
        "plan": quote.plan.code,
        "interval": interval,
        "begins": quote.begins.isoformat(),
    }
    record_event(db, cooperative_id, "billing.plan_chosen", by=by, on=on, params=params)
    await sync_registry(db, subscription, on)
    return quote


async def cancel_subscription(db: AsyncSession, cooperative_id: UUID, *, by: str, on: date) -> date:
    """Cancel the plan at the end of its period; return that day, from which the free plan applies.

    Raises DomainError: billing.nothing_to_cancel, .by_card.
    """
    subscription = await lock_subscription(db, cooperative_id, on)
    free = catalogue().trial.plan_after
    if subscription.period_end is None or subscription.next_plan == free:
        raise errors.NOTHING_TO_CANCEL()
    _require_not_card(subscription)
    subscription.next_plan, subscription.next_interval = free, None
    record_event(
        db,
        cooperative_id,
        "billing.cancelled",
        by=by,
        on=on,
        params={"ends_on": subscription.period_end.isoformat()},
    )
    await sync_registry(db, subscription, on)
    return subscription.period_end


async def resume_subscription(db: AsyncSession, cooperative_id: UUID, *, by: str, on: date) -> None:
    """Undo a cancellation or a planned change: the current plan continues.

    Raises DomainError: billing.nothing_to_resume, .by_card.
    """
    subscription = await lock_subscription(db, cooperative_id, on)
    if subscription.period_end is None or subscription.next_plan in (None, subscription.plan):
        raise errors.NOTHING_TO_RESUME()
    _require_not_card(subscription)
    # a trial ends in next_plan; with none chosen, that is the free plan
    subscription.next_plan = subscription.plan if subscription.status == "trialing" else None
    subscription.next_interval = subscription.interval if subscription.next_plan else None
    record_event(db, cooperative_id, "billing.resumed", by=by, on=on, params={"plan": subscription.plan})
    await sync_registry(db, subscription, on)


async def set_contact(
    db: AsyncSession, cooperative_id: UUID, contact: BillingContact, *, by: str, on: date
) -> None:
    """Set who receives the invoices and the buyer printed on them, from the next invoice on."""
    subscription = await lock_subscription(db, cooperative_id, on)
    subscription.contact_name = contact.name
    subscription.contact_email = contact.email
    subscription.contact_phone = contact.phone
    subscription.buyer_name = contact.buyer_name
    subscription.buyer_address = contact.buyer_address
    subscription.buyer_tax_number = contact.buyer_tax_number
    record_event(db, cooperative_id, "billing.contact_changed", by=by, on=on, params={"name": contact.name})
    await sync_registry(db, subscription, on)


def _require_not_card(subscription: Subscription) -> None:
    if subscription.method == "card":
        raise errors.BY_CARD()


async def _quote(
    db: AsyncSession,
    settings: Settings,
    subscription: Subscription,
    plan_code: str,
    interval: Interval,
    on: date,
) -> PlanQuote:
    """Compute what choosing a plan would do; see ``quote_plan``."""
    found = catalogue()
    plan = found.find_sold_plan(plan_code)
    if plan is None:
        raise errors.NO_SUCH_PLAN()
    old, old_interval = found.get_plan(subscription.plan), cast("Interval", subscription.interval)
    trialing = subscription.status == "trialing"
    next_plan = subscription.next_plan or subscription.plan
    next_interval = subscription.next_interval or subscription.interval
    if plan.code == next_plan and (plan.free or interval == next_interval):
        raise errors.SAME_PLAN()
    late = find_overdue_invoice(await queries.list_unpaid_invoices(db, subscription.cooperative_id), on)
    if late is not None and not plan.free:
        raise errors.PAY_FIRST(number=late.number)
    has_coupon = (
        subscription.coupon_left > 0 and subscription.method == "invoice"
    )  # Stripe applies coupons to card payments
    percent = await queries.get_coupon_percent(db, subscription.coupon) if has_coupon else 0
    price = apply_discount(plan.price_for(interval), percent)
    start, end = subscription.period_start, subscription.period_end
    if start is None or end is None:
        quote = PlanQuote("start", plan, interval, on, next_period_end(on, interval, on), price)
        return await _with_tax_and_credit(db, settings, subscription, quote, price, on)
    if trialing or not is_upgrade(old, old_interval, plan, interval):
        if plan.free or not trialing:
            _require_not_card(subscription)  # done in Stripe's portal; Stripe cannot schedule a smaller plan
        kind: Literal["after_trial", "at_end"] = "after_trial" if trialing else "at_end"
        return PlanQuote(kind, plan, interval, end, None, price)
    change = prorate_change(
        value=Rupiah(subscription.value),
        anchor=subscription.anchor or start,
        start=start,
        end=end,
        interval=old_interval,
        new=plan,
        new_interval=interval,
        percent=percent,
        on=on,
    )
    quote = PlanQuote("now", plan, interval, on, change.period_end, price, change=change)
    return await _with_tax_and_credit(db, settings, subscription, quote, change.net, on)


async def _with_tax_and_credit(
    db: AsyncSession, settings: Settings, subscription: Subscription, quote: PlanQuote, net: Rupiah, on: date
) -> PlanQuote:
    """Add tax and credit as the invoice will; a net amount below zero is given back as credit."""
    tax = catalogue().find_tax(on) if settings.billing_pkp else None
    if net < 0:
        on_top = net.times(tax.fraction, rounding="half_up") if tax else Rupiah(0)
        return msgspec.structs.replace(quote, given_back=-(net + on_top))
    credit_balance = Rupiah(await queries.get_credit_balance(db, subscription.cooperative_id))
    totals = calculate_totals(
        [LineItem(LocalizedText(""), net)], discount=Rupiah(0), tax=tax, credit=credit_balance
    )
    return msgspec.structs.replace(quote, tax=totals.tax, credit=totals.credit, amount_due=totals.amount_due)


async def _apply_upgrade(
    db: AsyncSession,
    settings: Settings,
    subscription: Subscription,
    quote: PlanQuote,
    *,
    by: str,
    on: date,
    source_key: str,
) -> None:
    """Switch to the plan of a quote now, and invoice the difference or give it back as credit."""
    change = quote.change
    assert change is not None
    await apply_coupon(db, subscription)
    old = catalogue().get_plan(subscription.plan)
    subscription.plan, subscription.interval = quote.plan.code, quote.interval
    if change.period_start != subscription.period_start:
        subscription.anchor = change.period_start
    subscription.period_start, subscription.period_end = change.period_start, change.period_end
    subscription.value = int(change.value)
    subscription.next_plan = subscription.next_interval = None
    if quote.given_back:
        add_credit(
            db,
            subscription.cooperative_id,
            quote.given_back,
            reason=f"Ganti paket ke {quote.plan.name.localize('id')}",
            by=by,
            key=source_key,
            on=on,
        )
        return
    lines = (
        LineItem(
            LocalizedText(
                "Paket {plan}, {period}",
            ).format(plan=quote.plan.name, period=_describe_days(change, quote)),
            change.charged,
        ),
        LineItem(
            LocalizedText(
                "Paket {plan} yang tidak terpakai, {left} dari {days} hari",
                counted="days",
            ).format(plan=old.name, left=change.days_left, days=change.days),
            -change.unused,
        ),
    )
    draft = InvoiceDraft(
        source_key=source_key, lines=lines, period_start=change.period_start, period_end=change.period_end
    )
    await issue_invoice(db, settings, subscription, draft, by=by, on=on)


def _describe_days(change: Proration, quote: PlanQuote) -> LocalizedText:
    """Return the label of the part of the period that the new plan is charged for."""
    if change.charged == change.value and change.period_start == quote.begins:
        return LocalizedText("satu bulan") if quote.interval == "month" else LocalizedText("satu tahun")
    return LocalizedText("{left} dari {days} hari", counted="days").format(
        left=change.days_left, days=change.days
    )
