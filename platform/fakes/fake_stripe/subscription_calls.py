"""API calls about subscriptions."""

from __future__ import annotations

from typing import Any

from stripe.params import (
    SubscriptionCancelParams,
    SubscriptionCreateParams,
    SubscriptionItemListParams,
    SubscriptionListParams,
    SubscriptionUpdateParams,
)

from fakes.fake_stripe.cards import method_named
from fakes.fake_stripe.catalog import price_of_item
from fakes.fake_stripe.discounts import new_discount
from fakes.fake_stripe.errors import invalid, missing
from fakes.fake_stripe.invoices import auto_advance
from fakes.fake_stripe.proration import change_lines
from fakes.fake_stripe.renewals import bill, end, invoice_lines, next_period, plan, set_period
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, serialize
from fakes.fake_stripe.subscriptions import change, planned_items, start, trial_end
from fakes.fake_stripe.totals import discounts_given, tax_rates_named
from fakes.fake_stripe.world import changed


@route("POST", "/v1/subscriptions", SubscriptionCreateParams)
def create(call: ApiCall) -> Resource:
    if (name := call.params.get("customer")) is None:
        raise missing("customer")
    customer = call.store.named("customer", name, "customer")
    if not (given := call.params.get("items")):
        raise missing("items")
    wanted = []
    for position, one in enumerate(given):
        price = price_of_item(call.world, call.account, one, f"items[{position}]")
        if price["recurring"] is None:
            raise invalid("The price specified is set to `type=one_time` but this field only accepts prices "
                          "with `type=recurring`.", param=f"items[{position}][price]")  # fmt: skip
        wanted.append(
            (
                price,
                one.get("quantity", 1),
                tax_rates_named(call.world, call.account, one.get("tax_rates") or [], "tax_rates"),
            )
        )
    now = call.world.time_of(call.account, customer).now()
    collection, days = (
        call.params.get("collection_method", "charge_automatically"),
        call.params.get("days_until_due"),
    )
    if (collection == "send_invoice") != (days is not None):
        raise invalid(
            "`days_until_due` belongs to a `collection_method` of send_invoice, and only there.",
            param="days_until_due",
        )
    more: Resource = {
        "collection_method": collection,
        "days_until_due": days,
        "cancel_at_period_end": call.params.get("cancel_at_period_end", False),
    }
    if method := call.params.get("default_payment_method"):
        more["default_payment_method"] = _own_method(call, method, customer)
    more["default_tax_rates"] = tax_rates_named(
        call.world, call.account, call.params.get("default_tax_rates") or [], "default_tax_rates"
    )
    subscription = start(
        call.world, call.account, customer, wanted,
        trial_end=trial_end(now, call.params.get("trial_end"), call.params.get("trial_period_days")),
        coupons=discounts_given(call.world, call.account, call.params.get("discounts") or [], name),
        behaviour=call.params.get("payment_behavior", "allow_incomplete"),
        metadata=dict(call.params.get("metadata") or {}), **more,
    )  # fmt: skip
    return apply_fields(call, subscription, "description")


def _own_method(call: ApiCall, name: str, customer: Resource) -> str:
    method = method_named(call.world, call.account, name, "default_payment_method")
    if method["customer"] != customer["id"]:
        raise invalid(f"The customer does not have a payment method with the ID {name}. The payment method "
                      f"must be attached to the customer.",
                      param="default_payment_method", code="resource_missing")  # fmt: skip
    return str(method["id"])


@route("GET", "/v1/subscriptions", SubscriptionListParams)
def list_subscriptions(call: ApiCall) -> Resource:
    found, status = call.store.of_kind("subscription"), call.params.get("status")
    if status is None:
        found = [one for one in found if one["status"] != "canceled"]
    elif status == "ended":
        found = [one for one in found if one["status"] in {"canceled", "incomplete_expired"}]
    elif status != "all":
        found = [one for one in found if one["status"] == status]
    if price := call.params.get("price"):
        found = [one for one in found if any(item["price"]["id"] == price for item in one["_items"])]
    return call.listed(found, "customer", "test_clock", "collection_method")


