"""`lumbung worker`: the process that does jobs, alone."""

import os

import click

from commands.processes import end_with_parent
from kernel.settings import check_startable, load


@click.command("worker")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when the process that started this one ends.")
def command(*, with_parent: bool) -> None:
    """Run the worker process alone, until it is told to stop."""
    if with_parent:
        end_with_parent()
    settings = load()
    check_startable(settings)

    from commands.connect import database_url
    from kernel.worker import run

    with database_url(settings) as url:
        os.environ["LUMBUNG_DATABASE_URL"] = url
        run()
