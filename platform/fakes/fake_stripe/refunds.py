"""Refunds: partial or full, immediate or pending, and failed later."""

from __future__ import annotations

from typing import Any

from stripe.params import ChargeListRefundsParams, RefundCreateParams, RefundListParams, RefundUpdateParams

from fakes.fake_stripe import faults
from fakes.fake_stripe.balance import book
from fakes.fake_stripe.errors import invalid, missing
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id
from fakes.fake_stripe.world import World


def refund_charge(world: World, account: str, charge: Resource, amount: int, **more: Any) -> Resource:
    """Refund ``amount`` of a charge. Stripe keeps the fee, as the real one does."""
    method_type = charge["payment_method_details"]["type"]
    pending = world.faults.take(faults.REFUND_PENDING, method_type)
    now = world.time_of(account, charge).now()
    refund = {
        "id": new_id("re" if method_type == "card" else "pyr"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "destination_details": {"type": method_type, method_type: {}},
        "failure_balance_transaction": None,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": None,
        "receipt_number": None,
        "status": "pending" if pending else "succeeded",
        **more,
    }
    world.store(account).add(refund)
    refund["balance_transaction"] = book(
        world,
        account,
        "refund" if method_type == "card" else "payment_refund",
        -amount,
        charge["currency"],
        refund,
        [],
        wait=0,
    )["id"]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    charge["_refunds"]["data"].insert(0, refund)
    world.emit(account, "refund.created", refund)
    world.emit(account, "charge.refunded", charge)
    if pending:
        world.time.at(now + pending.details.get("seconds", 86_400), lambda: finish(world, account, refund))
    elif world.faults.take(faults.REFUND_FAILS, method_type):
        fail(world, account, refund)
    return refund


def finish(world: World, account: str, refund: Resource) -> None:
    """Complete a pending refund."""
    if refund["status"] != "pending":
        return None
    charge = world.store(account).resources[refund["charge"]]
    if world.faults.take(faults.REFUND_FAILS, charge["payment_method_details"]["type"]):
        return fail(world, account, refund)
    refund["status"] = "succeeded"
    world.emit(account, "refund.updated", refund, {"status": "pending"})
    return None


def fail(world: World, account: str, refund: Resource) -> None:
    """Fail a refund: the buyer's bank returned the money to the balance."""
    back = book(world, account, "refund_failure", refund["amount"], refund["currency"], refund, [], wait=0)
    before = {"status": refund["status"]}
    refund |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": back["id"],
    }
    charge = world.store(account).resources[refund["charge"]]
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    world.emit(account, "refund.updated", refund, before)
    world.emit(account, "refund.failed", refund)


@route("POST", "/v1/refunds", RefundCreateParams)
def create(call: ApiCall) -> Resource:
    charge = _charge(call)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid(
            "This charge was not successful, or has not been captured, so it cannot be refunded.",
            param="charge",
        )
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = call.params.get("amount", left)
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", param="amount", code="parameter_invalid_integer"
        )
    if amount > left:
        raise invalid(
            f"Refund amount ({amount / 100:,.2f} {charge['currency']}) is greater than unrefunded "
            f"amount on charge "
            f"({left / 100:,.2f} {charge['currency']})",
            param="amount",
        )
    given_back = (
        _application_fee_back(call, charge, amount) if call.params.get("refund_application_fee") else None
    )
    refund = refund_charge(call.world, call.account, charge, amount, reason=call.params.get("reason"))
    if given_back is not None:
        platform = call.world.accounts[call.account]["_owner"]
        book(
            call.world,
            platform,
            "application_fee_refund",
            -given_back,
            charge["currency"],
            refund,
            [],
            wait=0,
        )
        book(
            call.world,
            call.account,
            "application_fee_refund",
            given_back,
            charge["currency"],
            refund,
            [],
            wait=0,
        )
    return apply_fields(call, refund)


def _charge(call: ApiCall) -> Resource:
    if (name := call.params.get("charge")) is not None:
        return call.store.named("charge", name, "charge")
    if (name := call.params.get("payment_intent")) is None:
        raise missing("payment_intent")
    intent = call.store.named("payment_intent", name, "payment_intent")
    if intent["latest_charge"] is None:
        raise invalid(
            "This PaymentIntent does not have a successful charge to refund.", param="payment_intent"
        )
    return call.store.resources[intent["latest_charge"]]


def _application_fee_back(call: ApiCall, charge: Resource, amount: int) -> int:
    if charge["application_fee"] is None:
        raise invalid("The charge has no application fee to refund.", param="refund_application_fee")
    owner = call.world.accounts[call.account]["_owner"]
    fee = call.world.store(owner).resources[charge["application_fee"]]
    back: int = fee["amount"] * amount // charge["amount_captured"]
    fee["amount_refunded"] += back
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    call.world.emit(owner, "application_fee.refunded", fee)
    return back


@route("GET", "/v1/refunds", RefundListParams)
def list_refunds(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("refund"), "charge", "payment_intent")


@route("GET", "/v1/charges/{}/refunds", ChargeListRefundsParams)
def list_of_charge(call: ApiCall) -> Resource:
    return call.listed([one for one in call.store.of_kind("refund") if one["charge"] == call.names[0]])


@route("GET", "/v1/refunds/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("refund", call.names[0])


@route("POST", "/v1/refunds/{}", RefundUpdateParams)
def update(call: ApiCall) -> Resource:
    return apply_fields(call, call.store.get("refund", call.names[0]))


@route("POST", "/v1/refunds/{}/cancel")
def cancel(call: ApiCall) -> Resource:
    raise invalid(
        "Only refunds that wait for an action of the customer can be canceled; the fake makes none of them."
    )
