"""Payment intents: one payment through all its attempts."""

from __future__ import annotations

import secrets
from typing import Any

from stripe.params import (
    PaymentIntentCancelParams,
    PaymentIntentCaptureParams,
    PaymentIntentConfirmParams,
    PaymentIntentCreateParams,
    PaymentIntentListParams,
    PaymentIntentUpdateParams,
)

from fakes.fake_stripe.cards import attach, decline, method_named
from fakes.fake_stripe.charges import attempt, capture
from fakes.fake_stripe.errors import StripeApiError, invalid
from fakes.fake_stripe.params import fields, literals
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id, serialize
from fakes.fake_stripe.world import World, check_amount, currency_of, resolve_payment_methods

KNOWN_METHODS = literals(fields(PaymentIntentCreateParams)["allowed_payment_method_types"][0])


def new_intent(
    world: World, account: str, amount: int, currency: str, methods: list[str], **more: Any
) -> Resource:
    name = new_id("pi")
    intent = {
        "id": name,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{name}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "created": 0,
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_types": methods,
        "processing": None,
        "receipt_email": None,
        "setup_future_usage": None,
        "statement_descriptor": None,
        "status": "requires_payment_method",
        "transfer_group": None,
        **more,
    }
    intent["created"] = world.time_of(account, intent).now()
    world.store(account).add(intent)
    world.emit(account, "payment_intent.created", intent)
    return intent


def check_application_fee(call: ApiCall, fee: int | None, amount: int, param: str) -> int | None:
    """Validate and return the platform's fee of a payment.

    Raises StripeApiError unless the charge is on a connected account and the fee is at most its amount.
    """
    if fee is None:
        return None
    if call.account == call.key_account:
        raise invalid(
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct "
            "payment (using an OAuth key or "
            "Stripe-Account header) or destination payment (using `transfer_data[destination]`).",
            param=param,
        )
    if not 0 < fee <= amount:
        raise invalid(
            "The application_fee_amount must be positive and at most the amount of the charge.", param=param
        )
    return fee


@route("POST", "/v1/payment_intents", PaymentIntentCreateParams)
def create(call: ApiCall) -> Resource:
    currency = currency_of(call.params["currency"])
    amount = check_amount(call.world, call.params["amount"], currency)
    fee = check_application_fee(
        call, call.params.get("application_fee_amount"), amount, "application_fee_amount"
    )
    methods = resolve_payment_methods(call.world, call.account, call.params, KNOWN_METHODS)
    if (customer := call.params.get("customer")) is not None:
        call.store.named("customer", customer, "customer")
    name = call.params.get("payment_method")
    method = method_named(call.world, call.account, name) if name else None
    confirms = call.params.get("confirm")
    if confirms and method is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    automatic = call.params.get("automatic_payment_methods")
    intent = new_intent(
        call.world,
        call.account,
        amount,
        currency,
        methods,
        application_fee_amount=fee,
        customer=customer,
        automatic_payment_methods=automatic or {"enabled": True, "allow_redirects": "always"},
    )
    apply_fields(
        call,
        intent,
        "description",
        "receipt_email",
        "setup_future_usage",
        "statement_descriptor",
        "transfer_group",
        "capture_method",
    )
    if method is not None:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    return _confirm(call, intent, method) if confirms and method is not None else intent


def _confirm(call: ApiCall, intent: Resource, method: Resource) -> Resource:
    if method["type"] not in intent["payment_method_types"]:
        raise invalid(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent.",
            param="payment_method",
        )
    reason = attempt(call.world, call.account, intent, method)
    if reason is not None:
        raise decline(
            reason,
            charge=intent["latest_charge"],
            payment_intent=serialize(intent),
            payment_method=serialize(method),
        )
    if intent["setup_future_usage"] and intent["customer"] and method["customer"] is None:
        attach(call.world, call.account, method, call.store.resources[intent["customer"]])
    return intent


@route("GET", "/v1/payment_intents", PaymentIntentListParams)
def list_intents(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("payment_intent"), "customer")


@route("GET", "/v1/payment_intents/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("payment_intent", call.names[0], "intent")


@route("POST", "/v1/payment_intents/{}", PaymentIntentUpdateParams)
def update(call: ApiCall) -> Resource:
    intent = call.store.get("payment_intent", call.names[0], "intent")
    if "amount" in call.params:
        _expect(intent, "update", "requires_payment_method", "requires_confirmation", "requires_action")
        intent["amount"] = check_amount(call.world, call.params["amount"], intent["currency"])
    if name := call.params.get("payment_method"):
        intent |= {
            "payment_method": method_named(call.world, call.account, name)["id"],
            "status": "requires_confirmation",
        }
    return apply_fields(call, intent, "description", "receipt_email", "setup_future_usage", "customer")


@route("POST", "/v1/payment_intents/{}/confirm", PaymentIntentConfirmParams)
def confirm(call: ApiCall) -> Resource:
    intent = call.store.get("payment_intent", call.names[0], "intent")
    _expect(intent, "confirm", "requires_payment_method", "requires_confirmation", "requires_action")
    name = call.params.get("payment_method") or intent["payment_method"]
    if name is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    return _confirm(call, intent, method_named(call.world, call.account, name))


@route("POST", "/v1/payment_intents/{}/capture", PaymentIntentCaptureParams)
def capture_intent(call: ApiCall) -> Resource:
    intent = call.store.get("payment_intent", call.names[0], "intent")
    _expect(intent, "capture", "requires_capture")
    amount = call.params.get("amount_to_capture", intent["amount"])
    if not 0 < amount <= intent["amount"]:
        raise invalid(
            "The amount to capture must be positive and at most the amount that was authorized.",
            param="amount_to_capture",
        )
    capture(call.world, call.account, intent, call.store.resources[intent["latest_charge"]], amount)
    return intent


@route("POST", "/v1/payment_intents/{}/cancel", PaymentIntentCancelParams)
def cancel(call: ApiCall) -> Resource:
    intent = call.store.get("payment_intent", call.names[0], "intent")
    _expect(
        intent,
        "cancel",
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
        "requires_capture",
    )
    intent |= {
        "status": "canceled",
        "canceled_at": call.now,
        "cancellation_reason": call.params.get("cancellation_reason"),
    }
    intent["amount_capturable"] = 0
    call.emit("payment_intent.canceled", intent)
    return intent


def _expect(intent: Resource, what: str, *statuses: str) -> None:
    if intent["status"] not in statuses:
        raise StripeApiError(
            400,
            "invalid_request_error",
            f"You cannot {what} this PaymentIntent because it has a status of {intent['status']}. Only "
            f"a PaymentIntent with one of the "
            f"following statuses may be used so: {', '.join(statuses)}.",
            code="payment_intent_unexpected_state",
            payment_intent=serialize(intent),
        )
