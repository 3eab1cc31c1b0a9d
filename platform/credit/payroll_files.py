"""Formats of the two payroll deduction files: the one for the employer, and the answer.

Columns, in both: ``nomor anggota`` (the cooperative's), ``nomor pegawai`` (the employer's own number of the
person, where it is known), ``nama``, ``jumlah`` (requested, in whole rupiah), ``dipotong`` (deducted, in
whole rupiah, filled in by the employer; 0 for nothing) and ``keterangan`` (the employer's reason). An answer
needs ``dipotong`` and one of the two numbers; the rest may be left out. The file for the employer uses
semicolons, which a spreadsheet set to Indonesian splits into columns; the answer may use commas as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from credit.errors import NO_DEDUCTED_AMOUNT, NO_NUMBER
from credit.payroll_rules import DeductionRequest, ReturnRow
from kernel.csv_files import CsvFile, decode_text, stream_csv
from kernel.errors import DomainError
from kernel.file_import import RejectedLine, parse_cell, parse_text_cell, require_all_cells
from kernel.money import Rupiah

MEMBER_NUMBER: Final = "nomor anggota"
PAYROLL_NUMBER: Final = "nomor pegawai"
NAME: Final = "nama"
TAKEN: Final = "dipotong"
NOTE: Final = "keterangan"
COLUMNS: Final = (MEMBER_NUMBER, PAYROLL_NUMBER, NAME, "jumlah", TAKEN, NOTE)
NUMBERS: Final = frozenset({MEMBER_NUMBER, PAYROLL_NUMBER})
SEPARATOR: Final = ";"
BYTE_ORDER_MARK: Final = "\ufeff"  # without it Excel does not detect UTF-8
LONGEST_NUMBER: Final = 60
LONGEST_NAME: Final = 200


class PayrollReturn(msgspec.Struct, frozen=True):
    """The lines of an answer, and the rejected ones with their reasons."""

    rows: list[ReturnRow]
    bad_lines: list[RejectedLine]


def write_batch_file(asked: Iterable[DeductionRequest]) -> str:
    """Return the CSV file for the employer.

    Text that a spreadsheet would run as a formula is prefixed by an apostrophe.
    """
    lines = [
        (each.member_number, each.payroll_number, each.name, int(each.requested), "", "") for each in asked
    ]
    return BYTE_ORDER_MARK + "".join(stream_csv(COLUMNS, lines, delimiter=SEPARATOR))


def parse_return(content: bytes | str) -> PayrollReturn:
    """Parse an employer's answer. Raises DomainError kernel.csv_… for an unusable file."""
    text = content if isinstance(content, str) else decode_text(content)
    file = CsvFile(text, _columns_of(text))
    answer = PayrollReturn([], [])
    for row in file.rows():
        try:
            require_all_cells(row, file)
            answer.rows.append(_row(row.line, dict(zip(file.columns, row.cells, strict=True))))
        except DomainError as reason:
            answer.bad_lines.append(RejectedLine(row.line, reason))
    return answer


def _columns_of(text: str) -> list[str]:
    """Return those of our columns that the file has, plus the required ones."""
    heads = [line for line in text.removeprefix(BYTE_ORDER_MARK).splitlines() if line.strip()]
    if heads and re.match(r'"?sep=', heads[0], re.IGNORECASE):
        heads.pop(0)
    names = {name.strip().strip('"').lower() for name in re.split("[,;]", heads[0])} if heads else set()
    needed = {TAKEN} if names & NUMBERS else {TAKEN, MEMBER_NUMBER}
    return [name for name in COLUMNS if name in names | needed]


def _row(line: int, cells: dict[str, str]) -> ReturnRow:
    """Parse one line of an answer. Raises DomainError for a line without a number or an amount."""
    member_number = parse_text_cell(
        cells.get(MEMBER_NUMBER, ""), MEMBER_NUMBER, limit=LONGEST_NUMBER, required=False
    )
    payroll_number = parse_text_cell(
        cells.get(PAYROLL_NUMBER, ""), PAYROLL_NUMBER, limit=LONGEST_NUMBER, required=False
    )
    note = parse_text_cell(cells.get(NOTE, ""), NOTE, limit=LONGEST_NAME, required=False)
    if not member_number and not payroll_number:
        raise NO_NUMBER()
    taken = cells[TAKEN]
    if not taken and not note:
        raise NO_DEDUCTED_AMOUNT()
    return ReturnRow(
        line=line,
        member_number=member_number.removeprefix("'"),
        payroll_number=payroll_number.removeprefix("'"),
        name=parse_text_cell(cells.get(NAME, ""), NAME, limit=LONGEST_NAME, required=False),
        deducted=parse_cell(Rupiah.parse, taken, TAKEN) if taken else Rupiah(0),
        note=note,
    )
