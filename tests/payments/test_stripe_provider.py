"""The way by Stripe against the stand-in, which speaks HTTP like Stripe and refuses what Stripe's own types refuse."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from kernel import clock
from kernel.money import Rupiah
from payments.provider import Event, Intent, Means, ProviderFault, Started, Status, Unverified, provider_of
from payments.stripe_client import StripeFault
from payments.stripe_provider import StripeProvider, probe
from payments.stripe_sessions import returning
from stand_ins.serving import serve
from stand_ins.stripe import StripeStandIn

CREATE = "POST /v1/checkout/sessions"
READ = "GET /v1/checkout/sessions/*"
REFUND = "POST /v1/refunds"
PRICE = Rupiah(125_000)
# 2.9 % and Rp2.000, as the stand-in takes
FEE = Rupiah(5_625)


class Shop:
    """A cooperative that is paid by Stripe, and the Stripe that it speaks to."""

    def __init__(self, stand_in: StripeStandIn, address: str, http: httpx.AsyncClient) -> None:
        self.stand_in, self.address, self.http = stand_in, address, http
        self.account = "acct_standin_melati"
        self.key = StripeStandIn.key_of("melati")
        self.settings: dict[str, str] = {}
        self.way = StripeProvider()
        self.numbers = iter(range(1, 1_000))

    def means(self, *, live: bool = False) -> Means:
        return Means(
            settings=self.settings,
            secrets={"secret_key": self.key, "webhook_secret": "whsec_melati", "platform_key": StripeStandIn.key},
            client=self.http,
            address=self.address,
            live=live,
        )

    def intent(self, *, amount: Rupiah = PRICE, minutes: int = 60, **more: Any) -> Intent:
        number = next(self.numbers)
        given = {
            "id": f"0190f3aa-{number:04d}",
            "reference": f"MLT{number:06d}",
            "amount": amount,
            "description": "Pesanan 41",
            "buyer_name": "Siti Rahayu",
            "buyer_phone": "081234567890",
            "expires_at": clock.now() + timedelta(minutes=minutes),
            "return_to": "https://melati.example/bayar/41",
        }
        return Intent(**(given | more))

    async def create(self, intent: Intent) -> Started:
        return await self.way.create(self.means(), intent)

    async def status(self, intent: Intent, started: Started) -> Status:
        return await self.way.status(self.means(), intent.reference, started.provider_reference)

    async def paid(self, **more: Any) -> Status:
        """Somebody pays by card, and the state is read back."""
        intent = self.intent(**more)
        started = await self.create(intent)
        await self.stand_in.complete(started.provider_reference, "card")
        return await self.status(intent, started)

    def things(self, kind: str) -> list[dict[str, Any]]:
        """What Stripe holds of the cooperative's account."""
        return self.stand_in.world.shelf(self.account).of_kind(kind)

    def listens(self) -> None:
        # nobody listens at this port: what would have been delivered is read from the list of attempts
        where = {"connect": True} if self.settings.get("mode") == "connected" else {"account": self.account}
        self.stand_in.register_webhook("http://127.0.0.1:9/kait/x", secret="whsec_melati", **where)

    def hears(self, kind: str, *, nth: int = 0) -> Event:
        sent = [one for one in self.stand_in.deliveries if one.type == kind][nth]
        return self.way.verify(self.means(), sent.headers, sent.body)


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    stand_in = StripeStandIn(clock.now)
    async with serve(stand_in.app) as url, httpx.AsyncClient(timeout=httpx.Timeout(5, read=1)) as http:
        stand_in.world.unlock(StripeStandIn.key_of("melati"))
        yield Shop(stand_in, str(url), http)


@pytest_asyncio.fixture
async def connected(shop: Shop) -> Shop:
    """The same shop on an account that is connected to the platform, which takes 1.5 %."""
    shop.account = shop.stand_in.connect_account("acct_1Melati")
    shop.settings = {"mode": "connected", "account": shop.account, "application_fee_percent": "1,5"}
    return shop


def test_the_way_is_registered_and_says_what_it_can() -> None:
    can = provider_of("stripe").capabilities()
    assert (can.settles, can.clearing, can.refunds, can.partial_refunds, can.calls_back) == (
        "provider",
        "1105",
        True,
        True,
        True,
    )
    secret = {setting.name for setting in can.settings if setting.secret}
    assert secret == {"secret_key", "webhook_secret"}


