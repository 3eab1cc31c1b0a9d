"""Several reads in one round trip: where PostgreSQL is not in the same machine, waiting for it is most of a
request.

    goods, bylaws = await read_batch(db, lambda ro: goods_by_id(ro, ids), lambda ro: bylaws_on(ro, day))

Each function is one of a room's queries and takes a Reader as ever; what all of them ask first is sent as one
statement, then what they ask next. So the rooms keep their own SQL, and a page that reads five things waits
once.
"""

from __future__ import annotations

import re
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from kernel.database import Reader, View, reader_of

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


class _Question(NamedTuple):
    sql: str
    arguments: tuple[object, ...]


class _Answer(NamedTuple):
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class _BatchReader(Reader):
    """Puts its questions to whoever drives the function that asks."""

    __slots__ = ()

    def __init__(self) -> None:
        """It has no connection of its own."""

    async def rows(self, view: type[View], sql: str, *args: object) -> list[View]:
        found = await _ask_one(_Question(sql, args))
        self._check(view, sql, found.columns)
        return [view(*row) for row in found.rows]

    async def one(self, view: type[View], sql: str, *args: object) -> View | None:
        found = await self.rows(view, sql, *args)
        return found[0] if found else None

    async def value(self, sql: str, *args: object) -> Any:
        found = await _ask_one(_Question(sql, args))
        return found.rows[0][0] if found.rows else None

    async def records(self, sql: str, *args: object) -> list[asyncpg.Record]:
        found = await _ask_one(_Question(sql, args))
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

    def stream(self, sql: str, *args: object) -> AsyncIterator[asyncpg.Record]:
        """Not in a batch, whose answers come whole."""
        raise TypeError("rows cannot be streamed inside read_batch: read them by a Reader of their own")


@types.coroutine
def _ask(questions: list[_Question]) -> Generator[list[_Question], list[_Answer], list[_Answer]]:
    answers = yield questions
    return answers


async def _ask_one(question: _Question) -> _Answer:
    return (await _ask([question]))[0]


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
    reader = reader_of(source)
    running = [read(_BatchReader()) for read in reads]
    results: list[Any] = [None] * len(running)
    answers: dict[int, list[_Answer] | None] = dict.fromkeys(range(len(running)))
    try:
        while answers:
            asked: dict[int, list[_Question]] = {}
            for at, answer in answers.items():
                try:
                    asked[at] = running[at].send(answer)
                except StopIteration as ended:
                    results[at] = ended.value
            answers = await _round(reader, asked)
    finally:
        for each in running:
            each.close()
    return tuple(results)


async def _round(reader: Reader, asked: dict[int, list[_Question]]) -> dict[int, list[_Answer] | None]:
    """Answer what several functions ask, to each what it asked."""
    questions = [question for its in asked.values() for question in its]
    if not questions:
        return {}
    rows = iter(await (_ask(questions) if isinstance(reader, _BatchReader) else _send(reader, questions)))
    return {at: [next(rows) for _ in its] for at, its in asked.items()}


async def _send(reader: Reader, questions: list[_Question]) -> list[_Answer]:
    """Send questions as one statement: an array of rows for each, in PostgreSQL's own types."""
    different: list[_Question] = []
    for question in questions:
        if question not in different:  # several ask for the bylaws of the day
            different.append(question)
    parts: list[str] = []
    arguments: list[object] = []
    columns = [await reader.columns_of(question.sql) for question in different]
    for question in different:
        parts.append(
            f"ARRAY(SELECT batched_row FROM ({_shifted(question.sql, len(arguments))}) AS batched_row)"
        )
        arguments += question.arguments
    record = (await reader.records("SELECT " + ", ".join(parts), *arguments))[0]
    answers = [_Answer(names, rows) for names, rows in zip(columns, record, strict=True)]
    return [answers[different.index(question)] for question in questions]


def _shifted(sql: str, by: int) -> str:
    """The query with $1 as the parameter after ``by`` others."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", sql)
