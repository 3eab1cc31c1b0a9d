"""Webhook endpoints and deliveries: signed, with retries and injected faults."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx
from stripe.params import WebhookEndpointCreateParams, WebhookEndpointListParams, WebhookEndpointUpdateParams

from fakes.fake_stripe import faults
from fakes.fake_stripe.errors import invalid
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id, serialize
from fakes.fake_stripe.world import World

# Stripe retries for up to three days with exponential backoff. These steps are invented, in seconds after the
# previous attempt.
RETRIES = (60, 300, 1800, 7200, 18_000, 36_000, 36_000, 36_000, 36_000, 36_000)


@dataclass
class Delivery:
    """One delivery attempt.

    ``status`` is the receiver's response, None if there was none in time.
    """

    event_id: str
    type: str
    url: str
    at: int
    attempt: int
    headers: dict[str, str]
    body: bytes
    fault: str | None = None
    status: int | None = None
    answer: str = ""

    @property
    def event(self) -> Resource:
        return json.loads(self.body)  # type: ignore[no-any-return]


def signature(secret: str, body: bytes, moment: int) -> str:
    """Return the Stripe-Signature header of a body."""
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


@dataclass
class WebhookSender:
    """Delivers events; tests pass a ``transport`` to reach an app without a socket."""

    world: World
    transport: httpx.AsyncBaseTransport | None = None
    retries: tuple[int, ...] = RETRIES
    deliveries: list[Delivery] = field(default_factory=list)
    delayed: list[tuple[Resource, Resource]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.watchers.append(self.schedule)

    def schedule(self, account: str, event: Resource) -> None:
        """Schedule a new event's delivery to all endpoints that subscribe to it."""
        owner = self.world.accounts[account]["_owner"]
        endpoints = [
            one for one in self.world.store(account).of_kind("webhook_endpoint") if not one["_connect"]
        ]
        if owner is not None:
            endpoints += [
                one for one in self.world.store(owner).of_kind("webhook_endpoint") if one["_connect"]
            ]
        take = self.world.faults.take
        for endpoint in endpoints:
            if endpoint["status"] != "enabled" or not {"*", event["type"]} & set(endpoint["enabled_events"]):
                continue
            event["pending_webhooks"] += 1
            if take(faults.LOST, event["type"]):
                continue
            if take(faults.OUT_OF_ORDER, event["type"]):
                self.delayed.append((endpoint, event))
                continue
            late = take(faults.LATE, event["type"])
            wait = late.details.get("seconds", 3600) if late else 0
            self.schedule_attempt(endpoint, event, wait)
            if take(faults.TWICE, event["type"]):
                self.schedule_attempt(endpoint, event, wait)
            waiting, self.delayed = self.delayed, []
            for held_endpoint, held_event in waiting:
                self.schedule_attempt(held_endpoint, held_event, wait)

    def schedule_attempt(self, endpoint: Resource, event: Resource, wait: int = 0, attempt: int = 1) -> None:
        """Schedule a delivery attempt after ``wait`` seconds."""
        self.world.time.at(self.world.time.now() + wait, lambda: self.deliver(endpoint, event, attempt))

    async def deliver(self, endpoint: Resource, event: Resource, attempt: int = 1) -> Delivery:
        """Deliver one event to one endpoint; schedule a retry on failure."""
        delivery = self._payload(endpoint, event, attempt)
        self.deliveries.append(delivery)
        try:
            # names under .localhost are this machine, even if the resolver does not know them
            url = httpx.URL(delivery.url)
            host = url.netloc.decode()
            local = url.host.endswith(".localhost") and self.transport is None
            async with httpx.AsyncClient(transport=self.transport, timeout=10, trust_env=False) as client:
                answer = await client.post(
                    url.copy_with(host="127.0.0.1") if local else url,
                    content=delivery.body,
                    headers={**delivery.headers, "host": host},
                )
            delivery.status, delivery.answer = answer.status_code, answer.text[:500]
        except Exception as error:  # noqa: BLE001 - any error of the receiver is a failed attempt
            delivery.answer = repr(error)
        if delivery.status is not None and 200 <= delivery.status < 300:
            event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
        elif attempt <= len(self.retries):
            self.schedule_attempt(endpoint, event, self.retries[attempt - 1], attempt + 1)
        return delivery

    def _payload(self, endpoint: Resource, event: Resource, attempt: int) -> Delivery:
        take, kind = self.world.faults.take, event["type"]
        body, secret, name = serialize(event), endpoint["_secret"], None
        what = body["data"]["object"]
        if fault := take(faults.WRONG_AMOUNT, kind):
            name = fault.kind
            for field_name in ("amount", "amount_total", "amount_received", "amount_refunded"):
                if what.get(field_name):
                    what[field_name] = fault.details["amount"]
        if fault := take(faults.WRONG_CURRENCY, kind):
            name, what["currency"] = fault.kind, fault.details.get("currency", "usd")
        if fault := take(faults.WRONG_ACCOUNT, kind):
            name, body["account"] = fault.kind, fault.details.get("account", "acct_standin_somebody")
        if take(faults.FORGED, kind):
            name, secret = faults.FORGED, "whsec_guessed"
        raw = json.dumps(body, indent=2).encode()
        # signed with the machine's time, because the receiver compares it with its own clock; the fake's time
        # may differ
        moment = int(self.world.time.clock().timestamp())
        signed = signature(secret, raw, moment)
        if take(faults.TAMPERED, kind):
            name, raw = faults.TAMPERED, raw.replace(b'"livemode": false', b'"livemode": true')
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (fake)",
            "stripe-signature": signed,
        }
        return Delivery(
            event["id"], kind, endpoint["url"], self.world.time.now(), attempt, headers, raw, name
        )


def register(
    world: World,
    account: str,
    url: str,
    events: list[str],
    *,
    connect: bool = False,
    secret: str | None = None,
    **more: Any,
) -> Resource:
    """Add an endpoint and return it; only this response contains the secret."""
    endpoint = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": None,
        "application": None,
        "created": world.time.now(),
        "description": None,
        "enabled_events": events,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
        "_secret": secret or f"whsec_{secrets.token_hex(24)}",
        "_connect": connect,
        **more,
    }
    return world.store(account).add(endpoint)


@route("POST", "/v1/webhook_endpoints", WebhookEndpointCreateParams)
def create(call: ApiCall) -> Resource:
    url = call.params["url"]
    if not url.startswith(("http://", "https://")):
        raise invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.",
            param="url",
            code="url_invalid",
        )
    endpoint = register(
        call.world, call.account, url, call.params["enabled_events"], connect=bool(call.params.get("connect"))
    )
    apply_fields(call, endpoint, "description", "api_version")
    return {**endpoint, "secret": endpoint["_secret"]}


@route("GET", "/v1/webhook_endpoints", WebhookEndpointListParams)
def list_endpoints(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("webhook_endpoint"))


@route("GET", "/v1/webhook_endpoints/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("webhook_endpoint", call.names[0])


@route("POST", "/v1/webhook_endpoints/{}", WebhookEndpointUpdateParams)
def update(call: ApiCall) -> Resource:
    endpoint = apply_fields(
        call, call.store.get("webhook_endpoint", call.names[0]), "url", "enabled_events", "description"
    )
    if "disabled" in call.params:
        endpoint["status"] = "disabled" if call.params["disabled"] else "enabled"
    return endpoint


@route("DELETE", "/v1/webhook_endpoints/{}")
def delete(call: ApiCall) -> Resource:
    return call.store.remove(call.store.get("webhook_endpoint", call.names[0]))