# to start


async def test_rp125_000_are_asked_for_as_12_500_000_hundredths_and_named_by_our_reference(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    (session,) = shop.things("checkout.session")
    assert (session["amount_total"], session["currency"]) == (12_500_000, "idr")
    assert (session["client_reference_id"], session["metadata"]) == (intent.reference, {"reference": intent.reference})
    assert session["success_url"] == "https://melati.example/bayar/41?hasil=selesai"
    assert session["cancel_url"] == "https://melati.example/bayar/41?hasil=batal"
    assert (started.provider_reference, started.redirect_url) == (session["id"], session["url"])
    assert started.expires_at == intent.expires_at.replace(microsecond=0) if intent.expires_at else None


async def test_stripe_is_told_nothing_of_the_buyer(shop: Shop) -> None:
    await shop.paid()
    known = json.dumps([thing for shelf in shop.stand_in.world.shelves.values() for thing in shelf.things.values()])
    assert "Siti" not in known
    assert "081234567890" not in known


async def test_every_parameter_that_we_send_has_its_effect(shop: Shop) -> None:
    shop.settings = {"payment_method_types": "card, id_bank_transfer"}
    status = await shop.paid()
    await shop.way.refund(shop.means(), status, Rupiah(5_000), "r1", "rusak")
    unheeded = {name for subject, name in shop.stand_in.world.unheeded if "checkout" in subject or "refund" in subject}
    assert unheeded <= {"adaptive_pricing"}


@pytest.mark.parametrize("minutes", [1, 15, 29, 31, 60, 23 * 60, 25 * 60, 3 * 24 * 60])
async def test_a_session_lasts_as_long_as_stripe_allows_whatever_was_asked(shop: Shop, minutes: int) -> None:
    intent = shop.intent(minutes=minutes)
    started = await shop.create(intent)
    assert started.expires_at is not None
    assert intent.expires_at is not None
    lasts = started.expires_at - clock.now()
    assert timedelta(minutes=29) < lasts <= timedelta(hours=24)
    if 31 < minutes < 24 * 60:
        assert started.expires_at == intent.expires_at.replace(microsecond=0)
    if minutes <= 29:
        assert started.expires_at > intent.expires_at


async def test_without_an_end_a_session_lasts_a_day(shop: Shop) -> None:
    started = await shop.create(shop.intent(expires_at=None))
    assert started.expires_at is not None
    assert started.expires_at - clock.now() > timedelta(hours=23)


async def test_asked_twice_one_session_is_open(shop: Shop) -> None:
    intent = shop.intent()
    assert await shop.create(intent) == await shop.create(intent)
    assert len(shop.things("checkout.session")) == 1


@pytest.mark.parametrize(("minutes", "later"), [(60, 45), (25 * 60, 120), (25 * 60, 24 * 60 - 1), (20, 10)])
async def test_asked_again_when_other_ends_are_allowed_the_same_session_is_met(
    shop: Shop, minutes: int, later: int
) -> None:
    intent = shop.intent(minutes=minutes)
    first = await shop.create(intent)
    with clock.held_at(clock.now() + timedelta(minutes=later)):
        assert await shop.create(intent) == first
    assert len(shop.things("checkout.session")) == 1


async def test_the_same_key_for_another_amount_is_a_mistake_that_asking_again_does_not_mend(shop: Shop) -> None:
    intent = shop.intent()
    await shop.create(intent)
    with pytest.raises(StripeFault, match="with another request") as raised:
        await shop.create(shop.intent(id=intent.id, reference=intent.reference, amount=Rupiah(99_000)))
    assert not raised.value.passing
    assert len(shop.things("checkout.session")) == 1


async def test_a_time_out_after_the_work_leaves_one_session(shop: Shop) -> None:
    intent = shop.intent()
    shop.stand_in.faults.add("time_out_after", only=CREATE)
    with pytest.raises(ProviderFault, match="ReadTimeout") as raised:
        await shop.create(intent)
    assert raised.value.passing
    started = await shop.create(intent)
    assert [session["id"] for session in shop.things("checkout.session")] == [started.provider_reference]


@pytest.mark.parametrize("fault", ["error_500", "error_500_after"])
async def test_a_500_that_stripe_repeats_to_our_key_for_a_day_does_not_stop_the_payment(shop: Shop, fault: str) -> None:
    intent = shop.intent()
    shop.stand_in.faults.add(fault, only=CREATE)
    with pytest.raises(ProviderFault) as raised:
        await shop.create(intent)
    assert raised.value.passing
    started = await shop.create(intent)
    assert (await shop.status(intent, started)).state == "awaiting"
    assert await shop.create(intent) == started


@pytest.mark.parametrize("fault", ["rate_limit", "time_out", "hang_up"])
async def test_what_was_not_done_is_done_when_asked_again(shop: Shop, fault: str) -> None:
    intent = shop.intent()
    shop.stand_in.faults.add(fault, only=CREATE)
    with pytest.raises(ProviderFault) as raised:
        await shop.create(intent)
    assert raised.value.passing
    assert shop.things("checkout.session") == []
    await shop.create(intent)
    assert len(shop.things("checkout.session")) == 1


async def test_a_wrong_key_is_not_asked_again_and_not_told(shop: Shop) -> None:
    shop.key = "sk_live_rahasiaKoperasiMelati"
    with pytest.raises(ProviderFault, match="does not know the key") as raised:
        await shop.create(shop.intent())
    assert not raised.value.passing
    assert "Melati" not in str(raised.value)


async def test_an_amount_that_is_too_small_for_stripe_says_so(shop: Shop) -> None:
    with pytest.raises(StripeFault, match="at least 50 cents") as raised:
        await shop.create(shop.intent(amount=Rupiah(1_000)))
    assert (raised.value.passing, raised.value.code) == (False, "amount_too_small")


async def test_test_keys_of_a_live_cooperative_sell_nothing(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    with pytest.raises(ProviderFault, match="moves test money"):
        await shop.way.create(shop.means(live=True), shop.intent())
    await shop.stand_in.complete(started.provider_reference)
    with pytest.raises(ProviderFault, match="moves test money"):
        await shop.way.status(shop.means(live=True), intent.reference, started.provider_reference)


@given(st.sampled_from(["", "?a=1", "?a=1&b=2", "#c", "?a=1#c"]), st.sampled_from(["selesai", "batal"]))
def test_the_address_to_come_back_to_keeps_what_it_had(rest: str, outcome: str) -> None:
    address = httpx.URL(returning(f"https://melati.example/bayar/41{rest}", outcome))
    assert address.params["hasil"] == outcome
    assert address.params.get("a") == ("1" if "a=1" in rest else None)
    assert address.fragment == ("c" if rest.endswith("#c") else "")


# to read back


async def test_paid_by_card_it_tells_amount_fee_and_moment(shop: Shop) -> None:
    before = clock.now().replace(microsecond=0)
    status = await shop.paid()
    assert (status.state, status.amount, status.currency, status.fee, status.refunded) == ("paid", PRICE, "IDR", FEE, 0)
    assert status.paid_at is not None
    assert before <= status.paid_at <= clock.now()
    assert status.detail == "card"


async def test_what_is_not_paid_waits_and_has_no_amount(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    assert await shop.stand_in.complete(started.provider_reference, "decline") is not None
    status = await shop.status(intent, started)
    assert (status.state, status.amount, status.fee, status.paid_at) == ("awaiting", 0, None, None)


async def test_a_bank_transfer_waits_after_the_buyer_left_and_is_paid_when_the_money_comes(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference, "async")
    assert (await shop.status(intent, started)).state == "awaiting"
    await shop.stand_in.money_arrives(started.provider_reference)
    status = await shop.status(intent, started)
    assert (status.state, status.amount, status.detail) == ("paid", PRICE, "id_bank_transfer")


async def test_a_bank_transfer_that_never_comes_has_failed(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference, "async")
    await shop.stand_in.money_fails(started.provider_reference)
    assert (await shop.status(intent, started)).state == "failed"


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
    with pytest.raises(ProviderFault, match=r"whole number of rupiah|another for what was received") as raised:
        await shop.status(intent, started)
    assert not raised.value.passing


async def test_a_part_of_a_rupiah_is_refused_and_not_asked_again(shop: Shop) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference)
    shop.things("payment_intent")[0]["amount_received"] = shop.things("checkout.session")[0]["amount_total"] = (
        12_500_050
    )
    with pytest.raises(ProviderFault, match="12500050 hundredths") as raised:
        await shop.status(intent, started)
    assert not raised.value.passing


async def test_less_money_than_was_asked_is_told_as_it_is(shop: Shop) -> None:
    """Whether it is enough is not the provider's to judge: the machine compares with what must come."""
    intent = shop.intent()
    started = await shop.create(intent)
    await shop.stand_in.complete(started.provider_reference)
    shop.things("payment_intent")[0]["amount_received"] = shop.things("checkout.session")[0]["amount_total"] = 125_000
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


# to stop


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


# what comes as a message


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


# to give back


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
    assert (await shop.way.status(means, status.reference, status.provider_reference)).refunded == Rupiah(25_000)


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


# a connected account


async def test_the_charge_is_the_connected_accounts_own_and_the_platform_gets_its_fee_only(connected: Shop) -> None:
    status = await connected.paid()
    assert connected.things("checkout.session")[0]["client_reference_id"] == status.reference
    assert connected.stand_in.world.shelf(StripeStandIn.platform).of_kind("checkout.session") == []
    # 1.5 % of Rp125.000
    assert (status.amount, status.fee) == (PRICE, FEE + 1_875)
    (fee,) = connected.stand_in.world.shelf(StripeStandIn.platform).of_kind("application_fee")
    assert fee["amount"] == 187_500


async def test_the_platform_gives_its_part_of_the_fee_back(connected: Shop) -> None:
    status = await connected.paid()
    assert (await connected.way.refund(connected.means(), status, Rupiah(62_500), "r1", "rusak")).state == "done"
    (fee,) = connected.stand_in.world.shelf(StripeStandIn.platform).of_kind("application_fee")
    assert fee["amount_refunded"] == 93_750


@pytest.mark.parametrize("percent", ["", "0"])
async def test_without_a_percentage_the_platform_takes_nothing(connected: Shop, percent: str) -> None:
    connected.settings["application_fee_percent"] = percent
    assert (await connected.paid()).fee == FEE


@pytest.mark.parametrize("percent", ["100", "-1", "1.55555", "satu", "1e1", "NaN"])
async def test_a_fee_that_is_no_percentage_starts_no_payment(connected: Shop, percent: str) -> None:
    connected.settings["application_fee_percent"] = percent
    with pytest.raises(ProviderFault, match="not a percentage"):
        await connected.create(connected.intent())
    assert connected.things("checkout.session") == []


async def test_own_keys_pay_the_platform_nothing_whatever_is_set(shop: Shop) -> None:
    shop.settings = {"application_fee_percent": "5", "account": "acct_1Melati"}
    assert (await shop.paid()).fee == FEE


@pytest.mark.parametrize("account", ["", "melati", "acct_", "acct_1\r\nX-Evil: 1"])
async def test_without_a_connected_account_nothing_goes_to_the_platforms_own(connected: Shop, account: str) -> None:
    connected.settings["account"] = account
    with pytest.raises(ProviderFault, match="connected account"):
        await connected.create(connected.intent())
    assert connected.stand_in.world.shelf(StripeStandIn.platform).of_kind("checkout.session") == []


async def test_an_account_that_is_not_connected_to_us_is_refused(connected: Shop) -> None:
    connected.settings["account"] = "acct_standin_mawar"
    with pytest.raises(StripeFault, match="not ours") as raised:
        await connected.create(connected.intent())
    assert not raised.value.passing


async def test_the_event_of_another_connected_cooperative_is_refused(connected: Shop) -> None:
    connected.listens()
    await connected.paid()
    assert connected.hears("checkout.session.completed").concerns == "payment"
    connected.settings = connected.settings | {"account": connected.stand_in.connect_account("acct_1Mawar")}
    await connected.paid()
    assert connected.hears("checkout.session.completed", nth=1).concerns == "payment"
    with pytest.raises(Unverified, match="another account"):
        connected.hears("checkout.session.completed")


# what the account can, and what it holds


async def test_what_the_account_takes_is_asked_and_never_assumed(shop: Shop) -> None:
    assert await probe(shop.means()) == {"card": True, "qris": False, "gopay": False, "id_bank_transfer": True}
    shop.stand_in.enable("qris", account=shop.account)
    shop.stand_in.disable("id_bank_transfer", account=shop.account)
    assert await probe(shop.means()) == {"card": True, "qris": True, "gopay": False, "id_bank_transfer": False}
    assert {session["status"] for session in shop.things("checkout.session")} == {"expired"}


async def test_only_the_ways_that_are_named_are_offered(shop: Shop) -> None:
    shop.stand_in.enable("qris", account=shop.account)
    shop.settings = {"payment_method_types": "qris"}
    started = await shop.create(shop.intent())
    assert shop.things("checkout.session")[0]["payment_method_types"] == ["qris"]
    await shop.stand_in.complete(started.provider_reference, "qris")
    assert (await shop.way.status(shop.means(), "", started.provider_reference)).detail == "qris"


async def test_a_way_that_the_account_has_not_is_a_clear_refusal(shop: Shop) -> None:
    shop.settings = {"payment_method_types": "gopay"}
    with pytest.raises(StripeFault, match="gopay is invalid") as raised:
        await shop.create(shop.intent())
    assert not raised.value.passing


@pytest.mark.parametrize("named", ["kartu kredit!", "QRIS", "card;drop"])
async def test_ways_that_are_no_names_of_stripe_are_not_sent(shop: Shop, named: str) -> None:
    shop.settings = {"payment_method_types": named}
    with pytest.raises(ProviderFault, match="not named as Stripe names them"):
        await shop.create(shop.intent())


async def test_the_statement_adds_up_to_the_balance(shop: Shop) -> None:
    since = clock.now() - timedelta(minutes=1)
    first = await shop.paid()
    await shop.paid(amount=Rupiah(80_000))
    await shop.way.refund(shop.means(), first, Rupiah(25_000), "r1", "rusak")
    await shop.stand_in.advance(timedelta(days=3))
    payout = await shop.stand_in.pay_out(shop.account)
    assert payout is not None
    third = await shop.paid(amount=Rupiah(30_000), expires_at=None)
    statement = await shop.way.statement(shop.means(), since, since + timedelta(days=10))
    assert sorted(line.kind for line in statement.lines) == ["payment", "payment", "payment", "payout", "refund"]
    assert statement.balance == Rupiah.total(line.gross - line.fee for line in statement.lines)
    assert statement.balance == third.amount - (third.fee or 0)
    by_kind = {line.kind: line for line in statement.lines}
    assert (by_kind["refund"].gross, by_kind["refund"].reference) == (Rupiah(-25_000), first.reference)
    assert by_kind["payout"].gross == Rupiah(-payout["amount"] // 100)
    assert statement.lines[0].reference == first.reference
    assert [line.at for line in statement.lines] == sorted(line.at for line in statement.lines)


async def test_a_statement_of_many_pages_is_read_to_its_end_and_holds_its_span_only(shop: Shop) -> None:
    since = clock.now() - timedelta(minutes=1)
    for number in range(230):
        movement = {"id": f"txn_{number}", "object": "balance_transaction", "amount": 100_000, "fee": 0, "net": 100_000, "currency": "idr",
                    "created": int(since.timestamp()) + number, "type": "payment", "available_on": 0, "source": None, "_payout": None}  # fmt: skip
        shop.stand_in.world.shelf(shop.account).put(movement)
    shop.stand_in.world.unlock(shop.key)
    statement = await shop.way.statement(shop.means(), since + timedelta(seconds=10), since + timedelta(seconds=225))
    assert [line.provider_id for line in statement.lines] == [f"txn_{number}" for number in range(10, 225)]


async def test_hundredths_of_a_fee_are_told_and_counted_against_us(shop: Shop) -> None:
    shop.stand_in.faults.add("odd_fee", only="card")
    since = clock.now() - timedelta(minutes=1)
    await shop.paid()
    statement = await shop.way.statement(shop.means(), since, since + timedelta(hours=1))
    assert (statement.lines[0].fee, statement.balance) == (FEE + 1, PRICE - FEE - 1)
    assert "12500000 - 562537" in statement.lines[0].detail


async def test_an_account_in_dollars_is_not_mixed_with_our_books(shop: Shop) -> None:
    since = clock.now() - timedelta(minutes=1)
    await shop.paid()
    shop.things("balance_transaction")[0]["currency"] = "usd"
    with pytest.raises(ProviderFault, match="kept in USD") as raised:
        await shop.way.statement(shop.means(), since, since + timedelta(hours=1))
    assert not raised.value.passing
