"""CSV files as offices make them: read line by line with the numbers that an editor shows, and given back
with a reason beside each bad line.

Accepted: UTF-8 with or without a byte order mark, commas or semicolons (the header decides, or Excel's own
first line `sep=;`), any line ends, quoted cells. Columns are found by their names, in any order. Whatever
else is wrong with the file as a whole is refused in a sentence that names the way out.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from kernel.errors import Kind

# The column that `rejected_csv` adds: a mended file may be sent back with it.
REASON: Final = "reason"
LONGEST_CELL: Final = 100_000
# What Excel puts before the header where the list separator is another one than the reader's.
_TOLD_DELIMITER: Final = re.compile(r'"?sep=([;,])"?[;,]*[ \t]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
# What a spreadsheet would run as a formula when it opens an export.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")

EMPTY_FILE: Final = Kind(
    "kernel.csv_empty",
    422,
    id="Berkas ini kosong. Baris pertamanya harus berisi nama kolom: {columns}.",
    en="This file is empty. Its first line must name the columns: {columns}.",
)
NOT_UTF8: Final = Kind(
    "kernel.csv_not_utf8",
    422,
    id="Baris {line} tidak tertulis dalam UTF-8 (kemungkinan {guess}). Di Excel: Simpan Sebagai, pilih "
    "“CSV UTF-8 (Comma delimited)”, lalu kirim lagi.",
    en="Line {line} is not written in UTF-8 (it looks like {guess}). In Excel choose Save As, “CSV UTF-8 "
    "(Comma delimited)”, and send it again.",
)
NOT_TEXT: Final = Kind(
    "kernel.csv_not_text",
    422,
    id="Ini bukan berkas CSV tetapi {guess}. Di Excel: Simpan Sebagai, pilih “CSV UTF-8 (Comma "
    "delimited)”, lalu kirim lagi.",
    en="This is not a CSV file but {guess}. In Excel choose Save As, “CSV UTF-8 (Comma delimited)”, and "
    "send it again.",
)
MISSING_COLUMNS: Final = Kind(
    "kernel.csv_missing_columns",
    422,
    id="Kolom ini tidak ada di baris pertama: {missing}. Yang diperlukan: {columns}.",
    en="The first line lacks these columns: {missing}. Needed are: {columns}.",
)
UNKNOWN_COLUMNS: Final = Kind(
    "kernel.csv_unknown_columns",
    422,
    id="Kolom ini tidak dikenal: {unknown}. Hapus, atau beri nama salah satu dari: {columns}.",
    en="These columns are unknown: {unknown}. Remove them, or name them one of: {columns}.",
)
REPEATED_COLUMN: Final = Kind(
    "kernel.csv_repeated_column",
    422,
    id="Kolom {column} ada dua kali di baris pertama.",
    en="The first line names the column {column} twice.",
)
BROKEN_QUOTES: Final = Kind(
    "kernel.csv_broken_quotes",
    422,
    id="Tanda kutip pada baris {line} tidak berpasangan, sehingga baris sesudahnya tidak terbaca. Tutup "
    "atau hapus tanda kutipnya.",
    en="A quotation mark on line {line} has no partner, so the lines after it cannot be read. Close it or "
    "remove it.",
)
WRONG_NUMBER_OF_CELLS: Final = Kind(
    "kernel.csv_wrong_number_of_cells",
    422,
    id="Baris ini punya {found} isian, seharusnya {expected}.",
    en="This line has {found} cells, it should have {expected}.",
)


class Row(msgspec.Struct, frozen=True):
    """One record.

    ``line`` is where it begins in the file, counting from 1; ``cells`` are trimmed and in the order asked
    for; ``raw`` is as it came.
    """

    line: int
    cells: tuple[str, ...]
    raw: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it has a cell for every column; ``cells`` is empty otherwise."""
        return bool(self.cells)


