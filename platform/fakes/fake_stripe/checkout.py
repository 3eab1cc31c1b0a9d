"""Checkout Sessions: https://docs.stripe.com/api/checkout/sessions.

Payment is in `session_payment`, the page in `pages`.
"""

from __future__ import annotations

from typing import Any

from stripe.params.checkout import (
    SessionCreateParams,
    SessionExpireParams,
    SessionLineItemListParams,
    SessionListParams,
    SessionUpdateParams,
)

from fakes.fake_stripe.catalog import price_of_item
from fakes.fake_stripe.errors import invalid, missing, only_one_of
from fakes.fake_stripe.intents import check_application_fee
from fakes.fake_stripe.params import fields, literals
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id, paginate, whole_list
from fakes.fake_stripe.totals import Totals, compute_totals, discounts_given, tax_rates_named
from fakes.fake_stripe.world import World, check_amount, currency_of, resolve_payment_methods

KNOWN_METHODS = literals(fields(SessionCreateParams)["allowed_payment_method_types"][0])
HOUR = 3600


@route("POST", "/v1/checkout/sessions", SessionCreateParams)
def create(call: ApiCall) -> Resource:
    mode = call.params.get("mode")
    if mode is None:
        raise missing("mode")
    if call.params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The fake has the hosted page only.", param="ui_mode")
    for name in ("success_url", "cancel_url"):
        if (url := call.params.get(name)) is not None and not url.startswith(("http://", "https://")):
            raise invalid("Not a valid URL", param=name, code="url_invalid")
    if call.params.get("success_url") is None:
        raise missing("success_url")
    customer = _customer(call)
    now = call.world.time_of(call.account, customer).now()
    name = new_id("cs_test")
    session = {
        "id": name,
        "object": "checkout.session",
        "allow_promotion_codes": call.params.get("allow_promotion_codes"),
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "status": None},
        "cancel_url": call.params.get("cancel_url"),
        "client_reference_id": call.params.get("client_reference_id"),
        "created": now,
        "currency": None,
        "customer": customer["id"] if customer else None,
        "customer_creation": call.params.get(
            "customer_creation", "if_required" if mode == "payment" else "always"
        ),
        "customer_details": None,
        "customer_email": call.params.get("customer_email"),
        "discounts": [],
        "expires_at": _expiry(call.params.get("expires_at"), now),
        "invoice": None,
        "livemode": False,
        "locale": call.params.get("locale"),
        "metadata": {},
        "mode": mode,
        "payment_intent": None,
        "payment_method_types": resolve_payment_methods(call.world, call.account, call.params, KNOWN_METHODS),
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "recovered_from": None,
        "setup_intent": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": call.params.get("submit_type"),
        "subscription": None,
        "success_url": call.params["success_url"],
        "total_details": None,
        "ui_mode": "hosted_page",
        "url": call.world.address(f"/c/pay/{name}"),
        "_data": _data(call, mode),
        "_lines": [],
        "_coupons": [],
    }
    if len(session["client_reference_id"] or "") > 200:
        raise invalid("Client reference IDs can have up to 200 characters.", param="client_reference_id")
    if mode == "setup":
        session["currency"] = currency_of(call.params["currency"]) if "currency" in call.params else None
        if session["currency"] is None and not call.params.get("allowed_payment_method_types"):
            raise missing("currency")
    else:
        _fill(call, session)
    apply_fields(call, session)
    call.store.add(session)
    call.world.time_of(call.account, session).at(
        session["expires_at"], lambda: expire_session(call.world, call.account, session)
    )
    return session


def _customer(call: ApiCall) -> Resource | None:
    name = call.params.get("customer")
    if name is not None and call.params.get("customer_email") is not None:
        raise only_one_of("customer", "customer_email")
    return call.store.named("customer", name, "customer") if name is not None else None


def _expiry(wanted: int | None, now: int) -> int:
    if wanted is None:
        return now + 24 * HOUR
    if wanted < now + HOUR // 2:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if wanted > now + 24 * HOUR:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return wanted


def _data(call: ApiCall, mode: str) -> Resource:
    """Return the parameters for the payment intent, subscription or setup intent of this mode.

    Raises StripeApiError for those of another mode.
    """
    own = {
        "payment": "payment_intent_data",
        "subscription": "subscription_data",
        "setup": "setup_intent_data",
    }
    for other, name in own.items():
        if other != mode and name in call.params:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    data: Resource = call.params.get(own[mode], {})
    return data


