"""Engines, the two sets of tables, and the two ways to speak to PostgreSQL.

*Write* through a SQLAlchemy ``AsyncSession``; *read* what people wait for through a ``Reader``: plain SQL by asyncpg into
frozen structs, four times faster than Core (docs/adr/0004-two-ways-to-the-database.md). Neither is bound to a cooperative here:
``tenants.session`` does that, in one place.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import asyncpg
import msgspec
from sqlalchemy import MetaData, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from kernel.database_logins import Logins

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kernel.settings import Settings

View = TypeVar("View", bound=msgspec.Struct)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# A backend keeps about 20 kB for every table it has touched, for ever: after this many cooperatives a connection is replaced.
COOPERATIVES_PER_CONNECTION = 200
# A write connection that rested longer may have been lost without a word: it is asked before it is lent. One that was closed is known at once.
RESTED_SECONDS = 30.0
# Statements that a connection keeps prepared: more than the application has, or each is parsed again and again.
PREPARED_STATEMENTS = 500
# Statements are constants of the code; the bound is for those built by hand.
MOST_REMEMBERED = 5_000
STREAMED_AT_ONCE = 5_000


class SharedBase(DeclarativeBase):
    """Tables of the platform itself: schema ``shared``."""

    metadata = MetaData(schema="shared", naming_convention=NAMES)


class CoopBase(DeclarativeBase):
    """Tables that every cooperative has, each in its own schema: named without one, found by the search path."""

    metadata = MetaData(naming_convention=NAMES)


class Reader:
    """Reads rows into frozen structs inside one read transaction.

    A view struct lists the selected columns, in order and by the same names; a mismatch is refused at the first use.
    Parameters are ``$1``, ``$2`` …; values never go into the SQL text.
    """

    __slots__ = ("_connection",)
    _checked: set[tuple[str, type]] = set()
    _columns: dict[str, tuple[str, ...]] = {}

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self._connection = connection

    async def rows(self, view: type[View], sql: str, *args: object) -> list[View]:
        """Return every row as a ``view``."""
        records = await self._connection.fetch(sql, *args)
        if records:
            self._check(view, sql, records[0].keys())
        return [view(*record) for record in records]

    async def one(self, view: type[View], sql: str, *args: object) -> View | None:
        """Return the first row as a ``view``, or None."""
        record = await self._connection.fetchrow(sql, *args)
        if record is None:
            return None
        self._check(view, sql, record.keys())
        return view(*record)

    async def records(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Return bare records, for exports and sums that no page shows as they are."""
        records: list[asyncpg.Record] = await self._connection.fetch(sql, *args)
        return records

    async def stream(self, sql: str, *args: object) -> AsyncIterator[asyncpg.Record]:
        """Yield bare records of which there may be more than memory should hold, a few thousand at a time."""
        async for record in self._connection.cursor(sql, *args, prefetch=STREAMED_AT_ONCE):
            yield record

    async def value(self, sql: str, *args: object) -> Any:
        """Return the first column of the first row, or None."""
        return await self._connection.fetchval(sql, *args)

    async def columns_of(self, sql: str) -> tuple[str, ...]:
        """Return the names of a query's columns, for rows that come without them; PostgreSQL is asked once a process."""
        known = self._columns.get(sql)
        if known is None:
            prepared = await self._connection.prepare(sql)
            known = tuple(column.name for column in prepared.get_attributes())
            if len(self._columns) < MOST_REMEMBERED:
                self._columns[sql] = known
        return known

    def _check(self, view: type[msgspec.Struct], sql: str, names: Iterable[str]) -> None:
        if (sql, view) in self._checked:
            return
        if tuple(names) != view.__struct_fields__:
            msg = f"{view.__name__} expects the columns {view.__struct_fields__}, the query gives {tuple(names)}"
            raise TypeError(msg)
        if len(self._checked) < MOST_REMEMBERED:
            self._checked.add((sql, view))


async def reader_of(source: AsyncSession | Reader) -> Reader:
    """Return a Reader on the same connection and transaction as a write session, after flushing what it holds; a Reader as it is.

    So a query that pages and use cases share takes either.
    """
    return source if isinstance(source, Reader) else Reader(await _driver_of(source))


