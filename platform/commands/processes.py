"""Processes that `lumbung up` starts, watches and stops: each by its own number, never by a name."""

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
    """Somebody pressed Ctrl-C, closed the terminal, or asked the process to end."""


class ProcessGroup:
    """A few child processes that live and end together; used as a context, leaving it stops them all."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        ignore_stop_signals()  # an impatient second Ctrl-C must not leave half of them running
        self.stop()

    def start(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> None:
        """Start `lumbung <arguments>` in a session of its own: the terminal's Ctrl-C reaches us alone."""
        self._running[name] = subprocess.Popen(
            command_line(arguments), env=dict(environment), stdin=subprocess.DEVNULL, start_new_session=True
        )

    def start_piped(
        self, name: str, command: list[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start another program, hear what it prints, and hold its standard input: that closes however we
        end.
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
        """End one process that is not needed, or has ended by itself, and watch it no longer."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def get_pid(self, name: str) -> int:
        return self._running[name].pid

    def find_exited(self) -> tuple[str, int] | None:
        """The first process that has ended, with its exit status (negative: the signal that ended it)."""
        for name, process in self._running.items():
            status = process.poll()
            if status is not None:
                return name, status
        return None

    def stop(self) -> None:
        """Ask every process to finish what it does, and end those that do not within 15 seconds."""
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
    """How one of our own commands is started as a child."""
    return [sys.executable, "-m", "commands.main", *arguments, "--with-parent"]


class stop_signals:  # noqa: N801 - read as a phrase: with stop_signals():
    """Within the block, Ctrl-C, SIGTERM and SIGHUP raise StopRequestedError once; further ones wait for the
    cleaning up.
    """

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
    """From now on what is being cleaned up is cleaned up to its end; leaving `stop_signals` gives the signals
    back.
    """
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def exit_with_parent() -> None:
    """Have the system end this process when its parent ends, also when that one was killed; Linux alone can
    do it.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() == 1:  # it ended before we could say so
        sys.exit(1)
