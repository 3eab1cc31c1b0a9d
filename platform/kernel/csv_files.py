"""Read CSV files from offices with the line numbers of an editor, and return bad lines with a reason each.

Accepted: UTF-8 with or without a byte order mark, commas or semicolons (the header decides, or Excel's own
first line `sep=;`), any line ends, quoted cells. Columns are found by their names, in any order. Any other
problem of the whole file raises a DomainError whose message names a solution.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from kernel.errors import ErrorType

# The column that `render_rejected_csv` adds: a corrected file may still contain it.
REASON_COLUMN: Final = "reason"
MAX_CELL_LENGTH: Final = 100_000
DELIMITERS: Final = (",", ";")
# Excel's declaration of the list separator, a line before the header.
_SEP_LINE: Final = re.compile(r'"?sep=([;,|\t])"?[;,]*[ \t]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
# First characters of a cell that a spreadsheet would run as a formula.
FORMULA_PREFIXES: Final = ("=", "+", "-", "@", "\t", "\r")

EMPTY_FILE: Final = ErrorType(
    "kernel.csv_empty",
    422,
    "Berkas ini kosong. Baris pertamanya harus berisi nama kolom: {columns}.",
)
NOT_UTF8: Final = ErrorType(
    "kernel.csv_not_utf8",
    422,
    "Baris {line} tidak tertulis dalam UTF-8 (kemungkinan {guess}). Di Excel: Simpan Sebagai, pilih "
    "“CSV UTF-8 (Comma delimited)”, lalu kirim lagi.",
)
NOT_TEXT: Final = ErrorType(
    "kernel.csv_not_text",
    422,
    "Ini bukan berkas CSV tetapi {guess}. Di Excel: Simpan Sebagai, pilih “CSV UTF-8 (Comma "
    "delimited)”, lalu kirim lagi.",
)
MISSING_COLUMNS: Final = ErrorType(
    "kernel.csv_missing_columns",
    422,
    "Kolom ini tidak ada di baris pertama: {missing}. Yang diperlukan: {columns}.",
)
UNKNOWN_COLUMNS: Final = ErrorType(
    "kernel.csv_unknown_columns",
    422,
    "Kolom ini tidak dikenal: {unknown}. Hapus, atau beri nama salah satu dari: {columns}.",
)
REPEATED_COLUMN: Final = ErrorType(
    "kernel.csv_repeated_column",
    422,
    "Kolom {column} ada dua kali di baris pertama.",
)
BROKEN_QUOTES: Final = ErrorType(
    "kernel.csv_broken_quotes",
    422,
    "Tanda kutip pada baris {line} tidak berpasangan, sehingga baris sesudahnya tidak terbaca. Tutup "
    "atau hapus tanda kutipnya.",
)
WRONG_NUMBER_OF_CELLS: Final = ErrorType(
    "kernel.csv_wrong_number_of_cells",
    422,
    "Baris ini punya {found} isian, seharusnya {expected}.",
    counted="found",
)


class CsvRow(msgspec.Struct, frozen=True):
    """One record of a CSV file.

    ``line`` is the line on which it begins, counting from 1. ``cells`` are trimmed and in the order of the
    needed columns. ``raw`` are the cells as they are in the file.
    """

    line: int
    cells: tuple[str, ...]
    raw: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether it has a cell for every column; ``cells`` is empty otherwise."""
        return bool(self.cells)


class CsvFile:
    """A CSV file whose header has been checked.

    ``columns`` are the needed columns, in the order of ``CsvRow.cells``. Raises DomainError (422):
    kernel.csv_….
    """

    def __init__(self, content: bytes | str, columns: Sequence[str]) -> None:
        text = content if isinstance(content, str) else decode_text(content)
        self.has_bom = text.startswith("\ufeff")
        self.text = text.removeprefix("\ufeff")
        declared, self._start = find_declared_delimiter(self.text, DELIMITERS)
        self.delimiter = declared or _detect_delimiter(self.text)
        self.columns = tuple(columns)
        self.header, self._header_line = self._read_header()
        self._indexes = self._column_indexes()
        self.line_count = self.text.count("\n") or self.text.count("\r")

    def rows(self) -> Iterator[CsvRow]:
        """Yield every record except the header and blank lines.

        Raises DomainError when a quotation mark is never closed.
        """
        width = len(self.header)
        at = self._indexes
        for line, cells in read_records(self.text, self.delimiter, self._start):
            if line <= self._header_line or not any(map(str.strip, cells)):
                continue
            if len(cells) < width or any(map(str.strip, cells[width:])):
                yield CsvRow(line, (), tuple(cells))
            else:
                yield CsvRow(line, tuple([cells[index].strip() for index in at]), tuple(cells[:width]))

    def _read_header(self) -> tuple[list[str], int]:
        for line, cells in read_records(self.text, self.delimiter, self._start):
            if any(map(str.strip, cells)):
                header = [cell.strip() for cell in cells]
                while not header[-1]:
                    header.pop()
                return header, line
        raise EMPTY_FILE(columns=list(self.columns))

    def _column_indexes(self) -> list[int]:
        names = [name.lower() for name in self.header]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise REPEATED_COLUMN(column=repeated)
        if missing := [column for column in self.columns if column not in names]:
            raise MISSING_COLUMNS(missing=missing, columns=list(self.columns))
        known = {*self.columns, REASON_COLUMN}
        if unknown := [name or "“”" for name in names if name not in known]:
            raise UNKNOWN_COLUMNS(unknown=unknown, columns=list(self.columns))
        return [names.index(column) for column in self.columns]


