"""The Stripe stand-in, spoken to by the official package: if these hold, our adapter may be tested against it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stripe

from stand_ins.serving import serve
from stand_ins.stripe import NotOpen, StripeStandIn

# the package's own httpx client posts text by a parameter that httpx wants to drop
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
SHOP = "https://melati.example"


class Receiver:
    """A webhook's other end: keeps what came, and answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive()).get("body", b"")
        self.got.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        status = self.answers.pop(0) if self.answers else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def kinds(self, secret: str) -> list[str]:
        return [stripe.Webhook.construct_event(body, head["stripe-signature"], secret).type for head, body in self.got]  # type: ignore[no-untyped-call]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def stand_in(receiver: Receiver) -> StripeStandIn:
    return StripeStandIn(transport=httpx.ASGITransport(receiver.app))


@pytest.fixture
async def url(stand_in: StripeStandIn) -> AsyncIterator[str]:
    async with serve(stand_in.app) as address:
        yield address


@pytest.fixture
def client(stand_in: StripeStandIn, url: str) -> stripe.StripeClient:
    return client_of(url, stand_in.key)


def client_of(url: str, key: str, **more: Any) -> stripe.StripeClient:
    return stripe.StripeClient(
        key, base_addresses={"api": url}, http_client=stripe.HTTPXClient(), **{"max_network_retries": 0, **more}
    )


def basket(amount: int = 2_500_000, **more: Any) -> Any:
    """Parameters of a session for one thing of Rp25.000."""
    item = {
        "price_data": {"currency": "idr", "product_data": {"name": "Beras 5 kg"}, "unit_amount": amount},
        "quantity": 1,
    }
    return {
        "mode": "payment",
        "line_items": [item],
        "success_url": f"{SHOP}/kembali?s={{CHECKOUT_SESSION_ID}}",
        "cancel_url": SHOP,
        **more,
    }


async def test_a_session_is_paid_and_says_so_by_signed_events(
    client: stripe.StripeClient, stand_in: StripeStandIn, receiver: Receiver
) -> None:
    secret = stand_in.register_webhook(f"{SHOP}/kait")
    session = await client.v1.checkout.sessions.create_async(
        basket(client_reference_id="P1", payment_intent_data={"metadata": {"payment": "P1"}}, expand=["line_items"])
    )
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency, session.expires_at - session.created) == (2_500_000, "idr", 86_400)
    assert session.line_items is not None
    assert session.line_items.data[0].description == "Beras 5 kg"

    assert await stand_in.complete(session.id, how="card") is None
    paid = await client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
    )
    intent: Any = paid.payment_intent
    assert (paid.status, paid.payment_status, intent.status, intent.metadata["payment"]) == (
        "complete",
        "paid",
        "succeeded",
        "P1",
    )
    line = intent.latest_charge.balance_transaction
    assert (line.amount, line.net, line.fee % 100) == (2_500_000, 2_500_000 - line.fee, 0)
    assert receiver.kinds(secret) == [
        "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
    ]  # fmt: skip
    with pytest.raises(NotOpen):
        await stand_in.complete(session.id)


async def test_the_page_is_clicked_and_leads_back_to_the_shop(
    client: stripe.StripeClient, stand_in: StripeStandIn
) -> None:
    session = await client.v1.checkout.sessions.create_async(basket())
    async with httpx.AsyncClient() as browser:
        page = await browser.get(session.url or "")
        assert "TIDAK ADA UANG" in page.text
        assert "Rp25.000" in page.text
        assert f'href="{SHOP}"' in page.text
        declined = await browser.post(session.url or "", data={"cara": "decline"})
        assert declined.status_code == 200
        assert "Kartu ditolak" in declined.text
        paid = await browser.post(session.url or "", data={"cara": "card"})
    assert (paid.status_code, paid.headers["location"]) == (303, f"{SHOP}/kembali?s={session.id}")


