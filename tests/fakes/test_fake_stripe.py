"""The fake Stripe, called by the official package: these tests justify testing our adapter against it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stripe

from fakes.fake_stripe import FakeStripe, SessionNotOpen
from fakes.stripe_harness import IGNORE_TEXT_BODY_WARNING, SHOP, StripeHarness, run_stripe, session_params

pytestmark = pytest.mark.filterwarnings(IGNORE_TEXT_BODY_WARNING)


@pytest.fixture
async def harness() -> AsyncIterator[StripeHarness]:
    async with run_stripe() as harness:
        yield harness


@pytest.fixture
def fake(harness: StripeHarness) -> FakeStripe:
    return harness.server


@pytest.fixture
def client(harness: StripeHarness) -> Any:
    return harness.client()


async def test_a_session_is_paid_and_says_so_by_signed_events(
    client: Any, fake: FakeStripe, harness: StripeHarness
) -> None:
    secret = harness.register_receiver()
    session = await client.checkout.sessions.create_async(
        session_params(
            client_reference_id="P1",
            payment_intent_data={"metadata": {"payment": "P1"}},
            expand=["line_items"],
        )
    )
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency, session.expires_at - session.created) == (
        2_500_000,
        "idr",
        86_400,
    )
    assert session.line_items is not None
    assert session.line_items.data[0].description == "Beras 5 kg"

    assert await fake.complete(session.id, how="card") is None
    paid = await client.checkout.sessions.retrieve_async(
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
    assert harness.receiver.kinds(secret) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    with pytest.raises(SessionNotOpen):
        await fake.complete(session.id)


async def test_the_page_is_clicked_and_leads_back_to_the_shop(client: Any, fake: FakeStripe) -> None:
    session = await client.checkout.sessions.create_async(session_params())
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


async def test_money_of_a_bank_transfer_comes_later_or_never(client: Any, fake: FakeStripe) -> None:
    for arrives in (True, False):
        session = await client.checkout.sessions.create_async(session_params())
        await fake.complete(session.id, how="async")
        session = await client.checkout.sessions.retrieve_async(session.id, {"expand": ["payment_intent"]})
        intent: Any = session.payment_intent
        assert (session.status, session.payment_status, intent.status) == ("complete", "unpaid", "processing")
        await (fake.money_arrives if arrives else fake.fail_pending_payment)(session.id)
        session = await client.checkout.sessions.retrieve_async(session.id)
        assert session.payment_status == ("paid" if arrives else "unpaid")
    last = [event["type"] for event in fake.events() if event["type"].startswith("checkout")]
    assert last == [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.async_payment_failed",
    ]


async def test_a_session_expires_after_a_day_or_at_once_when_asked(client: Any, fake: FakeStripe) -> None:
    first = await client.checkout.sessions.create_async(session_params())
    await fake.advance(timedelta(hours=23))
    second = await client.checkout.sessions.create_async(session_params())
    await fake.advance(timedelta(hours=1, seconds=1))
    assert (await client.checkout.sessions.retrieve_async(first.id)).status == "expired"
    assert (await client.checkout.sessions.retrieve_async(second.id)).status == "open"
    assert (await client.checkout.sessions.expire_async(second.id)).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        await client.checkout.sessions.expire_async(second.id)


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
        (
            {"payment_intent_data": {"application_fee_amount": 100}},
            "payment_intent_data[application_fee_amount]",
            None,
        ),
    ],
)
async def test_what_the_api_refuses_is_refused(client: Any, wrong: Any, param: str, code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.checkout.sessions.create_async(session_params(**wrong))
    assert (refused.value.param, refused.value.code) == (param, code)
    assert refused.value.error is not None
    assert refused.value.error.type == "invalid_request_error"


@pytest.mark.parametrize(
    ("currency", "amount", "code"), [("rpx", 2_500_000, None), ("idr", 2_500, "amount_too_small")]
)
async def test_currency_and_amount_are_looked_at(
    client: Any, currency: str, amount: int, code: str | None
) -> None:
    wrong = session_params(amount)
    wrong["line_items"][0]["price_data"]["currency"] = currency
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.checkout.sessions.create_async(wrong)
    assert refused.value.code == code


async def test_qris_is_there_only_after_the_account_was_invited(client: Any, fake: FakeStripe) -> None:
    fake.enable("qris")
    session = await client.checkout.sessions.create_async(
        session_params(allowed_payment_method_types=["qris"])
    )
    assert session.payment_method_types == ["qris"]
    await fake.complete(session.id, how="qris")
    assert (await client.checkout.sessions.retrieve_async(session.id)).payment_status == "paid"
