"""Jobs of payments: processing a stored webhook, and making a refund at its provider."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from factories import payments as pay
from factories.fake_gateways import FakeGateways, SentMessage, run_fake_gateways
from factories.shop import CASHIER, TODAY
from fakes.fake_stripe.refunds import fail
from gateways.protocol import ProviderError
from kernel import clock
from kernel.database import Database
from kernel.ids import new_id
from kernel.money import Rupiah
from payments import process_webhooks, queries, refund_payment, state_machine
from payments.models import Payment
from payments.webhook_inbox import UnknownEndpoint, WebhookInbox
from shop import fulfilment
from shop.models import Order
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session, shared_reader
from tenants.worker import run_job

EACH_GATEWAY = pytest.mark.parametrize("method", pay.GATEWAYS)


@pytest.fixture
async def world(database: Database, melati: TenantRef) -> AsyncIterator[FakeGateways]:
    async with run_fake_gateways(database, melati) as opened:
        yield opened


async def receive_webhook(world: FakeGateways, method: str, sent: SentMessage) -> None:
    """Store a webhook and process it."""
    headers, body = sent
    lower = {name.lower(): value for name, value in headers.items()}
    await WebhookInbox(world.database).receive(world.tenant, world.endpoints[method], lower, body)
    await pay.run_due_jobs(world.database)


async def test_a_burst_at_a_process_that_has_just_started_is_stored_whole(world: FakeGateways) -> None:
    """One read of the endpoint's account serves all of them; each on its own connection would be refused."""
    inbox = WebhookInbox(world.database)
    headers = {"x-callback-token": "token-tiruan", "content-type": "application/json"}
    bodies = [
        json.dumps(
            {"id": f"burst-{at}", "external_id": f"L{at}", "status": "PAID", "amount": 50_000}
        ).encode()
        for at in range(400)
    ]
    endpoint = world.endpoints["xendit"]
    received = await asyncio.gather(
        *(inbox.receive(world.tenant, endpoint, headers, body) for body in bodies), return_exceptions=True
    )
    assert [each for each in received if isinstance(each, BaseException)] == []
    async with coop_reader(world.database, world.tenant) as ro:
        assert await ro.value("SELECT count(*) FROM payment_events WHERE event_id LIKE '%burst-%'") == 400


async def test_unknown_addresses_cost_one_read_for_all_of_them(world: FakeGateways) -> None:
    """Anybody may post to addresses that do not exist; the cooperative's connections are for its members."""
    inbox = WebhookInbox(world.database)
    answers = await asyncio.gather(
        *(inbox.receive(world.tenant, f"u{at}", {}, b"{}") for at in range(500)), return_exceptions=True
    )
    assert {type(each) for each in answers} == {UnknownEndpoint}  # none was refused a connection
    assert inbox.lookups == {}
    assert inbox.account_cache == {}


async def paid(world: FakeGateways, method: str) -> tuple[Order, Payment]:
    order, payment = await world.start_order_payment(method)
    await receive_webhook(world, method, await world.pay(payment))
    return order, payment


async def now(world: FakeGateways, payment: Payment) -> Payment:
    async with coop_session(world.database, world.tenant) as db:
        return await state_machine.lock_payment(db, payment.reference)


async def reasons(world: FakeGateways, payment: Payment) -> list[str]:
    async with coop_session(world.database, world.tenant) as db:
        return await pay.list_open_reasons(db, payment)


async def refund_states(world: FakeGateways, payment: Payment) -> list[tuple[str, int]]:
    async with coop_session(world.database, world.tenant) as db:
        return [(each.status, each.amount) for each in await queries.list_refunds(db, payment.id)]


async def order_status(world: FakeGateways, order: Order) -> str:
    async with coop_reader(world.database, world.tenant) as ro:
        return str(await ro.value("SELECT status FROM orders WHERE id = $1", order.id))


def given_back(world: FakeGateways, payment: Payment) -> int:
    """Return what the provider has refunded of a payment, by its own records."""
    if payment.method == "midtrans":
        return world.midtrans.orders[payment.reference].refunded
    if payment.method == "xendit":
        return sum(each["amount"] for each in world.xendit.refunds.values() if each["status"] == "SUCCEEDED")
    return (
        sum(each["amount"] for each in world.stripe_objects("refund") if each["status"] == "succeeded") // 100
    )


# Refunds, asked for by us


@EACH_GATEWAY
async def test_a_cancelled_order_is_given_back_at_the_provider_once(
    world: FakeGateways, database: Database, melati: TenantRef, method: str
) -> None:
    order, payment = await paid(world, method)
    async with coop_session(database, melati) as db:
        await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    await pay.run_due_jobs(database)
    assert ((await now(world, payment)).status, given_back(world, payment)) == ("refunded", 49_000)
    assert await refund_states(world, payment) == [("done", 49_000)]
    if method != "stripe":
        await receive_webhook(world, method, world.last_message(method))
    assert await refund_states(world, payment) == [("done", 49_000)]
    await pay.assert_invariants_in(database, melati)


