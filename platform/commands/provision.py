"""`lumbung provision`: the process that makes schemas ahead of time, as the owner of the database."""

import asyncio
import signal

import click

from commands.processes import exit_with_parent
from kernel import logs
from kernel.settings import load


@click.command("provision")
@click.option(
    "--with-parent", is_flag=True, hidden=True, help="End when the process that started this one ends."
)
def command(*, with_parent: bool) -> None:
    """Keep schemas ready for cooperatives that are founded next, until told to stop.

    It alone runs as the owner of the database.
    """
    if with_parent:
        exit_with_parent()
    settings = load()
    logs.configure(settings, quiet=with_parent)  # the terminal of `lumbung up` is for the addresses

    from commands.worker import import_tasks

    import_tasks()
    asyncio.run(_run())


async def _run() -> None:
    from commands.connect import open_database
    from tenants.login_checks import require_limited_logins
    from tenants.provision import run_provisioner

    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with open_database(load()) as database:
        _ = database.owner_url  # refused at once, not in a loop
        await require_limited_logins(database)
        await run_provisioner(database, stopping)
