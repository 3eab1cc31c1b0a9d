"""Real processes for tests: our web process on a clone of the template, and Debian's Caddy before it."""

import base64
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from kernel.database import Database, libpq_url
from kernel.settings_parsers import is_local_domain

ROOT = Path(__file__).parents[2]
PLATFORM = ROOT / "platform"
CADDYFILE = ROOT / "infra" / "caddy" / "Caddyfile"
START_SECONDS = 30.0


def find_caddy() -> str:
    """Path of Caddy; without one the test is skipped, and fails under CI=true."""
    found = shutil.which("caddy")
    if found is None:
        reason = "Caddy is not installed: sudo apt-get install caddy"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("LUMBUNG_", "CADDY_"))}


@contextmanager
def web_process(
    database: Database, port: int, base_domain: str, log: Path, extra: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run `lumbung web` on a port, trusting a proxy on this machine; ``extra`` are further settings.

    A domain that is not this machine's is served in production, with secrets of its own.
    """
    environment = clean_environment() | {
        "PYTHONPATH": str(ROOT / "platform"),
        "LUMBUNG_APP_DATABASE_URL": libpq_url(database.app_url),
        "LUMBUNG_BASE_DOMAIN": base_domain,
        "LUMBUNG_TRUSTED_PROXIES": "127.0.0.1",
        **({} if is_local_domain(base_domain) else production_environment()),
        **(extra or {}),
    }
    command = [sys.executable, "-m", "commands.main", "web", "--port", str(port), "--with-parent"]
    with _run_process(command, environment, port, log):
        yield


def production_environment() -> dict[str, str]:
    """What a production start wants of secrets."""
    return {
        "LUMBUNG_ENVIRONMENT": "production",
        "LUMBUNG_SECRET_KEY": secrets.token_urlsafe(48),
        "LUMBUNG_MASTER_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }


@contextmanager
def command_process(
    arguments: list[str], environment: Mapping[str, str], log: Path, *, port: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of our commands that goes on until it is told to stop; with a port, wait until it listens
    there.
    """
    command = [sys.executable, "-m", "commands.main", *arguments, "--with-parent"]
    with _run_process(command, dict(environment), port, log) as process:
        yield process


@contextmanager
def worker_process(
    settings: Mapping[str, str], log: Path, script: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `lumbung worker`, or a script that runs a worker of its own with the settings' values as arguments,
    and kill it at the end.
    """
    arguments = (
        ["-m", "commands.main", "worker", "--with-parent"]
        if script is None
        else [str(script), *settings.values()]
    )
    environment = (
        clean_environment() | {"PYTHONPATH": str(ROOT / "platform")} | (settings if script is None else {})
    )
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


@contextmanager
def caddy_process(environment: Mapping[str, str], port: int, folder: Path) -> Iterator[None]:
    """Run the repository's Caddyfile on 127.0.0.1; its own files lie in ``folder``."""
    own = {
        "CADDY_BIND": "127.0.0.1",
        "CADDY_ADMIN": "off",
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "HOME": str(folder),
    }
    command = [find_caddy(), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    with _run_process(command, clean_environment() | own | environment, port, folder / "caddy.log"):
        yield


@contextmanager
def _run_process(
    command: list[str], environment: dict[str, str], port: int | None, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        if port is not None:
            _wait_for_port(port, process, log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, log.read_text("utf-8")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.05)
        else:
            return
