"""Parse the file of a bank or an acquirer: find its table and read the lines.

Account and period are above the table, totals below it; neither are lines. A line that cannot be read is
reported with its number, and then nothing of the file is imported.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from banking import errors
from banking.statement_cells import (
    CellAmount,
    StatementPeriod,
    clean_cell,
    find_period,
    is_amount_cell,
    looks_like_date,
    parse_amount_cell,
    parse_date_cell,
    parse_side,
)
from banking.statement_files import (
    StatementTable,
    UnknownTable,
    decode_statement,
    find_account_number,
    find_known_table,
    guess_table,
    parse_delimited,
)
from banking.statement_layouts import ColumnMapping, normalize_header
from kernel.csv_files import WRONG_NUMBER_OF_CELLS
from kernel.errors import DomainError
from kernel.file_import import RejectedLine
from kernel.money import Rupiah

MAX_TEXT_LENGTH: Final = 500

_TOTAL_WORDS: Final = (
    "saldo",
    "mutasi",
    "total",
    "jumlah",
    "balance",
    "starting",
    "opening",
    "ending",
    "closing",
    "credit",
    "debet",
    "debit",
    "kredit",
)
_SUCCESS_WORDS: Final = (
    "berhasil",
    "sukses",
    "success",
    "settle",
    "paid",
    "lunas",
    "selesai",
    "complete",
    "captured",
    "approved",
)


class BankTransaction(msgspec.Struct, frozen=True):
    """One movement of the account.

    ``line`` is its first line in the file, ``number`` counts movements from 1; ``sen`` is the amount in
    hundredths of a rupiah, negative for outgoing money.
    """

    line: int
    number: int
    day: date
    sen: int
    text: str
    balance: str
    fingerprint: str

    @property
    def amount(self) -> Rupiah:
        """Return the amount in whole rupiah, negative for outgoing money; sen are dropped."""
        whole = Rupiah(abs(self.sen) // 100)
        return -whole if self.sen < 0 else whole

    @property
    def has_sen(self) -> bool:
        """Return whether the amount is not whole rupiah: interest or tax, never a payment of ours."""
        return self.sen % 100 != 0


class ParsedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed statement.

    ``pending`` counts lines that the bank has not booked yet; a later file has them with a date.
    """

    layout: str
    account: str
    period: StatementPeriod | None
    transactions: list[BankTransaction]
    bad_lines: list[RejectedLine]
    pending: int
    skipped: int


def parse_statement(
    content: bytes | str,
    *,
    method: str,
    today: date,
    saved_layouts: Mapping[str, ColumnMapping] | None = None,
) -> ParsedStatement | UnknownTable:
    """Parse a statement of a method's account; an unknown table is returned for mapping.

    ``saved_layouts`` are the officers' own mappings by the header's fingerprint.

    Raises DomainError (422): payments.statement_no_table, .statement_no_lines, kernel.csv_….
    """
    text = content if isinstance(content, str) else decode_statement(content)
    every, broken = parse_delimited(text)
    table = find_known_table(every, saved_layouts or {})
    if table is None:
        return guess_table(every, broken)
    found = _LineParser(table, today)
    found.parse()
    if not found.lines and not found.bad_lines and not found.pending:
        raise errors.NO_LINES()
    return ParsedStatement(
        layout=table.layout,
        account=find_account_number(table),
        period=found.period,
        transactions=_fingerprint_lines(found.lines, method),
        bad_lines=found.bad_lines,
        pending=found.pending,
        skipped=found.skipped,
    )


