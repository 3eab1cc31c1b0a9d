"""Shared base of the small fake gateways: requests, responses, faults, webhooks, hosted pages.

A fake gateway is a `FakeServer` with routes. Tests can make its responses fail (`faults.responses`), distort
its webhooks (`faults.messages`), and move its clock (`clock_offset`).
"""

from __future__ import annotations

import asyncio
import base64
import html
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl

import httpx

ResponseFault = Literal["500", "429", "time-out", "garbage"]
MessageFault = Literal["twice", "late", "out of order", "forged", "wrong amount", "lost"]

PATIENCE = 10


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    parts: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ValueError for anything else."""
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004
        return document

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def api_key(self) -> str | None:
        """The user name of Basic authentication; both gateways want an empty password."""
        kind, _, credentials = self.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            name, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            return None
        return name if colon and not password else None


@dataclass(frozen=True)
class FakeResponse:
    status: int
    body: bytes
    headers: Mapping[str, str]


def json_response(status: int, document: object) -> FakeResponse:
    return FakeResponse(status, json.dumps(document).encode(), {"content-type": "application/json"})


def redirect(address: str) -> FakeResponse:
    return FakeResponse(303, b"", {"location": address})


def page(title: str, inside: str) -> FakeResponse:
    """Return a page of the fake company.

    `inside` is markup; the caller must escape any foreign text in it.
    """
    text = f"""<!doctype html>
<html lang="id"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}: tiruan</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 30rem; padding: 1rem;
color: #1d1d1b; background: #fff; }}
.tiruan {{ background: #ffe08a; border: 3px dashed #7a5200; padding: .75rem; font-weight: 700; }}
button {{ display: block; width: 100%; margin: .75rem 0; padding: .9rem; font: inherit;
border: 1px solid #555; border-radius: .5rem;
  background: #f4f4f2; }}
</style></head><body>
<p class="tiruan" role="note">
TIRUAN (FAKE): tidak ada uang yang berpindah. Halaman ini hanya untuk mencoba.</p>
<h1>{html.escape(title)}</h1>
{inside}
</body></html>"""
    return FakeResponse(200, text.encode(), {"content-type": "text/html; charset=utf-8"})


def rupiah(amount: int) -> str:
    return "Rp" + f"{amount:,}".replace(",", ".")


def buttons(address: str, choices: Mapping[str, str]) -> str:
    """Return one form of buttons: value → label."""
    inside = "".join(
        f'<button name="choice" value="{html.escape(value)}">{html.escape(label)}</button>'
        for value, label in choices.items()
    )
    return f'<form method="post" action="{html.escape(address)}">{inside}</form>'


@dataclass
class ServerFaults:
    """The faults to come.

    Each API call uses up one of ``responses``; ``messages`` stay until they are removed.
    """

    responses: deque[ResponseFault] = field(default_factory=deque)
    messages: set[MessageFault] = field(default_factory=set)
    time_out_seconds: int = 30


@dataclass
class SentWebhook:
    """One webhook, and the status of each attempt (None: no answer)."""

    address: str
    headers: dict[str, str]
    body: bytes
    attempts: list[int | None] = field(default_factory=list)

    @property
    def is_delivered(self) -> bool:
        return any(status is not None and 200 <= status < 300 for status in self.attempts)

    def json(self) -> dict[str, Any]:
        return json.loads(self.body)  # type: ignore[no-any-return]


Handler = Callable[[Request], Awaitable[FakeResponse]]


class FakeServer:
    """Base of a fake gateway: an ASGI app with routes, and a webhook sender.

    ``listener`` is an HTTP client for webhooks, such as one of an app in this process.
    """

    name = "?"

    def __init__(self, listener: httpx.AsyncClient | None = None) -> None:
        self.faults = ServerFaults()
        self.clock_offset = timedelta(0)
        self.messages: list[SentWebhook] = []
        self.delayed: list[SentWebhook] = []
        self.calls: list[Request] = []
        self._listener = listener
        self._routes: list[tuple[str, re.Pattern[str], Handler, bool]] = []

    @property
    def app(self) -> Callable[[Any, Any, Any], Awaitable[None]]:
        return self._serve

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock_offset

    def route(self, method: str, pattern: str, handler: Handler, *, api: bool = True) -> None:
        """Register a handler for a path like "/v2/{order_id}/status". Faults affect the API only, never
        pages.
        """
        parts = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern))
        self._routes.append((method, re.compile(parts), handler, api))

    async def send(self, address: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a webhook, subject to the current faults."""
        message = SentWebhook(address, {"content-type": "application/json", **headers}, body)
        self.messages.append(message)
        wrong = self.faults.messages
        if "lost" in wrong:
            return
        if wrong & {"late", "out of order"}:
            self.delayed.append(message)
            return
        await self._deliver(message)
        if "twice" in wrong:
            await self._deliver(message)

    async def deliver_delayed(self) -> None:
        """Send delayed webhooks; in reverse order if the fault says so."""
        waiting, self.delayed = self.delayed, []
        if "out of order" in self.faults.messages:
            waiting.reverse()
        for message in waiting:
            await self._deliver(message)
            if "twice" in self.faults.messages:
                await self._deliver(message)

    async def retry(self) -> None:
        """Retry webhooks that got no 2xx, as the real gateway does after some minutes."""
        for message in self.messages:
            if not message.is_delivered and message not in self.delayed:
                await self._deliver(message)

    async def _deliver(self, message: SentWebhook) -> None:
        try:
            if self._listener is not None:
                response = await self._listener.post(
                    message.address, headers=message.headers, content=message.body
                )
            else:
                # names under .localhost are this machine, even if the resolver does not know them
                url = httpx.URL(message.address)
                headers = {**message.headers, "host": url.netloc.decode()}
                if url.host.endswith(".localhost"):
                    url = url.copy_with(host="127.0.0.1")
                async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
                    response = await client.post(url, headers=headers, content=message.body)
        except httpx.HTTPError:
            message.attempts.append(None)
        else:
            message.attempts.append(response.status_code)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        answer = await self.answer(
            Request(
                method=scope["method"],
                path=scope["path"],
                query=dict(parse_qsl(scope["query_string"].decode())),
                headers={
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in scope["headers"]
                },
                body=body,
            )
        )
        headers = {**answer.headers, "content-length": str(len(answer.body))}
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})

    async def answer(self, request: Request) -> FakeResponse:
        for method, pattern, handler, api in self._routes:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                named = Request(**{**request.__dict__, "parts": found.groupdict()})
                self.calls.append(named)
                if api and self.faults.responses:
                    return await self._fail(self.faults.responses.popleft())
                return await handler(named)
        return json_response(
            404, {"error_code": "NOT_FOUND", "message": f"the fake {self.name} has no such path"}
        )

    async def _fail(self, fault: ResponseFault) -> FakeResponse:
        if fault == "time-out":
            await asyncio.sleep(self.faults.time_out_seconds)
            return json_response(504, {"message": "gateway time-out"})
        if fault == "garbage":
            return FakeResponse(
                200, b"<html><p>The connection was reset</p></html>", {"content-type": "text/html"}
            )
        return json_response(int(fault), {"message": "made to fail", "error_messages": ["made to fail"]})
