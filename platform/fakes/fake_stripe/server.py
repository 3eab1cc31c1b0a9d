"""The fake Stripe: an ASGI app, and methods for tests."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import logging
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx

from fakes.fake_stripe.accounts import with_capabilities
from fakes.fake_stripe.api import ApiHandler, NoResponse, send, send_json
from fakes.fake_stripe.balance import pay_out_available
from fakes.fake_stripe.control import control
from fakes.fake_stripe.faults import Faults
from fakes.fake_stripe.pages import PAGES
from fakes.fake_stripe.session_payment import finish_async_payment, pay
from fakes.fake_stripe.store import Resource, new_id
from fakes.fake_stripe.timeline import Clock, machine_clock
from fakes.fake_stripe.webhooks import RETRIES, Delivery, WebhookSender, register
from fakes.fake_stripe.world import PLATFORM, PLATFORM_KEY, World

# these modules register their routes and pages on import
for room in (
    "customers",
    "events",
    "session_completion",
    "invoice_calls",
    "invoice_pages",
    "portal",
    "refunds",
    "subscription_calls",
    "clocks",
):
    importlib.import_module(f"fakes.fake_stripe.{room}")


class FakeStripe:
    """An ASGI app that answers like Stripe's API v1.

    Serve ``.app`` and use the key ``.key``, or ``.key_of("melati")`` for a separate account. ``clock``
    returns the current time (aware). ``transport`` receives webhook deliveries instead of the network
    (`httpx.ASGITransport(app)`). ``async_after`` is the time until the money of an asynchronous payment
    arrives; None means only when requested.
    """

    platform = PLATFORM
    key = PLATFORM_KEY

    def __init__(
        self,
        clock: Clock = machine_clock,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        retries: tuple[int, ...] = RETRIES,
        async_after: timedelta | None = None,
    ) -> None:
        self.world = World(clock, async_after=int(async_after.total_seconds()) if async_after else None)
        self.api = ApiHandler(self.world)
        self.webhook_sender = WebhookSender(self.world, transport, retries)

    @property
    def faults(self) -> Faults:
        return self.world.faults

    @property
    def deliveries(self) -> list[Delivery]:
        """All attempts to deliver an event, oldest first."""
        return self.webhook_sender.deliveries

    @staticmethod
    def key_of(name: str) -> str:
        """Return the secret key of a separate account (not connected to the platform)."""
        return f"sk_test_standin_{name}"

    def events(self, account: str = PLATFORM) -> list[Resource]:
        return self.world.store(account).of_kind("event")

    # actions of people

    async def complete(self, session_id: str, how: str = "card", *, email: str | None = None) -> str | None:
        """Complete a session's page as a buyer would, and deliver the resulting webhooks.

        ``how``: "card", "decline", "insufficient_funds", "async" (then ``money_arrives`` or
        ``fail_pending_payment``),
        "fails_later" (saved, later declined), "expire", or a payment method such as "qris" if the account has
        it. Returns why the card was declined, or None. Raises SessionNotOpen.
        """
        reason = pay(self.world, session_id, how, email)
        await self.settle()
        return reason

    async def money_arrives(self, session_id: str) -> None:
        """Let the money of a pending asynchronous payment arrive."""
        finish_async_payment(self.world, session_id, paid=True)
        await self.settle()

    async def fail_pending_payment(self, session_id: str) -> None:
        """Let a pending asynchronous payment fail."""
        finish_async_payment(self.world, session_id, paid=False)
        await self.settle()

    async def pay_out(self, account: str = PLATFORM) -> Resource | None:
        """Pay out all available money to the account's bank, as the daily schedule does.

        Returns the payout, or None if there is nothing.
        """
        payout = pay_out_available(self.world, account)
        await self.settle()
        return payout

    # set-up

    def connect_account(self, name: str | None = None, *, ready: bool = True) -> str:
        """Connect an account to the platform and return its id.

        The platform uses it by the `Stripe-Account` header.
        """
        account = self.world.open_account(name or new_id("acct"), owner=PLATFORM, ready=ready)
        with_capabilities(account)
        return str(account["id"])

    def enable(self, *methods: str, account: str = PLATFORM) -> None:
        """Enable payment methods for an account (qris, gopay, shopeepay), as if Stripe had invited it."""
        mine = self.world.accounts[account]["_methods"]
        mine += [method for method in methods if method not in mine]

    def disable(self, *methods: str, account: str = PLATFORM) -> None:
        """Remove payment methods from an account."""
        mine = self.world.accounts[account]["_methods"]
        mine[:] = [method for method in mine if method not in methods]

    def register_webhook(
        self,
        url: str,
        *,
        account: str = PLATFORM,
        events: list[str] | None = None,
        connect: bool = False,
        secret: str | None = None,
    ) -> str:
        """Register a webhook endpoint and return its signing secret.

        ``connect`` selects events of the connected accounts.
        """
        return str(
            register(self.world, account, url, events or ["*"], connect=connect, secret=secret)["_secret"]
        )

    # time

    async def settle(self) -> int:
        """Run all due work: deliveries, expiries, renewals. Returns how much was done."""
        return await self.world.time.run_due()

    async def advance(self, by: timedelta | None = None, *, seconds: int = 0) -> None:
        """Advance the clock and run the work that becomes due, each at its own time."""
        await self.world.time.advance(seconds + (int(by.total_seconds()) if by else 0))

    # the app

    async def app(self, scope: Any, receive: Any, send_message: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send_message)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        path, method, query = scope["path"], scope["method"], scope["query_string"].decode()
        self.world.origin = f"http://{headers.get('host', '127.0.0.1')}"
        if path.startswith("/_control/"):
            status, result = await control(self, method, path, json.loads(body or b"{}"))
            await send_json(send_message, status, result)
        elif path.startswith("/v1/"):
            try:
                answer = self.api.answer(method, path, query, headers, body)
            except NoResponse as nothing:
                while nothing.hangs and (await receive())["type"] != "http.disconnect":
                    pass
                return
            await send_json(send_message, answer.status, answer.body, answer.headers)
        else:
            await self._page(path, body if method == "POST" else None, send_message)

    async def _page(self, path: str, body: bytes | None, send_message: Any) -> None:
        for pattern, handler in PAGES:
            if match := re.fullmatch(pattern, path):
                form = None if body is None else dict(parse_qsl(body.decode(), keep_blank_values=True))
                page = handler(self.world, match.groups(), form)
                head = {"content-type": page.kind, "cache-control": "no-store"}
                if page.redirect_to is not None:
                    head["location"] = page.redirect_to
                await send(
                    send_message, page.status, page.body.encode() if page.raw is None else page.raw, head
                )
                return
        await send_json(send_message, 404, {"error": "no such page of the fake"})

    async def _lifespan(self, receive: Any, send_message: Any) -> None:
        """Run due work continuously while the app is served."""
        await receive()
        keeper = asyncio.create_task(self._run_clock())
        await send_message({"type": "lifespan.startup.complete"})
        await receive()
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        await send_message({"type": "lifespan.shutdown.complete"})

    async def _run_clock(self) -> None:
        while True:
            try:
                await self.world.time.run_due()
            except Exception:  # log it and continue
                logging.getLogger("fakes").exception("what was due could not be done")
            await asyncio.sleep(0.02)
