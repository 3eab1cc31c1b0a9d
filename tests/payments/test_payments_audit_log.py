"""The audit log says who confirmed payments and refunds; settled exceptions are not reported again."""

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from factories.payment_statuses import create_payment_in_status, enable_methods, top_up_wallet
from factories.payments import list_open_reasons, resolve_exceptions
from factories.shop import CASHIER, TODAY
from kernel.ids import new_id
from kernel.models import AuditEntry
from kernel.money import Rupiah
from payments import events, refund_payment, rules, state_machine
from payments.exceptions_queue import record_exception
from payments.purposes import get_purpose, purposes_for_goods
from shop.fulfilment import hand_over


async def entries(db: AsyncSession, reference: str, action: str) -> list[AuditEntry]:
    statement = select(AuditEntry).where(
        AuditEntry.subject == f"payment:{reference}", AuditEntry.action == action
    )
    return list((await db.execute(statement.order_by(AuditEntry.id))).scalars())


async def test_an_officer_who_confirms_money_is_named_in_the_trail(db: AsyncSession) -> None:
    payment = await top_up_wallet(db, 50_000)
    (settled,) = await entries(db, payment.reference, events.SETTLED)
    assert (settled.actor_kind, settled.actor_name) == ("officer", CASHIER.name)


async def test_who_hands_goods_over_for_cash_is_named_in_the_trail(db: AsyncSession) -> None:
    payment = await create_payment_in_status(db, "awaiting", "cash")
    number = int(payment.label.params["number"])
    await hand_over(db, CASHIER, number, on=TODAY)
    (settled,) = await entries(db, payment.reference, events.SETTLED)
    assert (settled.actor_kind, settled.actor_name) == ("officer", CASHIER.name)


async def test_an_officer_who_brings_a_statement_in_is_named_in_the_trail(db: AsyncSession) -> None:
    await enable_methods(db)
    payment = await create_payment_in_status(db, "awaiting")
    assert await state_machine.settle_by_statement(db, payment, CASHIER, on=TODAY)
    (settled,) = await entries(db, payment.reference, events.SETTLED)
    assert (settled.actor_kind, settled.actor_name) == ("officer", CASHIER.name)


async def test_an_officer_who_gives_money_back_is_named_in_the_trail(db: AsyncSession) -> None:
    payment = await top_up_wallet(db, 50_000)
    key = new_id().hex
    await refund_payment.request_refund(
        db, CASHIER, payment, Rupiah(20_000), "by_hand", "Salah isi", key=key, on=TODAY
    )
    (refunded,) = await entries(db, payment.reference, events.REFUNDED)
    assert (refunded.actor_kind, refunded.actor_name) == ("officer", CASHIER.name)


@pytest.mark.parametrize("exception", ["fault", "amount"])
async def test_an_alarm_is_told_once_for_a_cause_that_lasts_and_again_for_another(
    db: AsyncSession, exception: rules.ExceptionReason
) -> None:
    await enable_methods(db)
    payment = await create_payment_in_status(db, "awaiting")
    for day in range(3):
        assert await record_exception(db, payment, exception, {"said": "kunci ditolak"}) == "exception"
        await db.flush()
        if day == 0:
            await resolve_exceptions(db, payment, "Kuncinya sudah kami minta lagi")
    assert not await list_open_reasons(db, payment)
    assert len(await entries(db, payment.reference, events.EXCEPTION_RAISED)) == 1
    await record_exception(db, payment, exception, {"said": "akun ditutup"})
    await db.flush()
    assert await list_open_reasons(db, payment) == [exception]
    assert len(await entries(db, payment.reference, events.EXCEPTION_RAISED)) == 2


async def test_a_second_refund_that_fails_like_the_first_is_an_alarm_of_its_own(db: AsyncSession) -> None:
    payment = await top_up_wallet(db, 50_000)
    payment.method, payment.provider_reference = "xendit", "x1"
    for attempt in ("satu", "dua"):
        refund = await refund_payment.request_refund(
            db, CASHIER, payment, Rupiah(10_000), "original_method", "Salah isi", key=attempt, on=TODAY
        )
        await refund_payment.fail_refund(db, payment, refund, "saldo kurang")
        await db.flush()
        assert await list_open_reasons(db, payment) == ["refund_failed"]
        await resolve_exceptions(db, payment, "Ditunggu")


def test_what_pays_goods_says_so_itself() -> None:
    assert purposes_for_goods() == ("order",)
    assert not get_purpose("top_up").for_goods
