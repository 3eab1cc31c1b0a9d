"""Errors of Stripe: answers are given byte for byte, so that each error arrives as the package raises it."""

import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe

from gateways.protocol import LIVE_BASE_URLS, ProviderError
from gateways.stripe_client import StripeProviderError, build_client, call_stripe, parse_object
from gateways.stripe_objects import StripeBalance

KEY = "sk_live_rahasiaMelati123"
Answering = Callable[[httpx.Request], httpx.Response]


def over(
    answer: Answering, *, address: str = LIVE_BASE_URLS["stripe"], account: str | None = None
) -> stripe.StripeClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return build_client(key=KEY, base_url=address, http=http, account=account)


async def fault(answer: Answering) -> StripeProviderError:
    with pytest.raises(StripeProviderError) as raised:
        await call_stripe(over(answer).v1.balance.retrieve_async())
    return raised.value


def refusing(status: int, headers: dict[str, str] | None = None, **error: Any) -> Answering:
    return lambda request: httpx.Response(status, json={"error": error}, headers=headers or {})


@pytest.mark.parametrize(
    ("status", "error", "passing"),
    [
        (400, {"type": "invalid_request_error", "message": "No."}, False),
        (400, {"type": "idempotency_error", "message": "Other parameters."}, False),
        (
            401,
            {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_live_****a123"},
            False,
        ),
        (402, {"type": "card_error", "message": "Declined."}, False),
        (403, {"type": "invalid_request_error", "message": "No access."}, False),
        (
            404,
            {"type": "invalid_request_error", "code": "resource_missing", "message": "No such balance"},
            False,
        ),
        (409, {"type": "idempotency_error", "message": "Under way.", "code": "idempotency_key_in_use"}, True),
        (429, {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many."}, True),
        (500, {"type": "api_error", "message": "Oh."}, True),
        (503, {"type": "api_error", "message": "Oh."}, True),
    ],
)
async def test_only_what_may_go_well_later_is_passing(
    status: int, error: dict[str, Any], passing: bool
) -> None:
    raised = await fault(refusing(status, **error))
    assert raised.transient is passing
    assert raised.status == status


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ReadTimeout,
        httpx.PoolTimeout,
        httpx.RemoteProtocolError,
    ],
)
async def test_no_answer_is_passing_and_says_how_it_failed(error: type[httpx.TransportError]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("no", request=request)

    raised = await fault(answer)
    assert raised.transient
    assert raised.status is None
    assert error.__name__ in str(raised)


@pytest.mark.parametrize(("status", "passing"), [(502, True), (200, True), (404, False)])
async def test_a_page_of_something_between_us_and_stripe_is_no_answer(status: int, passing: bool) -> None:
    raised = await fault(lambda request: httpx.Response(status, html="<h1>Bad gateway</h1>"))
    assert raised.transient is passing


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return httpx.Response(
            302, headers={"location": "https://elsewhere.example/"}, json={"error": {"message": "moved"}}
        )

    await fault(answer)
    assert seen == ["api.stripe.com"]


async def test_one_question_is_asked_once_because_our_jobs_ask_again() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(
            500, json={"error": {"message": "Oh."}}, headers={"stripe-should-retry": "true"}
        )

    await fault(answer)
    assert len(seen) == 1


async def test_the_fault_carries_neither_key_nor_body_nor_their_bearer() -> None:
    raised = await fault(
        refusing(400, message=f"You may not say {KEY} or whsec_abc123", receipt_email="siti@example.org")
    )
    assert KEY not in str(raised)
    assert "whsec_abc123" not in str(raised)
    assert "siti" not in str(raised)
    assert raised.__context__ is None
    assert raised.__cause__ is None


async def test_the_fault_tells_stripes_code_parameter_and_request() -> None:
    raised = await fault(
        refusing(
            400, {"request-id": "req_42"}, message="Too little.", code="amount_too_small", param="amount"
        )
    )
    assert (raised.code, raised.param) == ("amount_too_small", "amount")
    assert str(raised) == "Stripe refuses: Too little. (status 400, amount_too_small, req_42)"
    assert raised.is_rejection


async def test_a_stored_answer_is_known_as_such() -> None:
    assert (await fault(refusing(500, {"Idempotent-Replayed": "true"}, message="Oh."))).replayed
    assert not (await fault(refusing(500, message="Oh."))).replayed


async def test_nothing_is_logged_of_what_was_said(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        await call_stripe(
            over(
                lambda request: httpx.Response(200, json={"object": "balance", "siti": 1})
            ).v1.balance.retrieve_async()
        )
    output = capfd.readouterr()
    assert "siti" not in caplog.text + output.out + output.err
    assert KEY not in caplog.text


async def test_the_machine_is_not_described_to_stripe() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"object": "balance"})

    client = over(answer)
    for _ in range(2):
        await call_stripe(client.v1.balance.retrieve_async())
    about = json.loads(seen[-1].headers["x-stripe-client-user-agent"])
    assert not {"platform", "telemetry_id"} & about.keys()
    assert "x-stripe-client-telemetry" not in seen[-1].headers


async def test_a_connected_account_is_named_and_a_fake_hears_everything() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"object": "balance"})

    client = over(answer, address="http://127.0.0.1:9001/", account="acct_1Melati")
    await call_stripe(client.v1.balance.retrieve_async())
    await call_stripe(client.raw_request_async("get", "/v1/files", base="files"))
    assert {request.url.netloc for request in seen} == {b"127.0.0.1:9001"}
    assert [request.url.path for request in seen] == ["/v1/balance", "/v1/files"]
    assert seen[0].headers["stripe-account"] == "acct_1Melati"


@pytest.mark.parametrize("key", ["", "sk", "sk_live_rahasia\n", "sk_live_ rahasia", "sk_live_rahasiaé"])
def test_what_cannot_be_a_key_is_never_sent(key: str) -> None:
    with pytest.raises(ProviderError) as raised:
        build_client(key=key, base_url=LIVE_BASE_URLS["stripe"], http=httpx.AsyncClient())
    assert not raised.value.transient
    assert not key or key not in str(raised.value)


@pytest.mark.parametrize("amount", ["2500000", True, None])
def test_an_answer_of_another_shape_is_no_answer(amount: object) -> None:
    held = {"available": [{"amount": 2_500_000, "currency": "idr"}]}
    assert parse_object(held, StripeBalance).available[0].amount == 2_500_000
    held["available"][0]["amount"] = amount  # type: ignore[assignment]
    with pytest.raises(ProviderError, match="Balance that we cannot read") as raised:
        parse_object(held, StripeBalance)
    assert not raised.value.transient
