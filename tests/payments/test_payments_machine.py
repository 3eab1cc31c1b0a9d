"""The state machine: allowed and forbidden transitions, and the journal of each, to the rupiah."""

from collections.abc import Awaitable, Callable
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from factories import payments as pay
from factories import shop
from factories.payments import mark_paid
from factories.shop import CASHIER, TODAY, VISITOR
from gateways.protocol import Capabilities, get_provider
from kernel.database import Reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from payments import refund_payment, rules, state_machine
from payments.models import Payment
from payments.rules import TRANSITIONS, PaymentStatus
from shop import fulfilment


async def refused(code: str, doing: Awaitable[object]) -> None:
    with pytest.raises(DomainError) as error:
        await doing
    assert error.value.code == code


async def again(db: AsyncSession, payment: Payment) -> Payment:
    return await state_machine.lock_payment(db, payment.reference)


# Steps


async def brought_to(db: AsyncSession, status: PaymentStatus) -> Payment:
    """Bring a member's top-up into this status by the machine's own transitions."""
    payment = await again(db, await pay.open_member_payment(db, "top_up", "stripe"))
    if status in ("failed", "expired", "cancelled"):
        assert await state_machine.close_unpaid(db, payment, status)
    if status in ("paid", "partly_refunded", "refunded"):
        assert await state_machine.settle(db, payment, _capabilities(payment), by="Stripe", on=TODAY)
    if status == "partly_refunded":
        await pay.issue_refund(db, payment, 20_000)
    if status == "refunded":
        await pay.issue_refund(db, payment, 50_000)
    assert payment.status == status
    return payment


async def _drop(db: AsyncSession, payment: Payment, then: PaymentStatus) -> bool:
    return await state_machine.close_unpaid(db, payment, then)  # type: ignore[arg-type]


def _capabilities(payment: Payment) -> Capabilities:
    return get_provider(payment.method).capabilities()


async def _settle(db: AsyncSession, payment: Payment, then: PaymentStatus) -> bool:
    return await state_machine.settle(db, payment, _capabilities(payment), by="Stripe", on=TODAY)


async def _refund_some(db: AsyncSession, payment: Payment, then: PaymentStatus) -> bool:
    return await _refund(db, payment, 10_000)


async def _refund_all(db: AsyncSession, payment: Payment, then: PaymentStatus) -> bool:
    return await _refund(db, payment, max(1, int(await refund_payment.get_refundable_amount(db, payment))))


async def _refund(db: AsyncSession, payment: Payment, amount: int) -> bool:
    try:
        await pay.issue_refund(db, payment, amount)
    except DomainError as error:
        if error.code not in ("payments.not_paid", "payments.refund_too_much"):
            raise
        return False
    return True


TRY: dict[PaymentStatus, Callable[[AsyncSession, Payment, PaymentStatus], Awaitable[bool]]] = {
    "paid": _settle,
    "failed": _drop,
    "expired": _drop,
    "cancelled": _drop,
    "partly_refunded": _refund_some,
    "refunded": _refund_all,
}


@pytest.mark.parametrize(("now", "then"), list(product(TRANSITIONS, TRY)))
async def test_a_payment_takes_the_steps_there_are_and_no_other(
    db: AsyncSession, ro: Reader, now: PaymentStatus, then: PaymentStatus
) -> None:
    await pay.enable_methods(db)
    payment = await brought_to(db, now)
    journals = await ro.value("SELECT count(*) FROM journals")
    took = await TRY[then](db, payment, then)
    assert took == rules.can_transition(now, then)
    assert payment.status == (then if took else now)
    posted = took and then in rules.SETTLED
    assert await ro.value("SELECT count(*) FROM journals") == journals + posted
    await pay.assert_invariants(db)


async def test_nothing_but_the_machine_sets_a_state(db: AsyncSession) -> None:
    """The values that the column allows are the statuses of the rules."""
    payment = await pay.open_member_payment(db, "top_up", "bank_transfer")
    with pytest.raises(Exception, match="ck_payments_status"):
        await db.execute(text("UPDATE payments SET status = 'settled' WHERE id = :id"), {"id": payment.id})


