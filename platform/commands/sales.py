"""`lumbung sales import`: bring past cash sales into a cooperative from a CSV file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.import_file import file_argument, json_option, run_import, skip_bad_option, slug_argument
from kernel.actor import SYSTEM
from kernel.csv_files import CsvFile
from kernel.importing import Moved, Report

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@click.group()
def command() -> None:
    """Past sales of a cooperative."""


@command.command("import")
@slug_argument
@file_argument
@skip_bad_option
@json_option
def import_file(slug: str, path: Path, *, skip_bad: bool, as_json: bool) -> int:
    """Record past cash sales, one receipt for each member and day, at the products' price and cost.

    Columns: date, member_number, sku, quantity. All or nothing, and every bad line is listed with its reason; a line that is there
    already is left as it is. What was sold is bought at cost in the same moment, so the counted stock stays.
    """
    from shop.sales_import import import_sales

    async def work(db: "AsyncSession", content: bytes, moved: Moved) -> tuple[CsvFile, Report]:
        return await import_sales(db, SYSTEM, content, skip_bad=skip_bad, moved=moved)

    return run_import(slug, path, work, what="Sales", skip_bad=skip_bad, as_json=as_json)
