"""What the imports of goods and of past sales compare a file with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from kernel.database import Reader


class KnownProduct(msgspec.Struct, frozen=True):
    """A product as it is now; ``opening`` is the quantity that was counted when it came into the books."""

    sku: str
    id: UUID
    barcode: str
    name: str
    category_id: UUID | None
    unit: str
    cost: int
    price: int
    opening: int


class PricedProduct(msgspec.Struct, frozen=True):
    """What a past sale needs of a product."""

    sku: str
    id: UUID
    name: str
    cost: int
    price: int


class KnownMember(msgspec.Struct, frozen=True):
    """What a past sale needs of a member."""

    number: str
    id: UUID
    name: str
    status: str
    joined_on: date | None


class CategoryName(msgspec.Struct, frozen=True):
    """A category by name, with the slug that is taken."""

    name: str
    id: UUID
    slug: str


async def products_by_sku(ro: Reader, skus: Sequence[str]) -> dict[str, KnownProduct]:
    """Return those of these products that exist."""
    rows = await ro.rows(
        KnownProduct,
        "SELECT p.sku, p.id, p.barcode, p.name, p.category_id, p.unit, p.cost, p.price,"
        " coalesce((SELECT sum(m.quantity) FROM stock_movements m WHERE m.product_id = p.id AND m.kind = 'opening'), 0)::bigint"
        " AS opening FROM products p WHERE p.sku = ANY($1)",
        skus,
    )
    return {row.sku: row for row in rows}


async def categories(ro: Reader) -> list[CategoryName]:
    """Return every category."""
    return await ro.rows(CategoryName, "SELECT name, id, slug FROM categories")


async def priced_products(ro: Reader, skus: Sequence[str]) -> dict[str, PricedProduct]:
    """Return those of these products that exist, archived ones too: a past sale may be of goods no longer sold."""
    rows = await ro.rows(PricedProduct, "SELECT sku, id, name, cost, price FROM products WHERE sku = ANY($1)", skus)
    return {row.sku: row for row in rows}


async def members_by_number(ro: Reader, numbers: Sequence[str]) -> dict[str, KnownMember]:
    """Return those of these members that are or were in the register."""
    rows = await ro.rows(
        KnownMember, "SELECT number, id, name, status, joined_on FROM members WHERE number = ANY($1)", numbers
    )
    return {row.number: row for row in rows}


async def imported_sales(ro: Reader, keys: Sequence[str]) -> list[tuple[str, UUID, int]]:
    """Return what was imported under these receipts' keys: (key, product, quantity) for each line."""
    records = await ro.records(
        "SELECT o.checkout_key, l.product_id, l.quantity FROM orders o JOIN order_lines l ON l.order_id = o.id"
        " WHERE o.checkout_key = ANY($1)",
        keys,
    )
    return [(record["checkout_key"], record["product_id"], record["quantity"]) for record in records]


async def supplements(ro: Reader, stem: str) -> list[tuple[str, UUID, int]]:
    """Return the lines of every receipt that a later file added to a day: their keys begin with ``stem``. There are few."""
    records = await ro.records(
        "SELECT o.checkout_key, l.product_id, l.quantity FROM orders o JOIN order_lines l ON l.order_id = o.id"
        " WHERE o.source = 'import' AND starts_with(o.checkout_key, $1)",
        stem,
    )
    return [(record["checkout_key"], record["product_id"], record["quantity"]) for record in records]
