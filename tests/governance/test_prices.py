"""Prices for members and for the public."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from governance.prices import get_member_price, get_public_price
from governance.rules import Bylaws
from governance.templates import DESA_MERAH_PUTIH, KONSUMEN
from kernel.money import Rupiah


def make_bylaws(discount: str = "0", markup: str = "0", unit: int = 1) -> Bylaws:
    prices = replace(
        KONSUMEN.prices,
        member_discount_percent=Decimal(discount),
        public_markup_percent=Decimal(markup),
        rounding_unit=unit,
    )
    return replace(KONSUMEN, prices=prices)


@pytest.mark.parametrize(
    ("price", "discount", "unit", "expected"),
    [
        (12_500, "2", 1, 12_250),
        (12_525, "2", 50, 12_250),
        (12_525, "2.5", 1, 12_211),
        (12_345, "0", 100, 12_345),
        (30, "2", 50, 29),
        (1, "50", 1, 1),
        (0, "2", 50, 0),
    ],
)
def test_a_member_pays_less_rounded_down(price: int, discount: str, unit: int, expected: int) -> None:
    paid = get_member_price(Rupiah(price), make_bylaws(discount=discount, unit=unit))
    assert (type(paid), paid) == (Rupiah, expected)


@pytest.mark.parametrize(
    ("price", "markup", "unit", "expected"),
    [
        (12_500, "2", 1, 12_750),
        (12_501, "2", 50, 12_800),
        (12_345, "0", 100, 12_345),
        (0, "5", 50, 0),
        (1, "0.5", 1, 2),
    ],
)
def test_the_public_pays_more_rounded_up(price: int, markup: str, unit: int, expected: int) -> None:
    paid = get_public_price(Rupiah(price), make_bylaws(markup=markup, unit=unit))
    assert (type(paid), paid) == (Rupiah, expected)


def test_the_templates_prices() -> None:
    assert (get_member_price(Rupiah(25_000), KONSUMEN), get_public_price(Rupiah(25_000), KONSUMEN)) == (
        24_500,
        25_000,
    )
    assert (
        get_member_price(Rupiah(24_990), DESA_MERAH_PUTIH),
        get_public_price(Rupiah(24_990), DESA_MERAH_PUTIH),
    ) == (
        24_990,
        24_990,
    )


percents = st.decimals(0, 99, places=2).map(str)


@given(st.integers(1, 10**10), percents, percents, st.sampled_from([1, 50, 100, 500, 1000]))
def test_a_member_never_pays_more_than_the_public(price: int, discount: str, markup: str, unit: int) -> None:
    rules = make_bylaws(discount, markup, unit)
    assert 1 <= get_member_price(Rupiah(price), rules) <= price <= get_public_price(Rupiah(price), rules)


@given(st.integers(1, 10**10), percents)
def test_a_promised_discount_is_kept_to_the_last_rupiah(price: int, discount: str) -> None:
    paid = get_member_price(Rupiah(price), make_bylaws(discount))
    assert paid == 1 or int(paid) * 100 <= price * (100 - Decimal(discount))
