"""Subscriptions over time: trial end, period end, invoice, payment and retries."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime

from fakes.fake_stripe.invoices import (
    AFTER_FAILURE,
    AFTER_PAYMENT,
    DAY,
    attempt_payment,
    line,
    new_invoice,
    pricing,
    save_draft,
    subscription_of,
)
from fakes.fake_stripe.store import Resource, serialize
from fakes.fake_stripe.world import World, changed

# a custom schedule of the dashboard; smart retries are not predictable
RETRY_AFTER = (3 * DAY, 5 * DAY, 7 * DAY)
LIVE = frozenset({"trialing", "active", "past_due", "unpaid"})


def add_intervals(anchor: int, interval: str, count: int) -> int:
    """Return the time ``count`` intervals after the anchor.

    A month after 31 January is the last day of February.
    """
    if interval in {"day", "week"}:
        return anchor + count * (DAY if interval == "day" else 7 * DAY)
    start = datetime.fromtimestamp(anchor, UTC)
    months = start.month - 1 + count * (12 if interval == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def next_period(subscription: Resource, start: int) -> int:
    """Return when the period that begins at ``start`` ends.

    Counted from the anchor, so that a short month does not shift the rest.
    """
    recurring = subscription["_items"][0]["price"]["recurring"]
    anchor, count = subscription["billing_cycle_anchor"], 0
    while (end := add_intervals(anchor, recurring["interval"], count)) <= start:
        count += recurring["interval_count"]
    return end


def set_period(subscription: Resource, start: int, end: int) -> None:
    """Set the current period of every item."""
    for item in subscription["_items"]:
        item |= {"current_period_start": start, "current_period_end": end}


def parent_of(subscription: Resource) -> Resource:
    """Return the `parent` of an invoice of this subscription."""
    details = {
        "metadata": dict(subscription["metadata"]),
        "subscription": subscription["id"],
        "subscription_proration_date": None,
    }
    return {"type": "subscription_details", "quote_details": None, "subscription_details": details}


def invoice_lines(
    subscription: Resource, items: list[Resource], period: tuple[int, int], *, free: bool = False
) -> list[Resource]:
    """Return the lines of one period, one for each item; ``free`` in a trial."""
    lines = []
    for item in items:
        price = item["price"]
        details = {
            "invoice_item": None,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": subscription["id"],
            "subscription_item": item["id"],
        }
        lines.append(
            line(
                None,
                0 if free else price["unit_amount"] * item["quantity"],
                f"{item['quantity']} × {price['nickname'] or price['product']}",
                period,
                rates=item["_rates"],
                quantity=item["quantity"],
                pricing=pricing(price),
                currency=price["currency"],
                parent={
                    "type": "subscription_item_details",
                    "invoice_item_details": None,
                    "subscription_item_details": details,
                },
            )
        )
    return lines


def pending_lines(world: World, account: str, customer: Resource, *, keep: bool = False) -> list[Resource]:
    """Return lines of the pending items for the customer's next invoice; ``keep`` leaves them pending."""
    waiting = [
        one
        for one in world.store(account).of_kind("invoiceitem")
        if one["customer"] == customer["id"] and one["invoice"] is None
    ]
    return take_pending([dict(one) for one in waiting] if keep else waiting, "taken")


def take_pending(items: list[Resource], invoice: str) -> list[Resource]:
    """Assign pending items to an invoice and return its lines for them."""
    lines = []
    for item in items:
        item["invoice"] = invoice
        period = (item["period"]["start"], item["period"]["end"])
        lines.append(
            line(
                invoice,
                item["amount"],
                item["description"] or "",
                period,
                rates=item["_rates"],
                quantity=item["quantity"],
                pricing=item["pricing"],
                currency=item["currency"],
                parent=item["parent"],
            )
        )
    return lines


def bill(world: World, account: str, subscription: Resource, lines: list[Resource], reason: str) -> Resource:
    """Create the draft of a subscription's invoice, including pending items."""
    customer = world.store(account).resources[subscription["customer"]]
    lines = pending_lines(world, account, customer) + lines
    invoice = new_invoice(
        world,
        account,
        customer,
        lines,
        list(subscription["discounts"]),
        billing_reason=reason,
        collection_method=subscription["collection_method"],
        parent=parent_of(subscription),
        default_tax_rates=subscription["default_tax_rates"],
    )
    if subscription["days_until_due"] is not None:
        invoice["due_date"] = invoice["created"] + subscription["days_until_due"] * DAY
    first = subscription["_items"][0]
    invoice |= {"period_start": first["current_period_start"], "period_end": first["current_period_end"]}
    for item in world.store(account).of_kind("invoiceitem"):
        if item["invoice"] == "taken":
            item["invoice"] = invoice["id"]
    subscription["latest_invoice"] = invoice["id"]
    subscription["discounts"] = [
        name for name in subscription["discounts"] if not _used_up(world, account, name, invoice["created"])
    ]
    return save_draft(world, account, invoice)


