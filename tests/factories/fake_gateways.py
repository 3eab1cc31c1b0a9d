"""The outside world of a cooperative: fakes of all three gateways, served on loopback, and the messages
that they would send.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import httpx

from factories import payments
from fakes.asgi_server import serve
from fakes.fake_stripe import FakeStripe
from fakes.fake_stripe.refunds import refund_charge
from fakes.fake_stripe.webhooks import signature
from fakes.midtrans import FakeMidtrans
from fakes.xendit import FakeXendit
from kernel import clock
from kernel.database import Database
from payments import provider_calls
from payments.models import Payment
from shop.models import Order
from shop.place_order import Buyer
from tenants.registry import TenantRef
from tenants.session import coop_session

ORIGIN: Final = "http://melati.localhost:8000"
UNUSED_URL: Final = "http://127.0.0.1:9/webhooks/x"
_ACCOUNT: Final = "acct_standin_melati"

SentMessage = tuple[dict[str, str], bytes]


class FakeGateways:
    """Three gateways at once.

    Nothing that they send arrives by itself: a test takes it from ``sent`` and posts it as it likes.
    """

    def __init__(self, database: Database, tenant: TenantRef) -> None:
        self.database, self.tenant = database, tenant
        self.stripe = FakeStripe(
            clock.now, transport=httpx.MockTransport(lambda request: httpx.Response(200))
        )
        self.midtrans = FakeMidtrans(notification_url=UNUSED_URL)
        self.xendit = FakeXendit(callback_url=UNUSED_URL)
        self.endpoints: dict[str, str] = {}
        self.stripe.world.authenticate(FakeStripe.key_of("melati"))
        self.stripe.register_webhook(UNUSED_URL, account=_ACCOUNT, secret="whsec_melati")
        for each in (self.midtrans, self.xendit):
            each.faults.messages.add("lost")

    def webhook_path(self, method: str) -> str:
        """Where the provider of a way sends its messages."""
        return f"/webhooks/{self.endpoints[method]}"

    async def start_order_payment(
        self, method: str, *, buyer: Buyer | None = None, price: int = 50_000, product_id: UUID | None = None
    ) -> tuple[Order, Payment]:
        """Order by a way, and start the payment at its provider."""
        async with coop_session(self.database, self.tenant) as db:
            order, payment = await payments.create_order_payment(
                db, method, buyer=buyer, price=price, product_id=product_id
            )
        return order, await provider_calls.start_payment(
            self.database, self.tenant, payment.reference, origin=ORIGIN
        )

    async def pay(self, payment: Payment, *, amount: int | None = None) -> SentMessage:
        """The payer pays, as asked or another amount; return the message that follows."""
        provider_reference = payment.provider_reference or ""
        if payment.method == "stripe":
            if amount is not None:
                self.stripe.faults.add("answers_amount", times=None, only="*", amount=amount * 100)
            await self.stripe.complete(provider_reference, "card")
            return self.last_message("stripe", "checkout.session.completed")
        if payment.method == "midtrans":
            await self.midtrans.pay(payment.reference, amount=amount)
        else:
            await self.xendit.pay(provider_reference, amount=amount)
        return self.last_message(payment.method)

    async def refund_at_provider(self, payment: Payment, amount: int) -> SentMessage:
        """Somebody gives money back at the provider's own pages; return the message that follows."""
        if payment.method == "midtrans":
            await self.midtrans.refund(payment.reference, amount, "dasbor")
            return self.last_message("midtrans")
        if payment.method == "xendit":
            asked = {
                "invoice_id": payment.provider_reference,
                "amount": amount,
                "reason": "OTHERS",
                "reference_id": "dasbor",
            }
            async with httpx.AsyncClient(auth=(self.xendit.secret_key, "")) as client:
                address = f"{self.database.settings.fake_gateway_url('xendit')}/refunds"
                (await client.post(address, json=asked)).raise_for_status()
            return self.last_message("xendit")
        charge = next(
            each
            for each in self.stripe_objects("charge")
            if each["metadata"].get("reference") == payment.reference
        )
        refund_charge(self.stripe.world, _ACCOUNT, charge, amount * 100)
        await self.stripe.settle()
        return self.last_message("stripe", "charge.refunded")

    def last_message(self, method: str, kind: str = "") -> SentMessage:
        """The newest message of a gateway; of Stripe the newest of this kind."""
        if method == "stripe":
            found = [each for each in self.stripe.deliveries if each.type == kind][-1]
            return dict(found.headers), found.body
        message = (self.midtrans if method == "midtrans" else self.xendit).messages[-1]
        return dict(message.headers), message.body

    def stripe_objects(self, kind: str) -> list[Any]:
        """What Stripe holds of the cooperative's account."""
        return self.stripe.world.store(_ACCOUNT).of_kind(kind)

    def forge(self, method: str, sent: SentMessage) -> SentMessage:
        """The same message from somebody who does not know the secret."""
        headers, body = sent
        if method == "stripe":
            return stripe_headers(body, "whsec_ditebak"), body
        if method == "xendit":
            return xendit_headers("ditebak"), body
        return headers, body.replace(b'"signature_key": "', b'"signature_key": "0')


def stripe_headers(body: bytes, secret: str = "whsec_melati") -> dict[str, str]:
    """Headers by which Stripe proves a message."""
    moment = int(clock.now().timestamp())
    return {"content-type": "application/json", "stripe-signature": signature(secret, body, moment)}


def xendit_headers(token: str = "token-tiruan") -> dict[str, str]:
    """Headers by which Xendit proves that it speaks."""
    return {"content-type": "application/json", "x-callback-token": token}


def midtrans_signature(body: Mapping[str, Any], key: str = "SB-Mid-server-tiruan") -> str:
    """The signature of a notification."""
    return hashlib.sha512(
        f"{body['order_id']}{body['status_code']}{body['gross_amount']}{key}".encode()
    ).hexdigest()


@asynccontextmanager
async def run_fake_gateways(database: Database, tenant: TenantRef) -> AsyncIterator[FakeGateways]:
    """Serve the fake gateways, let the cooperative be paid by every way, and point the database's settings to
    them.
    """
    world = FakeGateways(database, tenant)
    async with (
        serve(world.stripe.app) as stripe,
        serve(world.midtrans.app) as midtrans,
        serve(world.xendit.app) as xendit,
    ):
        payments.use_fake_gateways(database, stripe=str(stripe), midtrans=str(midtrans), xendit=str(xendit))
        async with coop_session(database, tenant) as db:
            world.endpoints = await payments.enable_methods(db, settings=database.settings)
        yield world
