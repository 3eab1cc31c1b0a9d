"""A cooperative that is paid through Xendit, and the stand-in that it speaks to. Sets the database's settings to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from kernel.actor import Actor
from kernel.database import Database, reader_of
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import queries as books
from payments import calling, queries, vault, ways
from payments.models import PaymentWayRow
from payments.opening import Ask, open_payment
from stand_ins.serving import serve
from stand_ins.xendit import XenditStandIn
from tenants.registry import TenantRef
from tenants.session import coop_session

KEY, TOKEN = "xnd_development_tiruan", "token-tiruan"
ORIGIN = "http://melati.localhost:8000"


@dataclass
class Gateway:
    """A cooperative with keys of Xendit."""

    database: Database
    tenant: TenantRef
    stand_in: XenditStandIn

    async def open(self, amount: int = 100_000, *, purpose: str = "top_up") -> str:
        """A member's payment is opened and started; return its reference."""
        async with coop_session(self.database, self.tenant) as db:
            member: UUID = await (await reader_of(db)).value("SELECT id FROM members WHERE number = '0001'")
            ask = Ask(
                purpose=purpose,
                subject_id=member,
                label="Isi dompet",
                amount=Rupiah(amount),
                way="xendit",
                payer_name="Sari Wulandari",
                key=new_id().hex,
                member_id=member,
                needs_offer=False,
            )
            payment = await open_payment(db, Actor("member", "Sari Wulandari"), ask, on=date(2026, 11, 20))
        await calling.start(self.database, self.tenant, payment.reference, origin=ORIGIN)
        return payment.reference

    async def paid(self, amount: int = 100_000, *, seen: bool = True, channel: str = "QRIS") -> str:
        """A payment is paid at the provider; ``seen``: we have looked. Return its reference."""
        reference = await self.open(amount)
        await self.stand_in.pay(reference, channel)
        if seen:
            await calling.look(self.database, self.tenant, reference)
        return reference

    async def balance(self, account: str) -> int:
        async with coop_session(self.database, self.tenant) as db:
            return await books.balance(db, account)

    async def status(self, reference: str) -> str:
        async with coop_session(self.database, self.tenant) as db:
            payment = await queries.payment_by_reference(db, reference)
        assert payment is not None
        return payment.status


@asynccontextmanager
async def xendit_of(database: Database, tenant: TenantRef) -> AsyncIterator[Gateway]:
    """Give a cooperative keys of Xendit, and a Xendit."""
    stand_in = XenditStandIn(secret_key=KEY, callback_token=TOKEN)
    async with serve(stand_in.app) as url:
        database.settings = replace(database.settings, stand_ins=(("xendit", str(url)),))
        keys = database.settings.keys
        async with coop_session(database, tenant) as db:
            sealed = {
                name: vault.seal(keys, tenant.schema_name, ways.label_of("xendit", name), clear)
                for name, clear in (("secret_key", KEY), ("callback_token", TOKEN))
            }
            db.add(
                PaymentWayRow(
                    way="xendit", enabled=True, position=1, settings={}, secrets=sealed, endpoint="tiruan-xendit"
                )
            )
        yield Gateway(database, tenant, stand_in)
