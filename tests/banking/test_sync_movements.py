"""Importing a provider's movements: each is booked once, whether the provider is asked again or by several
jobs at once.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from banking import reconcile_method, sync_movements
from banking.reconcile_method import Reconciliation
from banking.sync_movements import SyncResult, sync_provider
from cooperative.queries import get_today
from factories.gateway import GatewaySetup, set_up_xendit
from fakes.xendit import FakeXendit
from gateways.protocol import ProviderError
from kernel import clock
from kernel.database import Database
from ledger.chart import BANK, GATEWAY_FEES, XENDIT
from payments import methods
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session
from tenants.worker import run_job

XenditGateway = GatewaySetup[FakeXendit]


@pytest.fixture
async def gateway(database: Database, melati: TenantRef) -> AsyncIterator[XenditGateway]:
    async with set_up_xendit(database, melati) as gateway:
        yield gateway


async def sync(gateway: XenditGateway) -> SyncResult:
    return await sync_provider(gateway.database, gateway.tenant, "xendit")


async def reconcile_gateway(gateway: XenditGateway) -> Reconciliation:
    async with coop_reader(gateway.database, gateway.tenant) as ro:
        since = await get_today(ro) - reconcile_method.DEFAULT_WINDOW
        return await reconcile_method.reconcile_method(
            ro, await methods.get_method(ro, "xendit"), since=since
        )


async def journals(gateway: XenditGateway) -> int:
    async with coop_reader(gateway.database, gateway.tenant) as ro:
        return int(await ro.value("SELECT count(*) FROM journals"))


async def test_a_payout_goes_to_the_bank_once_and_all_agrees(gateway: XenditGateway) -> None:
    await gateway.pay(100_000)
    gateway.server.withdraw(60_000)
    before = await journals(gateway)
    fetched = await sync(gateway)
    assert (fetched.movements, fetched.journals) == (2, 1)
    assert await journals(gateway) == before + 1
    assert (await gateway.balance(BANK), await gateway.balance(XENDIT)) == (60_000, 39_300)
    assert await sync(gateway) == SyncResult()
    assert await journals(gateway) == before + 1
    state = await reconcile_gateway(gateway)
    assert (state.balance, state.clearing, state.difference, state.remainder) == (39_300, 39_300, 0, None)
    assert state.all_explained
    assert [(day.external, day.local, day.is_equal) for day in state.days] == [(39_300, 39_300, True)]


async def test_a_payment_that_only_the_provider_shows_paid_is_looked_at_and_booked_with_its_fee(
    gateway: XenditGateway,
) -> None:
    reference = await gateway.pay(200_000, synced=False)
    assert await gateway.status(reference) == "awaiting"
    assert (await sync(gateway)).settled == 1
    assert await gateway.status(reference) == "paid"
    assert (await gateway.balance(XENDIT), await gateway.balance(GATEWAY_FEES)) == (198_600, 1_400)
    assert (await reconcile_gateway(gateway)).all_explained


async def test_four_at_once_post_what_one_posts(gateway: XenditGateway) -> None:
    await gateway.pay(200_000, synced=False)
    gateway.server.withdraw(50_000)
    gateway.server.withdraw(70_000)
    before = await journals(gateway)
    await asyncio.gather(*(sync(gateway) for _ in range(4)))
    assert await journals(gateway) == before + 4  # the payment, its fee, two payouts
    assert (await gateway.balance(BANK), await gateway.balance(XENDIT)) == (120_000, 78_600)


async def test_a_fee_that_is_no_payments_is_an_expense_by_its_movement(gateway: XenditGateway) -> None:
    await gateway.pay(100_000)
    gateway.server.account.debit("FEE", 2_775, clock.now())
    await sync(gateway)
    await sync(gateway)
    assert (await gateway.balance(GATEWAY_FEES), await gateway.balance(XENDIT)) == (3_475, 96_525)
    assert (await reconcile_gateway(gateway)).all_explained


async def test_a_refund_made_at_the_provider_is_heard_of(gateway: XenditGateway) -> None:
    reference = await gateway.pay(100_000)
    gateway.server.account.debit("REFUND", 40_000, clock.now(), reference)
    assert (await sync(gateway)).refunds == 1
    assert await gateway.status(reference) == "partly_refunded"
    assert await gateway.balance(XENDIT) == 59_300
    await sync(gateway)
    assert await gateway.balance(XENDIT) == 59_300
    assert (await reconcile_gateway(gateway)).all_explained


async def test_money_of_somebody_else_and_money_from_before_are_not_explained(gateway: XenditGateway) -> None:
    await gateway.pay(100_000)
    gateway.server.account.credit(5_000, "QRIS", "TOKO-LAIN-1", clock.now() - timedelta(seconds=1))
    gateway.server.account.credit(80_000, "QRIS", "LAMA", clock.now() - timedelta(days=60))
    await sync(gateway)
    state = await reconcile_gateway(gateway)
    assert not state.all_explained
    whys = {finding.reason for day in state.days for finding in day.items}
    assert whys == {"equal", "unknown"}
    assert state.remainder is not None
    assert (state.remainder.reason, state.remainder.difference) == ("rest", 79_440)


async def test_the_daily_job_writes_one_for_each_provider_that_is_set_up_and_running_it_twice_does_nothing(
    gateway: XenditGateway,
) -> None:
    import banking.tasks  # noqa: F401 - its jobs register themselves

    gateway.server.withdraw(1_000)
    role = gateway.tenant.schema_name
    await run_job(gateway.database, role, "payments.reconcile_all", "day-1", {})
    async with gateway.database.owner_engine.connect() as connection:
        from sqlalchemy import text

        rows = (
            await connection.execute(
                text(
                    "SELECT key, arguments FROM shared.outbox WHERE job = 'payments.reconcile' AND "
                    "coop_role = :r"
                ),
                {"r": role},
            )
        ).all()
    assert [row.arguments for row in rows] == [{"method": "xendit"}]
    for _ in range(2):
        await run_job(gateway.database, role, "payments.reconcile", rows[0].key, {"method": "xendit"})
    assert await gateway.balance(BANK) == 1_000


async def test_a_silent_provider_is_asked_again_and_wrong_keys_wait_for_an_officer(
    gateway: XenditGateway,
) -> None:
    import banking.tasks  # noqa: F401

    role = gateway.tenant.schema_name
    gateway.server.faults.responses.append("500")
    with pytest.raises(ProviderError):
        await run_job(gateway.database, role, "payments.reconcile", "k1", {"method": "xendit"})
    gateway.server.secret_key = "another"
    await run_job(gateway.database, role, "payments.reconcile", "k2", {"method": "xendit"})
    async with coop_session(gateway.database, gateway.tenant) as db:
        assert await methods.get_method(db, "xendit")
    assert not sync_movements.can_sync(await _cash(gateway))


async def _cash(gateway: XenditGateway) -> methods.PaymentMethod:
    async with coop_session(gateway.database, gateway.tenant) as db:
        return await methods.get_method(db, "cash")
