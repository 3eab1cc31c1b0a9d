"""What every import of a file has in common: bad lines with their reasons, the report, and how cells are read.

An import is all or nothing: unless the caller asked to skip them, one bad line keeps the whole file out. A line that is there already,
with the same content, is "unchanged", so the same file may be sent twice.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from kernel.csv_files import WRONG_NUMBER_OF_CELLS, CsvFile, Row
from kernel.errors import Kind, Refusal, Words
from kernel.formats import Lang

T = TypeVar("T")

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
