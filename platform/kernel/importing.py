"""What every import of a file has in common: bad lines with their reasons, the report, and how cells are read.

An import is all or nothing: unless the caller asked to skip them, one bad line keeps the whole file out. A line that is there already,
with the same content, is "unchanged", so the same file may be sent twice.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from kernel.csv_files import WRONG_NUMBER_OF_CELLS, CsvFile, Row
from kernel.errors import Kind, Refusal, Words
from kernel.formats import Lang
from kernel.money import LARGEST, Rupiah

T = TypeVar("T")
L = TypeVar("L")

# (lines done, lines in all), for a progress bar.
Moved = Callable[[int, int], None]

CELL_EMPTY: Final = Kind("kernel.cell_empty", 422, id="Kolom {column} kosong.", en="The column {column} is empty.")
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
IN_COLUMN: Final = Kind("kernel.in_column", 422, id="Kolom {column}: {problem}", en="Column {column}: {problem}")
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


class BadLine(msgspec.Struct, frozen=True):
    """A line of the file, counting from 1, that was not taken, and why."""

    line: int
    reason: Refusal


class Report(msgspec.Struct):
    """What an import did, in lines of the file. With bad lines that were not to be skipped, ``imported`` is 0 and nothing was written."""

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
    """What a file would do, found out without writing anything: lines that are new, lines that change what is there, and the rest."""

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


def read_once(
    file: CsvFile,
    plan: Plan[L],
    read: Callable[[Row], L],
    *,
    what: Words,
    key_of: Callable[[L], str],
    worth_of: Callable[[L], Rupiah],
) -> dict[str, tuple[int, L]]:
    """Read the lines of a file by key, each with its place in the file; ``worth_of`` is what it adds to the books, in rupiah.

    A line that cannot be read, or repeats a key with other content, is rejected; an exact repetition is unchanged.
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
