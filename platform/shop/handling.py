"""What officers do with an order: confirm its payment, hand it over, call it off, take it back.

Each locks the order first and looks at its state under the lock: pressed twice, or by two officers at once, it happens once.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.errors import Kind, Refusal
from kernel.money import Rupiah
from ledger import Journal, Line, post, reverse
from ledger.chart import (
    BANK,
    CASH,
    CUSTOMER_ADVANCES,
    MEMBER_COST_OF_SALES,
    MEMBER_SALES,
    PUBLIC_COST_OF_SALES,
    PUBLIC_SALES,
    STOCK,
)
from shop import errors, events, queries, rules, stock
from shop.models import Order, OrderLine
from ui.queries import today

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def confirm_payment(db: AsyncSession, actor: Actor, number: int, *, on: date) -> Order:
    """Say that the transfer of this order has come to the bank account. Raises Refusal: shop.no_such_order, .not_awaiting_payment."""
    order = await _order(db, number)
    if not rules.awaits_transfer(order.status, order.payment_way):
        raise _wrong_state(errors.NOT_AWAITING_PAYMENT, order)
    order.status, order.paid_at, order.paid_confirmed_by = "paid", clock.now(), actor.name
    if order.total:
        total = Rupiah(order.total)
        journal = Journal(
            on,
            f"Transfer untuk pesanan {number}",
            f"order:{order.id}:payment",
            [Line.to_debit(BANK, total), Line.to_credit(CUSTOMER_ADVANCES, total)],
        )
        order.payment_journal = (await post(db, journal, by=actor.name)).number
    audit.record(db, actor, events.PAYMENT_CONFIRMED, subject=f"order:{number}", facts={"total": order.total})
    return order


async def hand_over(db: AsyncSession, actor: Actor, number: int, *, on: date) -> Order:
    """Give out the goods: stock and its value leave, the sale enters the books; a cash order is paid by the same step.

    Raises Refusal: shop.no_such_order, .not_ready.
    """
    order = await _order(db, number)
    if not rules.can_hand_over(order.status, order.payment_way):
        raise _wrong_state(errors.NOT_READY, order)
    lines = await queries.lines_of(db, order.id)
    costs = await stock.hand_out(db, _goods(lines), on=on, source_key=f"order:{order.id}:sale")
    for line in lines:
        line.cost = int(costs[line.product_id])
    now = clock.now()
    paid_in_cash = order.status == "placed"
    if paid_in_cash:
        order.paid_at, order.paid_confirmed_by = now, actor.name
    order.status, order.handed_over_at = "handed_over", now
    entries = _sale(order, CASH if paid_in_cash else CUSTOMER_ADVANCES, Rupiah.total(costs.values()))
    if entries:
        journal = Journal(on, f"Penjualan, pesanan {number}", f"order:{order.id}:sale", entries)
        order.sale_journal = (await post(db, journal, by=actor.name)).number
    audit.record(db, actor, events.HANDED_OVER, subject=f"order:{number}", facts={"total": order.total})
    return order


async def cancel_order(db: AsyncSession, actor: Actor, number: int, reason: str, *, on: date) -> Order:
    """Call an order off before its goods are given out: the promise is released, a payment is reversed.

    Raises Refusal: shop.no_such_order, .not_cancellable, .reason_needed.
    """
    order = await _order(db, number)
    return await _cancel(db, actor, order, _reason(reason), on, events.ORDER_CANCELLED)


async def return_order(db: AsyncSession, actor: Actor, number: int, reason: str, *, on: date) -> Order:
    """Take handed-over goods back: every journal of the order is reversed, the stock returns with the value it left with.

    Raises Refusal: shop.no_such_order, .not_cancellable, .reason_needed; ledger.year_closed.
    """
    order = await _order(db, number)
    why = _reason(reason)
    if not rules.can_return(order.status):
        raise _wrong_state(errors.NOT_CANCELLABLE, order)
    lines = await queries.lines_of(db, order.id)
    returned = [(line.product_id, line.quantity, Rupiah(line.cost or 0)) for line in lines]
    await stock.take_back(db, returned, on=on, source_key=f"order:{order.id}:return")
    order.status, order.cancelled_at, order.cancel_reason = "returned", clock.now(), why
    # the sale first: it gives the advance back to the customer, from where the payment's reversal takes it
    for journal in (order.sale_journal, order.payment_journal):
        if journal is not None:
            await reverse(db, journal, on=on, reason=why, by=actor.name)
    audit.record(db, actor, events.ORDER_RETURNED, subject=f"order:{number}", facts={"reason": why})
    return order


async def expire_order(db: AsyncSession, order_id: UUID) -> None:
    """Call off an order whose money did not come in time; does nothing when it was paid, handed over or called off meanwhile."""
    order = await queries.order_to_change_by_id(db, order_id)
    if order is None or order.status != "placed" or order.expires_at is None or order.expires_at > clock.now():
        return
    await _cancel(db, SYSTEM, order, "Tidak dibayar sampai batas waktunya", await today(db), events.ORDER_EXPIRED)


async def _cancel(db: AsyncSession, actor: Actor, order: Order, reason: str, on: date, action: str) -> Order:
    if not rules.can_cancel(order.status):
        raise _wrong_state(errors.NOT_CANCELLABLE, order)
    await stock.release(db, _goods(await queries.lines_of(db, order.id)))
    order.status, order.cancelled_at, order.cancel_reason = "cancelled", clock.now(), reason
    if order.payment_journal is not None:
        await reverse(db, order.payment_journal, on=on, reason=reason, by=actor.name)
    audit.record(db, actor, action, subject=f"order:{order.number}", facts={"reason": reason})
    return order


def _sale(order: Order, paid_from: str, cost: Rupiah) -> list[Line]:
    """The lines of a sale; an amount of nothing has no line."""
    total = Rupiah(order.total)
    entries = []
    if total:
        income = (
            Line.to_credit(MEMBER_SALES, total, order.member_id)
            if order.member_id
            else Line.to_credit(PUBLIC_SALES, total)
        )
        entries += [Line.to_debit(paid_from, total), income]
    if cost:
        expense = MEMBER_COST_OF_SALES if order.member_id else PUBLIC_COST_OF_SALES
        entries += [Line.to_debit(expense, cost), Line.to_credit(STOCK, cost)]
    return entries


def _goods(lines: list[OrderLine]) -> dict[UUID, int]:
    return {line.product_id: line.quantity for line in lines}


def _reason(reason: str) -> str:
    if not reason.strip():
        raise errors.REASON_NEEDED(field="reason")
    return reason.strip()


async def _order(db: AsyncSession, number: int) -> Order:
    order = await queries.order_to_change(db, number)
    if order is None:
        raise errors.NO_SUCH_ORDER()
    return order


def _wrong_state(kind: Kind, order: Order) -> Refusal:
    return kind(number=order.number, state=rules.STATUS_NAMES[order.status])
