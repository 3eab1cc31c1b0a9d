"""Helpers for tests of the fake Stripe: a served fake, the official client, a webhook receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import stripe

from fakes.asgi_server import serve
from fakes.fake_stripe import FakeStripe

SHOP = "https://melati.example"
# the package's own httpx client posts text by a parameter that httpx wants to drop
IGNORE_TEXT_BODY_WARNING = "ignore:Use 'content=:DeprecationWarning"


@dataclass
class WebhookReceiver:
    """A webhook endpoint that stores events and answers as configured."""

    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive()).get("body", b"")
        self.received.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        status = self.answers.pop(0) if self.answers else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def events(self, secret: str) -> list[Any]:
        """The received events, each verified by the official package."""
        verify: Any = stripe.Webhook.construct_event
        return [verify(body, head["stripe-signature"], secret) for head, body in self.received]

    def kinds(self, secret: str) -> list[str]:
        return [event.type for event in self.events(secret)]


@dataclass
class StripeHarness:
    server: FakeStripe
    url: str
    receiver: WebhookReceiver

    def client(self, key: str = FakeStripe.key, **more: Any) -> Any:
        options = {
            "max_network_retries": 0,
            "base_addresses": {"api": self.url},
            "http_client": stripe.HTTPXClient(),
        }
        return stripe.StripeClient(key, **{**options, **more}).v1

    def register_receiver(self, **more: Any) -> str:
        """Register the receiver for events. Returns the signing secret."""
        return self.server.register_webhook(f"{SHOP}/webhooks", **more)


@asynccontextmanager
async def run_stripe(**more: Any) -> AsyncIterator[StripeHarness]:
    receiver = WebhookReceiver()
    fake = FakeStripe(transport=httpx.ASGITransport(receiver.app), **more)
    async with serve(fake.app) as url:
        yield StripeHarness(fake, url, receiver)


def session_params(amount: int = 2_500_000, **more: Any) -> Any:
    """Return parameters of a session for one item of Rp25.000."""
    data = {"currency": "idr", "product_data": {"name": "Beras 5 kg"}, "unit_amount": amount}
    return {
        "mode": "payment",
        "line_items": [{"price_data": data, "quantity": 1}],
        "success_url": f"{SHOP}/kembali?s={{CHECKOUT_SESSION_ID}}",
        "cancel_url": SHOP,
        **more,
    }
