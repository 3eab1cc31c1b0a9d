"""A cooperative that is paid through Xendit or Stripe, and the stand-in that it speaks to.

Sets the database's settings to it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID

from kernel import clock
from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from payments import calling, queries, vault, ways
from payments.models import PaymentWayRow
from payments.opening import Ask, open_unoffered
from stand_ins.serving import serve
from stand_ins.stripe import StripeStandIn
from stand_ins.xendit import XenditStandIn
from tenants.registry import TenantRef
from tenants.session import coop_session

KEY, TOKEN = "xnd_development_tiruan", "token-tiruan"
ORIGIN = "http://melati.localhost:8000"


StandIn = TypeVar("StandIn")


@dataclass
class Gateway(Generic[StandIn]):
    """A cooperative with keys of a provider, and the provider."""

    database: Database
    tenant: TenantRef
    stand_in: StandIn
    way: str

    async def open(self, amount: int = 100_000, *, purpose: str = "top_up") -> str:
        """A member's payment is opened and started; return its reference."""
        async with coop_session(self.database, self.tenant) as db:
            member: UUID = await as_reader(db).value("SELECT id FROM members WHERE number = '0001'")
            ask = Ask(
                purpose=purpose,
                subject_id=member,
                label="Isi dompet",
                amount=Rupiah(amount),
                way=self.way,
                payer_name="Sari Wulandari",
                key=new_id().hex,
                member_id=member,
            )
            payment = await open_unoffered(db, Actor("member", "Sari Wulandari"), ask, on=date(2026, 11, 20))
        await calling.start(self.database, self.tenant, payment.reference, origin=ORIGIN)
        return payment.reference

    async def paid(self, amount: int = 100_000, *, seen: bool = True, channel: str = "QRIS") -> str:
        """A payment is paid at the provider; ``seen``: we have looked. Return its reference."""
        reference = await self.open(amount)
        if isinstance(self.stand_in, StripeStandIn):
            async with coop_session(self.database, self.tenant) as db:
                payment = await queries.payment_by_reference(db, reference)
            assert payment is not None
            await self.stand_in.complete(str(payment.provider_reference), "card")
        elif isinstance(self.stand_in, XenditStandIn):
            await self.stand_in.pay(reference, channel)
        if seen:
            await calling.look(self.database, self.tenant, reference)
        return reference

    async def balance(self, account: str) -> int:
        async with coop_session(self.database, self.tenant) as db:
            return await ledger_queries.get_balance(db, account)

    async def status(self, reference: str) -> str:
        async with coop_session(self.database, self.tenant) as db:
            payment = await queries.payment_by_reference(db, reference)
        assert payment is not None
        return payment.status


@asynccontextmanager
async def xendit_of(database: Database, tenant: TenantRef) -> AsyncIterator[Gateway[XenditStandIn]]:
    """Give a cooperative keys of Xendit, and a Xendit."""
    stand_in = XenditStandIn(secret_key=KEY, callback_token=TOKEN)
    async with serve(stand_in.app) as url:
        await _set_up(database, tenant, "xendit", str(url), {"secret_key": KEY, "callback_token": TOKEN})
        yield Gateway(database, tenant, stand_in, "xendit")


@asynccontextmanager
async def stripe_of(database: Database, tenant: TenantRef) -> AsyncIterator[Gateway[StripeStandIn]]:
    """Give a cooperative keys of Stripe, and a Stripe."""
    stand_in, key = StripeStandIn(clock.now), StripeStandIn.key_of("melati")
    async with serve(stand_in.app) as url:
        stand_in.world.unlock(key)
        await _set_up(
            database, tenant, "stripe", str(url), {"secret_key": key, "webhook_secret": "whsec_melati"}
        )
        yield Gateway(database, tenant, stand_in, "stripe")


async def _set_up(
    database: Database, tenant: TenantRef, way: str, url: str, secrets: Mapping[str, str]
) -> None:
    database.settings = replace(database.settings, stand_ins=((way, url),))
    keys, schema = database.settings.encryption_keys, tenant.schema_name
    sealed = {
        name: vault.seal(keys, schema, ways.label_of(way, name), clear) for name, clear in secrets.items()
    }
    async with coop_session(database, tenant) as db:
        db.add(
            PaymentWayRow(
                way=way,
                enabled=True,
                position=1,
                settings={},
                secrets=sealed,
                endpoint=f"tiruan-{way}",
                live=way != "stripe",  # its stand-in tells test keys from live ones
            )
        )
