"""What is read back from Stripe of a payment, and how one is stopped, against the stand-in."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio

from factories.stripe_shop import FEE, PRICE, Shop, own_keys
from kernel import clock
from kernel.money import Rupiah
from payments.provider import ProviderFault
from payments.providers.stripe_answers import Charge, PaymentIntent, Session
from payments.providers.stripe_client import StripeFault, client_for
from payments.providers.stripe_sessions import status_of
from stand_ins.stripe import StripeStandIn

READ = "GET /v1/checkout/sessions/*"


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    async with own_keys() as open_shop:
        yield open_shop


async def test_paid_by_card_it_tells_amount_fee_and_moment(shop: Shop) -> None:
    before = clock.now().replace(microsecond=0)
    status = await shop.paid()
    assert (status.state, status.amount, status.currency, status.fee, status.refunded) == (
        "paid",
        PRICE,
        "IDR",
        FEE,
        0,
    )
    assert status.paid_at is not None
    assert before <= status.paid_at <= clock.now()
    assert status.detail == "card"


async def test_what_is_not_paid_waits_and_has_no_amount(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    assert await shop.stand_in.complete(started.provider_reference, "decline") is not None
    status = await shop.status(intent, started)
    assert (status.state, status.amount, status.fee, status.paid_at) == ("awaiting", 0, None, None)


async def test_a_bank_transfer_waits_after_the_buyer_left_and_is_paid_when_the_money_comes(
    shop: Shop,
) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    assert not (await shop.status(intent, started)).under_way
    await shop.stand_in.complete(started.provider_reference, "async")
    status = await shop.status(intent, started)
    assert (status.state, status.under_way) == ("awaiting", True)
    await shop.stand_in.money_arrives(started.provider_reference)
    status = await shop.status(intent, started)
    assert (status.state, status.amount, status.detail) == ("paid", PRICE, "id_bank_transfer")


async def test_a_bank_transfer_that_never_comes_has_failed(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference, "async")
    await shop.stand_in.money_fails(started.provider_reference)
    status = await shop.status(intent, started)
    assert (status.state, status.under_way) == ("failed", False)


async def test_a_session_that_nobody_paid_is_expired(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.advance(timedelta(hours=2))
    assert (await shop.status(intent, started)).state == "expired"


async def test_a_payment_is_also_found_by_its_payment_intent(shop: Shop) -> None:
    paid = await shop.paid()
    await shop.paid()
    (_, intent) = shop.things("payment_intent")
    (first, _) = shop.things("payment_intent")
    assert await shop.way.status(shop.means(), "", first["id"]) == paid
    assert (await shop.way.status(shop.means(), "", intent["id"])).reference != paid.reference


async def test_a_payment_intent_of_elsewhere_is_not_ours(shop: Shop) -> None:
    await shop.paid()
    with pytest.raises(ProviderFault, match="not begun by a Checkout Session") as raised:
        await shop.way.status(shop.means(), "", "pi_elsewhere")
    assert not raised.value.passing


async def test_the_session_of_one_payment_does_not_pay_another(shop: Shop) -> None:
    one = await shop.paid()
    with pytest.raises(ProviderFault, match="belongs to another payment") as raised:
        await shop.way.status(shop.means(), "MLT999999", one.provider_reference)
    assert not raised.value.passing


async def test_another_cooperative_cannot_read_the_session(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    shop.key = StripeStandIn.key_of("mawar")
    with pytest.raises(StripeFault) as raised:
        await shop.status(intent, started)
    assert (raised.value.passing, raised.value.status) == (False, 404)


async def test_without_a_session_there_is_nothing_to_ask(shop: Shop) -> None:
    with pytest.raises(ProviderFault, match="no Checkout Session"):
        await shop.way.status(shop.means(), "MLT000001", "")


@pytest.mark.parametrize("amount", [12_500_001, 12_500_099, 125_000])
async def test_an_amount_that_is_not_what_was_received_is_never_believed(shop: Shop, amount: int) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference)
    shop.stand_in.faults.add("answers_amount", only="checkout.session", amount=amount)
    with pytest.raises(
        ProviderFault,
        match=r"whole number of rupiah|another for what was "
        r"received",
    ) as raised:
        await shop.status(intent, started)
    assert not raised.value.passing


async def test_a_part_of_a_rupiah_is_refused_and_not_asked_again(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference)
    shop.things("payment_intent")[0]["amount_received"] = shop.things("checkout.session")[0][
        "amount_total"
    ] = 12_500_050
    with pytest.raises(ProviderFault, match="12500050 hundredths") as raised:
        await shop.status(intent, started)
    assert not raised.value.passing


async def test_less_money_than_was_asked_is_told_as_it_is(shop: Shop) -> None:
    """Whether it is enough is not the provider's to judge: the machine compares with what must come."""
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference)
    shop.things("payment_intent")[0]["amount_received"] = shop.things("checkout.session")[0][
        "amount_total"
    ] = 125_000
    assert (await shop.status(intent, started)).amount == Rupiah(1_250)