async def test_settled_five_times_is_one_posting(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    payment = await again(db, await pay.open_member_payment(db, "top_up", "xendit"))
    took = [
        await state_machine.settle(
            db, payment, _capabilities(payment), by="Xendit", on=TODAY, fee=Rupiah(700)
        )
        for _ in range(5)
    ]
    assert took == [True, False, False, False, False]
    assert await pay.journal_lines(db, f"payment:{payment.id}:fee") == [("6140", 700, 0), ("1107", 0, 700)]
    await pay.assert_invariants(db)


# Journals, way by way

CLEARING = {
    "cash": "1101",
    "bank_transfer": "1102",
    "qris": "1103",
    "stripe": "1105",
    "midtrans": "1106",
    "xendit": "1107",
}
OWN = {"savings": "2111", "wallet": "2104", "kasbon": "1110", "payroll": "1112"}


@pytest.mark.parametrize("method", [*CLEARING, *OWN])
async def test_each_way_debits_its_own_account_and_the_sale_credits_the_member(
    db: AsyncSession, method: str
) -> None:
    await pay.enable_methods(db, transfer_suffix="none")
    await pay.deposit(db, "2104", 100_000)
    await pay.grant_credit(db)
    order, payment = await pay.create_order_payment(db, method)
    assert payment.amount == order.total == 49_000  # members pay 2 % less
    if method == "cash":
        assert payment.status == "awaiting"
    else:
        await mark_paid(db, payment)
        assert (payment.status, order.status) == ("paid", "paid")
    await pay.assert_invariants(db)
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    account = CLEARING.get(method) or OWN[method]
    assert await pay.journal_lines(db, f"payment:{payment.id}") == [(account, 49_000, 0), ("2103", 0, 49_000)]
    assert await pay.journal_lines(db, f"order:{order.id}:sale") == [
        ("2103", 49_000, 0),
        ("4101", 0, 49_000),
        ("5101", 30_000, 0),
        ("1130", 0, 30_000),
    ]
    await pay.assert_invariants(db)


@pytest.mark.parametrize(
    ("unique_suffix", "of_member", "account"),
    [
        ("savings", True, "2111"),
        ("savings", False, "8110"),
        ("income", True, "8110"),
        ("income", False, "8110"),
    ],
)
async def test_the_tail_of_a_transfer_goes_where_the_bylaws_say(
    db: AsyncSession, unique_suffix: Any, of_member: bool, account: str
) -> None:
    await pay.enable_methods(db, transfer_suffix=unique_suffix)
    buyer = await shop.get_member_buyer(db) if of_member else VISITOR
    order, payment = await pay.create_order_payment(db, "bank_transfer", buyer=buyer)
    assert 1 <= payment.unique_suffix <= 999
    assert payment.amount == order.total + payment.unique_suffix
    await mark_paid(db, payment)
    assert await pay.journal_lines(db, f"payment:{payment.id}") == [
        ("1102", payment.amount, 0),
        ("2103", 0, order.total),
        (account, 0, payment.unique_suffix),
    ]
    await pay.assert_invariants(db, suffix_to_savings=unique_suffix == "savings")


async def test_without_tails_a_transfer_is_its_price(db: AsyncSession) -> None:
    await pay.enable_methods(db, transfer_suffix="none")
    _, payment = await pay.create_order_payment(db, "bank_transfer", buyer=VISITOR)
    assert (payment.unique_suffix, payment.amount) == (0, 50_000)


async def test_no_two_waiting_transfers_ask_for_the_same_sum(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    item = (await shop.create_product(db, stock=50, price=50_000)).id
    sums = [
        (await pay.create_order_payment(db, "bank_transfer", buyer=VISITOR, product_id=item))[1].amount
        for _ in range(30)
    ]
    assert len(set(sums)) == 30


async def test_qris_costs_by_the_cooperatives_own_rule_and_never_the_buyer(db: AsyncSession) -> None:
    await pay.enable_methods(db, fee_percent="0.7", fee_fixed=50)
    order, payment = await pay.create_order_payment(db, "qris", buyer=VISITOR)
    assert payment.amount == order.total == 50_000
    await mark_paid(db, payment)
    assert await pay.journal_lines(db, f"payment:{payment.id}:fee") == [("6140", 400, 0), ("1103", 0, 400)]
    await pay.assert_invariants(db)


async def test_a_rule_made_after_a_payment_costs_that_payment_nothing(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    _, payment = await pay.create_order_payment(db, "midtrans", buyer=VISITOR)
    await mark_paid(db, payment)
    await pay.enable_methods(db, fee_percent="0.7", fee_fixed=50)
    assert (
        await state_machine.apply_provider_status(db, payment, pay.provider_status(payment), on=TODAY)
        == "known"
    )
    assert payment.fee is None
    assert not await pay.journal_lines(db, f"payment:{payment.id}:fee")


@pytest.mark.parametrize(
    ("method", "account"), [("stripe", "1105"), ("midtrans", "1106"), ("xendit", "1107")]
)
async def test_a_told_fee_is_booked_once_also_when_it_is_told_later(
    db: AsyncSession, method: str, account: str
) -> None:
    await pay.enable_methods(db)
    _, payment = await pay.create_order_payment(db, method, buyer=VISITOR)
    await mark_paid(db, payment)
    assert payment.fee is None
    for _ in range(2):
        assert (
            await state_machine.apply_provider_status(
                db, payment, pay.provider_status(payment, fee=Rupiah(1_450)), on=TODAY
            )
            == "known"
        )
    assert await pay.journal_lines(db, f"payment:{payment.id}:fee") == [
        ("6140", 1_450, 0),
        (account, 0, 1_450),
    ]
    await pay.assert_invariants(db)


async def test_a_fee_that_is_told_below_nothing_is_not_believed(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    _, payment = await pay.create_order_payment(db, "xendit", buyer=VISITOR)
    await mark_paid(db, payment, fee=Rupiah(-5))
    assert payment.fee is None
    await pay.assert_invariants(db)


async def test_credit_is_given_up_to_its_limit_and_only_by_a_consent_of_the_member(db: AsyncSession) -> None:
    await pay.enable_methods(db)
    await pay.grant_credit(db, kasbon=100_000)
    await pay.create_order_payment(db, "kasbon")
    await pay.create_order_payment(db, "kasbon")
    async with db.begin_nested() as point:
        await refused("payments.credit_too_low", pay.create_order_payment(db, "kasbon", price=3_000))
        await point.rollback()
    async with db.begin_nested() as point:
        item = await shop.create_product(db, price=1_000)
        await refused(
            "payments.consent_needed",
            shop.create_order(db, {item.id: 1}, await shop.get_member_buyer(db), "kasbon"),
        )
        await point.rollback()
    async with db.begin_nested() as point:
        await refused(
            "payments.credit_too_low",
            pay.create_order_payment(db, "kasbon", buyer=await shop.get_member_buyer(db, "0002")),
        )
        await point.rollback()
    assert await ledger_queries.get_balance(db, "1110", (await shop.get_member_buyer(db)).member_id) == 98_000
    await pay.assert_invariants(db)


async def test_a_top_up_fills_the_wallet_and_a_repayment_lowers_what_is_owed(db: AsyncSession) -> None:
    await pay.enable_methods(db, transfer_suffix="none")
    await pay.grant_credit(db)
    member_id = (await shop.get_member_buyer(db)).member_id
    await pay.create_order_payment(db, "kasbon")
    for purpose in ("top_up", "repayment"):
        payment = await pay.open_member_payment(db, purpose, "bank_transfer", 20_000)
        await state_machine.confirm_by_officer(db, CASHIER, payment.reference, on=TODAY)
        account = "2104" if purpose == "top_up" else "1110"
        assert await pay.journal_lines(db, f"payment:{payment.id}") == [
            ("1102", 20_000, 0),
            (account, 0, 20_000),
        ]
    assert await ledger_queries.get_balance(db, "2104", member_id) == 20_000
    assert await ledger_queries.get_balance(db, "1110", member_id) == 29_000
    await pay.assert_invariants(db)


async def test_a_trial_that_moves_no_real_money_leaves_the_books_alone(db: AsyncSession, ro: Reader) -> None:
    await pay.enable_methods(db)
    payment = await again(db, await pay.open_member_payment(db, "top_up", "stripe"))
    payment.purpose, payment.member_id = "trial", None
    before = await ro.value("SELECT count(*) FROM journals")
    assert await state_machine.settle(
        db, payment, _capabilities(payment), by="Stripe", on=TODAY, fee=Rupiah(100)
    )
    await pay.issue_refund(db, payment, 50_000)
    assert (payment.status, payment.journal, payment.fee) == ("refunded", None, None)
    assert await ro.value("SELECT count(*) FROM journals") == before
