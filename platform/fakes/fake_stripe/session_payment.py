"""The buyer's actions on a Checkout Session's page, and their results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakes.fake_stripe.cards import DELAYED, new_method
from fakes.fake_stripe.charges import attempt, capture, fail
from fakes.fake_stripe.checkout import add_up, expire_session
from fakes.fake_stripe.intents import new_intent
from fakes.fake_stripe.store import Resource
from fakes.fake_stripe.totals import count_redemptions, discounts_given
from fakes.fake_stripe.world import World

# a buyer's action → the test card for it
CARDS = {
    "card": "4242424242424242",
    "decline": "4000000000000002",
    "insufficient_funds": "4000000000009995",
    "fails_later": "4000000000000341",
}
# modules of the other modes register themselves here
FINISHERS: dict[str, Callable[[World, str, Resource, Resource], str | None]] = {}


class SessionNotOpen(Exception):
    """The session is paid or expired, or does not offer the requested method."""


def session_named(world: World, name: str) -> tuple[str, Resource]:
    """Return a session of any account (its page knows no account). Raises SessionNotOpen if there is none."""
    for account, shelf in world.stores.items():
        if (session := shelf.find("checkout.session", name)) is not None:
            return account, session
    raise SessionNotOpen(f"there is no session {name}")


def pay(world: World, name: str, how: str, email: str | None = None) -> str | None:
    """Do what a buyer does: ``how`` is card, decline, insufficient_funds, async, expire, or a payment method
    such as qris.

    Returns why the card was declined (the session stays open), or None. Raises SessionNotOpen.
    """
    account, session = session_named(world, name)
    if session["status"] != "open":
        raise SessionNotOpen(f"the session is {session['status']} already")
    if how == "expire":
        expire_session(world, account, session)
        return None
    method = _method(world, account, session, how)
    _who(session, email, world, account)
    if session["mode"] == "payment":
        reason = _pay_once(world, account, session, method)
    else:
        reason = FINISHERS[session["mode"]](world, account, session, method)
    if reason is not None:
        return reason
    count_redemptions(world, account, session["_coupons"])
    session |= {"status": "complete", "url": None}
    world.emit(account, "checkout.session.completed", session)
    if session["payment_status"] == "unpaid" and world.async_after is not None:
        world.time.at(
            world.time.now() + world.async_after,
            lambda: finish_async_payment(world, session["id"], paid=True, quietly=True),
        )
    return None


def _method(world: World, account: str, session: Resource, how: str) -> Resource:
    methods = session["payment_method_types"]
    if how in CARDS:
        if "card" not in methods:
            raise SessionNotOpen(f"this session takes no cards, only {', '.join(methods)}")
        return new_method(world, account, "card", CARDS[how])
    if how == "async":
        delayed = [method for method in methods if method in DELAYED]
        if not delayed:
            raise SessionNotOpen(
                f"no way of this session pays later: {', '.join(methods)} (enable id_bank_transfer, or "
                f"allow it)"
            )
        return new_method(world, account, delayed[0])
    if how not in methods:
        raise SessionNotOpen(f"this session does not offer {how!r}, only {', '.join(methods)}")
    return new_method(world, account, how)


def _who(session: Resource, email: str | None, world: World, account: str) -> None:
    customer: dict[str, Any] = world.store(account).resources.get(session["customer"] or "", {})
    address = customer.get("email") or session["customer_email"] or email or "pembeli@contoh.example"
    session["customer_details"] = {
        "address": None,
        "email": address,
        "name": customer.get("name"),
        "phone": customer.get("phone"),
        "tax_exempt": "none",
        "tax_ids": [],
    }


def _pay_once(world: World, account: str, session: Resource, method: Resource) -> str | None:
    if not session["amount_total"]:
        session["payment_status"] = "no_payment_required"
        return None
    if session["customer"] is None and session["customer_creation"] == "always":
        from fakes.fake_stripe.customers import new_customer

        session["customer"] = new_customer(world, account, email=session["customer_details"]["email"])["id"]
    intent = world.store(account).resources.get(session["payment_intent"] or session.get("_intent", ""))
    if intent is None:
        intent = new_intent(
            world, account, session["amount_total"], session["currency"], session["payment_method_types"]
        )
        data = session["_data"]
        intent |= {
            key: data[key]
            for key in (
                "application_fee_amount",
                "description",
                "metadata",
                "receipt_email",
                "setup_future_usage",
                "statement_descriptor",
                "transfer_group",
                "capture_method",
            )
            if key in data
        }
        intent["customer"] = session["customer"]
        session["_intent"] = intent["id"]
    reason = attempt(world, account, intent, method)
    if reason is None:
        session["payment_intent"] = intent["id"]
        session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
    return reason


def finish_async_payment(world: World, name: str, *, paid: bool, quietly: bool = False) -> None:
    """Let the money of an asynchronous method arrive or fail.

    Raises SessionNotOpen if nothing is pending, unless ``quietly``.
    """
    account, session = session_named(world, name)
    intent = world.store(account).resources.get(session["payment_intent"] or "")
    if intent is None or intent["status"] != "processing":
        if quietly:
            return
        raise SessionNotOpen("nothing of this session is waited for")
    charge = world.store(account).resources[intent["latest_charge"]]
    if paid:
        capture(world, account, intent, charge, intent["amount"])
        session["payment_status"] = "paid"
        world.emit(account, "checkout.session.async_payment_succeeded", session)
        return
    method = world.store(account).resources[intent["payment_method"]]
    fail(world, account, intent, method, "generic_decline", charge)
    world.emit(account, "checkout.session.async_payment_failed", session)


def redeem(world: World, name: str, code: str) -> None:
    """Apply a promotion code on the page.

    Raises SessionNotOpen, or StripeApiError for a code that cannot be used.
    """
    account, session = session_named(world, name)
    found = [
        one
        for one in world.store(account).of_kind("promotion_code")
        if one["code"].lower() == code.strip().lower() and one["active"]
    ]
    if session["status"] != "open" or not session["allow_promotion_codes"] or not found:
        raise SessionNotOpen("kode promo ini tidak berlaku di sini")
    given = discounts_given(world, account, [{"promotion_code": found[0]["id"]}], session["customer"])
    session["_coupons"] = given
    session["discounts"] = [
        {"coupon": one["coupon"]["id"], "promotion_code": one["promotion_code"]} for one in given
    ]
    add_up(session)


def success_url(session: Resource) -> str:
    """Return the URL to which the buyer returns after paying."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])
