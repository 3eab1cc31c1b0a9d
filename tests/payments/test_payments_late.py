"""Money that comes late, twice or with another amount is booked where it belongs, or is an exception.

None is lost.
"""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from factories import payments as pay
from factories import shop
from factories.payments import mark_paid
from factories.shop import CASHIER, TODAY, VISITOR
from governance.rules import PAYMENT_METHOD_NAMES
from kernel import clock
from kernel.database import Reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from payments import state_machine
from payments.models import Payment
from shop import fulfilment, order_payments, rules
from shop.models import Order


async def refused(code: str, doing: Awaitable[object]) -> None:
    with pytest.raises(DomainError) as error:
        await doing
    assert error.value.code == code


async def expired(db: AsyncSession, method: str, *, of_member: bool, stock: int = 1) -> tuple[Order, Payment]:
    buyer = await shop.get_member_buyer(db) if of_member else VISITOR
    order, payment = await pay.create_order_payment(db, method, buyer=buyer, stock=stock)
    payment = await state_machine.lock_payment(db, payment.reference)
    await state_machine.close_unpaid(db, payment, "expired")
    assert (order.status, order.cancelled_for) == ("cancelled", "unpaid")
    return order, payment


@pytest.mark.parametrize("method", ["bank_transfer", "qris", "stripe", "midtrans", "xendit"])
async def test_late_money_takes_the_order_up_again_while_its_goods_are_there(
    db: AsyncSession, method: str
) -> None:
    await pay.enable_methods(db)
    order, payment = await expired(db, method, of_member=False)
    await mark_paid(db, payment)
    assert (payment.status, payment.late, payment.applied_to) == ("paid", True, "purpose")
    assert (order.status, order.cancelled_for, order.cancelled_at) == ("paid", None, None)
    await pay.assert_invariants(db)
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    await pay.assert_invariants(db)


@pytest.mark.parametrize(("of_member", "account"), [(True, "2104"), (False, "2105")])
async def test_late_money_whose_goods_are_gone_is_the_payers(
    db: AsyncSession, of_member: bool, account: str
) -> None:
    await pay.enable_methods(db, transfer_suffix="none")
    order, payment = await expired(db, "stripe", of_member=of_member)
    item = (await fulfilment.queries.get_order_quantities(db, order.id)).popitem()[0]
    await pay.create_order_payment(
        db, "cash", buyer=VISITOR, product_id=item
    )  # somebody else took the last piece
    await mark_paid(db, payment)
    assert (order.status, payment.status, payment.late) == ("cancelled", "paid", True)
    assert payment.applied_to == ("wallet" if of_member else "owed")
    assert await pay.journal_lines(db, f"payment:{payment.id}") == [
        ("1105", payment.amount, 0),
        (account, 0, payment.amount),
    ]
    await pay.assert_invariants(db)
    await pay.issue_refund(db, payment, payment.amount)
    assert await pay.last_journal_lines(db) == [(account, payment.amount, 0), ("1102", 0, payment.amount)]
    await pay.assert_invariants(db)


async def test_money_for_an_order_that_an_officer_called_off_is_the_payers(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "xendit")
    await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    assert payment.status == "cancelled"
    await mark_paid(db, payment)
    assert (order.status, payment.status, payment.applied_to, payment.late) == (
        "cancelled",
        "paid",
        "wallet",
        True,
    )
    await pay.assert_invariants(db)


async def test_no_words_of_an_officer_take_an_order_up_again(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "xendit")
    await fulfilment.cancel_order(db, CASHIER, order.number, rules.NOT_PAID_IN_TIME.localize("id"), on=TODAY)
    await mark_paid(db, payment)
    assert (order.status, order.cancelled_for, payment.applied_to) == ("cancelled", "officer", "wallet")
    await pay.assert_invariants(db)


