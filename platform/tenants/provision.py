"""The owner's process, `lumbung provision`: it makes schemas ahead of time and does what else only the owner
may.

Web and worker cannot make or remove a schema. They write down what they want, and tell; this process does it.
It looks by itself, too, so that a lost notice costs time and nothing else.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog
from sqlalchemy import text

from kernel.database import libpq_url
from tenants.schemas import PROVISION, refill_spares

if TYPE_CHECKING:
    from kernel.database import Database

log = structlog.get_logger()

LOOK_AGAIN = 30.0  # seconds
RETRY_AFTER = 2.0

Task = Callable[["Database"], Awaitable[object]]
_tasks: dict[str, Task] = {"tenants.refill_spares": refill_spares}


def provision_task(name: str) -> Callable[[Task], Task]:
    """Register what provision does at each look: ``async (database)``, as the owner; it must be safe to
    repeat, and quick when idle.
    """

    def keep(function: Task) -> Task:
        if _tasks.setdefault(name, function) is not function:
            msg = f"two tasks of provision are called {name!r}"
            raise ValueError(msg)
        return function

    return keep


async def provision_once(database: Database) -> dict[str, str]:
    """Do each task once; one that fails harms no other. Returns what failed and why."""
    failed = {}
    for name, task in _tasks.items():
        try:
            await task(database)
        except Exception as error:  # noqa: BLE001 - whatever stops one task must not stop the others; it is logged and tried again
            failed[name] = repr(error)
            log.warning("a task of provision failed", task=name, error=repr(error))
    return failed


async def run_provision(database: Database, stopping: asyncio.Event) -> None:
    """Do every task when asked, and every half minute, until told to stop."""
    woken = asyncio.Event()
    connection: asyncpg.Connection[Any] | None = None
    while not stopping.is_set():
        woken.clear()
        wait = LOOK_AGAIN
        try:
            if connection is None or connection.is_closed():
                connection = await asyncpg.connect(libpq_url(database.owner_url), timeout=10)
                await connection.add_listener(PROVISION, lambda *_: woken.set())
            await connection.execute("SELECT 1", timeout=10)  # a silent half-open connection shows here
            await _beat(database)
            if await provision_once(database):
                wait = RETRY_AFTER
        except Exception as error:  # noqa: BLE001 - whatever is wrong now (a restart, a full disk), the next look may succeed
            log.warning("provision will try again", error=repr(error))
            if connection is not None:
                connection.terminate()
            wait = RETRY_AFTER
        await _first(woken, stopping, seconds=wait)
    if connection is not None:
        await connection.close()


async def _beat(database: Database) -> None:
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO shared.heartbeats (process, seen_at) VALUES (:process, now())"
                " ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at"
            ),
            {"process": f"provision@{socket.gethostname()}:{os.getpid()}"},
        )


async def _first(*events: asyncio.Event, seconds: float) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
