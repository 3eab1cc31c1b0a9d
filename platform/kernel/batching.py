"""Several reads in one round trip: where PostgreSQL is not in the same machine, waiting for it is most of a
request.

    goods, bylaws = await read_batch(db, lambda ro: goods_by_id(ro, ids), lambda ro: get_bylaws_on(ro, day))

Each function is one of a room's queries and takes a Reader as ever; what all of them ask first is sent as one
statement, then what they ask next. So the rooms keep their own SQL, and a page that reads five things waits
once.
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
    """Puts its questions to whoever drives the function that asks."""

    __slots__ = ()

    def __init__(self) -> None:
        """It has no connection of its own."""

    async def rows(self, view: type[View], sql: str, *args: object) -> list[View]:
        found = await _run_query(_Query(sql, args))
        self._check(view, sql, found.columns)
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
        """Not in a batch, whose answers come whole."""
        raise TypeError("rows cannot be streamed inside read_batch: read them by a Reader of their own")


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
    """Return what each of these functions returns.

    They read by the Reader that they are given, and wait for nothing else.

    All questions of a round see one snapshot: what must be read after a lock was taken is asked after it, in
    a batch of its own. Within another batch, the rounds are those of that one.
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
    """Answer what several functions ask, to each what it asked."""
    queries = [query for its in requested.values() for query in its]
    if not queries:
        return {}
    rows = iter(
        await (
            _yield_queries(queries) if isinstance(reader, _BatchReader) else _run_combined(reader, queries)
        )
    )
    return {at: [next(rows) for _ in its] for at, its in requested.items()}


async def _run_combined(reader: Reader, queries: list[_Query]) -> list[_Result]:
    """Send questions as one statement: an array of rows for each, in PostgreSQL's own types."""
    different: list[_Query] = []
    for query in queries:
        if query not in different:  # several ask for the bylaws of the day
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
    """The query with $1 as the parameter after ``by`` others."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", sql)
