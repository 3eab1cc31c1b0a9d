"""`lumbung members import`: import a cooperative's members from a CSV file."""

from datetime import date
from pathlib import Path

import click

from commands.csv_import import as_of_option, import_options, run_batched_import
from kernel.actor import SYSTEM


@click.group()
def command() -> None:
    """Import the members of a cooperative."""


@command.command("import")
@import_options
@as_of_option
def import_file(slug: str, path: Path, as_of: date, *, skip_bad: bool, as_json: bool) -> int:
    """Import members from a register, with their deposits as opening balances.

    Columns: member_number, name, sex, phone, joined_on, principal_deposit, mandatory_deposit,
    voluntary_deposit. The whole file is checked first: one bad line prevents the import, and every bad line
    is listed with its reason. Then it is recorded in batches, so that tills can sell meanwhile. After an
    interruption the same command continues.
    """
    from members.import_members import MemberImport

    work = MemberImport(SYSTEM, as_of)
    return run_batched_import(slug, path, work, what="Members", skip_bad=skip_bad, as_json=as_json)