def _fill(call: ApiCall, session: Resource) -> None:
    """Add the line items and compute the totals."""
    given = call.params.get("line_items")
    if not given:
        raise missing("line_items")
    if len(given) > (100 if session["mode"] == "payment" else 40):
        raise invalid("Too many line items.", param="line_items")
    lines = [_line(call, item, f"line_items[{position}]") for position, item in enumerate(given)]
    currencies = {line["price"]["currency"] for line in lines}
    if len(currencies) > 1:
        raise invalid("All line items of a Checkout Session must have the same currency.", param="line_items")
    currency = currencies.pop()
    recurring = [line for line in lines if line["price"]["type"] == "recurring"]
    if session["mode"] == "payment" and recurring:
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            param="mode",
        )
    if session["mode"] == "subscription" and not recurring:
        raise invalid(
            "You must provide at least one recurring price in `subscription` mode when using prices.",
            param="mode",
        )
    if call.params.get("discounts") and call.params.get("allow_promotion_codes"):
        raise only_one_of("allow_promotion_codes", "discounts")
    coupons = discounts_given(
        call.world, call.account, call.params.get("discounts") or [], session["customer"]
    )
    session |= {"currency": currency, "_lines": lines, "_coupons": coupons}
    session["discounts"] = [
        {"coupon": one["coupon"]["id"], "promotion_code": one["promotion_code"]} for one in coupons
    ]
    sums = add_up(session)
    if session["mode"] == "payment" and sums.total:
        check_amount(call.world, sums.total, currency, "line_items", "The Checkout Session's total amount")
    fee = session["_data"].get("application_fee_amount")
    check_application_fee(call, fee, sums.total, "payment_intent_data[application_fee_amount]")


def _line(call: ApiCall, item: Resource, path: str) -> Resource:
    price = price_of_item(call.world, call.account, item, path)
    quantity = item.get("quantity")
    if quantity is None:
        raise missing(f"{path}[quantity]")
    if quantity < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param=f"{path}[quantity]",
            code="parameter_invalid_integer",
        )
    product = call.store.resources[price["product"]]
    rates = tax_rates_named(call.world, call.account, item.get("tax_rates") or [], f"{path}[tax_rates]")
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": {},
        "price": price,
        "quantity": quantity,
        "_rates": rates,
    }


def add_up(session: Resource) -> Totals:
    """Compute the totals of the session and its lines: the amount due today, zero for a trial."""
    sums = compute_totals(
        [
            (
                0
                if on_trial(session) and line["price"]["recurring"]
                else line["price"]["unit_amount"] * line["quantity"],
                line["_rates"],
            )
            for line in session["_lines"]
        ],
        session["_coupons"],
    )
    for line, part in zip(session["_lines"], sums.parts, strict=True):
        line |= {
            "amount_subtotal": part.subtotal,
            "amount_discount": part.discount,
            "amount_tax": part.tax,
            "amount_total": part.total,
        }
    session |= {"amount_subtotal": sums.subtotal, "amount_total": sums.total}
    session["total_details"] = {
        "amount_discount": sums.discount,
        "amount_shipping": 0,
        "amount_tax": sums.tax,
    }
    session["_line_items"] = whole_list(
        session["_lines"], f"/v1/checkout/sessions/{session['id']}/line_items"
    )
    return sums


def on_trial(session: Resource) -> bool:
    """Return whether the subscription's first payment is due only after this session."""
    data = session["_data"]
    return session["mode"] == "subscription" and bool(data.get("trial_end") or data.get("trial_period_days"))


def expire_session(world: World, account: str, session: Resource) -> None:
    if session["status"] == "open":
        session |= {"status": "expired", "url": None}
        world.emit(account, "checkout.session.expired", session)


@route("GET", "/v1/checkout/sessions", SessionListParams)
def list_sessions(call: ApiCall) -> Resource:
    return call.listed(
        call.store.of_kind("checkout.session"), "customer", "payment_intent", "subscription", "status"
    )


@route("GET", "/v1/checkout/sessions/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("checkout.session", call.names[0], "session")


@route("POST", "/v1/checkout/sessions/{}", SessionUpdateParams)
def update(call: ApiCall) -> Resource:
    return apply_fields(call, call.store.get("checkout.session", call.names[0], "session"))


@route("GET", "/v1/checkout/sessions/{}/line_items", SessionLineItemListParams)
def line_items(call: ApiCall) -> Resource:
    session: dict[str, Any] = call.store.get("checkout.session", call.names[0], "session")
    return paginate(reversed(session["_lines"]), call.params, call.path)


@route("POST", "/v1/checkout/sessions/{}/expire", SessionExpireParams)
def expire(call: ApiCall) -> Resource:
    session = call.store.get("checkout.session", call.names[0], "session")
    if session["status"] != "open":
        raise invalid(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of "
            f"`{session['status']}`."
        )
    expire_session(call.world, call.account, session)
    return session
