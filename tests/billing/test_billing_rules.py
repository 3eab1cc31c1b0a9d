"""Prices, periods and plan changes are pure functions and lose no rupiah."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.plans import INTERVALS, Interval, catalogue, get_plan_limit, parse_plans
from billing.presenters import format_usage, list_lost_features, list_plan_features
from billing.rules import (
    LineItem,
    add_months,
    apply_discount,
    calculate_totals,
    is_upgrade,
    next_period_end,
    percent_used,
    prorate_change,
    split_period_value,
)
from kernel.errors import LocalizedText
from kernel.formats import Lang
from kernel.money import Rupiah
from tenants.entitlements import has_entitlement
from tenants.registry import TenantRef

PLANS = catalogue()
BENIH, TUMBUH, PANEN = PLANS.plan
START = date(2026, 1, 31)
days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
money = st.integers(0, 10_000_000).map(Rupiah)


def tenant(plan: str, *entitlements: str) -> TenantRef:
    import uuid

    return TenantRef(uuid.UUID(int=1), "x", "X", "coop_x", "active", None, "0", plan, frozenset(entitlements))


def test_an_entitlement_is_asked_by_a_known_name() -> None:
    assert has_entitlement(tenant("panen", "custom_domain"), "custom_domain")
    assert not has_entitlement(tenant("tumbuh", "gateways"), "custom_domain")
    with pytest.raises(ValueError, match="not an entitlement"):
        has_entitlement(tenant("panen"), "costum_domain")


@pytest.mark.parametrize("lang", ["id", "en"])
def test_what_no_page_lets_a_cooperative_use_yet_is_in_a_plan_and_not_sold(lang: Lang) -> None:
    assert "custom_domain" in PANEN.entitlements
    sold = " ".join(
        line for plan in PLANS.plan for line in [plan.lead.localize(lang), *list_plan_features(plan, lang)]
    ).lower()
    assert "gaji" in sold or "payroll" in sold
    for promised in ("alamat", "address", "pesan sebulan", "messages"):
        assert promised not in sold


def test_what_stops_is_what_the_smaller_plan_does_not_include() -> None:
    assert list_lost_features(PANEN, BENIH, "id") == list_lost_features(TUMBUH, BENIH, "id")
    assert [line.split()[0] for line in list_lost_features(TUMBUH, BENIH, "en")] == ["Cards,", "Payroll"]
    assert list_lost_features(PANEN, TUMBUH, "id") == list_lost_features(BENIH, PANEN, "id") == []


def test_a_limit_is_of_the_plan_and_absent_where_there_is_none() -> None:
    assert get_plan_limit(tenant("benih"), "members") == 100
    assert get_plan_limit(tenant("panen"), "members") is None
    assert get_plan_limit(tenant("sold no longer"), "members") is None
    assert all(get_plan_limit(tenant(plan.code), "orders") is None for plan in PLANS.plan)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('code = "panen"', 'code = "tumbuh"', "same code"),
        ("year = 990_000", "year = 1_990_000", "at most twelve"),
        ("reminder_days = [0, 3, 7, 14]", "reminder_days = [0, 3, 7, 21]", "before the end of grace"),
        ('plan_after = "benih"', 'plan_after = "tumbuh"', "exactly one plan is free"),
        ('"payroll", "custom_domain"', '"payroll", "moon"', "unknown entitlements"),
        ("members = 100,", "member = 100,", "member"),
        ("month = 299_000", "month = 99.5", "int"),
        ("since = 2025-01-01", "since = 2020-01-01", "sorted by date"),
        ('code = "tumbuh"', 'code = "tumbuh"\nsold = false', "the one after it are sold"),
    ],
)
def test_a_plans_file_that_contradicts_itself_is_refused(old: str, new: str, expected: str) -> None:
    from billing.plans import _FILE

    text = _FILE.read_text()
    assert old in text
    with pytest.raises(ValueError, match=expected):
        parse_plans(text.replace(old, new))


def test_the_31st_comes_back_after_a_short_month() -> None:
    ends, start = [], START
    for _ in range(4):
        start = next_period_end(START, "month", start)
        ends.append(start)
    assert ends == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
    assert next_period_end(date(2024, 2, 29), "year", date(2024, 2, 29)) == date(2025, 2, 28)
    assert next_period_end(date(2024, 2, 29), "year", date(2027, 2, 28)) == date(2028, 2, 29)


@given(days, st.sampled_from(INTERVALS), st.integers(1, 60))
def test_periods_follow_each_other_without_a_hole(anchor: date, interval: Interval, count: int) -> None:
    start = anchor
    for number in range(1, count + 1):
        end = next_period_end(anchor, interval, start)
        assert end == add_months(anchor, number * (1 if interval == "month" else 12))
        start = end


@given(money, days, st.integers(1, 366), st.data())
def test_used_and_unused_sum_to_the_price(
    value: Rupiah, start: date, length: int, data: st.DataObject
) -> None:
    end = start + timedelta(days=length)
    on = start + timedelta(days=data.draw(st.integers(-3, length + 3)))
    used, unused = split_period_value(value, start, end, on)
    assert used + unused == value
    assert used >= 0 <= unused
    exact = Fraction(int(value) * min(max((on - start).days, 0), length), length)
    assert abs(int(used) - exact) < 1


@given(st.lists(money, min_size=2, max_size=6), days, st.integers(28, 366), st.data())
def test_however_often_the_plan_changes_what_is_paid_is_the_sum_of_the_days(
    values: list[Rupiah], start: date, length: int, data: st.DataObject
) -> None:
    """Every change credits the unused days and charges the same days at the new price. The sum of all
    payments differs from the sum of daily prices by less than one rupiah per change.
    """
    end = start + timedelta(days=length)
    on_days = sorted(
        data.draw(st.lists(st.integers(0, length), min_size=len(values) - 1, max_size=len(values) - 1))
    )
    paid, exact, before = int(values[0]), Fraction(0), 0
    for at, (old, new) in enumerate(pairwise(values)):
        on = start + timedelta(days=on_days[at])
        _, unused = split_period_value(old, start, end, on)
        _, charged = split_period_value(new, start, end, on)
        paid += int(charged - unused)
        exact += Fraction(int(old) * (on_days[at] - before), length)
        before = on_days[at]
    exact += Fraction(int(values[-1]) * (length - before), length)
    assert abs(paid - exact) <= len(values) - 1


@given(days, st.integers(0, 30), st.sampled_from(INTERVALS), st.integers(0, 100))
def test_a_dearer_plan_in_the_middle_costs_the_days_that_are_left(
    anchor: date, day: int, rhythm: Interval, percent: int
) -> None:
    end = next_period_end(anchor, "month", anchor)
    on = min(anchor + timedelta(days=day), end)
    value = apply_discount(TUMBUH.price_for("month"), percent)
    change = prorate_change(
        value=value,
        anchor=anchor,
        start=anchor,
        end=end,
        interval="month",
        new=PANEN,
        new_interval=rhythm,
        percent=percent,
        on=on,
    )
    assert change.net == change.charged - change.unused
    if rhythm == "month":
        assert (change.period_start, change.period_end) == (anchor, end)
        assert 0 <= change.net <= change.value - value + 1
    else:
        assert change.period_start == on
        assert change.charged == change.value == apply_discount(PANEN.price_for("year"), percent)


def test_a_change_of_plan_worked_out_by_hand() -> None:
    """10 June to 10 July has 30 days; on 20 June 20 are left: 66.000 of 99.000 are credited, 199.333 of
    299.000 are charged.
    """
    change = prorate_change(
        value=Rupiah(99_000), anchor=date(2026, 6, 10), start=date(2026, 6, 10), end=date(2026, 7, 10),
        interval="month", new=PANEN, new_interval="month", percent=0, on=date(2026, 6, 20),
    )  # fmt: skip
    assert (change.days_left, change.days) == (20, 30)
    assert (change.unused, change.charged, change.net) == (66_000, 199_333, 133_333)


@pytest.mark.parametrize(
    ("old", "new", "at_once"),
    [
        (("benih", "month"), ("tumbuh", "month"), True),
        (("benih", "year"), ("tumbuh", "month"), True),
        (("tumbuh", "month"), ("tumbuh", "year"), True),
        (("tumbuh", "year"), ("panen", "year"), True),
        (("tumbuh", "year"), ("panen", "month"), False),
        (("tumbuh", "year"), ("tumbuh", "month"), False),
        (("panen", "month"), ("tumbuh", "year"), False),
        (("panen", "month"), ("benih", "month"), False),
        (("tumbuh", "month"), ("tumbuh", "month"), False),
    ],
)
def test_more_begins_at_once_and_less_at_the_end(
    old: tuple[str, Interval], new: tuple[str, Interval], *, at_once: bool
) -> None:
    assert is_upgrade(PLANS.get_plan(old[0]), old[1], PLANS.get_plan(new[0]), new[1]) is at_once


@given(
    st.lists(st.integers(-5_000_000, 20_000_000), min_size=1, max_size=4).filter(
        lambda parts: sum(parts) >= 0
    ),
    st.integers(0, 100),
    st.integers(0, 9_000_000),
    st.booleans(),
)
def test_an_invoice_sums_and_uses_no_more_credit_than_there_is_to_pay(
    parts: list[int], percent: int, credit: int, taxed: bool
) -> None:
    subtotal = Rupiah(sum(parts))
    discount = subtotal - apply_discount(subtotal, percent)
    tax = PLANS.find_tax(date(2026, 6, 1)) if taxed else None
    found = calculate_totals(
        [LineItem(LocalizedText("x"), Rupiah(part)) for part in parts],
        discount=discount,
        tax=tax,
        credit=Rupiah(credit),
    )
    assert found.subtotal - found.discount + found.tax == found.total
    assert found.total - found.credit == found.amount_due
    assert found.amount_due >= 0
    assert found.credit <= credit
    assert found.amount_due == 0 or found.credit == credit
    assert (
        (found.tax == 0)
        if tax is None
        else abs(int(found.tax) - int(found.subtotal - found.discount) * tax.fraction) <= Fraction(1, 2)
    )


def test_the_tax_is_eleven_percent_by_either_law() -> None:
    assert PLANS.find_tax(date(2022, 3, 31)) is None
    for day in (date(2022, 4, 1), date(2024, 12, 31), date(2025, 1, 1), date(2026, 11, 24)):
        tax = PLANS.find_tax(day)
        assert tax is not None
        assert tax.fraction == Fraction(11, 100) == Fraction(12, 100) * Fraction(11, 12)
        assert tax.source


def test_used_percent_needs_a_limit() -> None:
    assert percent_used(80, 100) == 80
    assert percent_used(5, None) is None


def test_bytes_are_read_in_the_unit_that_fits() -> None:
    assert format_usage("storage", 0, "id") == "0 MB"
    assert format_usage("storage", 1, "id") == "0,1 MB"
    assert format_usage("storage", 12_340_000, "id") == "12,4 MB"
    assert format_usage("storage", 2_000_000_000, "id") == "2 GB"
    assert format_usage("storage", 2_050_000_000, "en") == "2.1 GB"
    assert format_usage("members", 1_000, "id") == "1.000"
