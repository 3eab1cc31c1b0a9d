"""`lumbung products import`: import a cooperative's products from a CSV file."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.csv_import import as_of_option, import_options, run_import
from kernel.actor import SYSTEM
from kernel.csv_files import CsvFile
from kernel.file_import import ImportReport, ProgressCallback

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@click.group()
def command() -> None:
    """Import the products of a cooperative."""


@command.command("import")
@import_options
@as_of_option
def import_file(slug: str, path: Path, as_of: date, *, skip_bad: bool, as_json: bool) -> int:
    """Import products from a list, with their counted stock as opening balance at cost.

    Columns: sku, barcode, name, category, unit, cost, price, stock. One bad line prevents the import, and
    every bad line is listed with its reason. Products that already exist are not changed.
    """
    from shop.import_products import import_products

    async def work(
        db: "AsyncSession", content: bytes, on_progress: ProgressCallback
    ) -> tuple[CsvFile, ImportReport]:
        return await import_products(
            db, SYSTEM, content, as_of=as_of, skip_bad=skip_bad, on_progress=on_progress
        )

    return run_import(slug, path, work, what="Goods", skip_bad=skip_bad, as_json=as_json)
