"""Import a list of products from CSV: names, codes, prices and opening stock.

The columns are sku, barcode, name, category, unit, cost, price, stock. Real lists are messy, so a line is
refused only if it would make the books or the shop wrong: barcodes may repeat, a cost may be zero or above
the price, a missing unit is "Pcs", a missing stock is 0. An unknown category is created; a product may have
none. The opening stock is posted at cost (Dr 1130, Cr 3190), in one journal for the file. A later file may
change everything about a product except its opening stock; use a stock count for that.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from cooperative.queries import get_today
from kernel import audit
from kernel.csv_files import CsvFile, CsvRow
from kernel.database import Reader, as_reader, copy_rows
from kernel.file_import import (
    AS_OF_IN_FUTURE,
    SKU_LABEL,
    ImportPlan,
    ImportReport,
    ProgressCallback,
    parse_cell,
    parse_text_cell,
    read_unique_rows,
    require_all_cells,
)
from kernel.ids import new_id
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from kernel.parsing import parse_number
from ledger import Journal, JournalLine, post_journal
from ledger.chart import OPENING_BALANCES, STOCK
from ledger.close_year import require_open_year
from ledger.descriptions import describe
from shop import errors, import_queries, rules

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

COLUMNS: Final = ("sku", "barcode", "name", "category", "unit", "cost", "price", "stock")
DEFAULT_UNIT: Final = "Pcs"

_UPDATE_PRODUCTS = text(
    "UPDATE products AS p SET barcode = f.barcode, name = f.name, category_id = f.category_id, unit = f.unit,"
    " cost = f.cost, price = f.price"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:barcodes AS text[]), CAST(:names AS text[]), "
    "CAST(:categories AS uuid[]),"
    " CAST(:units AS text[]), CAST(:costs AS bigint[]), CAST(:prices AS bigint[]))"
    " AS f(id, barcode, name, category_id, unit, cost, price) WHERE p.id = f.id"
)


class ProductImportLine(msgspec.Struct, frozen=True):
    """A valid line of the file: amounts in rupiah, stock in units."""

    sku: str
    barcode: str
    name: str
    category: str
    unit: str
    cost: Rupiah
    price: Rupiah
    stock: int

    @property
    def value(self) -> Rupiah:
        """Return what the opening stock cost, in rupiah."""
        return self.cost * self.stock


class ProductImportPlan(ImportPlan[ProductImportLine]):
    """The planned changes of an import of products.

    `categories` has the existing and the new categories by case-folded name.
    """

    categories: dict[str, import_queries.CategoryName] = msgspec.field(default_factory=dict)


async def plan_products(
    ro: Reader, content: bytes | str, *, as_of: date
) -> tuple[CsvFile, ProductImportPlan]:
    """Parse a file and compare it with the products in the database, without writing.

    Raises DomainError if the file or the date cannot be used at all.
    """
    file = CsvFile(content, COLUMNS)
    if as_of > await get_today(ro):
        raise AS_OF_IN_FUTURE(day=as_of)
    await require_open_year(ro, as_of.year)
    plan = ProductImportPlan()
    plan.categories = {known.name.casefold(): known for known in await import_queries.list_categories(ro)}
    read = read_unique_rows(
        file,
        plan,
        lambda row: _parse_line(row, file),
        what=SKU_LABEL,
        key_of=lambda line: line.sku,
        amount_of=lambda line: line.value,
    )
    known = await import_queries.get_products_by_sku(ro, list(read))
    for number, line in read.values():
        _compare(plan, number, line, known.get(line.sku))
    plan.rejected.sort(key=lambda bad: bad.line)
    return file, plan


async def import_products(
    db: AsyncSession,
    actor: Actor,
    content: bytes | str,
    *,
    as_of: date,
    skip_bad: bool = False,
    on_progress: ProgressCallback | None = None,
) -> tuple[CsvFile, ImportReport]:
    """Import a product list in the caller's transaction.

    If there are rejected lines and `skip_bad` is false, nothing is written. Raises DomainError: kernel.csv_…,
    kernel.as_of_ahead, ledger.year_closed.
    """
    await advisory_lock(db, "import")
    file, plan = await plan_products(as_reader(db), content, as_of=as_of)
    if plan.rejected and not skip_bad:
        return file, ImportReport(0, plan.unchanged, plan.rejected)
    report = plan.report
    if report.imported:
        await _write(db, actor, plan, as_of, on_progress)
    return file, report


async def _write(
    db: AsyncSession, actor: Actor, plan: ProductImportPlan, as_of: date, on_progress: ProgressCallback | None
) -> None:
    """Write the categories, the products and their opening stock, and the audit log entry."""
    await _add_categories(db, plan)
    await _change(db, plan)
    ids = {line.sku: new_id() for line in plan.new}
    await copy_rows(
        db,
        "products",
        ("id", "sku", "barcode", "name", "category_id", "unit", "cost", "price", "stock", "stock_value"),
        [
            (
                ids[line.sku],
                line.sku,
                line.barcode,
                line.name,
                _category_of(plan, line),
                line.unit,
                int(line.cost),
                int(line.price),
                line.stock,
                int(line.value),
            )
            for line in plan.new
        ],
    )
    await _open_stock(db, actor, [(ids[line.sku], line) for line in plan.new if line.stock], as_of)
    audit.record(
        db,
        actor,
        "shop.products_imported",
        subject="products",
        params={"new": len(plan.new), "changed": len(plan.changed), "skipped": len(plan.rejected)},
    )
    if on_progress is not None:
        on_progress(plan.report.imported, plan.report.imported)


async def _open_stock(
    db: AsyncSession, actor: Actor, opened: list[tuple[UUID, ProductImportLine]], as_of: date
) -> None:
    """Write the stock movements of the opening stock, and post one journal for it at cost.

    The journal's key is derived from the lines; a product is opened once, so no key occurs twice.
    """
    if not opened:
        return
    opened_lines = "\n".join(f"{line.sku}\t{line.stock}\t{line.cost}" for _, line in opened)
    key = f"products-import:{as_of}:{hashlib.sha256(opened_lines.encode()).hexdigest()[:20]}"
    await copy_rows(
        db,
        "stock_movements",
        ("product_id", "kind", "quantity", "value", "on_date", "source_key"),
        [(product_id, "opening", line.stock, int(line.value), as_of, key) for product_id, line in opened],
    )
    total = Rupiah.total(line.value for _, line in opened)
    if total:
        description = describe("shop.opening_stocks", count=len(opened))
        lines = [JournalLine.to_debit(STOCK, total), JournalLine.to_credit(OPENING_BALANCES, total)]
        await post_journal(db, Journal(as_of, description, key, lines), by=actor.name)


async def _add_categories(db: AsyncSession, plan: ProductImportPlan) -> None:
    """Create the categories that the file names and that do not exist."""
    taken = {known.slug for known in plan.categories.values()}
    made = []
    for line in plan.accepted:
        name = line.category
        if not name or name.casefold() in plan.categories:
            continue
        slug = stem = rules.slugify(name)
        at = 1
        while slug in taken:
            at += 1
            slug = f"{stem}-{at}"
        taken.add(slug)
        plan.categories[name.casefold()] = import_queries.CategoryName(name, new_id(), slug)
        made.append(plan.categories[name.casefold()])
    await copy_rows(
        db, "categories", ("id", "slug", "name"), [(each.id, each.slug, each.name) for each in made]
    )


async def _change(db: AsyncSession, plan: ProductImportPlan) -> None:
    """Update the changed products in one statement."""
    if not plan.changed:
        return
    lines = [line for _, line in plan.changed]
    await db.execute(
        _UPDATE_PRODUCTS,
        {
            "ids": [product_id for product_id, _ in plan.changed],
            "barcodes": [line.barcode for line in lines],
            "names": [line.name for line in lines],
            "categories": [_category_of(plan, line) for line in lines],
            "units": [line.unit for line in lines],
            "costs": [int(line.cost) for line in lines],
            "prices": [int(line.price) for line in lines],
        },
    )


def _category_of(plan: ProductImportPlan, line: ProductImportLine) -> UUID | None:
    known = plan.categories.get(line.category.casefold()) if line.category else None
    return known.id if known else None


def _compare(
    plan: ProductImportPlan,
    number: int,
    line: ProductImportLine,
    known: import_queries.ExistingProduct | None,
) -> None:
    """Add a line to the plan as new, changed, unchanged or rejected."""
    if known is None:
        plan.new.append(line)
    elif known.opening != line.stock:
        reason = errors.OPENING_STOCK_CHANGED(sku=line.sku, recorded=known.opening, stock=line.stock)
        plan.reject(number, reason)
    elif (
        line.barcode,
        line.name,
        line.unit,
        line.cost,
        line.price,
        _category_of(plan, line),
        bool(line.category),
    ) == (
        known.barcode,
        known.name,
        known.unit,
        known.cost,
        known.price,
        known.category_id,
        known.category_id is not None,
    ):
        plan.unchanged += 1
    else:
        plan.changed.append((known.id, line))


def _parse_line(row: CsvRow, file: CsvFile) -> ProductImportLine:
    """Parse one line of the file. Raises DomainError for an invalid cell."""
    require_all_cells(row, file)
    sku, barcode, name, category, unit, cost, price, stock = row.cells
    sku = parse_text_cell(sku, "sku", limit=200)
    if not rules.is_valid_sku(sku):
        raise errors.SKU_MALFORMED()
    pieces = parse_cell(parse_number, stock or "0", "stock")
    if not 0 <= pieces <= rules.MAX_STOCK:
        raise errors.STOCK_OUT_OF_RANGE(stock=pieces, most=rules.MAX_STOCK)
    return ProductImportLine(
        sku,
        parse_text_cell(barcode, "barcode", limit=64, required=False),
        parse_text_cell(name, "name", limit=200),
        parse_text_cell(category, "category", limit=80, required=False),
        parse_text_cell(unit, "unit", limit=20, required=False) or DEFAULT_UNIT,
        parse_cell(Rupiah.parse, cost, "cost"),
        parse_cell(Rupiah.parse, price, "price"),
        pieces,
    )
