"""Queries that compare an import file with the existing products and categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from kernel.database import Reader


class ExistingProduct(msgspec.Struct, frozen=True):
    """A stored product; `opening` is its recorded opening stock, `cost` and `price` are in rupiah."""

    sku: str
    id: UUID
    barcode: str
    name: str
    category_id: UUID | None
    unit: str
    cost: int
    price: int
    opening: int


class CategoryName(msgspec.Struct, frozen=True):
    """A category's name, id and slug."""

    name: str
    id: UUID
    slug: str


async def get_products_by_sku(ro: Reader, skus: Sequence[str]) -> dict[str, ExistingProduct]:
    """Return the existing products with these codes, by code."""
    rows = await ro.rows(
        ExistingProduct,
        "SELECT p.sku, p.id, p.barcode, p.name, p.category_id, p.unit, p.cost, p.price,"
        " coalesce((SELECT sum(m.quantity) FROM stock_movements m WHERE m.product_id = p.id AND m.kind "
        "= 'opening'), 0)::bigint"
        " AS opening FROM products p WHERE p.sku = ANY($1)",
        skus,
    )
    return {row.sku: row for row in rows}


async def list_categories(ro: Reader) -> list[CategoryName]:
    """Return every category."""
    return await ro.rows(CategoryName, "SELECT name, id, slug FROM categories")
