"""Fill and clear the staging tables of an import of past sales, and make receipts from the staged lines."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from kernel.database import copy_rows
from shop.staging_queries import STAGED_SALES

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_COLUMNS: Final = ("import_id", "line", "day", "member_number", "sku", "quantity")

# The sums per member, day and product, compared with what earlier imports recorded under the receipt's own
# key or under the key of one of its few supplements ("sales-import+1:2024-01-05:1001"). Products that are not
# recorded yet make a new receipt, or the next supplement.
_RECEIPTS = text(
    """
WITH basket AS MATERIALIZED (
    SELECT CAST(:base AS text) || ':' || to_char(s.day, 'YYYY-MM-DD') || ':' || m.number AS key, s.day, m.id
        AS member_id, m.number AS member_number,
           m.name AS member_name, p.id AS product_id, p.price, p.cost, sum(s.quantity)::bigint AS quantity,
           min(s.line) AS first_line, count(*) AS source_lines
    FROM {sold} WHERE s.import_id = :import
    GROUP BY s.day, m.id, p.id
), supplement AS MATERIALIZED (
    SELECT CAST(:base AS text) || substring(o.checkout_key FROM position(':' IN o.checkout_key)) AS key,
    l.product_id, l.quantity, o.checkout_key
    FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.source = 'import' AND
        starts_with(o.checkout_key, CAST(:supplement AS text))
), supplements AS (
    SELECT s.key, count(DISTINCT s.checkout_key) AS count FROM supplement s GROUP BY s.key
), compared AS MATERIALIZED (
    SELECT b.key, b.day, b.member_id, b.member_number, b.member_name, b.product_id, b.price, b.cost,
    b.quantity, b.first_line,
           b.source_lines, coalesce(l.quantity, s.quantity) AS recorded,
           CASE WHEN o.id IS NULL THEN b.key
                ELSE CAST(:supplement AS text) || (coalesce(n.count, 0) + 1) || substring(b.key FROM
                    position(':' IN b.key)) END AS new_key
    FROM basket b
    LEFT JOIN orders o ON o.checkout_key = b.key
    LEFT JOIN order_lines l ON l.order_id = o.id AND l.product_id = b.product_id
    LEFT JOIN supplement s ON s.key = b.key AND s.product_id = b.product_id
    LEFT JOIN supplements n ON n.key = b.key
), made AS (
    INSERT INTO staging_receipt_lines (import_id, receipt, line, key, day, member_id, member_number,
    member_name, product_id, quantity,
        price, cost, source_lines)
    SELECT CAST(:import AS uuid), dense_rank() OVER (ORDER BY c.day, c.member_number COLLATE "C"),
           row_number() OVER (PARTITION BY c.day, c.member_number COLLATE "C" ORDER BY c.first_line),
           c.new_key, c.day, c.member_id, c.member_number, c.member_name, c.product_id, c.quantity, c.price,
           c.cost, c.source_lines
    FROM compared c WHERE c.recorded IS NULL
)
SELECT coalesce(sum(c.source_lines) FILTER (WHERE c.recorded IS NULL), 0)::bigint AS fresh,
       coalesce(sum(c.source_lines) FILTER (WHERE c.recorded = c.quantity), 0)::bigint AS unchanged,
       count(*) FILTER (WHERE c.recorded <> c.quantity) AS differing
FROM compared c
""".format(sold=STAGED_SALES)  # noqa: UP032 - one constant: the check that reads stand in queries sees the INSERT
)


class StagingComparison(msgspec.Struct, frozen=True):
    """The result of comparing the staged lines with recorded orders.

    `fresh` and `unchanged` count lines; `differing` counts sums whose quantity differs from the recorded one.
    """

    fresh: int
    unchanged: int
    differing: int


async def stage_sales(db: AsyncSession, import_id: UUID, rows: AsyncIterable[Sequence[object]]) -> None:
    """Replace the content of both staging tables by these rows (line, day, member number, sku, quantity)."""
    await db.execute(text("DELETE FROM staging_sales"))  # rows of an import that was killed
    await db.execute(text("DELETE FROM staging_receipt_lines"))

    async def with_id() -> AsyncIterable[Sequence[object]]:
        async for row in rows:
            yield (import_id, *row)

    await copy_rows(db, "staging_sales", _COLUMNS, with_id())


async def delete_lines(db: AsyncSession, import_id: UUID, lines: Sequence[int]) -> None:
    """Delete these lines of the file from the staging table."""
    await db.execute(
        text("DELETE FROM staging_sales WHERE import_id = :import AND line = ANY(:lines)"),
        {"import": import_id, "lines": lines},
    )


async def build_receipts(db: AsyncSession, import_id: UUID, base: str, supplement: str) -> StagingComparison:
    """Compare the staged lines with recorded orders, and make receipts of the new ones.

    Receipts are numbered by day and member. `base` and `supplement` are the prefixes of their keys.
    """
    # for this transaction only, so that a file of a million lines is sorted in memory
    await db.execute(text("SELECT set_config('work_mem', '64MB', true)"))
    values = {"import": import_id, "base": base, "supplement": supplement}
    row = (await db.execute(_RECEIPTS, values)).one()
    return StagingComparison(row.fresh, row.unchanged, row.differing)


async def clear_staging(db: AsyncSession, import_id: UUID) -> None:
    """Delete the lines and receipts of this import from the staging tables."""
    await db.execute(text("DELETE FROM staging_sales WHERE import_id = :import"), {"import": import_id})
    await db.execute(
        text("DELETE FROM staging_receipt_lines WHERE import_id = :import"), {"import": import_id}
    )
