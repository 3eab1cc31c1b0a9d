"""The two files of deductions from pay: what is sent to the employer, and the same with the answer in it.

Columns, in both: ``member_number`` (the cooperative's), ``payroll_number`` (the employer's own number of the person, where it is known),
``name``, ``amount`` (asked, in whole rupiah), ``taken`` (deducted, in whole rupiah, filled in by the employer; 0 for nothing) and ``note``
(why not, in the employer's words). An answer needs ``taken`` and one of the two numbers; the rest may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from kernel.csv_files import CsvFile, decoded, written
from kernel.errors import Refusal
from kernel.importing import BadLine, read_cell, text_cell, whole
from kernel.money import Rupiah
from payments.payroll.errors import NO_NUMBER, TAKEN_EMPTY
from payments.payroll.rules import Asked, Row

COLUMNS: Final = ("member_number", "payroll_number", "name", "amount", "taken", "note")
NUMBERS: Final = frozenset({"member_number", "payroll_number"})
BYTE_ORDER_MARK: Final = "\ufeff"  # without it Excel takes UTF-8 for something else
LONGEST_NUMBER: Final = 60
LONGEST_NAME: Final = 200


class Answer(msgspec.Struct, frozen=True):
    """The lines of an answer, and those that cannot be read, with their reasons."""

    rows: list[Row]
    bad: list[BadLine]


def file_out(asked: Iterable[Asked]) -> str:
    """Write the file for the employer. Whatever a spreadsheet would take for a formula is quoted by an apostrophe."""
    lines = [(each.member_number, each.payroll_number, each.name, int(each.asked), "", "") for each in asked]
    return BYTE_ORDER_MARK + "".join(written(COLUMNS, lines))


def read_answer(content: bytes | str) -> Answer:
    """Read an employer's answer. Raises Refusal kernel.csv_… for a file that cannot be used at all."""
    text = content if isinstance(content, str) else decoded(content)
    file = CsvFile(text, _columns_of(text))
    answer = Answer([], [])
    for row in file.rows():
        try:
            whole(row, file)
            answer.rows.append(_row(row.line, dict(zip(file.columns, row.cells, strict=True))))
        except Refusal as reason:
            answer.bad.append(BadLine(row.line, reason))
    return answer


def _columns_of(text: str) -> list[str]:
    """Those of our columns that the file has, and those that it must have."""
    heads = [line for line in text.removeprefix(BYTE_ORDER_MARK).splitlines() if line.strip()]
    if heads and re.match(r'"?sep=', heads[0], re.IGNORECASE):
        heads.pop(0)
    names = {name.strip().strip('"').lower() for name in re.split("[,;]", heads[0])} if heads else set()
    needed = {"taken"} if names & NUMBERS else {"taken", "member_number"}
    return [name for name in COLUMNS if name in names | needed]


def _row(line: int, cells: dict[str, str]) -> Row:
    member_number = text_cell(cells.get("member_number", ""), "member_number", limit=LONGEST_NUMBER, required=False)
    payroll_number = text_cell(cells.get("payroll_number", ""), "payroll_number", limit=LONGEST_NUMBER, required=False)
    note = text_cell(cells.get("note", ""), "note", limit=LONGEST_NAME, required=False)
    if not member_number and not payroll_number:
        raise NO_NUMBER()
    taken = cells["taken"]
    if not taken and not note:
        raise TAKEN_EMPTY()
    return Row(
        line=line,
        member_number=member_number.removeprefix("'"),
        payroll_number=payroll_number.removeprefix("'"),
        name=text_cell(cells.get("name", ""), "name", limit=LONGEST_NAME, required=False),
        taken=read_cell(Rupiah.parse, taken, "taken") if taken else Rupiah(0),
        note=note,
    )