async def test_money_of_a_bank_transfer_comes_later_or_never(
    client: stripe.StripeClient, stand_in: StripeStandIn
) -> None:
    for arrives in (True, False):
        session = await client.v1.checkout.sessions.create_async(basket())
        await stand_in.complete(session.id, how="async")
        session = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["payment_intent"]})
        intent: Any = session.payment_intent
        assert (session.status, session.payment_status, intent.status) == ("complete", "unpaid", "processing")
        await (stand_in.money_arrives if arrives else stand_in.money_fails)(session.id)
        session = await client.v1.checkout.sessions.retrieve_async(session.id)
        assert session.payment_status == ("paid" if arrives else "unpaid")
    last = [event["type"] for event in stand_in.events() if event["type"].startswith("checkout")]
    assert last == [
        "checkout.session.completed", "checkout.session.async_payment_succeeded",
        "checkout.session.completed", "checkout.session.async_payment_failed",
    ]  # fmt: skip


async def test_a_session_expires_after_a_day_or_at_once_when_asked(
    client: stripe.StripeClient, stand_in: StripeStandIn
) -> None:
    first = await client.v1.checkout.sessions.create_async(basket())
    await stand_in.advance(timedelta(hours=23))
    second = await client.v1.checkout.sessions.create_async(basket())
    await stand_in.advance(timedelta(hours=1, seconds=1))
    assert (await client.v1.checkout.sessions.retrieve_async(first.id)).status == "expired"
    assert (await client.v1.checkout.sessions.retrieve_async(second.id)).status == "open"
    assert (await client.v1.checkout.sessions.expire_async(second.id)).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        await client.v1.checkout.sessions.expire_async(second.id)


@pytest.mark.parametrize(
    ("wrong", "param", "code"),
    [
        ({"payment_method_types": ["qris"]}, "payment_method_types", "parameter_unknown"),
        ({"allowed_payment_method_types": ["qris"]}, "allowed_payment_method_types[0]", None),
        ({"colour": "red"}, "colour", "parameter_unknown"),
        ({"mode": "gift"}, "mode", None),
        ({"success_url": ""}, "success_url", "parameter_invalid_empty"),
        ({"success_url": "melati"}, "success_url", "url_invalid"),
        ({"expires_at": 1}, "expires_at", None),
        ({"line_items": []}, "line_items", "parameter_missing"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][price]", "parameter_missing"),
        ({"line_items": [{"price": "price_x", "quantity": 1}]}, "line_items[0][price]", "resource_missing"),
        ({"customer": "cus_x"}, "customer", "resource_missing"),
        ({"metadata": {"k": "x" * 501}}, "metadata", None),
        ({"subscription_data": {"description": "x"}}, "subscription_data", None),
        ({"payment_intent_data": {"application_fee_amount": 100}}, "payment_intent_data[application_fee_amount]", None),
    ],
)
async def test_what_the_api_refuses_is_refused(
    client: stripe.StripeClient, wrong: Any, param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.checkout.sessions.create_async(basket(**wrong))
    assert (refused.value.param, refused.value.code) == (param, code)
    assert refused.value.error is not None
    assert refused.value.error.type == "invalid_request_error"


@pytest.mark.parametrize(("currency", "amount", "code"), [("rpx", 2_500_000, None), ("idr", 2_500, "amount_too_small")])
async def test_currency_and_amount_are_looked_at(
    client: stripe.StripeClient, currency: str, amount: int, code: str | None
) -> None:
    wrong = basket(amount)
    wrong["line_items"][0]["price_data"]["currency"] = currency
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.checkout.sessions.create_async(wrong)
    assert refused.value.code == code


async def test_qris_is_there_only_after_the_account_was_invited(
    client: stripe.StripeClient, stand_in: StripeStandIn
) -> None:
    stand_in.enable("qris")
    session = await client.v1.checkout.sessions.create_async(basket(allowed_payment_method_types=["qris"]))
    assert session.payment_method_types == ["qris"]
    await stand_in.complete(session.id, how="qris")
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).payment_status == "paid"
