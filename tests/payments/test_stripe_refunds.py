"""Messages that the stand-in of Stripe delivers, and money that goes back."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from factories.stripe_shop import PRICE, Shop, own_keys
from kernel.money import Rupiah
from payments.provider import ProviderFault, Unverified

REFUND = "POST /v1/refunds"


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    async with own_keys() as open_shop:
        yield open_shop


async def test_a_delivered_message_names_the_payment(shop: Shop) -> None:
    shop.listens()
    status = await shop.paid()
    event = shop.hears("checkout.session.completed")
    assert (event.concerns, event.reference) == ("payment", status.reference)
    assert event.provider_reference == status.provider_reference
    assert shop.hears("payment_intent.succeeded").concerns == "nothing"


async def test_sent_twice_a_message_has_one_id(shop: Shop) -> None:
    shop.listens()
    shop.stand_in.faults.add("twice", only="checkout.session.completed")
    await shop.paid()
    first, second = shop.hears("checkout.session.completed"), shop.hears("checkout.session.completed", nth=1)
    assert first == second


@pytest.mark.parametrize("fault", ["forged", "tampered", "wrong_account"])
async def test_a_message_that_is_not_for_us_is_refused(shop: Shop, fault: str) -> None:
    shop.listens()
    shop.stand_in.faults.add(fault, only="checkout.session.completed")
    await shop.paid()
    with pytest.raises(Unverified):
        shop.hears("checkout.session.completed")


async def test_what_a_message_says_of_the_amount_is_not_even_read(shop: Shop) -> None:
    shop.listens()
    shop.stand_in.faults.add("wrong_amount", only="checkout.session.completed", amount=100)
    status = await shop.paid()
    assert shop.hears("checkout.session.completed").reference == status.reference
    assert status.amount == PRICE


async def test_late_money_and_failed_money_are_heard_of(shop: Shop) -> None:
    shop.listens()
    for outcome in (shop.stand_in.money_arrives, shop.stand_in.money_fails):
        started = await shop.create(shop.intent())
        await shop.stand_in.complete(started.provider_reference, "async")
        await outcome(started.provider_reference)
    assert shop.hears("checkout.session.async_payment_succeeded").concerns == "payment"
    assert shop.hears("checkout.session.async_payment_failed").concerns == "payment"


async def test_a_refund_that_was_made_at_stripe_itself_leads_to_its_payment(shop: Shop) -> None:
    shop.listens()
    status = await shop.paid()
    await shop.way.refund(shop.means(), status, Rupiah(5_000), "r1", "rusak")
    await shop.stand_in.settle()
    refunded, created = shop.hears("charge.refunded"), shop.hears("refund.created")
    assert (refunded.concerns, refunded.reference) == ("payment", status.reference)
    assert created.provider_reference is not None
    found = await shop.way.status(shop.means(), "", created.provider_reference)
    assert (found.reference, found.refunded) == (status.reference, Rupiah(5_000))


async def test_a_part_and_then_the_rest_go_back(shop: Shop) -> None:
    status = await shop.paid()
    means = shop.means()
    part = await shop.way.refund(means, status, Rupiah(25_000), "r1", "satu botol pecah")
    assert part.state == "done"
    after = await shop.way.status(means, status.reference, status.provider_reference)
    assert (after.state, after.amount, after.refunded) == ("paid", PRICE, Rupiah(25_000))
    assert (await shop.way.refund(means, status, Rupiah(100_000), "r2", "sisanya")).state == "done"
    assert (await shop.way.status(means, status.reference, status.provider_reference)).refunded == PRICE
    kept = [(refund["amount"], refund["metadata"]["reference"]) for refund in shop.things("refund")]
    assert kept == [(2_500_000, status.reference), (10_000_000, status.reference)]


async def test_more_than_was_paid_does_not_go_back(shop: Shop) -> None:
    status = await shop.paid()
    refused = await shop.way.refund(shop.means(), status, PRICE + 1, "r1", "salah")
    assert (refused.state, refused.provider_reference) == ("failed", "")
    assert "greater than unrefunded amount" in refused.detail
    assert shop.things("refund") == []


async def test_one_key_gives_back_once_also_when_stripe_has_forgotten_it(shop: Shop) -> None:
    status = await shop.paid()
    first = await shop.way.refund(shop.means(), status, Rupiah(25_000), "r1", "rusak")
    assert await shop.way.refund(shop.means(), status, Rupiah(25_000), "r1", "rusak") == first
    shop.stand_in.desk.kept.clear()
    assert await shop.way.refund(shop.means(), status, Rupiah(25_000), "r1", "rusak") == first
    assert len(shop.things("refund")) == 1


@pytest.mark.parametrize(
    "fault", ["error_500", "error_500_after", "time_out", "time_out_after", "hang_up", "rate_limit"]
)
async def test_however_the_answer_is_lost_the_money_goes_back_once(shop: Shop, fault: str) -> None:
    status = await shop.paid()
    shop.stand_in.faults.add(fault, only=REFUND)
    with pytest.raises(ProviderFault) as raised:
        await shop.way.refund(shop.means(), status, Rupiah(25_000), "r1", "rusak")
    assert raised.value.passing
    assert (await shop.way.refund(shop.means(), status, Rupiah(25_000), "r1", "rusak")).state == "done"
    assert len(shop.things("refund")) == 1


async def test_a_refund_under_way_is_not_counted_until_it_is_done(shop: Shop) -> None:
    status = await shop.paid()
    shop.stand_in.faults.add("refund_pending", only="card", seconds=3_600)
    begun = await shop.way.refund(shop.means(), status, Rupiah(25_000), "r1", "rusak")
    assert begun.state == "pending"
    means = shop.means()
    assert (await shop.way.status(means, status.reference, status.provider_reference)).refunded == 0
    assert (await shop.way.refund_status(means, status, begun.provider_reference, "r1")).state == "pending"
    await shop.stand_in.advance(timedelta(hours=2))
    assert (await shop.way.refund_status(means, status, begun.provider_reference, "r1")).state == "done"
    assert (await shop.way.refund_status(means, status, "", "r1")).state == "done"
    assert (await shop.way.status(means, status.reference, status.provider_reference)).refunded == Rupiah(
        25_000
    )


async def test_a_refund_that_the_buyers_bank_sends_back_has_failed(shop: Shop) -> None:
    status = await shop.paid()
    shop.stand_in.faults.add("refund_pending", only="card", seconds=60)
    shop.stand_in.faults.add("refund_fails", only="card")
    begun = await shop.way.refund(shop.means(), status, Rupiah(25_000), "r1", "rusak")
    await shop.stand_in.advance(timedelta(hours=1))
    ended = await shop.way.refund_status(shop.means(), status, begun.provider_reference, "r1")
    assert (ended.state, ended.detail) == ("failed", "expired_or_canceled_card")
    assert (await shop.way.status(shop.means(), status.reference, status.provider_reference)).refunded == 0


async def test_a_refund_that_nobody_asked_for_is_unknown(shop: Shop) -> None:
    status = await shop.paid()
    with pytest.raises(ProviderFault, match="no such refund"):
        await shop.way.refund_status(shop.means(), status, "", "r1")


async def test_what_was_not_paid_does_not_go_back(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    with pytest.raises(ProviderFault, match="nothing was paid"):
        await shop.way.refund(shop.means(), await shop.status(intent, started), PRICE, "r1", "salah")