class _LineParser:
    """A parser of the rows below a header; results are in its attributes."""

    def __init__(self, table: StatementTable, today: date) -> None:
        self.table, self.columns, self.today = table, table.columns, today
        self.period = find_period(" ".join(filter(None, map(clean_cell, cells))) for _, cells in table.above)
        self.lines: list[tuple[int, date, int, str, str]] = []
        self.bad_lines: list[RejectedLine] = []
        self.pending = 0
        self.skipped = 0

    def parse(self) -> None:
        """Parse all rows into ``lines``, ``bad_lines``, ``pending`` and ``skipped``."""
        names = normalize_header(self.table.header)
        for line, found in self.table.below:
            if (
                not any(map(clean_cell, found))
                or normalize_header(found) == names
                or self._is_summary_row(found)
            ):
                continue
            cells = self._merge_extra_cells(found)
            if clean_cell(self._get_cell(cells, self.columns.date)).lower() in ("pend", "pending"):
                self.pending += 1
            elif not self._is_successful(cells):
                self.skipped += 1
            else:
                try:
                    self._parse_line(line, cells)
                except DomainError as reason:
                    self.bad_lines.append(RejectedLine(line, reason))

    def _merge_extra_cells(self, cells: Sequence[str]) -> Sequence[str]:
        """Return the cells in their columns.

        A bank that does not quote its texts splits a text with a comma into two cells.
        """
        more = len(normalize_header(cells)) - len(normalize_header(self.table.header))
        if more <= 0 or len(self.columns.texts) != 1:
            return cells
        at = self.columns.texts[0]
        return [*cells[:at], " ".join(cells[at : at + more + 1]), *cells[at + more + 1 :]]

    def _parse_line(self, line: int, cells: Sequence[str]) -> None:
        columns = self.columns
        width = len(normalize_header(self.table.header))
        if len(normalize_header(cells)) > width:
            raise WRONG_NUMBER_OF_CELLS(found=len(normalize_header(cells)), expected=width)
        day = parse_date_cell(
            self._get_cell(cells, columns.date),
            period=self.period,
            today=self.today,
            month_first=columns.month_first,
        )
        sen = self._parse_amount(cells)
        if sen:  # a line without an amount is an opening balance
            words = " ".join(self._get_cell(cells, position) for position in columns.texts)
            balance = self._get_cell(cells, columns.balance) if columns.balance is not None else ""
            self.lines.append((line, day, sen, _clean_text(words), _normalize_balance(balance)))

    def _parse_amount(self, cells: Sequence[str]) -> int:
        """Return the amount of a row in sen, negative for outgoing money. Raises DomainError."""
        columns = self.columns
        if columns.amount is not None:
            money = parse_amount_cell(self._get_cell(cells, columns.amount))
            if money is None:
                raise errors.NO_AMOUNT()
            side = money.side or (
                parse_side(self._get_cell(cells, columns.mark)) if columns.mark is not None else None
            )
            if side is None and money.sen and not columns.by_sign:
                raise errors.NO_DEBIT_CREDIT_MARK()
            return CellAmount(money.sen, side).signed
        credit_cell = (
            parse_amount_cell(self._get_cell(cells, columns.credit)) if columns.credit is not None else None
        )
        debit_cell = (
            parse_amount_cell(self._get_cell(cells, columns.debit)) if columns.debit is not None else None
        )
        if credit_cell is None and debit_cell is None:
            raise errors.NO_AMOUNT()
        credit, debit = (credit_cell.sen if credit_cell else 0), abs(debit_cell.sen if debit_cell else 0)
        if credit and debit:
            raise errors.BOTH_DEBIT_AND_CREDIT()
        return credit - debit

    def _is_summary_row(self, cells: Sequence[str]) -> bool:
        """Return whether a row is a total, a note or a page footer.

        It has no day, and no amount unless it begins with a word for totals.
        """
        if looks_like_date(self._get_cell(cells, self.columns.date)):
            return False
        if not any(clean_cell(self._get_cell(cells, position)) for position in self.columns.amount_columns):
            return True
        first = next((clean_cell(cell).lower() for cell in cells if clean_cell(cell)), "")
        return first.startswith(_TOTAL_WORDS) or not any(
            is_amount_cell(self._get_cell(cells, position)) for position in self.columns.amount_columns
        )

    def _is_successful(self, cells: Sequence[str]) -> bool:
        """Return whether an acquirer's row is a successful payment; always for a bank's."""
        if self.columns.outcome is None:
            return True
        outcome = clean_cell(self._get_cell(cells, self.columns.outcome)).lower()
        return outcome.startswith(_SUCCESS_WORDS)

    @staticmethod
    def _get_cell(cells: Sequence[str], position: int) -> str:
        return cells[position] if position < len(cells) else ""


def _fingerprint_lines(lines: list[tuple[int, date, int, str, str]], method: str) -> list[BankTransaction]:
    """Give each line its fingerprint.

    Equal lines of a day are numbered, so that a longer statement finds them again.
    """
    seen: Counter[tuple[date, int, str, str]] = Counter()
    movements = []
    for number, (line, day, sen, text, balance) in enumerate(lines, 1):
        same = (day, sen, text.upper(), balance)
        seen[same] += 1
        content = "\x1f".join((method, day.isoformat(), str(sen), text.upper(), balance, str(seen[same])))
        movements.append(
            BankTransaction(
                line, number, day, sen, text, balance, hashlib.sha256(content.encode()).hexdigest()
            )
        )
    return movements


def _clean_text(words: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(clean_cell(printable).split())[:MAX_TEXT_LENGTH]


def _normalize_balance(cell: str) -> str:
    """Return the balance column for the fingerprint, in sen; empty if it cannot be read."""
    try:
        money = parse_amount_cell(cell)
    except DomainError:
        return ""
    return "" if money is None else str(money.signed)
