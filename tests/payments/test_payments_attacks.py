"""Attacks that once created or destroyed money; each was possible, and is prevented now."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from conftest import Visitors
from factories import payments as pay
from factories.fake_gateways import FakeGateways, run_fake_gateways
from factories.shop import CASHIER, TODAY, VISITOR
from kernel import clock
from kernel.database import Database
from kernel.errors import DomainError
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from payments import issue_refund, provider_calls, queries, state_machine, webhook_inbox
from payments.models import Payment
from shop import fulfilment, order_payments
from shop import queries as orders
from shop.models import Order
from tenants.registry import TenantRef
from tenants.session import coop_session

ORIGIN = "http://melati.localhost"


@pytest.fixture
async def world(database: Database, melati: TenantRef) -> AsyncIterator[FakeGateways]:
    async with run_fake_gateways(database, melati) as opened:
        yield opened


async def ordered(world: FakeGateways, method: str, **more: Any) -> tuple[Order, Payment]:
    async with coop_session(world.database, world.tenant) as db:
        return await pay.create_order_payment(db, method, **more)


async def reasons(world: FakeGateways, payment: Payment) -> list[str]:
    async with coop_session(world.database, world.tenant) as db:
        return await pay.list_open_reasons(db, payment)


async def now(world: FakeGateways, payment: Payment) -> Payment:
    async with coop_session(world.database, world.tenant) as db:
        return await state_machine.lock_payment(db, payment.reference)


async def change(world: FakeGateways, order: Order, method: str, *, after: float) -> None:
    """Choose another payment method, slowly enough for the other change to come in between."""
    async with coop_session(world.database, world.tenant) as db:
        await asyncio.sleep(after)
        await order_payments.change_payment_method(db, CASHIER, order.id, method, on=TODAY)
        await asyncio.sleep(0.3)


async def test_of_two_ways_chosen_at_once_the_order_goes_by_the_one_that_waits_for_its_money(
    world: FakeGateways,
) -> None:
    """Else it is handed over as if for cash, while its payment is a transfer: the sale eats the advance of
    another customer.
    """
    order, _ = await ordered(world, "qris")
    async with coop_session(world.database, world.tenant) as db:
        _, another = await pay.create_order_payment(db, "qris")
        await pay.mark_paid(db, another)
    await asyncio.gather(
        change(world, order, "bank_transfer", after=0), change(world, order, "cash", after=0.1)
    )
    async with coop_session(world.database, world.tenant) as db:
        waiting = [
            each
            for each in await queries.list_subject_payments_for_update(db, "order", order.id)
            if each.status == "awaiting"
        ]
        found = await orders.find_order_for_update(db, order.id)
        assert found is not None
        assert [each.method for each in waiting] == [found.payment_method] == ["cash"]
    async with coop_session(world.database, world.tenant) as db:
        before = await ledger_queries.get_balance(db, "1101")
        await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
        assert await ledger_queries.get_balance(db, "1101") - before == order.total
    await pay.assert_invariants_in(world.database, world.tenant)


async def test_handed_over_while_cash_is_chosen_the_cash_is_in_the_drawer(world: FakeGateways) -> None:
    order, _ = await ordered(world, "cash")
    await change(world, order, "qris", after=0)

    async def hand_over() -> str:
        await asyncio.sleep(0.1)
        try:
            async with coop_session(world.database, world.tenant) as db:
                await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
        except DomainError as error:
            return error.code
        return "done"

    async with coop_session(world.database, world.tenant) as db:
        before = await ledger_queries.get_balance(db, "1101")
    _, answer = await asyncio.gather(change(world, order, "cash", after=0), hand_over())
    assert answer == "done"
    async with coop_session(world.database, world.tenant) as db:
        assert await ledger_queries.get_balance(db, "1101") - before == order.total
    await pay.assert_invariants_in(world.database, world.tenant)


async def test_choosing_another_way_again_and_again_does_not_keep_the_goods_for_ever(
    world: FakeGateways,
) -> None:
    order, _ = await ordered(world, "qris", buyer=VISITOR)
    latest = order.placed_at + order_payments.CASH_PAYMENT_WINDOW
    for day in range(1, 9):
        with clock.freeze_at(min(order.placed_at + day * (order_payments.CASH_PAYMENT_WINDOW / 8), latest)):
            async with coop_session(world.database, world.tenant) as db:
                await order_payments.change_payment_method(
                    db, CASHIER, order.id, ("bank_transfer", "qris")[day % 2], on=TODAY
                )
                found = await orders.find_order_for_update(db, order.id)
                assert found is not None
                assert found.expires_at is not None
                assert found.expires_at <= latest


async def _filled(world: FakeGateways, method: str = "xendit") -> Payment:
    """A wallet filled through a gateway."""
    async with coop_session(world.database, world.tenant) as db:
        payment = await pay.open_member_payment(db, "top_up", method, 100_000)
    payment = await provider_calls.start_payment(
        world.database, world.tenant, payment.reference, origin=ORIGIN
    )
    await world.pay(payment)
    assert await provider_calls.sync_status(world.database, world.tenant, payment.reference) == "settled"
    return payment


async def _back(world: FakeGateways, payment: Payment, amount: int, key: str) -> str:
    try:
        async with coop_session(world.database, world.tenant) as db:
            refund = await issue_refund.issue_refund(
                db, CASHIER, payment.reference, Rupiah(amount), "original_method", "Salah", key=key, on=TODAY
            )
            return refund.status
    except DomainError as error:
        return error.code


async def test_what_was_filled_into_a_wallet_and_spent_is_not_given_back_by_the_provider(
    world: FakeGateways,
) -> None:
    payment = await _filled(world)
    await ordered(world, "wallet", price=50_000)
    assert await _back(world, payment, 60_000, "a") == "payments.refund_wallet_spent"
    assert await _back(world, payment, 50_000, "b") == "pending"
    # the other is under way
    assert await _back(world, payment, 10_000, "c") == "payments.refund_wallet_spent"
    await pay.run_due_jobs(world.database)
    assert [each["amount"] for each in world.xendit.refunds.values()] == [50_000]
    await pay.assert_invariants_in(world.database, world.tenant)


async def test_a_wallet_spent_before_the_provider_is_asked_is_not_given_back(world: FakeGateways) -> None:
    payment = await _filled(world)
    assert await _back(world, payment, 100_000, "a") == "pending"
    await ordered(world, "wallet", price=50_000)
    await pay.run_due_jobs(world.database)
    assert not world.xendit.refunds
    assert (await now(world, payment)).status == "paid"
    assert await reasons(world, payment) == ["refund_failed"]
    await pay.assert_invariants_in(world.database, world.tenant)


async def test_what_test_keys_call_paid_is_no_real_money(world: FakeGateways) -> None:
    """Live keys are replaced by test keys while a buyer has a payment open that was created with the live
    keys.
    """
    async with coop_session(world.database, world.tenant) as db:
        await pay.enable_methods(db, "xendit", settings=world.database.settings, live=True)
        opened = [(await pay.create_order_payment(db, "xendit", buyer=VISITOR))[1] for _ in range(2)]
    begun = await provider_calls.start_payment(
        world.database, world.tenant, opened[0].reference, origin=ORIGIN
    )
    async with coop_session(world.database, world.tenant) as db:
        row = await queries.get_method_for_update(db, "xendit")
        assert row is not None
        row.live = False
    with pytest.raises(DomainError) as refused:
        await provider_calls.start_payment(world.database, world.tenant, opened[1].reference, origin=ORIGIN)
    assert refused.value.code == "payments.keys_changed"
    await world.pay(begun)
    assert await provider_calls.sync_status(world.database, world.tenant, begun.reference) == "exception"
    assert (await now(world, begun)).status == "awaiting"
    assert await reasons(world, begun) == ["fault"]
    await pay.assert_invariants_in(world.database, world.tenant)


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 40_000], ids=["lists", "objects"])
@pytest.mark.parametrize("method", pay.GATEWAYS)
async def test_a_message_nested_without_end_is_no_fault_of_ours(
    world: FakeGateways, visitor: Visitors, method: str, body: bytes
) -> None:
    headers = {"x-callback-token": "token-tiruan"} if method == "xendit" else {}
    assert (
        await visitor("melati").post(world.webhook_path(method), content=body, headers=headers)
    ).status_code == 400


async def test_the_same_messages_stored_at_once_in_other_orders_wait_for_each_other_and_no_more(
    world: FakeGateways,
) -> None:
    """Providers resend what was not answered, in any order, and each process stores many at once."""

    async def store(names: list[str]) -> None:
        rows = [
            {"method": "xendit", "event_id": name, "kind": "k", "object_type": "nothing", "body": "{}"}
            for name in names
        ]
        async with coop_session(world.database, world.tenant) as db:
            await db.execute(webhook_inbox._STORE, {"events": rows})

    for attempt in range(10):
        names = [f"{attempt}-{at}" for at in range(400)]
        await asyncio.gather(store(names), store(names[::-1]), store(names), store(names[::-1]))
