"""Webhooks over HTTP: an unknown address, a forged one, the same five times at once, late, out of order, not
matching.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from conftest import BASE_DOMAIN, Visitors
from factories import payments as pay
from factories.fake_gateways import (
    FakeGateways,
    SentMessage,
    midtrans_signature,
    run_fake_gateways,
    stripe_headers,
    xendit_headers,
)
from kernel import clock
from kernel.database import Database
from operators.suspend_cooperative import suspend_cooperative
from payments import state_machine
from payments.models import Payment
from payments.retry_stalled import retry_stalled_jobs
from payments.webhook_inbox import MAX_BODY_BYTES
from tenants.registry import REGISTRY, TenantRef
from tenants.session import coop_reader, coop_session, shared_reader, shared_session
from web.dispatch import HostDispatcher

EACH_GATEWAY = pytest.mark.parametrize("method", pay.GATEWAYS)


@pytest.fixture
async def world(database: Database, melati: TenantRef) -> AsyncIterator[FakeGateways]:
    async with run_fake_gateways(database, melati) as opened:
        yield opened


@pytest.fixture
def post(app: HostDispatcher) -> Any:
    async def send(address: str, sent: SentMessage, label: str = "melati") -> int:
        headers, body = sent
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=f"http://{label}.{BASE_DOMAIN}"
        ) as client:
            return (await client.post(address, content=body, headers=headers)).status_code

    return send


async def written(database: Database, *tenants: TenantRef) -> dict[str, int]:
    """Return the row counts of every table of these cooperatives, and of the waiting jobs."""
    found = {}
    for tenant in tenants:
        async with coop_reader(database, tenant) as ro:
            names = await ro.records(
                "SELECT tablename FROM pg_tables WHERE schemaname = $1", tenant.schema_name
            )
            for each in names:
                found[f"{tenant.slug}.{each['tablename']}"] = await ro.value(
                    f"SELECT count(*) FROM {each['tablename']}"
                )
    async with shared_reader(database) as ro:
        found["outbox"] = await ro.value("SELECT count(*) FROM shared.outbox")
    return found


async def load_state(database: Database, tenant: TenantRef, payment: Payment) -> tuple[str, str, str | None]:
    """Return the payment's status, its order's status, and the reason of its open exception."""
    async with coop_reader(database, tenant) as ro:
        row = (
            await ro.records(
                "SELECT p.status, o.status AS of_order, e.reason FROM payments p LEFT JOIN orders o ON "
                "o.id = p.subject_id"
                " LEFT JOIN payment_exceptions e ON e.payment_id = p.id AND e.settled_at IS NULL"
                " WHERE p.reference = $1",
                payment.reference,
            )
        )[0]
    return row["status"], row["of_order"], row["reason"]


async def messages(database: Database, tenant: TenantRef) -> list[str]:
    async with coop_reader(database, tenant) as ro:
        return [row["status"] for row in await ro.records("SELECT status FROM payment_events ORDER BY id")]


# Whose address it is


@EACH_GATEWAY
async def test_d1_an_unknown_address_is_404_and_nothing_is_written_anywhere(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef, mawar: TenantRef, method: str
) -> None:
    """D1: a webhook belongs to the cooperative whose host and address it is sent to, or to none."""
    _, payment = await world.start_order_payment(method)
    sent = await world.pay(payment)
    before = await written(database, melati, mawar)
    address = world.webhook_path(method)
    for wrong in (
        address + "x",
        address[:-1],
        "/webhooks/",
        "/webhooks/billing",
        address.upper(),
        "/webhooks/%00",
        f"{address}/",
        "/webhooks/a/b",
    ):
        assert await post(wrong, sent) == 404, wrong
    assert await post(address, sent, "mawar") == 404  # another cooperative's address at this host
    assert await post(address, sent, "tidakada") in (403, 404)  # nobody's host
    assert await written(database, melati, mawar) == before


@EACH_GATEWAY
async def test_d1_a_message_naming_a_payment_of_another_cooperative_books_nothing_there(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef, mawar: TenantRef, method: str
) -> None:
    """D1: mawar's own provider reports a payment of melati in a valid webhook: mawar does not know it, and
    melati does not change.
    """
    _, payment = await world.start_order_payment(method)
    sent = await world.pay(payment)
    async with coop_session(database, mawar) as db:
        other = await pay.enable_methods(db, method, settings=database.settings)
    before = await written(database, melati)
    assert await post(f"/webhooks/{other[method]}", sent, "mawar") == 200
    await pay.run_due_jobs(database)
    assert await messages(database, mawar) == ["exception"]
    assert await pay.count_postings(database, mawar) == 0
    after = await written(database, melati)
    assert {name: after[name] for name in after if name != "outbox"} == {
        name: before[name] for name in before if name != "outbox"
    }
    assert await load_state(database, melati, payment) == ("awaiting", "placed", None)


# Who has sent it


@EACH_GATEWAY
async def test_a_forged_message_is_400_and_nothing_is_written(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef, method: str
) -> None:
    _, payment = await world.start_order_payment(method)
    sent = await world.pay(payment)
    before = await written(database, melati)
    headers, body = world.forge(method, sent)
    address = world.webhook_path(method)
    assert await post(address, (headers, body)) == 400
    assert await post(address, ({"content-type": "application/json"}, b"{}")) == 400
    assert await post(address, (sent[0], b"")) == 400
    assert await post(address, (sent[0], b"\xff\xfe\x00")) == 400
    if method != "xendit":  # whose token says nothing of the body
        changed = sent[1].replace(b"cs_", b"cz_") if method == "stripe" else sent[1].replace(b'.00"', b'.01"')
        assert changed != sent[1]
        assert await post(address, (sent[0], changed)) == 400
    assert await written(database, melati) == before


async def test_an_old_signature_of_stripe_is_refused(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef
) -> None:
    _, payment = await world.start_order_payment("stripe")
    sent = await world.pay(payment)
    with clock.freeze_at(clock.now() + timedelta(minutes=6)):
        assert await post(world.webhook_path("stripe"), sent) == 400
    assert await messages(database, melati) == []


async def test_a_new_secret_counts_from_the_next_message_on(
    world: FakeGateways, app: HostDispatcher, post: Any, database: Database, melati: TenantRef
) -> None:
    _, payment = await world.start_order_payment("xendit")
    sent = await world.pay(payment)
    address = world.webhook_path("xendit")
    assert await post(address, sent) == 200
    async with coop_session(database, melati) as db:
        fresh = {"secret_key": "xnd_development_tiruan", "callback_token": "token-baru"}
        world.endpoints = await pay.enable_methods(db, "xendit", secrets=fresh, settings=database.settings)
    for _ in range(100):  # the database says so to every process
        if not app.inbox.endpoint_cache:
            break
        await asyncio.sleep(0.02)
    assert await post(address, sent) == 404
    assert await post(world.webhook_path("xendit"), sent) == 400
    assert (
        await post(world.webhook_path("xendit"), (sent[0] | {"x-callback-token": "token-baru"}, sent[1]))
        == 200
    )


# Once


@EACH_GATEWAY
async def test_d2_five_at_once_and_again_later_are_one_row_one_job_one_posting(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef, method: str
) -> None:
    """D2: providers send the same webhook up to a dozen times."""
    _, payment = await world.start_order_payment(method)
    sent = await world.pay(payment)
    assert await asyncio.gather(*(post(world.webhook_path(method), sent) for _ in range(5))) == [200] * 5
    assert await messages(database, melati) == ["received"]
    async with shared_reader(database) as ro:
        assert (
            await ro.value("SELECT count(*) FROM shared.outbox WHERE job = 'payments.process_webhook'") == 1
        )
    assert await load_state(database, melati, payment) == (
        "awaiting",
        "placed",
        None,
    )  # stored is not believed
    await pay.run_due_jobs(database)
    assert await load_state(database, melati, payment) == ("paid", "paid", None)
    assert await post(world.webhook_path(method), sent) == 200
    assert "payments.process_webhook" not in await pay.run_due_jobs(database)
    assert await messages(database, melati) == ["done"]
    assert await pay.count_postings(database, melati) == 1
    await pay.assert_invariants_in(database, melati)


@EACH_GATEWAY
async def test_d13_an_order_is_paid_by_what_the_provider_says_when_asked_and_not_by_a_message(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef, method: str, visitor: Visitors
) -> None:
    """D13: a verified webhook that the provider does not confirm pays nothing, and neither does returning
    from its page.
    """
    _, payment = await world.start_order_payment(method)
    sent = await world.pay(payment)
    if method == "stripe":
        session = world.stripe_objects("checkout.session")[0]
        session.update(status="open", payment_status="unpaid")
    elif method == "midtrans":
        world.midtrans.orders[payment.reference].status = "pending"
    else:
        world.xendit.invoice_of(payment.reference).status = "PENDING"
    assert await post(world.webhook_path(method), sent) == 200
    await pay.run_due_jobs(database)
    await visitor("melati").get(f"/bayar/{payment.reference}?hasil=selesai")
    assert await load_state(database, melati, payment) == ("awaiting", "placed", None)
    assert await pay.count_postings(database, melati) == 0


@EACH_GATEWAY
async def test_a_message_that_was_lost_is_made_good_when_the_payment_would_expire(
    world: FakeGateways, database: Database, melati: TenantRef, method: str
) -> None:
    _, payment = await world.start_order_payment(method)
    await world.pay(payment)
    assert payment.expires_at is not None
    with clock.freeze_at(payment.expires_at + timedelta(minutes=1)):
        assert "payments.sync_status" in await pay.run_due_jobs(database)
    assert await load_state(database, melati, payment) == ("paid", "paid", None)
    await pay.assert_invariants_in(database, melati)


@EACH_GATEWAY
async def test_a_message_that_comes_after_the_end_is_late_money_and_none_is_lost(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef, method: str
) -> None:
    _, payment = await world.start_order_payment(method)
    async with coop_session(database, melati) as db:
        await state_machine.close_unpaid(
            db, await state_machine.lock_payment(db, payment.reference), "expired"
        )
    assert await load_state(database, melati, payment) == ("expired", "cancelled", None)
    sent = await world.pay(payment)
    assert await post(world.webhook_path(method), sent) == 200
    await pay.run_due_jobs(database)
    assert await load_state(database, melati, payment) == ("paid", "paid", None)
    await pay.assert_invariants_in(database, melati)


async def test_messages_out_of_order_come_to_the_same(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef
) -> None:
    _, payment = await world.start_order_payment("midtrans")
    await world.midtrans.choose(payment.reference, "bca_va")
    pending = world.last_message("midtrans")
    sent = await world.pay(payment)
    for each in (sent, pending):
        assert await post(world.webhook_path("midtrans"), each) == 200
        await pay.run_due_jobs(database)
        assert await load_state(database, melati, payment) == ("paid", "paid", None)
    assert await messages(database, melati) == ["done", "done"]
    assert await pay.count_postings(database, melati) == 1


# What does not fit


@EACH_GATEWAY
async def test_a_wrong_amount_is_an_alarm_and_no_posting(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef, method: str
) -> None:
    _, payment = await world.start_order_payment(method)
    sent = await world.pay(payment, amount=payment.amount - 1)
    assert await post(world.webhook_path(method), sent) == 200
    await pay.run_due_jobs(database)
    status, order, exception = await load_state(database, melati, payment)
    assert (status, order) == ("awaiting", "placed")
    # Stripe tells the sum in two places: where they differ its answer is of no use
    assert exception in ("amount", "fault")
    assert await messages(database, melati) == ["exception"]
    assert await pay.count_postings(database, melati) == 0
    assert payment.expires_at is not None
    with clock.freeze_at(payment.expires_at + timedelta(minutes=1)):
        await pay.run_due_jobs(database)
    assert (await load_state(database, melati, payment))[2] == exception
    assert await pay.count_postings(database, melati) == 0


async def test_another_currency_is_an_alarm_and_no_posting(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef
) -> None:
    _, payment = await world.start_order_payment("stripe")
    sent = await world.pay(payment)
    world.stripe.faults.add("answers_currency", times=None, only="*", currency="usd")
    assert await post(world.webhook_path("stripe"), sent) == 200
    await pay.run_due_jobs(database)
    assert await load_state(database, melati, payment) == ("awaiting", "placed", "fault")
    assert await messages(database, melati) == ["exception"]
    assert await pay.count_postings(database, melati) == 0


@EACH_GATEWAY
async def test_a_reference_of_nobody_is_an_alarm(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef, method: str
) -> None:
    _, payment = await world.start_order_payment(method)
    headers, body = await world.pay(payment)
    known, unknown = payment.reference.encode(), b"LBBBBBBBBBBB"
    if method == "stripe":
        body = body.replace(known, unknown)
        headers = stripe_headers(body)
    elif method == "midtrans":
        changed = json.loads(body) | {"order_id": "LBBBBBBBBBBB"}
        body = json.dumps(changed | {"signature_key": midtrans_signature(changed)}).encode()
    else:
        body = body.replace(known, unknown)
    assert await post(world.webhook_path(method), (headers, body)) == 200
    await pay.run_due_jobs(database)
    assert await messages(database, melati) == ["exception"]
    assert await load_state(database, melati, payment) == ("awaiting", "placed", None)


async def test_a_provider_that_does_not_answer_is_asked_again(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef
) -> None:
    _, payment = await world.start_order_payment("xendit")
    sent = await world.pay(payment)
    world.xendit.faults.responses.append("500")
    assert await post(world.webhook_path("xendit"), sent) == 200
    with pytest.raises(Exception, match="broken"):  # the worker tries again
        await pay.run_due_jobs(database)
    assert await messages(database, melati) == ["received"]
    # even when every try has failed: what lies there is taken up on the next day
    async with coop_session(database, melati) as db:
        with clock.freeze_at(clock.now() + timedelta(hours=4)):
            await retry_stalled_jobs(db)
    await pay.run_due_jobs(database)
    assert await messages(database, melati) == ["done"]
    assert await load_state(database, melati, payment) == ("paid", "paid", None)


# Doors


async def test_suspended_and_read_only_cooperatives_still_hear_of_money(
    world: FakeGateways, post: Any, app: HostDispatcher, database: Database, melati: TenantRef
) -> None:
    sent = []
    for _ in range(2):
        _, payment = await world.start_order_payment("xendit")
        sent.append(await world.pay(payment))
    async with shared_session(database) as db:
        await db.execute(text("UPDATE shared.cooperatives SET read_only = true WHERE slug = 'melati'"))
    app.on_change(REGISTRY)
    assert await post(world.webhook_path("xendit"), sent[0]) == 200
    async with shared_session(database) as db:
        await suspend_cooperative(db, "melati", reason="Laporan belum dikirim", by="uji")
    app.on_change(REGISTRY)
    assert await post(world.webhook_path("xendit"), sent[1]) == 200
    await pay.run_due_jobs(database)
    assert await pay.count_postings(database, melati) == 2


async def test_doors_answer_each_kind_of_nonsense(
    world: FakeGateways, post: Any, app: HostDispatcher, database: Database
) -> None:
    address = world.webhook_path("xendit")
    headers = xendit_headers()
    assert await post(address, (headers, b"{" + b" " * MAX_BODY_BYTES)) == 413
    assert await post(address, (headers, b'{"id": "\xff"}')) == 400
    nul = {"id": "a\0b", "external_id": "L1", "status": "PAID"}
    assert await post(address, (headers, json.dumps(nul).encode())) == 400
    assert await post(address, (headers, b"[" * 100_000)) == 400
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"http://melati.{BASE_DOMAIN}"
    ) as client:
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
            assert (await client.request(method, address)).status_code == 405, method


async def test_one_that_cannot_be_kept_spoils_no_other(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef
) -> None:
    sent = []
    for _ in range(3):
        _, payment = await world.start_order_payment("xendit")
        sent.append(await world.pay(payment))
    bad = (xendit_headers(), json.dumps({"id": "a\0b", "external_id": "L1", "status": "PAID"}).encode())
    address = world.webhook_path("xendit")
    answers = await asyncio.gather(*(post(address, each) for each in (sent[0], bad, sent[1], bad, sent[2])))
    assert answers == [200, 400, 200, 400, 200]
    assert await messages(database, melati) == ["received"] * 3


async def test_while_the_database_is_away_the_provider_is_asked_to_come_again(
    world: FakeGateways, post: Any, database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, payment = await world.start_order_payment("xendit")
    sent = await world.pay(payment)
    address = world.webhook_path("xendit")
    # host and address are known now
    assert await post(address, (sent[0] | {"x-callback-token": "x"}, sent[1])) == 400

    with monkeypatch.context() as patch:
        patch.setattr(
            "payments.webhook_inbox.coop_session", lambda *_: (_ for _ in ()).throw(ConnectionRefusedError())
        )
        assert await asyncio.gather(*(post(address, sent) for _ in range(3))) == [503] * 3
    assert await messages(database, melati) == []
    assert await post(address, sent) == 200
    assert await messages(database, melati) == ["received"]
