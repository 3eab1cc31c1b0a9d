"""Who said that money came or went back stands in the trail; and what an officer has looked into is not told
again every day.
"""

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from factories.paying import bring_about, fill_wallet, open_ways
from factories.payments import look_into, open_reasons
from factories.shop import CASHIER, TODAY
from kernel.ids import new_id
from kernel.models import AuditEntry
from kernel.money import Rupiah
from payments import events, machine, refunding, rules
from payments.exceptions import raise_exception
from payments.purposes import purpose_of, purposes_for_goods
from shop.handling import hand_over


async def entries(db: AsyncSession, reference: str, action: str) -> list[AuditEntry]:
    statement = select(AuditEntry).where(
        AuditEntry.subject == f"payment:{reference}", AuditEntry.action == action
    )
    return list((await db.execute(statement.order_by(AuditEntry.id))).scalars())


async def test_an_officer_who_confirms_money_is_named_in_the_trail(db: AsyncSession) -> None:
    payment = await fill_wallet(db, 50_000)
    (settled,) = await entries(db, payment.reference, events.SETTLED)
    assert (settled.actor_kind, settled.actor_name) == ("officer", CASHIER.name)


async def test_who_hands_goods_over_for_cash_is_named_in_the_trail(db: AsyncSession) -> None:
    payment = await bring_about(db, "awaiting", "cash")
    number = int(payment.label.rpartition(" ")[2])
    await hand_over(db, CASHIER, number, on=TODAY)
    (settled,) = await entries(db, payment.reference, events.SETTLED)
    assert (settled.actor_kind, settled.actor_name) == ("officer", CASHIER.name)


async def test_an_officer_who_brings_a_statement_in_is_named_in_the_trail(db: AsyncSession) -> None:
    await open_ways(db)
    payment = await bring_about(db, "awaiting")
    assert await machine.settle_by_statement(db, payment, CASHIER, on=TODAY)
    (settled,) = await entries(db, payment.reference, events.SETTLED)
    assert (settled.actor_kind, settled.actor_name) == ("officer", CASHIER.name)


async def test_an_officer_who_gives_money_back_is_named_in_the_trail(db: AsyncSession) -> None:
    payment = await fill_wallet(db, 50_000)
    key = new_id().hex
    await refunding.ask_refund(
        db, CASHIER, payment, Rupiah(20_000), "by_hand", "Salah isi", key=key, on=TODAY
    )
    (refunded,) = await entries(db, payment.reference, events.REFUNDED)
    assert (refunded.actor_kind, refunded.actor_name) == ("officer", CASHIER.name)


@pytest.mark.parametrize("alarm", ["fault", "amount"])
async def test_an_alarm_is_told_once_for_a_cause_that_lasts_and_again_for_another(
    db: AsyncSession, alarm: rules.Alarm
) -> None:
    await open_ways(db)
    payment = await bring_about(db, "awaiting")
    for day in range(3):
        assert await raise_exception(db, payment, alarm, {"said": "kunci ditolak"}) == "alarm"
        await db.flush()
        if day == 0:
            await look_into(db, payment, "Kuncinya sudah kami minta lagi")
    assert not await open_reasons(db, payment)
    assert len(await entries(db, payment.reference, events.ALARMED)) == 1
    await raise_exception(db, payment, alarm, {"said": "akun ditutup"})
    await db.flush()
    assert await open_reasons(db, payment) == [alarm]
    assert len(await entries(db, payment.reference, events.ALARMED)) == 2


async def test_a_second_refund_that_fails_like_the_first_is_an_alarm_of_its_own(db: AsyncSession) -> None:
    payment = await fill_wallet(db, 50_000)
    payment.way, payment.provider_reference = "xendit", "x1"
    for attempt in ("satu", "dua"):
        refund = await refunding.ask_refund(
            db, CASHIER, payment, Rupiah(10_000), "same_way", "Salah isi", key=attempt, on=TODAY
        )
        await refunding.fail_refund(db, payment, refund, "saldo kurang")
        await db.flush()
        assert await open_reasons(db, payment) == ["refund_failed"]
        await look_into(db, payment, "Ditunggu")


def test_what_pays_goods_says_so_itself() -> None:
    assert purposes_for_goods() == ("order",)
    assert not purpose_of("top_up").for_goods