class CsvFile:
    """A CSV file whose header has been checked.

    ``columns`` are the needed ones, in the order in which ``Row.cells`` gives them. Raises Refusal (422):
    kernel.csv_….
    """

    def __init__(self, content: bytes | str, columns: Sequence[str]) -> None:
        text = content if isinstance(content, str) else decoded(content)
        self.has_mark = text.startswith("\ufeff")
        self.text = text.removeprefix("\ufeff")
        told = _TOLD_DELIMITER.match(self.text)
        self._begins = told.end() if told else 0
        self.delimiter = told[1] if told else _delimiter_of(self.text)
        self.columns = tuple(columns)
        self.header, self._first = self._read_header()
        self._at = self._places()
        self.size = self.text.count("\n") or self.text.count("\r")

    def rows(self) -> Iterator[Row]:
        """Yield every record but the header and blank lines.

        Raises Refusal where a quotation mark is never closed.
        """
        width = len(self.header)
        at = self._at
        for line, cells in self._records():
            if line <= self._first or not any(map(str.strip, cells)):
                continue
            if len(cells) < width or any(map(str.strip, cells[width:])):
                yield Row(line, (), tuple(cells))
            else:
                yield Row(line, tuple([cells[place].strip() for place in at]), tuple(cells[:width]))

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(LONGEST_CELL)
        reader = csv.reader(_lines(self.text, self._begins), delimiter=self.delimiter, strict=True)
        before = 1 if self._begins else 0
        line = 1 + before
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1 + before
        except csv.Error as error:
            raise BROKEN_QUOTES(line=line) from error

    def _read_header(self) -> tuple[list[str], int]:
        for line, cells in self._records():
            if any(map(str.strip, cells)):
                header = [cell.strip() for cell in cells]
                while not header[-1]:
                    header.pop()
                return header, line
        raise EMPTY_FILE(columns=list(self.columns))

    def _places(self) -> list[int]:
        names = [name.lower() for name in self.header]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise REPEATED_COLUMN(column=repeated)
        if missing := [column for column in self.columns if column not in names]:
            raise MISSING_COLUMNS(missing=missing, columns=list(self.columns))
        known = {*self.columns, REASON}
        if unknown := [name or "“”" for name in names if name not in known]:
            raise UNKNOWN_COLUMNS(unknown=unknown, columns=list(self.columns))
        return [names.index(column) for column in self.columns]


def rejected_csv(file: CsvFile, reasons: Mapping[int, str]) -> str:
    """Write the bad lines back, each as it came and with its reason by line number, in the file's own manner:
    mended, it can be sent again.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=file.delimiter, lineterminator="\r\n")
    keep = [place for place, name in enumerate(file.header) if name.lower() != REASON]
    writer.writerow([*(file.header[place] for place in keep), REASON])
    for row in file.rows():
        if row.line in reasons:
            padded = [*row.raw, *[""] * (len(file.header) - len(row.raw))]
            writer.writerow([*(padded[place] for place in keep), reasons[row.line]])
    return ("\ufeff" if file.has_mark else "") + out.getvalue()


def written(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, delimiter: str = ","
) -> Iterator[str]:
    """Yield an export as text, some thousand lines at a time; an empty header writes none.

    Text that a spreadsheet would take for a formula is quoted by an apostrophe.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    if header:
        writer.writerow(header)
    for count, row in enumerate(rows, 1):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
        if count % 2_000 == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def harmless(cell: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would otherwise run it."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def decoded(content: bytes) -> str:
    """The text of a file, its byte order mark kept. Raises Refusal: kernel.csv_not_utf8, .csv_not_text."""
    for start, guess in _OTHER_FILES.items():
        if content.startswith(start):
            raise NOT_TEXT(guess=guess)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NOT_UTF8(line=content.count(b"\n", 0, error.start) + 1, guess=_guess(content)) from None


def _guess(content: bytes) -> str:
    return "UTF-16" if content.count(b"\0") > len(content) // 4 else "Windows-1252"


_OTHER_FILES: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "Excel (.xlsx)",
    b"\xd0\xcf\x11\xe0": "Excel (.xls)",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"%PDF": "PDF",
}


def _lines(text: str, begins: int = 0) -> Iterator[str]:
    """Yield the lines with their ends, one at a time:
    of a large file there is the text, and no second copy.
    """
    for line in _LINE.finditer(text, begins):
        yield line[0]


def _delimiter_of(text: str) -> str:
    header = next((line for line in _lines(text) if line.strip()), "")
    return ";" if header.count(";") > header.count(",") else ","
