"""`lumbung sales import`: import a cooperative's past cash sales from a CSV file."""

from pathlib import Path

import click

from commands.csv_import import import_options, run_batched_import
from kernel.actor import SYSTEM


@click.group()
def command() -> None:
    """Import past sales of a cooperative."""


@command.command("import")
@import_options
def import_file(slug: str, path: Path, *, skip_bad: bool, as_json: bool) -> int:
    """Record past cash sales, one receipt for each member and day, at the products' price and cost.

    Columns: date, member_number, sku, quantity. The whole file is checked first: one bad line prevents the
    import, and every bad line is listed with its reason. Then it is recorded in batches, so that tills can
    sell meanwhile. After an interruption the same command continues. Each sale also records a purchase of the
    same quantity at cost, so the counted stock stays the same.
    """
    from shop.import_sales import SalesImport

    work = SalesImport(SYSTEM)
    return run_batched_import(slug, path, work, what="Sales", skip_bad=skip_bad, as_json=as_json)
