"""Queries for the public pages of the shop, one statement per page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from kernel.database import like_pattern

if TYPE_CHECKING:
    from kernel.database import Reader

PAGE_SIZE: Final = 24


class StorefrontProduct(msgspec.Struct, frozen=True):
    """A product in the storefront.

    `price` is the base price in rupiah; `stock` is the unreserved stock.
    """

    id: UUID
    sku: str
    name: str
    unit: str
    category: str
    picture: str | None
    price: int
    stock: int


class StorefrontProductDetails(StorefrontProduct, frozen=True):
    """A product with the fields of its own page."""

    description: str
    category_slug: str


class StorefrontPage(msgspec.Struct, frozen=True):
    """One page of products.

    `total` counts the matching products on all pages; `categories` has every category with products, as
    (slug, name).
    """

    total: int
    goods: list[StorefrontProduct]
    categories: list[tuple[str, str]]


class _StorefrontPageRow(msgspec.Struct, frozen=True):
    total: int
    goods: str
    categories: str


_GOOD = (
    "p.id, p.sku, p.name, p.unit, coalesce(c.name, '') AS category, p.picture, p.price, p.stock - "
    "p.reserved AS stock"
    " FROM products p LEFT JOIN categories c ON c.id = p.category_id "
)
# Products in stock come first. $1 category or null, $2 page size, $3 offset, $4 search text. The lists are
# returned as JSON text and decoded straight into structs.
_SHELF = (
    "WITH hits AS (SELECT " + _GOOD + "WHERE NOT p.archived AND ($1::text IS NULL OR c.slug = $1) AND "
    "{search})"
    " SELECT (SELECT count(*) FROM hits) AS total,"
    " coalesce((SELECT json_agg(h) FROM"
    " (SELECT id, sku, name, unit, category, picture, price, stock FROM hits ORDER BY stock <= 0, "
    "lower(name), id LIMIT $2 OFFSET $3) AS h), '[]')::text AS goods,"
    " coalesce((SELECT json_agg(json_build_array(c.slug, c.name) ORDER BY lower(c.name)) FROM categories c"
    " WHERE EXISTS (SELECT FROM products p WHERE p.category_id = c.id AND NOT p.archived)), "
    "'[]')::text AS categories"
)
_EVERYTHING = _SHELF.format(search="$4::text IS NULL")
_BY_WORDS = _SHELF.format(search="p.search_vector @@ to_tsquery('simple', $4)")
_BY_LETTERS = _SHELF.format(search="(p.name ILIKE $4 OR p.sku ILIKE $4 OR p.barcode LIKE $4)")
_WORD = re.compile(r"\w+")


async def list_products(ro: Reader, *, category: str | None, number: int) -> StorefrontPage:
    """Return page `number` (from 1) of the products, of one category or of all."""
    return await _fetch_page(ro, _EVERYTHING, category, number, None)


async def search_products(ro: Reader, search: str, *, category: str | None, number: int) -> StorefrontPage:
    """Return the products with words that begin with the typed ones.

    If there are none, return those whose name, code or barcode contains the text.
    """
    words = _WORD.findall(search.lower())[:8]
    if words:
        found = await _fetch_page(ro, _BY_WORDS, category, number, " & ".join(f"{word}:*" for word in words))
        if found.total:
            return found
    return await _fetch_page(ro, _BY_LETTERS, category, number, like_pattern(search))


async def find_product_by_sku(ro: Reader, sku: str) -> StorefrontProductDetails | None:
    """Return the product on sale with this code, or None."""
    return await ro.one(
        StorefrontProductDetails,
        "SELECT p.id, p.sku, p.name, p.unit, coalesce(c.name, '') AS category, p.picture, p.price,"
        " p.stock - p.reserved AS stock, p.description, coalesce(c.slug, '') AS category_slug"
        " FROM products p LEFT JOIN categories c ON c.id = p.category_id WHERE p.sku = $1 AND NOT p.archived",
        sku,
    )


async def get_products_by_id(ro: Reader, ids: Sequence[UUID]) -> dict[UUID, StorefrontProduct]:
    """Return those of these products that are on sale, by id."""
    rows = await ro.rows(
        StorefrontProduct, "SELECT " + _GOOD + "WHERE p.id = ANY($1::uuid[]) AND NOT p.archived", list(ids)
    )
    return {good.id: good for good in rows}


async def find_picture(ro: Reader, checksum: str, width: int) -> bytes | None:
    """Return a picture's content, or None."""
    content: bytes | None = await ro.value(
        "SELECT content FROM pictures WHERE checksum = $1 AND width = $2", checksum, width
    )
    return content


async def _fetch_page(
    ro: Reader, sql: str, category: str | None, number: int, search: str | None
) -> StorefrontPage:
    """Run one of the page statements and decode its JSON lists."""
    row = await ro.one(_StorefrontPageRow, sql, category, PAGE_SIZE, (number - 1) * PAGE_SIZE, search)
    assert row is not None  # a SELECT without FROM always returns one row
    return StorefrontPage(
        row.total,
        msgspec.json.decode(row.goods, type=list[StorefrontProduct]),
        msgspec.json.decode(row.categories, type=list[tuple[str, str]]),
    )
