"""A cooperative that is paid through Xendit or Stripe, and the fake that it speaks to.

Sets the database's settings to it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID

from fakes.asgi_server import serve
from fakes.fake_stripe import FakeStripe
from fakes.xendit import FakeXendit
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from ledger.descriptions import describe
from payments import methods, provider_calls, queries, vault
from payments.models import PaymentMethodRow
from payments.open_payment import PaymentRequest, create_test_payment
from tenants.registry import TenantRef
from tenants.session import coop_session

KEY, TOKEN = "xnd_development_tiruan", "token-tiruan"
ORIGIN = "http://melati.localhost:8000"


ServerT = TypeVar("ServerT")


@dataclass
class GatewaySetup(Generic[ServerT]):
    """A cooperative with keys of a provider, and the provider."""

    database: Database
    tenant: TenantRef
    server: ServerT
    method: str

    async def open_payment(self, amount: int = 100_000, *, purpose: str = "top_up") -> str:
        """A member's payment is opened and started; return its reference."""
        async with coop_session(self.database, self.tenant) as db:
            member: UUID = await as_reader(db).value("SELECT id FROM members WHERE number = '0001'")
            ask = PaymentRequest(
                purpose=purpose,
                subject_id=member,
                label=describe("payments.top_up"),
                amount=Rupiah(amount),
                method=self.method,
                payer_name="Sari Wulandari",
                key=new_id().hex,
                member_id=member,
            )
            payment = await create_test_payment(
                db, Actor("member", "Sari Wulandari"), ask, on=date(2026, 11, 20)
            )
        await provider_calls.start_payment(self.database, self.tenant, payment.reference, origin=ORIGIN)
        return payment.reference

    async def pay(self, amount: int = 100_000, *, synced: bool = True, channel: str = "QRIS") -> str:
        """A payment is paid at the provider; ``seen``: we have looked. Return its reference."""
        reference = await self.open_payment(amount)
        if isinstance(self.server, FakeStripe):
            async with coop_session(self.database, self.tenant) as db:
                payment = await queries.find_payment_by_reference(db, reference)
            assert payment is not None
            await self.server.complete(str(payment.provider_reference), "card")
        elif isinstance(self.server, FakeXendit):
            await self.server.pay(reference, channel)
        if synced:
            await provider_calls.sync_status(self.database, self.tenant, reference)
        return reference

    async def balance(self, account: str) -> int:
        async with coop_session(self.database, self.tenant) as db:
            return await ledger_queries.get_balance(db, account)

    async def status(self, reference: str) -> str:
        async with coop_session(self.database, self.tenant) as db:
            payment = await queries.find_payment_by_reference(db, reference)
        assert payment is not None
        return payment.status


@asynccontextmanager
async def set_up_xendit(database: Database, tenant: TenantRef) -> AsyncIterator[GatewaySetup[FakeXendit]]:
    """Give a cooperative keys of Xendit, and a Xendit."""
    fake = FakeXendit(secret_key=KEY, callback_token=TOKEN)
    async with serve(fake.app) as url:
        await _set_up(database, tenant, "xendit", str(url), {"secret_key": KEY, "callback_token": TOKEN})
        yield GatewaySetup(database, tenant, fake, "xendit")


@asynccontextmanager
async def set_up_stripe(database: Database, tenant: TenantRef) -> AsyncIterator[GatewaySetup[FakeStripe]]:
    """Give a cooperative keys of Stripe, and a Stripe."""
    fake, key = FakeStripe(clock.now), FakeStripe.key_of("melati")
    async with serve(fake.app) as url:
        fake.world.authenticate(key)
        await _set_up(
            database, tenant, "stripe", str(url), {"secret_key": key, "webhook_secret": "whsec_melati"}
        )
        yield GatewaySetup(database, tenant, fake, "stripe")


async def _set_up(
    database: Database, tenant: TenantRef, method: str, url: str, secrets: Mapping[str, str]
) -> None:
    database.settings = replace(database.settings, fake_gateways=((method, url),))
    keys, schema = database.settings.encryption_keys, tenant.schema_name
    sealed = {
        name: vault.seal(keys, schema, methods.secret_label(method, name), clear)
        for name, clear in secrets.items()
    }
    async with coop_session(database, tenant) as db:
        db.add(
            PaymentMethodRow(
                method=method,
                enabled=True,
                position=1,
                settings={},
                secrets=sealed,
                endpoint=f"tiruan-{method}",
                live=method != "stripe",  # its fake tells test keys from live ones
            )
        )
