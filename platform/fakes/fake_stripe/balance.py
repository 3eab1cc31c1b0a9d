"""An account's balance: transactions, available amount, payouts."""

from __future__ import annotations

from typing import Any

from stripe.params import BalanceTransactionListParams, PayoutCreateParams, PayoutListParams

from fakes.fake_stripe import faults
from fakes.fake_stripe.errors import StripeApiError, invalid
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id, paginate
from fakes.fake_stripe.world import World, currency_of

DAY = 86_400
AVAILABLE_AFTER = 2 * DAY
ARRIVES_AFTER = DAY
CATEGORIES = {"payment": "charge", "payment_refund": "refund"}


def processing_fee(world: World, amount: int, method: str) -> int:
    """Return the fake fee of a payment: 2.9 % rounded up to whole rupiah, and Rp2.000.

    Invented: real fees depend on the contract.
    """
    fee = -(-amount * 29 // 100_000) * 100 + 200_000
    return fee + 37 if world.faults.take(faults.ODD_FEE, method) else fee


def book(
    world: World,
    account: str,
    kind: str,
    amount: int,
    currency: str,
    source: Resource,
    fees: list[Resource],
    wait: int = AVAILABLE_AFTER,
) -> Resource:
    """Add a balance transaction. ``amount`` and the fees are signed from the account's side."""
    fee = sum(one["amount"] for one in fees)
    now = world.time_of(account, source).now()
    line = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + wait,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees,
        "net": amount - fee,
        "reporting_category": CATEGORIES.get(kind, kind),
        "source": source["id"],
        "type": kind,
        "_payout": None,
    }
    return world.store(account).add(line)


def fee_line(kind: str, amount: int, currency: str) -> Resource:
    """Return one entry of `fee_details`."""
    words = {"stripe_fee": "Stripe processing fees", "application_fee": "Application fee"}
    return {
        "amount": amount,
        "application": None,
        "currency": currency,
        "description": words[kind],
        "type": kind,
    }


def available(world: World, account: str, currency: str) -> int:
    """Return the amount that can be paid out now."""
    now = world.time.now()
    return sum(
        line["net"]
        for line in _lines(world, account)
        if line["available_on"] <= now and line["currency"] == currency
    )


def _lines(world: World, account: str) -> list[Resource]:
    return world.store(account).of_kind("balance_transaction")


def _status(world: World, line: Resource) -> Resource:
    return {**line, "status": "available" if line["available_on"] <= world.time.now() else "pending"}


@route("GET", "/v1/balance")
def balance(call: ApiCall) -> Resource:
    now = call.now
    sums: dict[str, dict[str, int]] = {"available": {"idr": 0}, "pending": {"idr": 0}}
    for line in _lines(call.world, call.account):
        side = sums["available" if line["available_on"] <= now else "pending"]
        side[line["currency"]] = side.get(line["currency"], 0) + line["net"]
    parts = {
        side: [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in held.items()
        ]
        for side, held in sums.items()
    }
    return {"object": "balance", "livemode": False, **parts}


@route("GET", "/v1/balance_transactions", BalanceTransactionListParams)
def transactions(call: ApiCall) -> Resource:
    found = [_status(call.world, line) for line in _lines(call.world, call.account)]
    if (name := call.params.get("payout")) is not None:
        payout = call.store.named("payout", name, "payout")
        if not payout["automatic"]:
            raise invalid(
                "Balance transaction history can only be filtered on automatic transfers, not manual.",
                param="payout",
            )
        found = [line for line in found if line["_payout"] == name]
    for name in ("type", "source", "currency"):
        if (wanted := call.params.get(name)) is not None:
            found = [line for line in found if line[name] == wanted]
    return paginate(found, call.params, call.path)


@route("GET", "/v1/balance_transactions/{}")
def transaction(call: ApiCall) -> Resource:
    return _status(call.world, call.store.get("balance_transaction", call.names[0]))


def pay_out(
    world: World, account: str, amount: int, currency: str, *, automatic: bool, **more: Any
) -> Resource:
    """Pay out available money to the account's bank. Raises StripeApiError if there is too little."""
    there = available(world, account, currency)
    if amount > there:
        raise StripeApiError(
            400,
            "invalid_request_error",
            "You have insufficient funds in your Stripe account for this transfer. Your card balance "
            "is too low.",
            code="balance_insufficient",
            param="amount",
        )
    now = world.time.now()
    payout = {
        "id": new_id("po"),
        "object": "payout",
        "amount": amount,
        "arrival_date": now + ARRIVES_AFTER,
        "automatic": automatic,
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT" if automatic else None,
        "destination": "ba_fake",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "type": "bank_account",
        **more,
    }
    world.store(account).add(payout)
    covered = (
        [line for line in _lines(world, account) if line["available_on"] <= now and line["_payout"] is None]
        if automatic
        else []
    )
    line = book(world, account, "payout", -amount, currency, payout, [], wait=0)
    payout["balance_transaction"] = line["id"]
    for one in [*covered, line] if automatic else []:
        one["_payout"] = payout["id"]
    world.emit(account, "payout.created", payout)
    world.time.at(payout["arrival_date"], lambda: _arrive(world, account, payout))
    return payout


def _arrive(world: World, account: str, payout: Resource) -> None:
    if payout["status"] != "pending":
        return
    if world.faults.take(faults.PAYOUT_FAILS, "payout"):
        back = book(
            world, account, "payout_failure", payout["amount"], payout["currency"], payout, [], wait=0
        )
        payout |= {
            "status": "failed",
            "failure_code": "account_closed",
            "failure_balance_transaction": back["id"],
        }
        payout["failure_message"] = "The bank account has been closed."
        world.emit(account, "payout.failed", payout)
        return
    payout["status"] = "paid"
    world.emit(account, "payout.paid", payout)
    if payout["automatic"]:
        world.emit(account, "payout.reconciliation_completed", payout)


def pay_out_available(world: World, account: str) -> Resource | None:
    """Pay out all available rupiah, as the account's daily schedule does.

    Returns None if there are none.
    """
    amount = available(world, account, "idr")
    return pay_out(world, account, amount, "idr", automatic=True) if amount > 0 else None


@route("POST", "/v1/payouts", PayoutCreateParams)
def create_payout(call: ApiCall) -> Resource:
    if call.params["amount"] < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", param="amount", code="parameter_invalid_integer"
        )
    payout = pay_out(
        call.world, call.account, call.params["amount"], currency_of(call.params["currency"]), automatic=False
    )
    return apply_fields(call, payout, "description", "statement_descriptor")


@route("GET", "/v1/payouts", PayoutListParams)
def list_payouts(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("payout"), "status", "destination")


@route("GET", "/v1/payouts/{}")
def retrieve_payout(call: ApiCall) -> Resource:
    return call.store.get("payout", call.names[0])


@route("POST", "/v1/payouts/{}/cancel")
def cancel_payout(call: ApiCall) -> Resource:
    payout = call.store.get("payout", call.names[0])
    if payout["status"] != "pending" or payout["automatic"]:
        raise invalid("Payouts can only be canceled while they are pending, and not when they are automatic.")
    payout["status"] = "canceled"
    book(call.world, call.account, "payout_cancel", payout["amount"], payout["currency"], payout, [], wait=0)
    call.emit("payout.canceled", payout)
    return payout
