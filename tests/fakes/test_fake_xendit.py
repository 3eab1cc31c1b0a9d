"""The fake Xendit answers like the real one, and its page works."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from fakes.asgi_server import serve
from fakes.xendit import FakeXendit

KEY = "xnd_development_tiruan"
INVOICE: dict[str, Any] = {
    "external_id": "KOP1",
    "amount": 24_145,
    "customer": {"given_names": "Siti <b>"},
    "success_redirect_url": "https://melati.example/bayar/KOP1",
    "failure_redirect_url": "https://melati.example/bayar/KOP1",
    "payment_methods": ["QRIS", "BRI"],
}


@pytest.fixture
async def received() -> list[httpx.Request]:
    return []


@pytest.fixture
async def fake(received: list[httpx.Request]) -> AsyncIterator[FakeXendit]:
    def listen(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(listen)) as client:
        yield FakeXendit(secret_key=KEY, callback_url="https://melati.example/webhooks/abc", listener=client)


@pytest.fixture
async def client(fake: FakeXendit) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve(fake.app) as url,
        httpx.AsyncClient(base_url=str(url), auth=(KEY, ""), timeout=2, trust_env=False) as client,
    ):
        yield client


async def _invoice(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v2/invoices", json={**INVOICE, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "changes",
    [
        {"external_id": ""},
        {"amount": 1000.5},
        {"amount": 0},
        {"currency": "USD"},
        {"invoice_duration": 0},
        {"payment_methods": ["BANK_LAIN"]},
        {"payment_methods": ["QRIS"], "amount": 10_000_001},
    ],
)
async def test_what_the_real_one_refuses_is_refused(
    client: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    answer = await client.post("/v2/invoices", json={**INVOICE, **changes})
    assert answer.status_code == 400
    assert answer.json()["error_code"]


async def test_only_the_secret_key_opens(client: httpx.AsyncClient) -> None:
    client.auth = httpx.BasicAuth("another", "")
    assert (await client.post("/v2/invoices", json=INVOICE)).status_code == 401


async def test_the_page_offers_what_was_asked_for_and_says_that_no_money_moves(
    client: httpx.AsyncClient,
) -> None:
    shown = (await client.get((await _invoice(client))["invoice_url"])).text
    assert "tidak ada uang yang berpindah" in shown
    assert "Siti &lt;b&gt;" in shown
    assert 'value="BRI"' in shown
    assert 'value="BCA"' not in shown


@pytest.mark.parametrize("channel", ["QRIS", "BRI"])
async def test_an_invoice_is_paid_by_one_click_and_told(
    client: httpx.AsyncClient, received: list[httpx.Request], channel: str
) -> None:
    invoice = await _invoice(client)
    answer = await client.post(invoice["invoice_url"], data={"choice": channel})
    assert (answer.status_code, answer.headers["location"]) == (303, "https://melati.example/bayar/KOP1")
    assert [request.headers["x-callback-token"] for request in received] == ["token-tiruan"]
    body = json.loads(received[0].content)
    assert (body["id"], body["status"], body["payment_channel"]) == (invoice["id"], "PAID", channel)
    await client.post(invoice["invoice_url"], data={"choice": channel})
    assert len(received) == 1


async def test_who_leaves_has_paid_nothing(client: httpx.AsyncClient, received: list[httpx.Request]) -> None:
    invoice = await _invoice(client)
    await client.post(invoice["invoice_url"], data={"choice": "leave"})
    assert (await client.get(f"/v2/invoices/{invoice['id']}")).json()["status"] == "PENDING"
    assert received == []


async def test_a_key_used_with_another_request_is_a_conflict(
    client: httpx.AsyncClient, fake: FakeXendit
) -> None:
    invoice = await _invoice(client)
    await fake.pay(invoice["id"])
    asked = {"invoice_id": invoice["id"], "amount": 1_000, "reason": "OTHERS"}
    headers = {"idempotency-key": "ref-1"}
    first = await client.post("/refunds", json=asked, headers=headers)
    assert (await client.post("/refunds", json=asked, headers=headers)).json() == first.json()
    assert (
        await client.post("/refunds", json={**asked, "amount": 2_000}, headers=headers)
    ).status_code == 409
    assert (await client.post("/refunds", json={**asked, "amount": 24_000})).status_code == 400