async def test_dollars_are_no_rupiah(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference)
    shop.stand_in.faults.add("answers_currency", only="checkout.session", currency="usd")
    with pytest.raises(ProviderFault, match="in USD") as raised:
        await shop.status(intent, started)
    assert not raised.value.passing


async def test_the_fee_may_be_known_later(shop: Shop) -> None:
    shop.stand_in.faults.add("fee_later", only="card", seconds=10)
    status = await shop.paid()
    assert (status.state, status.amount, status.fee) == ("paid", PRICE, None)
    await shop.stand_in.advance(seconds=11)
    assert (await shop.way.status(shop.means(), status.reference, status.provider_reference)).fee == FEE


async def test_a_fee_that_ends_within_a_rupiah_does_not_hold_the_payment_up(shop: Shop) -> None:
    shop.stand_in.faults.add("odd_fee", only="card")
    status = await shop.paid()
    assert (status.state, status.fee) == ("paid", FEE + 1)


@pytest.mark.parametrize("fault", ["error_500", "rate_limit", "time_out", "hang_up"])
async def test_a_state_that_could_not_be_read_can_be_read_later(shop: Shop, fault: str) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference)
    shop.stand_in.faults.add(fault, only=READ)
    with pytest.raises(ProviderFault) as raised:
        await shop.status(intent, started)
    assert raised.value.passing
    assert (await shop.status(intent, started)).state == "paid"


async def test_a_cancelled_session_can_no_longer_be_paid(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    for _ in range(2):
        await shop.way.cancel(shop.means(), intent.reference, started.provider_reference)
    assert (await shop.status(intent, started)).state == "expired"


async def test_what_is_paid_stays_paid_though_one_cancels(shop: Shop) -> None:
    status = await shop.paid()
    await shop.way.cancel(shop.means(), status.reference, status.provider_reference)
    assert await shop.way.status(shop.means(), status.reference, status.provider_reference) == status


async def test_to_cancel_before_there_is_a_session_harms_nobody(shop: Shop) -> None:
    await shop.way.cancel(shop.means(), "MLT000001", "")


async def test_a_session_that_could_not_be_closed_is_told(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    shop.stand_in.faults.add("error_500", only="POST */expire")
    with pytest.raises(ProviderFault) as raised:
        await shop.way.cancel(shop.means(), intent.reference, started.provider_reference)
    assert raised.value.passing


@pytest.mark.parametrize("may_read", [True, False])
async def test_a_payer_who_disputes_is_told_beside_the_payment(shop: Shop, may_read: bool) -> None:
    charge = Charge(id="ch_1", amount=2_500_000, currency="idr", created=1_767_000_000, disputed=True)
    paid = PaymentIntent(
        id="pi_1",
        status="succeeded",
        amount=2_500_000,
        currency="idr",
        amount_received=2_500_000,
        latest_charge=charge,
    )
    session = Session(
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
    status = await status_of(
        client_for(key=shop.stand_in.key, address="http://127.0.0.1:1", http=http), session
    )
    assert (status.state, status.amount, status.disputed) == ("paid", 25_000, True)
    assert status.disputes == (("du_1", "du_2") if may_read else ())
    assert asked == [
        "http://127.0.0.1:1/v1/disputes?payment_intent=pi_1&limit=100"
    ]  # nothing went back: no refunds are asked for
