"""Queries on the staging tables of an import of past sales."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from kernel.money import MAX_AMOUNT

if TYPE_CHECKING:
    from kernel.database import Reader

# The lines with their member, active or former, and their product, archived or not.
STAGED_SALES: Final = (
    "staging_sales s JOIN members m ON m.number = s.member_number AND m.status IN ('active', "
    "'left') JOIN products p ON p.sku = s.sku"
)

_DIFFERING: Final = f"""
WITH basket AS (
    SELECT s.day, s.member_number, s.sku, p.id AS product_id, sum(s.quantity)::bigint AS quantity,
    array_agg(s.line ORDER BY s.line) AS lines
    FROM {STAGED_SALES} WHERE s.import_id = $1 GROUP BY s.day, s.member_number, s.sku, p.id
), recorded AS (
    SELECT $2 || substring(o.checkout_key FROM position(':' IN o.checkout_key)) AS key, l.product_id,
    l.quantity
    FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.source = 'import' AND
        starts_with(o.checkout_key, $2)
)
SELECT b.lines, b.sku, b.member_number, b.day, r.quantity AS recorded, b.quantity
FROM basket b JOIN recorded r ON r.key = $2 || ':' || to_char(b.day, 'YYYY-MM-DD') || ':' || b.member_number
    AND r.product_id = b.product_id
WHERE r.quantity <> b.quantity
"""


class QuantityConflict(msgspec.Struct, frozen=True):
    """Lines of the file whose summed quantity differs from the recorded one."""

    lines: list[int]
    sku: str
    member_number: str
    day: date
    recorded: int
    quantity: int


class StagedReceipt(msgspec.Struct, frozen=True):
    """A receipt to be recorded; `total` and `cost` are in rupiah, `lines` is its number of lines."""

    receipt: int
    key: str
    day: date
    member_id: UUID
    member_number: str
    member_name: str
    total: int
    cost: int
    lines: int


async def list_unknown_lines(ro: Reader, import_id: UUID) -> list[tuple[int, str, str, bool]]:
    """Return the lines with an unknown member or product, as (line, member number, sku, no_member).

    `no_member` is true if the member is unknown.
    """
    return [
        (record["line"], record["member_number"], record["sku"], record["no_member"])
        async for record in ro.stream(
            "SELECT s.line, s.member_number, s.sku, m.id IS NULL AS no_member FROM staging_sales s"
            " LEFT JOIN members m ON m.number = s.member_number AND m.status IN ('active', 'left') "
            "LEFT JOIN products p ON p.sku = s.sku"
            " WHERE s.import_id = $1 AND (m.id IS NULL OR p.id IS NULL)",
            import_id,
        )
    ]


async def list_excess_lines(ro: Reader, import_id: UUID) -> list[int]:
    """Return the lines with which the sum of the sales would exceed the largest amount; usually none."""
    worth = "greatest(p.price, p.cost) * s.quantity::numeric"
    summed = await ro.value(
        f"SELECT coalesce(sum({worth}), 0) FROM {STAGED_SALES} WHERE s.import_id = $1", import_id
    )
    if summed <= MAX_AMOUNT:
        return []
    total, out = 0, []
    async for line, amount in ro.stream(
        f"SELECT s.line, {worth} FROM {STAGED_SALES} WHERE s.import_id = $1 ORDER BY s.line", import_id
    ):
        if total + amount > MAX_AMOUNT:
            out.append(line)
        else:
            total += amount
    return out


async def list_quantity_conflicts(ro: Reader, import_id: UUID, base: str) -> list[QuantityConflict]:
    """Return the staged sums whose quantity differs from the recorded one.

    `base` is the prefix of the keys of receipts and supplements.
    """
    return await ro.rows(QuantityConflict, _DIFFERING, import_id, base)


async def count_receipt_lines(ro: Reader, import_id: UUID) -> int:
    """Return the number of lines of the receipts to be recorded."""
    return int(await ro.value("SELECT count(*) FROM staging_receipt_lines WHERE import_id = $1", import_id))


async def list_receipts(ro: Reader, import_id: UUID, after: int, limit: int) -> list[StagedReceipt]:
    """Return the next `limit` receipts after number `after`."""
    return await ro.rows(
        StagedReceipt,
        "SELECT receipt, min(key) AS key, min(day) AS day, member_id, min(member_number) AS "
        "member_number, min(member_name) AS member_name,"
        " sum(price * quantity)::bigint AS total, sum(cost * quantity)::bigint AS cost, count(*) AS "
        "lines FROM staging_receipt_lines"
        " WHERE import_id = $1 AND receipt > $2 AND receipt <= $3 GROUP BY receipt, member_id ORDER BY "
        "receipt",
        import_id,
        after,
        after + limit,
    )
