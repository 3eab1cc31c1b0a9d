"""Payments by Xendit over a socket: requests, statuses that are trusted, and webhooks that are not."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from fakes.asgi_server import serve
from fakes.xendit import FakeXendit
from gateways.protocol import (
    LIVE_BASE_URLS,
    Intent,
    ProviderAccount,
    ProviderError,
    ProviderStatus,
    WebhookEvent,
    WebhookVerificationError,
)
from gateways.xendit_provider import XenditProvider
from kernel import clock
from kernel.money import Rupiah

KEY = "xnd_development_rahasia"
TOKEN = "token-koperasi-melati"
HOOK = "http://127.0.0.1:9/webhooks/abc"
xendit = XenditProvider()


@pytest.fixture
async def fake() -> FakeXendit:
    fake = FakeXendit(secret_key=KEY, callback_token=TOKEN, callback_url=HOOK)
    fake.faults.messages.add("lost")  # nobody listens here: what would be sent is read from `messages`
    return fake


@pytest.fixture
async def provider_account(fake: FakeXendit) -> AsyncIterator[ProviderAccount]:
    async with serve(fake.app) as url, httpx.AsyncClient(timeout=1, trust_env=False) as client:
        yield _provider_account(client, str(url))


def _provider_account(client: Any, address: str, *, live: bool = False, **settings: str) -> ProviderAccount:
    secrets = {"secret_key": KEY, "callback_token": TOKEN}
    return ProviderAccount(settings=settings, secrets=secrets, client=client, base_url=address, live=live)


def _intent(**changes: Any) -> Intent:
    facts: dict[str, Any] = {
        "id": "pay-1",
        "reference": "KOP7F3A2B1C",
        "amount": Rupiah(24_145),
        "description": "Pesanan 12",
        "buyer_name": "Siti Aminah",
        "buyer_phone": "+6281200000001",
        "expires_at": clock.now() + timedelta(hours=2),
        "return_url": "https://melati.example/bayar/KOP7F3A2B1C",
        "webhook_url": "https://melati.example/webhooks/abc",
    }
    return Intent(**{**facts, **changes})


def _verified_event(fake: FakeXendit, provider_account: ProviderAccount, at: int = -1) -> WebhookEvent:
    message = fake.messages[at]
    return xendit.verify(
        provider_account, {name.lower(): value for name, value in message.headers.items()}, message.body
    )


async def _paid(fake: FakeXendit, provider_account: ProviderAccount, **how: Any) -> ProviderStatus:
    started = await xendit.create(provider_account, _intent())
    await fake.pay(started.provider_reference, **how)
    return await xendit.status(provider_account, "KOP7F3A2B1C", started.provider_reference)


async def test_an_invoice_is_made_with_the_amount_in_whole_rupiah(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    started = await xendit.create(provider_account, _intent())
    assert started.redirect_url == f"{provider_account.base_url}/web/{started.provider_reference}"
    asked = fake.calls[-1].json()
    assert (asked["amount"], asked["currency"], asked["external_id"]) == (24_145, "IDR", "KOP7F3A2B1C")
    assert 7_190 <= asked["invoice_duration"] <= 7_200
    assert "payment_methods" not in asked


async def test_only_the_channels_that_an_officer_chose_are_offered(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    await xendit.create(
        _provider_account(provider_account.client, provider_account.base_url, channels="qris"), _intent()
    )
    assert fake.calls[-1].json()["payment_methods"] == ["QRIS"]


async def test_a_second_start_gives_the_invoice_that_is_there(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    first = await xendit.create(provider_account, _intent())
    second = await xendit.create(provider_account, _intent())
    assert (first.provider_reference, first.redirect_url) == (second.provider_reference, second.redirect_url)
    assert len(fake.invoices) == 1


async def test_an_answer_that_got_lost_leaves_no_second_invoice(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    """The invoice is created, but its answer is lost."""

    async def losing(request: httpx.Request) -> httpx.Response:
        answer = await provider_account.client.request(
            request.method, request.url, headers=request.headers, content=request.content
        )
        if request.method == "POST":
            raise httpx.ReadTimeout("too late")
        return httpx.Response(answer.status_code, content=answer.content)

    async with httpx.AsyncClient(transport=httpx.MockTransport(losing)) as client:
        with pytest.raises(ProviderError) as raised:
            await xendit.create(_provider_account(client, provider_account.base_url), _intent())
    assert raised.value.transient
    started = await xendit.create(provider_account, _intent())
    assert list(fake.invoices) == [started.provider_reference]


async def test_an_invoice_is_found_without_its_id(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    assert (await xendit.status(provider_account, "KOP7F3A2B1C", "")).payment_status == "awaiting"
    started = await xendit.create(provider_account, _intent())
    await fake.pay("KOP7F3A2B1C")
    status = await xendit.status(provider_account, "KOP7F3A2B1C", "")
    assert (status.payment_status, status.provider_reference) == ("paid", started.provider_reference)


async def test_a_paid_payment_tells_amount_fee_and_moment(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    status = await _paid(fake, provider_account, channel="BCA", amount=30_000)
    assert (status.payment_status, status.amount, status.fee, status.refunded) == ("paid", 30_000, 4_440, 0)
    assert (status.reference, status.currency) == ("KOP7F3A2B1C", "IDR")
    assert status.paid_at is not None
    assert "BCA" in status.detail


async def test_a_settled_invoice_is_paid_and_one_past_its_time_expired(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    paid = await _paid(fake, provider_account)
    waiting = await xendit.create(provider_account, _intent(reference="KOP2"))
    assert (
        await xendit.status(provider_account, "KOP2", waiting.provider_reference)
    ).payment_status == "awaiting"
    fake.clock_offset = timedelta(days=3)
    assert (
        await xendit.status(provider_account, "KOP7F3A2B1C", paid.provider_reference)
    ).payment_status == "paid"
    assert (
        await xendit.status(provider_account, "KOP2", waiting.provider_reference)
    ).payment_status == "expired"


async def test_a_state_that_we_do_not_know_is_not_guessed(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    started = await xendit.create(provider_account, _intent())
    fake.invoices[started.provider_reference].status = "HALF_PAID"
    with pytest.raises(ProviderError, match="HALF_PAID") as raised:
        await xendit.status(provider_account, "KOP7F3A2B1C", started.provider_reference)
    assert not raised.value.transient


@pytest.mark.parametrize("amount", ["24145.5", "24145.0000000000000000000001"])
async def test_a_part_of_a_rupiah_is_refused(amount: str) -> None:
    body = f'{{"id": "i", "external_id": "KOP1", "status": "PAID", "amount": 24145, "paid_amount": {amount}}}'

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body.encode())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(ProviderError, match="whole rupiah") as raised:
            await xendit.status(_provider_account(client, "http://127.0.0.1:9"), "KOP1", "i")
    assert not raised.value.transient


async def test_a_part_of_a_rupiah_of_the_fee_keeps_no_payment_from_being_paid() -> None:
    invoice = (
        '{"id": "i", "external_id": "KOP1", "status": "PAID", "amount": 24145, '
        '"adjusted_received_amount": 23975.985}'
    )

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/refunds":
            return httpx.Response(
                403, json={"error_code": "REQUEST_FORBIDDEN_ERROR", "message": "no permission"}
            )
        return httpx.Response(200, content=invoice.encode())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        status = await xendit.status(_provider_account(client, "http://127.0.0.1:9"), "KOP1", "i")
    assert (status.payment_status, status.amount, status.fee, status.refunded) == ("paid", 24_145, 170, 0)


async def test_a_callback_is_believed_by_its_token(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    status = await _paid(fake, provider_account)
    event = _verified_event(fake, provider_account)
    assert (event.subject, event.event_type) == ("payment", "invoice.paid")
    assert (event.reference, event.provider_reference) == ("KOP7F3A2B1C", status.provider_reference)


async def test_paid_and_expired_are_events_of_their_own_and_a_repetition_is_not(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    started = await xendit.create(provider_account, _intent())
    await fake.expire(started.provider_reference)
    await fake.pay(started.provider_reference)
    ids = [_verified_event(fake, provider_account, at).event_id for at in (0, 1, 1)]
    assert ids[0] != ids[1] == ids[2]


@pytest.mark.parametrize("token", ["", "token-koperasi-melat", "token-koperasi-melati ", "tökén"])
async def test_another_token_is_unverified(
    fake: FakeXendit, provider_account: ProviderAccount, token: str
) -> None:
    await _paid(fake, provider_account)
    with pytest.raises(WebhookVerificationError):
        xendit.verify(provider_account, {"x-callback-token": token}, fake.messages[-1].body)
    with pytest.raises(WebhookVerificationError):
        xendit.verify(provider_account, {}, fake.messages[-1].body)


async def test_without_a_token_of_ours_nothing_is_verified() -> None:
    provider_account = ProviderAccount(
        settings={}, secrets={"secret_key": KEY}, client=None, base_url="http://127.0.0.1:9", live=False
    )
    with pytest.raises(WebhookVerificationError):
        xendit.verify(
            provider_account, {"x-callback-token": ""}, b'{"id": "a", "external_id": "b", "status": "PAID"}'
        )


async def test_a_forged_callback_is_unverified(fake: FakeXendit, provider_account: ProviderAccount) -> None:
    fake.faults.messages.add("forged")
    await _paid(fake, provider_account)
    with pytest.raises(WebhookVerificationError):
        _verified_event(fake, provider_account)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"id": 5}', b"\xff", b'{"event": "refund.failed", "data": 1}']
)
def test_what_is_no_callback_is_unverified(body: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        xendit.verify(_provider_account(None, "http://127.0.0.1:9"), {"x-callback-token": TOKEN}, body)


def test_news_of_something_else_is_kept_and_no_more() -> None:
    body = json.dumps(
        {"event": "payout.succeeded", "created": "2026-11-24T00:00:00Z", "data": {"id": "p"}}
    ).encode()
    event = xendit.verify(_provider_account(None, "http://127.0.0.1:9"), {"x-callback-token": TOKEN}, body)
    assert (event.subject, event.event_type) == ("nothing", "payout.succeeded")


async def test_a_part_goes_back_and_then_the_rest(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    paid = await _paid(fake, provider_account)
    first = await xendit.refund(provider_account, paid, Rupiah(4_145), "ref-1", "beras basah")
    assert first.status == "done"
    assert (await xendit.refund(provider_account, paid, Rupiah(20_000), "ref-2", "batal")).status == "done"
    status = await xendit.status(provider_account, paid.reference, paid.provider_reference)
    assert (status.payment_status, status.amount, status.refunded) == ("paid", 24_145, 24_145)
    event = _verified_event(fake, provider_account)
    assert (event.subject, event.provider_reference) == ("payment", paid.provider_reference)
    assert (
        await xendit.status(provider_account, "", event.provider_reference or "")
    ).reference == "KOP7F3A2B1C"


async def test_a_refund_asked_for_twice_happens_once(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    paid = await _paid(fake, provider_account)
    first = await xendit.refund(provider_account, paid, Rupiah(4_145), "ref-1", "beras basah")
    again = await xendit.refund(provider_account, paid, Rupiah(4_145), "ref-1", "beras basah")
    other_reason = await xendit.refund(provider_account, paid, Rupiah(4_145), "ref-1", "beras lembap")
    assert first == again == other_reason
    assert len(fake.refunds) == 1


async def test_a_refund_on_its_way_is_asked_after(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    paid = await _paid(fake, provider_account)
    fake.refund_outcome = "PENDING"
    begun = await xendit.refund(provider_account, paid, Rupiah(4_145), "ref-1", "")
    assert begun.status == "pending"
    assert (await xendit.status(provider_account, "", paid.provider_reference)).refunded == 0
    assert (await xendit.refund_status(provider_account, paid, "", "ref-1")).status == "pending"
    await fake.settle_refund(begun.provider_reference, "FAILED")
    ended = await xendit.refund_status(provider_account, paid, begun.provider_reference, "ref-1")
    assert (ended.status, ended.detail) == ("failed", "INSUFFICIENT_BALANCE")
    assert (await xendit.refund_status(provider_account, paid, "", "ref-9")).status == "failed"


async def test_a_virtual_account_gives_nothing_back_and_xendit_says_so(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    paid = await _paid(fake, provider_account, channel="BRI")
    with pytest.raises(ProviderError, match="REFUND_NOT_SUPPORTED") as raised:
        await xendit.refund(provider_account, paid, Rupiah(1_000), "ref-1", "")
    assert not raised.value.transient


async def test_calling_off_stops_what_waits_and_harms_nothing_else(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    await xendit.cancel(provider_account, "KOP7F3A2B1C", "")
    started = await xendit.create(provider_account, _intent())
    await xendit.cancel(provider_account, "KOP7F3A2B1C", "")
    assert (await xendit.status(provider_account, "", started.provider_reference)).payment_status == "expired"
    await fake.pay(started.provider_reference)
    await xendit.cancel(provider_account, "KOP7F3A2B1C", started.provider_reference)
    assert (await xendit.status(provider_account, "", started.provider_reference)).payment_status == "paid"


async def test_a_statement_has_every_line_once_over_all_pages(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    for number in range(120):
        fake.account.credit(10_000 + number, "QRIS", f"KOP{number}", fake.now())
    fake.account.debit("WITHDRAWAL", 50_000, fake.now())
    statement = await xendit.statement(
        provider_account, clock.now() - timedelta(days=1), clock.now() + timedelta(minutes=1)
    )
    assert len({line.provider_id for line in statement.lines}) == len(statement.lines) == 121
    assert sum(line.gross for line in statement.lines) == sum(range(10_000, 10_120)) - 50_000
    assert [line.at for line in statement.lines] == sorted(line.at for line in statement.lines)
    assert {line.kind for line in statement.lines} == {"payment", "payout"}
    assert statement.balance == sum(line.gross - line.fee for line in statement.lines)


async def test_the_balance_counts_what_is_settled_held_back_and_not_settled_yet(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    now = fake.now()
    fake.account.credit(100_000, "BCA", "KOP1", now - timedelta(days=5))
    fake.account.credit(50_000, "QRIS", "KOP2", now)
    fake.account.holding = 20_000
    statement = await xendit.statement(
        provider_account, clock.now() - timedelta(days=1), clock.now() + timedelta(minutes=1)
    )
    assert statement.balance == 100_000 - 4_440 + 50_000 - 350
    assert [(line.reference, line.gross, line.fee) for line in statement.lines] == [("KOP2", 50_000, 350)]
    assert "settlement pending" in statement.lines[0].detail


async def test_what_failed_moved_nothing(fake: FakeXendit, provider_account: ProviderAccount) -> None:
    fake.account.credit(100_000, "BCA", "KOP1", fake.now()).status = "FAILED"
    statement = await xendit.statement(
        provider_account, clock.now() - timedelta(days=1), clock.now() + timedelta(minutes=1)
    )
    assert (statement.lines, statement.balance) == ((), 0)


@pytest.mark.parametrize("fault", ["500", "429", "time-out", "garbage"])
async def test_what_passes_is_told_from_what_does_not(
    fake: FakeXendit, provider_account: ProviderAccount, fault: Any
) -> None:
    started = await xendit.create(provider_account, _intent())
    fake.faults.responses.append(fault)
    with pytest.raises(ProviderError) as raised:
        await xendit.status(provider_account, "KOP7F3A2B1C", started.provider_reference)
    assert raised.value.transient
    assert (
        await xendit.status(provider_account, "KOP7F3A2B1C", started.provider_reference)
    ).payment_status == "awaiting"


async def test_a_wrong_key_does_not_pass_and_is_not_repeated(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    fake.secret_key = "another"
    with pytest.raises(ProviderError, match="INVALID_API_KEY") as raised:
        await xendit.create(provider_account, _intent())
    assert not raised.value.transient
    assert KEY not in str(raised.value)


async def test_a_rejection_gives_xendits_own_message(
    fake: FakeXendit, provider_account: ProviderAccount
) -> None:
    only_qris = _provider_account(provider_account.client, provider_account.base_url, channels="qris")
    with pytest.raises(ProviderError, match="QRIS takes") as raised:
        await xendit.create(only_qris, _intent(amount=Rupiah(10_000_001)))
    assert not raised.value.transient


@pytest.mark.parametrize(("live", "key"), [(True, "xnd_development_a"), (False, "xnd_production_a")])
async def test_a_key_of_the_other_kind_asks_nobody(live: bool, key: str) -> None:
    provider_account = ProviderAccount(
        settings={}, secrets={"secret_key": key}, client=None, base_url=LIVE_BASE_URLS["xendit"], live=live
    )
    with pytest.raises(ProviderError, match="money") as raised:
        await xendit.status(provider_account, "KOP1", "i")
    assert not raised.value.transient
