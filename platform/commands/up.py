"""`lumbung up`: run everything on this machine until Ctrl-C."""

import asyncio
import http.client
import os
import signal
import socket
import time
from dataclasses import replace

import click

from commands import fake_gateways
from commands.connect import is_embedded, open_database, running_database
from commands.dev_runtime import publish_runtime
from commands.output import print_line, progress
from commands.processes import ProcessGroup, StopRequestedError, stop_signals
from kernel.database import libpq_url
from kernel.database_logins import DatabaseLogins
from kernel.errors import ErrorType
from kernel.settings import Settings, check_startable_supervisor, load, strip_owner_login

ANSWER_TIMEOUT_SECONDS = 30.0

PORT_TAKEN = ErrorType(
    "commands.port_taken",
    409,
    "Port {port} di {host} sudah dipakai program lain. Coba: lumbung up --port {other}",
)
PROCESS_ENDED = ErrorType(
    "commands.process_ended",
    500,
    "Proses {name} berhenti ({how}), jadi yang lain ikut dihentikan. Sebabnya tertulis di atas.",
)
NO_ANSWER = ErrorType(
    "commands.no_answer",
    500,
    "Proses web tidak menjawab dalam {seconds} detik.",
    counted="seconds",
)


@click.command("up")
@click.option("--host", help="Address to bind (default: LUMBUNG_HOST, 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port to bind (default: LUMBUNG_PORT, 8000).")
@click.option(
    "--demo", is_flag=True, help="Found two cooperatives with invented members, goods and a year of sales."
)
def command(host: str | None, port: int | None, *, demo: bool) -> int:
    """Start the database, web and worker, and print the addresses. Ctrl-C stops all of them."""
    settings = _settings(host, port)
    check_startable_supervisor(settings)
    _require_free_port(settings)
    try:
        with stop_signals(), running_database(settings) as running, ProcessGroup() as processes:
            _serve(running, processes, demo=demo, own=is_embedded(settings))
    except StopRequestedError:
        print_line("Stopped. The data is kept.")
    return 0


def _settings(host: str | None, port: int | None) -> Settings:
    """Return the settings with the options; the local domain gets the port unless it is configured."""
    settings = load()
    settings = replace(settings, host=host or settings.host, port=port or settings.port)
    if not os.environ.get("LUMBUNG_BASE_DOMAIN"):
        settings = replace(settings, base_domain=f"localhost:{settings.port}")
    return settings


def _serve(settings: Settings, processes: ProcessGroup, *, demo: bool, own: bool) -> None:
    fakes = fake_gateways.start(processes) if demo and fake_gateways.should_start(settings) else None
    asyncio.run(_migrate(settings))
    sign_ins = []
    if fakes is not None:
        settings = fake_gateways.with_fake_gateways(settings, processes, fakes)
    if demo:
        sign_ins = asyncio.run(_seed(settings))
    logins = DatabaseLogins(settings.database_url, settings.app_database_url, settings)
    overrides = fake_gateways.child_environment(settings) | {"LUMBUNG_BASE_DOMAIN": settings.base_domain}
    environment = strip_owner_login(os.environ) | overrides
    environment |= {
        "LUMBUNG_APP_DATABASE_URL": libpq_url(logins.app_url),
        "LUMBUNG_HOST": settings.host,
        "LUMBUNG_PORT": str(settings.port),
    }
    processes.start(
        "provision", ["provision"], environment | {"LUMBUNG_DATABASE_URL": libpq_url(logins.owner_url)}
    )
    processes.start("web", ["web"], environment)
    processes.start("worker", ["worker"], environment)
    _wait_for_answer(settings, processes)
    # variables of the environment are not published: other terminals have their own, and a key stays out of
    # files
    runtime = {name: value for name, value in overrides.items() if own and not os.environ.get(name)}
    with publish_runtime(settings.data_dir, runtime):
        print_line(f"Lumbung is running at {settings.scheme}://{settings.base_domain}/   (Ctrl-C stops it)")
        for line in sign_ins:
            print_line(line)
        while True:
            _check_running(processes)
            time.sleep(0.2)


async def _migrate(settings: Settings) -> None:
    from tenants.login_checks import require_limited_logins
    from tenants.migrator import migrate

    async with open_database(settings, migrated=False) as database:
        await require_limited_logins(database)
        with progress("Migrating cooperatives") as moved:
            await migrate(database, on_progress=moved)


async def _seed(settings: Settings) -> list[str]:
    """Seed the demo and return the lines that explain how to use it."""
    from demo import list_demo_hints, seed_demo

    left: list[str] = []
    async with open_database(settings, migrated=False) as database:
        with progress("Demo cooperatives") as moved:
            sign_ins = await seed_demo(database, on_progress=moved, on_note=left.append)
    lines = [
        "Logins of the demo (all people are invented):",
        *(sign_in.format_line() for sign_in in sign_ins),
    ]
    return [*lines, *list_demo_hints(settings), *left]


def _require_free_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((settings.host, settings.port))
        except OSError:
            other = str(settings.port + 1)
            raise PORT_TAKEN(port=str(settings.port), host=settings.host, other=other) from None


def _wait_for_answer(settings: Settings, processes: ProcessGroup) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - a host to connect to, not to bind
    deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        _check_running(processes)
        connection = http.client.HTTPConnection(host, settings.port, timeout=5)
        try:
            connection.request("GET", "/", headers={"Host": settings.base_domain})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise NO_ANSWER(seconds=int(ANSWER_TIMEOUT_SECONDS))


def _check_running(processes: ProcessGroup) -> None:
    ended = processes.find_exited()
    if ended is not None:
        name, status = ended
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        raise PROCESS_ENDED(name=name, how=how)
