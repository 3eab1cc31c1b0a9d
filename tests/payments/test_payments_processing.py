"""Payments that are processing at a bank: nothing closes or replaces them until they are paid or failed."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from conftest import Visitors
from factories import payments as pay
from factories.fake_gateways import run_fake_gateways
from factories.shop import CASHIER, TODAY, VISITOR
from kernel import clock
from kernel.database import Database
from kernel.errors import DomainError
from payments import provider_calls, state_machine
from payments.models import Payment
from payments.rules import ProcessingOutcome
from shop import fulfilment, order_payments, queries
from shop.models import Order
from tenants.registry import TenantRef
from tenants.session import coop_session


async def sent(db: AsyncSession) -> tuple[Order, Payment]:
    """An order whose buyer has paid by bank, and whose payment is processing."""
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "stripe", buyer=VISITOR)
    payment = await state_machine.lock_payment(db, payment.reference)
    await apply_provider_status(db, payment, "awaiting", processing=True)
    assert payment.processing_since is not None
    return order, payment


async def apply_provider_status(
    db: AsyncSession, payment: Payment, state: str, *, processing: bool = False
) -> ProcessingOutcome:
    return await state_machine.apply_provider_status(
        db, payment, pay.provider_status(payment, state, processing=processing), on=TODAY
    )


async def expire_order(db: AsyncSession, order: Order) -> None:
    order.expires_at = clock.now() - timedelta(minutes=1)
    await db.flush()
    await fulfilment.expire_order(db, order.id)


@pytest.mark.parametrize("method", ["cash", "bank_transfer"])
async def test_no_other_way_is_chosen_while_money_is_under_way(db: AsyncSession, method: str) -> None:
    order, payment = await sent(db)
    with pytest.raises(DomainError) as error:
        await order_payments.change_payment_method(db, CASHIER, order.id, method, on=TODAY)
    assert error.value.code == "payments.under_way"
    assert (order.payment_method, payment.status) == ("stripe", "awaiting")


async def test_it_is_told_once_since_when_money_is_under_way(db: AsyncSession) -> None:
    _, payment = await sent(db)
    since = payment.processing_since
    await apply_provider_status(db, payment, "awaiting", processing=True)
    assert payment.processing_since == since


async def test_an_order_outlasts_its_time_while_money_is_under_way_and_is_paid_by_it(
    db: AsyncSession,
) -> None:
    order, payment = await sent(db)
    await expire_order(db, order)
    assert (order.status, payment.status) == ("placed", "awaiting")
    assert await apply_provider_status(db, payment, "paid") == "settled"
    assert (order.status, payment.late, payment.processing_since) == ("paid", False, None)
    await pay.assert_invariants(db)


async def test_money_that_fails_after_the_orders_time_calls_it_off(db: AsyncSession) -> None:
    order, payment = await sent(db)
    await expire_order(db, order)
    assert await apply_provider_status(db, payment, "failed") == "failed"
    assert (order.status, order.cancelled_for, payment.processing_since) == ("cancelled", "unpaid", None)
    await pay.assert_invariants(db)


async def test_money_that_fails_within_the_orders_time_lets_the_buyer_choose_again(db: AsyncSession) -> None:
    order, payment = await sent(db)
    await apply_provider_status(db, payment, "failed")
    assert order.status == "placed"
    opened = await order_payments.change_payment_method(db, CASHIER, order.id, "cash", on=TODAY)
    assert (opened.method, opened.status) == ("cash", "awaiting")


async def test_the_page_of_other_ways_leads_to_the_payment_while_money_is_under_way(
    visitor: Visitors, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        order, payment = await sent(db)
    client = visitor("melati")
    shown = await client.get(f"/bayar/{payment.reference}")
    assert "Uang Anda sedang di jalan" in shown.text
    assert "cara-bayar" not in shown.text
    key = shown.text.partition("?kunci=")[2].partition('"')[0]
    answer = await client.get(f"/pesanan/{order.number}/cara-bayar?kunci={key}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/bayar/{payment.reference}")


async def test_a_bank_transfer_by_stripe_outlasts_its_page_until_it_came(
    database: Database, melati: TenantRef
) -> None:
    async with run_fake_gateways(database, melati) as world:
        order, payment = await world.start_order_payment("stripe")
        provider_reference = str(payment.provider_reference)
        await world.stripe.complete(provider_reference, "async")
        async with coop_session(database, melati) as db:
            (await state_machine.lock_payment(db, payment.reference)).expires_at = clock.now() - timedelta(
                minutes=1
            )
        assert await provider_calls.sync_status(database, melati, payment.reference) == "awaiting"
        async with coop_session(database, melati) as db:
            waiting = await state_machine.lock_payment(db, payment.reference)
            assert (waiting.status, waiting.processing_since is not None) == ("awaiting", True)
        await world.stripe.money_arrives(provider_reference)
        assert await provider_calls.sync_status(database, melati, payment.reference) == "settled"
    async with coop_session(database, melati) as db:
        now = await queries.find_order_for_update(db, order.id)
        assert now is not None
        assert now.status == "paid"
        await pay.assert_invariants(db)