def find_declared_delimiter(text: str, allowed: Sequence[str]) -> tuple[str | None, int]:
    """Return the delimiter of Excel's first line ``sep=;`` and the position of the next line.

    Returns None and 0 when the first line declares no delimiter in ``allowed``.
    """
    declared = _SEP_LINE.match(text)
    return (declared[1], declared.end()) if declared and declared[1] in allowed else (None, 0)


def read_records(text: str, delimiter: str, start: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each record with the line on which it begins, counting from 1.

    ``start``: the position after a first line that declares the delimiter. Raises DomainError
    (kernel.csv_broken_quotes) where a quotation mark is never closed.
    """
    csv.field_size_limit(MAX_CELL_LENGTH)
    reader = csv.reader(_iter_lines(text, start), delimiter=delimiter, strict=True)
    before = 1 if start else 0
    line = 1 + before
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1 + before
    except csv.Error as error:
        raise BROKEN_QUOTES(line=line) from error


def render_rejected_csv(file: CsvFile, reasons: Mapping[int, str]) -> str:
    """Return a CSV of the rejected lines, unchanged, with a column of reasons.

    ``reasons`` maps line numbers to reasons. The result uses the file's delimiter and byte order mark, so
    that it can be uploaded again after correction.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=file.delimiter, lineterminator="\r\n")
    source_columns = [index for index, name in enumerate(file.header) if name.lower() != REASON_COLUMN]
    writer.writerow([*(file.header[index] for index in source_columns), REASON_COLUMN])
    for row in file.rows():
        if row.line in reasons:
            padded = [*row.raw, *[""] * (len(file.header) - len(row.raw))]
            writer.writerow([*(padded[index] for index in source_columns), reasons[row.line]])
    return ("\ufeff" if file.has_bom else "") + out.getvalue()


def stream_csv(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, delimiter: str = ","
) -> Iterator[str]:
    """Yield an export as text, 2,000 rows at a time; an empty ``header`` writes no header line.

    An apostrophe precedes text that a spreadsheet would run as a formula.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    if header:
        writer.writerow(header)
    for count, row in enumerate(rows, 1):
        writer.writerow([escape_formula(cell) if isinstance(cell, str) else cell for cell in row])
        if count % 2_000 == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def escape_formula(cell: str) -> str:
    """Return the text, after an apostrophe if a spreadsheet would run it as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_PREFIXES) else cell


def decode_text(content: bytes) -> str:
    """Return the text of a file, including its byte order mark.

    Raises DomainError: kernel.csv_not_utf8, .csv_not_text.
    """
    for start, guess in _OTHER_FORMATS.items():
        if content.startswith(start):
            raise NOT_TEXT(guess=guess)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NOT_UTF8(
            line=content.count(b"\n", 0, error.start) + 1, guess=_guess_encoding(content)
        ) from None


def _guess_encoding(content: bytes) -> str:
    return "UTF-16" if content.count(b"\0") > len(content) // 4 else "Windows-1252"


_OTHER_FORMATS: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "Excel (.xlsx)",
    b"\xd0\xcf\x11\xe0": "Excel (.xls)",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"%PDF": "PDF",
}


def _iter_lines(text: str, start: int = 0) -> Iterator[str]:
    """Yield the lines with their line ends, one at a time, without a second copy of the text."""
    for line in _LINE.finditer(text, start):
        yield line[0]


def _detect_delimiter(text: str) -> str:
    header = next((line for line in _iter_lines(text) if line.strip()), "")
    return ";" if header.count(";") > header.count(",") else ","
