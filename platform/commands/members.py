"""`lumbung members import`: bring members into a cooperative from a CSV file."""

from datetime import date
from pathlib import Path

import click

from commands.csv_import import (
    as_of_option,
    file_argument,
    json_option,
    run_batched_import,
    skip_bad_option,
    slug_argument,
)
from kernel.actor import SYSTEM


@click.group()
def command() -> None:
    """Members of a cooperative."""


@command.command("import")
@slug_argument
@file_argument
@as_of_option
@skip_bad_option
@json_option
def import_file(slug: str, path: Path, as_of: date, *, skip_bad: bool, as_json: bool) -> int:
    """Bring members in from a register, with their deposits as opening balances.

    Columns: member_number, name, sex, phone, joined_on, principal_deposit, mandatory_deposit,
    voluntary_deposit. The whole file is checked first: a bad line keeps all of it out, and every one is
    listed with its reason. Then it is recorded in batches, so that tills sell meanwhile; interrupted, it goes
    on where it was when the command is given again.
    """
    from members.import_members import MemberImport

    work = MemberImport(SYSTEM, as_of)
    return run_batched_import(slug, path, work, what="Members", skip_bad=skip_bad, as_json=as_json)
