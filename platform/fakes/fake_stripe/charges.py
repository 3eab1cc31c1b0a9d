"""Charges: the only place where a payment intent is paid or fails."""

from __future__ import annotations

from typing import Any

from stripe.params import ApplicationFeeListParams, ChargeListParams

from fakes.fake_stripe import faults
from fakes.fake_stripe.balance import book, fee_line, processing_fee
from fakes.fake_stripe.cards import DECLINES, get_decline_code
from fakes.fake_stripe.routing import ApiCall, route
from fakes.fake_stripe.store import Resource, new_id, whole_list
from fakes.fake_stripe.world import World


def new_charge(
    world: World, account: str, intent: Resource, method: Resource, status: str, **more: Any
) -> Resource:
    """Create a charge. ``status``: succeeded, pending (an asynchronous method), or failed."""
    now = world.time_of(account, intent).now()
    method_type = method["type"]
    name = new_id("ch" if method_type == "card" else "py")
    details: Resource = {"type": method_type, method_type: dict(method.get(method_type) or {})}
    charge = {
        "id": name,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application_fee": None,
        "application_fee_amount": intent["application_fee_amount"],
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "captured": False,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": {
            "network_status": "approved_by_network",
            "type": "authorized",
            "seller_message": "Payment complete.",
        },
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": details,
        "receipt_email": intent["receipt_email"],
        "receipt_url": world.address(f"/receipts/{name}"),
        "refunded": False,
        "status": status,
        "_refunds": whole_list([], f"/v1/charges/{name}/refunds"),
        **more,
    }
    world.store(account).add(charge)
    intent["latest_charge"] = charge["id"]
    return charge


def capture(world: World, account: str, intent: Resource, charge: Resource, amount: int) -> None:
    """Complete a charge: book its fees and balance transaction.

    A fault can delay the balance transaction.
    """
    charge |= {"captured": True, "paid": True, "amount_captured": amount, "status": "succeeded"}
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0, "processing": None}
    method_type = charge["payment_method_details"]["type"]
    late = world.faults.take(faults.FEE_LATER, method_type)
    if late is None:
        _take_fees(world, account, charge, amount, method_type)
    world.emit(account, "charge.succeeded", charge)
    world.emit(account, "payment_intent.succeeded", intent)
    if late is not None:
        world.time.at(
            world.time.now() + late.details.get("seconds", 10),
            lambda: _fees_later(world, account, charge, amount, method_type),
        )


def _fees_later(world: World, account: str, charge: Resource, amount: int, method_type: str) -> None:
    _take_fees(world, account, charge, amount, method_type)
    world.emit(account, "charge.updated", charge, {"balance_transaction": None})


def _take_fees(world: World, account: str, charge: Resource, amount: int, method_type: str) -> None:
    currency = charge["currency"]
    fees = [fee_line("stripe_fee", min(processing_fee(world, amount, method_type), amount), currency)]
    application_fee = charge["application_fee_amount"]
    if application_fee:
        fees.append(fee_line("application_fee", application_fee, currency))
        charge["application_fee"] = _application_fee(world, account, charge, application_fee)["id"]
    kind = "charge" if method_type == "card" else "payment"
    charge["balance_transaction"] = book(world, account, kind, amount, currency, charge, fees)["id"]


def _application_fee(world: World, account: str, charge: Resource, amount: int) -> Resource:
    """Book the platform's fee of a connected account's charge in the platform's own balance."""
    platform = world.accounts[account]["_owner"]
    fee = {
        "id": new_id("fee"),
        "object": "application_fee",
        "account": account,
        "amount": amount,
        "amount_refunded": 0,
        "application": "ca_fake",
        "balance_transaction": None,
        "charge": charge["id"],
        "created": world.time.now(),
        "currency": charge["currency"],
        "livemode": False,
        "refunded": False,
        "refunds": whole_list([], "/v1/application_fees/refunds"),
    }
    world.store(platform).add(fee)
    fee["balance_transaction"] = book(
        world, platform, "application_fee", amount, charge["currency"], fee, []
    )["id"]
    world.emit(platform, "application_fee.created", fee)
    return fee


def fail(
    world: World,
    account: str,
    intent: Resource,
    method: Resource,
    reason: str,
    charge: Resource | None = None,
) -> Resource:
    """Fail the attempt: the intent requires another payment method. Returns the charge."""
    code, decline_code, message = DECLINES[reason]
    if charge is None:
        charge = new_charge(world, account, intent, method, "failed")
    charge |= {"status": "failed", "failure_code": code, "failure_message": message}
    charge["outcome"] = {
        "network_status": "declined_by_network",
        "type": "issuer_declined",
        "reason": decline_code,
        "seller_message": message,
    }
    intent["status"], intent["payment_method"] = "requires_payment_method", None
    intent["last_payment_error"] = {
        "type": "card_error",
        "code": code,
        "decline_code": decline_code,
        "message": message,
        "charge": charge["id"],
        "payment_method": {key: value for key, value in method.items() if not key.startswith("_")},
    }
    world.emit(account, "charge.failed", charge)
    world.emit(account, "payment_intent.payment_failed", intent)
    return charge


def attempt(
    world: World, account: str, intent: Resource, method: Resource, *, authenticated: bool = False
) -> str | None:
    """Try to charge a payment method.

    Returns the decline reason, or None; the intent's status has the rest.
    """
    intent["payment_method"] = method["id"]
    does = method["_scenario"]
    if does == "authenticates" and not authenticated:
        intent |= {
            "status": "requires_action",
            "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}},
        }
        world.emit(account, "payment_intent.requires_action", intent)
        return None
    intent["next_action"] = None
    if reason := get_decline_code(method):
        fail(world, account, intent, method, reason)
        return reason
    if does == "pays_later":
        new_charge(world, account, intent, method, "pending")
        intent |= {"status": "processing", "processing": {"type": method["type"]}}
        world.emit(account, "charge.pending", world.store(account).resources[intent["latest_charge"]])
        world.emit(account, "payment_intent.processing", intent)
        return None
    charge = new_charge(world, account, intent, method, "succeeded")
    if intent["capture_method"] == "manual":
        charge["paid"] = True
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        world.emit(account, "charge.succeeded", charge)
        world.emit(account, "payment_intent.amount_capturable_updated", intent)
        return None
    capture(world, account, intent, charge, intent["amount"])
    return None


@route("GET", "/v1/charges", ChargeListParams)
def list_charges(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("charge"), "customer", "payment_intent")


@route("GET", "/v1/charges/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("charge", call.names[0])


@route("GET", "/v1/application_fees", ApplicationFeeListParams)
def list_fees(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("application_fee"), "charge")


@route("GET", "/v1/application_fees/{}")
def retrieve_fee(call: ApiCall) -> Resource:
    return call.store.get("application_fee", call.names[0])
