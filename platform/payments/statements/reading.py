"""Read the file that a bank or an acquirer gives: find the table in it, and its lines.

Above the table stand the account and the period, below it sums; both are no lines. A line that looks like one
and cannot be read is never left out silently: it is told with its number, and nothing of the file is taken.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from kernel.csv_files import WRONG_NUMBER_OF_CELLS
from kernel.errors import DomainError
from kernel.file_import import RejectedLine
from kernel.money import Rupiah
from payments.statements import errors
from payments.statements.cells import (
    Money,
    Period,
    bare,
    holds_money,
    looks_like_a_day,
    period_in,
    read_day,
    read_money,
    side_of,
)
from payments.statements.files import Table, Unknown, account_of, known_table, parsed, text_of, unknown_table
from payments.statements.layouts import Columns, names_of

LONGEST_TEXT: Final = 500

_SUMS: Final = (
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
_CAME_ABOUT: Final = (
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


class Movement(msgspec.Struct, frozen=True):
    """One movement of the account.

    ``line`` is where it begins in the file, ``number`` counts movements from 1; ``sen`` came in, or went out
    below 0.
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
        """Whole rupiah that came in, below zero for what went out; sen are dropped."""
        whole = Rupiah(abs(self.sen) // 100)
        return -whole if self.sen < 0 else whole

    @property
    def has_sen(self) -> bool:
        """Whether it is no whole rupiah: interest or tax, never a payment of ours."""
        return self.sen % 100 != 0


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that was read.

    ``pending`` lines are those that the bank has not booked yet: they come again with a date.
    """

    layout: str
    account: str
    period: Period | None
    movements: list[Movement]
    bad: list[RejectedLine]
    pending: int
    left_out: int


def read_statement(
    content: bytes | str, *, way: str, today: date, remembered: Mapping[str, Columns] | None = None
) -> Read | Unknown:
    """Read a statement of the account behind ``way``; ``remembered`` are the officers' own mappings by the
    fingerprint of the header.

    Raises DomainError (422): payments.statement_no_table, .statement_no_lines, kernel.csv_….
    """
    text = content if isinstance(content, str) else text_of(content)
    every, broken = parsed(text)
    table = known_table(every, remembered or {})
    if table is None:
        return unknown_table(every, broken)
    found = _Lines(table, today)
    found.read()
    if not found.lines and not found.bad and not found.pending:
        raise errors.NO_LINES()
    return Read(
        layout=table.layout,
        account=account_of(table),
        period=found.period,
        movements=_numbered(found.lines, way),
        bad=found.bad,
        pending=found.pending,
        left_out=found.left_out,
    )


class _Lines:
    """Goes through the rows below a header."""

    def __init__(self, table: Table, today: date) -> None:
        self.table, self.columns, self.today = table, table.columns, today
        self.period = period_in(" ".join(filter(None, map(bare, cells))) for _, cells in table.above)
        self.lines: list[tuple[int, date, int, str, str]] = []
        self.bad: list[RejectedLine] = []
        self.pending = 0
        self.left_out = 0

    def read(self) -> None:
        names = names_of(self.table.header)
        for line, found in self.table.below:
            if not any(map(bare, found)) or names_of(found) == names or self._is_no_line(found):
                continue
            cells = self._of_width(found)
            if bare(self._cell(cells, self.columns.date)).lower() in ("pend", "pending"):
                self.pending += 1
            elif not self._came_about(cells):
                self.left_out += 1
            else:
                try:
                    self._take(line, cells)
                except DomainError as reason:
                    self.bad.append(RejectedLine(line, reason))

    def _of_width(self, cells: Sequence[str]) -> Sequence[str]:
        """The cells in their columns: a comma within the words of a bank that does not quote them has made
        two cells of one.
        """
        more = len(names_of(cells)) - len(names_of(self.table.header))
        if more <= 0 or len(self.columns.texts) != 1:
            return cells
        at = self.columns.texts[0]
        return [*cells[:at], " ".join(cells[at : at + more + 1]), *cells[at + more + 1 :]]

    def _take(self, line: int, cells: Sequence[str]) -> None:
        columns = self.columns
        width = len(names_of(self.table.header))
        if len(names_of(cells)) > width:
            raise WRONG_NUMBER_OF_CELLS(found=len(names_of(cells)), expected=width)
        day = read_day(
            self._cell(cells, columns.date),
            period=self.period,
            today=self.today,
            month_first=columns.month_first,
        )
        sen = self._sen(cells)
        if sen:  # a line of nothing is an opening balance
            words = " ".join(self._cell(cells, place) for place in columns.texts)
            balance = self._cell(cells, columns.balance) if columns.balance is not None else ""
            self.lines.append((line, day, sen, _tidy(words), _plain_balance(balance)))

    def _sen(self, cells: Sequence[str]) -> int:
        columns = self.columns
        if columns.amount is not None:
            money = read_money(self._cell(cells, columns.amount))
            if money is None:
                raise errors.NO_AMOUNT()
            side = money.side or (
                side_of(self._cell(cells, columns.mark)) if columns.mark is not None else None
            )
            if side is None and money.sen and not columns.by_sign:
                raise errors.NOT_MARKED()
            return Money(money.sen, side).signed
        came = read_money(self._cell(cells, columns.credit)) if columns.credit is not None else None
        went = read_money(self._cell(cells, columns.debit)) if columns.debit is not None else None
        if came is None and went is None:
            raise errors.NO_AMOUNT()
        credit, debit = (came.sen if came else 0), abs(went.sen if went else 0)
        if credit and debit:
            raise errors.BOTH_WAYS()
        return credit - debit

    def _is_no_line(self, cells: Sequence[str]) -> bool:
        """A sum, a note or a page's foot: without a day, and without an amount unless it says what it is the
        sum of.
        """
        if looks_like_a_day(self._cell(cells, self.columns.date)):
            return False
        if not any(bare(self._cell(cells, place)) for place in self.columns.of_money):
            return True
        first = next((bare(cell).lower() for cell in cells if bare(cell)), "")
        return first.startswith(_SUMS) or not any(
            holds_money(self._cell(cells, place)) for place in self.columns.of_money
        )

    def _came_about(self, cells: Sequence[str]) -> bool:
        if self.columns.outcome is None:
            return True
        said = bare(self._cell(cells, self.columns.outcome)).lower()
        return said.startswith(_CAME_ABOUT)

    @staticmethod
    def _cell(cells: Sequence[str], place: int) -> str:
        return cells[place] if place < len(cells) else ""


def _numbered(lines: list[tuple[int, date, int, str, str]], way: str) -> list[Movement]:
    """Give each line its fingerprint: equal lines of a day are told apart by which of them it is, so that a
    longer statement finds them again.
    """
    seen: Counter[tuple[date, int, str, str]] = Counter()
    movements = []
    for number, (line, day, sen, text, balance) in enumerate(lines, 1):
        same = (day, sen, text.upper(), balance)
        seen[same] += 1
        told = "\x1f".join((way, day.isoformat(), str(sen), text.upper(), balance, str(seen[same])))
        movements.append(
            Movement(line, number, day, sen, text, balance, hashlib.sha256(told.encode()).hexdigest())
        )
    return movements


def _tidy(words: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(bare(printable).split())[:LONGEST_TEXT]


def _plain_balance(cell: str) -> str:
    """The balance after the line as it goes into the fingerprint, in sen; empty where it cannot be read."""
    try:
        money = read_money(cell)
    except DomainError:
        return ""
    return "" if money is None else str(money.signed)
