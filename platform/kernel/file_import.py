"""Common parts of file imports: rejected lines with reasons, the report, and the parsing of cells.

One bad line rejects the whole file, unless the caller skips bad lines. A line whose content is already stored
is "unchanged", so the same file may be imported twice.

A `BatchedImport` checks the whole file in a staging table before it records anything, and then records it in
batches. A page does both in the transaction of its request (`import_in_transaction`). A command runs each
batch in a separate transaction: batches recorded before a crash remain, and a new import of the same file
continues after them.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy.exc import DBAPIError

from kernel.csv_files import WRONG_NUMBER_OF_CELLS, CsvFile, CsvRow
from kernel.database_errors import get_sqlstate
from kernel.errors import DomainError, ErrorType, LocalizedText
from kernel.formats import Lang
from kernel.locks import advisory_lock
from kernel.money import MAX_AMOUNT, Rupiah

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")
L = TypeVar("L")

# (lines done, lines in all), for a progress bar.
ProgressCallback = Callable[[int, int], None]

# Lines that are read in a thread at a time.
READ_BATCH_LINES: Final = 2_000

CELL_EMPTY: Final = ErrorType("kernel.cell_empty", 422, "Kolom {column} kosong.")
CELL_TOO_LONG: Final = ErrorType(
    "kernel.cell_too_long",
    422,
    "Isi kolom {column} terlalu panjang: paling banyak {limit} huruf.",
)
CELL_UNREADABLE: Final = ErrorType(
    "kernel.cell_unreadable",
    422,
    "Kolom {column} memuat tanda yang tidak bisa ditampilkan. Ketik ulang isinya.",
)
IN_COLUMN: Final = ErrorType("kernel.in_column", 422, "Kolom {column}: {problem}")
REPEATED: Final = ErrorType(
    "kernel.repeated_in_file",
    422,
    "{what} {key} sudah ada pada baris {line} dengan isi lain. Hapus salah satunya.",
)

AS_OF_IN_FUTURE: Final = ErrorType(
    "kernel.as_of_ahead",
    422,
    "Tanggal saldo awal {day} belum tiba. Pakai hari ini atau sebelumnya.",
)
SUM_TOO_LARGE: Final = ErrorType(
    "kernel.import_sum_too_large",
    422,
    "Jumlah rupiah sampai baris ini melebihi {largest}. Periksa angkanya.",
)
CHANGED_MEANWHILE: Final = ErrorType(
    "kernel.import_changed_meanwhile",
    409,
    "Sejak berkas ini diperiksa, seseorang mencatat hal yang sama. Kirim berkasnya sekali lagi.",
)
IMPORT_RUNNING: Final = ErrorType(
    "kernel.import_running",
    409,
    "Impor lain dari jenis ini sedang berjalan. Tunggu sampai selesai, lalu kirim lagi.",
)
_LOCK_TIMEOUT: Final = "55P03"


class RejectedLine(msgspec.Struct, frozen=True):
    """A rejected line of the file, counting from 1, and the reason."""

    line: int
    reason: DomainError


class ImportReport(msgspec.Struct):
    """The result of an import, in numbers of lines.

    With bad lines that are not skipped, ``imported`` is 0 and nothing is written.
    """

    imported: int = 0
    unchanged: int = 0
    rejected: list[RejectedLine] = msgspec.field(default_factory=list)

    def as_json(self, lang: Lang) -> dict[str, object]:
        """Return the report as ``{"imported": n, "unchanged": n, "rejected": [{"line", "reason"}]}``."""
        return {
            "imported": self.imported,
            "unchanged": self.unchanged,
            "rejected": [{"line": bad.line, "reason": bad.reason.localize(lang)} for bad in self.rejected],
        }


class ImportPlan(msgspec.Struct, Generic[L]):
    """The lines of a checked file: new, changed (with the id of the stored row), unchanged and rejected."""

    new: list[L] = msgspec.field(default_factory=list)
    changed: list[tuple[UUID, L]] = msgspec.field(default_factory=list)
    unchanged: int = 0
    rejected: list[RejectedLine] = msgspec.field(default_factory=list)

    @property
    def report(self) -> ImportReport:
        """The report of the import after the accepted lines are written."""
        return ImportReport(len(self.new) + len(self.changed), self.unchanged, self.rejected)

    @property
    def accepted(self) -> list[L]:
        """The lines that would be written."""
        return [*self.new, *(line for _, line in self.changed)]

    def reject(self, line: int, reason: DomainError) -> None:
        """Record a line of the file as rejected."""
        self.rejected.append(RejectedLine(line, reason))


class BatchedImport(Protocol):
    """An import in steps, each of which may run in a separate transaction.

    ``name`` is the name of its lock: a cooperative runs one import of a kind at a time.
    """

    name: str

    async def check(self, db: AsyncSession, content: bytes | str) -> tuple[CsvFile, ImportReport]:
        """Stage the file, compare it with the stored data, and report what recording it will do.

        Raises DomainError: kernel.csv_….
        """

    async def begin(self, db: AsyncSession) -> None:
        """Record in the audit log that an import in several transactions begins."""

    async def record_batch(self, db: AsyncSession) -> tuple[int, int] | None:
        """Record the next batch; return (lines done, lines in all), or None when no line is left.

        Raises DomainError: kernel.import_changed_meanwhile, and as ``ledger.post_journal``.
        """

    async def finish(self, db: AsyncSession) -> None:
        """Record the result in the audit log, and empty the staging table."""

    async def discard(self, db: AsyncSession) -> None:
        """Empty the staging table without recording anything."""


class PrefetchedBatches(Generic[L, T]):
    """Batches of staged rows; a thread prepares each batch while the previous one is recorded.

    ``read`` returns the rows after those of its last call, and none at the end. ``prepare`` processes them
    without the database.
    """

    def __init__(
        self, read: Callable[[AsyncSession], Awaitable[list[L]]], prepare: Callable[[list[L]], T]
    ) -> None:
        self._read = read
        self._prepare = prepare
        self._upcoming: asyncio.Task[T] | None = None
        self._started = False

    async def next_batch(self, db: AsyncSession) -> T | None:
        """Return the next batch, or None after the last."""
        if not self._started:
            self._started = True
            await self._prefetch(db)
        if self._upcoming is None:
            return None
        current = await self._upcoming
        await self._prefetch(db)
        return current

    async def _prefetch(self, db: AsyncSession) -> None:
        rows = await self._read(db)
        self._upcoming = asyncio.create_task(asyncio.to_thread(self._prepare, rows)) if rows else None


async def import_in_transaction(
    db: AsyncSession,
    work: BatchedImport,
    content: bytes | str,
    *,
    skip_bad: bool,
    on_progress: ProgressCallback | None = None,
) -> tuple[CsvFile, ImportReport]:
    """Check and record a file in the session's transaction.

    With bad lines and not ``skip_bad``, nothing is recorded. Raises the errors of ``work``, and
    kernel.import_running.
    """
    await lock_import(db, work)
    file, report = await work.check(db, content)
    if report.rejected and not skip_bad:
        await work.discard(db)
        return file, ImportReport(0, report.unchanged, report.rejected)
    while progress := await work.record_batch(db):
        if on_progress is not None:
            on_progress(*progress)
    await work.finish(db)
    return file, report


async def lock_import(db: AsyncSession, work: BatchedImport) -> None:
    """Acquire the lock of this kind of import until the session's transaction ends.

    Raises DomainError: kernel.import_running.
    """
    try:
        await advisory_lock(db, work.name)
    except DBAPIError as error:
        if get_sqlstate(error) == _LOCK_TIMEOUT:
            raise IMPORT_RUNNING() from error
        raise


async def iter_in_thread(rows: Iterator[T]) -> AsyncIterator[T]:
    """Yield the items of ``rows``, read in a thread in batches, so that the event loop is not blocked."""
    while batch := await asyncio.to_thread(lambda: list(itertools.islice(rows, READ_BATCH_LINES))):
        for row in batch:
            yield row


def read_unique_rows(
    file: CsvFile,
    plan: ImportPlan[L],
    read: Callable[[CsvRow], L],
    *,
    what: LocalizedText,
    key_of: Callable[[L], str],
    amount_of: Callable[[L], Rupiah],
) -> dict[str, tuple[int, L]]:
    """Return the lines of a file by key, each with its line number.

    ``amount_of`` returns the rupiah that a line adds to the books. A line that cannot be read, or repeats a
    key with other content, is rejected; an exact repetition counts as unchanged.
    """
    found: dict[str, tuple[int, L]] = {}
    total = Rupiah(0)
    for row in file.rows():
        try:
            line = read(row)
            key = key_of(line)
            first = found.get(key)
            if first is None:
                if total + amount_of(line) > MAX_AMOUNT:
                    raise SUM_TOO_LARGE(largest=Rupiah(MAX_AMOUNT))
                total += amount_of(line)
                found[key] = (row.line, line)
            elif first[1] == line:
                plan.unchanged += 1
            else:
                raise REPEATED(what=what, key=key, line=first[0])
        except DomainError as reason:
            plan.reject(row.line, reason)
    return found


def require_all_cells(row: CsvRow, file: CsvFile) -> None:
    """Raise a DomainError for a line with too few or too many cells."""
    if not row.is_complete:
        raise WRONG_NUMBER_OF_CELLS(found=len(row.raw), expected=len(file.header))


def parse_text_cell(text: str, column: str, *, limit: int, required: bool = True) -> str:
    """Return the cell's text; raise DomainError if it is missing, too long or not printable."""
    if not text:
        if required:
            raise CELL_EMPTY(column=column)
        return ""
    if len(text) > limit:
        raise CELL_TOO_LONG(column=column, limit=limit)
    if not text.isprintable():
        # a line end or tab inside quotes is a typing mistake; any other such character: a broken file
        text = " ".join(text.split())
        if not text.isprintable():
            raise CELL_UNREADABLE(column=column)
    return text


def parse_cell(read: Callable[[str], T], text: str, column: str) -> T:
    """Return the result of ``read`` for a cell; its DomainError then names the column."""
    if not text:
        raise CELL_EMPTY(column=column)
    try:
        return read(text)
    except DomainError as problem:
        raise IN_COLUMN(column=column, problem=problem) from None


SKU_LABEL: Final = LocalizedText("SKU")
MEMBER_NUMBER_LABEL: Final = LocalizedText("Nomor anggota")
