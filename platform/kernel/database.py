"""Engines, the two sets of tables, and the two ways to speak to PostgreSQL.

*Write* through a SQLAlchemy ``AsyncSession``; *read* what people wait for through a ``Reader``: plain SQL by
asyncpg into frozen structs, four times faster than Core (docs/adr/0004-two-ways-to-the-database.md). Neither
is bound to a cooperative here: ``tenants.session`` does that, in one place.
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
from kernel.process_services import Services
from kernel.timeouts import LONG, UNLIMITED, WEB, Timeouts

if TYPE_CHECKING:
    from kernel.settings import Settings

View = TypeVar("View", bound=msgspec.Struct)

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Beside the pools of pages: what takes long, in every cooperative together.
LONG_POOL_SIZE: Final = 4
# Statements are constants of the code; the bound is for those built by hand.
MAX_CACHED_QUERIES = 5_000
STREAM_BATCH_SIZE = 5_000


class ControlBase(DeclarativeBase):
    """Tables of the control plane, known before a cooperative's cell is: registry, plans, operators.

    Schema ``shared``. No statement and no foreign key names a cell's tables beside these.
    """

    metadata = MetaData(schema="shared", naming_convention=NAMING_CONVENTION)


class CellBase(DeclarativeBase):
    """Tables of one cell, about the work of its cooperatives: outbox, failed jobs, schema pool, throttles.

    Schema ``shared`` of the cell's server, which today is also the control plane's.
    """

    metadata = MetaData(schema="shared", naming_convention=NAMING_CONVENTION)


class CoopBase(DeclarativeBase):
    """Tables that every cooperative has, each in its own schema:
    named without one, found by the search path.
    """

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Reader:
    """Reads rows into frozen structs: inside a read transaction, or in that of a write session.

    A view struct lists the selected columns, in order and by the same names; a mismatch is refused at the
    first use. Parameters are ``$1``, ``$2`` …; values never go into the SQL text.
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
            self._check(view, sql, records[0].keys())
        return [view(*record) for record in records]

    async def one(self, view: type[View], sql: str, *args: object) -> View | None:
        """Return the first row as a ``view``, or None."""
        record = await (await self._connection()).fetchrow(sql, *args)
        if record is None:
            return None
        self._check(view, sql, record.keys())
        return view(*record)

    async def records(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Return bare records, for exports and sums that no page shows as they are."""
        records: list[asyncpg.Record] = await (await self._connection()).fetch(sql, *args)
        return records

    async def stream(self, sql: str, *args: object) -> AsyncIterator[asyncpg.Record]:
        """Yield bare records of which there may be more than memory should hold, a few thousand at a time."""
        connection = await self._connection()
        async for record in connection.cursor(sql, *args, prefetch=STREAM_BATCH_SIZE):
            yield record

    async def value(self, sql: str, *args: object) -> Any:
        """Return the first column of the first row, or None."""
        return await (await self._connection()).fetchval(sql, *args)

    async def column_names(self, sql: str) -> tuple[str, ...]:
        """Return the names of a query's columns, for rows that come without them; PostgreSQL is asked once a
        process.
        """
        known = self._columns.get(sql)
        if known is None:
            prepared = await (await self._connection()).prepare(sql)
            known = tuple(column.name for column in prepared.get_attributes())
            if len(self._columns) < MAX_CACHED_QUERIES:
                self._columns[sql] = known
        return known

    def _check(self, view: type[msgspec.Struct], sql: str, names: Iterable[str]) -> None:
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
    """Return the LIKE pattern of texts that hold this one as it was typed:
    its own % and _ mean themselves.
    """
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


async def copy_rows(
    db: AsyncSession,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]] | AsyncIterable[Sequence[object]],
) -> None:
    """Write many rows in the session's transaction by COPY, ten times faster than INSERT.

    Defaults fill the columns not named.
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
    """The pools of one process: ``write`` and ``read`` log in as the application, ``owner`` as the owner.

    Web and worker have no owner's URL (None). The application's is the one of the settings. Pools open lazily
    and belong to one event loop. What is known to take long (an export, an import, the yearly surplus) has
    pools of its own, so that it takes no connection from anybody who waits for a page.
    """

    def __init__(
        self,
        owner_url: str | None,
        settings: Settings,
        *,
        pool_size: int = 10,
        timeouts: Timeouts = WEB,
        min_idle: int = 1,
    ) -> None:
        self.settings = settings
        self.timeouts = timeouts
        self.logins = DatabaseLogins(owner_url, settings.app_database_url, settings)
        self._pool_size = pool_size
        self._min_idle = min_idle  # connections of each pool that stay open when nobody needs any
        self._pools: PoolPair | None = None
        self._long: PoolPair | None = None
        self._owner: AsyncEngine | None = None
        self.services = Services(self)

    @property
    def has_owner(self) -> bool:
        """Whether this process may make schemas and migrate."""
        return self.logins.has_owner

    @property
    def owner_url(self) -> URL:
        """The owner's address. Raises a DomainError where this process does not have it."""
        return self.logins.owner_url

    @property
    def app_url(self) -> URL:
        """The application's address. Raises a DomainError where nobody told it."""
        return self.logins.app_url

    @property
    def owner_engine(self) -> AsyncEngine:
        """The engine that owns every object, for migrations and new schemas.

        Raises a DomainError where this process may not.
        """
        if self._owner is None:
            opened = functools.partial(connect, self.owner_url, UNLIMITED)
            self._owner = create_engine(self.owner_url, pool_size=2, max_overflow=4, async_creator=opened)
        return self._owner

    @property
    def app_engine(self) -> AsyncEngine:
        """The application's engine beside the pools, for a look at start-up or by a command: each use opens a
        connection and closes it.
        """
        return self.pools().engine

    def pools(self, timeouts: Timeouts | None = None) -> PoolPair:
        """The pools of work with these time-outs; None: of what this process does all day."""
        if timeouts is None or timeouts.statement <= self.timeouts.statement:
            if self._pools is None:
                self._pools = PoolPair(self.app_url, self._pool_size, self.timeouts, min_idle=self._min_idle)
            return self._pools
        if self._long is None:
            self._long = PoolPair(self.app_url, LONG_POOL_SIZE, LONG, min_idle=0)
        return self._long

    @contextlib.asynccontextmanager
    async def session(self, holder: str, timeouts: Timeouts | None = None) -> AsyncIterator[AsyncSession]:
        """Open a write session that belongs to no cooperative yet; its connection, lent at the first
        statement, counts for ``holder``.
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
        """Lend a read connection inside the transaction that ``begin`` opens (one round trip), and end it
        after.

        ``holder`` names holder the connection serves, for its share of the pool.
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
            # after a time-out the connection would wait for its own request to cancel: given up instead
            if not isinstance(error, TimeoutError):
                with contextlib.suppress(Exception):
                    await connection.execute("ROLLBACK", timeout=ROLLBACK_SECONDS)
                    healthy = True
            raise
        finally:
            pool.release(pooled, holder, healthy=healthy)

    @contextlib.asynccontextmanager
    async def autocommit_connection(self, holder: str) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Lend a read connection outside any transaction, for one statement: one round trip."""
        pool = self.pools().read
        pooled = await pool.acquire(holder)
        healthy = False
        try:
            yield pooled.connection
            healthy = True
        except asyncpg.PostgresError:
            healthy = True  # it answered; whether it still stands is looked at when it comes back
            raise
        finally:
            pool.release(pooled, holder, healthy=healthy)

    def connections_in_use(self) -> tuple[int, int]:
        """How many connections somebody has now: to write, to read."""
        opened = [pools for pools in (self._pools, self._long) if pools is not None]
        return sum(pools.write.in_use for pools in opened), sum(pools.read.in_use for pools in opened)

    def close_idle(self) -> None:
        """Close what nobody has now: the server it leads to is gone."""
        for pools in (self._pools, self._long):
            if pools is not None:
                pools.write.close_idle()
                pools.read.close_idle()

    def clone_for_event_loop(self) -> Database:
        """Return the same database with small pools of its own, for another event loop; whoever asks for it
        closes it.
        """
        owner = libpq_url(self.owner_url) if self.has_owner else None
        return Database(owner, self.settings, pool_size=1, timeouts=self.timeouts, min_idle=0)

    async def close(self) -> None:
        """Close every pool, and the process's services."""
        await self.services.close()
        for pools in (self._pools, self._long):
            if pools is not None:
                await pools.close()
        self._pools = self._long = None
        if self._owner is not None:
            await self._owner.dispose()
            self._owner = None


__all__ = ["begin", "libpq_url"]
