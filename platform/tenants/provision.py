"""The owner's process, `lumbung provision`: it creates schemas in advance and runs the owner's other tasks.

Web and worker cannot create or remove a schema. They store a request and notify this process. It also runs
its tasks periodically, so that a lost notification only causes a delay.
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
from tenants.schema_pool import PROVISION_CHANNEL, refill_schema_pool

if TYPE_CHECKING:
    from kernel.database import Database

log = structlog.get_logger()

POLL_SECONDS = 30.0
RETRY_SECONDS = 2.0

ProvisionTask = Callable[["Database"], Awaitable[object]]
_tasks: dict[str, ProvisionTask] = {"tenants.refill_schema_pool": refill_schema_pool}


def provision_task(name: str) -> Callable[[ProvisionTask], ProvisionTask]:
    """Register a task of provision: ``async (database)``, as the owner.

    It must be safe to repeat, and fast when there is no work. Raises ValueError for a second task of a name.
    """

    def register(function: ProvisionTask) -> ProvisionTask:
        if _tasks.setdefault(name, function) is not function:
            msg = f"two tasks of provision are called {name!r}"
            raise ValueError(msg)
        return function

    return register


async def run_provision_tasks(database: Database) -> dict[str, str]:
    """Run each task once, also after one fails; return the names of failed tasks with their errors."""
    failed = {}
    for name, task in _tasks.items():
        try:
            await task(database)
        except Exception as error:  # noqa: BLE001 - one failure must not stop the other tasks; it is logged and tried again
            failed[name] = repr(error)
            log.warning("a task of provision failed", task=name, error=repr(error))
    return failed


async def run_provisioner(database: Database, stopping: asyncio.Event) -> None:
    """Run all provisioning tasks until ``stopping`` is set: on each notification, every 30 seconds, and 2
    seconds after a failure.
    """
    woken = asyncio.Event()
    connection: asyncpg.Connection[Any] | None = None
    while not stopping.is_set():
        woken.clear()
        wait = POLL_SECONDS
        try:
            if connection is None or connection.is_closed():
                connection = await asyncpg.connect(libpq_url(database.owner_url), timeout=10)
                await connection.add_listener(PROVISION_CHANNEL, lambda *_: woken.set())
            await connection.execute("SELECT 1", timeout=10)  # a silent half-open connection shows here
            await _write_heartbeat(database)
            if await run_provision_tasks(database):
                wait = RETRY_SECONDS
        except Exception as error:  # noqa: BLE001 - retry after any error, such as a restart of the database or a full disk
            log.warning("provision will try again", error=repr(error))
            if connection is not None:
                connection.terminate()
            wait = RETRY_SECONDS
        await _wait_first(woken, stopping, seconds=wait)
    if connection is not None:
        await connection.close()


async def _write_heartbeat(database: Database) -> None:
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO shared.heartbeats (process, seen_at) VALUES (:process, now())"
                " ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at"
            ),
            {"process": f"provision@{socket.gethostname()}:{os.getpid()}"},
        )


async def _wait_first(*events: asyncio.Event, seconds: float) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