async def test_of_two_payments_of_one_order_the_second_fills_the_wallet(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, first = await pay.create_order_payment(db, "bank_transfer")
    second = await order_payments.change_payment_method(db, CASHIER, order.id, "stripe", on=TODAY)
    first = await state_machine.lock_payment(db, first.reference)
    assert (first.status, second.status) == ("cancelled", "awaiting")
    await mark_paid(db, first)  # the transfer had been sent before the change of mind
    assert (order.status, order.payment_method, first.applied_to) == ("paid", "bank_transfer", "purpose")
    await mark_paid(db, second)
    assert (second.applied_to, second.late) == ("wallet", False)
    await pay.assert_invariants(db)
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    await pay.assert_invariants(db)


async def test_once_an_order_is_paid_nobody_is_asked_to_pay_it_again(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, first = await pay.create_order_payment(db, "bank_transfer")
    second = await order_payments.change_payment_method(db, CASHIER, order.id, "cash", on=TODAY)
    assert second.expires_at is None
    await mark_paid(db, first)
    await fulfilment.cancel_other_payments(db, order.id)
    assert ((await state_machine.lock_payment(db, second.reference)).status, order.status) == (
        "cancelled",
        "paid",
    )
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    await pay.assert_invariants(db)


async def test_money_for_goods_that_were_paid_in_cash_is_the_payers(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, first = await pay.create_order_payment(db, "qris")
    await order_payments.change_payment_method(db, CASHIER, order.id, "cash", on=TODAY)
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    await mark_paid(db, first)
    assert (order.status, first.applied_to) == ("handed_over", "wallet")
    await pay.assert_invariants(db)


@pytest.mark.parametrize(
    ("changes", "exception"),
    [
        ({"amount": Rupiah(48_999)}, "amount"),
        ({"amount": Rupiah(49_001)}, "amount"),
        ({"amount": Rupiah(4_900_000)}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"reference": "LBBBBBBBBBBB"}, "reference"),
    ],
)
@pytest.mark.parametrize("method", pay.GATEWAYS)
async def test_what_does_not_fit_is_an_alarm_and_no_posting(
    db: AsyncSession, ro: Reader, method: str, changes: dict[str, Any], exception: str
) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, method)
    payment = await state_machine.lock_payment(db, payment.reference)
    before = await ro.value("SELECT count(*) FROM journals")
    for _ in range(2):
        assert (
            await state_machine.apply_provider_status(
                db, payment, pay.provider_status(payment, **changes), on=TODAY
            )
            == "exception"
        )
    assert (payment.status, await pay.list_open_reasons(db, payment), order.status) == (
        "awaiting",
        [exception],
        "placed",
    )
    assert await ro.value("SELECT count(*) FROM journals") == before
    await pay.resolve_exceptions(db, payment, "Sudah ditanyakan")
    assert not await pay.list_open_reasons(db, payment)
    await pay.assert_invariants(db)


async def test_a_dispute_is_an_alarm_beside_its_posting(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "stripe")
    await mark_paid(db, payment, disputed=True)
    assert (payment.status, await pay.list_open_reasons(db, payment), order.status) == (
        "paid",
        ["charged_back"],
        "paid",
    )
    await pay.assert_invariants(db)


async def test_only_officers_confirm_what_officers_see_and_only_once(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    _, at_gateway = await pay.create_order_payment(db, "midtrans")
    confirm = state_machine.confirm_by_officer
    await refused("payments.not_for_officers", confirm(db, CASHIER, at_gateway.reference, on=TODAY))
    _, transfer = await pay.create_order_payment(db, "bank_transfer")
    await confirm(db, CASHIER, transfer.reference, on=TODAY)
    await refused("payments.not_awaiting", confirm(db, CASHIER, transfer.reference, on=TODAY))
    await refused("payments.no_such_payment", confirm(db, CASHIER, "LTIDAKADA000", on=TODAY))


async def test_a_closed_book_year_takes_no_payment_and_nothing_changes(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "bank_transfer")
    reference = payment.reference
    async with db.begin_nested() as point:
        await db.execute(text("INSERT INTO closed_years (year, closed_by) VALUES (2026, 'uji')"))
        await refused(
            "ledger.year_closed", state_machine.confirm_by_officer(db, CASHIER, reference, on=TODAY)
        )
        await point.rollback()
    await db.refresh(order)
    assert ((await state_machine.lock_payment(db, reference)).status, order.status) == ("awaiting", "placed")
    await pay.assert_invariants(db)


async def test_a_payment_ends_when_its_time_is_up_and_not_before(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "qris")
    reference, until = payment.reference, payment.expires_at
    assert until is not None
    await state_machine.expire(db, reference)
    assert payment.status == "awaiting"
    with clock.freeze_at(until + timedelta(seconds=1)):
        await state_machine.expire(db, reference)
        assert (payment.status, order.status) == ("expired", "cancelled")
    await state_machine.expire(db, reference)
    await pay.assert_invariants(db)


async def test_what_was_paid_is_known_by_when_the_provider_saw_it(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    _, payment = await pay.create_order_payment(db, "xendit")
    moment = datetime(2026, 6, 14, 23, 59, tzinfo=UTC)
    await mark_paid(db, payment, paid_at=moment)
    assert (payment.settled_at, payment.settled_by) == (moment, PAYMENT_METHOD_NAMES["xendit"].localize("id"))
