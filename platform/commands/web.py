"""`lumbung web`: the web process alone, for machines where something else supervises processes."""

import os
import resource
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from commands.processes import exit_with_parent
from kernel.settings import check_startable, load, strip_owner_login

# The maximum of connections of one process. Slow clients hold many; each is an open file, and the database
# needs some more.
MAX_CONNECTIONS: Final = 8_192
RESERVED_FILES: Final = 512
HEADER_TIMEOUT_SECONDS: Final = 10


def raise_connection_limit() -> int:
    """Raise the limit of open files and return how many connections it allows, at most 8,192."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return (
        MAX_CONNECTIONS
        if soft == resource.RLIM_INFINITY
        else max(64, min(MAX_CONNECTIONS, soft - RESERVED_FILES))
    )


@click.command("web")
@click.option("--host", help="Address to bind (default: LUMBUNG_HOST, 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port to bind (default: LUMBUNG_PORT, 8000).")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that answer requests.",
)
@click.option(
    "--socket", type=click.Path(path_type=Path), help="Bind this Unix socket instead of an address."
)
@click.option(
    "--with-parent", is_flag=True, hidden=True, help="End when the process that started this one ends."
)
def command(
    host: str | None, port: int | None, workers: int, socket: Path | None, *, with_parent: bool
) -> None:
    """Run the web process alone, until a signal stops it."""
    if with_parent:
        exit_with_parent()
    settings = load()
    settings = replace(settings, host=host or settings.host, port=port or settings.port)
    check_startable(settings)

    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    from commands.connect import application_settings
    from web.minute_counts import FILE_ENV

    with (
        application_settings(settings) as database_settings,
        tempfile.NamedTemporaryFile(prefix="lumbung-web-") as counts,
    ):
        assert database_settings.app_database_url is not None
        # Granian's worker processes read their settings from the environment
        environment = strip_owner_login(os.environ) | {
            "LUMBUNG_APP_DATABASE_URL": database_settings.app_database_url,
            "LUMBUNG_HOST": settings.host,
            FILE_ENV: counts.name,  # they share the counters of pages in this file
        }
        os.environ.clear()
        os.environ.update(environment)
        Granian(
            "web.asgi:app",
            address=settings.host,
            port=settings.port,
            uds=socket,
            interface=Interfaces.ASGI,
            loop=Loops.uvloop,
            workers=workers,
            workers_kill_timeout=10,
            # automatic detection waits without a time-out for a client that sends nothing
            http=HTTPModes.http1,
            backpressure=raise_connection_limit(),
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_SECONDS * 1_000),
            log_level=LogLevels.warning,
            log_access=False,
            websockets=False,
        ).serve()
