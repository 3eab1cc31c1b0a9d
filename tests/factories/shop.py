"""Goods, buyers and orders for tests of the shop, through the real use cases. All people are invented."""

import asyncio
from collections.abc import Mapping
from datetime import date
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.actor import Actor
from kernel.database import as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from payments.models import Payment
from payments.queries import find_latest_payment
from shop.manage_products import ProductData, add_product
from shop.models import Order, Product
from shop.order_payments import ORDER
from shop.place_order import Buyer, Checkout, place_order
from shop.stock import lock_product
from tenants.changes import publish_change

TODAY = date(2026, 6, 15)
CASHIER = Actor("officer", "Rina Kasir")
VISITOR = Buyer("Tono Suprapto", "+6281299990001")


async def create_product(
    db: AsyncSession, *, stock: int = 10, cost: int = 7_000, price: int = 10_000, name: str = "Gula 1 kg"
) -> Product:
    params = ProductData(sku=f"T{new_id().hex[-12:]}", name=name, unit="Pcs", price=Rupiah(price))
    return await add_product(db, CASHIER, params, cost=Rupiah(cost), opening_stock=stock, on=TODAY)


async def get_member_buyer(db: AsyncSession, number: str = "0001") -> Buyer:
    row = (await as_reader(db).records("SELECT id, name, phone FROM members WHERE number = $1", number))[0]
    return Buyer(row["name"], row["phone"], row["id"])


async def create_order(
    db: AsyncSession,
    goods: Mapping[UUID, int],
    buyer: Buyer = VISITOR,
    method: str = "cash",
    key: str | None = None,
) -> Order:
    checkout = Checkout(
        goods=goods, buyer=buyer, fulfilment="pickup", payment_method=method, key=key or new_id().hex
    )  # type: ignore[arg-type]
    return await place_order(db, Actor("visitor", buyer.name), checkout, on=TODAY)


async def get_latest_payment(db: AsyncSession, order: Order) -> Payment:
    """Return the newest payment of an order."""
    found = await find_latest_payment(db, ORDER, order.id)
    assert found is not None
    return found


async def assert_books_agree(db: AsyncSession) -> None:
    """Assert what must hold after any history: stock value, reserved stock and customers' advances equal the
    books.
    """
    ro = as_reader(db)
    assert await ro.value(
        "SELECT coalesce(sum(balance), 0) FROM balances WHERE account = '1130'"
    ) == await ro.value("SELECT coalesce(sum(stock_value), 0) FROM products")
    assert not await ro.records(
        "SELECT p.id FROM products p LEFT JOIN (SELECT l.product_id, sum(l.quantity) AS quantity FROM "
        "order_lines l"
        " JOIN orders o ON o.id = l.order_id WHERE o.status IN ('placed', 'paid') GROUP BY "
        "l.product_id) AS open"
        " ON open.product_id = p.id WHERE p.reserved <> coalesce(open.quantity, 0)"
    )
    # what orders paid and were not refunded, until their sale uses it; of a cancelled order while its refund
    # is pending
    assert await ro.value(
        "SELECT coalesce(sum(balance), 0) FROM balances WHERE account = '2103'"
    ) == await ro.value(
        "SELECT coalesce(sum(p.amount - p.unique_suffix - least(p.refunded, p.amount - "
        "p.unique_suffix)), 0) FROM "
        "payments p JOIN orders o ON o.id = p.subject_id"
        " WHERE p.purpose = 'order' AND p.applied_to = 'purpose' AND o.status <> 'handed_over'"
    )
    assert not await ro.records(
        "SELECT o.id FROM orders o WHERE o.status = 'paid' AND o.total > 0 AND o.total <> (SELECT "
        "coalesce(sum(p.amount - p.unique_suffix), 0)"
        " FROM payments p WHERE p.subject_id = o.id AND p.applied_to = 'purpose' AND p.status <> 'refunded')"
    )
    assert not await ro.records(
        "SELECT p.id FROM products p JOIN stock_movements m ON m.product_id = p.id GROUP BY p.id"
        " HAVING sum(m.quantity) <> p.stock OR sum(m.value) <> p.stock_value"
    )


async def lock_product_by_sku(db: AsyncSession, sku: str) -> Product:
    """Lock the product with this SKU; a change of it is published to every page."""
    found = await lock_product(db, await as_reader(db).value("SELECT id FROM products WHERE sku = $1", sku))
    await publish_product_change(db)
    return found


async def publish_product_change(db: AsyncSession) -> None:
    """Publish that cached pages changed."""
    await publish_change(db)


async def wait_until_shown(client: httpx.AsyncClient, path: str, text: str) -> None:
    """Wait until this process has seen a change that another process published."""
    for _ in range(100):
        if text in (await client.get(path)).text:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} never said {text!r}")
