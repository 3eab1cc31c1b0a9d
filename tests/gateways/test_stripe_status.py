"""Reading a payment's status from the fake Stripe, and cancelling a payment."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio

from factories.stripe_account import FEE, PRICE, StripeAccount, direct_account
from fakes.fake_stripe import FakeStripe
from gateways.protocol import ProviderError
from gateways.stripe_client import StripeProviderError, build_client
from gateways.stripe_objects import CheckoutSession, StripeCharge, StripePaymentIntent
from gateways.stripe_sessions import to_provider_status
from kernel import clock
from kernel.money import Rupiah

READ = "GET /v1/checkout/sessions/*"


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[StripeAccount]:
    async with direct_account() as open_shop:
        yield open_shop


async def test_paid_by_card_it_tells_amount_fee_and_moment(shop: StripeAccount) -> None:
    before = clock.now().replace(microsecond=0)
    status = await shop.paid()
    assert (status.payment_status, status.amount, status.currency, status.fee, status.refunded) == (
        "paid",
        PRICE,
        "IDR",
        FEE,
        0,
    )
    assert status.paid_at is not None
    assert before <= status.paid_at <= clock.now()
    assert status.detail == "card"


async def test_what_is_not_paid_waits_and_has_no_amount(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    assert await shop.fake.complete(started.provider_reference, "decline") is not None
    status = await shop.status(intent, started)
    assert (status.payment_status, status.amount, status.fee, status.paid_at) == ("awaiting", 0, None, None)


async def test_a_bank_transfer_waits_after_the_buyer_left_and_is_paid_when_the_money_comes(
    shop: StripeAccount,
) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    assert not (await shop.status(intent, started)).processing
    await shop.fake.complete(started.provider_reference, "async")
    status = await shop.status(intent, started)
    assert (status.payment_status, status.processing) == ("awaiting", True)
    await shop.fake.money_arrives(started.provider_reference)
    status = await shop.status(intent, started)
    assert (status.payment_status, status.amount, status.detail) == ("paid", PRICE, "id_bank_transfer")


async def test_a_bank_transfer_that_never_comes_has_failed(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.fake.complete(started.provider_reference, "async")
    await shop.fake.fail_pending_payment(started.provider_reference)
    status = await shop.status(intent, started)
    assert (status.payment_status, status.processing) == ("failed", False)


async def test_a_session_that_nobody_paid_is_expired(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.fake.advance(timedelta(hours=2))
    assert (await shop.status(intent, started)).payment_status == "expired"


async def test_a_payment_is_also_found_by_its_payment_intent(shop: StripeAccount) -> None:
    paid = await shop.paid()
    await shop.paid()
    (_, intent) = shop.list_objects("payment_intent")
    (first, _) = shop.list_objects("payment_intent")
    assert await shop.method.status(shop.provider_account(), "", first["id"]) == paid
    assert (await shop.method.status(shop.provider_account(), "", intent["id"])).reference != paid.reference


async def test_a_payment_intent_of_elsewhere_is_not_ours(shop: StripeAccount) -> None:
    await shop.paid()
    with pytest.raises(ProviderError, match="not begun by a Checkout Session") as raised:
        await shop.method.status(shop.provider_account(), "", "pi_elsewhere")
    assert not raised.value.transient


async def test_the_session_of_one_payment_does_not_pay_another(shop: StripeAccount) -> None:
    one = await shop.paid()
    with pytest.raises(ProviderError, match="belongs to another payment") as raised:
        await shop.method.status(shop.provider_account(), "MLT999999", one.provider_reference)
    assert not raised.value.transient


async def test_another_cooperative_cannot_read_the_session(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    shop.key = FakeStripe.key_of("mawar")
    with pytest.raises(StripeProviderError) as raised:
        await shop.status(intent, started)
    assert (raised.value.transient, raised.value.status) == (False, 404)


async def test_without_a_session_there_is_nothing_to_ask(shop: StripeAccount) -> None:
    with pytest.raises(ProviderError, match="no Checkout Session"):
        await shop.method.status(shop.provider_account(), "MLT000001", "")


@pytest.mark.parametrize("amount", [12_500_001, 12_500_099, 125_000])
async def test_an_amount_that_is_not_what_was_received_is_never_believed(
    shop: StripeAccount, amount: int
) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.fake.complete(started.provider_reference)
    shop.fake.faults.add("answers_amount", only="checkout.session", amount=amount)
    with pytest.raises(
        ProviderError,
        match=r"whole number of rupiah|another for what was "
        r"received",
    ) as raised:
        await shop.status(intent, started)
    assert not raised.value.transient


async def test_a_part_of_a_rupiah_is_refused_and_not_asked_again(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.fake.complete(started.provider_reference)
    shop.list_objects("payment_intent")[0]["amount_received"] = shop.list_objects("checkout.session")[0][
        "amount_total"
    ] = 12_500_050
    with pytest.raises(ProviderError, match="12500050 hundredths") as raised:
        await shop.status(intent, started)
    assert not raised.value.transient


async def test_less_money_than_was_asked_is_told_as_it_is(shop: StripeAccount) -> None:
    """The provider does not judge whether the amount is enough: the state machine compares it."""
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.fake.complete(started.provider_reference)
    shop.list_objects("payment_intent")[0]["amount_received"] = shop.list_objects("checkout.session")[0][
        "amount_total"
    ] = 125_000
    assert (await shop.status(intent, started)).amount == Rupiah(1_250)


async def test_dollars_are_no_rupiah(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.fake.complete(started.provider_reference)
    shop.fake.faults.add("answers_currency", only="checkout.session", currency="usd")
    with pytest.raises(ProviderError, match="in USD") as raised:
        await shop.status(intent, started)
    assert not raised.value.transient


async def test_the_fee_may_be_known_later(shop: StripeAccount) -> None:
    shop.fake.faults.add("fee_later", only="card", seconds=10)
    status = await shop.paid()
    assert (status.payment_status, status.amount, status.fee) == ("paid", PRICE, None)
    await shop.fake.advance(seconds=11)
    assert (
        await shop.method.status(shop.provider_account(), status.reference, status.provider_reference)
    ).fee == FEE


async def test_a_fee_that_ends_within_a_rupiah_does_not_hold_the_payment_up(shop: StripeAccount) -> None:
    shop.fake.faults.add("odd_fee", only="card")
    status = await shop.paid()
    assert (status.payment_status, status.fee) == ("paid", FEE + 1)


@pytest.mark.parametrize("fault", ["error_500", "rate_limit", "time_out", "hang_up"])
async def test_a_state_that_could_not_be_read_can_be_read_later(shop: StripeAccount, fault: str) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.fake.complete(started.provider_reference)
    shop.fake.faults.add(fault, only=READ)
    with pytest.raises(ProviderError) as raised:
        await shop.status(intent, started)
    assert raised.value.transient
    assert (await shop.status(intent, started)).payment_status == "paid"


async def test_a_cancelled_session_can_no_longer_be_paid(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    for _ in range(2):
        await shop.method.cancel(shop.provider_account(), intent.reference, started.provider_reference)
    assert (await shop.status(intent, started)).payment_status == "expired"


async def test_what_is_paid_stays_paid_though_one_cancels(shop: StripeAccount) -> None:
    status = await shop.paid()
    await shop.method.cancel(shop.provider_account(), status.reference, status.provider_reference)
    assert (
        await shop.method.status(shop.provider_account(), status.reference, status.provider_reference)
        == status
    )


async def test_to_cancel_before_there_is_a_session_harms_nobody(shop: StripeAccount) -> None:
    await shop.method.cancel(shop.provider_account(), "MLT000001", "")


async def test_a_session_that_could_not_be_closed_is_told(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    shop.fake.faults.add("error_500", only="POST */expire")
    with pytest.raises(ProviderError) as raised:
        await shop.method.cancel(shop.provider_account(), intent.reference, started.provider_reference)
    assert raised.value.transient


@pytest.mark.parametrize("may_read", [True, False])
async def test_a_payer_who_disputes_is_told_beside_the_payment(shop: StripeAccount, may_read: bool) -> None:
    charge = StripeCharge(id="ch_1", amount=2_500_000, currency="idr", created=1_767_000_000, disputed=True)
    paid = StripePaymentIntent(
        id="pi_1",
        status="succeeded",
        amount=2_500_000,
        currency="idr",
        amount_received=2_500_000,
        latest_charge=charge,
    )
    session = CheckoutSession(
        id="cs_1",
        livemode=False,
        status="complete",
        payment_status="paid",
        amount_total=2_500_000,
        currency="idr",
        payment_intent=paid,
    )
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if not may_read:
            return httpx.Response(
                403, json={"error": {"type": "invalid_request_error", "message": "No access."}}
            )
        data = [{"object": "dispute", "id": each} for each in ("du_2", "du_1")]
        return httpx.Response(
            200, json={"object": "list", "data": data, "has_more": False, "url": "/v1/disputes"}
        )

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    status = await to_provider_status(
        build_client(key=shop.fake.key, base_url="http://127.0.0.1:1", http=http), session
    )
    assert (status.payment_status, status.amount, status.disputed) == ("paid", 25_000, True)
    assert status.dispute_ids == (("du_1", "du_2") if may_read else ())
    assert asked == [
        "http://127.0.0.1:1/v1/disputes?payment_intent=pi_1&limit=100"
    ]  # nothing was refunded, so refunds are not requested
