"""Queries for use cases of the shop, which lock the rows that will be changed.

Pages read through the other `…_queries` modules of this room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, select

from kernel.locks import get_locked_row, remember_locked_row
from shop.models import Category, Order, OrderLine, Product, StockMovement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def get_products_for_update(db: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Product]:
    """Return these products by id, read again and locked in the order of their ids."""
    statement = (
        select(Product)
        .where(Product.id.in_(set(ids)))
        .order_by(Product.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {product.id: product for product in (await db.execute(statement)).scalars()}


async def find_order_for_update(db: AsyncSession, order_id: UUID) -> Order | None:
    """Return an order by its id, locked, or None; an order locked earlier in this transaction is not read
    again.
    """
    order = get_locked_row(db, Order, order_id)
    if order is None:
        statement = select(Order).where(Order.id == order_id).with_for_update()
        order = (await db.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
        if order is not None:
            remember_locked_row(db, order)
    return order


async def list_overdue_orders(db: AsyncSession, before: datetime) -> list[UUID]:
    """Return the ids of at most 500 unpaid orders that expired before this moment, oldest first."""
    statement = (
        select(Order.id)
        .where(Order.status == "placed", Order.expires_at < before)
        .order_by(Order.placed_at)
        .limit(500)
    )
    return list((await db.execute(statement)).scalars())


async def list_orders_for_update(db: AsyncSession, order_ids: Sequence[UUID]) -> list[Order]:
    """Return these orders, read again and locked in the order of their ids."""
    statement = (
        select(Order)
        .where(Order.id.in_(set(order_ids)))
        .order_by(Order.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await db.execute(statement)).scalars())


async def find_order_by_checkout_key(db: AsyncSession, key: str) -> Order | None:
    """Return the order that this checkout made, or None."""
    return (await db.execute(select(Order).where(Order.checkout_key == key))).scalar_one_or_none()


async def list_order_lines(db: AsyncSession, order_id: UUID) -> list[OrderLine]:
    """Return the lines of an order, in order."""
    statement = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.line)
    return list((await db.execute(statement)).scalars())


async def get_order_quantities(db: AsyncSession, order_id: UUID) -> dict[UUID, int]:
    """Return an order's quantities by product id."""
    return {line.product_id: line.quantity for line in await list_order_lines(db, order_id)}


async def find_order_id(db: AsyncSession, number: int) -> UUID | None:
    """Return the id of the order with this number, or None, without a lock."""
    found: UUID | None = (
        await db.execute(select(Order.id).where(Order.number == number))
    ).scalar_one_or_none()
    return found


async def sku_is_taken(db: AsyncSession, sku: str, except_id: UUID | None = None) -> bool:
    """Return whether a product other than `except_id` has this code."""
    statement = select(Product.id).where(Product.sku == sku)
    if except_id is not None:
        statement = statement.where(Product.id != except_id)
    return (await db.execute(statement.limit(1))).first() is not None


async def find_similar_category(
    db: AsyncSession, name: str, slug: str, except_id: UUID | None = None
) -> Category | None:
    """Return a category other than `except_id` with this name, ignoring case, or this slug."""
    statement = select(Category).where((func.lower(Category.name) == name.lower()) | (Category.slug == slug))
    if except_id is not None:
        statement = statement.where(Category.id != except_id)
    return (await db.execute(statement.limit(1))).scalar_one_or_none()


async def has_stock_movement(db: AsyncSession, source_key: str, product_id: UUID) -> bool:
    """Return whether a stock movement of this product with this source key exists."""
    statement = select(StockMovement.id).where(
        StockMovement.product_id == product_id, StockMovement.source_key == source_key
    )
    return (await db.execute(statement.limit(1))).first() is not None
