"""Rupiah rejects floats, and its division loses nothing."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import DomainError
from kernel.money import MAX_AMOUNT, Rupiah

amounts = st.integers(min_value=-(10**15), max_value=10**15).map(Rupiah)
weights = st.dictionaries(
    st.text("abc123", min_size=1, max_size=3),
    st.one_of(
        st.integers(0, 10**9),
        st.decimals(0, 1000, places=2, allow_nan=False),
        st.fractions(0, 100, max_denominator=99),
    ),
    min_size=1,
    max_size=8,
).filter(lambda given: any(given.values()))


class TestConstruction:
    def test_whole_numbers_are_taken(self) -> None:
        assert Rupiah(12_500) == 12_500
        assert Rupiah(Decimal("12500.00")) == 12_500
        assert Rupiah(Rupiah(7)) == 7
        assert Rupiah() == 0

    @pytest.mark.parametrize("value", [12.5, 12.0, True, "12500", None, Fraction(1)])
    def test_other_types_are_refused(self, value: Any) -> None:
        with pytest.raises(TypeError, match="whole rupiah"):
            Rupiah(value)

    @pytest.mark.parametrize("value", ["12.5", "NaN", "Infinity"])
    def test_decimals_that_are_not_whole_are_refused(self, value: str) -> None:
        with pytest.raises(ValueError, match="not a whole number"):
            Rupiah(Decimal(value))


class TestArithmetic:
    @pytest.mark.parametrize(
        ("result", "expected"),
        [
            (Rupiah(5) + 3, 8),
            (3 + Rupiah(5), 8),
            (Rupiah(5) - 8, -3),
            (8 - Rupiah(5), 3),
            (Rupiah(5) * 3, 15),
            (3 * Rupiah(5), 15),
            (-Rupiah(5), -5),
            (+Rupiah(5), 5),
            (abs(Rupiah(-5)), 5),
            (sum([Rupiah(1), Rupiah(2)]), 3),
            (Rupiah.total([1, Rupiah(2)]), 3),
            (Rupiah.total([]), 0),
        ],
    )
    def test_stays_rupiah(self, result: Rupiah, expected: int) -> None:
        assert type(result) is Rupiah
        assert result == expected

    @pytest.mark.parametrize(
        "reckon",
        [
            lambda a: a + 1.0,
            lambda a: a - 1.0,
            lambda a: a * 1.5,
            lambda a: a * Decimal("1.5"),
            lambda a: a * a,
            lambda a: a + True,
            lambda a: a + Decimal(1),
            lambda a: a / 2,
            lambda a: 2 / a,
            lambda a: a // 2,
            lambda a: a % 2,
            lambda a: divmod(a, 2),
            lambda a: a**2,
            lambda a: Rupiah.total([a, 1.0]),  # type: ignore[list-item]
        ],
    )
    def test_with_anything_inexact_is_refused(self, reckon: Any) -> None:
        with pytest.raises(TypeError):
            reckon(Rupiah(5))

    def test_is_written_as_digits(self) -> None:
        assert (str(Rupiah(12_500)), f"{Rupiah(12_500)}", repr(Rupiah(12_500))) == (
            "12500",
            "12500",
            "Rupiah(12500)",
        )


class TestSplit:
    def test_the_odd_rupiah_goes_to_the_largest_remainder(self) -> None:
        assert Rupiah(10).split({"a": 1, "b": 2}) == {"a": 3, "b": 7}

    def test_a_tie_goes_to_the_lower_key(self) -> None:
        assert Rupiah(100).split({"c": 1, "b": 1, "a": 1}) == {"a": 34, "b": 33, "c": 33}
        assert Rupiah(5).split({10: 1, 9: 1}) == {9: 3, 10: 2}

    def test_a_negative_amount_mirrors_a_positive_one(self) -> None:
        assert Rupiah(-100).split({"c": 1, "b": 1, "a": 1}) == {"a": -34, "b": -33, "c": -33}

    def test_decimals_and_fractions_are_exact_weights(self) -> None:
        assert Rupiah(1000).split({"a": Decimal("97.5"), "b": Decimal("2.5")}) == {"a": 975, "b": 25}
        assert Rupiah(9).split({"a": Fraction(1, 3), "b": Fraction(2, 3)}) == {"a": 3, "b": 6}

    def test_the_result_keeps_the_order_of_the_weights(self) -> None:
        assert list(Rupiah(10).split({"b": 1, "a": 2})) == ["b", "a"]

    @pytest.mark.parametrize("by", [{}, {"a": 0}, {"a": Decimal(0), "b": 0}])
    def test_nothing_to_split_by_is_refused(self, by: dict[str, int]) -> None:
        with pytest.raises(ValueError, match="nothing to split by"):
            Rupiah(10).split(by)

    @pytest.mark.parametrize("by", [{"a": -1, "b": 2}, {"a": Decimal(-1), "b": 2}])
    def test_a_negative_weight_is_refused(self, by: dict[str, int]) -> None:
        with pytest.raises(ValueError, match="cannot be negative"):
            Rupiah(10).split(by)

    @pytest.mark.parametrize("weight", [0.5, True, "1"])
    def test_an_inexact_weight_is_refused(self, weight: Any) -> None:
        with pytest.raises(TypeError, match="a weight is"):
            Rupiah(10).split({"a": 1, "b": weight})

    @given(amounts, weights)
    def test_parts_sum_to_the_whole(self, amount: Rupiah, by: dict[str, Any]) -> None:
        parts = amount.split(by)
        assert sum(parts.values()) == amount
        assert all(type(part) is Rupiah for part in parts.values())

    @given(amounts, weights)
    def test_each_part_is_within_a_rupiah_of_the_exact_one(self, amount: Rupiah, by: dict[str, Any]) -> None:
        total = sum(Fraction(weight) for weight in by.values())
        for key, part in amount.split(by).items():
            assert abs(int(part) - int(amount) * Fraction(by[key]) / total) < 1

    @given(amounts, weights, st.randoms(use_true_random=False))
    def test_the_order_of_weights_changes_nothing(
        self, amount: Rupiah, by: dict[str, Any], random: Any
    ) -> None:
        items = list(by.items())
        random.shuffle(items)
        assert amount.split(by) == amount.split(dict(items))

    @given(amounts, weights)
    def test_a_heavier_weight_never_gets_less(self, amount: Rupiah, by: dict[str, Any]) -> None:
        parts = abs(amount).split(by)
        ranked = [parts[key] for key in sorted(by, key=lambda key: (by[key], parts[key]))]
        assert ranked == sorted(ranked)

    @given(amounts, weights, st.integers(2, 9))
    def test_only_proportions_matter(self, amount: Rupiah, by: dict[str, Any], factor: int) -> None:
        assert amount.split(by) == amount.split({key: weight * factor for key, weight in by.items()})


class TestTimes:
    @pytest.mark.parametrize(
        ("amount", "rate", "rounding", "unit", "expected"),
        [
            (12_500, Decimal("0.98"), "down", 1, 12_250),
            (12_525, Decimal("0.98"), "down", 50, 12_250),
            (12_525, Decimal("0.98"), "up", 50, 12_300),
            (12_525, Decimal("0.98"), "half_up", 50, 12_250),
            (5, Fraction(1, 2), "half_up", 1, 3),
            (5, Fraction(1, 2), "down", 1, 2),
            (-5, Fraction(1, 2), "half_up", 1, -3),
            (-5, Fraction(1, 2), "down", 1, -2),
            (5, -1, "up", 1, -5),
            (0, Fraction(1, 3), "up", 100, 0),
        ],
    )
    def test_rounds_as_told(self, amount: int, rate: Any, rounding: Any, unit: int, expected: int) -> None:
        product = Rupiah(amount).times(rate, rounding=rounding, unit=unit)
        assert type(product) is Rupiah
        assert product == expected

    def test_a_float_rate_is_refused(self) -> None:
        with pytest.raises(TypeError, match="a rate is"):
            Rupiah(5).times(0.5, rounding="down")  # type: ignore[arg-type]

    def test_a_unit_of_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="unit of rounding"):
            Rupiah(5).times(1, rounding="down", unit=0)


class TestParse:
    @pytest.mark.parametrize(
        ("text", "amount"),
        [
            ("12500", 12_500),
            ("12.500", 12_500),
            ("1.250.000", 1_250_000),
            ("Rp 12.500", 12_500),
            ("Rp12.500,00", 12_500),
            ("rp. 12.500", 12_500),
            ("  12.500,- ", 12_500),
            ("0", 0),
            ("Rp\u00a05.000", 5_000),
        ],
    )
    def test_reads_what_people_write(self, text: str, amount: int) -> None:
        assert Rupiah.parse(text) == amount

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "kernel.not_an_amount"),
            ("Rp", "kernel.not_an_amount"),
            ("dua ribu", "kernel.not_an_amount"),
            ("12.50", "kernel.not_an_amount"),
            ("1.5", "kernel.not_an_amount"),
            ("1234.567", "kernel.not_an_amount"),
            ("12 500", "kernel.not_an_amount"),
            ("1e3", "kernel.not_an_amount"),
            ("١٢", "kernel.not_an_amount"),
            ("12.500,50", "kernel.fraction_of_rupiah"),
            ("12,5", "kernel.fraction_of_rupiah"),
            ("-5", "kernel.negative_amount"),
            ("Rp -5.000", "kernel.negative_amount"),
            ("9" * 16, "kernel.amount_too_large"),
        ],
    )
    def test_refuses_what_is_not_clear(self, text: str, code: str) -> None:
        with pytest.raises(DomainError) as refused:
            Rupiah.parse(text)
        assert (refused.value.code, refused.value.status) == (code, 422)

    def test_below_zero_where_it_makes_sense(self) -> None:
        assert Rupiah.parse("-12.500", negative=True) == -12_500
        assert Rupiah.parse("-Rp12.500", negative=True) == -12_500

    def test_the_largest_amount_is_named_in_words(self) -> None:
        with pytest.raises(DomainError, match="At most Rp999,999,999,999,999"):
            Rupiah.parse(str(MAX_AMOUNT + 1))

    @given(st.integers(0, MAX_AMOUNT))
    def test_reads_back_what_we_write(self, amount: int) -> None:
        assert Rupiah.parse(Rupiah(amount).localize("id")) == amount
