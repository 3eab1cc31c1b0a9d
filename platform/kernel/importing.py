"""What every import of a file has in common: bad lines with their reasons, the report, and how cells are
read.

An import is all or nothing by its check: unless the caller asked to skip them, one bad line keeps the whole
file out. A line that is there already, with the same content, is "unchanged", so the same file may be sent
twice.

A `BatchedImport` checks the whole file in a staging table before it records anything, and then records it in
batches. A page does all of it in the transaction of its request (`import_at_once`), a command gives each
batch a transaction of its own: what was recorded before a crash stays, and the same file sent again goes on
from there.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy.exc import DBAPIError

from kernel.csv_files import WRONG_NUMBER_OF_CELLS, CsvFile, Row
from kernel.errors import Kind, Refusal, Words
from kernel.formats import Lang
from kernel.locks import one_at_a_time
from kernel.money import LARGEST, Rupiah
from kernel.unavailable import sqlstate_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")
L = TypeVar("L")

# (lines done, lines in all), for a progress bar.
Moved = Callable[[int, int], None]

# Lines that are read in a thread before the event loop has its turn again.
LINES_AT_ONCE: Final = 2_000

CELL_EMPTY: Final = Kind(
    "kernel.cell_empty", 422, id="Kolom {column} kosong.", en="The column {column} is empty."
)
CELL_TOO_LONG: Final = Kind(
    "kernel.cell_too_long",
    422,
    id="Isi kolom {column} terlalu panjang: paling banyak {limit} huruf.",
    en="The column {column} is too long: at most {limit} characters.",
)
CELL_UNREADABLE: Final = Kind(
    "kernel.cell_unreadable",
    422,
    id="Kolom {column} memuat tanda yang tidak bisa ditampilkan. Ketik ulang isinya.",
    en="The column {column} holds a character that cannot be shown. Type it again.",
)
IN_COLUMN: Final = Kind(
    "kernel.in_column", 422, id="Kolom {column}: {problem}", en="Column {column}: {problem}"
)
REPEATED: Final = Kind(
    "kernel.repeated_in_file",
    422,
    id="{what} {key} sudah ada pada baris {line} dengan isi lain. Hapus salah satunya.",
    en="{what} {key} stands on line {line} already, with other content. Remove one of the two.",
)

AS_OF_AHEAD: Final = Kind(
    "kernel.as_of_ahead",
    422,
    id="Tanggal saldo awal {day} belum tiba. Pakai hari ini atau sebelumnya.",
    en="The date of the opening balances, {day}, is still to come. Use today or an earlier day.",
)
SUM_TOO_LARGE: Final = Kind(
    "kernel.import_sum_too_large",
    422,
    id="Jumlah rupiah sampai baris ini melebihi {largest}. Periksa angkanya.",
    en="Up to this line the amounts add up to more than {largest}. Check the figures.",
)
CHANGED_MEANWHILE: Final = Kind(
    "kernel.import_changed_meanwhile",
    409,
    id="Sejak berkas ini diperiksa, seseorang mencatat hal yang sama. Kirim berkasnya sekali lagi.",
    en="Since this file was checked, somebody recorded the same. Send the file once more.",
)
IMPORT_RUNNING: Final = Kind(
    "kernel.import_running",
    409,
    id="Impor lain dari jenis ini sedang berjalan. Tunggu sampai selesai, lalu kirim lagi.",
    en="Another import of this kind is running. Wait until it has ended, then send the file again.",
)
_LOCK_TIMEOUT: Final = "55P03"


class BadLine(msgspec.Struct, frozen=True):
    """A line of the file, counting from 1, that was not taken, and why."""

    line: int
    reason: Refusal


class Report(msgspec.Struct):
    """What an import did, in lines of the file.

    With bad lines that were not to be skipped, ``imported`` is 0 and nothing was written.
    """

    imported: int = 0
    unchanged: int = 0
    rejected: list[BadLine] = msgspec.field(default_factory=list)

    def as_json(self, lang: Lang) -> dict[str, object]:
        """``{"imported": n, "unchanged": n, "rejected": [{"line", "reason"}]}``."""
        return {
            "imported": self.imported,
            "unchanged": self.unchanged,
            "rejected": [{"line": bad.line, "reason": bad.reason.sentence(lang)} for bad in self.rejected],
        }


class Plan(msgspec.Struct, Generic[L]):
    """What a file would do, found out without writing anything: lines that are new, lines that change what is
    there, and the rest.
    """

    new: list[L] = msgspec.field(default_factory=list)
    changed: list[tuple[UUID, L]] = msgspec.field(default_factory=list)
    unchanged: int = 0
    rejected: list[BadLine] = msgspec.field(default_factory=list)

    @property
    def report(self) -> Report:
        """The report once the good lines are written."""
        return Report(len(self.new) + len(self.changed), self.unchanged, self.rejected)

    @property
    def good(self) -> list[L]:
        """The lines that would be written."""
        return [*self.new, *(line for _, line in self.changed)]

    def reject(self, line: int, reason: Refusal) -> None:
        """Leave a line of the file out."""
        self.rejected.append(BadLine(line, reason))


class BatchedImport(Protocol):
    """An import in steps, each of which may be a transaction of its own.

    ``name`` is its lock: a cooperative does one of a kind at a time.
    """

    name: str

    async def check(self, db: AsyncSession, content: bytes | str) -> tuple[CsvFile, Report]:
        """Stage the whole file and compare it with what is there; the report says what recording it will do.

        Raises Refusal: kernel.csv_….
        """

    async def begin(self, db: AsyncSession) -> None:
        """Write down that recording begins, in several transactions."""

    async def record_batch(self, db: AsyncSession) -> tuple[int, int] | None:
        """Record the next batch; return (lines done, lines in all), or None when there was nothing left.

        Raises Refusal: kernel.import_changed_meanwhile, and as ``ledger.post``.
        """

    async def finish(self, db: AsyncSession) -> None:
        """Write down what was recorded, and empty the staging table."""

    async def drop(self, db: AsyncSession) -> None:
        """Empty the staging table without recording anything."""


class Batches(Generic[L, T]):
    """Batches of staged rows, each made ready in a thread while the one before it is being recorded.

    ``read`` gives the rows that follow those it gave before, none at the end; ``prepare`` does with them what
    needs no database.
    """

    def __init__(
        self, read: Callable[[AsyncSession], Awaitable[list[L]]], prepare: Callable[[list[L]], T]
    ) -> None:
        self._read = read
        self._prepare = prepare
        self._coming: asyncio.Task[T] | None = None
        self._begun = False

    async def following(self, db: AsyncSession) -> T | None:
        """Return the next batch, or None after the last."""
        if not self._begun:
            self._begun = True
            await self._look_ahead(db)
        if self._coming is None:
            return None
        current = await self._coming
        await self._look_ahead(db)
        return current

    async def _look_ahead(self, db: AsyncSession) -> None:
        rows = await self._read(db)
        self._coming = asyncio.create_task(asyncio.to_thread(self._prepare, rows)) if rows else None


async def import_at_once(
    db: AsyncSession, work: BatchedImport, content: bytes | str, *, skip_bad: bool, moved: Moved | None = None
) -> tuple[CsvFile, Report]:
    """Check and record a file in the session's transaction; with bad lines and not ``skip_bad``, nothing is
    recorded. Raises as ``work``.
    """
    await take_turn(db, work)
    file, report = await work.check(db, content)
    if report.rejected and not skip_bad:
        await work.drop(db)
        return file, Report(0, report.unchanged, report.rejected)
    while progress := await work.record_batch(db):
        if moved is not None:
            moved(*progress)
    await work.finish(db)
    return file, report


async def take_turn(db: AsyncSession, work: BatchedImport) -> None:
    """Wait for other imports of this kind, and keep them waiting until the session's transaction ends.

    Raises Refusal: kernel.import_running.
    """
    try:
        await one_at_a_time(db, work.name)
    except DBAPIError as error:
        if sqlstate_of(error) == _LOCK_TIMEOUT:
            raise IMPORT_RUNNING() from error
        raise


async def in_a_thread(rows: Iterator[T]) -> AsyncIterator[T]:
    """Yield what ``rows`` yields, read in a thread some thousand at a time, so that the event loop serves
    others meanwhile.
    """
    while some := await asyncio.to_thread(lambda: list(itertools.islice(rows, LINES_AT_ONCE))):
        for row in some:
            yield row


def read_once(
    file: CsvFile,
    plan: Plan[L],
    read: Callable[[Row], L],
    *,
    what: Words,
    key_of: Callable[[L], str],
    worth_of: Callable[[L], Rupiah],
) -> dict[str, tuple[int, L]]:
    """Read the lines of a file by key, each with its place in the file; ``worth_of`` is what it adds to the
    books, in rupiah.

    A line that cannot be read, or repeats a key with other content, is rejected; an exact repetition is
    unchanged.
    """
    found: dict[str, tuple[int, L]] = {}
    total = Rupiah(0)
    for row in file.rows():
        try:
            line = read(row)
            key = key_of(line)
            first = found.get(key)
            if first is None:
                if total + worth_of(line) > LARGEST:
                    raise SUM_TOO_LARGE(largest=Rupiah(LARGEST))
                total += worth_of(line)
                found[key] = (row.line, line)
            elif first[1] == line:
                plan.unchanged += 1
            else:
                raise REPEATED(what=what, key=key, line=first[0])
        except Refusal as reason:
            plan.reject(row.line, reason)
    return found


def whole(row: Row, file: CsvFile) -> None:
    """Refuse a line with too few or too many cells."""
    if not row.is_whole:
        raise WRONG_NUMBER_OF_CELLS(found=len(row.raw), expected=len(file.header))


def text_cell(text: str, column: str, *, limit: int, required: bool = True) -> str:
    """The cell's text. Raises Refusal when it is empty though required, too long, or not printable."""
    if not text:
        if required:
            raise CELL_EMPTY(column=column)
        return ""
    if len(text) > limit:
        raise CELL_TOO_LONG(column=column, limit=limit)
    if not text.isprintable():
        # a line end or tab inside quotes is a slip of the hand; anything else is a sign of a broken file
        text = " ".join(text.split())
        if not text.isprintable():
            raise CELL_UNREADABLE(column=column)
    return text


def read_cell(read: Callable[[str], T], text: str, column: str) -> T:
    """The cell read by ``read``; its refusal names the column."""
    if not text:
        raise CELL_EMPTY(column=column)
    try:
        return read(text)
    except Refusal as problem:
        raise IN_COLUMN(column=column, problem=problem) from None


SKU: Final = Words("SKU", "SKU")
MEMBER_NUMBER: Final = Words("Nomor anggota", "Member number")
