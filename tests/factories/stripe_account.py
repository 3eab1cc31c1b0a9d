"""A cooperative that is paid by Stripe, and the fake that it speaks to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import httpx

from fakes.asgi_server import serve
from fakes.fake_stripe import FakeStripe
from gateways.protocol import Intent, PaymentSession, ProviderAccount, ProviderStatus, WebhookEvent
from gateways.stripe_provider import StripeProvider
from kernel import clock
from kernel.money import Rupiah

PRICE: Final = Rupiah(125_000)
FEE: Final = Rupiah(5_625)  # 2.9 % and Rp2.000, as the fake takes of it


class StripeAccount:
    """A cooperative that is paid by Stripe, and its fake Stripe."""

    def __init__(self, fake: FakeStripe, address: str, http: httpx.AsyncClient) -> None:
        self.fake, self.address, self.http = fake, address, http
        self.account = "acct_standin_melati"
        self.key = FakeStripe.key_of("melati")
        self.settings: dict[str, str] = {}
        self.method = StripeProvider()
        self.numbers = iter(range(1, 1_000))

    def provider_account(self, *, live: bool = False) -> ProviderAccount:
        return ProviderAccount(
            settings=self.settings,
            secrets={
                "secret_key": self.key,
                "webhook_secret": "whsec_melati",
                "platform_key": FakeStripe.key,
            },
            client=self.http,
            base_url=self.address,
            live=live,
        )

    def intent(self, *, amount: Rupiah = PRICE, minutes: int = 60, **more: Any) -> Intent:
        number = next(self.numbers)
        given = {
            "id": f"0190f3aa-{number:04d}",
            "reference": f"MLT{number:06d}",
            "amount": amount,
            "description": "Pesanan 41",
            "buyer_name": "Siti Rahayu",
            "buyer_phone": "081234567890",
            "expires_at": clock.now() + timedelta(minutes=minutes),
            "return_url": "https://melati.example/bayar/41",
        }
        return Intent(**(given | more))

    async def create(self, intent: Intent) -> PaymentSession:
        return await self.method.create(self.provider_account(), intent)

    async def status(self, intent: Intent, started: PaymentSession) -> ProviderStatus:
        return await self.method.status(self.provider_account(), intent.reference, started.provider_reference)

    async def paid(self, **more: Any) -> ProviderStatus:
        """Pay by card, and re-fetch the status."""
        intent = self.intent(**more)
        started = await self.create(intent)
        await self.fake.complete(started.provider_reference, "card")
        return await self.status(intent, started)

    def list_objects(self, kind: str) -> list[dict[str, Any]]:
        """Return the objects of the cooperative's account at Stripe."""
        return self.fake.world.store(self.account).of_kind(kind)

    def register_webhook(self) -> None:
        # nobody listens at this port: the test reads the list of delivery attempts
        where = {"connect": True} if self.settings.get("mode") == "connected" else {"account": self.account}
        self.fake.register_webhook("http://127.0.0.1:9/webhooks/x", secret="whsec_melati", **where)

    def receive_event(self, kind: str, *, nth: int = 0) -> WebhookEvent:
        sent = [one for one in self.fake.deliveries if one.type == kind][nth]
        return self.method.verify(self.provider_account(), sent.headers, sent.body)


@asynccontextmanager
async def direct_account() -> AsyncIterator[StripeAccount]:
    """Open a shop with the cooperative's own account."""
    fake = FakeStripe(clock.now)
    async with serve(fake.app) as url, httpx.AsyncClient(timeout=httpx.Timeout(5, read=1)) as http:
        fake.world.authenticate(FakeStripe.key_of("melati"))
        yield StripeAccount(fake, str(url), http)


@asynccontextmanager
async def connected_account() -> AsyncIterator[StripeAccount]:
    """Open a shop with an account that is connected to the platform, which takes 1.5 %."""
    async with direct_account() as shop:
        shop.account = shop.fake.connect_account("acct_1Melati")
        shop.settings = {"mode": "connected", "account": shop.account, "application_fee_percent": "1,5"}
        yield shop
