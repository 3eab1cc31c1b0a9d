"""Queries for the officers' pages of products: the list, one product, its stock movements, the categories."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import msgspec

from kernel.database import like_pattern
from shop.rules import LOW_STOCK

if TYPE_CHECKING:
    from kernel.database import Reader

PAGE_SIZE: Final = 50
ProductFilter = Literal["semua", "tipis", "arsip"]


class ProductRow(msgspec.Struct, frozen=True):
    """A product in the officers' list. Amounts are in rupiah."""

    id: UUID
    sku: str
    name: str
    category: str
    unit: str
    price: int
    stock: int
    reserved: int
    stock_value: int
    archived: bool


class ProductView(msgspec.Struct, frozen=True):
    """A product with everything its officers' page shows. Amounts are in rupiah."""

    id: UUID
    sku: str
    barcode: str
    name: str
    description: str
    category_id: UUID | None
    category: str
    unit: str
    cost: int
    price: int
    stock: int
    reserved: int
    stock_value: int
    picture: str | None
    archived: bool


class StockMovementRow(msgspec.Struct, frozen=True):
    """A stock movement with the product's stock after it.

    `value` is in rupiah; `order_number` is the order that caused the movement, if any.
    """

    kind: str
    quantity: int
    value: int
    on_date: date
    moved_at: datetime
    after: int
    order_number: int | None


class CategoryView(msgspec.Struct, frozen=True):
    """A category, and `goods`, the number of its products that are not archived."""

    id: UUID
    slug: str
    name: str
    goods: int


_WHERE: Final[dict[str, str]] = {
    "semua": "NOT p.archived",
    "tipis": f"NOT p.archived AND p.stock - p.reserved <= {LOW_STOCK}",
    "arsip": "p.archived",
}


async def list_products(
    ro: Reader, product_filter: ProductFilter, search: str, number: int
) -> tuple[list[ProductRow], int]:
    """Return page `number` of the products that match a filter and a search text, and how many match.

    `search` is searched for in the name, the code and the barcode; an empty text matches every product.
    """
    where = (
        f"{_WHERE[product_filter]} AND ($1 = '' OR p.name ILIKE $2 OR p.sku ILIKE $2 OR p.barcode LIKE $2)"
    )
    rows = await ro.rows(
        ProductRow,
        "SELECT p.id, p.sku, p.name, coalesce(c.name, '') AS category, p.unit, p.price, p.stock, "
        "p.reserved, p.stock_value,"
        f" p.archived FROM products p LEFT JOIN categories c ON c.id = p.category_id WHERE {where}"
        " ORDER BY lower(p.name), p.id LIMIT $3 OFFSET $4",
        search,
        like_pattern(search),
        PAGE_SIZE,
        (number - 1) * PAGE_SIZE,
    )
    return rows, int(
        await ro.value(f"SELECT count(*) FROM products p WHERE {where}", search, like_pattern(search))
    )


async def find_product(ro: Reader, product_id: UUID) -> ProductView | None:
    """Return a product by its id, archived or not, or None."""
    return await ro.one(
        ProductView,
        "SELECT p.id, p.sku, p.barcode, p.name, p.description, p.category_id, coalesce(c.name, '') AS "
        "category, p.unit, p.cost,"
        " p.price, p.stock, p.reserved, p.stock_value, p.picture, p.archived"
        " FROM products p LEFT JOIN categories c ON c.id = p.category_id WHERE p.id = $1",
        product_id,
    )


async def list_stock_movements(
    ro: Reader, product_id: UUID, number: int
) -> tuple[list[StockMovementRow], int]:
    """Return page `number` of a product's stock movements, newest first, and how many there are."""
    rows = await ro.rows(
        StockMovementRow,
        "SELECT b.kind, b.quantity, b.value, b.on_date, b.moved_at, b.after, o.number AS order_number FROM"
        " (SELECT m.id, m.kind, m.quantity, m.value, m.on_date, m.moved_at, m.source_key,"
        " (sum(m.quantity) OVER (ORDER BY m.id))::bigint AS after FROM stock_movements m WHERE "
        "m.product_id = $1"
        " ORDER BY m.id DESC LIMIT $2 OFFSET $3) AS b"
        " LEFT JOIN orders o ON o.id = CASE WHEN b.source_key LIKE 'order:%' THEN "
        "split_part(b.source_key, ':', 2)::uuid END"
        " ORDER BY b.id DESC",
        product_id,
        PAGE_SIZE,
        (number - 1) * PAGE_SIZE,
    )
    return rows, int(await ro.value("SELECT count(*) FROM stock_movements WHERE product_id = $1", product_id))


async def list_categories(ro: Reader) -> list[CategoryView]:
    """Return every category, ordered by name."""
    return await ro.rows(
        CategoryView,
        "SELECT c.id, c.slug, c.name, (SELECT count(*) FROM products p WHERE p.category_id = c.id AND "
        "NOT p.archived) AS goods"
        " FROM categories c ORDER BY lower(c.name)",
    )
