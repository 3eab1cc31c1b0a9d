"""The customer portal: a page where a customer manages their subscriptions.

It has one configuration, which allows everything.
"""

from __future__ import annotations

import secrets
from html import escape
from types import MappingProxyType

from stripe.params.billing_portal import SessionCreateParams

from fakes.fake_stripe.cards import attach, new_method
from fakes.fake_stripe.customers import method_of, save_as_default
from fakes.fake_stripe.errors import StripeApiError, invalid, missing
from fakes.fake_stripe.pages import Form, HostedPage, choice, document, page_at, rupiah
from fakes.fake_stripe.renewals import LIVE, end
from fakes.fake_stripe.routing import ApiCall, route
from fakes.fake_stripe.session_payment import CARDS
from fakes.fake_stripe.store import Resource, new_id, serialize
from fakes.fake_stripe.subscriptions import change
from fakes.fake_stripe.world import World, changed

INTERVALS = MappingProxyType({"day": "hari", "week": "pekan", "month": "bulan", "year": "tahun"})
LASTS = 3600


@route("POST", "/v1/billing_portal/sessions", SessionCreateParams)
def create(call: ApiCall) -> Resource:
    if (name := call.params.get("customer")) is None:
        raise missing("customer")
    call.store.named("customer", name, "customer")
    if (back := call.params.get("return_url")) is not None and not back.startswith(("http://", "https://")):
        raise invalid("Not a valid URL", param="return_url", code="url_invalid")
    word = secrets.token_urlsafe(16)
    session = {
        "id": new_id("bps"),
        "object": "billing_portal.session",
        "configuration": "bpc_fake",
        "created": call.now,
        "customer": name,
        "flow": None,
        "livemode": False,
        "locale": call.params.get("locale"),
        "on_behalf_of": None,
        "return_url": back,
        "url": call.world.address(f"/p/session/{word}"),
        "_word": word,
    }
    call.store.add(session)
    call.emit("billing_portal.session.created", session)
    return session


def _session(world: World, word: str) -> tuple[str, Resource] | None:
    for account, shelf in world.stores.items():
        for session in shelf.of_kind("billing_portal.session"):
            if session["_word"] == word and session["created"] + LASTS > world.time.now():
                return account, session
    return None


@page_at("/p/session/{}")
def portal(world: World, names: tuple[str, ...], form: Form | None) -> HostedPage:
    found = _session(world, names[0])
    if found is None:
        return document(
            "Tautan tidak berlaku", "<p>Tautan ini sudah lewat. Buka lagi dari halaman paket Anda.</p>", 404
        )
    account, session = found
    message = ""
    if form is not None:
        try:
            _do(world, account, session, form)
            return HostedPage(status=303, redirect_to=f"/p/session/{names[0]}")
        except StripeApiError as refused:
            message = f"<p class=message>{escape(str(refused))}</p>"
    return document("Langganan Anda", message + _body(world, account, session))


def _do(world: World, account: str, session: Resource, form: Form) -> None:
    """Run the action of the submitted form. Raises StripeApiError for a declined card."""
    shelf = world.store(account)
    customer = shelf.resources[session["customer"]]
    if (how := form.get("kartu")) in CARDS:
        method = new_method(world, account, "card", CARDS[how])
        attach(world, account, method, customer)
        save_as_default(world, account, customer, method)
        world.emit(account, "customer.updated", customer, {})
        for subscription in _live(world, account, customer):
            subscription["default_payment_method"] = method["id"]
        return
    subscription = shelf.named("subscription", form.get("langganan", ""), "subscription")
    if subscription["customer"] != customer["id"]:
        raise invalid("This subscription belongs to another customer.")
    before = serialize(subscription)
    match form.get("cara"):
        case "berhenti_nanti":
            last = subscription["_items"][0]["current_period_end"]
            subscription |= {
                "cancel_at_period_end": True,
                "cancel_at": last,
                "canceled_at": world.time_of(account, customer).now(),
            }
            subscription["cancellation_details"] = {
                **subscription["cancellation_details"],
                "reason": "cancellation_requested",
            }
        case "lanjut":
            subscription |= {"cancel_at_period_end": False, "cancel_at": None, "canceled_at": None}
        case "berhenti":
            end(world, account, subscription, "cancellation_requested")
            return
        case _:
            price = shelf.named("price", form.get("harga", ""), "price")
            items = [{**subscription["_items"][0], "price": price}]
            change(
                world,
                account,
                subscription,
                items,
                "create_prorations",
                world.time_of(account, customer).now(),
            )
    world.emit(account, "customer.subscription.updated", subscription, changed(before, subscription))


def _live(world: World, account: str, customer: Resource) -> list[Resource]:
    return [
        one
        for one in world.store(account).of_kind("subscription")
        if one["customer"] == customer["id"] and one["status"] in LIVE
    ]


def _body(world: World, account: str, session: Resource) -> str:
    shelf = world.store(account)
    customer = shelf.resources[session["customer"]]
    parts = [_subscription(world, account, one) for one in _live(world, account, customer)]
    method = method_of(world, account, customer)
    parts.append(
        "<h2>Kartu</h2>"
        f"<p>{'•••• ' + method['card']['last4'] if method and 'card' in method else 'Belum ada.'}</p>"
        "<form method=post>"
    )
    for value, words in (
        ("card", "Pasang kartu yang berjalan"),
        ("fails_later", "Pasang kartu yang kelak ditolak"),
        ("decline", "Pasang kartu yang ditolak"),
    ):
        parts.append(choice(value, words, name="kartu"))
    parts.append("</form><h2>Tagihan</h2><ul>")
    parts += [
        f'<li><a href="{escape(one["invoice_pdf"])}">{escape(one["number"])}</a>: '
        f"{rupiah(one['total'], one['currency'])}, {escape(one['status'])}</li>"
        for one in shelf.of_kind("invoice")
        if one["customer"] == customer["id"] and one["number"]
    ]
    parts.append("</ul>")
    if session["return_url"]:
        parts.append(f'<a class=button href="{escape(session["return_url"])}">Kembali</a>')
    return "".join(parts)


def _subscription(world: World, account: str, subscription: Resource) -> str:
    price = subscription["_items"][0]["price"]
    buttons = (
        choice("lanjut", "Teruskan langganan")
        if subscription["cancel_at_period_end"]
        else choice("berhenti_nanti", "Berhenti di akhir masa")
    )
    buttons += choice("berhenti", "Berhenti sekarang")
    shelf = world.store(account)
    for other in shelf.of_kind("price"):
        if other["recurring"] and other["active"] and other["id"] != price["id"]:
            buttons += choice(other["id"], f"Ganti ke {_named(shelf.resources, other)}", name="harga")
    hidden = f'<input type=hidden name=langganan value="{escape(subscription["id"])}">'
    return (
        f"<h2>{escape(_named(shelf.resources, price))}</h2><p>Status: "
        f"{escape(subscription['status'])}</p><form method=post>{hidden}{buttons}</form>"
    )


def _named(things: dict[str, Resource], price: Resource) -> str:
    product = things[price["product"]]
    recurring = price["recurring"]
    return (
        f"{product['name']}, {rupiah(price['unit_amount'], price['currency'])} tiap "
        f"{recurring['interval_count']} {INTERVALS[recurring['interval']]}"
    )
