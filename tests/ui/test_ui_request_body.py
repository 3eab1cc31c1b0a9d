"""Time limits of request bodies; the clock of these tests is the event loop's, in hundredths of seconds."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from conftest import BASE_DOMAIN
from kernel import clock
from kernel.errors import DomainError
from ui.request_body import MAX_UPLOADS_PER_TENANT, MINUTE_SECONDS, BodyLimiter, RequestBody
from web.dispatch import HostDispatcher


class Client:
    """Sends the parts of a body, each after so many seconds, and then nothing."""

    def __init__(self, *parts: tuple[float, bytes]) -> None:
        self._parts = list(parts)

    async def receive(self) -> dict[str, Any]:
        if not self._parts:
            await asyncio.Event().wait()
        after, part = self._parts.pop(0)
        await asyncio.sleep(after)
        return {"type": "http.request", "body": part, "more_body": bool(part)}


async def _read_all(body: RequestBody) -> bytes:
    taken = b""
    while (message := await body.receive())["more_body"]:
        taken += message["body"]
    return taken


def _make_limiter(**options: Any) -> BodyLimiter:
    return BodyLimiter(**({"timeout": 0.2, "slow_after": 0.02} | options))


async def test_a_body_that_does_not_end_is_refused_and_counted_no_longer() -> None:
    counts = _make_limiter(max_refused=1)
    body = RequestBody(counts, "192.0.2.7", Client((0, b"identity=")).receive)
    with pytest.raises(DomainError) as refused:
        await _read_all(body)
    assert (refused.value.code, refused.value.status) == ("ui.body_too_slow", 408)
    assert counts.is_blocked("192.0.2.7")
    assert counts.slow_by_network["192.0.2.7"] == 1
    body.close()
    body.close()
    assert not counts.slow_by_network


async def test_a_form_that_trickles_is_refused_and_an_upload_that_comes_at_the_least_rate_is_not() -> None:
    trickle = [(0.05, b"x" * 800)] * 8 + [(0.0, b"")]  # 0.4 seconds, 16,000 bytes a second
    with pytest.raises(DomainError):
        await _read_all(RequestBody(_make_limiter(), "192.0.2.7", Client(*trickle).receive))
    upload = RequestBody(_make_limiter(), "192.0.2.7", Client(*trickle).receive)
    upload.start_upload("melati")
    assert len(await _read_all(upload)) == 6_400
    slower = RequestBody(_make_limiter(), "192.0.2.7", Client(*[(0.05, b"x" * 80)] * 8, (0.0, b"")).receive)
    slower.start_upload("melati")
    with pytest.raises(DomainError):
        await _read_all(slower)


@pytest.mark.parametrize("after", [[], [(0.1, b"x")] * 8], ids=["stops", "trickles"])
async def test_an_upload_that_came_fast_has_no_more_time_for_its_end_than_a_form(
    after: list[tuple[float, bytes]],
) -> None:
    counts = _make_limiter()
    at_once = Client((0, b"x" * 100_000), *after)  # 12 seconds' worth at the least rate
    upload = RequestBody(counts, "192.0.2.7", at_once.receive)
    upload.start_upload("melati")
    with pytest.raises(DomainError) as refused:
        await asyncio.wait_for(_read_all(upload), 5)
    assert refused.value.code == "ui.body_too_slow"
    upload.close()
    assert (counts.uploads, counts.uploaded_bytes) == ({}, 0)


async def test_of_one_cooperative_four_uploads_are_open_at_once() -> None:
    counts = _make_limiter()
    opened = [
        RequestBody(counts, f"192.0.2.{at}", Client((0, b"whole"), (0, b"")).receive)
        for at in range(MAX_UPLOADS_PER_TENANT)
    ]
    for body in opened:
        body.start_upload("melati")
        await _read_all(body)
    more = RequestBody(counts, "192.0.2.7", Client().receive)
    with pytest.raises(DomainError) as refused:
        more.start_upload("melati")
    assert (refused.value.code, refused.value.status) == ("ui.too_many_uploads", 429)
    assert refused.value.params["minutes"] == 1
    more.start_upload("mawar")
    opened[0].close()  # it was answered
    RequestBody(counts, "192.0.2.7", Client().receive).start_upload("melati")


async def test_when_uploads_hold_more_than_fits_the_newest_that_still_comes_is_ended() -> None:
    counts = _make_limiter(timeout=5, max_uploaded_bytes=100)

    def upload(whose: str, *parts: tuple[float, bytes]) -> RequestBody:
        body = RequestBody(counts, "192.0.2.7", Client(*parts).receive)
        body.start_upload(whose)
        return body

    old = upload("melati", (0, b"x" * 40), (0.1, b"x" * 30), (0, b""))
    newest = asyncio.create_task(_read_all(upload("mawar", (0, b"x" * 40))))
    whole = upload("kenanga", (0, b"x" * 10), (0, b""))
    await _read_all(whole)
    assert len(await _read_all(old)) == 70
    with pytest.raises(DomainError) as refused:
        await newest
    assert (refused.value.code, refused.value.status) == ("ui.too_many_uploads", 429)
    assert (list(counts.uploads), counts.uploaded_bytes) == ([old, whole], 80)
    one_more = upload("mawar", (0, b"x" * 30))
    with pytest.raises(DomainError):
        await _read_all(one_more)
    old.close()
    assert await _read_all(upload("mawar", (0, b"x" * 30), (0, b""))) == b"x" * 30


async def test_beyond_the_slow_bodies_of_a_network_another_is_refused_and_a_fast_one_is_not() -> None:
    counts = _make_limiter(timeout=5, max_slow=2)
    silent = [RequestBody(counts, "2001:db8::1", Client((0, b"a")).receive) for _ in range(2)]
    waiting = [asyncio.create_task(_read_all(body)) for body in silent]
    await _wait_until(lambda: counts.slow_by_network["2001:db8::/64"] == 2)
    with pytest.raises(DomainError) as refused:
        await _read_all(RequestBody(counts, "2001:db8::2", Client((0, b"a")).receive))  # the same network
    assert (refused.value.code, refused.value.status) == ("ui.too_many_slow_bodies", 429)
    assert (
        await _read_all(RequestBody(counts, "2001:db8::2", Client((0, b"whole"), (0, b"")).receive))
        == b"whole"
    )
    elsewhere = asyncio.create_task(_read_all(RequestBody(counts, "192.0.2.7", Client((0, b"a")).receive)))
    await _wait_until(lambda: counts.slow_by_network["192.0.2.7"] == 1)
    for task in (*waiting, elsewhere):
        task.cancel()
    await asyncio.gather(*waiting, elsewhere, return_exceptions=True)


async def test_households_of_one_customer_share_twice_the_slow_bodies_of_one() -> None:
    counts = _make_limiter(timeout=5, max_slow=1)

    def silent(address: str) -> asyncio.Task[bytes]:
        return asyncio.create_task(_read_all(RequestBody(counts, address, Client((0, b"a")).receive)))

    there = [silent("2001:db8::1"), silent("2001:db8:0:1::1")]
    await _wait_until(lambda: counts.slow_by_network["2001:db8::/56"] == 2)
    with pytest.raises(DomainError) as refused:
        await silent("2001:db8:0:2::1")
    assert refused.value.code == "ui.too_many_slow_bodies"
    there += [silent("2001:db8:0:100::1"), silent("2001:db8:0:101::1")]
    await _wait_until(lambda: counts.slow_by_network["2001:db8::/48"] == 4)
    with pytest.raises(DomainError):
        await silent("2001:db8:0:200::1")
    for task in there:
        task.cancel()
    await asyncio.gather(*there, return_exceptions=True)


async def test_who_hangs_up_is_counted_no_longer() -> None:
    counts = _make_limiter(slow_after=0)

    async def gone() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    body = RequestBody(counts, "192.0.2.7", gone)
    assert (await body.receive())["type"] == "http.disconnect"
    assert not counts.slow_by_network


def test_rejected_bodies_are_counted_for_one_minute() -> None:
    counts = BodyLimiter(max_refused=1)
    with clock.freeze_at(clock.now()):
        counts.count_rejection("192.0.2.7")
        assert counts.is_blocked("192.0.2.7")
        assert not counts.is_blocked("192.0.2.8")
    with clock.freeze_at(clock.now() + timedelta(seconds=2 * MINUTE_SECONDS)):
        assert not counts.is_blocked("192.0.2.7")


@pytest.mark.parametrize(
    ("host", "path"),
    [("melati.", "/masuk"), ("", "/daftar"), ("melati.", "/webhooks/x"), ("", "/webhooks/billing")],
)
async def test_no_address_waits_longer_than_a_forms_time_webhooks_neither(
    app: HostDispatcher, host: str, path: str
) -> None:
    app.body_limiter = _make_limiter()
    statuses: list[int] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", f"{host}{BASE_DOMAIN}".encode()),
            (b"origin", f"http://{host}{BASE_DOMAIN}".encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", b"100"),
        ],
        "client": ("192.0.2.7", 5000),
        "server": ("127.0.0.1", 8000),
    }
    app.database.settings = replace(
        app.settings, billing_stripe_key="sk_test_x", billing_stripe_webhook_secret="whsec_x"
    )
    await asyncio.wait_for(app(scope, Client((0, b"identity=")).receive, send), 5)
    assert statuses == [408]
    assert not app.body_limiter.slow_by_network


async def test_a_form_that_came_too_slowly_is_answered_in_a_sentence(app: HostDispatcher) -> None:
    app.body_limiter = _make_limiter()

    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b"identity="
            await asyncio.sleep(1)
            yield b"0001"

    transport = httpx.ASGITransport(app)
    origin = f"http://melati.{BASE_DOMAIN}"
    async with httpx.AsyncClient(transport=transport, base_url=origin, headers={"origin": origin}) as client:
        answer = await client.post("/masuk", content=Slow(), headers={"accept": "text/html"})
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"
    assert "tidak sampai seluruhnya" in answer.text


async def _wait_until(true: Any, tries: int = 200) -> None:
    for _ in range(tries):
        if true():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never was so")
