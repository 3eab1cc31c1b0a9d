"""Jobs of payments: what is made of a stored message, and how a refund is carried out at its provider."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from factories import payments as pay
from factories.outside import Outside, Sent, outside
from factories.shop import CASHIER, TODAY
from kernel import clock
from kernel.database import Database
from kernel.ids import new_id
from kernel.money import Rupiah
from payments import hearing, machine, queries, refunding
from payments.inbox import inbox_of
from payments.models import Payment
from payments.provider import ProviderFault
from shop import handling
from shop.models import Order
from stand_ins.stripe.refunds import fail
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session, shared_reader
from tenants.worker import run_job

WAYS = pytest.mark.parametrize("way", pay.GATEWAYS)


@pytest.fixture
async def world(database: Database, melati: TenantRef) -> AsyncIterator[Outside]:
    async with outside(database, melati) as opened:
        yield opened


async def hears(world: Outside, way: str, sent: Sent) -> None:
    """A message comes in and is worked on."""
    headers, body = sent
    lower = {name.lower(): value for name, value in headers.items()}
    await inbox_of(world.database).receive(world.tenant, world.endpoints[way], lower, body)
    await pay.work(world.database)


async def paid(world: Outside, way: str) -> tuple[Order, Payment]:
    order, payment = await world.ordered(way)
    await hears(world, way, await world.pay(payment))
    return order, payment


async def now(world: Outside, payment: Payment) -> Payment:
    async with coop_session(world.database, world.tenant) as db:
        return await machine.locked(db, payment.reference)


async def reasons(world: Outside, payment: Payment) -> list[str]:
    async with coop_session(world.database, world.tenant) as db:
        return await pay.open_reasons(db, payment)


async def refund_states(world: Outside, payment: Payment) -> list[tuple[str, int]]:
    async with coop_session(world.database, world.tenant) as db:
        return [(each.state, each.amount) for each in await queries.refunds_of(db, payment.id)]


async def order_status(world: Outside, order: Order) -> str:
    async with coop_reader(world.database, world.tenant) as ro:
        return str(await ro.value("SELECT status FROM orders WHERE id = $1", order.id))


def given_back(world: Outside, payment: Payment) -> int:
    """What the provider has given back of a payment, as its own books say."""
    if payment.way == "midtrans":
        return world.midtrans.orders[payment.reference].refunded
    if payment.way == "xendit":
        return sum(each["amount"] for each in world.xendit.refunds.values() if each["status"] == "SUCCEEDED")
    return sum(each["amount"] for each in world.things("refund") if each["status"] == "succeeded") // 100


# Refunds, asked for by us


@WAYS
async def test_a_cancelled_order_is_given_back_at_the_provider_once(
    world: Outside, database: Database, melati: TenantRef, way: str
) -> None:
    order, payment = await paid(world, way)
    async with coop_session(database, melati) as db:
        await handling.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    await pay.work(database)
    assert ((await now(world, payment)).status, given_back(world, payment)) == ("refunded", 49_000)
    assert await refund_states(world, payment) == [("done", 49_000)]
    if way != "stripe":
        await hears(world, way, world.sent(way))
    assert await refund_states(world, payment) == [("done", 49_000)]
    await pay.all_hold_in(database, melati)


@WAYS
async def test_a_refund_whose_answer_was_lost_is_done_once(
    world: Outside, database: Database, melati: TenantRef, way: str
) -> None:
    """Asked again under the same key, the provider gives nothing back a second time."""
    _, payment = await paid(world, way)
    async with coop_session(database, melati) as db:
        payment = await machine.locked(db, payment.reference)
        refund = await refunding.ask_refund(
            db, CASHIER, payment, Rupiah(9_000), "same_way", "Kurang", key="satu", on=TODAY
        )
    key = f"payments.refund:{refund.id}"
    original = hearing.coop_session
    calls = 0

    def breaking(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConnectionResetError
        return original(*args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hearing, "coop_session", breaking)
        with pytest.raises(ConnectionResetError):
            await hearing.carry_out_refund(database, melati, key, refund.id)
    assert await refund_states(world, payment) == [("pending", 9_000)]
    for _ in range(3):
        await hearing.carry_out_refund(database, melati, key, refund.id)
    assert await refund_states(world, payment) == [("done", 9_000)]
    assert given_back(world, payment) == 9_000
    await pay.work(database)
    await pay.all_hold_in(database, melati)


async def test_a_pending_refund_is_asked_after_until_it_is_done(
    world: Outside, database: Database, melati: TenantRef
) -> None:
    order, payment = await paid(world, "xendit")
    world.xendit.refund_outcome = "PENDING"
    async with coop_session(database, melati) as db:
        await handling.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    await pay.work(database)
    assert await refund_states(world, payment) == [("pending", 49_000)]
    asked = await pay.work(database, ahead=timedelta(minutes=20))
    assert 2 <= asked.count("payments.refund") <= 5
    theirs = next(iter(world.xendit.refunds))
    await world.xendit.settle_refund(theirs)
    await hears(world, "xendit", world.sent("xendit"))
    assert await refund_states(world, payment) == [("done", 49_000)]
    await pay.work(database, ahead=timedelta(days=1))
    assert (await now(world, payment)).status == "refunded"
    await pay.all_hold_in(database, melati)


async def test_a_refund_that_takes_more_than_a_fortnight_goes_on_the_work_list(
    world: Outside, database: Database, melati: TenantRef
) -> None:
    order, payment = await paid(world, "xendit")
    world.xendit.refund_outcome = "PENDING"
    async with coop_session(database, melati) as db:
        await handling.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    start = clock.now()
    await pay.work(database)
    async with coop_session(database, melati) as db:
        refund = (await queries.refunds_of(db, payment.id))[0]
    for asked in range(1, hearing.MOST_ASKED):
        await hearing.carry_out_refund(database, melati, f"asked {asked} times", refund.id, attempt=asked)
    assert not await reasons(world, payment)
    async with shared_reader(database) as ro:
        last = await ro.value("SELECT max(due_at) FROM shared.outbox WHERE job = 'payments.refund'")
    assert timedelta(hours=11) < last - start < timedelta(hours=13)
    for _ in range(2):
        await hearing.carry_out_refund(database, melati, new_id().hex, refund.id, attempt=hearing.MOST_ASKED)
    assert await reasons(world, payment) == ["refund_waits"]
    assert await refund_states(world, payment) == [("pending", 49_000)]


async def test_a_refund_that_the_provider_declines_goes_on_the_work_list(
    world: Outside, database: Database, melati: TenantRef
) -> None:
    order, payment = await world.ordered("xendit")
    await world.xendit.pay(payment.provider_reference or "", "BCA")  # virtual accounts give nothing back
    await hears(world, "xendit", world.sent("xendit"))
    async with coop_session(database, melati) as db:
        await handling.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    await pay.work(database)
    found = await now(world, payment)
    assert (found.status, await reasons(world, payment)) == ("paid", ["refund_failed"])
    assert await refund_states(world, payment) == [("failed", 49_000)]
    await pay.all_hold_in(database, melati)


# Refunds, made there


@WAYS
async def test_a_refund_made_at_the_provider_is_heard_and_calls_the_order_off(
    world: Outside, database: Database, melati: TenantRef, way: str
) -> None:
    order, payment = await paid(world, way)
    sent = await world.gives_back(payment, 49_000)
    await hears(world, way, sent)
    assert (await now(world, payment)).status == "refunded"
    assert await order_status(world, order) == "cancelled"
    await hears(world, way, sent)
    assert await refund_states(world, payment) == [("done", 49_000)]
    await pay.all_hold_in(database, melati)


async def test_a_refund_that_came_back_from_the_buyers_bank_goes_on_the_work_list(
    world: Outside, database: Database, melati: TenantRef
) -> None:
    order, payment = await paid(world, "stripe")
    async with coop_session(database, melati) as db:
        await handling.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    await pay.work(database)
    assert (await now(world, payment)).status == "refunded"
    fail(world.stripe.world, "acct_standin_melati", world.things("refund")[0])
    await world.stripe.settle()
    await hears(world, "stripe", world.sent("stripe", "refund.failed"))
    found = await now(world, payment)
    assert (found.status, await reasons(world, payment)) == ("refunded", ["refund_failed"])
    await pay.all_hold_in(database, melati)


# Messages


async def test_a_message_about_nothing_of_ours_is_kept_and_no_more(
    world: Outside, database: Database, melati: TenantRef
) -> None:
    body = b'{"event": "account.updated", "created": "2026-06-15T00:00:00Z", "data": {}}'
    await hears(world, "xendit", ({"x-callback-token": "token-tiruan"}, body))
    async with coop_reader(database, melati) as ro:
        rows = await ro.records("SELECT state, outcome, body FROM payment_events")
    assert [(row["state"], row["outcome"], row["body"]) for row in rows] == [("done", "nothing", body)]
    assert await pay.postings(database, melati) == 0


async def test_a_job_done_twice_or_of_a_message_that_is_not_there_changes_nothing(
    world: Outside, database: Database, melati: TenantRef
) -> None:
    _, payment = await paid(world, "midtrans")
    async with coop_reader(database, melati) as ro:
        event = await ro.value("SELECT id FROM payment_events")
    for number in (event, event + 1):
        await run_job(database, melati.schema_name, "payments.hear", f"again:{number}", {"event": number})
    await run_job(database, melati.schema_name, "payments.look", "look", {"reference": "LTIDAKADA000"})
    await run_job(database, melati.schema_name, "payments.look", "look-2", {"reference": payment.reference})
    assert await pay.postings(database, melati) == 1
    await pay.all_hold_in(database, melati)


@WAYS
async def test_a_silent_provider_changes_nothing_and_is_asked_again(
    world: Outside, database: Database, melati: TenantRef, way: str
) -> None:
    _, payment = await world.ordered(way)
    await world.pay(payment)
    if way == "stripe":
        world.stripe.faults.add("error_500", times=None, only="GET *")
    else:
        (world.midtrans if way == "midtrans" else world.xendit).faults.answers.append("429")
    arguments = {"reference": payment.reference}
    with pytest.raises(ProviderFault) as fault:
        await run_job(database, melati.schema_name, "payments.look", "look", arguments)
    assert fault.value.passing
    world.stripe.faults.clear()
    await run_job(database, melati.schema_name, "payments.look", "look", arguments)
    assert (await now(world, payment)).status == "paid"


async def test_what_a_job_gave_up_on_is_taken_up_the_next_day(
    world: Outside, database: Database, melati: TenantRef
) -> None:
    """A payment whose look failed for hours, a refund nobody asks after any more."""
    _, waiting = await world.ordered("xendit")
    order, refunded = await paid(world, "xendit")
    async with coop_session(database, melati) as db:
        await handling.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    async with database.owner_engine.begin() as connection:  # as if all of their jobs had failed for good
        await connection.execute(text("DELETE FROM shared.outbox"))
    assert waiting.expires_at is not None
    with clock.freeze_at(waiting.expires_at + timedelta(hours=4)):
        world.xendit.ahead = timedelta(days=2)
        await run_job(database, melati.schema_name, "payments.sweep", "besok", {})
    async with database.owner_engine.begin() as connection:
        await connection.execute(text("UPDATE shared.outbox SET due_at = now()"))
    with clock.freeze_at(waiting.expires_at + timedelta(hours=4)):
        assert {"payments.look", "payments.refund"} <= set(await pay.work(database))
    assert (await now(world, waiting)).status == "expired"
    assert (await now(world, refunded)).status == "refunded"
    await pay.all_hold_in(database, melati)
