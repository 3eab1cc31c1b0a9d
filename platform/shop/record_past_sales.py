"""Record staged receipts of past cash sales: orders, their lines, stock movements and journals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import text

from kernel.database import copy_rows
from kernel.file_import import CHANGED_MEANWHILE
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine
from ledger.chart import CASH, MEMBER_COST_OF_SALES, MEMBER_SALES, STOCK
from ledger.descriptions import describe
from ledger.posting import JournalBatch, post_journal_batch, prepare_journal_batch
from shop.staging_queries import StagedReceipt

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

KEY_PREFIX: Final = "sales-import"
SUPPLEMENT_PREFIX: Final = "sales-import+"
BATCH_SIZE: Final = 250
NOON: Final = time(12)

_ORDER: Final = (
    "id",
    "checkout_key",
    "source",
    "member_id",
    "buyer_name",
    "fulfilment",
    "payment_method",
    "status",
    "total",
    "placed_at",
    "paid_at",
    "paid_confirmed_by",
    "handed_over_at",
    "sale_journal",
)
# The names come from a subquery: the planner has no statistics of a staging table, and would scan all
# products for a few lines.
_LINES = text(
    "INSERT INTO order_lines (order_id, line, product_id, name, quantity, unit_price, amount, cost)"
    " SELECT o.id, s.line, s.product_id, (SELECT p.name FROM products p WHERE p.id = s.product_id), "
    "s.quantity, s.price,"
    " s.price * s.quantity, s.cost * s.quantity"
    " FROM unnest(CAST(:receipts AS integer[]), CAST(:ids AS uuid[])) AS o(receipt, id)"
    " JOIN staging_receipt_lines s ON s.receipt = o.receipt AND s.import_id = :import AND s.receipt "
    "BETWEEN :first AND :last"
)
_MOVEMENTS = text(
    "INSERT INTO stock_movements (product_id, kind, quantity, value, on_date, source_key)"
    " SELECT s.product_id, way.kind, way.sign * s.quantity, way.sign * s.cost * s.quantity, s.day, s.key"
    " FROM staging_receipt_lines s CROSS JOIN (VALUES ('purchase', 1), ('sale', -1)) AS way(kind, sign)"
    " WHERE s.import_id = :import AND s.receipt BETWEEN :first AND :last ORDER BY s.receipt, s.line, "
    "way.sign DESC"
)


class ReceiptBatch(msgspec.Struct, frozen=True):
    """Receipts with everything that is prepared without the database: order ids and journals."""

    receipts: list[StagedReceipt]
    ids: list[UUID]
    posting: JournalBatch


def prepare_batch(receipts: list[StagedReceipt], *, by: str) -> ReceiptBatch:
    """Prepare receipts to be recorded: generate order ids and build the journals. Uses no database."""
    journals = [journal for receipt in receipts for journal in _journals(receipt)]
    return ReceiptBatch(receipts, [new_id() for _ in receipts], prepare_journal_batch(journals, by=by))


async def record_receipts(
    db: AsyncSession, actor: Actor, import_id: UUID, batch: ReceiptBatch, zone: ZoneInfo
) -> None:
    """Record staged receipts in the caller's transaction.

    Raises DomainError: kernel.import_changed_meanwhile, and as `ledger.post_journal`.
    """
    # post as late as possible: concurrent sales wait for the ledger's lock from here on
    span = {"import": import_id, "first": batch.receipts[0].receipt, "last": batch.receipts[-1].receipt}
    await db.execute(_MOVEMENTS, span)
    posted = await post_journal_batch(db, batch.posting)
    if not all(each.created for each in posted):
        raise CHANGED_MEANWHILE()
    numbers = {each.source_key: each.number for each in posted}
    await copy_rows(db, "orders", _ORDER, _orders(batch, numbers, actor.name, zone))
    await db.execute(
        _LINES, span | {"receipts": [receipt.receipt for receipt in batch.receipts], "ids": batch.ids}
    )


def _journals(receipt: StagedReceipt) -> Iterator[Journal]:
    """Yield the journal of the purchase that supplied the receipt, then that of the sale; amounts of 0 are
    left out.
    """
    params = {"day": receipt.day, "number": receipt.member_number}
    cost, total = Rupiah(receipt.cost), Rupiah(receipt.total)
    if cost:
        lines = [JournalLine.to_debit(STOCK, cost), JournalLine.to_credit(CASH, cost)]
        words = describe("shop.imported_purchase", **params)
        yield Journal(receipt.day, words, f"purchase-of-{receipt.key}", lines)
    lines = []
    if total:
        lines += [
            JournalLine.to_debit(CASH, total),
            JournalLine.to_credit(MEMBER_SALES, total, receipt.member_id),
        ]
    if cost:
        lines += [JournalLine.to_debit(MEMBER_COST_OF_SALES, cost), JournalLine.to_credit(STOCK, cost)]
    if lines:
        yield Journal(receipt.day, describe("shop.imported_sale", **params), receipt.key, lines)


def _orders(
    batch: ReceiptBatch, posted: dict[str, int], by: str, zone: ZoneInfo
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the receipts' orders, each placed, paid and handed over at noon of its day."""
    for order_id, receipt in zip(batch.ids, batch.receipts, strict=True):
        at = datetime.combine(receipt.day, NOON, zone)
        yield (
            order_id,
            receipt.key,
            "import",
            receipt.member_id,
            receipt.member_name,
            "pickup",
            "cash",
            "handed_over",
            receipt.total,
            at,
            at,
            by,
            at,
            posted.get(receipt.key),
        )
