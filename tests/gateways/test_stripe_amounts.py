import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.protocol import ProviderError
from gateways.stripe_amounts import (
    MAX_AMOUNT,
    fee_from_stripe,
    from_stripe,
    round_down_from_stripe,
    to_stripe,
)
from kernel.money import Rupiah

PAYMENTS = Path(__file__).parents[2] / "platform" / "payments"


def test_25_000_rupiah_are_2_500_000_for_stripe() -> None:
    assert to_stripe(Rupiah(25_000)) == 2_500_000
    assert from_stripe(2_500_000) == Rupiah(25_000)
    assert type(to_stripe(Rupiah(25_000))) is int


def test_the_largest_amount_has_the_twelve_digits_that_stripe_takes() -> None:
    assert len(str(to_stripe(MAX_AMOUNT))) == 12
    assert len(str(to_stripe(MAX_AMOUNT + 1))) == 13


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_rupiah_come_back_from_stripe_as_they_went(amount: int) -> None:
    assert from_stripe(to_stripe(Rupiah(amount))) == amount


@given(st.integers(min_value=-(10**12), max_value=10**12).filter(lambda hundredths: hundredths % 100))
def test_a_part_of_a_rupiah_is_refused_and_asking_again_does_not_help(hundredths: int) -> None:
    with pytest.raises(ProviderError, match="no whole number of rupiah") as refused:
        from_stripe(hundredths)
    assert not refused.value.transient


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_what_stripe_reckons_is_counted_against_us_by_less_than_a_rupiah(hundredths: int) -> None:
    assert 0 <= hundredths - round_down_from_stripe(hundredths) * 100 < 100
    assert 0 <= fee_from_stripe(hundredths) * 100 - hundredths < 100


def test_a_bare_number_is_not_sent_because_it_may_be_hundredths_already() -> None:
    with pytest.raises(TypeError, match="not of int"):
        to_stripe(25_000)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [None, "2500000", True])
def test_an_amount_that_is_no_number_is_refused(answer: object) -> None:
    for read in (from_stripe, round_down_from_stripe, fee_from_stripe):
        with pytest.raises(ProviderError, match="no whole number of hundredths"):
            read(answer)  # type: ignore[arg-type]


def test_no_other_file_of_the_way_by_stripe_multiplies_or_divides() -> None:
    """Whoever reckons with hundredths elsewhere would sooner or later do it twice (`/ 100` of the fee's
    percentage is no hundredth).
    """
    for path in PAYMENTS.glob("stripe_*.py"):
        if path.name == "stripe_amounts.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            reckons = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.FloorDiv)
            assert not reckons, f"{path.name}:{getattr(node, 'lineno', '?')} reckons"
