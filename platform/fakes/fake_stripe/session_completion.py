"""Complete sessions without a single payment: start a subscription, or save a card."""

from __future__ import annotations

from typing import Any

from fakes.fake_stripe.cards import DECLINES
from fakes.fake_stripe.customers import new_customer, save_as_default
from fakes.fake_stripe.renewals import end
from fakes.fake_stripe.session_payment import FINISHERS
from fakes.fake_stripe.setup_intents import confirm_setup, new_setup
from fakes.fake_stripe.store import Resource
from fakes.fake_stripe.subscriptions import start, trial_end
from fakes.fake_stripe.totals import tax_rates_named
from fakes.fake_stripe.world import World


def begin_subscription(world: World, account: str, session: Resource, method: Resource) -> str | None:
    """Save the card, start the subscription and pay its first invoice.

    Returns why the card was declined, or None.
    """
    if method["_scenario"] in DECLINES:
        return str(method["_scenario"])
    shelf = world.store(account)
    customer = shelf.resources.get(session["customer"] or "")
    if customer is None:
        customer = new_customer(world, account, email=session["customer_details"]["email"])
        session["customer"] = customer["id"]
    save_as_default(world, account, customer, method)
    data: dict[str, Any] = session["_data"]
    now = world.time_of(account, customer).now()
    wanted = [
        (line["price"], line["quantity"], line["_rates"])
        for line in session["_lines"]
        if line["price"]["recurring"]
    ]
    trial = trial_end(now, data.get("trial_end"), data.get("trial_period_days"))
    saved, does = method["_scenario"], method["_scenario"] == "fails_later"
    if does:
        method["_scenario"] = "pays"  # this card pays today and is declined from the first renewal on
    subscription = start(
        world,
        account,
        customer,
        wanted,
        trial_end=trial,
        coupons=session["_coupons"],
        default_payment_method=method["id"],
        metadata=dict(data.get("metadata") or {}),
        description=data.get("description"),
        default_tax_rates=tax_rates_named(
            world, account, data.get("default_tax_rates") or [], "subscription_data[default_tax_rates]"
        ),
    )
    method["_scenario"] = saved
    if subscription["status"] == "incomplete":
        end(world, account, subscription, "payment_failed")
        return "generic_decline"
    session |= {"subscription": subscription["id"], "invoice": subscription["latest_invoice"]}
    session["payment_status"] = "no_payment_required" if trial and not session["amount_total"] else "paid"
    return None


def save_card(world: World, account: str, session: Resource, method: Resource) -> str | None:
    """Complete a session in setup mode. Returns the decline reason, or None."""
    intent = world.store(account).resources.get(session["setup_intent"] or "")
    if intent is None:
        more = {key: session["_data"][key] for key in ("description", "metadata") if key in session["_data"]}
        intent = new_setup(
            world, account, session["payment_method_types"], customer=session["customer"], **more
        )
        session["setup_intent"] = intent["id"]
    return confirm_setup(world, account, intent, method, authenticated=True)


FINISHERS["subscription"] = begin_subscription
FINISHERS["setup"] = save_card
