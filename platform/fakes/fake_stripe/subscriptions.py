"""Start and change subscriptions.

The calls are in `subscription_calls`, what happens over time in `renewals`.
"""

from __future__ import annotations

from typing import Any

from fakes.fake_stripe.cards import DECLINES, decline
from fakes.fake_stripe.catalog import price_of_item
from fakes.fake_stripe.customers import method_of
from fakes.fake_stripe.discounts import new_discount
from fakes.fake_stripe.errors import invalid
from fakes.fake_stripe.invoices import DAY, HOUR, attempt_payment, auto_advance, decline_message, finalize
from fakes.fake_stripe.proration import change_lines
from fakes.fake_stripe.renewals import (
    add_intervals,
    bill,
    end,
    invoice_lines,
    next_period,
    plan,
    set_period,
    set_status,
)
from fakes.fake_stripe.routing import ApiCall
from fakes.fake_stripe.store import Resource, new_id, whole_list
from fakes.fake_stripe.totals import tax_rates_named
from fakes.fake_stripe.world import World


def new_item(subscription: str, price: Resource, quantity: int, rates: list[Resource], now: int) -> Resource:
    return {
        "id": new_id("si"),
        "object": "subscription_item",
        "created": now,
        "current_period_start": now,
        "current_period_end": now,
        "discounts": [],
        "metadata": {},
        "price": price,
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": rates,
        "_rates": rates,
    }


def start(
    world: World,
    account: str,
    customer: Resource,
    wanted: list[tuple[Resource, int, list[Resource]]],
    *,
    trial_end: int | None = None,
    coupons: list[Resource] | None = None,
    behaviour: str = "allow_incomplete",
    **more: Any,
) -> Resource:
    """Start a subscription to prices, each with a quantity and tax rates.

    Raises StripeApiError when the first invoice must be paid at once and is not.
    """
    now = world.time_of(account, customer).now()
    name = new_id("sub")
    subscription: Resource = {
        "id": name,
        "object": "subscription",
        "billing_cycle_anchor": trial_end or now,
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": wanted[0][0]["currency"],
        "customer": customer["id"],
        "days_until_due": None,
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "items": None,
        "latest_invoice": None,
        "livemode": False,
        "metadata": {},
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "trialing" if trial_end else "incomplete",
        "test_clock": customer["test_clock"],
        "trial_end": trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": now if trial_end else None,
        "_items": [new_item(name, price, quantity, rates, now) for price, quantity, rates in wanted],
        **more,
    }
    sends = subscription["collection_method"] == "send_invoice"
    if (
        not trial_end
        and not sends
        and behaviour != "default_incomplete"
        and method_of(world, account, customer, subscription) is None
    ):
        raise invalid(decline_message("no_method"), code="resource_missing")
    subscription["items"] = whole_list(subscription["_items"], f"/v1/subscription_items?subscription={name}")
    for one in coupons or []:
        until = (
            add_intervals(now, "month", one["coupon"]["duration_in_months"])
            if one["coupon"]["duration_in_months"]
            else None
        )
        subscription["discounts"].append(
            new_discount(world, account, one, now, until, subscription=name, customer=customer["id"])["id"]
        )
    set_period(subscription, now, trial_end or next_period(subscription, now))
    world.store(account).add(subscription)
    lines = invoice_lines(
        subscription,
        subscription["_items"],
        (now, subscription["_items"][0]["current_period_end"]),
        free=bool(trial_end),
    )
    invoice = bill(world, account, subscription, lines, "subscription_create")
    if sends:
        subscription["status"] = "trialing" if trial_end else "active"
    world.emit(account, "customer.subscription.created", subscription)
    plan(world, account, subscription)
    if not sends:
        _first_payment(world, account, subscription, invoice, behaviour)
    return subscription


def _first_payment(
    world: World, account: str, subscription: Resource, invoice: Resource, behaviour: str
) -> None:
    finalize(world, account, invoice)
    if invoice["status"] == "paid" or behaviour == "default_incomplete":
        reason = None
    else:
        reason = attempt_payment(world, account, invoice)
    if reason is not None and behaviour == "error_if_incomplete":
        end(world, account, subscription, "payment_failed")
        world.store(account).remove(subscription)
        raise (
            decline(reason)
            if reason in DECLINES
            else invalid(decline_message(reason), code="resource_missing")
        )
    if subscription["status"] == "incomplete":  # it may still become active for 23 hours
        world.time_of(account, subscription).at(
            invoice["created"] + 23 * HOUR, lambda: _give_up(world, account, subscription)
        )


