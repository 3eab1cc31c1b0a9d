"""The relay: sends due rows of the outbox to the broker.

If it is killed between two steps, it may send a job twice but never loses one.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from kernel.backoff import Backoff
from kernel.bulk_insert import CHANNEL
from kernel.database_errors import summarize_error
from kernel.outbox import JobMessage

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from kernel.database import Database

Send = Callable[[JobMessage], None]

log = structlog.get_logger()

BATCH_SIZE = 200
POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 10.0


async def relay_once(connection: AsyncConnection, send: Send) -> int:
    """Pass one batch of due jobs to ``send`` and return the number of jobs.

    The transaction that reads the rows also deletes them, after they were sent. A crash in between sends
    them again.
    """
    async with connection.begin():
        rows = (
            await connection.execute(
                text(
                    "SELECT id, coop_role, job, key, arguments, attempts, first_failed_at FROM "
                    "shared.outbox WHERE due_at <= now()"
                    " ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED"
                ),
                {"batch": BATCH_SIZE},
            )
        ).all()
        if not rows:
            return 0

        def send_all() -> None:
            for row in rows:
                first = row.first_failed_at.timestamp() if row.first_failed_at else None
                send(JobMessage(row.coop_role, row.job, row.key, row.arguments, row.attempts, first))

        await asyncio.to_thread(send_all)
        await connection.execute(
            text("DELETE FROM shared.outbox WHERE id = ANY(:ids)"), {"ids": [row.id for row in rows]}
        )
        return len(rows)


async def run_relay(database: Database, send: Send, stopping: asyncio.Event) -> None:
    """Relay jobs until ``stopping`` is set: on each notification, and every second for those now due.

    An error (a restart of the server, a full disk) is logged in one line; the relay then tries again after a
    growing pause.
    """
    backoff = Backoff()
    while not stopping.is_set():
        try:
            await _relay_on_one_connection(database, send, stopping, backoff)
        except Exception as error:  # noqa: BLE001 - whatever is wrong now, the next round may succeed
            pause = backoff.next()
            log.warning("relay will try again", error=summarize_error(error), seconds=round(pause, 1))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)


async def _relay_on_one_connection(
    database: Database, send: Send, stopping: asyncio.Event, backoff: Backoff
) -> None:
    """Listen for notifications, read the outbox and send jobs on one connection until it fails."""
    notified = asyncio.Event()
    next_heartbeat = 0.0
    pool = database.pools().write
    pooled = await pool.acquire("relay")
    connection, healthy = pooled.connection, False
    try:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        wake = functools.partial(_wake, notified)
        await driver.add_listener(CHANNEL, wake)
        while not stopping.is_set():
            if (now := asyncio.get_running_loop().time()) >= next_heartbeat:
                await _record_heartbeat(connection)
                next_heartbeat = now + HEARTBEAT_SECONDS
            notified.clear()
            while await relay_once(connection, send) == BATCH_SIZE:
                pass
            backoff.reset()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(_wait_for_any(notified, stopping), POLL_SECONDS)
        await driver.remove_listener(CHANNEL, wake)
        healthy = True
    finally:
        pool.release(pooled, "relay", healthy=healthy)


def _wake(notified: asyncio.Event, *_: object) -> None:
    notified.set()


async def _record_heartbeat(connection: AsyncConnection) -> None:
    async with connection.begin():
        await connection.execute(
            text(
                "INSERT INTO shared.heartbeats (process, seen_at) VALUES (:process, now())"
                " ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at"
            ),
            {"process": f"worker@{socket.gethostname()}:{os.getpid()}"},
        )


async def _wait_for_any(*events: asyncio.Event) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
