"""Placing an order: prices from the server, stock promised, savings paid, all in one transaction and once for each checkout."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from governance.queries import bylaws_on
from governance.rules import PaymentWay
from kernel import audit, clock
from kernel.actor import Actor
from kernel.errors import Refusal
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.outbox import later
from ledger import Journal, Line, post
from ledger import queries as books
from ledger.chart import CUSTOMER_ADVANCES, VOLUNTARY_SAVINGS
from shop import errors, events, queries, rules, stock
from shop.models import Order, OrderLine, Product

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class Buyer(msgspec.Struct, frozen=True):
    """Who orders. ``member_id`` is set for an active member, who pays the members' price."""

    name: str
    phone: str = ""
    member_id: UUID | None = None

    @property
    def audience(self) -> rules.Audience:
        """Whose prices they pay."""
        return "member" if self.member_id else "public"


class Checkout(msgspec.Struct, frozen=True):
    """What was asked for at checkout. ``goods`` are quantities by product id; ``shown`` is the mark of the page that was read
    (``rules.fingerprint``), or None for an order that was not placed on a page; ``key`` makes sending it again harmless.
    """

    goods: Mapping[UUID, int]
    buyer: Buyer
    fulfilment: rules.Fulfilment
    payment_way: PaymentWay
    key: str
    address: str = ""
    note: str = ""
    shown: str | None = None


async def place_order(db: AsyncSession, actor: Actor, checkout: Checkout, *, on: date) -> Order:
    """Place an order and return it; the same key again returns the order that it made before.

    ``on`` is today where the cooperative is: the day of its bylaws and of the journal. Raises Refusal: shop.cart_empty,
    .quantity_out_of_range, .address_needed, .buyer_needed, .phone_needed, .payment_way_not_offered, .stock_too_low, .no_such_product,
    .changed_since_shown, .savings_too_low; ledger.year_closed.
    """
    before = await queries.order_by_checkout_key(db, checkout.key)
    if before is not None:
        return before
    _check(checkout)
    bylaws = (await bylaws_on(db, on)).bylaws
    if checkout.payment_way not in bylaws.payment_ways:
        raise errors.PAYMENT_WAY_NOT_OFFERED(field="payment_way")
    order_id = await _claim(db, checkout)
    if order_id is None:
        before = await queries.order_by_checkout_key(db, checkout.key)
        if before is None:
            raise errors.CHECKOUT_EXPIRED()
        return before
    products = await stock.promise(db, checkout.goods)
    prices = {
        each: rules.price_for(checkout.buyer.audience, Rupiah(product.price), bylaws)
        for each, product in products.items()
    }
    lines = [(each, quantity, int(prices[each])) for each, quantity in checkout.goods.items()]
    if checkout.shown is not None and checkout.shown != rules.fingerprint(checkout.buyer.audience, lines):
        raise errors.CHANGED_SINCE_SHOWN()
    order = await queries.order_to_change_by_id(db, order_id)
    assert order is not None
    total = _write_lines(db, order, checkout.goods, products, prices)
    if checkout.payment_way == "savings":
        await _pay_from_savings(db, actor, order, checkout.buyer, total, on)
    elif order.expires_at is not None:
        await later(
            db,
            "shop.expire_order",
            {"order_id": str(order.id)},
            due=order.expires_at,
            key=f"shop.expire_order:{order.id}",
        )
    await db.flush()
    audit.record(db, actor, events.ORDER_PLACED, subject=f"order:{order.number}", facts={"total": int(total)})
    return order


def _check(checkout: Checkout) -> None:
    if not checkout.goods:
        raise errors.CART_EMPTY()
    if len(checkout.goods) > rules.MOST_LINES:
        raise errors.CART_FULL(most=rules.MOST_LINES)
    if any(not 1 <= quantity <= rules.MOST_QUANTITY for quantity in checkout.goods.values()):
        raise errors.QUANTITY_OUT_OF_RANGE(most=rules.MOST_QUANTITY)
    if checkout.fulfilment == "delivery" and not checkout.address.strip():
        raise errors.ADDRESS_NEEDED(field="address")
    if not checkout.buyer.name.strip():
        raise errors.BUYER_NEEDED(field="name")
    if checkout.buyer.member_id is None:
        if not checkout.buyer.phone:
            raise errors.PHONE_NEEDED(field="phone")
        if checkout.payment_way == "savings":
            raise errors.PAYMENT_WAY_NOT_OFFERED(field="payment_way")


async def _claim(db: AsyncSession, checkout: Checkout) -> UUID | None:
    """Write the order's head; None when this checkout has made one. A second sender waits here until the first has ended."""
    now = clock.now()
    wait = rules.lasts(checkout.payment_way)
    claim = (
        insert(Order)
        .values(
            id=new_id(),
            checkout_key=checkout.key,
            member_id=checkout.buyer.member_id,
            buyer_name=checkout.buyer.name.strip(),
            buyer_phone=checkout.buyer.phone,
            fulfilment=checkout.fulfilment,
            address=checkout.address.strip() if checkout.fulfilment == "delivery" else "",
            payment_way=checkout.payment_way,
            status="placed",
            total=0,
            note=checkout.note.strip(),
            placed_at=now,
            expires_at=now + wait if wait else None,
        )
        .on_conflict_do_nothing(index_elements=["checkout_key"])
        .returning(Order.id)
    )
    claimed: UUID | None = (await db.execute(claim)).scalar_one_or_none()
    return claimed


def _write_lines(
    db: AsyncSession,
    order: Order,
    goods: Mapping[UUID, int],
    products: Mapping[UUID, Product],
    prices: Mapping[UUID, Rupiah],
) -> Rupiah:
    total = Rupiah(0)
    for at, (each, quantity) in enumerate(goods.items(), start=1):
        amount = prices[each] * quantity
        total += amount
        db.add(
            OrderLine(
                order_id=order.id,
                line=at,
                product_id=each,
                name=products[each].name,
                quantity=quantity,
                unit_price=int(prices[each]),
                amount=int(amount),
            )
        )
    order.total = int(total)
    return total


async def _pay_from_savings(
    db: AsyncSession, actor: Actor, order: Order, buyer: Buyer, total: Rupiah, on: date
) -> None:
    """Move the money from the member's voluntary savings. Whatever the balance said before, the books let it fall below zero never."""
    order.status = "paid"
    order.paid_at = clock.now()
    if total == 0:
        return
    await db.flush()
    journal = Journal(
        on,
        f"Pesanan {order.number} dibayar dari simpanan sukarela",
        f"order:{order.id}:payment",
        [
            Line.to_debit(VOLUNTARY_SAVINGS, total, buyer.member_id),
            Line.to_credit(CUSTOMER_ADVANCES, total),
        ],
    )
    balance = await books.balance(db, VOLUNTARY_SAVINGS, buyer.member_id)
    if balance < total:
        raise errors.SAVINGS_TOO_LOW(balance=Rupiah(balance), total=total, field="payment_way")
    try:
        order.payment_journal = (await post(db, journal, by=actor.name)).number
    except Refusal as refusal:
        if refusal.code != "ledger.below_floor":
            raise
        # another order of theirs was faster by a moment; what is left is not known inside this failed transaction
        raise errors.SAVINGS_SPENT(total=total, field="payment_way") from refusal
