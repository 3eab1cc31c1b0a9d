"""Start, watch and stop the child processes of `lumbung up`, by their process ids."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Final, Self

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
STOP_SECONDS: Final = 15.0


class StopRequestedError(Exception):
    """Raised on Ctrl-C, a closed terminal, or a signal to end."""


class ProcessGroup:
    """Child processes that start and stop together; a context manager that stops them all at its end."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        ignore_stop_signals()  # a second Ctrl-C must not leave some of them running
        self.stop()

    def start(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> None:
        """Start `lumbung <arguments>` in a new session: the terminal's Ctrl-C reaches only this process."""
        self._running[name] = subprocess.Popen(
            command_line(arguments), env=dict(environment), stdin=subprocess.DEVNULL, start_new_session=True
        )

    def start_piped(
        self, name: str, command: list[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start another program with pipes for its standard input and output.

        Its standard input closes whenever and however this process ends.
        """
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._running[name] = process
        return process

    def kill(self, name: str) -> None:
        """Kill one process and remove it from the group."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def get_pid(self, name: str) -> int:
        return self._running[name].pid

    def find_exited(self) -> tuple[str, int] | None:
        """Return the name and status of a process that has ended, or None; a signal's status is negative."""
        for name, process in self._running.items():
            status = process.poll()
            if status is not None:
                return name, status
        return None

    def stop(self) -> None:
        """Ask every process to terminate, and kill those that are still running after 15 seconds."""
        alive = [process for process in self._running.values() if process.poll() is None]
        for process in alive:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in alive:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


def command_line(arguments: list[str]) -> list[str]:
    """Return the command line that runs one of our commands as a child process."""
    return [sys.executable, "-m", "commands.main", *arguments, "--with-parent"]


class stop_signals:  # noqa: N801 - reads as a phrase: with stop_signals():
    """Raise StopRequestedError in the block on the first Ctrl-C, SIGTERM or SIGHUP; ignore further ones."""

    def __enter__(self) -> None:
        self._before = {number: signal.signal(number, self._raise) for number in _STOP_SIGNALS}

    def _raise(self, number: int, frame: FrameType | None) -> None:
        ignore_stop_signals()
        raise StopRequestedError

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def ignore_stop_signals() -> None:
    """Ignore stop signals while cleaning up; the end of `stop_signals` restores them."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def exit_with_parent() -> None:
    """Make the kernel end this process when its parent ends, even if that was killed; only on Linux."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() == 1:  # the parent ended before the call above
        sys.exit(1)
