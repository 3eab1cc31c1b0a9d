"""Payment methods, and the test cards of https://docs.stripe.com/testing with their behaviour."""

from __future__ import annotations

from typing import Any

from stripe.params import (
    CustomerPaymentMethodListParams,
    PaymentMethodAttachParams,
    PaymentMethodCreateParams,
    PaymentMethodListParams,
    PaymentMethodUpdateParams,
)

from fakes.fake_stripe.errors import StripeApiError, declined, invalid, missing
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id
from fakes.fake_stripe.world import World

DECLINES: dict[str, tuple[str, str | None, str]] = {
    "generic_decline": ("card_declined", "generic_decline", "Your card was declined."),
    "insufficient_funds": ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    "lost_card": ("card_declined", "lost_card", "Your card was declined."),
    "expired_card": ("expired_card", "expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": (
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
}
# number → behaviour: "pays", "authenticates" (asks the holder first), "fails_later" (can be saved, then
# declines), or a decline
NUMBERS = {
    "4242424242424242": "pays",
    "4000002500003155": "authenticates",
    "4000000000000341": "fails_later",
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000009987": "lost_card",
    "4000000000000069": "expired_card",
    "4000000000000127": "incorrect_cvc",
    "4000000000000119": "processing_error",
}
# test names that the API knows without creating them
READY_MADE = {
    "pm_card_visa": "4242424242424242",
    "tok_visa": "4242424242424242",
    "pm_card_authenticationRequired": "4000002500003155",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "tok_chargeCustomerFail": "4000000000000341",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
}
DELAYED = frozenset({"id_bank_transfer"})  # the buyer is done before the money arrives


def new_method(
    world: World, account: str, method_type: str, number: str = "4242424242424242", **more: Any
) -> Resource:
    """Create a payment method. Raises StripeApiError for a number that is not a test card."""
    if method_type == "card" and number not in NUMBERS:
        raise declined(
            "incorrect_number",
            None,
            "Your card number is incorrect. (The fake takes test cards only.)",
            param="number",
        )
    detail: Resource = {}
    if method_type == "card":
        detail = {
            "brand": "visa",
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "funding": "credit",
            "last4": number[-4:],
        }
    method = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "created": world.time.now(),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": method_type,
        method_type: detail,
        "_scenario": NUMBERS[number]
        if method_type == "card"
        else "pays_later"
        if method_type in DELAYED
        else "pays",
        **more,
    }
    return world.store(account).add(method)


def method_named(world: World, account: str, name: str, param: str = "payment_method") -> Resource:
    """Return a payment method; the well-known test names create one."""
    if name in READY_MADE:
        return new_method(world, account, "card", READY_MADE[name])
    return world.store(account).named("payment_method", name, param)


def get_decline_code(method: Resource) -> str | None:
    """Return the reason why a charge would be declined, or None."""
    does = method["_scenario"]
    if does == "fails_later":
        return "generic_decline"
    return does if does in DECLINES else None


def decline(reason: str, **more: Any) -> StripeApiError:
    code, decline_code, message = DECLINES[reason]
    return declined(code, decline_code, message, **more)


def attach(world: World, account: str, method: Resource, customer: Resource) -> Resource:
    """Save a method for a customer. Raises StripeApiError (402) for a card declined on validation."""
    if method["_scenario"] in DECLINES:
        raise decline(method["_scenario"])
    method["customer"] = customer["id"]
    world.emit(account, "payment_method.attached", method)
    return method


@route("POST", "/v1/payment_methods", PaymentMethodCreateParams)
def create(call: ApiCall) -> Resource:
    method_type = call.params.get("type")
    if method_type is None:
        raise missing("type")
    if method_type not in call.world.accounts[call.account]["_methods"]:
        raise invalid(f"The payment method type provided: {method_type} is invalid.", param="type")
    card = call.params.get("card", {})
    if method_type == "card" and not card:
        raise missing("card")
    number = (
        READY_MADE.get(card.get("token", ""), card.get("number", "4242424242424242"))
        if method_type == "card"
        else ""
    )
    method = new_method(call.world, call.account, method_type, number)
    method["billing_details"] |= call.params.get("billing_details") or {}
    return apply_fields(call, method)


@route("GET", "/v1/payment_methods", PaymentMethodListParams)
def list_methods(call: ApiCall) -> Resource:
    found = [
        one
        for one in call.store.of_kind("payment_method")
        if one["customer"] or call.params.get("customer") is None
    ]
    return call.listed(found, "customer", "type")


@route("GET", "/v1/customers/{}/payment_methods", CustomerPaymentMethodListParams)
def list_of_customer(call: ApiCall) -> Resource:
    customer = call.store.get("customer", call.names[0], "customer")
    return call.listed(
        [one for one in call.store.of_kind("payment_method") if one["customer"] == customer["id"]], "type"
    )


@route("GET", "/v1/payment_methods/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("payment_method", call.names[0])


@route("POST", "/v1/payment_methods/{}", PaymentMethodUpdateParams)
def update(call: ApiCall) -> Resource:
    method = apply_fields(call, call.store.get("payment_method", call.names[0]))
    method["billing_details"] |= call.params.get("billing_details") or {}
    return method


@route("POST", "/v1/payment_methods/{}/attach", PaymentMethodAttachParams)
def attach_method(call: ApiCall) -> Resource:
    if (name := call.params.get("customer")) is None:
        raise missing("customer")
    customer = call.store.named("customer", name, "customer")
    return attach(call.world, call.account, method_named(call.world, call.account, call.names[0]), customer)


@route("POST", "/v1/payment_methods/{}/detach")
def detach(call: ApiCall) -> Resource:
    method = call.store.get("payment_method", call.names[0])
    if method["customer"] is None:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    method["customer"] = None
    call.emit("payment_method.detached", method)
    return method
