"""Parse dates and amounts as banks write them in statements; ambiguous ones are rejected.

Amounts are in sen (hundredths of a rupiah), because interest and tax are not whole rupiah.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

from banking.errors import (
    DATE_IN_FUTURE,
    DATE_OUTSIDE_PERIOD,
    NOT_A_DATE,
    NOT_AN_AMOUNT,
    YEAR_UNKNOWN,
)
from kernel.errors import DomainError
from kernel.formats import truncate
from kernel.money import MAX_AMOUNT

Side = Literal["credit", "debit"]

# Banks show at most three months of movements without a year.
YEARLESS_WINDOW: Final = timedelta(days=92)
# Weekend bookings carry the date of the next working day; anything later is a misread date.
MAX_DAYS_AHEAD: Final = timedelta(days=7)

_TIME: Final = r"(?:[ T]+[0-9]{1,2}[:.][0-9]{2}.*)?"
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})" + _TIME)
_COMPACT: Final = re.compile(r"(20[0-9]{2})([0-9]{2})([0-9]{2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4}|[0-9]{2})" + _TIME)
_MONTH_NAMED: Final = re.compile(r"([0-9]{1,2})[- ]([A-Za-z]{3,9})[- ,]+([0-9]{4}|[0-9]{2})" + _TIME)
_YEARLESS: Final = re.compile(r"([0-9]{1,2})[-/]([0-9]{1,2})")
_IN_TEXT: Final = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}|[0-9]{1,2}[- "
    r"][A-Za-z]{3,9}[- ][0-9]{4}"
)
# The first three letters identify the month in both languages: Januari/January, Mei/May, Agustus/August …
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("jan",),
            ("feb", "peb"),
            ("mar",),
            ("apr",),
            ("mei", "may"),
            ("jun",),
            ("jul",),
            ("agu", "agt", "aug"),
            ("sep",),
            ("okt", "oct"),
            ("nov", "nop"),
            ("des", "dec"),
        ),
        1,
    )
    for name in names
}

_CURRENCY: Final = re.compile(r"^(?:rp\.?|idr)\s*|\s*(?:idr)$", re.IGNORECASE)
_NO_SEN: Final = re.compile(r"(?<=[0-9]),[-\u2013]$")  # "12.500,-" has no sen and is not negative
_MARKED: Final = re.compile(r"(?P<money>.*?[0-9)])\s*(?P<mark>cr|db|dr|kr|k|d|c)\.?", re.IGNORECASE)
_MAX_DIGITS: Final = 30  # characters: the digits of the largest amount, with separators and sen
_SIGNED: Final = re.compile(
    r"(?P<before>[-+\u2212(])?\s*(?P<digits>[0-9.,]*[0-9][0-9.,]*)\s*(?P<after>[-\u2212)])?"
)
_SIDES: Final[dict[str, Side]] = {
    "cr": "credit",
    "kr": "credit",
    "k": "credit",
    "c": "credit",
    "kredit": "credit",
    "credit": "credit",
    "masuk": "credit",
    "in": "credit",
    "db": "debit",
    "dr": "debit",
    "d": "debit",
    "debit": "debit",
    "debet": "debit",
    "keluar": "debit",
    "out": "debit",
}


class StatementPeriod(msgspec.Struct, frozen=True):
    """The days that a statement covers, both included."""

    first: date
    last: date


class CellAmount(msgspec.Struct, frozen=True):
    """An amount in sen, negative if written so, and its debit or credit mark."""

    sen: int
    side: Side | None = None

    @property
    def signed(self) -> int:
        """Return the amount in sen, negative for debits."""
        return (
            -abs(self.sen) if self.side == "debit" else abs(self.sen) if self.side == "credit" else self.sen
        )


def clean_cell(cell: str) -> str:
    """Return a cell without outer spaces and without the apostrophe that marks text for spreadsheets."""
    return cell.replace("\u00a0", " ").strip().removeprefix("'").strip()


def looks_like_date(cell: str) -> bool:
    """Return whether a cell has the form of a date, with or without a year, valid or not."""
    return any(
        shape.fullmatch(clean_cell(cell))
        for shape in (_YEAR_FIRST, _COMPACT, _YEAR_LAST, _MONTH_NAMED, _YEARLESS)
    )


def parse_date_cell(
    cell: str, *, period: StatementPeriod | None, today: date, month_first: bool = False
) -> date:
    """Return the date in a cell.

    Forms: "24/11/2026", "24/11/26 10:15:30", "24/11", "2026-11-24", "20261124", "24 November 2026",
    "24-Nop-26". A date without a year must be in ``period``; without a period, in the last three months
    before ``today``. Raises DomainError (422).
    """
    text = clean_cell(cell)
    day = _day_with_year(text, month_first=month_first)
    if day is None:
        day = _day_without_year(text, period, today, month_first=month_first)
    if day > today + MAX_DAYS_AHEAD:
        raise DATE_IN_FUTURE(day=day)
    return day


def _day_with_year(text: str, *, month_first: bool) -> date | None:
    """Return the date of a text that has a year, or None. Raises DomainError for an impossible date."""
    if found := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
        return _make_date(text, int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = int(found[1]), int(found[2]), _full_year(found[3])
        return _make_date(text, year, first, second) if month_first else _make_date(text, year, second, first)
    if found := _MONTH_NAMED.fullmatch(text):
        month = _MONTHS.get(found[2][:3].lower())
        if month is None:
            raise NOT_A_DATE(text=truncate(text))
        return _make_date(text, _full_year(found[3]), month, int(found[1]))
    return None


def _day_without_year(text: str, period: StatementPeriod | None, today: date, *, month_first: bool) -> date:
    """Return the date of a text without a year, within the period or the last three months."""
    found = _YEARLESS.fullmatch(text)
    if found is None:
        raise NOT_A_DATE(text=truncate(text))
    first, second = int(found[1]), int(found[2])
    month, number = (first, second) if month_first else (second, first)
    span = period or StatementPeriod(today - YEARLESS_WINDOW, today)
    years = range(span.last.year, span.first.year - 1, -1)
    days = [day for year in years if (day := _calendar_date_or_none(year, month, number)) is not None]
    for day in days:
        if span.first <= day <= span.last:
            return day
    if not days:
        raise NOT_A_DATE(text=truncate(text))
    if period is None:
        raise YEAR_UNKNOWN(text=text)
    raise DATE_OUTSIDE_PERIOD(text=text, first=period.first, last=period.last)


def find_period(texts: Iterable[str]) -> StatementPeriod | None:
    """Return the period in the lines above a table: "Periode : 01/11/2026 - 30/11/2026"."""
    for text in texts:
        if "period" not in text.lower():
            continue
        days = [day for found in _IN_TEXT.findall(text) if (day := _date_or_none(found)) is not None]
        if len(days) >= 2 and days[0] <= days[1]:
            return StatementPeriod(days[0], days[1])
    return None


def _date_or_none(text: str) -> date | None:
    try:
        return _day_with_year(text, month_first=False)
    except DomainError:
        return None


def parse_amount_cell(cell: str) -> CellAmount | None:
    """Return the amount in a cell, or None where there is none.

    Forms: "1.250.000,00", "1,250,000.00", "1250000.00 CR", "Rp 1.250", "(500,00)", ".00". Of two different
    separators the last one starts the sen; a single one separates thousands if three digits follow and one to
    three precede, since no bank writes thousandths of a rupiah. Raises DomainError (422).
    """
    text = _CURRENCY.sub("", clean_cell(cell)).strip()
    if text in ("", "-", "\u2013"):
        return None
    text = _NO_SEN.sub("", text)
    side: Side | None = None
    if marked := _MARKED.fullmatch(text):
        text, side = marked["money"], _SIDES[marked["mark"].lower()]
    found = _SIGNED.fullmatch(_CURRENCY.sub("", text))
    if (
        found is None
        or len(found["digits"]) > _MAX_DIGITS
        or (found["before"] == "(") != (found["after"] == ")")
    ):
        raise NOT_AN_AMOUNT(text=truncate(cell.strip()))
    sen = _parse_sen(found["digits"])
    if sen is None or sen > MAX_AMOUNT * 100:
        raise NOT_AN_AMOUNT(text=truncate(cell.strip()))
    below_zero = (found["before"] or "") in ("-", "\u2212", "(") or (found["after"] or "") in ("-", "\u2212")
    return CellAmount(-sen if below_zero else sen, side)


def is_amount_cell(cell: str) -> bool:
    """Return whether a cell can be read as an amount."""
    try:
        return parse_amount_cell(cell) is not None
    except DomainError:
        return False


def parse_side(cell: str) -> Side | None:
    """Return the side that a mark names ("CR", "DB", "K", "Debet" …); None for other text."""
    return _SIDES.get(clean_cell(cell).rstrip(".").lower())


def _parse_sen(digits: str) -> int | None:
    """Return digits with separators as sen, or None if they are no amount."""
    dot, comma = digits.rfind("."), digits.rfind(",")
    at = max(dot, comma)
    if at < 0:
        return int(digits) * 100
    sign = digits[at]
    whole, rest = digits[:at], digits[at + 1 :]
    if min(dot, comma) < 0 and (
        digits.count(sign) > 1 or (len(rest) == 3 and 1 <= len(whole) <= 3 and whole != "0")
    ):
        whole, rest = digits, ""
    elif sign in whole:
        return None
    plain = _strip_grouping(whole)
    if plain is None or rest[2:].strip("0"):
        return None
    return int(plain) * 100 + int(rest[:2].ljust(2, "0"))


def _strip_grouping(whole: str) -> str | None:
    """Return the digits without separators between groups of three; None for other grouping."""
    groups = re.split(r"[.,]", whole)
    if len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:])):
        return None
    return "".join(groups) or "0"


def _full_year(written: str) -> int:
    return int(written) if len(written) == 4 else 2000 + int(written)


def _calendar_date_or_none(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _make_date(text: str, year: int, month: int, number: int) -> date:
    day = _calendar_date_or_none(year, month, number)
    if day is None:
        raise NOT_A_DATE(text=truncate(text))
    return day
