"""A cooperative that is paid by Stripe, and the stand-in that it speaks to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import httpx

from kernel import clock
from kernel.money import Rupiah
from payments.provider import Event, Intent, Means, Started, Status
from payments.providers.stripe_provider import StripeProvider
from stand_ins.serving import serve
from stand_ins.stripe import StripeStandIn

PRICE: Final = Rupiah(125_000)
FEE: Final = Rupiah(5_625)  # 2.9 % and Rp2.000, as the stand-in takes of it


class Shop:
    """A cooperative that is paid by Stripe, and the Stripe that it speaks to."""

    def __init__(self, stand_in: StripeStandIn, address: str, http: httpx.AsyncClient) -> None:
        self.stand_in, self.address, self.http = stand_in, address, http
        self.account = "acct_standin_melati"
        self.key = StripeStandIn.key_of("melati")
        self.settings: dict[str, str] = {}
        self.way = StripeProvider()
        self.numbers = iter(range(1, 1_000))

    def means(self, *, live: bool = False) -> Means:
        return Means(
            settings=self.settings,
            secrets={
                "secret_key": self.key,
                "webhook_secret": "whsec_melati",
                "platform_key": StripeStandIn.key,
            },
            client=self.http,
            address=self.address,
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
            "return_to": "https://melati.example/bayar/41",
        }
        return Intent(**(given | more))

    async def create(self, intent: Intent) -> Started:
        return await self.way.create(self.means(), intent)

    async def status(self, intent: Intent, started: Started) -> Status:
        return await self.way.status(self.means(), intent.reference, started.provider_reference)

    async def paid(self, **more: Any) -> Status:
        """Somebody pays by card, and the state is read back."""
        intent = self.intent(**more)
        started = await self.create(intent)
        await self.stand_in.complete(started.provider_reference, "card")
        return await self.status(intent, started)

    def things(self, kind: str) -> list[dict[str, Any]]:
        """What Stripe holds of the cooperative's account."""
        return self.stand_in.world.shelf(self.account).of_kind(kind)

    def listens(self) -> None:
        # nobody listens at this port: what would have been delivered is read from the list of attempts
        where = {"connect": True} if self.settings.get("mode") == "connected" else {"account": self.account}
        self.stand_in.register_webhook("http://127.0.0.1:9/kait/x", secret="whsec_melati", **where)

    def hears(self, kind: str, *, nth: int = 0) -> Event:
        sent = [one for one in self.stand_in.deliveries if one.type == kind][nth]
        return self.way.verify(self.means(), sent.headers, sent.body)


@asynccontextmanager
async def own_keys() -> AsyncIterator[Shop]:
    """Open a shop on the cooperative's own account."""
    stand_in = StripeStandIn(clock.now)
    async with serve(stand_in.app) as url, httpx.AsyncClient(timeout=httpx.Timeout(5, read=1)) as http:
        stand_in.world.unlock(StripeStandIn.key_of("melati"))
        yield Shop(stand_in, str(url), http)


@asynccontextmanager
async def connected_account() -> AsyncIterator[Shop]:
    """Open a shop on an account that is connected to the platform, which takes 1.5 %."""
    async with own_keys() as shop:
        shop.account = shop.stand_in.connect_account("acct_1Melati")
        shop.settings = {"mode": "connected", "account": shop.account, "application_fee_percent": "1,5"}
        yield shop
