"""The same with Stripe, which tells of refunds by its own names, of payouts that fail, and of hundredths."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from cooperative.queries import get_today
from factories.gateway import Gateway, stripe_of
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database
from kernel.money import Rupiah
from ledger.chart import BANK, STRIPE
from payments import hearing, machine, refunding, ways
from payments.reconciliation import comparing
from payments.reconciliation.comparing import Reconciliation
from payments.reconciliation.reconciling import Fetched, fetch
from stand_ins.stripe import StripeStandIn
from stand_ins.stripe.refunds import refund_charge
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

StripeGateway = Gateway[StripeStandIn]


@pytest.fixture
async def gateway(database: Database, melati: TenantRef) -> AsyncIterator[StripeGateway]:
    async with stripe_of(database, melati) as gateway:
        yield gateway


async def ask(gateway: StripeGateway) -> Fetched:
    return await fetch(gateway.database, gateway.tenant, "stripe")


async def compared(gateway: StripeGateway) -> Reconciliation:
    async with coop_reader(gateway.database, gateway.tenant) as ro:
        since = await get_today(ro) - comparing.SHOWN
        return await comparing.reconcile(ro, await ways.way_of(ro, "stripe"), since=since)


async def test_payments_fees_and_payouts_come_to_the_balance_that_stripe_tells(
    gateway: StripeGateway,
) -> None:
    await gateway.paid(125_000)
    await gateway.paid(80_000, seen=False)
    await ask(gateway)
    held = await gateway.balance(STRIPE)
    assert held == (await compared(gateway)).balance
    with clock.freeze_at(clock.now() + timedelta(days=3)):
        assert await gateway.stand_in.pay_out("acct_standin_melati") is not None
        fetched = await ask(gateway)
        state = await compared(gateway)
    assert fetched.journals == 1
    assert (await gateway.balance(BANK), await gateway.balance(STRIPE), state.balance) == (held, 0, 0)
    assert state.all_explained, [(day.on, day.findings) for day in state.days]


async def test_a_refund_of_ours_and_one_of_stripes_own_pages_are_both_known(gateway: StripeGateway) -> None:
    ours, theirs = await gateway.paid(125_000), await gateway.paid(90_000)
    async with coop_session(gateway.database, gateway.tenant) as db:
        payment = await machine.locked(db, ours)
        refund = await refunding.ask_refund(
            db,
            Actor("officer", "Ketua Melati"),
            payment,
            Rupiah(25_000),
            "same_way",
            "batal",
            key="k",
            on=await get_today(db),
        )
    await hearing.carry_out_refund(gateway.database, gateway.tenant, "job", refund.id)
    shelf = gateway.stand_in.world.shelf("acct_standin_melati")
    charge = next(each for each in shelf.of_kind("charge") if each["amount"] == 9_000_000)
    refund_charge(gateway.stand_in.world, "acct_standin_melati", charge, 4_000_000)
    assert (await ask(gateway)).refunds == 1
    assert await gateway.status(theirs) == "partly_refunded"
    assert await ask(gateway) == Fetched()
    state = await compared(gateway)
    assert state.difference == 0
    assert state.all_explained, [(day.on, day.findings) for day in state.days]