def _used_up(world: World, account: str, name: str, now: int) -> bool:
    things = world.store(account).resources
    discount = things[name]
    coupon = things.get(discount["source"]["coupon"])
    return (coupon is not None and coupon["duration"] == "once") or (
        discount["end"] is not None and discount["end"] <= now
    )


def plan(world: World, account: str, subscription: Resource) -> None:
    """Schedule the subscription's next step in the agenda.

    An earlier step that no longer applies has no effect.
    """
    timeline = world.time_of(account, subscription)
    end = subscription["_items"][0]["current_period_end"]
    timeline.at(end, lambda: renew(world, account, subscription, end))
    if subscription["status"] == "trialing" and (warn := end - 3 * DAY) > timeline.now():
        timeline.at(warn, lambda: _warn(world, account, subscription, end))
    if (stop := subscription["cancel_at"]) is not None and stop < end:
        timeline.at(stop, lambda: _stop(world, account, subscription, stop))


def _warn(world: World, account: str, subscription: Resource, end: int) -> None:
    if subscription["status"] == "trialing" and subscription["trial_end"] == end:
        world.emit(account, "customer.subscription.trial_will_end", subscription)


def _stop(world: World, account: str, subscription: Resource, moment: int) -> None:
    if subscription["status"] in LIVE and subscription["cancel_at"] == moment:
        end(world, account, subscription, "cancellation_requested")


def end(world: World, account: str, subscription: Resource, reason: str) -> None:
    """End the subscription for good."""
    now = world.time_of(account, subscription).now()
    subscription |= {"status": "canceled", "canceled_at": subscription["canceled_at"] or now, "ended_at": now}
    subscription["cancellation_details"]["reason"] = reason
    world.emit(account, "customer.subscription.deleted", subscription)


def renew(world: World, account: str, subscription: Resource, moment: int) -> None:
    """Renew a subscription whose period ends at ``moment``."""
    if subscription["status"] not in LIVE or subscription["_items"][0]["current_period_end"] != moment:
        return
    if subscription["cancel_at_period_end"] or subscription["cancel_at"] == moment:
        end(world, account, subscription, "cancellation_requested")
        return
    before = serialize(subscription)
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    set_period(subscription, moment, next_period(subscription, moment))
    invoice = bill(
        world,
        account,
        subscription,
        invoice_lines(subscription, subscription["_items"], _period(subscription)),
        "subscription_cycle",
    )
    world.emit(account, "customer.subscription.updated", subscription, changed(before, subscription))
    if subscription["status"] == "unpaid":
        invoice["auto_advance"] = False  # not collected while the subscription is unpaid
    plan(world, account, subscription)


def _period(subscription: Resource) -> tuple[int, int]:
    first = subscription["_items"][0]
    return first["current_period_start"], first["current_period_end"]


def set_status(world: World, account: str, subscription: Resource, status: str) -> None:
    """Change the status and emit an event, unless it is already this one."""
    if subscription["status"] != status:
        before = {"status": subscription["status"]}
        subscription["status"] = status
        world.emit(account, "customer.subscription.updated", subscription, before)


def after_payment(world: World, account: str, invoice: Resource) -> None:
    """Activate the subscription when it has no other open invoice."""
    subscription = world.store(account).resources.get(subscription_of(invoice) or "")
    if subscription is None or subscription["status"] not in {"incomplete", "past_due", "unpaid"}:
        return
    others = [
        one
        for one in world.store(account).of_kind("invoice")
        if subscription_of(one) == subscription["id"] and one["status"] == "open"
    ]
    if not others:
        set_status(world, account, subscription, "active")


def after_failure(world: World, account: str, invoice: Resource) -> None:
    """Schedule the next attempt; after the last one, apply the account's setting."""
    subscription = world.store(account).resources.get(subscription_of(invoice) or "")
    if subscription is None or invoice["billing_reason"] == "subscription_create":
        return
    tries = invoice["attempt_count"]
    timeline = world.time_of(account, invoice)
    if tries <= len(RETRY_AFTER):
        moment = timeline.now() + RETRY_AFTER[tries - 1]
        invoice["next_payment_attempt"] = moment
        timeline.at(moment, lambda: _again(world, account, invoice, moment))
        if subscription["status"] in {"active", "trialing"}:
            set_status(world, account, subscription, "past_due")
        return
    invoice["next_payment_attempt"] = None
    if world.after_last_retry == "canceled":
        end(world, account, subscription, "payment_failed")
    else:
        set_status(world, account, subscription, world.after_last_retry)


def _again(world: World, account: str, invoice: Resource, moment: int) -> None:
    if invoice["status"] == "open" and invoice["next_payment_attempt"] == moment:
        attempt_payment(world, account, invoice)


AFTER_PAYMENT.append(after_payment)
AFTER_FAILURE.append(after_failure)
