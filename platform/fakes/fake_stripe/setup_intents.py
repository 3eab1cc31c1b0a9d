"""Setup intents: a card is validated and saved without a charge."""

from __future__ import annotations

import secrets
from typing import Any

from stripe.params import SetupIntentConfirmParams, SetupIntentCreateParams, SetupIntentListParams

from fakes.fake_stripe.cards import DECLINES, attach, decline, method_named
from fakes.fake_stripe.errors import invalid
from fakes.fake_stripe.params import fields, literals
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id, serialize
from fakes.fake_stripe.world import World, resolve_payment_methods

KNOWN_METHODS = literals(fields(SetupIntentCreateParams)["allowed_payment_method_types"][0])


def new_setup(world: World, account: str, methods: list[str], **more: Any) -> Resource:
    name = new_id("seti")
    intent = {
        "id": name,
        "object": "setup_intent",
        "cancellation_reason": None,
        "client_secret": f"{name}_secret_{secrets.token_hex(12)}",
        "created": world.time.now(),
        "customer": None,
        "description": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "payment_method": None,
        "payment_method_types": methods,
        "status": "requires_payment_method",
        "usage": "off_session",
        **more,
    }
    world.store(account).add(intent)
    world.emit(account, "setup_intent.created", intent)
    return intent


def confirm_setup(
    world: World, account: str, intent: Resource, method: Resource, *, authenticated: bool = False
) -> str | None:
    """Validate the card and save it for the customer. Returns the decline reason, or None."""
    if method["_scenario"] in DECLINES:
        code, decline_code, message = DECLINES[method["_scenario"]]
        intent["last_setup_error"] = {
            "type": "card_error",
            "code": code,
            "decline_code": decline_code,
            "message": message,
        }
        world.emit(account, "setup_intent.setup_failed", intent)
        return str(method["_scenario"])
    intent["payment_method"] = method["id"]
    if method["_scenario"] == "authenticates" and not authenticated:
        intent |= {
            "status": "requires_action",
            "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}},
        }
        world.emit(account, "setup_intent.requires_action", intent)
        return None
    if intent["customer"] is not None and method["customer"] is None:
        attach(world, account, method, world.store(account).resources[intent["customer"]])
    intent |= {"status": "succeeded", "next_action": None}
    world.emit(account, "setup_intent.succeeded", intent)
    return None


@route("POST", "/v1/setup_intents", SetupIntentCreateParams)
def create(call: ApiCall) -> Resource:
    if (customer := call.params.get("customer")) is not None:
        call.store.named("customer", customer, "customer")
    intent = new_setup(
        call.world,
        call.account,
        resolve_payment_methods(call.world, call.account, call.params, KNOWN_METHODS),
        customer=customer,
    )
    apply_fields(call, intent, "description", "usage")
    name = call.params.get("payment_method")
    if call.params.get("confirm"):
        if name is None:
            raise invalid(
                "You cannot confirm this SetupIntent because it's missing a payment method.",
                code="setup_intent_unexpected_state",
            )
        return _confirmed(call, intent, name)
    if name is not None:
        intent |= {
            "payment_method": method_named(call.world, call.account, name)["id"],
            "status": "requires_confirmation",
        }
    return intent


def _confirmed(call: ApiCall, intent: Resource, name: str) -> Resource:
    reason = confirm_setup(call.world, call.account, intent, method_named(call.world, call.account, name))
    if reason is not None:
        raise decline(reason, setup_intent=serialize(intent))
    return intent


@route("GET", "/v1/setup_intents", SetupIntentListParams)
def list_setups(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("setup_intent"), "customer", "payment_method")


@route("GET", "/v1/setup_intents/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("setup_intent", call.names[0], "intent")


@route("POST", "/v1/setup_intents/{}/confirm", SetupIntentConfirmParams)
def confirm(call: ApiCall) -> Resource:
    intent = call.store.get("setup_intent", call.names[0], "intent")
    name = call.params.get("payment_method") or intent["payment_method"]
    if intent["status"] in {"succeeded", "canceled"} or name is None:
        raise invalid(
            f"You cannot confirm this SetupIntent: its status is {intent['status']}.",
            code="setup_intent_unexpected_state",
        )
    return _confirmed(call, intent, name)


@route("POST", "/v1/setup_intents/{}/cancel")
def cancel(call: ApiCall) -> Resource:
    intent = call.store.get("setup_intent", call.names[0], "intent")
    if intent["status"] in {"succeeded", "canceled"}:
        raise invalid(
            f"You cannot cancel this SetupIntent: its status is {intent['status']}.",
            code="setup_intent_unexpected_state",
        )
    intent["status"] = "canceled"
    call.emit("setup_intent.canceled", intent)
    return intent
