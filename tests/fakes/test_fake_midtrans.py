"""The fake Midtrans answers like the real one, its page works, and it sends wrong or repeated webhooks on
demand.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from fakes.asgi_server import serve
from fakes.midtrans import FakeMidtrans

KEY = "SB-Mid-server-tiruan"
ORDER: dict[str, Any] = {
    "transaction_details": {"order_id": "KOP1", "gross_amount": 24_145},
    "customer_details": {"first_name": "Siti <b>"},
    "callbacks": {"finish": "https://melati.example/bayar/KOP1"},
}


class Listener:
    """Records the webhooks that it receives, and answers with the given status."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.answers = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        import json

        self.received.append(json.loads(request.content))
        return httpx.Response(self.answers)


@pytest.fixture
async def listener() -> Listener:
    return Listener()


@pytest.fixture
async def fake(listener: Listener) -> AsyncIterator[FakeMidtrans]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(listener)) as client:
        yield FakeMidtrans(
            server_key=KEY, notification_url="https://melati.example/webhooks/abc", listener=client
        )


@pytest.fixture
async def client(fake: FakeMidtrans) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve(fake.app) as url,
        httpx.AsyncClient(base_url=str(url), auth=(KEY, ""), timeout=2, trust_env=False) as client,
    ):
        yield client


async def _page(client: httpx.AsyncClient, **changes: Any) -> str:
    answer = await client.post("/snap/v1/transactions", json={**ORDER, **changes})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["redirect_url"])


def _states(listener: Listener) -> list[str]:
    return [each["transaction_status"] for each in listener.received]


@pytest.mark.parametrize(
    "changes",
    [
        {"transaction_details": {"gross_amount": 1000}},
        {"transaction_details": {"order_id": "KOP 1", "gross_amount": 1000}},
        {"transaction_details": {"order_id": "K" * 51, "gross_amount": 1000}},
        {"transaction_details": {"order_id": "KOP1", "gross_amount": 1000.5}},
        {"transaction_details": {"order_id": "KOP1", "gross_amount": "1000"}},
        {"transaction_details": {"order_id": "KOP1", "gross_amount": 0}},
        {"item_details": [{"id": "a", "price": 1, "quantity": 1, "name": "x"}]},
        {"enabled_payments": ["qris"]},
        {"expiry": {"unit": "fortnight", "duration": 1}},
    ],
)
async def test_what_the_real_one_refuses_is_refused(
    client: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    answer = await client.post("/snap/v1/transactions", json={**ORDER, **changes})
    assert answer.status_code == 400
    assert answer.json()["error_messages"]


@pytest.mark.parametrize("auth", [None, ("another", ""), (KEY, "password")])
async def test_only_the_server_key_alone_opens(client: httpx.AsyncClient, auth: Any) -> None:
    client.auth = auth
    assert (await client.post("/snap/v1/transactions", json=ORDER)).status_code == 401
    assert (await client.get("/v2/KOP1/status")).status_code == 401


async def test_an_order_id_is_charged_once(client: httpx.AsyncClient, fake: FakeMidtrans) -> None:
    await _page(client)
    await _page(client)
    await fake.choose("KOP1", "qris")
    assert (await client.post("/snap/v1/transactions", json=ORDER)).status_code == 400


async def test_the_page_says_that_no_money_moves_and_escapes_what_others_wrote(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get(await _page(client))
    assert "tidak ada uang yang berpindah" in answer.text
    assert "Siti &lt;b&gt;" in answer.text
    assert "Rp24.145" in answer.text


async def test_qris_is_paid_by_one_click(client: httpx.AsyncClient, listener: Listener) -> None:
    answer = await client.post(await _page(client), data={"choice": "qris"})
    query = "order_id=KOP1&status_code=200&transaction_status=settlement"
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"https://melati.example/bayar/KOP1?{query}",
    )
    assert _states(listener) == ["pending", "settlement"]


async def test_a_virtual_account_is_chosen_shown_and_paid(
    client: httpx.AsyncClient, listener: Listener
) -> None:
    address = await _page(client)
    await client.post(address, data={"choice": "va"})
    shown = (await client.get(address)).text
    number = (await client.get("/v2/KOP1/status")).json()["va_numbers"][0]["va_number"]
    assert number in shown
    await client.post(address, data={"choice": "paid"})
    assert _states(listener) == ["pending", "settlement"]


async def test_who_leaves_has_paid_nothing_and_who_is_refused_neither(
    client: httpx.AsyncClient, listener: Listener
) -> None:
    address = await _page(client)
    await client.post(address, data={"choice": "leave"})
    assert (await client.get("/v2/KOP1/status")).status_code == 404
    await client.post(address, data={"choice": "fail"})
    assert _states(listener) == ["deny"]


async def test_what_waits_too_long_expires(
    client: httpx.AsyncClient, fake: FakeMidtrans, listener: Listener
) -> None:
    await _page(client)
    await fake.choose("KOP1")
    fake.clock_offset = timedelta(hours=25)
    assert (await client.get("/v2/KOP1/status")).json()["transaction_status"] == "expire"
    assert _states(listener) == ["pending", "expire"]


async def test_messages_come_twice_late_and_out_of_order(
    client: httpx.AsyncClient, fake: FakeMidtrans, listener: Listener
) -> None:
    await _page(client)
    fake.faults.messages |= {"twice", "out of order"}
    await fake.pay("KOP1")
    assert listener.received == []
    await fake.deliver_delayed()
    assert _states(listener) == ["settlement", "settlement", "pending", "pending"]


async def test_what_was_not_taken_is_tried_again(
    client: httpx.AsyncClient, fake: FakeMidtrans, listener: Listener
) -> None:
    await _page(client)
    listener.answers = 500
    await fake.pay("KOP1")
    listener.answers = 200
    await fake.retry()
    await fake.retry()
    assert _states(listener) == ["pending", "settlement"] * 2
    assert [message.attempts for message in fake.messages] == [[500, 200], [500, 200]]


async def test_a_wrong_amount_is_signed_as_if_it_were_right(
    client: httpx.AsyncClient, fake: FakeMidtrans, listener: Listener
) -> None:
    await _page(client)
    fake.faults.messages.add("wrong amount")
    order = await fake.pay("KOP1")
    body = listener.received[-1]
    assert body["gross_amount"] == "24146.00"
    assert body["signature_key"] == fake.notification(order, amount="24146.00")["signature_key"]


@pytest.mark.parametrize(("fault", "status"), [("500", 500), ("429", 429)])
async def test_calls_fail_as_often_as_they_are_told_to(
    client: httpx.AsyncClient, fake: FakeMidtrans, fault: Any, status: int
) -> None:
    fake.faults.responses.append(fault)
    assert (await client.get("/v2/KOP1/status")).status_code == status
    assert (await client.get("/v2/KOP1/status")).status_code == 404
