"""Use cases of officers for an order: confirm its payment, hand it over, cancel it, take it back.

Each use case locks the order's payments and then the order, and checks the status under the lock, so a step
takes effect once. When the same officer repeats a step (a double click, a lost answer), the first result is
returned. Another officer gets an error with the order's status, so that goods are not handed over twice.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from gateways.protocol import get_provider
from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.errors import DomainError, ErrorType
from kernel.money import Rupiah
from kernel.outbox import enqueue
from ledger import Journal, JournalLine, post_journal, reverse_journal
from ledger.chart import (
    CUSTOMER_ADVANCES,
    MEMBER_COST_OF_SALES,
    MEMBER_RETURNS,
    MEMBER_SALES,
    PUBLIC_COST_OF_SALES,
    PUBLIC_RETURNS,
    PUBLIC_SALES,
    STOCK,
)
from ledger.descriptions import describe
from payments import queries as payment_queries
from payments import state_machine
from payments.errors import REFUND_PENDING
from payments.models import Payment
from payments.rules import suffix_in_refund
from shop import errors, events, order_payments, queries, rules, stock
from shop.models import Order, OrderLine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# An order's own expiry job is retried for two days; orders less overdue than this are left to it.
OVERDUE_AFTER: Final = timedelta(hours=3)


async def confirm_payment(db: AsyncSession, actor: Actor, number: int, *, on: date) -> Order:
    """Confirm that an order's bank transfer or QRIS payment has arrived, and settle the payment.

    Raises DomainError: shop.no_such_order, .not_awaiting_payment.
    """
    payments, order = await _lock_order(db, number)
    if order.status in ("paid", "handed_over") and await _is_repeat(
        db, actor, events.PAYMENT_CONFIRMED, order
    ):
        return order
    waiting = [payment for payment in payments if payment.status == "awaiting"]
    if not waiting or not rules.awaits_confirmation(order.status, order.payment_method):
        raise _status_error(errors.NOT_AWAITING_PAYMENT, order)
    await state_machine.confirm_by_officer(db, actor, waiting[-1].reference, on=on)
    audit.record(
        db, actor, events.PAYMENT_CONFIRMED, subject=f"order:{number}", params={"total": order.total}
    )
    return order


async def hand_over(db: AsyncSession, actor: Actor, number: int, *, on: date) -> Order:
    """Mark an order as handed over: remove its stock, post the sale, and settle a cash payment.

    Raises DomainError: shop.no_such_order, .not_ready; payments.refund_under_way.
    """
    payments, order = await _lock_order(db, number)
    if order.status == "handed_over" and await _is_repeat(db, actor, events.HANDED_OVER, order):
        return order
    if not rules.can_hand_over(order.status, order.payment_method):
        raise _status_error(errors.NOT_READY, order)
    await _require_no_pending_refund(db, payments)
    lines = await queries.list_order_lines(db, order.id)
    costs = await stock.issue_reserved(db, _quantities(lines), on=on, source_key=f"order:{order.id}:sale")
    for line in lines:
        line.cost = int(costs[line.product_id])
    for payment in payments:
        if order.status == "placed" and payment.status == "awaiting" and payment.method == "cash":
            capabilities = get_provider(payment.method).capabilities()
            await state_machine.settle(db, payment, capabilities, by=actor.name, on=on, actor=actor)
    order.status, order.handed_over_at = "handed_over", clock.now()
    if order.paid_at is None:  # an order that costs nothing has no payment
        order.paid_at, order.paid_confirmed_by = clock.now(), actor.name
    entries = _sale_lines(order, _refunded_amount(payments), Rupiah.total(costs.values()))
    if entries:
        words = describe("shop.sale", number=number)
        journal = Journal(on, words, f"order:{order.id}:sale", entries)
        order.sale_journal = (await post_journal(db, journal, by=actor.name)).number
    audit.record(db, actor, events.HANDED_OVER, subject=f"order:{number}", params={"total": order.total})
    return order


async def cancel_order(db: AsyncSession, actor: Actor, number: int, reason: str, *, on: date) -> Order:
    """Cancel an order before hand-over: release its stock and refund its payments by the method they were
    paid with.

    Raises DomainError: shop.no_such_order, .not_cancellable, .reason_needed.
    """
    payments, order = await _lock_order(db, number)
    why = _require_reason(reason)
    called_off = order.status == "cancelled" and order.cancel_reason == why
    if called_off and await _is_repeat(db, actor, events.ORDER_CANCELLED, order):
        return order
    if not rules.can_cancel(order.status):
        raise _status_error(errors.NOT_CANCELLABLE, order)
    await stock.release(db, await queries.get_order_quantities(db, order.id))
    order_payments.mark_cancelled(order, "officer", why)
    await order_payments.refund_payments(db, actor, payments, why, on=on, key="cancelled")
    audit.record(db, actor, events.ORDER_CANCELLED, subject=f"order:{number}", params={"reason": why})
    return order


async def return_order(db: AsyncSession, actor: Actor, number: int, reason: str, *, on: date) -> Order:
    """Take back the goods of a handed-over order: reverse the sale, restock at the recorded cost, refund.

    Raises DomainError: shop.no_such_order, .not_cancellable, .reason_needed; payments.refund_under_way;
    ledger.year_closed.
    """
    payments, order = await _lock_order(db, number)
    why = _require_reason(reason)
    came_back = order.status == "returned" and order.cancel_reason == why
    if came_back and await _is_repeat(db, actor, events.ORDER_RETURNED, order):
        return order
    if not rules.can_return(order.status):
        raise _status_error(errors.NOT_CANCELLABLE, order)
    await _require_no_pending_refund(db, payments)
    lines = await queries.list_order_lines(db, order.id)
    returned = [(line.product_id, line.quantity, Rupiah(line.cost or 0)) for line in lines]
    await stock.restock(db, returned, on=on, source_key=f"order:{order.id}:return")
    order.status, order.cancelled_at, order.cancel_reason = "returned", clock.now(), why
    # reverse the sale first: that credits customer advances, which the refunds debit
    if order.sale_journal is not None:
        await reverse_journal(db, order.sale_journal, on=on, reason=why, by=actor.name)
    await _reverse_rebates(db, actor, order, payments, on=on)
    await order_payments.refund_payments(db, actor, payments, why, on=on, key="returned")
    audit.record(db, actor, events.ORDER_RETURNED, subject=f"order:{number}", params={"reason": why})
    return order


async def expire_order(db: AsyncSession, order_id: UUID) -> None:
    """Cancel an order that was not paid in time; do nothing if it was paid, handed over or cancelled
    meanwhile.
    """
    payments = await payment_queries.list_subject_payments_for_update(db, order_payments.ORDER, order_id)
    order = await queries.find_order_for_update(db, order_id)
    if (
        order is None
        or order.status != "placed"
        or order.expires_at is None
        or order.expires_at > clock.now()
    ):
        return
    if any(payment.processing_since for payment in payments):
        # the payment's final status decides: `OrderPurpose.on_paid` or `on_closed` runs then
        return
    await order_payments.expire_unpaid(db, order)
    for payment in payments:
        await order_payments.cancel_payment(db, payment, cause="unpaid", by=SYSTEM)


async def requeue_overdue_orders(db: AsyncSession) -> None:
    """Enqueue `shop.expire_order` again for every order that is overdue by `OVERDUE_AFTER`.

    The job changes nothing when it runs a second time.
    """
    day = clock.today()
    for order_id in await queries.list_overdue_orders(db, clock.now() - OVERDUE_AFTER):
        key = f"shop.expire_order:{order_id}:swept:{day}"
        await enqueue(db, "shop.expire_order", {"order_id": str(order_id)}, key=key)


async def cancel_other_payments(db: AsyncSession, order_id: UUID) -> None:
    """Cancel the open payments of an order that has been paid; do nothing while the order is unpaid."""
    payments = await payment_queries.list_subject_payments_for_update(db, order_payments.ORDER, order_id)
    order = await queries.find_order_for_update(db, order_id)
    if order is None or order.status == "placed":
        return
    for payment in payments:
        await order_payments.cancel_payment(db, payment, cause="paid_by_other_method", by=SYSTEM)


async def _reverse_rebates(
    db: AsyncSession, actor: Actor, order: Order, payments: list[Payment], *, on: date
) -> None:
    """Post refunds that were made after the hand-over again, as refunds of the customer's advance.

    They were posted as sales returns. Once the whole sale is reversed, they must debit customer advances
    instead.
    """
    taken = [each for each in payments if each.applied_to == "purpose"]
    went_back = await payment_queries.sum_refunded_since(
        db, [each.id for each in taken], order.handed_over_at
    )
    rebates = went_back - _refunded_suffixes(taken)
    if not rebates:
        return
    place = (
        JournalLine.to_credit(MEMBER_RETURNS, rebates, order.member_id)
        if order.member_id
        else JournalLine.to_credit(PUBLIC_RETURNS, rebates)
    )
    lines = [JournalLine.to_debit(CUSTOMER_ADVANCES, rebates), place]
    journal = Journal(on, describe("shop.rebate", number=order.number), f"order:{order.id}:rebates", lines)
    await post_journal(db, journal, by=actor.name)


async def _is_repeat(db: AsyncSession, actor: Actor, action: str, order: Order) -> bool:
    """Return whether this officer has already taken this step of the order."""
    return await audit.was_recorded(db, actor, action, subject=f"order:{order.number}")


async def _require_no_pending_refund(db: AsyncSession, payments: list[Payment]) -> None:
    """Raise DomainError payments.refund_under_way if a refund of the order is pending.

    The amount of the sale and of its returns is known only when the refund has ended.
    """
    for payment in payments:
        if payment.applied_to == "purpose" and await payment_queries.has_pending_refund(db, payment.id):
            raise REFUND_PENDING(reference=payment.reference)


def _refunded_amount(payments: list[Payment]) -> Rupiah:
    """Return the sum refunded of an order before its hand-over, without the unique suffixes."""
    taken = [payment for payment in payments if payment.applied_to == "purpose"]
    return Rupiah.total(payment.refunded for payment in taken) - _refunded_suffixes(taken)


def _refunded_suffixes(payments: list[Payment]) -> Rupiah:
    """Return the part of the refunds that gave back unique suffixes of transfers, which are no part of the
    sale.
    """
    return Rupiah.total(
        suffix_in_refund(Rupiah(payment.amount), payment.unique_suffix, Rupiah(0), Rupiah(payment.refunded))
        for payment in payments
    )


def _sale_lines(order: Order, gone_back: Rupiah, cost: Rupiah) -> list[JournalLine]:
    """Return the journal lines of a sale, leaving out amounts of 0.

    `gone_back`, refunded before the hand-over, is posted as a sales return.
    """
    total = Rupiah(order.total)
    entries = []
    if total - gone_back:
        entries.append(JournalLine.to_debit(CUSTOMER_ADVANCES, total - gone_back))
    if gone_back:
        entries.append(
            JournalLine.to_debit(MEMBER_RETURNS, gone_back, order.member_id)
            if order.member_id
            else JournalLine.to_debit(PUBLIC_RETURNS, gone_back)
        )
    if total:
        income = (
            JournalLine.to_credit(MEMBER_SALES, total, order.member_id)
            if order.member_id
            else JournalLine.to_credit(PUBLIC_SALES, total)
        )
        entries.append(income)
    if cost:
        expense = MEMBER_COST_OF_SALES if order.member_id else PUBLIC_COST_OF_SALES
        entries += [JournalLine.to_debit(expense, cost), JournalLine.to_credit(STOCK, cost)]
    return entries


def _quantities(lines: list[OrderLine]) -> dict[UUID, int]:
    return {line.product_id: line.quantity for line in lines}


def _require_reason(reason: str) -> str:
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    return reason.strip()


async def _lock_order(db: AsyncSession, number: int) -> tuple[list[Payment], Order]:
    """Return an order and its payments, locked; payments are always locked first."""
    order_id = await queries.find_order_id(db, number)
    if order_id is None:
        raise errors.NO_SUCH_ORDER()
    payments = await payment_queries.list_subject_payments_for_update(db, order_payments.ORDER, order_id)
    order = await queries.find_order_for_update(db, order_id)
    if order is None:
        raise errors.NO_SUCH_ORDER()
    return payments, order


def _status_error(kind: ErrorType, order: Order) -> DomainError:
    return kind(number=order.number, state=rules.STATUS_LABELS[order.status])
