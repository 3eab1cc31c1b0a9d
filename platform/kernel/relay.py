"""The relay: takes due rows from the outbox and hands them to the broker. Killed between any two steps, it repeats; it never forgets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog
from sqlalchemy import text

from kernel.appending import CHANNEL
from kernel.database import plain_url

if TYPE_CHECKING:
    from kernel.database import Database

# (coop_role, job, key, arguments, attempts so far, when it first failed in seconds since 1970)
Send = Callable[[str, str, str, dict[str, Any], int, float | None], None]

log = structlog.get_logger()

BATCH = 200
POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 10.0


async def relay_once(database: Database, send: Send) -> int:
    """Hand one batch of due jobs to ``send`` and return how many.

    Rows are deleted in the transaction that read them, after they were sent: a crash in between sends them again, never none.
    """
    async with database.sessions() as db, db.begin():
        rows = (
            await db.execute(
                text(
                    "SELECT id, coop_role, job, key, arguments, attempts, first_failed_at FROM shared.outbox WHERE due_at <= now()"
                    " ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED"
                ),
                {"batch": BATCH},
            )
        ).all()
        if not rows:
            return 0

        def send_all() -> None:
            for row in rows:
                first = row.first_failed_at.timestamp() if row.first_failed_at else None
                send(row.coop_role, row.job, row.key, row.arguments, row.attempts, first)

        await asyncio.to_thread(send_all)
        await db.execute(text("DELETE FROM shared.outbox WHERE id = ANY(:ids)"), {"ids": [row.id for row in rows]})
        return len(rows)


async def run_relay(database: Database, send: Send, stopping: asyncio.Event) -> None:
    """Relay until told to stop: at once when a job is written, and each second for those that become due."""
    woken = asyncio.Event()
    beat_at = 0.0
    connection: asyncpg.Connection[Any] | None = None
    loop = asyncio.get_running_loop()
    while not stopping.is_set():
        try:
            if connection is None or connection.is_closed():
                connection = await asyncpg.connect(plain_url(database.app_url), timeout=10)
                await connection.add_listener(CHANNEL, lambda *_: woken.set())
            if loop.time() >= beat_at:
                await _beat(database)
                beat_at = loop.time() + HEARTBEAT_SECONDS
            woken.clear()
            while await relay_once(database, send) == BATCH:
                pass
        except Exception as error:  # noqa: BLE001 - whatever is wrong now (a restart, a full disk), the next round may succeed
            log.warning("relay will try again", error=repr(error))
            await asyncio.sleep(POLL_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_first(woken, stopping), POLL_SECONDS)
    if connection is not None:
        await connection.close()


async def _beat(database: Database) -> None:
    async with database.sessions() as db, db.begin():
        await db.execute(
            text(
                "INSERT INTO shared.heartbeats (process, seen_at) VALUES (:process, now())"
                " ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at"
            ),
            {"process": f"worker@{socket.gethostname()}:{os.getpid()}"},
        )


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
