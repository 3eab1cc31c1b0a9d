"""Payments by Midtrans over a socket: requests, statuses that are trusted, and webhooks that are not."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from fakes.asgi_server import serve
from fakes.midtrans import FakeMidtrans
from gateways.midtrans_provider import MidtransProvider
from gateways.midtrans_transactions import parse_transaction, to_provider_status
from gateways.protocol import (
    LIVE_BASE_URLS,
    Intent,
    ProviderAccount,
    ProviderError,
    ProviderStatus,
    WebhookEvent,
    WebhookVerificationError,
)
from kernel import clock
from kernel.money import Rupiah

KEY = "SB-Mid-server-rahasia"
midtrans = MidtransProvider()


@pytest.fixture
async def fake() -> FakeMidtrans:
    return FakeMidtrans(server_key=KEY)


@pytest.fixture
async def provider_account(fake: FakeMidtrans) -> AsyncIterator[ProviderAccount]:
    async with serve(fake.app) as url, httpx.AsyncClient(timeout=1, trust_env=False) as client:
        yield _provider_account(client, str(url))


def _provider_account(client: Any, address: str, *, live: bool = False, **settings: str) -> ProviderAccount:
    return ProviderAccount(
        settings=settings, secrets={"server_key": KEY}, client=client, base_url=address, live=live
    )


def _intent(**changes: Any) -> Intent:
    facts: dict[str, Any] = {
        "id": "pay-1",
        "reference": "KOP7F3A2B1C",
        "amount": Rupiah(24_145),
        "description": "Pesanan 12 | Koperasi Melati",
        "buyer_name": "Siti Aminah",
        "buyer_phone": "+6281200000001",
        "expires_at": clock.now() + timedelta(hours=2),
        "return_url": "https://melati.example/pembayaran/KOP7F3A2B1C",
        "webhook_url": "https://melati.example/webhooks/abc",
    }
    return Intent(**{**facts, **changes})


def _verified_event(fake: FakeMidtrans, provider_account: ProviderAccount, at: int = -1) -> WebhookEvent:
    return midtrans.verify(provider_account, {}, fake.messages[at].body)


async def _status(provider_account: ProviderAccount) -> ProviderStatus:
    return await midtrans.status(provider_account, "KOP7F3A2B1C", "token")


async def test_a_page_is_made_with_the_amount_in_whole_rupiah(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    started = await midtrans.create(provider_account, _intent())
    assert (
        started.redirect_url
        == f"{provider_account.base_url}/snap/v4/redirection/{started.provider_reference}"
    )
    asked = fake.calls[-1]
    assert asked.json()["transaction_details"] == {"order_id": "KOP7F3A2B1C", "gross_amount": 24_145}
    assert asked.json()["expiry"]["unit"] == "minute"
    assert asked.json()["expiry"]["duration"] == 120
    assert asked.headers["x-override-notification"] == "https://melati.example/webhooks/abc"
    assert "enabled_payments" not in asked.json()


async def test_only_the_channels_that_an_officer_chose_are_offered(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(
        _provider_account(provider_account.client, provider_account.base_url, channels="qris"), _intent()
    )
    assert fake.calls[-1].json()["enabled_payments"] == ["gopay", "shopeepay", "other_qris"]


async def test_a_page_on_which_no_way_was_chosen_waits(provider_account: ProviderAccount) -> None:
    await midtrans.create(provider_account, _intent())
    status = await _status(provider_account)
    assert (status.payment_status, status.amount) == ("awaiting", 0)


async def test_a_second_start_gives_another_page_of_the_same_payment(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await midtrans.create(provider_account, _intent())
    await fake.pay("KOP7F3A2B1C")
    assert list(fake.orders) == ["KOP7F3A2B1C"]
    assert (await _status(provider_account)).payment_status == "paid"


async def test_a_second_start_after_the_choice_shows_what_to_pay_to(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    order = await fake.choose("KOP7F3A2B1C", "bca_va")
    started = await midtrans.create(provider_account, _intent())
    assert started.redirect_url is None
    assert started.instructions == {"va_bank": "BCA", "va_number": order.va_number}
    assert started.provider_reference == order.transaction_id


async def test_a_paid_payment_tells_amount_and_moment(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    order = await fake.pay("KOP7F3A2B1C", amount=30_000)
    status = await _status(provider_account)
    assert (status.payment_status, status.amount, status.currency) == ("paid", 30_000, "IDR")
    assert (status.reference, status.provider_reference) == ("KOP7F3A2B1C", order.transaction_id)
    assert status.fee is None
    assert order.settled_at is not None
    assert status.paid_at == order.settled_at.replace(microsecond=0)


@pytest.mark.parametrize(
    ("transaction_status", "state"),
    [
        ("pending", "awaiting"),
        ("authorize", "awaiting"),
        ("settlement", "paid"),
        ("deny", "failed"),
        ("failure", "failed"),
        ("cancel", "cancelled"),
        ("expire", "expired"),
        ("chargeback", "paid"),
    ],
)
async def test_each_state_of_midtrans_has_one_of_ours(
    fake: FakeMidtrans, provider_account: ProviderAccount, transaction_status: str, state: str
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.set_status("KOP7F3A2B1C", transaction_status)
    assert (await _status(provider_account)).payment_status == state


@pytest.mark.parametrize(
    ("fraud", "state"), [("accept", "paid"), ("challenge", "awaiting"), ("deny", "failed")]
)
async def test_a_captured_card_is_paid_only_when_the_fraud_check_accepts(
    fake: FakeMidtrans, provider_account: ProviderAccount, fraud: str, state: str
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.capture("KOP7F3A2B1C", fraud)
    assert (await _status(provider_account)).payment_status == state


async def test_a_state_that_we_do_not_know_is_not_guessed(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.set_status("KOP7F3A2B1C", "half_settled")
    with pytest.raises(ProviderError, match="half_settled") as fault:
        await _status(provider_account)
    assert not fault.value.transient


async def test_a_chargeback_of_all_counts_as_all_given_back(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.set_status("KOP7F3A2B1C", "chargeback")
    status = await _status(provider_account)
    assert (status.refunded, status.disputed, status.dispute_ids) == (24_145, True, ())


async def test_a_chargeback_is_named_by_what_midtrans_calls_it(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.pay("KOP7F3A2B1C")
    for times in (1, 2):
        await fake.refund("KOP7F3A2B1C", 5_000, "")
        assert (await _status(provider_account)).dispute_ids == ()  # a refund
        await fake.set_status("KOP7F3A2B1C", "partial_chargeback")
        assert (await _status(provider_account)).dispute_ids == (str(times),)


@pytest.mark.parametrize("amount", ["24145.50", "24145.001", "24,145.00", "-1.00", "", "1e5"])
def test_an_amount_that_is_not_whole_rupiah_is_refused(amount: str) -> None:
    transaction = parse_transaction(
        json.dumps({"transaction_status": "settlement", "gross_amount": amount}).encode()
    )
    with pytest.raises(ProviderError, match="whole rupiah") as fault:
        to_provider_status(transaction)
    assert not fault.value.transient


async def test_a_notification_is_believed_by_its_signature(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.pay("KOP7F3A2B1C")
    event = _verified_event(fake, provider_account)
    assert (event.subject, event.reference, event.event_type) == (
        "payment",
        "KOP7F3A2B1C",
        "midtrans.settlement",
    )


async def test_every_change_of_state_is_an_event_of_its_own(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.choose("KOP7F3A2B1C", "qris")
    await fake.pay("KOP7F3A2B1C")
    await fake.refund("KOP7F3A2B1C", 1_000, "r1")
    await fake.refund("KOP7F3A2B1C", 1_000, "r2")
    events = [_verified_event(fake, provider_account, at).event_id for at in range(4)]
    assert len(set(events)) == 4
    assert _verified_event(fake, provider_account, 1).event_id == events[1]


async def test_the_amount_is_signed_as_the_text_that_came(provider_account: ProviderAccount) -> None:
    def signed(amount: str, body: str) -> bytes:
        signature = hashlib.sha512(f"KOP1200{amount}{KEY}".encode()).hexdigest()
        fields = {
            "order_id": "KOP1",
            "status_code": "200",
            "gross_amount": body,
            "transaction_status": "settlement",
        }
        return json.dumps({**fields, "signature_key": signature}).encode()

    assert midtrans.verify(provider_account, {}, signed("24145.00", "24145.00")).reference == "KOP1"
    with pytest.raises(WebhookVerificationError):
        midtrans.verify(provider_account, {}, signed("24145.00", "24145.0"))
    with pytest.raises(WebhookVerificationError):
        midtrans.verify(provider_account, {}, signed("24145", "24145.00"))


async def test_a_repeated_signature_cannot_take_the_place_of_the_settlement(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    """The status is not signed: whoever saw the pending webhook can send it again with another status."""
    await midtrans.create(provider_account, _intent())
    await fake.choose("KOP7F3A2B1C", "qris")
    false = json.dumps({**fake.messages[-1].json(), "transaction_status": "settlement"}).encode()
    await fake.pay("KOP7F3A2B1C")
    assert (
        midtrans.verify(provider_account, {}, false).event_id
        != _verified_event(fake, provider_account).event_id
    )


async def test_a_repeated_signature_cannot_take_the_place_of_a_refund_that_names_no_list(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.pay("KOP7F3A2B1C")
    settled = fake.messages[-1].json()
    await fake.refund("KOP7F3A2B1C", 1_000, "r1")
    body = fake.messages[-1].json()
    bare = {name: value for name, value in body.items() if name not in ("refunds", "refund_key")}
    false = json.dumps({**settled, "transaction_status": bare["transaction_status"]}).encode()
    assert bare["status_code"] == settled["status_code"]
    true = json.dumps(bare).encode()
    assert (
        midtrans.verify(provider_account, {}, false).event_id
        != midtrans.verify(provider_account, {}, true).event_id
    )
    assert (
        midtrans.verify(provider_account, {}, true).event_id
        == midtrans.verify(provider_account, {}, true).event_id
    )


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b'{"order_id": 5}', b"\xff\xfe", b'{"signature_key": "\xc3\xa9"}']
)
def test_what_is_no_notification_is_unverified(body: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        midtrans.verify(_provider_account(None, "http://127.0.0.1:9"), {}, body)


async def test_without_a_key_nothing_is_verified() -> None:
    provider_account = ProviderAccount(
        settings={}, secrets={}, client=None, base_url="http://127.0.0.1:9", live=False
    )
    body = json.dumps({"order_id": "A", "signature_key": hashlib.sha512(b"A").hexdigest()}).encode()
    with pytest.raises(WebhookVerificationError):
        midtrans.verify(provider_account, {}, body)


async def test_a_forged_notification_is_unverified(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    fake.faults.messages.add("forged")
    await fake.pay("KOP7F3A2B1C")
    with pytest.raises(WebhookVerificationError):
        _verified_event(fake, provider_account)


async def test_a_part_goes_back_and_then_the_rest(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.pay("KOP7F3A2B1C")
    paid = await _status(provider_account)
    assert (
        await midtrans.refund(provider_account, paid, Rupiah(4_145), "ref-1", "beras basah")
    ).status == "done"
    assert (await _status(provider_account)).refunded == 4_145
    assert (await midtrans.refund(provider_account, paid, Rupiah(20_000), "ref-2", "batal")).status == "done"
    status = await _status(provider_account)
    assert (status.payment_status, status.amount, status.refunded) == ("paid", 24_145, 24_145)


async def test_a_refund_asked_for_twice_happens_once(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.pay("KOP7F3A2B1C")
    paid = await _status(provider_account)
    for _ in range(2):
        assert (
            await midtrans.refund(provider_account, paid, Rupiah(4_145), "ref-1", "beras basah")
        ).status == "done"
    assert len(fake.orders["KOP7F3A2B1C"].refunds) == 1
    assert (await midtrans.refund_status(provider_account, paid, "ref-1", "ref-1")).status == "done"
    assert (await midtrans.refund_status(provider_account, paid, "", "ref-9")).status == "pending"


async def test_a_virtual_account_gives_nothing_back_and_midtrans_says_so(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.pay("KOP7F3A2B1C", "bca_va")
    with pytest.raises(ProviderError, match="cannot modify the status") as fault:
        await midtrans.refund(provider_account, await _status(provider_account), Rupiah(1_000), "ref-1", "")
    assert not fault.value.transient


async def test_a_card_is_given_back_only_after_it_is_settled(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.create(provider_account, _intent())
    await fake.capture("KOP7F3A2B1C")
    with pytest.raises(ProviderError, match="next day") as fault:
        await midtrans.refund(provider_account, await _status(provider_account), Rupiah(1_000), "ref-1", "")
    assert fault.value.transient


async def test_calling_off_stops_what_waits_and_harms_nothing_else(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    await midtrans.cancel(provider_account, "KOP7F3A2B1C", "")
    await midtrans.create(provider_account, _intent())
    await midtrans.cancel(provider_account, "KOP7F3A2B1C", "")
    await fake.choose("KOP7F3A2B1C", "bca_va")
    await midtrans.cancel(provider_account, "KOP7F3A2B1C", "")
    assert (await _status(provider_account)).payment_status == "expired"
    await fake.capture("KOP7F3A2B1C")
    await midtrans.cancel(provider_account, "KOP7F3A2B1C", "")
    assert (await _status(provider_account)).payment_status == "paid"


@pytest.mark.parametrize("fault", ["500", "429", "time-out", "garbage"])
async def test_what_passes_is_told_from_what_does_not(
    fake: FakeMidtrans, provider_account: ProviderAccount, fault: Any
) -> None:
    fake.faults.responses.append(fault)
    with pytest.raises(ProviderError) as raised:
        await _status(provider_account)
    assert raised.value.transient
    assert (await _status(provider_account)).payment_status == "awaiting"


async def test_nobody_at_the_address_passes(provider_account: ProviderAccount) -> None:
    with pytest.raises(ProviderError, match="did not answer") as raised:
        await midtrans.status(_provider_account(provider_account.client, "http://127.0.0.1:9"), "KOP1", "")
    assert raised.value.transient
    assert raised.value.__context__ is None


async def test_a_wrong_key_does_not_pass_and_is_not_repeated(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    fake.server_key = "another"
    with pytest.raises(ProviderError, match="Access denied") as raised:
        await midtrans.create(provider_account, _intent())
    assert not raised.value.transient
    with pytest.raises(ProviderError, match="Access denied"):
        await _status(provider_account)


async def test_a_rejection_gives_midtrans_own_message(provider_account: ProviderAccount) -> None:
    with pytest.raises(ProviderError, match="order_id is not valid") as raised:
        await midtrans.create(provider_account, _intent(reference="KOP 1"))
    assert not raised.value.transient


async def test_no_secret_stands_in_a_fault_or_in_what_is_printed() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error_messages": [f"the key {KEY} is odd"]})

    async with httpx.AsyncClient(transport=httpx.MockTransport(echo)) as client:
        provider_account = _provider_account(client, "http://127.0.0.1:9")
        with pytest.raises(ProviderError) as raised:
            await midtrans.create(provider_account, _intent())
    assert KEY not in str(raised.value)
    assert KEY not in repr(provider_account)


@pytest.mark.parametrize("status_code", ["500", "503"])
async def test_a_500_within_a_200_passes(status_code: str) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"status_code": status_code, "status_message": "Sorry"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(broken)) as client:
        with pytest.raises(ProviderError) as raised:
            await _status(_provider_account(client, "http://127.0.0.1:9"))
    assert raised.value.transient


@pytest.mark.parametrize(
    ("live", "hosts"),
    [
        (True, ["app.midtrans.com", "api.midtrans.com"]),
        (False, ["app.sandbox.midtrans.com", "api.sandbox.midtrans.com"]),
    ],
)
async def test_test_keys_go_to_the_sandbox(live: bool, hosts: list[str]) -> None:
    asked = []

    def note(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.method == "POST":
            return httpx.Response(201, json={"token": "t", "redirect_url": "https://app.example/t"})
        return httpx.Response(
            404, json={"status_code": "404", "status_message": "Transaction doesn't exist."}
        )

    async with httpx.AsyncClient(transport=httpx.MockTransport(note)) as client:
        provider_account = _provider_account(client, LIVE_BASE_URLS["midtrans"], live=live)
        await midtrans.create(provider_account, _intent())
        await _status(provider_account)
    assert asked == hosts


async def test_a_page_that_should_end_within_minutes_gets_the_shortest_that_midtrans_takes(
    fake: FakeMidtrans, provider_account: ProviderAccount
) -> None:
    with clock.freeze_at(datetime(2026, 11, 24, 3, 0, tzinfo=UTC)):
        await midtrans.create(
            provider_account, _intent(expires_at=datetime(2026, 11, 24, 3, 1, 30, tzinfo=UTC))
        )
    asked = fake.calls[-1].json()
    assert asked["expiry"] == {"start_time": "2026-11-24 10:00:00 +0700", "unit": "minute", "duration": 2}
    assert asked["page_expiry"] == {"unit": "minute", "duration": 5}


async def test_no_statement_is_made_up(provider_account: ProviderAccount) -> None:
    statement = await midtrans.statement(provider_account, clock.now() - timedelta(days=1), clock.now())
    assert (statement.lines, statement.balance) == ((), None)
