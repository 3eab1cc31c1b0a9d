"""Formatting and parsing of numbers, money and dates in both languages."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from kernel import formats, parsing
from kernel.errors import DomainError

NOON = datetime(2026, 11, 24, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "indonesian", "english"),
    [
        (0, "Rp0", "Rp0"),
        (999, "Rp999", "Rp999"),
        (12_500, "Rp12.500", "Rp12,500"),
        (-1_234_567, "-Rp1.234.567", "-Rp1,234,567"),
    ],
)
def test_rupiah(amount: int, indonesian: str, english: str) -> None:
    assert (formats.rupiah(amount), formats.rupiah(amount, "en")) == (indonesian, english)


@pytest.mark.parametrize(
    ("value", "indonesian", "english"),
    [
        (1_234_567, "1.234.567", "1,234,567"),
        (-12, "-12", "-12"),
        (Decimal("1234.50"), "1.234,5", "1,234.5"),
        (Decimal(100), "100", "100"),
        (Decimal("1E+2"), "100", "100"),
        (Decimal("0.00"), "0", "0"),
    ],
)
def test_number(value: Any, indonesian: str, english: str) -> None:
    assert (formats.number(value), formats.number(value, "en")) == (indonesian, english)


@given(st.integers(-(10**15), 10**15))
def test_numbers_by_hand_agree_with_the_locale_data(value: int) -> None:
    assert formats.number(value, "id") == format_decimal(value, locale="id_ID")
    assert formats.number(value, "en") == format_decimal(value, locale="en_GB")


def test_percent_does_not_break_before_its_sign() -> None:
    assert formats.percent(Decimal("2.50")) == "2,5\u00a0%"
    assert formats.percent(25, "en") == "25\u00a0%"


def test_dates() -> None:
    day = date(2026, 8, 4)
    assert [formats.date_long(day, "id"), formats.date_long(day, "en")] == ["4 Agustus 2026", "4 August 2026"]
    assert [formats.month(day, "id"), formats.month(day, "en")] == ["Agustus 2026", "August 2026"]


def test_moments_are_shown_on_the_local_clock() -> None:
    assert formats.date_time(NOON) == "24 November 2026 12.07 WIB"
    assert formats.date_time(NOON, "en") == "24 November 2026 12:07 WIB"
    assert formats.date_time(NOON, zone="Asia/Jayapura") == "24 November 2026 14.07 WIT"


def test_a_moment_without_a_zone_is_a_fault() -> None:
    with pytest.raises(ValueError, match="time zone"):
        formats.date_time(datetime(2026, 1, 1))  # noqa: DTZ001 - the point


@pytest.mark.parametrize(("text", "value"), [("1250", 1250), ("1.250", 1250), (" -3 ", -3), ("0", 0)])
def test_reads_numbers(text: str, value: int) -> None:
    assert parsing.parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("25", "25"), ("2,5", "2.5"), ("2.5 %", "2.5"), ("-1", "-1"), ("100%", "100")]
)
def test_reads_percentages(text: str, value: str) -> None:
    assert parsing.parse_percent(text) == Decimal(value)


@pytest.mark.parametrize("text", ["2026-11-24", "24/11/2026", "24-11-2026", " 24.11.2026 "])
def test_reads_dates(text: str) -> None:
    assert parsing.parse_date(text) == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("parse", "text", "code"),
    [
        (parsing.parse_number, "1.25", "kernel.not_a_number"),
        (parsing.parse_number, "1,5", "kernel.not_a_number"),
        (parsing.parse_number, "", "kernel.not_a_number"),
        (parsing.parse_number, "١٢", "kernel.not_a_number"),
        (parsing.parse_percent, "2,5,1", "kernel.not_a_percentage"),
        (parsing.parse_percent, "1e1", "kernel.not_a_percentage"),
        (parsing.parse_percent, "NaN", "kernel.not_a_percentage"),
        (parsing.parse_date, "31/02/2026", "kernel.not_a_date"),
        (parsing.parse_date, "2026-13-01", "kernel.not_a_date"),
        (parsing.parse_date, "24 Nov 2026", "kernel.not_a_date"),
    ],
)
def test_refuses_what_it_cannot_read(parse: Any, text: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        parse(text)
    assert (refused.value.code, refused.value.params) == (code, {"text": text})


@given(st.integers(-(10**12), 10**12))
def test_reads_back_what_it_writes(value: int) -> None:
    assert parsing.parse_number(formats.number(value)) == value