def like(text: str) -> str:
    """Return the LIKE pattern of texts that hold this one as it was typed: its own % and _ mean themselves."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


async def copy_rows(
    db: AsyncSession,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]] | AsyncIterable[Sequence[object]],
) -> None:
    """Write many rows in the session's transaction by COPY, ten times faster than INSERT. Defaults fill the columns not named."""
    driver = await _driver_of(db)
    await driver.copy_records_to_table(table, records=rows, columns=list(columns))


async def _driver_of(db: AsyncSession) -> asyncpg.Connection[Any]:
    await db.flush()
    raw = await (await db.connection()).get_raw_connection()
    driver: asyncpg.Connection[Any] | None = raw.driver_connection
    if driver is None:
        msg = "the session has lost its connection"
        raise RuntimeError(msg)
    return driver


class Database:
    """The pools of one process: ``write`` and ``read`` log in as the application, ``owner`` as the owner.

    Web and worker have no owner's URL (None). The application's is the one of the settings. Pools open lazily and belong to one event
    loop.
    """

    def __init__(self, owner_url: str | None, settings: Settings, *, pool_size: int = 10) -> None:
        self.settings = settings
        self.logins = Logins(owner_url, settings.app_database_url, settings)
        self._pool_size = pool_size
        self._read_pool: asyncpg.Pool[Any] | None = None
        self._write: AsyncEngine | None = None
        self._owner: AsyncEngine | None = None
        self._served: WeakKeyDictionary[object, set[str]] = WeakKeyDictionary()
        self.local: dict[str, Any] = {}  # what a process keeps beside its pools: host cache, page cache, listener
        self.closing: list[Callable[[], Awaitable[None]]] = []  # what must be closed with the pools

    @property
    def has_owner(self) -> bool:
        """Whether this process may make schemas and migrate."""
        return self.logins.has_owner

    @property
    def owner_url(self) -> URL:
        """The owner's address. Raises a Refusal where this process does not have it."""
        return self.logins.owner

    @property
    def app_url(self) -> URL:
        """The application's address. Raises a Refusal where nobody told it."""
        return self.logins.app

    @property
    def write(self) -> AsyncEngine:
        """The engine of write sessions."""
        if self._write is None:
            self._write = create_async_engine(
                self.app_url,
                pool_size=self._pool_size,
                max_overflow=5,
                pool_timeout=10,
                hide_parameters=True,  # what goes wrong is logged: people's names, payers' messages and sealed secrets are not
                connect_args={
                    "timeout": 10,
                    "connection_class": _WriteConnection,
                    "prepared_statement_cache_size": PREPARED_STATEMENTS,
                    "statement_cache_size": PREPARED_STATEMENTS,
                },
            )
            event.listen(self._write.sync_engine, "checkout", _replace_when_lost)
            event.listen(self._write.sync_engine, "checkin", _replace_when_worn)
        return self._write

    @property
    def owner(self) -> AsyncEngine:
        """The engine that owns every object, for migrations and new schemas. Raises a Refusal where this process may not."""
        if self._owner is None:
            self._owner = create_async_engine(self.owner_url, pool_size=2, max_overflow=4, connect_args={"timeout": 10})
        return self._owner

    @property
    def sessions(self) -> async_sessionmaker[AsyncSession]:
        """Makes write sessions that belong to no cooperative yet."""
        return async_sessionmaker(self.write, expire_on_commit=False, autoflush=True)

    async def read_pool(self) -> asyncpg.Pool[Any]:
        """Return the pool of read connections, opening it at first use."""
        if self._read_pool is None:
            self._read_pool = await asyncpg.create_pool(
                dsn=plain_url(self.app_url),
                min_size=0,
                max_size=self._pool_size,
                timeout=10,
                statement_cache_size=PREPARED_STATEMENTS,
                init=_prepare_connection,
                # every use is one transaction with local settings: its end has reset all there is, a round trip would find nothing
                reset=_leave_as_is,
            )
        return self._read_pool

    @contextlib.asynccontextmanager
    async def read_connection(self, begin: str, mark: str) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Lend a read connection inside the transaction that ``begin`` opens (one round trip), and end it after.

        ``mark`` names whom the connection serves, so that a worn one can be replaced.
        """
        pool = await self.read_pool()
        connection = await pool.acquire()
        backend = connection._con  # noqa: SLF001 - the pool lends a new wrapper each time; wear belongs to what it wraps
        healthy = False
        try:
            await connection.execute(begin)
            yield connection
            await connection.execute("COMMIT")
            healthy = True
        except Exception:
            with contextlib.suppress(Exception):
                await connection.execute("ROLLBACK")
                healthy = True
            raise
        finally:
            served = self._served.setdefault(backend, set())
            served.add(mark)
            if not healthy or len(served) >= COOPERATIVES_PER_CONNECTION:
                # given up in the middle of a query, or worn: never lent again
                self._served.pop(backend, None)
                connection.terminate()
            await pool.release(connection)

    def beside(self) -> Database:
        """Return the same database with small pools of its own, for another event loop; whoever asks for it closes it."""
        return Database(plain_url(self.owner_url), self.settings, pool_size=1)

    async def close(self) -> None:
        """Close every pool, and what lives beside them."""
        while self.closing:
            await self.closing.pop()()
        if self._read_pool is not None:
            await self._read_pool.close()
            self._read_pool = None
        for engine in (self._write, self._owner):
            if engine is not None:
                await engine.dispose()
        self._write = self._owner = None
        self._served.clear()


def plain_url(url: URL) -> str:
    """Return the URL as libpq and asyncpg read it, password included."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