def _give_up(world: World, account: str, subscription: Resource) -> None:
    if subscription["status"] == "incomplete":
        set_status(world, account, subscription, "incomplete_expired")


def planned_items(call: ApiCall, subscription: Resource, given: list[Resource], path: str) -> list[Resource]:
    """Return the items of a subscription after a change, without changing it.

    Raises StripeApiError for an unknown item or price.
    """
    items = {item["id"]: dict(item) for item in subscription["_items"]}
    for position, one in enumerate(given):
        at = f"{path}[{position}]"
        if (name := one.get("id")) is None:
            price = price_of_item(call.world, call.account, one, at)
            rates = tax_rates_named(call.world, call.account, one.get("tax_rates") or [], f"{at}[tax_rates]")
            item = new_item(
                subscription["id"],
                price,
                one.get("quantity", 1),
                rates,
                subscription["_items"][0]["current_period_start"],
            )
            item["current_period_end"] = subscription["_items"][0]["current_period_end"]
            items[item["id"]] = item
            continue
        if name not in items:
            raise invalid(f"No such subscription item: '{name}'", param=f"{at}[id]", code="resource_missing")
        if one.get("deleted"):
            del items[name]
            continue
        if "price" in one or "price_data" in one:
            items[name]["price"] = price_of_item(call.world, call.account, one, at)
        items[name]["quantity"] = one.get("quantity", items[name]["quantity"])
    if not items:
        raise invalid("A subscription must have at least one active plan.", param=path)
    kinds = {
        (
            item["price"]["currency"],
            item["price"]["recurring"]["interval"],
            item["price"]["recurring"]["interval_count"],
        )
        for item in items.values()
        if item["price"]["recurring"]
    }
    if len(kinds) != 1 or any(not item["price"]["recurring"] for item in items.values()):
        raise invalid(
            "All prices on a subscription must be recurring, with the same `interval` and currency.",
            param=path,
        )
    return list(items.values())


def trial_end(now: int, moment: Any, days: int | None) -> int | None:
    if days is not None and moment is not None:
        raise invalid(
            "You may only specify one of these parameters: trial_end, trial_period_days.", param="trial_end"
        )
    if days is not None:
        if not 0 <= days <= 730:
            raise invalid(
                "The maximum number of trial period days is 730 (2 years).", param="trial_period_days"
            )
        return now + days * DAY if days else None
    if moment == "now" or moment is None:
        return None
    if moment <= now:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future", param="trial_end")
    return int(moment)


def change(
    world: World, account: str, subscription: Resource, planned: list[Resource], behaviour: str, moment: int
) -> None:
    """Replace the items by ``planned``; charge or credit the rest of the period by ``behaviour``."""
    old = subscription["_items"]
    lines = (
        []
        if behaviour == "none" or subscription["status"] == "trialing"
        else change_lines(subscription, old, planned, moment)
    )
    other_rhythm = (
        planned[0]["price"]["recurring"] != old[0]["price"]["recurring"]
        and subscription["status"] != "trialing"
    )
    subscription["_items"] = planned
    subscription["items"]["data"] = planned
    if other_rhythm:  # a new period begins and is invoiced now
        lines = [one for one in lines if one["amount"] < 0]
        subscription["billing_cycle_anchor"] = moment
        set_period(subscription, moment, next_period(subscription, moment))
        lines += invoice_lines(subscription, planned, (moment, planned[0]["current_period_end"]))
        plan(world, account, subscription)
    if other_rhythm or (lines and behaviour == "always_invoice"):
        invoice = bill(world, account, subscription, lines, "subscription_update")
        auto_advance(world, account, invoice)
        return
    for one in lines:
        item = {
            "id": new_id("ii"),
            "object": "invoiceitem",
            "amount": one["amount"],
            "currency": one["currency"],
            "customer": subscription["customer"],
            "date": moment,
            "description": one["description"],
            "discountable": False,
            "discounts": [],
            "invoice": None,
            "livemode": False,
            "metadata": {},
            "parent": one["parent"],
            "period": one["period"],
            "pricing": one["pricing"],
            "proration": True,
            "quantity": one["quantity"],
            "tax_rates": [],
            "_subscription": subscription["id"],
            "_rates": one["_rates"],
        }
        world.store(account).add(item)
        world.emit(account, "invoiceitem.created", item)
