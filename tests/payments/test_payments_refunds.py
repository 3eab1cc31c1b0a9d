"""Refunds: before and after the hand-over, partial, by another method, made at the provider.

The SHU basis is reduced with them.
"""

from collections.abc import Awaitable

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from factories import payments as pay
from factories import shop
from factories.payments import issue_refund, mark_paid
from factories.shop import CASHIER, TODAY, VISITOR
from gateways.protocol import RefundResult, get_provider
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger import queries as ledger_queries
from payments import refund_payment, rules, state_machine
from payments.external_refunds import record_external_refund
from payments.models import Payment, PaymentRefund
from shop import fulfilment
from shop.models import Order
from shop.place_order import Buyer


async def refused(code: str, doing: Awaitable[object]) -> None:
    with pytest.raises(DomainError) as error:
        await doing
    assert error.value.code == code


async def sold(db: AsyncSession, method: str, *, buyer: Buyer | None = None) -> tuple[Order, Payment]:
    """Return an order that is paid and handed over."""
    order, payment = await pay.create_order_payment(db, method, buyer=buyer)
    await mark_paid(db, payment)
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    return order, await state_machine.lock_payment(db, payment.reference)


async def basis(db: AsyncSession) -> int:
    """Return member 0001's purchases, the basis of their share of the surplus."""
    member_id = (await shop.get_member_buyer(db)).member_id
    return await ledger_queries.get_balance(db, "4101", member_id) - await ledger_queries.get_balance(
        db, "4102", member_id
    )


async def asked_of_provider(db: AsyncSession, payment: Payment, amount: int) -> PaymentRefund:
    refund = await issue_refund(db, payment, amount, "original_method")
    assert refund.status == "pending"
    return refund


DONE = RefundResult(status="done", provider_reference="re_1")
PENDING = RefundResult(status="pending", provider_reference="re_1")
FAILED = RefundResult(status="failed", provider_reference="re_1", detail="the card is closed")


# The tail of a transfer


async def test_a_visitor_whose_order_is_called_off_gets_the_tail_back(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "bank_transfer", buyer=VISITOR)
    await mark_paid(db, payment)
    assert payment.unique_suffix > 0
    await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    assert (payment.status, payment.refunded) == ("refunded", payment.amount)
    assert await pay.last_journal_lines(db) == [
        ("2103", 50_000, 0),
        ("8110", payment.unique_suffix, 0),
        ("1102", 0, payment.amount),
    ]
    await pay.assert_invariants(db)


async def test_a_members_tail_stays_in_their_savings(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "bank_transfer")
    await mark_paid(db, payment)
    await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    assert (payment.status, payment.refunded) == ("refunded", payment.amount - payment.unique_suffix)
    assert await refund_payment.get_refundable_amount(db, payment) == 0
    await pay.assert_invariants(db)


async def test_the_tail_goes_back_last_and_is_no_return_on_the_sale(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await sold(db, "bank_transfer", buyer=VISITOR)
    await issue_refund(db, payment, 50_000)
    assert (payment.status, await refund_payment.get_refundable_amount(db, payment)) == (
        "partly_refunded",
        payment.unique_suffix,
    )
    await issue_refund(db, payment, payment.unique_suffix)
    assert payment.status == "refunded"
    assert [account for account, *_ in await pay.last_journal_lines(db)] == ["8110", "1102"]
    await fulfilment.return_order(db, CASHIER, order.number, "Rusak", on=TODAY)
    assert await ledger_queries.get_balance(db, "2103") == 0
    await pay.assert_invariants(db)


# Before the hand-over

BACK = {
    "bank_transfer": "1102",
    "qris": "1102",
    "savings": "2111",
    "wallet": "2104",
    "kasbon": "1110",
    "payroll": "1112",
}


@pytest.mark.parametrize(("method", "account"), BACK.items())
async def test_a_cancelled_order_gives_back_what_it_brought_the_usual_way(
    db: AsyncSession, method: str, account: str
) -> None:
    await pay.enable_methods(db)
    await pay.deposit(db, "2104", 100_000)
    await pay.grant_credit(db)
    before = await ledger_queries.get_balance(
        db, account, (await shop.get_member_buyer(db)).member_id if method in OWN else None
    )
    order, payment = await pay.create_order_payment(db, method)
    await mark_paid(db, payment)
    await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    assert (payment.status, order.status) == ("refunded", "cancelled")
    refund = (await refund_payment.queries.list_refunds(db, payment.id))[0]
    assert await pay.journal_lines(db, f"refund:{refund.id}") == [("2103", 49_000, 0), (account, 0, 49_000)]
    if method in OWN:
        assert (
            await ledger_queries.get_balance(db, account, (await shop.get_member_buyer(db)).member_id)
            == before
        )
    assert await basis(db) == 0
    await pay.assert_invariants(db)


OWN = ("savings", "wallet", "kasbon", "payroll")


async def test_a_cancelled_order_of_a_gateway_keeps_its_advance_until_the_provider_has_given_it_back(
    db: AsyncSession,
) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "stripe")
    payment = await mark_paid(db, payment, fee=Rupiah(1_000))
    await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    refund = (await refund_payment.queries.list_refunds(db, payment.id))[0]
    assert (payment.status, refund.status, refund.amount, refund.journal) == ("paid", "pending", 49_000, None)
    await pay.assert_invariants(db)
    assert await refund_payment.apply_refund_result(db, payment, refund, PENDING, on=TODAY) == "pending"
    await pay.assert_invariants(db)
    for _ in range(3):
        assert await refund_payment.apply_refund_result(db, payment, refund, DONE, on=TODAY) == "done"
    assert (payment.status, payment.refunded) == ("refunded", 49_000)
    assert await pay.journal_lines(db, f"refund:{refund.id}") == [("2103", 49_000, 0), ("1105", 0, 49_000)]
    await pay.assert_invariants(db)


