"""Add and change products, their categories and their pictures."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from kernel import audit
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import OPENING_BALANCES, STOCK
from ledger.descriptions import describe
from shop import errors, events, pictures, queries, rules, stock
from shop.models import Category, Picture, Product

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class ProductData(msgspec.Struct, frozen=True):
    """A product's details as an officer enters them.

    `price` is the base price in rupiah; the prices for members and for others follow from it and the bylaws.
    """

    sku: str
    name: str
    unit: str
    price: Rupiah
    category_id: UUID | None = None
    barcode: str = ""
    description: str = ""


async def add_product(
    db: AsyncSession,
    actor: Actor,
    data: ProductData,
    *,
    cost: Rupiah,
    opening_stock: int,
    on: date,
    product_id: UUID | None = None,
) -> Product:
    """Add a product with its opening stock, posted at cost against opening balances.

    `product_id`, if the form chose one, makes sending the form again harmless. Raises DomainError:
    shop.sku_malformed, .sku_taken, .no_such_category, .quantity_out_of_range; kernel.amount_too_large;
    ledger.year_closed.
    """
    if product_id is not None and (there := await db.get(Product, product_id)) is not None:
        return there
    await _validate(db, data, None)
    if opening_stock < 0:
        raise errors.QUANTITY_OUT_OF_RANGE(most=rules.MAX_STOCK, field="stock")
    product = Product(
        id=product_id or new_id(),
        cost=int(cost),
        stock=0,
        reserved=0,
        stock_value=0,
        archived=False,
        **_columns(data),
    )
    db.add(product)
    await db.flush()
    if opening_stock:
        key = f"opening:{data.sku}"
        value = (cost * opening_stock).require_in_range(field="cost")
        stock.add_units(db, product, opening_stock, value, "opening", on, key)
        if value:
            lines = [JournalLine.to_debit(STOCK, value), JournalLine.to_credit(OPENING_BALANCES, value)]
            words = describe("shop.opening_stock", product=data.name)
            await post_journal(db, Journal(on, words, key, lines), by=actor.name)
    audit.record(
        db, actor, events.PRODUCT_ADDED, subject=f"product:{data.sku}", params={"price": int(data.price)}
    )
    return product


async def change_product(
    db: AsyncSession, actor: Actor, product_id: UUID, data: ProductData, *, archived: bool
) -> Product:
    """Change a product's details. Existing orders keep the name and price they were placed with.

    Raises DomainError: shop.no_such_product, .sku_malformed, .sku_taken, .no_such_category.
    """
    product = await stock.lock_product(db, product_id)
    await _validate(db, data, product_id)
    changes = _columns(data) | {"archived": archived}
    changed = {name: value for name, value in changes.items() if getattr(product, name) != value}
    for name, value in changed.items():
        setattr(product, name, value)
    if changed:
        new_values = {name: str(value) for name, value in changed.items()}
        audit.record(db, actor, events.PRODUCT_CHANGED, subject=f"product:{data.sku}", params=new_values)
    return product


async def set_picture(db: AsyncSession, actor: Actor, product_id: UUID, upload: bytes) -> str:
    """Render an uploaded picture in all sizes, store them, and return their checksum.

    Raises DomainError: shop.no_such_product, .not_a_picture, .picture_too_large.
    """
    checksum, made = await asyncio.to_thread(pictures.render_sizes, upload)
    await store_pictures(db, checksum, made)
    product = await stock.lock_product(db, product_id)
    product.picture = checksum
    audit.record(
        db, actor, events.PICTURE_CHANGED, subject=f"product:{product.sku}", params={"picture": checksum}
    )
    return checksum


async def store_pictures(db: AsyncSession, checksum: str, made: list[pictures.PictureSize]) -> None:
    """Store the sizes of a picture under its checksum; sizes that are already stored stay unchanged."""
    for each in made:
        row = {"checksum": checksum, "width": each.width, "height": each.height, "content": each.content}
        await db.execute(insert(Picture).values(**row).on_conflict_do_nothing())


async def remove_picture(db: AsyncSession, actor: Actor, product_id: UUID) -> None:
    """Remove a product's picture, so that the drawn placeholder is shown."""
    product = await stock.lock_product(db, product_id)
    product.picture = None
    audit.record(db, actor, events.PICTURE_CHANGED, subject=f"product:{product.sku}", params={"picture": ""})


async def add_category(db: AsyncSession, actor: Actor, name: str) -> Category:
    """Add a category of products. Raises DomainError shop.category_taken."""
    tidy = " ".join(name.split())
    if await queries.find_similar_category(db, tidy, rules.slugify(tidy)) is not None:
        raise errors.CATEGORY_TAKEN(name=tidy, field="name")
    category = Category(id=new_id(), slug=rules.slugify(tidy), name=tidy)
    db.add(category)
    await db.flush()
    audit.record(db, actor, events.CATEGORY_ADDED, subject=f"category:{category.slug}")
    return category


async def rename_category(db: AsyncSession, actor: Actor, category_id: UUID, name: str) -> Category:
    """Rename a category; its slug stays, so that links keep working.

    Raises DomainError: shop.no_such_category, .category_taken.
    """
    category = await db.get(Category, category_id)
    if category is None:
        raise errors.NO_SUCH_CATEGORY()
    tidy = " ".join(name.split())
    other = await queries.find_similar_category(db, tidy, category.slug, except_id=category_id)
    if other is not None:
        raise errors.CATEGORY_TAKEN(name=tidy, field="name")
    audit.record(
        db,
        actor,
        events.CATEGORY_CHANGED,
        subject=f"category:{category.slug}",
        params={"from": category.name, "to": tidy},
    )
    category.name = tidy
    return category


async def _validate(db: AsyncSession, data: ProductData, product_id: UUID | None) -> None:
    if not rules.is_valid_sku(data.sku):
        raise errors.SKU_MALFORMED(field="sku")
    if await queries.sku_is_taken(db, data.sku, product_id):
        raise errors.SKU_TAKEN(sku=data.sku, field="sku")
    if data.category_id is not None and await db.get(Category, data.category_id) is None:
        raise errors.NO_SUCH_CATEGORY(field="category_id")


def _columns(data: ProductData) -> dict[str, object]:
    return {
        "sku": data.sku,
        "name": " ".join(data.name.split()),
        "unit": data.unit,
        "price": int(data.price),
        "category_id": data.category_id,
        "barcode": data.barcode,
        "description": data.description,
    }
