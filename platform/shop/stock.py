"""Reserve, release, remove and add stock. Every change of the stock writes a stock movement.

Call these before posting: the ledger holds the cooperative's journal counter until the commit. Products are
always locked in the order of their ids, so that two orders of the same products wait for each other instead
of deadlocking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, text

from kernel.errors import DomainError
from kernel.money import Rupiah
from shop import errors, queries, rules
from shop.models import Product, StockMovement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# The statement checks the stock itself, so a stale read cannot reserve too much. A row that was short when
# the statement began is not checked again after its lock is released; `reserve` runs the statement once more
# for such rows, under the lock.
_RESERVE = select(Product).from_statement(
    text(
        "WITH locked AS (SELECT p.id, w.quantity FROM products AS p"
        " JOIN unnest(CAST(:ids AS uuid[]), CAST(:quantities AS bigint[])) AS w(id, quantity) ON w.id "
        "= p.id ORDER BY p.id FOR UPDATE OF p)"
        " UPDATE products AS p SET reserved = p.reserved + l.quantity FROM locked AS l"
        " WHERE p.id = l.id AND NOT p.archived AND p.stock - p.reserved >= l.quantity"
        f" RETURNING {', '.join(f'p.{column.name}' for column in Product.__table__.columns)}"
    ).columns(*Product.__table__.columns)
)


async def reserve(db: AsyncSession, quantities: Mapping[UUID, int]) -> dict[UUID, Product]:
    """Reserve stock and return the products by id, locked; reserves all quantities or none.

    Raises DomainError: shop.stock_too_low (the first short product by id), shop.no_such_product.
    """
    ids = sorted(quantities)
    asked = {"ids": ids, "quantities": [quantities[each] for each in ids]}
    done = await db.execute(_RESERVE, asked, execution_options={"populate_existing": True})
    reserved = {product.id: product for product in done.scalars()}
    if len(reserved) < len(ids):
        found = await _lock_products(db, ids)
        left = [each for each in ids if each not in reserved]
        asked = {"ids": left, "quantities": [quantities[each] for each in left]}
        done = await db.execute(_RESERVE, asked, execution_options={"populate_existing": True})
        reserved |= {product.id: product for product in done.scalars()}
        short = next((found[each] for each in ids if each not in reserved), None)
        if short is None:
            return {each: reserved[each] for each in ids}
        raise errors.NO_SUCH_PRODUCT() if short.archived else _too_low_error(short)
    return reserved


async def release(db: AsyncSession, quantities: Mapping[UUID, int]) -> None:
    """Release reserved stock, so that it can be sold to others."""
    for each, product in (await _lock_products(db, list(quantities))).items():
        product.reserved -= quantities[each]
    await db.flush()


async def issue_reserved(
    db: AsyncSession, quantities: Mapping[UUID, int], *, on: date, source_key: str
) -> dict[UUID, Rupiah]:
    """Remove reserved stock that is handed over; return the cost of each product's units.

    The cost follows `rules.outgoing_value`.
    """
    costs = {}
    for each, product in (await _lock_products(db, list(quantities))).items():
        quantity = quantities[each]
        product.reserved -= quantity
        costs[each] = _remove_units(db, product, quantity, "sale", on, source_key)
    await db.flush()
    return costs


async def restock(
    db: AsyncSession, returned: Sequence[tuple[UUID, int, Rupiah]], *, on: date, source_key: str
) -> None:
    """Add returned goods at the value they were removed with: (product, quantity, rupiah) each."""
    found = await _lock_products(db, [each for each, _, _ in returned])
    for each, quantity, value in returned:
        add_units(db, found[each], quantity, value, "return", on, source_key)
    await db.flush()


async def lock_product(db: AsyncSession, product_id: UUID) -> Product:
    """Return one product, locked until the transaction ends. Raises DomainError shop.no_such_product."""
    return (await _lock_products(db, [product_id]))[product_id]


def add_units(
    db: AsyncSession, product: Product, quantity: int, value: Rupiah, kind: str, on: date, source_key: str
) -> None:
    """Add units to the stock of a locked product; `value` is their cost in rupiah in all."""
    product.stock += quantity
    product.stock_value += int(value)
    db.add(_build_movement(product, quantity, int(value), kind, on, source_key))


def remove_units(
    db: AsyncSession, product: Product, quantity: int, kind: str, on: date, source_key: str
) -> Rupiah:
    """Remove unreserved units from the stock of a locked product; return their cost.

    Raises DomainError shop.stock_already_ordered.
    """
    if product.stock - quantity < product.reserved:
        raise errors.STOCK_ALREADY_ORDERED(
            product=product.name, reserved=product.reserved, counted=product.stock - quantity
        )
    return _remove_units(db, product, quantity, kind, on, source_key)


def _too_low_error(product: Product) -> DomainError:
    """Return the error for a quantity that is not in stock."""
    return errors.STOCK_TOO_LOW(product=product.name, left=product.stock - product.reserved)


def _remove_units(
    db: AsyncSession, product: Product, quantity: int, kind: str, on: date, source_key: str
) -> Rupiah:
    """Remove units from the stock of a locked product and return their cost."""
    value = rules.outgoing_value(Rupiah(product.stock_value), product.stock, quantity)
    product.stock -= quantity
    product.stock_value -= int(value)
    db.add(_build_movement(product, -quantity, -int(value), kind, on, source_key))
    return value


def _build_movement(
    product: Product, quantity: int, value: int, kind: str, on: date, source_key: str
) -> StockMovement:
    return StockMovement(
        product_id=product.id, kind=kind, quantity=quantity, value=value, on_date=on, source_key=source_key
    )


async def _lock_products(db: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Product]:
    """Return these products by id, locked. Raises DomainError shop.no_such_product."""
    found = await queries.get_products_for_update(db, ids)
    if len(found) < len(set(ids)):
        raise errors.NO_SUCH_PRODUCT()
    return found