async def _leave_as_is(connection: asyncpg.Connection[Any]) -> None:
    """Stand in for asyncpg's reset query."""


async def _prepare_connection(connection: asyncpg.Connection[Any]) -> None:
    await connection.set_type_codec("jsonb", encoder=_json_text, decoder=msgspec.json.decode, schema="pg_catalog")


def _json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


class _WriteConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg brings no types
    """A connection of a write session. What every transaction begins with travels together with its BEGIN."""

    begin_with = ""

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's own
        if self.begin_with:  # asyncpg's own "BEGIN;", asked for by ``begin``
            query, self.begin_with = f"{query} {self.begin_with}", ""
        status: str = await super().execute(query, *args, timeout=timeout)
        return status


def begin(connection: Connection, statements: str) -> None:
    """Begin the transaction of a session's connection, and send ``statements`` (without parameters) with it: one round trip for all."""
    adapted: Any = connection.connection.dbapi_connection
    adapted.driver_connection.begin_with = statements
    try:
        # SQLAlchemy begins with the first statement, which would be a round trip later, and after statements of its own
        adapted.run_async(lambda _: adapted._start_transaction())  # noqa: SLF001 - it has no other way to begin now
    except BaseException as error:
        connection.invalidate()  # asyncpg takes a BEGIN that failed for begun: such a connection is never lent again
        if not isinstance(error, adapted.dbapi.Error):
            raise
        raise DBAPIError(statements, None, error, connection_invalidated=True) from error


def _replace_when_lost(dbapi_connection: Any, record: Any, proxy: object) -> None:
    """A restart of PostgreSQL is nobody's error page; and asking whether a connection lives costs more than a BEGIN."""
    rested = time.monotonic() - record.info.get("lent_back", time.monotonic())
    if dbapi_connection.driver_connection.is_closed():
        raise InvalidatePoolError
    if rested > RESTED_SECONDS:
        try:
            dbapi_connection.ping()
        except Exception as error:  # whatever it is: this connection cannot be lent
            raise InvalidatePoolError from error


def _replace_when_worn(dbapi_connection: Any, record: Any) -> None:
    record.info["lent_back"] = time.monotonic()
    served: Sequence[str] = record.info.get("served", ())
    if len(served) >= COOPERATIVES_PER_CONNECTION:
        record.invalidate(soft=True)
        record.info.pop("served", None)
