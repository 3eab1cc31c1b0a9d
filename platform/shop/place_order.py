"""Place an order: compute its prices, reserve its stock and open its payment, in one transaction.

A checkout makes at most one order, however often it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from governance.queries import get_bylaws_on
from governance.rules import Bylaws, PaymentMethodCode
from kernel import audit, clock
from kernel.actor import Actor
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.locks import remember_locked_row
from kernel.money import Rupiah
from payments import queries as payment_queries
from payments.member_funds import Consent
from payments.models import Payment
from shop import errors, events, order_payments, queries, rules, stock
from shop.models import Order, OrderLine, Product

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class Buyer(msgspec.Struct, frozen=True):
    """The person who orders. `member_id` is set for an active member, who pays member prices."""

    name: str
    phone: str = ""
    member_id: UUID | None = None

    @property
    def audience(self) -> rules.Audience:
        """Return whose prices the buyer pays."""
        return "member" if self.member_id else "public"


class Checkout(msgspec.Struct, frozen=True):
    """A request to place an order.

    `goods` has quantities by product id. `key` identifies the checkout, so that sending it again is harmless.
    `fingerprint` is that of the page the buyer saw (`rules.checkout_fingerprint`), or None for an order that
    was not placed on a page. `total` is the page's total in rupiah, None if unknown; if it is right, the
    order's row is written only once. `consent` proves the buyer's PIN for a method on credit.
    """

    goods: Mapping[UUID, int]
    buyer: Buyer
    fulfilment: rules.Fulfilment
    payment_method: PaymentMethodCode
    key: str
    address: str = ""
    note: str = ""
    fingerprint: str | None = None
    total: Rupiah | None = None
    consent: Consent | None = None


class PlacedOrder(msgspec.Struct, frozen=True):
    """An order and the payment opened last for it; None for an order that costs nothing."""

    order: Order
    payment: Payment | None


async def place_order(db: AsyncSession, actor: Actor, checkout: Checkout, *, on: date) -> Order:
    """Place an order and return it; a key that was used before returns the order it made.

    Raises DomainError as `process_checkout` does.
    """
    return (await process_checkout(db, actor, checkout, on=on)).order


async def process_checkout(
    db: AsyncSession, actor: Actor, checkout: Checkout, *, on: date, bylaws: Bylaws | None = None
) -> PlacedOrder:
    """Place an order and open its payment; a key that was used before returns the order it made.

    `on` is today's date in the cooperative's time zone: the date of its bylaws and journals. `bylaws` are
    those of `on`, if the caller has read them. Raises DomainError: shop.cart_empty, .cart_full,
    .quantity_out_of_range, .address_needed, .buyer_needed, .phone_needed, .stock_too_low, .no_such_product,
    .changed_since_shown; kernel.amount_too_large; as `payments.open_payment.open_payment` does;
    ledger.year_closed.
    """
    try:
        _validate(checkout)
    except DomainError:
        if await queries.find_order_by_checkout_key(db, checkout.key) is None:
            raise
        return await require_placed_order(db, checkout.key)
    if bylaws is None:
        bylaws = (await get_bylaws_on(db, on)).bylaws
    order = await _insert_order(db, checkout)
    if order is None:
        return await require_placed_order(db, checkout.key)
    products = await stock.reserve(db, checkout.goods)
    prices = {
        each: rules.price_for(checkout.buyer.audience, Rupiah(product.price), bylaws)
        for each, product in products.items()
    }
    lines = [(each, quantity, int(prices[each])) for each, quantity in checkout.goods.items()]
    if checkout.fingerprint is not None and checkout.fingerprint != rules.checkout_fingerprint(
        checkout.buyer.audience, lines
    ):
        raise errors.CHANGED_SINCE_SHOWN()
    total = _write_lines(db, order, checkout.goods, products, prices)
    payment = await order_payments.open_order_payment(
        db, actor, order, checkout.payment_method, on=on, consent=checkout.consent, bylaws=bylaws
    )
    audit.record(
        db, actor, events.ORDER_PLACED, subject=f"order:{order.number}", params={"total": int(total)}
    )
    await db.flush()
    return PlacedOrder(order, payment)


async def require_placed_order(db: AsyncSession, key: str) -> PlacedOrder:
    """Return the order that a checkout has made. Raises DomainError shop.checkout_expired."""
    order = await queries.find_order_by_checkout_key(db, key)
    if order is None:
        raise errors.CHECKOUT_EXPIRED()
    return PlacedOrder(order, await payment_queries.find_latest_payment(db, order_payments.ORDER, order.id))


def _validate(checkout: Checkout) -> None:
    """Raise DomainError unless the checkout has goods, valid quantities and the required fields."""
    if not checkout.goods:
        raise errors.CART_EMPTY()
    if len(checkout.goods) > rules.MAX_LINES:
        raise errors.CART_FULL(most=rules.MAX_LINES)
    if any(not 1 <= quantity <= rules.MAX_QUANTITY for quantity in checkout.goods.values()):
        raise errors.QUANTITY_OUT_OF_RANGE(most=rules.MAX_QUANTITY)
    if checkout.fulfilment == "delivery" and not checkout.address.strip():
        raise errors.ADDRESS_NEEDED(field="address")
    if not checkout.buyer.name.strip():
        raise errors.BUYER_NEEDED(field="name")
    if checkout.buyer.member_id is None and not checkout.buyer.phone:
        raise errors.PHONE_NEEDED(field="phone")


async def _insert_order(db: AsyncSession, checkout: Checkout) -> Order | None:
    """Insert the order's row; return None if this checkout has already made an order.

    A concurrent second submit waits here until the first transaction has ended.
    """
    total, placed_at = checkout.total or Rupiah(0), clock.now()
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
            payment_method=checkout.payment_method,
            status="placed",
            total=int(total),
            note=checkout.note.strip(),
            placed_at=placed_at,
            expires_at=order_payments.payment_deadline(checkout.payment_method, total, placed_at),
        )
        .on_conflict_do_nothing(index_elements=["checkout_key"])
        .returning(Order)
    )
    order: Order | None = (await db.execute(claim)).scalar_one_or_none()
    if order is not None:
        remember_locked_row(db, order, inserted=True)
    return order


def _write_lines(
    db: AsyncSession,
    order: Order,
    goods: Mapping[UUID, int],
    products: Mapping[UUID, Product],
    prices: Mapping[UUID, Rupiah],
) -> Rupiah:
    """Add the order's lines at these prices, set its total and return it."""
    total = Rupiah(0)
    for at, (each, quantity) in enumerate(goods.items(), start=1):
        amount = (prices[each] * quantity).require_in_range()
        total = (total + amount).require_in_range()
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