@EACH_GATEWAY
async def test_a_refund_whose_answer_was_lost_is_done_once(
    world: FakeGateways, database: Database, melati: TenantRef, method: str
) -> None:
    """Asked again with the same key, the provider refunds nothing a second time."""
    _, payment = await paid(world, method)
    async with coop_session(database, melati) as db:
        payment = await state_machine.lock_payment(db, payment.reference)
        refund = await refund_payment.request_refund(
            db, CASHIER, payment, Rupiah(9_000), "original_method", "Kurang", key="satu", on=TODAY
        )
    key = f"payments.refund:{refund.id}"
    original = process_webhooks.coop_session
    calls = 0

    def breaking(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConnectionResetError
        return original(*args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_webhooks, "coop_session", breaking)
        with pytest.raises(ConnectionResetError):
            await process_webhooks.execute_refund(database, melati, key, refund.id)
    assert await refund_states(world, payment) == [("pending", 9_000)]
    for _ in range(3):
        await process_webhooks.execute_refund(database, melati, key, refund.id)
    assert await refund_states(world, payment) == [("done", 9_000)]
    assert given_back(world, payment) == 9_000
    await pay.run_due_jobs(database)
    await pay.assert_invariants_in(database, melati)


async def test_a_pending_refund_is_asked_after_until_it_is_done(
    world: FakeGateways, database: Database, melati: TenantRef
) -> None:
    order, payment = await paid(world, "xendit")
    world.xendit.refund_outcome = "PENDING"
    async with coop_session(database, melati) as db:
        await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    await pay.run_due_jobs(database)
    assert await refund_states(world, payment) == [("pending", 49_000)]
    asked = await pay.run_due_jobs(database, ahead=timedelta(minutes=20))
    assert 2 <= asked.count("payments.refund") <= 5
    refund_id = next(iter(world.xendit.refunds))
    await world.xendit.settle_refund(refund_id)
    await receive_webhook(world, "xendit", world.last_message("xendit"))
    assert await refund_states(world, payment) == [("done", 49_000)]
    await pay.run_due_jobs(database, ahead=timedelta(days=1))
    assert (await now(world, payment)).status == "refunded"
    await pay.assert_invariants_in(database, melati)


async def test_a_refund_that_takes_more_than_a_fortnight_goes_on_the_work_list(
    world: FakeGateways, database: Database, melati: TenantRef
) -> None:
    order, payment = await paid(world, "xendit")
    world.xendit.refund_outcome = "PENDING"
    async with coop_session(database, melati) as db:
        await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    start = clock.now()
    await pay.run_due_jobs(database)
    async with coop_session(database, melati) as db:
        refund = (await queries.list_refunds(db, payment.id))[0]
    for asked in range(1, process_webhooks.MAX_ATTEMPTS):
        await process_webhooks.execute_refund(
            database, melati, f"asked {asked} times", refund.id, attempt=asked
        )
    assert not await reasons(world, payment)
    async with shared_reader(database) as ro:
        last = await ro.value("SELECT max(due_at) FROM shared.outbox WHERE job = 'payments.refund'")
    assert timedelta(hours=11) < last - start < timedelta(hours=13)
    for _ in range(2):
        await process_webhooks.execute_refund(
            database, melati, new_id().hex, refund.id, attempt=process_webhooks.MAX_ATTEMPTS
        )
    assert await reasons(world, payment) == ["refund_waits"]
    assert await refund_states(world, payment) == [("pending", 49_000)]


async def test_a_refund_that_the_provider_declines_goes_on_the_work_list(
    world: FakeGateways, database: Database, melati: TenantRef
) -> None:
    order, payment = await world.start_order_payment("xendit")
    await world.xendit.pay(payment.provider_reference or "", "BCA")  # virtual accounts give nothing back
    await receive_webhook(world, "xendit", world.last_message("xendit"))
    async with coop_session(database, melati) as db:
        await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    await pay.run_due_jobs(database)
    found = await now(world, payment)
    assert (found.status, await reasons(world, payment)) == ("paid", ["refund_failed"])
    assert await refund_states(world, payment) == [("failed", 49_000)]
    await pay.assert_invariants_in(database, melati)


# Refunds, made there


@EACH_GATEWAY
async def test_a_refund_made_at_the_provider_is_heard_and_calls_the_order_off(
    world: FakeGateways, database: Database, melati: TenantRef, method: str
) -> None:
    order, payment = await paid(world, method)
    sent = await world.refund_at_provider(payment, 49_000)
    await receive_webhook(world, method, sent)
    assert (await now(world, payment)).status == "refunded"
    assert await order_status(world, order) == "cancelled"
    await receive_webhook(world, method, sent)
    assert await refund_states(world, payment) == [("done", 49_000)]
    await pay.assert_invariants_in(database, melati)


async def test_a_refund_that_came_back_from_the_buyers_bank_goes_on_the_work_list(
    world: FakeGateways, database: Database, melati: TenantRef
) -> None:
    order, payment = await paid(world, "stripe")
    async with coop_session(database, melati) as db:
        await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    await pay.run_due_jobs(database)
    assert (await now(world, payment)).status == "refunded"
    fail(world.stripe.world, "acct_standin_melati", world.stripe_objects("refund")[0])
    await world.stripe.settle()
    await receive_webhook(world, "stripe", world.last_message("stripe", "refund.failed"))
    found = await now(world, payment)
    assert (found.status, await reasons(world, payment)) == ("refunded", ["refund_failed"])
    await pay.assert_invariants_in(database, melati)


# Messages


async def test_a_message_about_nothing_of_ours_is_kept_and_no_more(
    world: FakeGateways, database: Database, melati: TenantRef
) -> None:
    body = b'{"event": "account.updated", "created": "2026-06-15T00:00:00Z", "data": {}}'
    await receive_webhook(world, "xendit", ({"x-callback-token": "token-tiruan"}, body))
    async with coop_reader(database, melati) as ro:
        rows = await ro.records("SELECT status, outcome, body FROM payment_events")
    assert [(row["status"], row["outcome"], row["body"]) for row in rows] == [("done", "nothing", body)]
    assert await pay.count_postings(database, melati) == 0


async def test_a_job_done_twice_or_of_a_message_that_is_not_there_changes_nothing(
    world: FakeGateways, database: Database, melati: TenantRef
) -> None:
    _, payment = await paid(world, "midtrans")
    async with coop_reader(database, melati) as ro:
        event = await ro.value("SELECT id FROM payment_events")
    for number in (event, event + 1):
        await run_job(
            database, melati.schema_name, "payments.process_webhook", f"again:{number}", {"event": number}
        )
    await run_job(database, melati.schema_name, "payments.sync_status", "look", {"reference": "LTIDAKADA000"})
    await run_job(
        database, melati.schema_name, "payments.sync_status", "look-2", {"reference": payment.reference}
    )
    assert await pay.count_postings(database, melati) == 1
    await pay.assert_invariants_in(database, melati)


@EACH_GATEWAY
async def test_a_silent_provider_changes_nothing_and_is_asked_again(
    world: FakeGateways, database: Database, melati: TenantRef, method: str
) -> None:
    _, payment = await world.start_order_payment(method)
    await world.pay(payment)
    if method == "stripe":
        world.stripe.faults.add("error_500", times=None, only="GET *")
    else:
        (world.midtrans if method == "midtrans" else world.xendit).faults.responses.append("429")
    arguments = {"reference": payment.reference}
    with pytest.raises(ProviderError) as fault:
        await run_job(database, melati.schema_name, "payments.sync_status", "look", arguments)
    assert fault.value.transient
    world.stripe.faults.clear()
    await run_job(database, melati.schema_name, "payments.sync_status", "look", arguments)
    assert (await now(world, payment)).status == "paid"


async def test_what_a_job_gave_up_on_is_taken_up_the_next_day(
    world: FakeGateways, database: Database, melati: TenantRef
) -> None:
    """A payment whose status checks failed for hours, and a refund that nobody asks about any more."""
    _, waiting = await world.start_order_payment("xendit")
    order, refunded = await paid(world, "xendit")
    async with coop_session(database, melati) as db:
        await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    async with database.owner_engine.begin() as connection:  # as if all of their jobs had failed for good
        await connection.execute(text("DELETE FROM shared.outbox"))
    assert waiting.expires_at is not None
    with clock.freeze_at(waiting.expires_at + timedelta(hours=4)):
        world.xendit.clock_offset = timedelta(days=2)
        await run_job(database, melati.schema_name, "payments.retry_stalled", "besok", {})
    async with database.owner_engine.begin() as connection:
        await connection.execute(text("UPDATE shared.outbox SET due_at = now()"))
    with clock.freeze_at(waiting.expires_at + timedelta(hours=4)):
        assert {"payments.sync_status", "payments.refund"} <= set(await pay.run_due_jobs(database))
    assert (await now(world, waiting)).status == "expired"
    assert (await now(world, refunded)).status == "refunded"
    await pay.assert_invariants_in(database, melati)
