"""Read a bank's file up to its table: encoding, delimiter, cells, header."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from banking.errors import NO_TABLE
from banking.statement_cells import clean_cell, is_amount_cell, looks_like_date
from banking.statement_layouts import (
    ColumnMapping,
    detect_layout,
    header_fingerprint,
    looks_like_header,
    normalize_header,
)
from kernel.csv_files import NOT_UTF8, decode_text, find_declared_delimiter, read_records
from kernel.errors import DomainError

DELIMITERS: Final = (",", ";", "\t", "|")
MAX_HEADER_ROW: Final = 60
SAVED_LAYOUT: Final = "remembered"

_ACCOUNT: Final = re.compile(
    r"(?:rek(?:ening)?\b|account (?:no|number)).{0,12}?([0-9][0-9 .-]{5,24}[0-9])", re.IGNORECASE
)

NumberedRows = list[tuple[int, list[str]]]


class StatementTable(msgspec.Struct, frozen=True):
    """A table with known columns: rows above it, header, rows below, each with its line number."""

    above: NumberedRows
    header: list[str]
    below: NumberedRows
    layout: str
    columns: ColumnMapping


class UnknownTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table whose columns an officer must map, with sample rows."""

    fingerprint: str
    header: tuple[str, ...]
    samples: list[tuple[str, ...]]


def decode_statement(content: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 with a byte order mark, or Windows-1252.

    Raises DomainError kernel.csv_not_text.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return decode_text(content).removeprefix("\ufeff")
    except DomainError as error:
        if error.error_type is not NOT_UTF8:
            raise
        return content.decode("cp1252", errors="replace")


def find_known_table(
    rows_by_delimiter: Mapping[str, NumberedRows], saved_layouts: Mapping[str, ColumnMapping]
) -> StatementTable | None:
    """Return the first table whose header matches a bank's layout or an officer's mapping, or None."""
    for records in rows_by_delimiter.values():
        for at, (_, cells) in enumerate(records[:MAX_HEADER_ROW]):
            known = detect_layout(cells)
            if known is not None:
                return StatementTable(records[:at], cells, records[at + 1 :], known[0].key, known[1])
            columns = saved_layouts.get(header_fingerprint(cells))
            if columns is not None:
                return StatementTable(records[:at], cells, records[at + 1 :], SAVED_LAYOUT, columns)
    return None


def guess_table(
    rows_by_delimiter: Mapping[str, NumberedRows], first_error: DomainError | None
) -> UnknownTable:
    """Return the likeliest table with an unknown header: the one above the most rows.

    Raises DomainError where there is none.
    """
    best: tuple[int, list[str], NumberedRows] | None = None
    for records in rows_by_delimiter.values():
        for at, (_, cells) in enumerate(records[:MAX_HEADER_ROW]):
            if looks_like_header(cells):
                rows = [each for each in records[at + 1 :] if _is_transaction_row(each[1])]
                if rows and (best is None or len(rows) > best[0]):
                    best = (len(rows), cells, rows)
                break
    if best is None:
        raise first_error or NO_TABLE()
    _, header, rows = best
    width = len(normalize_header(header))
    return UnknownTable(
        fingerprint=header_fingerprint(header),
        header=tuple(clean_cell(cell) for cell in header[:width]),
        samples=[tuple(clean_cell(cell) for cell in cells[:width]) for _, cells in rows[:3]],
    )


def _is_transaction_row(cells: Sequence[str]) -> bool:
    """Return whether a row has a date and an amount."""
    return any(map(looks_like_date, cells)) and any(map(is_amount_cell, cells))


def find_account_number(table: StatementTable) -> str:
    """Return the account number as digits; empty if the file has none."""
    if table.columns.account is not None:
        for _, cells in table.below:
            if table.columns.account < len(cells) and (
                digits := re.sub(r"[^0-9]", "", cells[table.columns.account])
            ):
                return digits
    for _, cells in table.above:
        if match := _ACCOUNT.search(" ".join(filter(None, map(clean_cell, cells)))):
            return re.sub(r"[^0-9]", "", match[1])
    return ""


def parse_delimited(text: str) -> tuple[dict[str, NumberedRows], DomainError | None]:
    """Return the file's rows by each delimiter that can parse it, likeliest first, and the first error."""
    declared, start = find_declared_delimiter(text, DELIMITERS)
    order = (declared,) if declared else sorted(DELIMITERS, key=lambda sign: -text.count(sign))
    rows_by_delimiter: dict[str, NumberedRows] = {}
    first_error: DomainError | None = None
    for sign in order:
        try:
            rows_by_delimiter[sign] = list(read_records(text, sign, start))
        except DomainError as error:
            first_error = first_error or error
    return rows_by_delimiter, first_error
