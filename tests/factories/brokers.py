"""Redis and RabbitMQ servers (Debian's packages) on loopback that a test can freeze, kill and restart."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from factories.processes import clean_environment, free_port

RABBITMQ_BIN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_SECONDS = 60.0


class RedisServer:
    """A Redis in ``folder``; with ``durable`` it writes an append-only file, without it keeps everything in
    memory.
    """

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._folder, self._durable, self._port = folder, durable, free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        append = "yes" if self._durable else "no"
        self._process = subprocess.Popen(
            [
                *(
                    _find_program("redis-server"),
                    "--port",
                    str(self._port),
                    "--bind",
                    "127.0.0.1",
                    "--save",
                    "",
                ),
                *("--appendonly", append, "--dir", str(self._folder), "--daemonize", "no"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        import redis

        client = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                if client.ping():
                    break
            except redis.exceptions.ConnectionError:
                assert self._process.poll() is None, "redis-server ended"
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.05)
        client.close()

    def kill(self) -> None:
        """Kill it by SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class RabbitServer:
    """A RabbitMQ node with a port mapper (epmd) of its own; its data in ``folder`` survive a kill."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port, self._epmd_port = folder, free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}/%2F"
        self._name = f"lumbung-{secrets.token_hex(4)}@localhost"
        self._distribution_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._folder.mkdir(parents=True, exist_ok=True)
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{self._port}\ndisk_free_limit.absolute = 10MB\n",
            encoding="utf-8",
        )
        (folder / "enabled_plugins").write_text("[].\n", encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        return clean_environment() | {
            "HOME": str(self._folder),
            "RABBITMQ_NODENAME": self._name,
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def start(self) -> None:
        if not RABBITMQ_BIN.exists():
            _skip_missing("RabbitMQ", "rabbitmq-server")
        environment = self._environment()
        if self._epmd is None:
            self._epmd = subprocess.Popen(
                [_find_program("epmd"), "-port", str(self._epmd_port), "-address", "127.0.0.1"],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        with (self._folder / "out.log").open("ab") as out:
            # a group of its own: the shell that starts it and the Erlang machine are stopped and killed as
            # one
            self._process = subprocess.Popen(
                [str(RABBITMQ_BIN)],
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                output = (self._folder / "out.log").read_text("utf-8", "replace")[-2_000:]
                assert self._process.poll() is None, output
                assert time.monotonic() < deadline, output
                time.sleep(0.2)
            else:
                return

    def freeze(self) -> None:
        """Freeze it (SIGSTOP): it reads no bytes and writes nothing."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """Kill its process group by SIGKILL, as a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()


@contextmanager
def redis_server(folder: Path, *, durable: bool) -> Iterator[RedisServer]:
    server = RedisServer(folder, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def rabbitmq_server(folder: Path) -> Iterator[RabbitServer]:
    server = RabbitServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.close()


def _find_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        _skip_missing(name, name)
    assert found is not None
    return found


def _skip_missing(what: str, package: str) -> None:
    """Skip on a machine without it; under CI=true that is a failure,
    since `make test` installs both as root.
    """
    reason = f"{what} is not installed: sudo apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
