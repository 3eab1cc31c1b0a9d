"""Worker processes that kill themselves at a named step of a webhook or a refund: run by
test_payments_kills.py, never imported by it.

A line on standard input asks for one: JSON of database URL, data folder, address of the fake Xendit, step.
Its pid is printed, and its exit status (negative: the signal). Each is forked from here, where everything is
imported once.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import payments.tasks  # noqa: F401 - the jobs of both rooms register themselves
import shop.tasks  # noqa: F401
from commands.processes import exit_with_parent
from gateways.xendit_provider import XenditProvider
from kernel.settings import Settings
from payments import journals, process_webhooks, state_machine
from tenants import worker

Work = Callable[..., Awaitable[Any]]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_before(work: Work) -> Work:
    async def dead(*args: Any, **more: Any) -> Any:
        die()

    return dead


def kill_after(work: Work) -> Work:
    async def dead(*args: Any, **more: Any) -> Any:
        await work(*args, **more)
        die()

    return dead


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become_worker(*json.loads(line))
        say(child)
        _, status = os.waitpid(child, 0)
        say(os.waitstatus_to_exitcode(status))


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def become_worker(url: str, folder: str, address: str, step: str) -> None:
    """Work, and end this process: what comes after the fork in ``main`` is the other one's."""
    exit_with_parent()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    try:
        work(url, folder, address, step)
    except BaseException:  # noqa: BLE001 - told by the exit status
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def work(url: str, folder: str, address: str, step: str) -> None:
    places: dict[str, tuple[Any, str, Callable[[Work], Work]]] = {
        "before the state is asked": (XenditProvider, "status", kill_before),
        "after the state is told": (XenditProvider, "status", kill_after),
        "before the posting": (journals, "book_settlement", kill_before),
        "after the posting, before its commit": (journals, "book_settlement", kill_after),
        "with the fee posted, before the commit": (state_machine, "record_fee", kill_after),
        "between the posting and the end of the message": (
            process_webhooks,
            "_check_pending_refunds",
            kill_before,
        ),
        "after a job": (worker, "run_job", kill_after),
        "before the refund is asked": (XenditProvider, "refund", kill_before),
        "after the refund is done there": (XenditProvider, "refund", kill_after),
        "after the refund is posted, before its commit": (journals, "book_refund", kill_after),
    }
    if step != "none":
        where, name, how = places[step]
        setattr(where, name, how(getattr(where, name)))
    settings = Settings(data_dir=Path(folder), worker_threads=2, fake_gateways=(("xendit", address),))
    worker.run_worker(settings, url)


main()
