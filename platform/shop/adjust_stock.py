"""Receive goods and record stock counts; both change the stock and post to the ledger."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from kernel import audit
from kernel.actor import Actor
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import BANK, CASH, STOCK, STOCK_DIFFERENCES, TRADE_PAYABLES
from ledger.descriptions import describe
from shop import errors, events, queries, rules, stock
from shop.models import Product

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PaidFrom = Literal["cash", "bank", "credit"]
_ACCOUNTS: Final[dict[PaidFrom, str]] = {"cash": CASH, "bank": BANK, "credit": TRADE_PAYABLES}


async def receive_goods(
    db: AsyncSession,
    actor: Actor,
    product_id: UUID,
    *,
    quantity: int,
    unit_cost: Rupiah,
    paid_from: PaidFrom,
    on: date,
    key: str,
) -> Product:
    """Add purchased units to a product's stock at their cost, and post the purchase.

    `paid_from` chooses the credited account: cash, bank, or trade payables. `key` comes from the form:
    sending the same form again changes nothing. Raises DomainError: shop.no_such_product,
    .quantity_out_of_range; kernel.amount_too_large; ledger.year_closed.
    """
    product = await stock.lock_product(db, product_id)
    if not 1 <= quantity <= rules.MAX_STOCK:
        raise errors.QUANTITY_OUT_OF_RANGE(most=rules.MAX_STOCK, field="quantity")
    source_key = f"goods-in:{key}"
    if await queries.has_stock_movement(db, source_key, product_id):
        return product
    value = (unit_cost * quantity).require_in_range(field="unit_cost")
    stock.add_units(db, product, quantity, value, "purchase", on, source_key)
    product.cost = int(unit_cost)
    if value:
        lines = [JournalLine.to_debit(STOCK, value), JournalLine.to_credit(_ACCOUNTS[paid_from], value)]
        words = describe("shop.goods_received", quantity=quantity, product=product.name)
        await post_journal(db, Journal(on, words, source_key, lines), by=actor.name)
    params = {"quantity": quantity, "value": int(value), "paid_from": paid_from}
    audit.record(db, actor, events.GOODS_RECEIVED, subject=f"product:{product.sku}", params=params)
    return product


async def count_stock(
    db: AsyncSession, actor: Actor, product_id: UUID, *, counted: int, expected_stock: int, on: date, key: str
) -> Product:
    """Set a product's stock to the counted quantity and post the difference in value to account 6150.

    `expected_stock` is the stock that the count page showed. If the stock has changed since, the count is
    refused, because it is unclear which of the two the counted number describes. Raises DomainError:
    shop.stock_moved, .stock_already_ordered, .quantity_out_of_range, .no_such_product; ledger.year_closed.
    """
    product = await stock.lock_product(db, product_id)
    source_key = f"count:{key}"
    if await queries.has_stock_movement(db, source_key, product_id):
        return product
    if not 0 <= counted <= rules.MAX_STOCK:
        raise errors.QUANTITY_OUT_OF_RANGE(most=rules.MAX_STOCK, field="counted")
    if product.stock != expected_stock:
        raise errors.STOCK_MOVED(product=product.name, stock=product.stock, field="counted")
    difference = counted - product.stock
    if difference > 0:
        value = rules.count_surplus_value(
            Rupiah(product.stock_value), product.stock, Rupiah(product.cost), difference
        )
        stock.add_units(db, product, difference, value, "count", on, source_key)
        lines = [JournalLine.to_debit(STOCK, value), JournalLine.to_credit(STOCK_DIFFERENCES, value)]
    elif difference < 0:
        value = stock.remove_units(db, product, -difference, "count", on, source_key)
        lines = [JournalLine.to_debit(STOCK_DIFFERENCES, value), JournalLine.to_credit(STOCK, value)]
    else:
        return product
    if value:
        words = describe("shop.stock_counted", product=product.name, difference=f"{difference:+d}")
        await post_journal(db, Journal(on, words, source_key, lines), by=actor.name)
    audit.record(
        db,
        actor,
        events.STOCK_COUNTED,
        subject=f"product:{product.sku}",
        params={"difference": difference, "value": int(value)},
    )
    return product
