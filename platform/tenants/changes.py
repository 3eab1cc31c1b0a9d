"""Publish changes of a cooperative, and listen for them to invalidate caches in other processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from kernel.backoff import Backoff
from kernel.connection import connect
from kernel.database_errors import summarize_error
from kernel.timeouts import Timeouts
from tenants.registry import CHANGE_CHANNEL, REGISTRY_PREFIX
from tenants.session import get_tenant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database

log = structlog.get_logger()

HEALTH_CHECK_SECONDS = 4.0
# With this health check, a silent connection is detected within ten seconds.
LISTENER_TIMEOUTS = Timeouts(statement=4, lock=4, idle=4, connection=0)


async def publish_change(db: AsyncSession) -> None:
    """Notify every process on commit that pages and brand of this cooperative may have changed."""
    tenant = get_tenant(db)
    if db.sync_session.info.get("change_published"):
        return
    db.sync_session.info["change_published"] = True
    await db.execute(
        text("SELECT pg_notify(:channel, :schema)"), {"channel": CHANGE_CHANNEL, "schema": tenant.schema_name}
    )


def registry_topic(schema_name: str) -> str:
    """Return the topic of a change of one cooperative's registry entry."""
    return f"{REGISTRY_PREFIX}{schema_name}"


def _record_registry_change(db: AsyncSession, schema_name: str) -> None:
    db.sync_session.info.setdefault("registry_changes", set()).add(schema_name)


async def publish_registry_change(db: AsyncSession, schema_name: str) -> None:
    """Notify every process on commit that a cooperative's registry entry changed.

    The entry is its hosts, status, revision, name and plan.
    """
    _record_registry_change(db, schema_name)
    await db.execute(
        text("SELECT pg_notify(:channel, :topic)"),
        {"channel": CHANGE_CHANNEL, "topic": registry_topic(schema_name)},
    )


async def rename_cooperative(db: AsyncSession, name: str) -> None:
    """Rename the session's cooperative in the registry, for operators and for pages of closed sites."""
    await db.execute(text("SELECT shared.rename_cooperative(:name)"), {"name": name})
    _record_registry_change(db, get_tenant(db).schema_name)


async def record_first_sign_in(db: AsyncSession) -> None:
    """Store in the registry, once for each cooperative, that somebody signed in by a password or code."""
    if not get_tenant(db).signed_in:
        await db.execute(text("SELECT shared.record_sign_in()"))
        _record_registry_change(db, get_tenant(db).schema_name)


def invalidate_local(database: Database, topic: str) -> None:
    """Invalidate this process's caches for ``topic`` at once, after a commit.

    Otherwise the next request could be served before the notification arrives.
    """
    on_change = database.services.on_change
    if on_change is not None:
        on_change(topic)


def get_committed_topics(db: AsyncSession) -> list[str]:
    """Return the topics of a committed session: its cooperative and its changed registry entries."""
    info = db.sync_session.info
    own = [info["tenant"].schema_name] if "tenant" in info else []
    return [*own, *(registry_topic(name) for name in info.get("registry_changes", ()))]


def invalidate_committed(database: Database, topics: list[str]) -> None:
    """Invalidate this process's caches for each topic of a committed session."""
    for topic in topics:
        invalidate_local(database, topic)


async def listen_for_changes(
    database: Database,
    on_change: Callable[[str], None],
    on_connected: Callable[[], None],
    on_disconnected: Callable[[], None],
) -> None:
    """Call ``on_change`` with the topic of each notification, until cancelled.

    ``on_connected`` is called after every (re)connection: notifications may have been missed, so the caller
    must clear its caches. ``on_disconnected`` is called when the connection is lost, and after each failed
    attempt to reconnect.
    """
    backoff = Backoff()
    while True:
        try:
            await _listen_once(database, on_change, on_connected, backoff)
        except Exception as error:  # noqa: BLE001 - reconnect after any error: without it no notification would arrive again
            on_disconnected()
            pause = backoff.next()
            log.warning("listener lost its connection", error=summarize_error(error), seconds=round(pause, 1))
            await asyncio.sleep(pause)


async def _listen_once(
    database: Database, on_change: Callable[[str], None], on_connected: Callable[[], None], backoff: Backoff
) -> None:
    connection = await connect(database.app_url, LISTENER_TIMEOUTS)
    closed = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _: closed.set())
        await connection.add_listener(CHANGE_CHANNEL, lambda _c, _p, _ch, payload: on_change(str(payload)))
        on_connected()
        backoff.reset()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(closed.wait(), HEALTH_CHECK_SECONDS)
            if closed.is_set():
                raise ConnectionResetError("PostgreSQL ended it")
            await connection.execute("SELECT 1")  # a silent half-open connection shows here
    finally:
        connection.terminate()
