"""Importing Stripe's movements: refunds by Stripe's ids, failed payouts, amounts in hundredths."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from banking import reconcile_method
from banking.reconcile_method import Reconciliation
from banking.sync_movements import SyncResult, sync_provider
from cooperative.queries import get_today
from factories.gateway import GatewaySetup, set_up_stripe
from fakes.fake_stripe import FakeStripe
from fakes.fake_stripe.refunds import refund_charge
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database
from kernel.money import Rupiah
from ledger.chart import BANK, STRIPE
from payments import methods, process_webhooks, refund_payment, state_machine
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

StripeGateway = GatewaySetup[FakeStripe]


@pytest.fixture
async def gateway(database: Database, melati: TenantRef) -> AsyncIterator[StripeGateway]:
    async with set_up_stripe(database, melati) as gateway:
        yield gateway


async def sync(gateway: StripeGateway) -> SyncResult:
    return await sync_provider(gateway.database, gateway.tenant, "stripe")


async def reconcile_gateway(gateway: StripeGateway) -> Reconciliation:
    async with coop_reader(gateway.database, gateway.tenant) as ro:
        since = await get_today(ro) - reconcile_method.DEFAULT_WINDOW
        return await reconcile_method.reconcile_method(
            ro, await methods.get_method(ro, "stripe"), since=since
        )


async def test_payments_fees_and_payouts_come_to_the_balance_that_stripe_tells(
    gateway: StripeGateway,
) -> None:
    await gateway.pay(125_000)
    await gateway.pay(80_000, synced=False)
    await sync(gateway)
    held = await gateway.balance(STRIPE)
    assert held == (await reconcile_gateway(gateway)).balance
    with clock.freeze_at(clock.now() + timedelta(days=3)):
        assert await gateway.server.pay_out("acct_standin_melati") is not None
        fetched = await sync(gateway)
        state = await reconcile_gateway(gateway)
    assert fetched.journals == 1
    assert (await gateway.balance(BANK), await gateway.balance(STRIPE), state.balance) == (held, 0, 0)
    assert state.all_explained, [(day.on, day.items) for day in state.days]


async def test_a_refund_of_ours_and_one_of_stripes_own_pages_are_both_known(gateway: StripeGateway) -> None:
    refunded_here, refunded_there = await gateway.pay(125_000), await gateway.pay(90_000)
    async with coop_session(gateway.database, gateway.tenant) as db:
        payment = await state_machine.lock_payment(db, refunded_here)
        refund = await refund_payment.request_refund(
            db,
            Actor("officer", "Ketua Melati"),
            payment,
            Rupiah(25_000),
            "original_method",
            "batal",
            key="k",
            on=await get_today(db),
        )
    await process_webhooks.execute_refund(gateway.database, gateway.tenant, "job", refund.id)
    shelf = gateway.server.world.store("acct_standin_melati")
    charge = next(each for each in shelf.of_kind("charge") if each["amount"] == 9_000_000)
    refund_charge(gateway.server.world, "acct_standin_melati", charge, 4_000_000)
    assert (await sync(gateway)).refunds == 1
    assert await gateway.status(refunded_there) == "partly_refunded"
    assert await sync(gateway) == SyncResult()
    state = await reconcile_gateway(gateway)
    assert state.difference == 0
    assert state.all_explained, [(day.on, day.items) for day in state.days]
