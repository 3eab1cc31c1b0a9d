"""Webhooks of the fake Stripe, and refunds."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from factories.stripe_account import PRICE, StripeAccount, direct_account
from gateways.protocol import ProviderError, WebhookVerificationError
from kernel.money import Rupiah

REFUND = "POST /v1/refunds"


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[StripeAccount]:
    async with direct_account() as open_shop:
        yield open_shop


async def test_a_delivered_message_names_the_payment(shop: StripeAccount) -> None:
    shop.register_webhook()
    status = await shop.paid()
    event = shop.receive_event("checkout.session.completed")
    assert (event.subject, event.reference) == ("payment", status.reference)
    assert event.provider_reference == status.provider_reference
    assert shop.receive_event("payment_intent.succeeded").subject == "nothing"


async def test_sent_twice_a_message_has_one_id(shop: StripeAccount) -> None:
    shop.register_webhook()
    shop.fake.faults.add("twice", only="checkout.session.completed")
    await shop.paid()
    first, second = (
        shop.receive_event("checkout.session.completed"),
        shop.receive_event("checkout.session.completed", nth=1),
    )
    assert first == second


@pytest.mark.parametrize("fault", ["forged", "tampered", "wrong_account"])
async def test_a_message_that_is_not_for_us_is_refused(shop: StripeAccount, fault: str) -> None:
    shop.register_webhook()
    shop.fake.faults.add(fault, only="checkout.session.completed")
    await shop.paid()
    with pytest.raises(WebhookVerificationError):
        shop.receive_event("checkout.session.completed")


async def test_what_a_message_says_of_the_amount_is_not_even_read(shop: StripeAccount) -> None:
    shop.register_webhook()
    shop.fake.faults.add("wrong_amount", only="checkout.session.completed", amount=100)
    status = await shop.paid()
    assert shop.receive_event("checkout.session.completed").reference == status.reference
    assert status.amount == PRICE


async def test_late_money_and_failed_money_are_heard_of(shop: StripeAccount) -> None:
    shop.register_webhook()
    for outcome in (shop.fake.money_arrives, shop.fake.fail_pending_payment):
        started = await shop.create(shop.intent())
        await shop.fake.complete(started.provider_reference, "async")
        await outcome(started.provider_reference)
    assert shop.receive_event("checkout.session.async_payment_succeeded").subject == "payment"
    assert shop.receive_event("checkout.session.async_payment_failed").subject == "payment"


async def test_a_refund_that_was_made_at_stripe_itself_leads_to_its_payment(shop: StripeAccount) -> None:
    shop.register_webhook()
    status = await shop.paid()
    await shop.method.refund(shop.provider_account(), status, Rupiah(5_000), "r1", "rusak")
    await shop.fake.settle()
    refunded, created = shop.receive_event("charge.refunded"), shop.receive_event("refund.created")
    assert (refunded.subject, refunded.reference) == ("payment", status.reference)
    assert created.provider_reference is not None
    found = await shop.method.status(shop.provider_account(), "", created.provider_reference)
    assert (found.reference, found.refunded) == (status.reference, Rupiah(5_000))


async def test_a_part_and_then_the_rest_go_back(shop: StripeAccount) -> None:
    status = await shop.paid()
    provider_account = shop.provider_account()
    part = await shop.method.refund(provider_account, status, Rupiah(25_000), "r1", "satu botol pecah")
    assert part.status == "done"
    after = await shop.method.status(provider_account, status.reference, status.provider_reference)
    assert (after.payment_status, after.amount, after.refunded) == ("paid", PRICE, Rupiah(25_000))
    assert (
        await shop.method.refund(provider_account, status, Rupiah(100_000), "r2", "sisanya")
    ).status == "done"
    assert (
        await shop.method.status(provider_account, status.reference, status.provider_reference)
    ).refunded == PRICE
    refunds = [(refund["amount"], refund["metadata"]["reference"]) for refund in shop.list_objects("refund")]
    assert refunds == [(2_500_000, status.reference), (10_000_000, status.reference)]


async def test_more_than_was_paid_does_not_go_back(shop: StripeAccount) -> None:
    status = await shop.paid()
    refused = await shop.method.refund(shop.provider_account(), status, PRICE + 1, "r1", "salah")
    assert (refused.status, refused.provider_reference) == ("failed", "")
    assert "greater than unrefunded amount" in refused.detail
    assert shop.list_objects("refund") == []


async def test_one_key_gives_back_once_also_when_stripe_has_forgotten_it(shop: StripeAccount) -> None:
    status = await shop.paid()
    first = await shop.method.refund(shop.provider_account(), status, Rupiah(25_000), "r1", "rusak")
    assert await shop.method.refund(shop.provider_account(), status, Rupiah(25_000), "r1", "rusak") == first
    shop.fake.api.stored_responses.clear()
    assert await shop.method.refund(shop.provider_account(), status, Rupiah(25_000), "r1", "rusak") == first
    assert len(shop.list_objects("refund")) == 1


@pytest.mark.parametrize(
    "fault", ["error_500", "error_500_after", "time_out", "time_out_after", "hang_up", "rate_limit"]
)
async def test_however_the_answer_is_lost_the_money_goes_back_once(shop: StripeAccount, fault: str) -> None:
    status = await shop.paid()
    shop.fake.faults.add(fault, only=REFUND)
    with pytest.raises(ProviderError) as raised:
        await shop.method.refund(shop.provider_account(), status, Rupiah(25_000), "r1", "rusak")
    assert raised.value.transient
    assert (
        await shop.method.refund(shop.provider_account(), status, Rupiah(25_000), "r1", "rusak")
    ).status == "done"
    assert len(shop.list_objects("refund")) == 1


async def test_a_refund_under_way_is_not_counted_until_it_is_done(shop: StripeAccount) -> None:
    status = await shop.paid()
    shop.fake.faults.add("refund_pending", only="card", seconds=3_600)
    begun = await shop.method.refund(shop.provider_account(), status, Rupiah(25_000), "r1", "rusak")
    assert begun.status == "pending"
    provider_account = shop.provider_account()
    assert (
        await shop.method.status(provider_account, status.reference, status.provider_reference)
    ).refunded == 0
    assert (
        await shop.method.refund_status(provider_account, status, begun.provider_reference, "r1")
    ).status == "pending"
    await shop.fake.advance(timedelta(hours=2))
    assert (
        await shop.method.refund_status(provider_account, status, begun.provider_reference, "r1")
    ).status == "done"
    assert (await shop.method.refund_status(provider_account, status, "", "r1")).status == "done"
    assert (
        await shop.method.status(provider_account, status.reference, status.provider_reference)
    ).refunded == Rupiah(25_000)


async def test_a_refund_that_the_buyers_bank_sends_back_has_failed(shop: StripeAccount) -> None:
    status = await shop.paid()
    shop.fake.faults.add("refund_pending", only="card", seconds=60)
    shop.fake.faults.add("refund_fails", only="card")
    begun = await shop.method.refund(shop.provider_account(), status, Rupiah(25_000), "r1", "rusak")
    await shop.fake.advance(timedelta(hours=1))
    ended = await shop.method.refund_status(shop.provider_account(), status, begun.provider_reference, "r1")
    assert (ended.status, ended.detail) == ("failed", "expired_or_canceled_card")
    assert (
        await shop.method.status(shop.provider_account(), status.reference, status.provider_reference)
    ).refunded == 0


async def test_a_refund_that_nobody_asked_for_is_unknown(shop: StripeAccount) -> None:
    status = await shop.paid()
    with pytest.raises(ProviderError, match="no such refund"):
        await shop.method.refund_status(shop.provider_account(), status, "", "r1")


async def test_what_was_not_paid_does_not_go_back(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    with pytest.raises(ProviderError, match="nothing was paid"):
        await shop.method.refund(
            shop.provider_account(), await shop.status(intent, started), PRICE, "r1", "salah"
        )
