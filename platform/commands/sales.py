"""`lumbung sales import`: bring past cash sales into a cooperative from a CSV file."""

from pathlib import Path

import click

from commands.csv_import import (
    file_argument,
    json_option,
    run_batched_import,
    skip_bad_option,
    slug_argument,
)
from kernel.actor import SYSTEM


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

    Columns: date, member_number, sku, quantity. The whole file is checked first: a bad line keeps all of it
    out, and every one is listed with its reason. Then it is recorded in batches, so that tills sell
    meanwhile; interrupted, it goes on where it was when the command is given again. What was sold is bought
    at cost in the same moment, so the counted stock stays.
    """
    from shop.import_sales import SalesImport

    work = SalesImport(SYSTEM)
    return run_batched_import(slug, path, work, what="Sales", skip_bad=skip_bad, as_json=as_json)
