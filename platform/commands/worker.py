"""`lumbung worker`: the process that runs jobs, alone."""

import click

from commands.processes import exit_with_parent
from kernel import logs
from kernel.rooms import import_from_rooms
from kernel.settings import check_startable, load


@click.command("worker")
@click.option(
    "--with-parent", is_flag=True, hidden=True, help="End when the process that started this one ends."
)
def command(*, with_parent: bool) -> None:
    """Run the worker process alone, until a signal stops it."""
    if with_parent:
        exit_with_parent()
    settings = load()
    check_startable(settings)
    logs.configure(settings, quiet=with_parent)  # the terminal of `lumbung up` shows the addresses

    from commands.connect import application_settings
    from tenants.worker import run_worker

    import_tasks()
    with application_settings(settings) as database_settings:
        assert database_settings.app_database_url is not None
        run_worker(database_settings, database_settings.app_database_url)


def import_tasks() -> None:
    """Import the tasks of every room, which registers their jobs."""
    import_from_rooms("tasks")
