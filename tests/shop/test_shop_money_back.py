"""The refund that an officer is asked to make is what is left, not the whole order after a partial refund."""

import re

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from conftest import SignedInClient
from factories import payments as pay
from factories.shop import CASHIER, TODAY, VISITOR, get_latest_payment
from kernel.database import Database
from payments import state_machine
from shop import fulfilment
from shop.models import Order
from tenants.registry import TenantRef
from tenants.session import coop_session


async def sold(
    database: Database, tenant: TenantRef, *, given_back: int, handed_over: bool
) -> tuple[int, int]:
    """Return the number of an order of Rp50.000 paid by transfer with this manual refund, and what is left to
    refund.
    """
    async with coop_session(database, tenant) as db:
        await pay.enable_methods(db)
        order, payment = await pay.create_order_payment(db, "bank_transfer", buyer=VISITOR)
        payment = await pay.mark_paid(db, payment)
        if handed_over:
            await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
            payment = await state_machine.lock_payment(db, payment.reference)
            if given_back:
                await pay.issue_refund(db, payment, given_back)
        return order.number, payment.amount - given_back


async def order_of(db: AsyncSession, number: int) -> Order:
    return (await db.execute(select(Order).where(Order.number == number))).scalar_one()


def sentence(page: str) -> str:
    found = re.search(r'<p class="confirm__say">(.*?)</p>', page, re.DOTALL)
    assert found is not None
    return found[1]


def rupiah(amount: int) -> str:
    return f"Rp{amount:,}".replace(",", ".")


async def test_a_return_after_a_part_refund_tells_what_is_left(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    number, left = await sold(database, melati, given_back=20_000, handed_over=True)
    page = (await officer_client.get(f"/pengurus/pesanan/{number}/pengembalian")).text
    assert f"Transfer {rupiah(left)} kepada" in sentence(page)
    assert "Rp50.000" not in sentence(page)
    assert "Sudah dikembalikan" in page
    assert "Rp20.000" in page


async def test_of_two_payments_the_one_that_bought_the_goods_goes_back(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    number, left = await sold(database, melati, given_back=0, handed_over=True)
    async with coop_session(database, melati) as db:
        order = await order_of(db, number)
        await db.execute(
            text(
                "INSERT INTO payments SELECT (jsonb_populate_record(p, jsonb_build_object('id', "
                "uuidv7(), 'reference', 'TWICEPAID', 'key', 'twice',"
                " 'amount', 41000, 'unique_suffix', 0, 'journal', NULL, 'applied_to', 'owed'))).* FROM "
                "payments p "
                "WHERE p.subject_id = :order"
            ),
            {"order": order.id},
        )
    page = (await officer_client.get(f"/pengurus/pesanan/{number}/pengembalian")).text
    assert f"Transfer {rupiah(left)} kepada" in sentence(page)
    assert "Rp41.000" not in sentence(page)


async def test_a_cancellation_tells_what_will_go_back(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    number, left = await sold(database, melati, given_back=0, handed_over=False)
    page = (await officer_client.get(f"/pengurus/pesanan/{number}/pembatalan")).text
    assert f"Transfer {rupiah(left)} kepada" in sentence(page)


async def test_a_return_of_what_went_back_before_asks_for_no_money(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    number, left = await sold(database, melati, given_back=0, handed_over=True)
    async with coop_session(database, melati) as db:
        payment = await get_latest_payment(db, await order_of(db, number))
        payment = await state_machine.lock_payment(db, payment.reference)
        await pay.issue_refund(db, payment, left)
    page = (await officer_client.get(f"/pengurus/pesanan/{number}/pengembalian")).text
    assert "sudah dikembalikan semua" in sentence(page)
    assert "Transfer" not in sentence(page)


async def test_the_question_about_a_transfer_has_one_large_amount_and_explains_the_unique_code(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await pay.enable_methods(db)
        order, payment = await pay.create_order_payment(db, "bank_transfer", buyer=VISITOR)
    page = (await officer_client.get(f"/pengurus/pesanan/{order.number}/pembayaran")).text
    assert f'<p class="confirm__sum">{rupiah(payment.amount)}</p>' in page
    assert re.search(
        rf"Kode unik {rupiah(payment.unique_suffix)} .*{rupiah(payment.amount - payment.unique_suffix)}", page
    )
    assert f"<dd>{rupiah(order.total)}</dd>" not in page  # no second amount beside the question
