"""Stripe accounts: ownership, capabilities and balance."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from factories.stripe_account import FEE, PRICE, StripeAccount, connected_account, direct_account
from fakes.fake_stripe import FakeStripe
from gateways.protocol import ProviderError, WebhookVerificationError
from gateways.stripe_client import StripeProviderError
from gateways.stripe_provider import probe
from kernel import clock
from kernel.money import Rupiah


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[StripeAccount]:
    async with direct_account() as open_shop:
        yield open_shop


@pytest_asyncio.fixture
async def connected() -> AsyncIterator[StripeAccount]:
    async with connected_account() as open_shop:
        yield open_shop


async def test_the_charge_is_the_connected_accounts_own_and_the_platform_gets_its_fee_only(
    connected: StripeAccount,
) -> None:
    status = await connected.paid()
    assert connected.list_objects("checkout.session")[0]["client_reference_id"] == status.reference
    assert connected.fake.world.store(FakeStripe.platform).of_kind("checkout.session") == []
    # 1.5 % of Rp125.000
    assert (status.amount, status.fee) == (PRICE, FEE + 1_875)
    (fee,) = connected.fake.world.store(FakeStripe.platform).of_kind("application_fee")
    assert fee["amount"] == 187_500


async def test_the_platform_gives_its_part_of_the_fee_back(connected: StripeAccount) -> None:
    status = await connected.paid()
    assert (
        await connected.method.refund(connected.provider_account(), status, Rupiah(62_500), "r1", "rusak")
    ).status == "done"
    (fee,) = connected.fake.world.store(FakeStripe.platform).of_kind("application_fee")
    assert fee["amount_refunded"] == 93_750


@pytest.mark.parametrize("percent", ["", "0"])
async def test_without_a_percentage_the_platform_takes_nothing(
    connected: StripeAccount, percent: str
) -> None:
    connected.settings["application_fee_percent"] = percent
    assert (await connected.paid()).fee == FEE


@pytest.mark.parametrize("percent", ["100", "-1", "1.55555", "satu", "1e1", "NaN"])
async def test_a_fee_that_is_no_percentage_starts_no_payment(connected: StripeAccount, percent: str) -> None:
    connected.settings["application_fee_percent"] = percent
    with pytest.raises(ProviderError, match="not a percentage"):
        await connected.create(connected.intent())
    assert connected.list_objects("checkout.session") == []


async def test_own_keys_pay_the_platform_nothing_whatever_is_set(shop: StripeAccount) -> None:
    shop.settings = {"application_fee_percent": "5", "account": "acct_1Melati"}
    assert (await shop.paid()).fee == FEE


@pytest.mark.parametrize("account", ["", "melati", "acct_", "acct_1\r\nX-Evil: 1"])
async def test_without_a_connected_account_nothing_goes_to_the_platforms_own(
    connected: StripeAccount, account: str
) -> None:
    connected.settings["account"] = account
    with pytest.raises(ProviderError, match="connected account"):
        await connected.create(connected.intent())
    assert connected.fake.world.store(FakeStripe.platform).of_kind("checkout.session") == []


async def test_an_account_that_is_not_connected_to_us_is_refused(connected: StripeAccount) -> None:
    connected.settings["account"] = "acct_standin_mawar"
    with pytest.raises(StripeProviderError, match="not ours") as raised:
        await connected.create(connected.intent())
    assert not raised.value.transient


async def test_the_event_of_another_connected_cooperative_is_refused(connected: StripeAccount) -> None:
    connected.register_webhook()
    await connected.paid()
    assert connected.receive_event("checkout.session.completed").subject == "payment"
    connected.settings = connected.settings | {"account": connected.fake.connect_account("acct_1Mawar")}
    await connected.paid()
    assert connected.receive_event("checkout.session.completed", nth=1).subject == "payment"
    with pytest.raises(WebhookVerificationError, match="another account"):
        connected.receive_event("checkout.session.completed")


async def test_what_the_account_takes_is_asked_and_never_assumed(shop: StripeAccount) -> None:
    assert await probe(shop.provider_account()) == {
        "card": True,
        "qris": False,
        "gopay": False,
        "id_bank_transfer": True,
    }
    shop.fake.enable("qris", account=shop.account)
    shop.fake.disable("id_bank_transfer", account=shop.account)
    assert await probe(shop.provider_account()) == {
        "card": True,
        "qris": True,
        "gopay": False,
        "id_bank_transfer": False,
    }
    assert {session["status"] for session in shop.list_objects("checkout.session")} == {"expired"}


async def test_only_the_ways_that_are_named_are_offered(shop: StripeAccount) -> None:
    shop.fake.enable("qris", account=shop.account)
    shop.settings = {"payment_method_types": "qris"}
    started = await shop.create(shop.intent())
    assert shop.list_objects("checkout.session")[0]["payment_method_types"] == ["qris"]
    await shop.fake.complete(started.provider_reference, "qris")
    assert (
        await shop.method.status(shop.provider_account(), "", started.provider_reference)
    ).detail == "qris"


async def test_a_method_that_the_account_lacks_is_a_clear_error(shop: StripeAccount) -> None:
    shop.settings = {"payment_method_types": "gopay"}
    with pytest.raises(StripeProviderError, match="gopay is invalid") as raised:
        await shop.create(shop.intent())
    assert not raised.value.transient


@pytest.mark.parametrize("named", ["kartu kredit!", "QRIS", "card;drop"])
async def test_ways_that_are_no_names_of_stripe_are_not_sent(shop: StripeAccount, named: str) -> None:
    shop.settings = {"payment_method_types": named}
    with pytest.raises(ProviderError, match="not named as Stripe names them"):
        await shop.create(shop.intent())


async def test_the_statement_adds_up_to_the_balance(shop: StripeAccount) -> None:
    since = clock.now() - timedelta(minutes=1)
    first = await shop.paid()
    await shop.paid(amount=Rupiah(80_000))
    await shop.method.refund(shop.provider_account(), first, Rupiah(25_000), "r1", "rusak")
    await shop.fake.advance(timedelta(days=3))
    payout = await shop.fake.pay_out(shop.account)
    assert payout is not None
    third = await shop.paid(amount=Rupiah(30_000), expires_at=None)
    statement = await shop.method.statement(shop.provider_account(), since, since + timedelta(days=10))
    assert sorted(line.kind for line in statement.lines) == [
        "payment",
        "payment",
        "payment",
        "payout",
        "refund",
    ]
    assert statement.balance == Rupiah.total(line.gross - line.fee for line in statement.lines)
    assert statement.balance == third.amount - (third.fee or 0)
    by_kind = {line.kind: line for line in statement.lines}
    assert (by_kind["refund"].gross, by_kind["refund"].reference) == (Rupiah(-25_000), first.reference)
    assert by_kind["payout"].gross == Rupiah(-payout["amount"] // 100)
    assert statement.lines[0].reference == first.reference
    assert [line.at for line in statement.lines] == sorted(line.at for line in statement.lines)


async def test_a_statement_of_many_pages_is_read_to_its_end_and_holds_its_span_only(
    shop: StripeAccount,
) -> None:
    since = clock.now() - timedelta(minutes=1)
    for number in range(230):
        movement = {
            "id": f"txn_{number}",
            "object": "balance_transaction",
            "amount": 100_000,
            "fee": 0,
            "net": 100_000,
            "currency": "idr",
            "created": int(since.timestamp()) + number,
            "type": "payment",
            "available_on": 0,
            "source": None,
            "_payout": None,
        }
        shop.fake.world.store(shop.account).add(movement)
    shop.fake.world.authenticate(shop.key)
    statement = await shop.method.statement(
        shop.provider_account(), since + timedelta(seconds=10), since + timedelta(seconds=225)
    )
    assert [line.provider_id for line in statement.lines] == [f"txn_{number}" for number in range(10, 225)]


async def test_hundredths_of_a_fee_are_told_and_counted_against_us(shop: StripeAccount) -> None:
    shop.fake.faults.add("odd_fee", only="card")
    since = clock.now() - timedelta(minutes=1)
    await shop.paid()
    statement = await shop.method.statement(shop.provider_account(), since, since + timedelta(hours=1))
    assert (statement.lines[0].fee, statement.balance) == (FEE + 1, PRICE - FEE - 1)
    assert "12500000 - 562537" in statement.lines[0].detail


async def test_an_account_in_dollars_is_not_mixed_with_our_books(shop: StripeAccount) -> None:
    since = clock.now() - timedelta(minutes=1)
    await shop.paid()
    shop.list_objects("balance_transaction")[0]["currency"] = "usd"
    with pytest.raises(ProviderError, match="kept in USD") as raised:
        await shop.method.statement(shop.provider_account(), since, since + timedelta(hours=1))
    assert not raised.value.transient
