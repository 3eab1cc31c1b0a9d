"""Write receipts of past cash sales: orders, their lines, the stock book, and every posting, a thousand receipts at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kernel import audit
from kernel.database import copy_rows
from kernel.formats import date_long
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, Line, post_many
from ledger.chart import CASH, MEMBER_COST_OF_SALES, MEMBER_SALES, STOCK
from shop.import_queries import KnownMember, PricedProduct
from ui.queries import timezone

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor
    from kernel.importing import Moved

BASE: Final = "sales-import"
SUPPLEMENT: Final = "sales-import+"
RECEIPTS_AT_ONCE: Final = 1_000
NOON: Final = time(12)

_ORDER: Final = (
    "id",
    "checkout_key",
    "source",
    "member_id",
    "buyer_name",
    "fulfilment",
    "payment_way",
    "status",
    "total",
    "placed_at",
    "paid_at",
    "paid_confirmed_by",
    "handed_over_at",
    "sale_journal",
)
_LINE: Final = ("order_id", "line", "product_id", "name", "quantity", "unit_price", "amount", "cost")
_MOVEMENT: Final = ("product_id", "kind", "quantity", "value", "on_date", "source_key")


class Receipt(msgspec.Struct, frozen=True):
    """What one member bought on one day: each product once, with its quantity."""

    key: str
    day: date
    member: KnownMember
    lines: list[tuple[PricedProduct, int]]

    @property
    def total(self) -> int:
        """What was paid, in rupiah."""
        return sum(product.price * quantity for product, quantity in self.lines)

    @property
    def cost(self) -> int:
        """What the goods cost, in rupiah."""
        return sum(product.cost * quantity for product, quantity in self.lines)


def receipt_key(day: date, number: str, supplement: int = 0) -> str:
    """The name of a receipt in orders, stock book and journals: "sales-import:2024-01-05:1001", and "sales-import+1:…" for a supplement."""
    return f"{SUPPLEMENT}{supplement}:{day}:{number}" if supplement else f"{BASE}:{day}:{number}"


async def record_receipts(
    db: AsyncSession, actor: Actor, receipts: Sequence[Receipt], moved: Moved | None = None
) -> None:
    """Write new receipts in the session's transaction. Raises as ``ledger.post``."""
    zone = ZoneInfo(await timezone(db))
    done, lines = 0, sum(len(receipt.lines) for receipt in receipts)
    for at in range(0, len(receipts), RECEIPTS_AT_ONCE):
        batch = receipts[at : at + RECEIPTS_AT_ONCE]
        journals = [journal for receipt in batch for journal in _journals(receipt)]
        posted = {each.source_key: each.number for each in await post_many(db, journals, by=actor.name)}
        ids = [new_id() for _ in batch]
        await copy_rows(db, "orders", _ORDER, _orders(batch, ids, posted, actor.name, zone))
        await copy_rows(db, "order_lines", _LINE, _order_lines(batch, ids))
        await copy_rows(db, "stock_movements", _MOVEMENT, _movements(batch))
        done += sum(len(receipt.lines) for receipt in batch)
        if moved is not None:
            moved(done, lines)
    facts = {"receipts": len(receipts), "lines": lines, "total": sum(receipt.total for receipt in receipts)}
    audit.record(db, actor, "shop.sales_imported", subject="orders", facts=facts)


def _journals(receipt: Receipt) -> Iterator[Journal]:
    """The purchase that supplied the receipt, then the sale. What costs or earns nothing is not posted."""
    told = f"{date_long(receipt.day)}, anggota {receipt.member.number} (impor)"
    cost, total = Rupiah(receipt.cost), Rupiah(receipt.total)
    if cost:
        lines = [Line.to_debit(STOCK, cost), Line.to_credit(CASH, cost)]
        yield Journal(receipt.day, f"Pembelian barang terjual {told}", f"purchase-of-{receipt.key}", lines)
    lines = []
    if total:
        lines += [Line.to_debit(CASH, total), Line.to_credit(MEMBER_SALES, total, receipt.member.id)]
    if cost:
        lines += [Line.to_debit(MEMBER_COST_OF_SALES, cost), Line.to_credit(STOCK, cost)]
    if lines:
        yield Journal(receipt.day, f"Penjualan tunai {told}", receipt.key, lines)


def _orders(
    batch: Sequence[Receipt], ids: Sequence[UUID], posted: dict[str, int], by: str, zone: ZoneInfo
) -> Iterator[tuple[object, ...]]:
    for order_id, receipt in zip(ids, batch, strict=True):
        at = datetime.combine(receipt.day, NOON, zone)
        yield (
            order_id,
            receipt.key,
            "import",
            receipt.member.id,
            receipt.member.name,
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


def _order_lines(batch: Sequence[Receipt], ids: Sequence[UUID]) -> Iterator[tuple[object, ...]]:
    for order_id, receipt in zip(ids, batch, strict=True):
        for at, (product, quantity) in enumerate(receipt.lines, 1):
            amount, cost = product.price * quantity, product.cost * quantity
            yield order_id, at, product.id, product.name, quantity, product.price, amount, cost


def _movements(batch: Sequence[Receipt]) -> Iterator[tuple[object, ...]]:
    for receipt in batch:
        for product, quantity in receipt.lines:
            cost = product.cost * quantity
            yield product.id, "purchase", quantity, cost, receipt.day, receipt.key
            yield product.id, "sale", -quantity, -cost, receipt.day, receipt.key
