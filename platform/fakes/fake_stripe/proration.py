"""Prorations: a change within a period credits the unused rest of the old and charges that of the new.

Counted by the second, as https://docs.stripe.com/billing/subscriptions/prorations says, rounded half up to
the currency's smallest unit.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from fakes.fake_stripe.invoices import line, pricing
from fakes.fake_stripe.store import Resource


def prorate(amount: int, left: int, whole: int) -> int:
    """Return the share of an amount for the time left, rounded half up."""
    return int((Decimal(amount) * left / whole).to_integral_value(ROUND_HALF_UP)) if whole else 0


def change_lines(
    subscription: Resource, before: list[Resource], after: list[Resource], moment: int
) -> list[Resource]:
    """Return the proration lines of a change at ``moment``, for each item that differs."""
    lines: list[Resource] = []
    now = {item["id"]: item for item in after}
    then = {item["id"]: item for item in before}
    for item in before:
        other = now.get(item["id"])
        if other is None or _worth(other) != _worth(item) or other["price"]["id"] != item["price"]["id"]:
            lines.append(_rest(subscription, item, moment, -1))
    for item in after:
        other = then.get(item["id"])
        if other is None or _worth(other) != _worth(item) or other["price"]["id"] != item["price"]["id"]:
            period = other or item
            lines.append(_rest(subscription, {**item, **{key: period[key] for key in PERIOD}}, moment, 1))
    return [one for one in lines if one["amount"]]


PERIOD = ("current_period_start", "current_period_end")


def _worth(item: Resource) -> int:
    return int(item["price"]["unit_amount"] * item["quantity"])


def _rest(subscription: Resource, item: Resource, moment: int, sign: int) -> Resource:
    start, end = item["current_period_start"], item["current_period_end"]
    amount = sign * prorate(_worth(item), max(end - moment, 0), end - start)
    words = "Unused time on" if sign < 0 else "Remaining time on"
    details = {
        "invoice_item": None,
        "proration": True,
        "proration_details": {"credited_items": None},
        "subscription": subscription["id"],
        "subscription_item": item["id"],
    }
    return line(
        None,
        amount,
        f"{words} {item['quantity']} × {item['price']['nickname'] or item['price']['product']}",
        (moment, end),
        rates=item["_rates"],
        quantity=item["quantity"],
        pricing=pricing(item["price"]),
        currency=item["price"]["currency"],
        parent={
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": details,
        },
    )
