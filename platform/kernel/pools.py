"""The write pool and the read pool of one kind of work, and the sessions that use them.

Both pools are a ``ConnectionPool`` (docs/adr/0028-timeouts-and-connection-quotas.md). A SQLAlchemy connection
stays in the write pool while it is open, and a session is bound to the connection that it leases.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from sqlalchemy import Connection, Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_only

from kernel.connection import STATEMENT_CACHE_SIZE, connect
from kernel.connection_pool import ConnectionPool, PooledConnection
from kernel.json_codec import create_engine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.engine import URL, ExceptionContext

    from kernel.timeouts import Timeouts

ROLLBACK_SECONDS: Final = 2.0


class PoolPair:
    """The two pools of one kind of work: SQLAlchemy connections that write, asyncpg ones that read."""

    def __init__(self, url: URL, size: int, timeouts: Timeouts, *, min_idle: int) -> None:
        self._url = url
        self._timeouts = timeouts
        self.engine = create_engine(
            url,
            poolclass=NullPool,  # the pools below hold the connections
            # errors are logged without names, payers' messages and encrypted secrets
            hide_parameters=True,
            creator=functools.partial(self._adapt_connection, functools.partial(connect, url, timeouts)),
        )
        event.listen(self.engine.sync_engine, "handle_error", _terminate_timed_out)
        self.write: ConnectionPool[AsyncConnection] = ConnectionPool(
            size,
            acquire_timeout=timeouts.connection,
            min_idle=min_idle,
            open_connection=self._open_writer,
            is_open=_writer_is_open,
            close_connection=_close_writer,
        )
        self.read: ConnectionPool[asyncpg.Connection[Any]] = ConnectionPool(
            size,
            acquire_timeout=timeouts.connection,
            min_idle=min_idle,
            open_connection=self._open_reader,
            is_open=_reader_is_open,
            close_connection=_close_reader,
        )

    async def close(self) -> None:
        """Close both pools and the engine."""
        await self.write.close()
        await self.read.close()
        await self.engine.dispose()

    def _adapt_connection(self, connect_async: Callable[..., Awaitable[Any]]) -> Any:
        """Open a connection as SQLAlchemy wraps it.

        SQLAlchemy's ``async_creator`` cannot set the size of the statement cache.
        """
        dialect: Any = self.engine.sync_engine.dialect
        return dialect.dbapi.connect(
            async_creator_fn=connect_async, prepared_statement_cache_size=STATEMENT_CACHE_SIZE
        )

    async def _open_writer(self) -> AsyncConnection:
        return await self.engine.connect()

    async def _open_reader(self) -> asyncpg.Connection[Any]:
        return await connect(self._url, self._timeouts)


class ConnectionLease:
    """The connection of one session: acquired for the first statement, released after the session."""

    def __init__(self, pool: ConnectionPool[AsyncConnection], holder: str) -> None:
        self._pool = pool
        self._holder = holder
        self._pooled: PooledConnection[AsyncConnection] | None = None

    def connection(self) -> Connection:
        """Return SQLAlchemy's synchronous connection; acquire one from the pool at the first call."""
        if self._pooled is None:
            self._pooled = await_only(self._pool.acquire(self._holder))
        found = self._pooled.connection.sync_connection
        if found is None:
            raise RuntimeError("the session has lost its connection")
        return found

    def add_tenant(self, schema_name: str) -> None:
        """Record that the connection has also served another cooperative."""
        if self._pooled is not None:
            self._pooled.served_tenants.add(schema_name)

    def release(self) -> None:
        """Return the connection to the pool; one with an open transaction is closed instead."""
        if self._pooled is not None:
            connection = self._pooled.connection
            self._pool.release(self._pooled, self._holder, healthy=not connection.in_transaction())
            self._pooled = None


class LeasedSession(Session):
    """A session that uses one leased connection, which its first statement acquires."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """Return the leased connection, which SQLAlchemy then uses for the session's statements."""
        lease: ConnectionLease | None = self.info.get("lease")
        return lease.connection() if lease is not None else super().get_bind(*args, **kwargs)


def _terminate_timed_out(context: ExceptionContext) -> None:
    """Terminate a connection after a time-out: a rollback on it would wait as long again."""
    if isinstance(context.original_exception, TimeoutError) and context.connection is not None:
        driver = context.connection.connection.driver_connection
        if driver is not None:
            driver.terminate()
        context.is_disconnect = True


def _writer_is_open(connection: AsyncConnection) -> bool:
    found = connection.sync_connection
    if found is None or found.closed or found.invalidated:
        return False
    driver = found.connection.driver_connection
    return driver is not None and not driver.is_closed()


async def _close_writer(connection: AsyncConnection, graceful: bool) -> None:
    if not graceful and _writer_is_open(connection):
        driver = (await connection.get_raw_connection()).driver_connection
        if driver is not None:
            driver.terminate()
    if not graceful and connection.sync_connection is not None and not connection.sync_connection.closed:
        await connection.invalidate()
    await connection.close()


def _reader_is_open(connection: asyncpg.Connection[Any]) -> bool:
    return not connection.is_closed()


async def _close_reader(connection: asyncpg.Connection[Any], graceful: bool) -> None:
    if graceful:
        await connection.close(timeout=ROLLBACK_SECONDS)
    else:
        connection.terminate()
