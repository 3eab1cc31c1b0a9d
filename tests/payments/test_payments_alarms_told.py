"""A new problem is told although an older one like it was looked into, and money under way lets go of its
order however it ends.
"""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from factories import payments as pay
from factories.payments import give_back, paid
from factories.shop import TODAY, VISITOR
from kernel import clock
from kernel.money import Rupiah
from payments import machine, refunding
from payments.exceptions import raise_exception
from payments.models import Payment
from payments.provider import Refunded
from payments.refund_hearing import hear_sent_back
from shop import handling


async def given_back_by_provider(db: AsyncSession, payment: Payment, amount: int, name: str) -> None:
    refund = await give_back(db, payment, amount, "same_way")
    said = Refunded(state="done", provider_reference=name)
    assert await refunding.hear_refund(db, payment, refund, said, on=TODAY) == "done"


async def heard_sent_back(db: AsyncSession, payment: Payment) -> None:
    """The provider says that none of it went back after all."""
    await hear_sent_back(db, payment, Rupiah(0), asked_at=clock.now() + timedelta(seconds=1))


async def test_a_second_refund_that_a_bank_did_not_take_is_told_after_the_first_was_looked_into(
    db: AsyncSession,
) -> None:
    await pay.switch_on(db)
    _, payment = await pay.ordered(db, "stripe")
    payment = await paid(db, payment)
    await given_back_by_provider(db, payment, 10_000, "re_1")
    await heard_sent_back(db, payment)
    assert await pay.open_reasons(db, payment) == ["refund_failed"]
    await pay.look_into(db, payment, "Diberikan tunai")
    await heard_sent_back(db, payment)
    assert not await pay.open_reasons(db, payment)  # nothing new
    await given_back_by_provider(db, payment, 5_000, "re_2")
    await heard_sent_back(db, payment)
    assert await pay.open_reasons(db, payment) == ["refund_failed"]


async def test_a_refund_that_is_done_does_not_take_away_that_another_one_still_waits(
    db: AsyncSession,
) -> None:
    await pay.switch_on(db)
    _, payment = await pay.ordered(db, "stripe")
    payment = await paid(db, payment)
    waits = await give_back(db, payment, 10_000, "same_way")
    await raise_exception(db, payment, "refund_waits", {"refund": str(waits.id)})
    await give_back(db, payment, 5_000, "by_hand")
    assert await pay.open_reasons(db, payment) == ["refund_waits"]
    await refunding.hear_refund(
        db, payment, waits, Refunded(state="done", provider_reference="re_1"), on=TODAY
    )
    assert not await pay.open_reasons(db, payment)


@pytest.mark.parametrize("ending", ["cancelled", "failed", "expired"])
async def test_goods_are_free_again_however_money_under_way_ends_after_the_orders_time(
    db: AsyncSession, ending: str
) -> None:
    await pay.switch_on(db)
    order, payment = await pay.ordered(db, "midtrans", buyer=VISITOR)
    payment = await machine.locked(db, payment.reference)
    await machine.hear(db, payment, pay.told(payment, "awaiting", under_way=True), on=TODAY)
    order.expires_at = clock.now() - timedelta(minutes=1)
    await db.flush()
    await handling.expire_order(db, order.id)
    assert order.status == "placed"
    assert await machine.hear(db, payment, pay.told(payment, ending), on=TODAY) == ending
    assert (order.status, order.cancelled_for, payment.under_way_since) == ("cancelled", "unpaid", None)
    await pay.all_hold(db)
