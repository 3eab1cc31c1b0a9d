"""Repaying kasbon: no more than is owed; an excess belongs to the member."""

from sqlalchemy.ext.asyncio import AsyncSession

from factories import shop
from factories.payment_statuses import grant_kasbon
from factories.shop import CASHIER, TODAY
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from ledger.descriptions import describe
from payments import state_machine
from payments.builtin_purposes import REPAYMENT
from payments.models import Payment
from payments.open_payment import PaymentRequest, open_payment


async def pay_off(db: AsyncSession, amount: int) -> Payment:
    buyer = await shop.get_member_buyer(db)
    assert buyer.member_id is not None
    ask = PaymentRequest(
        purpose=REPAYMENT,
        subject_id=buyer.member_id,
        label=describe("payments.repayment"),
        amount=Rupiah(amount),
        method="bank_transfer",
        payer_name=buyer.name,
        member_id=buyer.member_id,
        key=new_id().hex,
    )
    return await open_payment(db, Actor("member", buyer.name), ask, on=TODAY)


async def test_two_transfers_that_waited_at_once_pay_off_once_and_the_rest_goes_to_the_wallet(
    db: AsyncSession,
) -> None:
    buyer = await shop.get_member_buyer(db)
    assert buyer.member_id is not None
    await grant_kasbon(db, 50_000)
    first, second = await pay_off(db, 50_000), await pay_off(db, 50_000)
    for payment in (first, second):
        await state_machine.confirm_by_officer(db, CASHIER, payment.reference, on=TODAY)
    assert (first.applied_to, second.applied_to) == ("purpose", "wallet")
    assert await ledger_queries.get_balance(db, "1110", buyer.member_id) == 0
    assert await ledger_queries.get_balance(db, "2104", buyer.member_id) == 50_000
