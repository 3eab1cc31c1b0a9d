"""Asking a provider what it moved: everything it knows comes into the books once, however often and by
however many it is asked.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from cooperative.queries import get_today
from factories.gateway import Gateway, xendit_of
from kernel import clock
from kernel.database import Database
from ledger.chart import BANK, GATEWAY_FEES, XENDIT
from payments import ways
from payments.provider import ProviderFault
from payments.reconciliation import comparing, reconciling
from payments.reconciliation.comparing import Reconciliation
from payments.reconciliation.reconciling import Fetched, fetch
from stand_ins.xendit import XenditStandIn
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session
from tenants.worker import run_job

XenditGateway = Gateway[XenditStandIn]


@pytest.fixture
async def gateway(database: Database, melati: TenantRef) -> AsyncIterator[XenditGateway]:
    async with xendit_of(database, melati) as gateway:
        yield gateway


async def ask(gateway: XenditGateway) -> Fetched:
    return await fetch(gateway.database, gateway.tenant, "xendit")


async def compared(gateway: XenditGateway) -> Reconciliation:
    async with coop_reader(gateway.database, gateway.tenant) as ro:
        since = await get_today(ro) - comparing.SHOWN
        return await comparing.reconcile(ro, await ways.way_of(ro, "xendit"), since=since)


async def journals(gateway: XenditGateway) -> int:
    async with coop_reader(gateway.database, gateway.tenant) as ro:
        return int(await ro.value("SELECT count(*) FROM journals"))


async def test_a_payout_goes_to_the_bank_once_and_all_agrees(gateway: XenditGateway) -> None:
    await gateway.paid(100_000)
    gateway.stand_in.withdraw(60_000)
    before = await journals(gateway)
    fetched = await ask(gateway)
    assert (fetched.movements, fetched.journals) == (2, 1)
    assert await journals(gateway) == before + 1
    assert (await gateway.balance(BANK), await gateway.balance(XENDIT)) == (60_000, 39_300)
    assert await ask(gateway) == Fetched()
    assert await journals(gateway) == before + 1
    state = await compared(gateway)
    assert (state.balance, state.clearing, state.difference, state.rest) == (39_300, 39_300, 0, None)
    assert state.all_explained
    assert [(day.theirs, day.ours, day.is_equal) for day in state.days] == [(39_300, 39_300, True)]


async def test_a_payment_that_only_the_provider_shows_paid_is_looked_at_and_booked_with_its_fee(
    gateway: XenditGateway,
) -> None:
    reference = await gateway.paid(200_000, seen=False)
    assert await gateway.status(reference) == "awaiting"
    assert (await ask(gateway)).settled == 1
    assert await gateway.status(reference) == "paid"
    assert (await gateway.balance(XENDIT), await gateway.balance(GATEWAY_FEES)) == (198_600, 1_400)
    assert (await compared(gateway)).all_explained


async def test_four_at_once_post_what_one_posts(gateway: XenditGateway) -> None:
    await gateway.paid(200_000, seen=False)
    gateway.stand_in.withdraw(50_000)
    gateway.stand_in.withdraw(70_000)
    before = await journals(gateway)
    await asyncio.gather(*(ask(gateway) for _ in range(4)))
    assert await journals(gateway) == before + 4  # the payment, its fee, two payouts
    assert (await gateway.balance(BANK), await gateway.balance(XENDIT)) == (120_000, 78_600)


async def test_a_fee_that_is_no_payments_is_an_expense_by_its_movement(gateway: XenditGateway) -> None:
    await gateway.paid(100_000)
    gateway.stand_in.account.pay_out("FEE", 2_775, clock.now())
    await ask(gateway)
    await ask(gateway)
    assert (await gateway.balance(GATEWAY_FEES), await gateway.balance(XENDIT)) == (3_475, 96_525)
    assert (await compared(gateway)).all_explained


async def test_a_refund_made_at_the_provider_is_heard_of(gateway: XenditGateway) -> None:
    reference = await gateway.paid(100_000)
    gateway.stand_in.account.pay_out("REFUND", 40_000, clock.now(), reference)
    assert (await ask(gateway)).refunds == 1
    assert await gateway.status(reference) == "partly_refunded"
    assert await gateway.balance(XENDIT) == 59_300
    await ask(gateway)
    assert await gateway.balance(XENDIT) == 59_300
    assert (await compared(gateway)).all_explained


async def test_money_of_somebody_else_and_money_from_before_are_not_explained(gateway: XenditGateway) -> None:
    await gateway.paid(100_000)
    gateway.stand_in.account.pay_in(5_000, "QRIS", "TOKO-LAIN-1", clock.now() - timedelta(seconds=1))
    gateway.stand_in.account.pay_in(80_000, "QRIS", "LAMA", clock.now() - timedelta(days=60))
    await ask(gateway)
    state = await compared(gateway)
    assert not state.all_explained
    whys = {finding.why for day in state.days for finding in day.findings}
    assert whys == {"equal", "unknown"}
    assert state.rest is not None
    assert (state.rest.why, state.rest.difference) == ("rest", 79_440)


async def test_the_daily_job_writes_one_for_each_provider_that_is_set_up_and_running_it_twice_does_nothing(
    gateway: XenditGateway,
) -> None:
    import payments.tasks  # noqa: F401 - its jobs register themselves

    gateway.stand_in.withdraw(1_000)
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
    assert [row.arguments for row in rows] == [{"way": "xendit"}]
    for _ in range(2):
        await run_job(gateway.database, role, "payments.reconcile", rows[0].key, {"way": "xendit"})
    assert await gateway.balance(BANK) == 1_000


async def test_a_silent_provider_is_asked_again_and_wrong_keys_wait_for_an_officer(
    gateway: XenditGateway,
) -> None:
    import payments.tasks  # noqa: F401

    role = gateway.tenant.schema_name
    gateway.stand_in.faults.answers.append("500")
    with pytest.raises(ProviderFault):
        await run_job(gateway.database, role, "payments.reconcile", "k1", {"way": "xendit"})
    gateway.stand_in.secret_key = "another"
    await run_job(gateway.database, role, "payments.reconcile", "k2", {"way": "xendit"})
    async with coop_session(gateway.database, gateway.tenant) as db:
        assert await ways.way_of(db, "xendit")
    assert not reconciling.can_be_asked(await _cash(gateway))


async def _cash(gateway: XenditGateway) -> ways.Way:
    async with coop_session(gateway.database, gateway.tenant) as db:
        return await ways.way_of(db, "cash")
