"""`lumbung provision`: the process that creates schemas in advance, as the owner of the database."""

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
    """Create schemas in advance for cooperatives, until a signal stops it.

    This is the only long-running process with the owner's login.
    """
    if with_parent:
        exit_with_parent()
    settings = load()
    logs.configure(settings, quiet=with_parent)  # the terminal of `lumbung up` shows the addresses

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
        _ = database.owner_url  # raises at once without the owner's login, instead of in the loop
        await require_limited_logins(database)
        await run_provisioner(database, stopping)
