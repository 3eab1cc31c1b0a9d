"""Opening a payment by Stripe, against the fake, which rejects what the package's types do not allow."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from factories.stripe_account import StripeAccount, direct_account
from gateways.protocol import ProviderError, get_provider
from gateways.stripe_client import StripeProviderError
from gateways.stripe_sessions import build_return_url
from kernel import clock
from kernel.money import Rupiah
from payments.rules import CLEARING_ACCOUNTS

CREATE = "POST /v1/checkout/sessions"


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[StripeAccount]:
    async with direct_account() as open_shop:
        yield open_shop


def test_the_way_is_registered_and_says_what_it_can() -> None:
    can = get_provider("stripe").capabilities()
    assert (
        can.confirmed_by,
        CLEARING_ACCOUNTS["stripe"],
        can.supports_refunds,
        can.supports_partial_refunds,
        can.has_webhooks,
    ) == (
        "provider",
        "1105",
        True,
        True,
        True,
    )
    secret = {setting.name for setting in can.settings if setting.secret}
    assert secret == {"secret_key", "webhook_secret"}


async def test_rp125_000_are_asked_for_as_12_500_000_hundredths_and_named_by_our_reference(
    shop: StripeAccount,
) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    (session,) = shop.list_objects("checkout.session")
    assert (session["amount_total"], session["currency"]) == (12_500_000, "idr")
    assert (session["client_reference_id"], session["metadata"]) == (
        intent.reference,
        {"reference": intent.reference},
    )
    assert session["success_url"] == "https://melati.example/bayar/41?hasil=selesai"
    assert session["cancel_url"] == "https://melati.example/bayar/41?hasil=batal"
    assert (started.provider_reference, started.redirect_url) == (session["id"], session["url"])
    assert started.expires_at == intent.expires_at.replace(microsecond=0) if intent.expires_at else None


async def test_stripe_is_told_nothing_of_the_buyer(shop: StripeAccount) -> None:
    await shop.paid()
    known = json.dumps(
        [thing for shelf in shop.fake.world.stores.values() for thing in shelf.resources.values()]
    )
    assert "Siti" not in known
    assert "081234567890" not in known


async def test_every_parameter_that_we_send_has_its_effect(shop: StripeAccount) -> None:
    shop.settings = {"payment_method_types": "card, id_bank_transfer"}
    status = await shop.paid()
    await shop.method.refund(shop.provider_account(), status, Rupiah(5_000), "r1", "rusak")
    ignored = {
        name
        for subject, name in shop.fake.world.ignored_params
        if "checkout" in subject or "refund" in subject
    }
    assert ignored <= {"adaptive_pricing"}


@pytest.mark.parametrize("minutes", [1, 15, 29, 31, 60, 23 * 60, 25 * 60, 3 * 24 * 60])
async def test_a_session_lasts_as_long_as_stripe_allows_whatever_was_asked(
    shop: StripeAccount, minutes: int
) -> None:
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


async def test_without_an_end_a_session_lasts_a_day(shop: StripeAccount) -> None:
    started = await shop.create(shop.intent(expires_at=None))
    assert started.expires_at is not None
    assert started.expires_at - clock.now() > timedelta(hours=23)


async def test_asked_twice_one_session_is_open(shop: StripeAccount) -> None:
    intent = shop.intent()
    assert await shop.create(intent) == await shop.create(intent)
    assert len(shop.list_objects("checkout.session")) == 1


@pytest.mark.parametrize(("minutes", "later"), [(60, 45), (25 * 60, 120), (25 * 60, 24 * 60 - 1), (20, 10)])
async def test_asked_again_when_other_ends_are_allowed_the_same_session_is_met(
    shop: StripeAccount, minutes: int, later: int
) -> None:
    intent = shop.intent(minutes=minutes)
    first = await shop.create(intent)
    with clock.freeze_at(clock.now() + timedelta(minutes=later)):
        assert await shop.create(intent) == first
    assert len(shop.list_objects("checkout.session")) == 1


async def test_the_same_key_for_another_amount_is_a_mistake_that_asking_again_does_not_mend(
    shop: StripeAccount,
) -> None:
    intent = shop.intent()
    await shop.create(intent)
    with pytest.raises(StripeProviderError, match="with another request") as raised:
        await shop.create(shop.intent(id=intent.id, reference=intent.reference, amount=Rupiah(99_000)))
    assert not raised.value.transient
    assert len(shop.list_objects("checkout.session")) == 1


async def test_a_time_out_after_the_work_leaves_one_session(shop: StripeAccount) -> None:
    intent = shop.intent()
    shop.fake.faults.add("time_out_after", only=CREATE)
    with pytest.raises(ProviderError, match="ReadTimeout") as raised:
        await shop.create(intent)
    assert raised.value.transient
    started = await shop.create(intent)
    assert [session["id"] for session in shop.list_objects("checkout.session")] == [
        started.provider_reference
    ]


@pytest.mark.parametrize("fault", ["error_500", "error_500_after"])
async def test_a_500_that_stripe_repeats_to_our_key_for_a_day_does_not_stop_the_payment(
    shop: StripeAccount, fault: str
) -> None:
    intent = shop.intent()
    shop.fake.faults.add(fault, only=CREATE)
    with pytest.raises(ProviderError) as raised:
        await shop.create(intent)
    assert raised.value.transient
    started = await shop.create(intent)
    assert (await shop.status(intent, started)).payment_status == "awaiting"
    assert await shop.create(intent) == started


@pytest.mark.parametrize("fault", ["rate_limit", "time_out", "hang_up"])
async def test_what_was_not_done_is_done_when_asked_again(shop: StripeAccount, fault: str) -> None:
    intent = shop.intent()
    shop.fake.faults.add(fault, only=CREATE)
    with pytest.raises(ProviderError) as raised:
        await shop.create(intent)
    assert raised.value.transient
    assert shop.list_objects("checkout.session") == []
    await shop.create(intent)
    assert len(shop.list_objects("checkout.session")) == 1


async def test_a_wrong_key_is_not_asked_again_and_not_told(shop: StripeAccount) -> None:
    shop.key = "sk_live_rahasiaKoperasiMelati"
    with pytest.raises(ProviderError, match="does not know the key") as raised:
        await shop.create(shop.intent())
    assert not raised.value.transient
    assert "Melati" not in str(raised.value)


async def test_an_amount_that_is_too_small_for_stripe_says_so(shop: StripeAccount) -> None:
    with pytest.raises(StripeProviderError, match="at least 50 cents") as raised:
        await shop.create(shop.intent(amount=Rupiah(1_000)))
    assert (raised.value.transient, raised.value.code) == (False, "amount_too_small")


async def test_test_keys_of_a_live_cooperative_sell_nothing(shop: StripeAccount) -> None:
    intent = shop.intent()
    started = await shop.create(intent)
    with pytest.raises(ProviderError, match="moves test money"):
        await shop.method.create(shop.provider_account(live=True), shop.intent())
    await shop.fake.complete(started.provider_reference)
    with pytest.raises(ProviderError, match="moves test money"):
        await shop.method.status(
            shop.provider_account(live=True), intent.reference, started.provider_reference
        )


@given(st.sampled_from(["", "?a=1", "?a=1&b=2", "#c", "?a=1#c"]), st.sampled_from(["selesai", "batal"]))
def test_the_address_to_come_back_to_keeps_what_it_had(rest: str, outcome: str) -> None:
    address = httpx.URL(build_return_url(f"https://melati.example/bayar/41{rest}", outcome))
    assert address.params["hasil"] == outcome
    assert address.params.get("a") == ("1" if "a=1" in rest else None)
    assert address.fragment == ("c" if rest.endswith("#c") else "")