@route("GET", "/v1/subscriptions/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("subscription", call.names[0])


@route("GET", "/v1/subscription_items", SubscriptionItemListParams)
def list_items(call: ApiCall) -> Resource:
    return call.listed(
        list(call.store.named("subscription", call.params["subscription"], "subscription")["_items"])
    )


@route("POST", "/v1/subscriptions/{}", SubscriptionUpdateParams)
def update(call: ApiCall) -> Resource:
    subscription = call.store.get("subscription", call.names[0])
    if subscription["status"] in {"canceled", "incomplete_expired"}:
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    before = serialize(subscription)
    now = call.world.time_of(call.account, subscription).now()
    if "cancel_at_period_end" in call.params:
        stops = call.params["cancel_at_period_end"]
        subscription |= {"cancel_at_period_end": stops, "canceled_at": now if stops else None}
        subscription["cancel_at"] = subscription["_items"][0]["current_period_end"] if stops else None
        subscription["cancellation_details"]["reason"] = "cancellation_requested" if stops else None
    apply_fields(call, subscription, "description", "collection_method", "days_until_due", "pause_collection")
    if method := call.params.get("default_payment_method"):
        subscription["default_payment_method"] = _own_method(
            call, method, call.store.resources[subscription["customer"]]
        )
    if "discounts" in call.params:
        given = discounts_given(
            call.world, call.account, call.params["discounts"] or [], subscription["customer"]
        )
        subscription["discounts"] = [
            new_discount(call.world, call.account, one, now, None, subscription=subscription["id"])["id"]
            for one in given
        ]
    if "default_tax_rates" in call.params:
        rates = tax_rates_named(
            call.world, call.account, call.params["default_tax_rates"] or [], "default_tax_rates"
        )
        subscription["default_tax_rates"] = rates
    if "items" in call.params:
        planned = planned_items(call, subscription, call.params["items"], "items")
        behaviour, moment = (
            call.params.get("proration_behavior", "create_prorations"),
            call.params.get("proration_date", now),
        )
        change(call.world, call.account, subscription, planned, behaviour, moment)
    if (moment := call.params.get("trial_end")) is not None:
        _move_trial(call, subscription, moment, now)
    call.emit("customer.subscription.updated", subscription, changed(before, subscription))
    return subscription


def _move_trial(call: ApiCall, subscription: Resource, moment: Any, now: int) -> None:
    until = now if moment == "now" else trial_end(now, moment, None)
    assert until is not None
    subscription |= {"trial_end": until, "billing_cycle_anchor": until}
    if until > now:
        subscription |= {"status": "trialing", "trial_start": subscription["trial_start"] or now}
        set_period(subscription, now, until)
        plan(call.world, call.account, subscription)
        return
    subscription["status"] = "active"
    set_period(subscription, now, next_period(subscription, now))
    lines = invoice_lines(
        subscription, subscription["_items"], (now, subscription["_items"][0]["current_period_end"])
    )
    auto_advance(
        call.world, call.account, bill(call.world, call.account, subscription, lines, "subscription_update")
    )
    plan(call.world, call.account, subscription)


@route("DELETE", "/v1/subscriptions/{}", SubscriptionCancelParams)
def cancel(call: ApiCall) -> Resource:
    subscription = call.store.get("subscription", call.names[0])
    if subscription["status"] in {"canceled", "incomplete_expired"}:
        raise invalid(
            f"No such subscription: '{subscription['id']}'", param="id", code="resource_missing", status=404
        )
    now = call.world.time_of(call.account, subscription).now()
    if call.params.get("prorate") and subscription["status"] != "trialing":
        lines = change_lines(subscription, subscription["_items"], [], now)
        if call.params.get("invoice_now") and lines:
            auto_advance(
                call.world,
                call.account,
                bill(call.world, call.account, subscription, lines, "subscription_update"),
            )
    if details := call.params.get("cancellation_details"):
        subscription["cancellation_details"] |= {key: value or None for key, value in details.items()}
    end(call.world, call.account, subscription, "cancellation_requested")
    return subscription
