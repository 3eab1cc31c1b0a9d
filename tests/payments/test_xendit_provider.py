"""Paying by Xendit, spoken to over a socket: what is asked, what is believed, and what is only told."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kernel import clock
from kernel.money import Rupiah
from payments.provider import REAL_ADDRESSES, Event, Intent, Means, ProviderFault, Status, Unverified
from payments.providers.xendit_provider import XenditProvider
from stand_ins.serving import serve
from stand_ins.xendit import XenditStandIn

KEY = "xnd_development_rahasia"
TOKEN = "token-koperasi-melati"
HOOK = "http://127.0.0.1:9/kait/abc"
xendit = XenditProvider()


@pytest.fixture
async def stand_in() -> XenditStandIn:
    stand_in = XenditStandIn(secret_key=KEY, callback_token=TOKEN, callback_url=HOOK)
    stand_in.faults.messages.add("lost")  # nobody listens here: what would be sent is read from `messages`
    return stand_in


@pytest.fixture
async def means(stand_in: XenditStandIn) -> AsyncIterator[Means]:
    async with serve(stand_in.app) as url, httpx.AsyncClient(timeout=1, trust_env=False) as client:
        yield _means(client, str(url))


def _means(client: Any, address: str, *, live: bool = False, **settings: str) -> Means:
    secrets = {"secret_key": KEY, "callback_token": TOKEN}
    return Means(settings=settings, secrets=secrets, client=client, address=address, live=live)


def _intent(**changes: Any) -> Intent:
    facts: dict[str, Any] = {
        "id": "pay-1",
        "reference": "KOP7F3A2B1C",
        "amount": Rupiah(24_145),
        "description": "Pesanan 12",
        "buyer_name": "Siti Aminah",
        "buyer_phone": "+6281200000001",
        "expires_at": clock.now() + timedelta(hours=2),
        "return_to": "https://melati.example/bayar/KOP7F3A2B1C",
        "endpoint_url": "https://melati.example/kait/abc",
    }
    return Intent(**{**facts, **changes})


def _heard(stand_in: XenditStandIn, means: Means, at: int = -1) -> Event:
    message = stand_in.messages[at]
    return xendit.verify(
        means, {name.lower(): value for name, value in message.headers.items()}, message.body
    )


async def _paid(stand_in: XenditStandIn, means: Means, **how: Any) -> Status:
    started = await xendit.create(means, _intent())
    await stand_in.pay(started.provider_reference, **how)
    return await xendit.status(means, "KOP7F3A2B1C", started.provider_reference)


async def test_an_invoice_is_made_with_the_amount_in_whole_rupiah(
    stand_in: XenditStandIn, means: Means
) -> None:
    started = await xendit.create(means, _intent())
    assert started.redirect_url == f"{means.address}/web/{started.provider_reference}"
    asked = stand_in.calls[-1].json()
    assert (asked["amount"], asked["currency"], asked["external_id"]) == (24_145, "IDR", "KOP7F3A2B1C")
    assert 7_190 <= asked["invoice_duration"] <= 7_200
    assert "payment_methods" not in asked


async def test_only_the_channels_that_an_officer_chose_are_offered(
    stand_in: XenditStandIn, means: Means
) -> None:
    await xendit.create(_means(means.client, means.address, channels="qris"), _intent())
    assert stand_in.calls[-1].json()["payment_methods"] == ["QRIS"]


async def test_a_second_start_gives_the_invoice_that_is_there(stand_in: XenditStandIn, means: Means) -> None:
    first = await xendit.create(means, _intent())
    second = await xendit.create(means, _intent())
    assert (first.provider_reference, first.redirect_url) == (second.provider_reference, second.redirect_url)
    assert len(stand_in.invoices) == 1


async def test_an_answer_that_got_lost_leaves_no_second_invoice(
    stand_in: XenditStandIn, means: Means
) -> None:
    """The invoice is made, and nobody hears of it."""

    async def losing(request: httpx.Request) -> httpx.Response:
        said = await means.client.request(
            request.method, request.url, headers=request.headers, content=request.content
        )
        if request.method == "POST":
            raise httpx.ReadTimeout("too late")
        return httpx.Response(said.status_code, content=said.content)

    async with httpx.AsyncClient(transport=httpx.MockTransport(losing)) as client:
        with pytest.raises(ProviderFault) as raised:
            await xendit.create(_means(client, means.address), _intent())
    assert raised.value.passing
    started = await xendit.create(means, _intent())
    assert list(stand_in.invoices) == [started.provider_reference]


async def test_an_invoice_is_found_without_its_id(stand_in: XenditStandIn, means: Means) -> None:
    assert (await xendit.status(means, "KOP7F3A2B1C", "")).state == "awaiting"
    started = await xendit.create(means, _intent())
    await stand_in.pay("KOP7F3A2B1C")
    status = await xendit.status(means, "KOP7F3A2B1C", "")
    assert (status.state, status.provider_reference) == ("paid", started.provider_reference)


async def test_a_paid_payment_tells_amount_fee_and_moment(stand_in: XenditStandIn, means: Means) -> None:
    status = await _paid(stand_in, means, channel="BCA", amount=30_000)
    assert (status.state, status.amount, status.fee, status.refunded) == ("paid", 30_000, 4_440, 0)
    assert (status.reference, status.currency) == ("KOP7F3A2B1C", "IDR")
    assert status.paid_at is not None
    assert "BCA" in status.detail


async def test_a_settled_invoice_is_paid_and_one_past_its_time_expired(
    stand_in: XenditStandIn, means: Means
) -> None:
    paid = await _paid(stand_in, means)
    waiting = await xendit.create(means, _intent(reference="KOP2"))
    assert (await xendit.status(means, "KOP2", waiting.provider_reference)).state == "awaiting"
    stand_in.ahead = timedelta(days=3)
    assert (await xendit.status(means, "KOP7F3A2B1C", paid.provider_reference)).state == "paid"
    assert (await xendit.status(means, "KOP2", waiting.provider_reference)).state == "expired"


async def test_a_state_that_we_do_not_know_is_not_guessed(stand_in: XenditStandIn, means: Means) -> None:
    started = await xendit.create(means, _intent())
    stand_in.invoices[started.provider_reference].status = "HALF_PAID"
    with pytest.raises(ProviderFault, match="HALF_PAID") as raised:
        await xendit.status(means, "KOP7F3A2B1C", started.provider_reference)
    assert not raised.value.passing


@pytest.mark.parametrize("told", ["24145.5", "24145.0000000000000000000001"])
async def test_a_part_of_a_rupiah_is_refused(told: str) -> None:
    body = f'{{"id": "i", "external_id": "KOP1", "status": "PAID", "amount": 24145, "paid_amount": {told}}}'

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body.encode())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(ProviderFault, match="whole rupiah") as raised:
            await xendit.status(_means(client, "http://127.0.0.1:9"), "KOP1", "i")
    assert not raised.value.passing


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
        status = await xendit.status(_means(client, "http://127.0.0.1:9"), "KOP1", "i")
    assert (status.state, status.amount, status.fee, status.refunded) == ("paid", 24_145, 170, 0)


async def test_a_callback_is_believed_by_its_token(stand_in: XenditStandIn, means: Means) -> None:
    status = await _paid(stand_in, means)
    event = _heard(stand_in, means)
    assert (event.concerns, event.kind) == ("payment", "invoice.paid")
    assert (event.reference, event.provider_reference) == ("KOP7F3A2B1C", status.provider_reference)


async def test_paid_and_expired_are_events_of_their_own_and_a_repetition_is_not(
    stand_in: XenditStandIn, means: Means
) -> None:
    started = await xendit.create(means, _intent())
    await stand_in.expire(started.provider_reference)
    await stand_in.pay(started.provider_reference)
    ids = [_heard(stand_in, means, at).event_id for at in (0, 1, 1)]
    assert ids[0] != ids[1] == ids[2]


@pytest.mark.parametrize("token", ["", "token-koperasi-melat", "token-koperasi-melati ", "tökén"])
async def test_another_token_is_unverified(stand_in: XenditStandIn, means: Means, token: str) -> None:
    await _paid(stand_in, means)
    with pytest.raises(Unverified):
        xendit.verify(means, {"x-callback-token": token}, stand_in.messages[-1].body)
    with pytest.raises(Unverified):
        xendit.verify(means, {}, stand_in.messages[-1].body)


async def test_without_a_token_of_ours_nothing_is_verified() -> None:
    means = Means(
        settings={}, secrets={"secret_key": KEY}, client=None, address="http://127.0.0.1:9", live=False
    )
    with pytest.raises(Unverified):
        xendit.verify(means, {"x-callback-token": ""}, b'{"id": "a", "external_id": "b", "status": "PAID"}')


async def test_a_forged_callback_is_unverified(stand_in: XenditStandIn, means: Means) -> None:
    stand_in.faults.messages.add("forged")
    await _paid(stand_in, means)
    with pytest.raises(Unverified):
        _heard(stand_in, means)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"id": 5}', b"\xff", b'{"event": "refund.failed", "data": 1}']
)
def test_what_is_no_callback_is_unverified(body: bytes) -> None:
    with pytest.raises(Unverified):
        xendit.verify(_means(None, "http://127.0.0.1:9"), {"x-callback-token": TOKEN}, body)


def test_news_of_something_else_is_kept_and_no_more() -> None:
    body = json.dumps(
        {"event": "payout.succeeded", "created": "2026-11-24T00:00:00Z", "data": {"id": "p"}}
    ).encode()
    event = xendit.verify(_means(None, "http://127.0.0.1:9"), {"x-callback-token": TOKEN}, body)
    assert (event.concerns, event.kind) == ("nothing", "payout.succeeded")


async def test_a_part_goes_back_and_then_the_rest(stand_in: XenditStandIn, means: Means) -> None:
    paid = await _paid(stand_in, means)
    first = await xendit.refund(means, paid, Rupiah(4_145), "ref-1", "beras basah")
    assert first.state == "done"
    assert (await xendit.refund(means, paid, Rupiah(20_000), "ref-2", "batal")).state == "done"
    status = await xendit.status(means, paid.reference, paid.provider_reference)
    assert (status.state, status.amount, status.refunded) == ("paid", 24_145, 24_145)
    event = _heard(stand_in, means)
    assert (event.concerns, event.provider_reference) == ("payment", paid.provider_reference)
    assert (await xendit.status(means, "", event.provider_reference or "")).reference == "KOP7F3A2B1C"


async def test_a_refund_asked_for_twice_happens_once(stand_in: XenditStandIn, means: Means) -> None:
    paid = await _paid(stand_in, means)
    first = await xendit.refund(means, paid, Rupiah(4_145), "ref-1", "beras basah")
    again = await xendit.refund(means, paid, Rupiah(4_145), "ref-1", "beras basah")
    worded_otherwise = await xendit.refund(means, paid, Rupiah(4_145), "ref-1", "beras lembap")
    assert first == again == worded_otherwise
    assert len(stand_in.refunds) == 1


async def test_a_refund_on_its_way_is_asked_after(stand_in: XenditStandIn, means: Means) -> None:
    paid = await _paid(stand_in, means)
    stand_in.refund_outcome = "PENDING"
    begun = await xendit.refund(means, paid, Rupiah(4_145), "ref-1", "")
    assert begun.state == "pending"
    assert (await xendit.status(means, "", paid.provider_reference)).refunded == 0
    assert (await xendit.refund_status(means, paid, "", "ref-1")).state == "pending"
    await stand_in.settle_refund(begun.provider_reference, "FAILED")
    ended = await xendit.refund_status(means, paid, begun.provider_reference, "ref-1")
    assert (ended.state, ended.detail) == ("failed", "INSUFFICIENT_BALANCE")
    assert (await xendit.refund_status(means, paid, "", "ref-9")).state == "failed"


async def test_a_virtual_account_gives_nothing_back_and_xendit_says_so(
    stand_in: XenditStandIn, means: Means
) -> None:
    paid = await _paid(stand_in, means, channel="BRI")
    with pytest.raises(ProviderFault, match="REFUND_NOT_SUPPORTED") as raised:
        await xendit.refund(means, paid, Rupiah(1_000), "ref-1", "")
    assert not raised.value.passing


async def test_calling_off_stops_what_waits_and_harms_nothing_else(
    stand_in: XenditStandIn, means: Means
) -> None:
    await xendit.cancel(means, "KOP7F3A2B1C", "")
    started = await xendit.create(means, _intent())
    await xendit.cancel(means, "KOP7F3A2B1C", "")
    assert (await xendit.status(means, "", started.provider_reference)).state == "expired"
    await stand_in.pay(started.provider_reference)
    await xendit.cancel(means, "KOP7F3A2B1C", started.provider_reference)
    assert (await xendit.status(means, "", started.provider_reference)).state == "paid"


async def test_a_statement_has_every_line_once_over_all_pages(stand_in: XenditStandIn, means: Means) -> None:
    for number in range(120):
        stand_in.account.pay_in(10_000 + number, "QRIS", f"KOP{number}", stand_in.now())
    stand_in.account.pay_out("WITHDRAWAL", 50_000, stand_in.now())
    statement = await xendit.statement(
        means, clock.now() - timedelta(days=1), clock.now() + timedelta(minutes=1)
    )
    assert len({line.provider_id for line in statement.lines}) == len(statement.lines) == 121
    assert sum(line.gross for line in statement.lines) == sum(range(10_000, 10_120)) - 50_000
    assert [line.at for line in statement.lines] == sorted(line.at for line in statement.lines)
    assert {line.kind for line in statement.lines} == {"payment", "payout"}
    assert statement.balance == sum(line.gross - line.fee for line in statement.lines)


async def test_the_balance_counts_what_is_settled_held_back_and_not_settled_yet(
    stand_in: XenditStandIn, means: Means
) -> None:
    now = stand_in.now()
    stand_in.account.pay_in(100_000, "BCA", "KOP1", now - timedelta(days=5))
    stand_in.account.pay_in(50_000, "QRIS", "KOP2", now)
    stand_in.account.holding = 20_000
    statement = await xendit.statement(
        means, clock.now() - timedelta(days=1), clock.now() + timedelta(minutes=1)
    )
    assert statement.balance == 100_000 - 4_440 + 50_000 - 350
    assert [(line.reference, line.gross, line.fee) for line in statement.lines] == [("KOP2", 50_000, 350)]
    assert "settlement pending" in statement.lines[0].detail


async def test_what_failed_moved_nothing(stand_in: XenditStandIn, means: Means) -> None:
    stand_in.account.pay_in(100_000, "BCA", "KOP1", stand_in.now()).status = "FAILED"
    statement = await xendit.statement(
        means, clock.now() - timedelta(days=1), clock.now() + timedelta(minutes=1)
    )
    assert (statement.lines, statement.balance) == ((), 0)


@pytest.mark.parametrize("fault", ["500", "429", "time-out", "garbage"])
async def test_what_passes_is_told_from_what_does_not(
    stand_in: XenditStandIn, means: Means, fault: Any
) -> None:
    started = await xendit.create(means, _intent())
    stand_in.faults.answers.append(fault)
    with pytest.raises(ProviderFault) as raised:
        await xendit.status(means, "KOP7F3A2B1C", started.provider_reference)
    assert raised.value.passing
    assert (await xendit.status(means, "KOP7F3A2B1C", started.provider_reference)).state == "awaiting"


async def test_a_wrong_key_does_not_pass_and_is_not_repeated(stand_in: XenditStandIn, means: Means) -> None:
    stand_in.secret_key = "another"
    with pytest.raises(ProviderFault, match="INVALID_API_KEY") as raised:
        await xendit.create(means, _intent())
    assert not raised.value.passing
    assert KEY not in str(raised.value)


async def test_a_refusal_is_told_in_xendits_words(stand_in: XenditStandIn, means: Means) -> None:
    only_qris = _means(means.client, means.address, channels="qris")
    with pytest.raises(ProviderFault, match="QRIS takes") as raised:
        await xendit.create(only_qris, _intent(amount=Rupiah(10_000_001)))
    assert not raised.value.passing


@pytest.mark.parametrize(("live", "key"), [(True, "xnd_development_a"), (False, "xnd_production_a")])
async def test_a_key_of_the_other_kind_asks_nobody(live: bool, key: str) -> None:
    means = Means(
        settings={}, secrets={"secret_key": key}, client=None, address=REAL_ADDRESSES["xendit"], live=live
    )
    with pytest.raises(ProviderFault, match="money") as raised:
        await xendit.status(means, "KOP1", "i")
    assert not raised.value.passing