async def test_a_refund_that_failed_goes_back_another_way(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "xendit")
    payment = await mark_paid(db, payment)
    await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    refund = (await refund_payment.queries.list_refunds(db, payment.id))[0]
    assert await refund_payment.apply_refund_result(db, payment, refund, FAILED, on=TODAY) == "failed"
    assert (payment.status, await pay.list_open_reasons(db, payment), refund.detail) == (
        "paid",
        ["refund_failed"],
        "the card is closed",
    )
    assert await refund_payment.apply_refund_result(db, payment, refund, FAILED, on=TODAY) == "failed"
    await pay.assert_invariants(db)
    await issue_refund(db, payment, 49_000, "wallet")
    assert (payment.status, await pay.list_open_reasons(db, payment)) == ("refunded", [])
    assert await pay.last_journal_lines(db) == [("2103", 49_000, 0), ("2104", 0, 49_000)]
    await pay.assert_invariants(db)


async def test_the_tail_of_a_transfer_is_not_given_back_again(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await sold(db, "bank_transfer")
    assert (
        await refund_payment.get_refundable_amount(db, payment)
        == payment.amount - payment.unique_suffix
        == order.total
    )
    await refused("payments.refund_too_much", issue_refund(db, payment, payment.amount))
    await issue_refund(db, payment, order.total)
    assert payment.status == "refunded"
    await pay.assert_invariants(db)


# After it


@pytest.mark.parametrize("method", ["cash", "bank_transfer", "stripe", "wallet"])
async def test_a_part_given_back_after_the_hand_over_is_a_return_of_the_members(
    db: AsyncSession, method: str
) -> None:
    await pay.enable_methods(db)
    await pay.deposit(db, "2104", 100_000)
    order, payment = await sold(db, method)
    assert await basis(db) == 49_000
    destination: rules.RefundDestination = "original_method" if method == "wallet" else "by_hand"
    await issue_refund(db, payment, 9_000, destination)
    account = {"cash": "1101", "wallet": "2104"}.get(method, "1102")
    assert await pay.last_journal_lines(db) == [("4102", 9_000, 0), (account, 0, 9_000)]
    assert (payment.status, order.status) == ("partly_refunded", "handed_over")
    assert await basis(db) == 40_000
    await pay.assert_invariants(db)
    await issue_refund(db, payment, 40_000, destination)
    assert (payment.status, await basis(db)) == ("refunded", 0)
    await refused("payments.refund_too_much", issue_refund(db, payment, 1, destination))
    await pay.assert_invariants(db)


async def test_a_part_given_back_to_a_visitor_is_a_return_of_the_public(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    _, payment = await sold(db, "qris", buyer=VISITOR)
    await issue_refund(db, payment, 5_000)
    assert await pay.last_journal_lines(db) == [("4202", 5_000, 0), ("1102", 0, 5_000)]
    await refused("payments.refund_not_this_way", issue_refund(db, payment, 5_000, "wallet"))
    await pay.assert_invariants(db)


async def test_goods_returned_after_a_part_was_given_back_give_back_the_rest(db: AsyncSession) -> None:
    await pay.enable_methods(db, transfer_suffix="none")
    before = await ledger_queries.get_balance(db, "1102")
    order, payment = await sold(db, "bank_transfer")
    await issue_refund(db, payment, 9_000)
    await fulfilment.return_order(db, CASHIER, order.number, "Kemasan robek", on=TODAY)
    assert (order.status, payment.status, payment.refunded) == ("returned", "refunded", 49_000)
    assert (await basis(db), await ledger_queries.get_balance(db, "1102")) == (0, before)
    await pay.assert_invariants(db)


async def test_what_was_given_back_of_another_payment_is_no_rebate_of_the_sale(db: AsyncSession) -> None:
    """A second payment was credited to the wallet: refunding it does not reduce the sale."""
    await pay.enable_methods(db, transfer_suffix="none")
    order, first = await pay.create_order_payment(db, "bank_transfer")
    second = await fulfilment.order_payments.change_payment_method(db, CASHIER, order.id, "qris", on=TODAY)
    await mark_paid(db, second)
    first = await mark_paid(db, first)
    assert first.applied_to == "wallet"
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    await issue_refund(db, first, 49_000)
    assert await basis(db) == 49_000
    await fulfilment.return_order(db, CASHIER, order.number, "Kemasan robek", on=TODAY)
    assert (await basis(db), await ledger_queries.get_balance(db, "1102")) == (
        0,
        -49_000,
    )  # QRIS went back by transfer
    await pay.assert_invariants(db)


async def test_while_a_refund_is_under_way_goods_neither_leave_nor_come_back(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "midtrans")
    payment = await mark_paid(db, payment)
    refund = await asked_of_provider(db, payment, 9_000)
    await refused("payments.refund_under_way", fulfilment.hand_over(db, CASHIER, order.number, on=TODAY))
    await refund_payment.apply_refund_result(db, payment, refund, FAILED, on=TODAY)
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    refund = await asked_of_provider(db, payment, 8_000)
    await refused(
        "payments.refund_under_way", fulfilment.return_order(db, CASHIER, order.number, "Robek", on=TODAY)
    )
    await refund_payment.apply_refund_result(db, payment, refund, DONE, on=TODAY)
    await fulfilment.return_order(db, CASHIER, order.number, "Robek", on=TODAY)
    assert await basis(db) == 0
    await pay.assert_invariants(db)


# What is refused


async def test_only_what_is_there_goes_back_for_a_reason_and_once_for_each_key(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "stripe")
    payment = await state_machine.lock_payment(db, payment.reference)
    await refused("payments.not_paid", issue_refund(db, payment, 1))
    await mark_paid(db, payment)
    await refused("payments.refund_nothing", issue_refund(db, payment, 0))
    await refused("payments.refund_nothing", issue_refund(db, payment, -5))
    ask = refund_payment.request_refund
    await refused(
        "payments.reason_needed", ask(db, CASHIER, payment, Rupiah(5), "by_hand", " ", key="x", on=TODAY)
    )
    await asked_of_provider(db, payment, 40_000)
    await refused("payments.refund_too_much", issue_refund(db, payment, 9_001))  # 40.000 are on their way
    one = await ask(db, CASHIER, payment, Rupiah(9_000), "by_hand", "Kurang", key="sama", on=TODAY)
    two = await ask(db, CASHIER, payment, Rupiah(9_000), "by_hand", "Kurang", key="sama", on=TODAY)
    assert (one.id, payment.refunded, order.status) == (two.id, 9_000, "paid")
    await pay.assert_invariants(db)


async def test_a_top_up_is_not_given_back_into_the_wallet_that_it_filled(db: AsyncSession) -> None:
    await pay.enable_methods(db, transfer_suffix="none")
    payment = await mark_paid(db, await pay.open_member_payment(db, "top_up", "bank_transfer"))
    assert refund_payment.list_refund_destinations(payment) == ["by_hand"]
    await refused("payments.refund_not_this_way", issue_refund(db, payment, 1_000, "wallet"))


# The wallet is spent meanwhile


async def spend(db: AsyncSession, amount: int) -> None:
    member_id = (await shop.get_member_buyer(db)).member_id
    lines = [
        JournalLine.to_debit("2104", Rupiah(amount), member_id),
        JournalLine.to_credit("1101", Rupiah(amount)),
    ]
    await post_journal(db, Journal(TODAY, "Tarik dompet", f"test:{new_id()}", lines), by="Rina Kasir")


async def test_a_refund_out_of_a_spent_wallet_waits_on_the_work_list_until_it_is_covered(
    db: AsyncSession,
) -> None:
    """The provider has refunded the money, which cannot be undone; the member has spent it.

    The exception stays open until the wallet covers it.
    """
    await pay.enable_methods(db)
    payment = await mark_paid(db, await pay.open_member_payment(db, "top_up", "stripe"))
    refund = await asked_of_provider(db, payment, 50_000)
    await spend(db, 30_000)
    for _ in range(2):
        assert await refund_payment.apply_refund_result(db, payment, refund, DONE, on=TODAY) == "pending"
        assert (await pay.list_open_reasons(db, payment), payment.status, refund.journal) == (
            ["refund_not_covered"],
            "paid",
            None,
        )
    await pay.deposit(db, "2104", 30_000)
    assert await refund_payment.apply_refund_result(db, payment, refund, DONE, on=TODAY) == "done"
    assert (await pay.list_open_reasons(db, payment), payment.status) == ([], "refunded")
    await pay.assert_invariants(db)


async def test_an_officer_cannot_give_back_by_hand_what_the_member_has_spent(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    payment = await mark_paid(db, await pay.open_member_payment(db, "top_up", "bank_transfer"))
    await spend(db, 30_000)
    async with db.begin_nested() as point:
        await refused("payments.refund_wallet_spent", issue_refund(db, payment, 50_000))
        await point.rollback()


# Made at the provider's own pages


@pytest.mark.parametrize("method", pay.GATEWAYS)
async def test_what_was_given_back_at_the_provider_calls_the_order_off_and_is_booked_once(
    db: AsyncSession, method: str
) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, method)
    payment = await mark_paid(db, payment)
    for _ in range(3):
        await record_external_refund(db, payment, Rupiah(49_000), on=TODAY)
    assert (payment.status, payment.refunded, order.status) == ("refunded", 49_000, "cancelled")
    (refund,) = await refund_payment.queries.list_refunds(db, payment.id)
    name = get_provider(method).capabilities().label
    assert str(refund.reason) == f"Dikembalikan di {name.localize('id')}"
    assert refund.reason.localize("en") == f"Refunded at {name.localize('en')}"
    await pay.assert_invariants(db)


async def test_a_part_given_back_at_the_provider_lowers_the_sale_that_follows(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    order, payment = await pay.create_order_payment(db, "stripe")
    payment = await mark_paid(db, payment)
    await record_external_refund(db, payment, Rupiah(9_000), on=TODAY)
    assert (payment.status, order.status) == ("partly_refunded", "paid")
    await pay.assert_invariants(db)
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    assert await pay.journal_lines(db, f"order:{order.id}:sale") == [
        ("2103", 40_000, 0),
        ("4102", 9_000, 0),
        ("4101", 0, 49_000),
        ("5101", 30_000, 0),
        ("1130", 0, 30_000),
    ]
    assert await basis(db) == 40_000
    await record_external_refund(db, payment, Rupiah(12_000), on=TODAY)
    assert await basis(db) == 37_000
    await pay.assert_invariants(db)
    await fulfilment.return_order(db, CASHIER, order.number, "Robek", on=TODAY)
    refund = next(
        each for each in await refund_payment.queries.list_refunds(db, payment.id) if each.status == "pending"
    )
    assert refund.amount == 37_000
    await refund_payment.apply_refund_result(db, payment, refund, DONE, on=TODAY)
    assert (payment.status, await basis(db)) == ("refunded", 0)
    await pay.assert_invariants(db)


async def test_ours_under_way_is_not_taken_for_one_of_theirs(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    _, payment = await sold(db, "xendit")
    refund = await asked_of_provider(db, payment, 9_000)
    await record_external_refund(db, payment, Rupiah(9_000), on=TODAY)
    assert len(await refund_payment.queries.list_refunds(db, payment.id)) == 1
    await refund_payment.apply_refund_result(db, payment, refund, DONE, on=TODAY)
    await record_external_refund(db, payment, Rupiah(14_000), on=TODAY)
    assert payment.refunded == 14_000
    await pay.assert_invariants(db)


async def test_more_than_there_was_is_an_alarm(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    _, payment = await sold(db, "stripe")
    await record_external_refund(db, payment, Rupiah(49_001), on=TODAY)
    assert (await pay.list_open_reasons(db, payment), payment.refunded) == (["unheard_refund"], 0)
    await pay.assert_invariants(db)


async def test_theirs_out_of_a_spent_wallet_is_an_alarm(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    payment = await mark_paid(db, await pay.open_member_payment(db, "top_up", "xendit"))
    await spend(db, 1)
    await record_external_refund(db, payment, Rupiah(50_000), on=TODAY)
    assert (await pay.list_open_reasons(db, payment), payment.status, payment.refunded) == (
        ["unheard_refund"],
        "paid",
        0,
    )
    assert not await refund_payment.queries.list_refunds(db, payment.id)
    await pay.assert_invariants(db)


async def test_a_charge_taken_back_by_the_bank_is_booked_and_an_alarm(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    _, payment = await sold(db, "midtrans")
    status = pay.provider_status(payment, refunded=Rupiah(49_000), disputed=True)
    assert await state_machine.apply_provider_status(db, payment, status, on=TODAY) == "known"
    await record_external_refund(db, payment, status.refunded, on=TODAY)
    assert (payment.status, await pay.list_open_reasons(db, payment), await basis(db)) == (
        "refunded",
        ["charged_back"],
        0,
    )
    await pay.assert_invariants(db)
