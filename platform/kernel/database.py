"""Database engines, the base classes of tables, and the write and read paths to PostgreSQL.

Writes use a SQLAlchemy ``AsyncSession``. Reads of pages use a ``Reader``: plain SQL by asyncpg into frozen
structs, four times faster than Core (docs/adr/0004-write-session-and-reader.md). Neither is bound to a
cooperative here; only ``tenants.session`` does that.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import asyncpg
import msgspec
from sqlalchemy import MetaData
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase

from kernel.connection import begin, connect, libpq_url
from kernel.database_logins import DatabaseLogins
from kernel.json_codec import create_engine
from kernel.pools import ROLLBACK_SECONDS, ConnectionLease, LeasedSession, PoolPair
from kernel.timeouts import LONG, UNLIMITED, Timeouts

if TYPE_CHECKING:
    from kernel.process_services import Services
    from kernel.settings import Settings

View = TypeVar("View", bound=msgspec.Struct)

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Connections of each pool for long-running work of all cooperatives, separate from the pools of pages.
LONG_POOL_SIZE: Final = 4
# Most statements are constants of the code; the limit is for statements that are built at run time.
MAX_CACHED_QUERIES = 5_000
STREAM_BATCH_SIZE = 5_000


class ControlBase(DeclarativeBase):
    """Tables of the control plane (registry, plans, operators), read before the cell is known.

    They are in schema ``shared``. No statement and no foreign key combines them with tables of a cell.
    """

    metadata = MetaData(schema="shared", naming_convention=NAMING_CONVENTION)


class CellBase(DeclarativeBase):
    """Tables of one cell: outbox, failed jobs, schema pool, throttles.

    They are in schema ``shared`` of the cell's server, which today is also the control plane's server.
    """

    metadata = MetaData(schema="shared", naming_convention=NAMING_CONVENTION)


class CoopBase(DeclarativeBase):
    """Tables that every cooperative has in its own schema; the search path selects the schema."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Reader:
    """Reads rows into frozen structs, in a read transaction or in the transaction of a write session.

    A view struct lists the selected columns, with the same names and in the same order; a mismatch raises
    TypeError when the query first returns a row. Parameters are ``$1``, ``$2`` …; SQL text never contains
    values.
    """

    __slots__ = ("_source",)
    _checked: set[tuple[str, type]] = set()
    _columns: dict[str, tuple[str, ...]] = {}

    def __init__(self, source: asyncpg.Connection[Any] | AsyncSession) -> None:
        self._source = source

    async def _connection(self) -> asyncpg.Connection[Any]:
        if isinstance(self._source, AsyncSession):
            return await _driver_connection(self._source)
        return self._source

    async def rows(self, view: type[View], sql: str, *args: object) -> list[View]:
        """Return every row as a ``view``."""
        records = await (await self._connection()).fetch(sql, *args)
        if records:
            self._require_columns(view, sql, records[0].keys())
        return [view(*record) for record in records]

    async def one(self, view: type[View], sql: str, *args: object) -> View | None:
        """Return the first row as a ``view``, or None."""
        record = await (await self._connection()).fetchrow(sql, *args)
        if record is None:
            return None
        self._require_columns(view, sql, record.keys())
        return view(*record)

    async def records(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Return every row as an asyncpg record, for exports and sums that need no view struct."""
        records: list[asyncpg.Record] = await (await self._connection()).fetch(sql, *args)
        return records

    async def stream(self, sql: str, *args: object) -> AsyncIterator[asyncpg.Record]:
        """Yield rows as asyncpg records; fetches ``STREAM_BATCH_SIZE`` at a time to bound memory use."""
        connection = await self._connection()
        async for record in connection.cursor(sql, *args, prefetch=STREAM_BATCH_SIZE):
            yield record

    async def value(self, sql: str, *args: object) -> Any:
        """Return the first column of the first row, or None."""
        return await (await self._connection()).fetchval(sql, *args)

    async def column_names(self, sql: str) -> tuple[str, ...]:
        """Return the names of a query's columns; each process asks PostgreSQL once and caches them."""
        known = self._columns.get(sql)
        if known is None:
            prepared = await (await self._connection()).prepare(sql)
            known = tuple(column.name for column in prepared.get_attributes())
            if len(self._columns) < MAX_CACHED_QUERIES:
                self._columns[sql] = known
        return known

    def _require_columns(self, view: type[msgspec.Struct], sql: str, names: Iterable[str]) -> None:
        """Raise TypeError unless the columns are the view's fields, in order; each query is checked once."""
        if (sql, view) in self._checked:
            return
        if tuple(names) != view.__struct_fields__:
            msg = (
                f"{view.__name__} expects the columns {view.__struct_fields__}, the query gives "
                f"{tuple(names)}"
            )
            raise TypeError(msg)
        if len(self._checked) < MAX_CACHED_QUERIES:
            self._checked.add((sql, view))


def as_reader(source: AsyncSession | Reader) -> Reader:
    """Return a Reader for a query that takes either a session or a Reader.

    A Reader on a session reads in the session's transaction and flushes what the session holds before each
    query. A Reader is returned as it is.
    """
    return source if isinstance(source, Reader) else Reader(source)


def like_pattern(text: str) -> str:
    """Return the LIKE pattern that matches texts containing ``text``; its % and _ are escaped."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


async def copy_rows(
    db: AsyncSession,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]] | AsyncIterable[Sequence[object]],
) -> None:
    """Insert many rows in the session's transaction by COPY, ten times faster than INSERT.

    Columns that ``columns`` does not name get their defaults.
    """
    driver = await _driver_connection(db)
    await driver.copy_records_to_table(table, records=rows, columns=list(columns))


async def _driver_connection(db: AsyncSession) -> asyncpg.Connection[Any]:
    await db.flush()
    raw = await (await db.connection()).get_raw_connection()
    driver: asyncpg.Connection[Any] | None = raw.driver_connection
    if driver is None:
        msg = "the session has lost its connection"
        raise RuntimeError(msg)
    return driver


class Database:
    """The connection pools of one process, for the application's login and the owner's login.

    ``owner_url`` is None in web and worker processes. The application's URL comes from the settings. Pools
    open lazily and belong to one event loop. Long-running work (an export, an import, the yearly surplus) has
    separate pools, so that it takes no connection from a page.
    """

    def __init__(
        self,
        owner_url: str | None,
        settings: Settings,
        services: Services,
        *,
        pool_size: int,
        timeouts: Timeouts,
        min_idle: int,
    ) -> None:
        self.settings = settings
        self.services = services
        self.timeouts = timeouts
        self.logins = DatabaseLogins(owner_url, settings.app_database_url, settings)
        self._pool_size = pool_size
        self._min_idle = min_idle  # idle connections of each pool that stay open
        self._pools: PoolPair | None = None
        self._long: PoolPair | None = None
        self._owner: AsyncEngine | None = None

    @property
    def has_owner(self) -> bool:
        """Whether this process has the owner's login, which creates schemas and migrates."""
        return self.logins.has_owner

    @property
    def owner_url(self) -> URL:
        """The owner's URL. Raises a DomainError when this process does not have it."""
        return self.logins.owner_url

    @property
    def app_url(self) -> URL:
        """The application's URL. Raises a DomainError when it is not configured."""
        return self.logins.app_url

    @property
    def owner_engine(self) -> AsyncEngine:
        """The engine that logs in as the owner of every object, for migrations and new schemas.

        Raises a DomainError when this process does not have the owner's URL.
        """
        if self._owner is None:
            opened = functools.partial(connect, self.owner_url, UNLIMITED)
            self._owner = create_engine(self.owner_url, pool_size=2, max_overflow=4, async_creator=opened)
        return self._owner

    @property
    def app_engine(self) -> AsyncEngine:
        """The application's engine without a pool: each use opens a connection and closes it.

        Checks at start-up and commands use it.
        """
        return self.pools().engine

    def pools(self, timeouts: Timeouts | None = None) -> PoolPair:
        """Return the pools for work with these time-outs; None means the process's default."""
        if timeouts is None or timeouts.statement <= self.timeouts.statement:
            if self._pools is None:
                self._pools = PoolPair(self.app_url, self._pool_size, self.timeouts, min_idle=self._min_idle)
            return self._pools
        if self._long is None:
            self._long = PoolPair(self.app_url, LONG_POOL_SIZE, LONG, min_idle=0)
        return self._long

    @contextlib.asynccontextmanager
    async def session(self, holder: str, timeouts: Timeouts | None = None) -> AsyncIterator[AsyncSession]:
        """Open a write session that is not bound to a cooperative.

        The first statement takes a connection from the pool, in the share of ``holder``.
        """
        lease = ConnectionLease(self.pools(timeouts).write, holder)
        try:
            async with AsyncSession(
                expire_on_commit=False, sync_session_class=LeasedSession, info={"lease": lease}
            ) as db:
                yield db
        finally:
            lease.release()

    @contextlib.asynccontextmanager
    async def read_connection(
        self, begin_sql: str, holder: str, timeouts: Timeouts | None = None
    ) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Yield a read connection in the transaction that ``begin_sql`` opens in one round trip.

        Commits at the end and rolls back on an error. The connection counts in the share of ``holder``.
        """
        pool = self.pools(timeouts).read
        pooled = await pool.acquire(holder)
        connection, healthy = pooled.connection, False
        try:
            await connection.execute(begin_sql)
            yield connection
            await connection.execute("COMMIT")
            healthy = True
        except Exception as error:
            # after a time-out, ROLLBACK would wait until the request is cancelled: discard the connection
            if not isinstance(error, TimeoutError):
                with contextlib.suppress(Exception):
                    await connection.execute("ROLLBACK", timeout=ROLLBACK_SECONDS)
                    healthy = True
            raise
        finally:
            pool.release(pooled, holder, healthy=healthy)

    @contextlib.asynccontextmanager
    async def autocommit_connection(self, holder: str) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Yield a read connection outside any transaction, for one statement in one round trip."""
        pool = self.pools().read
        pooled = await pool.acquire(holder)
        healthy = False
        try:
            yield pooled.connection
            healthy = True
        except asyncpg.PostgresError:
            healthy = True  # the server answered; the pool checks whether the connection is open
            raise
        finally:
            pool.release(pooled, holder, healthy=healthy)

    def close_idle(self) -> None:
        """Close idle connections; for use when the server is gone."""
        for pools in (self._pools, self._long):
            if pools is not None:
                pools.write.close_idle()
                pools.read.close_idle()

    async def close(self) -> None:
        """Close every pool."""
        for pools in (self._pools, self._long):
            if pools is not None:
                await pools.close()
        self._pools = self._long = None
        if self._owner is not None:
            await self._owner.dispose()
            self._owner = None


__all__ = ["begin", "libpq_url"]
