"""Faults on demand, and what the fake stores: keys, idempotency, retries, separate accounts, balances."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stripe

from fakes.fake_stripe import FakeStripe
from fakes.stripe_harness import IGNORE_TEXT_BODY_WARNING, SHOP, StripeHarness, run_stripe, session_params

pytestmark = pytest.mark.filterwarnings(IGNORE_TEXT_BODY_WARNING)
PAID = "checkout.session.completed"


@pytest.fixture
async def harness() -> AsyncIterator[StripeHarness]:
    async with run_stripe() as harness:
        yield harness


async def paid_session(harness: StripeHarness, client: Any = None, **more: Any) -> Any:
    client = client or harness.client()
    session = await client.checkout.sessions.create_async(session_params(**more))
    await harness.server.complete(session.id)
    return await client.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent.latest_charge"]}
    )


@pytest.mark.parametrize("key", ["sk_live_standin_melati", "sk_test_other", "pk_test_standin_melati"])
async def test_a_key_that_is_not_of_the_fake_opens_nothing(harness: StripeHarness, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        await harness.client(key).balance.retrieve_async()


async def test_the_same_key_has_the_same_answer_and_other_parameters_are_refused(
    harness: StripeHarness,
) -> None:
    client, once = harness.client(), {"idempotency_key": "P1"}
    first = await client.checkout.sessions.create_async(session_params(), once)
    again = await client.checkout.sessions.create_async(session_params(), once)
    assert (again.id, again.last_response.headers["idempotent-replayed"]) == (first.id, "true")
    with pytest.raises(stripe.IdempotencyError):
        await client.checkout.sessions.create_async(session_params(3_000_000), once)
    other = await harness.client(FakeStripe.key_of("mawar")).checkout.sessions.create_async(
        session_params(), once
    )
    assert other.id != first.id
    await harness.server.advance(timedelta(hours=25))
    assert (await client.checkout.sessions.create_async(session_params(), once)).id != first.id


async def test_a_500_is_replayed_for_its_key_and_a_refusal_of_parameters_is_not(
    harness: StripeHarness,
) -> None:
    client, once = harness.client(), {"idempotency_key": "P1"}
    harness.server.faults.add("error_500", only="POST /v1/checkout/sessions")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await client.checkout.sessions.create_async(session_params(), once)
    with pytest.raises(stripe.InvalidRequestError):
        await client.checkout.sessions.create_async(session_params(mode="gift"), {"idempotency_key": "P2"})
    assert (
        await client.checkout.sessions.create_async(session_params(), {"idempotency_key": "P2"})
    ).status == "open"


async def test_faults_happen_as_often_as_they_were_asked_for(harness: StripeHarness) -> None:
    client = harness.client()
    harness.server.faults.add("rate_limit", times=2)
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            await client.balance.retrieve_async()
    assert (await client.balance.retrieve_async()).livemode is False
    harness.server.faults.add("hang_up", times=None, only="GET /v1/balance")
    for _ in range(3):
        with pytest.raises(stripe.APIConnectionError):
            await client.balance.retrieve_async()
    harness.server.faults.clear()
    assert (await client.balance.retrieve_async()).livemode is False
    with pytest.raises(ValueError, match="no fault"):
        harness.server.faults.add("meteor")


async def test_a_time_out_may_come_after_the_work_and_the_key_finds_it_again(harness: StripeHarness) -> None:
    client = harness.client(http_client=stripe.HTTPXClient(timeout=0.3))
    harness.server.faults.add("time_out_after", only="POST /v1/checkout/sessions")
    with pytest.raises(stripe.APIConnectionError):
        await client.checkout.sessions.create_async(session_params(), {"idempotency_key": "P1"})
    session = await client.checkout.sessions.create_async(session_params(), {"idempotency_key": "P1"})
    assert len((await client.checkout.sessions.list_async()).data) == 1
    assert session.status == "open"


async def test_events_come_twice_late_in_another_order_or_not_at_all(harness: StripeHarness) -> None:
    secret, faults = (
        harness.register_receiver(events=["payment_intent.succeeded", PAID]),
        harness.server.faults,
    )
    faults.add("twice", only=PAID)
    await paid_session(harness)
    assert harness.receiver.kinds(secret) == ["payment_intent.succeeded", PAID, PAID]
    assert len({event.id for event in harness.receiver.events(secret)[1:]}) == 1

    harness.receiver.received.clear()
    faults.add("out_of_order", only="payment_intent.succeeded")
    await paid_session(harness)
    assert harness.receiver.kinds(secret) == [PAID, "payment_intent.succeeded"]

    harness.receiver.received.clear()
    faults.add("late", only=PAID, seconds=600)
    faults.add("lost", only="payment_intent.succeeded")
    await paid_session(harness)
    assert harness.receiver.received == []
    await harness.server.advance(timedelta(minutes=10))
    assert harness.receiver.kinds(secret) == [PAID]


async def test_a_forged_event_does_not_verify_and_its_retry_does(harness: StripeHarness) -> None:
    secret = harness.register_receiver(events=[PAID])
    for fault in ("forged", "tampered"):
        harness.receiver.received.clear()
        harness.receiver.answers = [400]
        harness.server.faults.add(fault, only=PAID)
        await paid_session(harness)
        with pytest.raises(stripe.SignatureVerificationError):
            harness.receiver.kinds(secret)
        assert harness.server.deliveries[-1].fault == fault
        harness.receiver.received.clear()
        await harness.server.advance(seconds=60)
        assert harness.receiver.kinds(secret) == [PAID]


async def test_a_wrong_amount_or_currency_is_properly_signed(harness: StripeHarness) -> None:
    secret, faults = harness.register_receiver(events=[PAID]), harness.server.faults
    faults.add("wrong_amount", amount=100)
    faults.add("wrong_currency")
    session = await paid_session(harness)
    intent = harness.receiver.events(secret)[0].data.object
    assert (intent.amount_total, intent.currency) == (100, "usd")
    assert (session.amount_total, session.currency) == (2_500_000, "idr")


async def test_delivery_is_tried_again_until_it_is_taken(harness: StripeHarness) -> None:
    secret = harness.register_receiver(events=[PAID])
    harness.receiver.answers = [500, 503]
    await paid_session(harness)
    event = next(one for one in harness.server.events() if one["type"] == PAID)
    assert (len(harness.receiver.received), event["pending_webhooks"]) == (1, 1)
    await harness.server.advance(seconds=60)
    await harness.server.advance(seconds=300)
    assert [one.status for one in harness.server.deliveries] == [500, 503, 200]
    assert event["pending_webhooks"] == 0
    assert len({event.id for event in harness.receiver.events(secret)}) == 1


async def test_a_connected_account_keeps_its_own_data_and_the_platform_takes_its_fee(
    harness: StripeHarness,
) -> None:
    account = harness.server.connect_account()
    secret = harness.register_receiver(connect=True, events=[PAID, "charge.succeeded"])
    platform, shop = harness.client(), harness.client(stripe_account=account)
    session = await paid_session(harness, shop, payment_intent_data={"application_fee_amount": 50_000})
    charge = session.payment_intent.latest_charge
    assert charge.application_fee_amount == 50_000
    events = harness.receiver.events(secret)
    assert {event.account for event in events} == {account}
    line = (await shop.balance_transactions.list_async({"source": charge.id})).data[0]
    assert {detail.type: detail.amount for detail in line.fee_details}["application_fee"] == 50_000
    assert (await platform.balance.retrieve_async()).pending[0].amount == 50_000
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        await platform.checkout.sessions.retrieve_async(session.id)
    with pytest.raises(stripe.PermissionError):
        await harness.client(FakeStripe.key_of("mawar"), stripe_account=account).balance.retrieve_async()


async def test_a_new_account_takes_nothing_until_it_was_filled_in(harness: StripeHarness) -> None:
    platform = harness.client()
    account = await platform.accounts.create_async({"country": "ID", "email": "bendahara@melati.example"})
    assert account.charges_enabled is False
    with pytest.raises(stripe.InvalidRequestError, match="payment method types"):
        await harness.client(stripe_account=account.id).checkout.sessions.create_async(session_params())
    link = await platform.account_links.create_async(
        {"account": account.id, "type": "account_onboarding", "return_url": SHOP, "refresh_url": SHOP}
    )
    async with httpx.AsyncClient() as browser:
        assert (await browser.post(link.url, data={"cara": "selesai"})).headers["location"] == SHOP
    ready = await platform.accounts.retrieve_async(account.id)
    assert (ready.charges_enabled, ready.capabilities.card_payments) == (True, "active")


async def test_refunds_are_partial_then_whole_pending_and_may_fail(harness: StripeHarness) -> None:
    client = harness.client()
    intent = (await paid_session(harness)).payment_intent.id
    part = await client.refunds.create_async({"payment_intent": intent, "amount": 1_000_000})
    assert part.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        await client.refunds.create_async({"payment_intent": intent, "amount": 1_500_001})
    harness.server.faults.add("refund_pending")
    rest = await client.refunds.create_async({"payment_intent": intent})
    assert (rest.amount, rest.status) == (1_500_000, "pending")
    harness.server.faults.add("refund_fails")
    await harness.server.advance(timedelta(days=1))
    assert (await client.refunds.retrieve_async(rest.id)).status == "failed"
    charge = (
        await client.payment_intents.retrieve_async(intent, {"expand": ["latest_charge"]})
    ).latest_charge
    assert (charge.amount_refunded, charge.refunded) == (1_000_000, False)


async def test_a_payout_covers_what_it_paid_out_and_the_balance_is_empty(harness: StripeHarness) -> None:
    client = harness.client()
    for _ in range(12):
        await paid_session(harness)
    assert (await client.balance.retrieve_async()).available[0].amount == 0
    await harness.server.advance(timedelta(days=2))
    payout = await harness.server.pay_out()
    assert payout is not None
    first = await client.balance_transactions.list_async({"payout": payout["id"], "limit": 5})
    assert first.has_more
    every = [line async for line in first.auto_paging_iter()]
    assert (len(every), sum(line.net for line in every)) == (13, 0)
    await harness.server.advance(timedelta(days=1))
    assert (await client.payouts.retrieve_async(payout["id"])).status == "paid"
    assert (await client.balance.retrieve_async()).available[0].amount == 0


async def test_the_control_api_does_what_the_handle_does(harness: StripeHarness) -> None:
    session = await harness.client().checkout.sessions.create_async(session_params())
    async with httpx.AsyncClient(base_url=harness.url) as control:
        assert (await control.post("/_control/faults", json={"kind": "rate_limit"})).json()["times"] == 1
        assert (await control.delete("/_control/faults")).status_code == 200
        assert (await control.post("/_control/faults", json={"kind": "meteor"})).status_code == 400
        hook = (
            await control.post("/_control/webhooks", json={"url": f"{SHOP}/webhooks", "events": [PAID]})
        ).json()
        assert (await control.post(f"/_control/sessions/{session.id}", json={"how": "card"})).json() == {
            "declined": None
        }
        await control.post("/_control/settle")
        deliveries = (await control.get("/_control/deliveries")).json()
        assert (
            await control.post(f"/_control/sessions/{session.id}", json={"how": "card"})
        ).status_code == 400
    assert harness.receiver.kinds(hook["secret"]) == [PAID]
    assert json.loads(deliveries[0]["body"])["data"]["object"]["id"] == session.id


async def test_what_falls_due_is_done_without_being_asked(harness: StripeHarness) -> None:
    secret = harness.register_receiver(events=[PAID])
    session = await harness.client().checkout.sessions.create_async(session_params())
    async with httpx.AsyncClient() as browser:
        await browser.post(session.url, data={"cara": "card"})
    async with asyncio.timeout(2):
        while not harness.receiver.received:  # noqa: ASYNC110 - a person would look at it again and again, too
            await asyncio.sleep(0.01)
    assert harness.receiver.kinds(secret) == [PAID]


async def test_what_was_accepted_and_had_no_effect_is_written_down(harness: StripeHarness) -> None:
    await harness.client().checkout.sessions.create_async(
        session_params(billing_address_collection="required")
    )
    assert harness.server.world.ignored_params == {
        ("POST /v1/checkout/sessions", "billing_address_collection")
    }
