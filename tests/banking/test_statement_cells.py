"""How banks write dates and amounts."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banking.statement_cells import (
    StatementPeriod,
    find_period,
    looks_like_date,
    parse_amount_cell,
    parse_date_cell,
    parse_side,
)
from kernel.errors import DomainError

TODAY = date(2026, 11, 24)
NOVEMBER = StatementPeriod(date(2026, 11, 1), date(2026, 11, 30))


@pytest.mark.parametrize(
    ("written", "sen"),
    [
        ("1.250.000,00", 125_000_000),
        ("1,250,000.00", 125_000_000),
        ("1250000.00", 125_000_000),
        ("1250000", 125_000_000),
        ("1.250.000", 125_000_000),
        ("1,250", 125_000),
        ("125.000", 12_500_000),
        ("1250.0000", 125_000),
        ("Rp 1.250,5", 125_050),
        ("Rp1.250.000,-", 125_000_000),
        ("IDR 12,500.75", 1_250_075),
        (".00", 0),
        ("'0000", 0),
        ("-750.000,00", -75_000_000),
        ("750.000,00-", -75_000_000),
        ("(1,000.00)", -100_000),
        ("+5000", 500_000),
        ("\u2212 5000", -500_000),
        ("\u00a05000\u00a0", 500_000),
    ],
)
def test_money_is_read_whichever_sign_parts_thousands(written: str, sen: int) -> None:
    money = parse_amount_cell(written)
    assert money is not None
    assert money.sen == sen


@pytest.mark.parametrize(
    ("written", "signed"),
    [
        ("3,528,964.00 CR", 352_896_400),
        ("799.700,00 DB", -79_970_000),
        ("1000 K", 100_000),
        ("1000D", -100_000),
        ("5000 Kr.", 500_000),
    ],
)
def test_the_mark_beside_an_amount_is_its_side(written: str, signed: int) -> None:
    money = parse_amount_cell(written)
    assert money is not None
    assert money.signed == signed


@pytest.mark.parametrize("written", ["", "  ", "-", "'"])
def test_an_empty_cell_holds_no_money(written: str) -> None:
    assert parse_amount_cell(written) is None


@pytest.mark.parametrize(
    "written",
    ["abc", "1.25.000", "12,50,000.00", "1.2.3,4,5", "1.000,005", "(5", "5)", "12 34", "1e6", "9" * 20],
)
def test_what_could_be_read_in_two_ways_or_none_is_refused(written: str) -> None:
    with pytest.raises(DomainError):
        parse_amount_cell(written)


@given(sen=st.integers(min_value=0, max_value=10**13))
def test_money_written_by_any_bank_comes_back_to_the_sen(sen: int) -> None:
    whole, rest = divmod(sen, 100)
    english = f"{whole:,}.{rest:02}"
    indonesian = english.translate(str.maketrans(",.", ".,"))
    for written in (
        english,
        indonesian,
        f"{whole}.{rest:02}",
        f"{whole},{rest:02}",
        f"Rp {indonesian}",
        f"'{english}",
    ):
        money = parse_amount_cell(written)
        assert money is not None
        assert money.sen == sen


@pytest.mark.parametrize(
    "written",
    [
        "24/11/2026",
        "24-11-2026",
        "24.11.2026",
        "24/11/26",
        "24/11/26 10:15:30",
        "'24/11",
        "24/11",
        "2026-11-24",
        "2026-11-24 00:00:00",
        "20261124",
        "24 November 2026 11:27:10",
        "24-Nop-26",
        "24 Nov 2026",
        "2026-11-24T07:00:01+07:00",
    ],
)
def test_a_day_is_read_as_banks_write_it(written: str) -> None:
    assert looks_like_date(written)
    assert parse_date_cell(written, period=NOVEMBER, today=TODAY) == TODAY


def test_months_are_read_in_both_languages() -> None:
    for written, month in (
        ("3 Mei 2026", 5),
        ("3 Agustus 2026", 8),
        ("3 Agt 2026", 8),
        ("3 Okt 2026", 10),
        ("3 Des 2025", 12),
        ("3 May 2026", 5),
    ):
        assert parse_date_cell(written, period=None, today=TODAY).month == month


def test_a_day_without_its_year_falls_into_the_period_over_new_year() -> None:
    period = StatementPeriod(date(2025, 12, 15), date(2026, 1, 14))
    assert parse_date_cell("'30/12", period=period, today=TODAY) == date(2025, 12, 30)
    assert parse_date_cell("'02/01", period=period, today=TODAY) == date(2026, 1, 2)


def test_a_day_without_its_year_and_without_a_period_is_one_of_the_last_three_months() -> None:
    assert parse_date_cell("24/11", period=None, today=TODAY) == TODAY
    assert parse_date_cell("30/12", period=None, today=date(2026, 1, 5)) == date(2025, 12, 30)
    with pytest.raises(DomainError) as refused:
        parse_date_cell("25/11", period=None, today=TODAY)
    assert refused.value.code == "payments.statement_year_unknown"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("31/02/2026", "statement_not_a_day"),
        ("31/02", "statement_not_a_day"),
        ("24/13/2026", "statement_not_a_day"),
        ("24 Foo 2026", "statement_not_a_day"),
        ("PEND", "statement_not_a_day"),
        ("01/12", "statement_day_outside_period"),
        ("24/12/2026", "statement_day_ahead"),
    ],
)
def test_what_is_no_day_is_refused_by_its_reason(written: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        parse_date_cell(written, period=NOVEMBER, today=TODAY)
    assert refused.value.code == f"payments.{code}"


def test_the_leap_day_is_found_in_its_year() -> None:
    period = StatementPeriod(date(2024, 2, 1), date(2024, 2, 29))
    assert parse_date_cell("29/02", period=period, today=TODAY) == date(2024, 2, 29)


def test_a_month_that_stands_first_is_read_so_when_the_officer_says_so() -> None:
    assert parse_date_cell("11/5/2026", period=None, today=TODAY, month_first=True) == date(2026, 11, 5)
    assert parse_date_cell("11/5/2026", period=None, today=TODAY) == date(2026, 5, 11)


@given(day=st.dates(min_value=date(2025, 1, 1), max_value=TODAY))
def test_a_day_comes_back_however_it_is_written(day: date) -> None:
    around = StatementPeriod(day - timedelta(days=20), day + timedelta(days=20))
    for shape in ("%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%Y%m%d", "%d %B %Y 10:11:12", "%d-%b-%y", "'%d/%m"):
        assert parse_date_cell(day.strftime(shape), period=around, today=TODAY) == day


def test_the_period_is_found_above_the_table() -> None:
    assert find_period(["Nama : Koperasi Melati", "Periode : 01/11/2026 - 30/11/2026"]) == NOVEMBER
    assert find_period(["Period = 1 November 2026 s.d. 30 November 2026"]) == NOVEMBER
    assert find_period(["Periode : 30/11/2026 - 01/11/2026"]) is None
    assert find_period(["01/11/2026 - 30/11/2026"]) is None


def test_the_marks_of_all_banks_tell_a_side() -> None:
    assert [parse_side(mark) for mark in ("CR", "'K", "Kredit", "DB", "D", "Debet", "?")] == [
        "credit"
    ] * 3 + ["debit"] * 3 + [None]
