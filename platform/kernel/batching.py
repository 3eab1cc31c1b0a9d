"""Run several reads in one round trip to PostgreSQL.

When PostgreSQL runs on another machine, most of a request's time is spent on round trips.

    goods, bylaws = await read_batch(db, lambda ro: goods_by_id(ro, ids), lambda ro: get_bylaws_on(ro, day))

Each function is one of a room's queries and takes a Reader. The first query of every function is sent as one
statement, then the second query of every function, and so on. So each room owns its SQL, and a page that
makes five reads waits for one round trip.
"""

from __future__ import annotations

import re
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from kernel.database import Reader, View, as_reader

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
Read = Callable[[Reader], Coroutine[Any, Any, A]]

_PARAMETER = re.compile(r"\$(\d+)")


class _Query(NamedTuple):
    sql: str
    arguments: tuple[object, ...]


class _Result(NamedTuple):
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class _BatchReader(Reader):
    """Yields its queries to ``read_batch``, which runs them together with those of the other functions."""

    __slots__ = ()

    def __init__(self) -> None:
        """Create a reader without a connection."""

    async def rows(self, view: type[View], sql: str, *args: object) -> list[View]:
        found = await _run_query(_Query(sql, args))
        self._require_columns(view, sql, found.columns)
        return [view(*row) for row in found.rows]

    async def one(self, view: type[View], sql: str, *args: object) -> View | None:
        found = await self.rows(view, sql, *args)
        return found[0] if found else None

    async def value(self, sql: str, *args: object) -> Any:
        found = await _run_query(_Query(sql, args))
        return found.rows[0][0] if found.rows else None

    async def records(self, sql: str, *args: object) -> list[asyncpg.Record]:
        found = await _run_query(_Query(sql, args))
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

    def stream(self, sql: str, *args: object) -> AsyncIterator[asyncpg.Record]:
        """Raise TypeError: a batch returns complete results only."""
        raise TypeError("rows cannot be streamed inside read_batch: read them with a separate Reader")


@types.coroutine
def _yield_queries(queries: list[_Query]) -> Generator[list[_Query], list[_Result], list[_Result]]:
    answers = yield queries
    return answers


async def _run_query(query: _Query) -> _Result:
    return (await _yield_queries([query]))[0]


@overload
async def read_batch(source: AsyncSession | Reader, a: Read[A], b: Read[B], /) -> tuple[A, B]: ...
@overload
async def read_batch(
    source: AsyncSession | Reader, a: Read[A], b: Read[B], c: Read[C], /
) -> tuple[A, B, C]: ...
@overload
async def read_batch(
    source: AsyncSession | Reader, a: Read[A], b: Read[B], c: Read[C], d: Read[D], /
) -> tuple[A, B, C, D]: ...
@overload
async def read_batch(
    source: AsyncSession | Reader, a: Read[A], b: Read[B], c: Read[C], d: Read[D], e: Read[E], /
) -> tuple[A, B, C, D, E]: ...
@overload
async def read_batch(
    source: AsyncSession | Reader, a: Read[A], b: Read[B], c: Read[C], d: Read[D], e: Read[E], f: Read[F], /
) -> tuple[A, B, C, D, E, F]: ...
async def read_batch(source: AsyncSession | Reader, *reads: Read[Any]) -> tuple[Any, ...]:
    """Run these functions together and return the result of each, in the same order.

    A function may await only the Reader that it receives.

    All queries of a round see one snapshot. Rows that must be read after a lock is taken need a separate
    batch after the lock. A batch inside another batch sends its queries in the rounds of the outer one.
    """
    reader = as_reader(source)
    running = [read(_BatchReader()) for read in reads]
    results: list[Any] = [None] * len(running)
    answers: dict[int, list[_Result] | None] = dict.fromkeys(range(len(running)))
    try:
        while answers:
            requested: dict[int, list[_Query]] = {}
            for at, result in answers.items():
                try:
                    requested[at] = running[at].send(result)
                except StopIteration as ended:
                    results[at] = ended.value
            answers = await _run_round(reader, requested)
    finally:
        for each in running:
            each.close()
    return tuple(results)


async def _run_round(reader: Reader, requested: dict[int, list[_Query]]) -> dict[int, list[_Result] | None]:
    """Run the queries of several functions and return the results of each function."""
    queries = [query for group in requested.values() for query in group]
    if not queries:
        return {}
    rows = iter(
        await (
            _yield_queries(queries) if isinstance(reader, _BatchReader) else _run_combined(reader, queries)
        )
    )
    return {at: [next(rows) for _ in group] for at, group in requested.items()}


async def _run_combined(reader: Reader, queries: list[_Query]) -> list[_Result]:
    """Run the queries as one statement that returns one array of rows for each query."""
    different: list[_Query] = []
    for query in queries:
        if query not in different:  # several functions read the bylaws of the day
            different.append(query)
    parts: list[str] = []
    arguments: list[object] = []
    columns = [await reader.column_names(query.sql) for query in different]
    for query in different:
        parts.append(
            f"ARRAY(SELECT batched_row FROM ({_shift_parameters(query.sql, len(arguments))}) AS batched_row)"
        )
        arguments += query.arguments
    record = (await reader.records("SELECT " + ", ".join(parts), *arguments))[0]
    answers = [_Result(names, rows) for names, rows in zip(columns, record, strict=True)]
    return [answers[different.index(query)] for query in queries]


def _shift_parameters(sql: str, by: int) -> str:
    """Return the query with each parameter number increased by ``by``."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", sql)
