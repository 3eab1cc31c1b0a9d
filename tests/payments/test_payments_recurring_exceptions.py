"""A new problem is reported although a similar older one was settled, and a processing payment releases its
order however it ends.
"""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from factories import payments as pay
from factories.payments import issue_refund, mark_paid
from factories.shop import TODAY, VISITOR
from gateways.protocol import RefundResult
from kernel import clock
from kernel.money import Rupiah
from payments import refund_payment, state_machine
from payments.exceptions_queue import record_exception
from payments.external_refunds import detect_returned_refund
from payments.models import Payment
from shop import fulfilment


async def given_back_by_provider(db: AsyncSession, payment: Payment, amount: int, name: str) -> None:
    refund = await issue_refund(db, payment, amount, "original_method")
    result = RefundResult(status="done", provider_reference=name)
    assert await refund_payment.apply_refund_result(db, payment, refund, result, on=TODAY) == "done"


async def apply_returned_refund(db: AsyncSession, payment: Payment) -> None:
    """Apply the provider's report that nothing was refunded after all."""
    await detect_returned_refund(db, payment, Rupiah(0), requested_at=clock.now() + timedelta(seconds=1))


async def test_a_second_refund_that_a_bank_did_not_take_is_told_after_the_first_was_looked_into(
    db: AsyncSession,
) -> None:
    await pay.enable_methods(db)
    _, payment = await pay.create_order_payment(db, "stripe")
    payment = await mark_paid(db, payment)
    await given_back_by_provider(db, payment, 10_000, "re_1")
    await apply_returned_refund(db, payment)
    assert await pay.list_open_reasons(db, payment) == ["refund_failed"]
    await pay.resolve_exceptions(db, payment, "Diberikan tunai")
    await apply_returned_refund(db, payment)
    assert not await pay.list_open_reasons(db, payment)  # nothing new
    await given_back_by_provider(db, payment, 5_000, "re_2")
    await apply_returned_refund(db, payment)
    assert await pay.list_open_reasons(db, payment) == ["refund_failed"]


async def test_a_refund_that_is_done_does_not_take_away_that_another_one_still_waits(
    db: AsyncSession,
) -> None:
    await pay.enable_methods(db)
    _, payment = await pay.create_order_payment(db, "stripe")
    payment = await mark_paid(db, payment)
    waits = await issue_refund(db, payment, 10_000, "original_method")
    await record_exception(db, payment, "refund_waits", {"refund": str(waits.id)})
    await issue_refund(db, payment, 5_000, "by_hand")
    assert await pay.list_open_reasons(db, payment) == ["refund_waits"]
    await refund_payment.apply_refund_result(
        db, payment, waits, RefundResult(status="done", provider_reference="re_1"), on=TODAY
    )
    assert not await pay.list_open_reasons(db, payment)


@pytest.mark.parametrize("ending", ["cancelled", "failed", "expired"])
async def test_goods_are_free_again_however_money_under_way_ends_after_the_orders_time(
    db: AsyncSession, ending: str
) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "midtrans", buyer=VISITOR)
    payment = await state_machine.lock_payment(db, payment.reference)
    await state_machine.apply_provider_status(
        db, payment, pay.provider_status(payment, "awaiting", processing=True), on=TODAY
    )
    order.expires_at = clock.now() - timedelta(minutes=1)
    await db.flush()
    await fulfilment.expire_order(db, order.id)
    assert order.status == "placed"
    assert (
        await state_machine.apply_provider_status(db, payment, pay.provider_status(payment, ending), on=TODAY)
        == ending
    )
    assert (order.status, order.cancelled_for, payment.processing_since) == ("cancelled", "unpaid", None)
    await pay.assert_invariants(db)
