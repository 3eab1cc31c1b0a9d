"""Which months of simpanan wajib are unpaid."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Rupiah
from savings.rules import compute_dues, first_owed_month, monthly_amount_on

FIRST = [(date(2026, 1, 1), Rupiah(20_000))]


def test_the_month_of_joining_counts_and_the_running_one_is_not_yet_arrears() -> None:
    found = compute_dues(date(2026, 9, 28), date(2026, 11, 24), Rupiah(0), FIRST)
    assert [month for month, _ in found.unpaid] == [date(2026, 9, 1), date(2026, 10, 1)]
    assert (found.arrears, found.this_month) == (40_000, 20_000)


def test_what_was_paid_covers_the_oldest_month_first() -> None:
    found = compute_dues(date(2026, 9, 1), date(2026, 11, 24), Rupiah(30_000), FIRST)
    assert found.unpaid == ((date(2026, 10, 1), Rupiah(10_000)),)


def test_whoever_paid_ahead_owes_nothing() -> None:
    found = compute_dues(date(2026, 9, 1), date(2026, 11, 24), Rupiah(500_000), FIRST)
    assert (found.arrears, found.this_month) == (0, 0)


def test_nobody_owes_for_months_before_the_rules_we_know() -> None:
    assert first_owed_month(date(2011, 3, 5), FIRST) == date(2026, 1, 1)
    assert compute_dues(date(2011, 3, 5), date(2026, 2, 10), Rupiah(0), FIRST).arrears == 20_000


def test_a_change_of_the_amount_counts_from_the_month_that_begins_after_it() -> None:
    amounts = [*FIRST, (date(2026, 3, 15), Rupiah(25_000))]
    assert monthly_amount_on(date(2026, 3, 1), amounts) == 20_000
    found = compute_dues(date(2026, 2, 1), date(2026, 5, 2), Rupiah(0), amounts)
    assert [amount for _, amount in found.unpaid] == [20_000, 20_000, 25_000]


def test_december_is_followed_by_january() -> None:
    found = compute_dues(date(2026, 11, 1), date(2027, 2, 1), Rupiah(0), FIRST)
    assert [month for month, _ in found.unpaid] == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]


def test_a_cooperative_without_simpanan_wajib_owes_nothing() -> None:
    assert (
        compute_dues(date(2026, 1, 1), date(2026, 12, 1), Rupiah(0), [(date(2026, 1, 1), Rupiah(0))]).unpaid
        == ()
    )


@given(
    joined=st.dates(date(2020, 1, 1), date(2026, 12, 31)),
    today=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    paid=st.integers(0, 2_000_000),
)
def test_open_and_paid_are_what_was_due(joined: date, today: date, paid: int) -> None:
    nothing = compute_dues(joined, today, Rupiah(0), FIRST)
    some = compute_dues(joined, today, Rupiah(paid), FIRST)
    due = nothing.arrears + nothing.this_month
    assert some.arrears + some.this_month == max(due - paid, 0)
