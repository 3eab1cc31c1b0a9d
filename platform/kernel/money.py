"""Rupiah: amounts of money as whole numbers, protected from floats and from losses by division.

Indonesian rupiah have no smaller coin in use, so an amount is a whole number. A rate is a Decimal or a
Fraction. Division is either `split`, whose parts always sum to the whole, or `times`, which has an explicit
rounding mode. (In `1.5 + rupiah` Python asks the float first, so that sum is a float; Rupiah and the columns
then refuse it.)
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any, Final, Literal, NoReturn, Self, TypeVar, cast

from kernel import formats
from kernel.errors import ErrorType
from kernel.formats import Lang

K = TypeVar("K")
Weight = int | Decimal | Fraction
Rounding = Literal["down", "half_up", "up"]

# Below the limit of BIGINT and far above any cooperative's amounts: almost one quadrillion rupiah.
MAX_AMOUNT: Final = 999_999_999_999_999
MAX_DIGITS: Final = 18  # a text with more digits is refused before it is converted

NOT_AN_AMOUNT = ErrorType(
    "kernel.not_an_amount",
    422,
    "“{text}” bukan jumlah rupiah. Tulis seperti 12.500 atau 12500.",
)
FRACTION_OF_RUPIAH = ErrorType(
    "kernel.fraction_of_rupiah",
    422,
    "“{text}” memuat pecahan rupiah. Tulis rupiah bulat.",
)
NEGATIVE_AMOUNT = ErrorType(
    "kernel.negative_amount",
    422,
    "Jumlah tidak boleh kurang dari nol: “{text}”.",
)
AMOUNT_TOO_LARGE = ErrorType(
    "kernel.amount_too_large",
    422,
    "“{text}” terlalu besar. Paling banyak {largest}.",
)

_AMOUNT_PATTERN: Final = re.compile(
    r"(?P<minus>[-\u2212])?\s*(?:rp\.?)?\s*(?P<minus_inside>[-\u2212])?"
    r"(?P<whole>[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,(?P<fraction>[0-9]+|-|\u2013))?",
    re.IGNORECASE,
)


class Rupiah(int):
    """A whole number of rupiah, for example `Rupiah(12500)`.

    Raises TypeError for float, bool and text, ValueError for fractions.
    """

    __slots__ = ()

    def __new__(cls, amount: int | Decimal = 0) -> Self:
        if type(amount) is int or isinstance(amount, Rupiah):
            return int.__new__(cls, amount)
        if isinstance(amount, bool | float) or not isinstance(amount, int | Decimal):
            raise TypeError(f"money is whole rupiah in an int, not {type(amount).__name__}: {amount!r}")
        if isinstance(amount, Decimal) and (not amount.is_finite() or amount != amount.to_integral_value()):
            raise ValueError(f"{amount} is not a whole number of rupiah")
        return int.__new__(cls, int(amount))

    @classmethod
    def parse(cls, text: str, *, negative: bool = False) -> Self:
        """Parse an amount that a person typed: "12.500", "12500", "Rp 12.500", "Rp12.500,00", "12.500,-".

        Raises DomainError (422) for any other text, for a fraction, and for a negative amount unless
        `negative`.
        """
        typed = _AMOUNT_PATTERN.fullmatch(text.strip())
        if typed is None:
            raise NOT_AN_AMOUNT(text=formats.truncate(text))
        if (typed["fraction"] or "").strip("0-\u2013"):
            raise FRACTION_OF_RUPIAH(text=formats.truncate(text))
        digits = typed["whole"].replace(".", "")
        if len(digits) > MAX_DIGITS or (amount := int(digits)) > MAX_AMOUNT:
            raise AMOUNT_TOO_LARGE(text=formats.truncate(text), largest=Rupiah(MAX_AMOUNT))
        if typed["minus"] or typed["minus_inside"]:
            if not negative:
                raise NEGATIVE_AMOUNT(text=formats.truncate(text))
            amount = -amount
        return cls(amount)

    def require_in_range(self, *, field: str = "") -> Self:
        """Return the amount; raise kernel.amount_too_large (422) for one beyond `MAX_AMOUNT`.

        A product of two valid amounts may be that large. `field` is the form field that shows the error.
        """
        if not -MAX_AMOUNT <= self <= MAX_AMOUNT:
            raise AMOUNT_TOO_LARGE(text=formats.rupiah(int(self)), largest=Rupiah(MAX_AMOUNT), field=field)
        return self

    @classmethod
    def total(cls, amounts: Iterable[int]) -> Self:
        """Return the sum of the amounts as Rupiah; Rp0 when there are none."""
        return cls(sum(map(_require_int, amounts)))

    def split(self, weights: Mapping[K, Weight]) -> dict[K, "Rupiah"]:
        """Divide the amount by weights, by the largest-remainder method; the parts sum to the whole.

        Ties go to the lower key; a negative amount gives the negated parts of the positive one. Weights are
        ints, Decimals or Fractions, none negative and not all zero (ValueError); keys must be comparable. The
        result is in the order of `weights`, but its values do not depend on that order.
        """
        scaled = _integer_weights(weights)
        total = sum(scaled.values())
        if total == 0:
            raise ValueError("nothing to split by: every weight is zero")
        whole = abs(int(self))
        parts: dict[K, int] = {}
        remainders: dict[K, int] = {}
        for key, weight in scaled.items():
            parts[key], remainders[key] = divmod(whole * weight, total)
        left = whole - sum(parts.values())
        if left:
            for key in _largest_keys(remainders, left):
                parts[key] += 1
        if self < 0:
            return {key: _unchecked(-part) for key, part in parts.items()}
        return {key: _unchecked(part) for key, part in parts.items()}

    def times(self, rate: Weight, *, rounding: Rounding, unit: int = 1) -> "Rupiah":
        """Return the amount times an exact rate, rounded to a multiple of `unit` rupiah.

        "down" rounds toward zero, "up" away from zero.
        """
        if isinstance(rate, bool | float) or not isinstance(rate, int | Decimal | Fraction):
            raise TypeError(f"a rate is a Decimal or a Fraction, not {type(rate).__name__}")
        if unit < 1:
            raise ValueError(f"the unit of rounding is a positive number of rupiah, not {unit}")
        exact = abs(int(self) * Fraction(rate)) / unit
        units, rest = divmod(exact.numerator, exact.denominator)
        if rest and (rounding == "up" or (rounding == "half_up" and 2 * rest >= exact.denominator)):
            units += 1
        below_zero = (self < 0) != (rate < 0)
        return Rupiah(-units * unit if below_zero else units * unit)

    def localize(self, lang: Lang) -> str:
        """Return the amount as text in a language: "Rp12.500"."""
        return formats.rupiah(self, lang)

    def __repr__(self) -> str:
        return f"Rupiah({int(self)})"

    def __str__(self) -> str:
        return int.__repr__(self)

    def __add__(self, other: int) -> "Rupiah":
        return _unchecked(int.__add__(self, _require_int(other)))

    def __radd__(self, other: int) -> "Rupiah":
        return _unchecked(int.__add__(self, _require_int(other)))

    def __sub__(self, other: int) -> "Rupiah":
        return _unchecked(int.__sub__(self, _require_int(other)))

    def __rsub__(self, other: int) -> "Rupiah":
        return _unchecked(int.__sub__(_require_int(other), int(self)))

    def __mul__(self, other: int) -> "Rupiah":
        if isinstance(other, Rupiah):
            raise TypeError("money times money is not money")
        return _unchecked(int.__mul__(self, _require_int(other)))

    def __rmul__(self, other: int) -> "Rupiah":
        return self * other

    def __neg__(self) -> "Rupiah":
        return _unchecked(int.__neg__(self))

    def __pos__(self) -> "Rupiah":
        return self

    def __abs__(self) -> "Rupiah":
        return _unchecked(int.__abs__(self))

    def __truediv__(self, other: Any) -> NoReturn:
        raise TypeError("rupiah are not divided: use split(weights), or times(rate, rounding=…)")

    __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __truediv__
    __pow__ = __truediv__  # type: ignore[assignment]  # a power of money has no meaning


def _unchecked(amount: int) -> Rupiah:
    """Return a Rupiah without the checks of the constructor, for a number known to be whole.

    It takes half the time, which counts in loops over all members.
    """
    return int.__new__(Rupiah, amount)


def _largest_keys(remainders: Mapping[K, int], count: int) -> list[K]:
    """Return the keys of the `count` largest remainders; ties go to the lower key.

    Keys are sorted only where remainders tie, which is faster than sorting all.
    """
    last = sorted(remainders.values(), reverse=True)[count - 1]
    above = [key for key, remainder in remainders.items() if remainder > last]
    tied = sorted(cast("Any", [key for key, remainder in remainders.items() if remainder == last]))
    return above + tied[: count - len(above)]


def _require_int(other: object) -> int:
    if type(other) is int or type(other) is Rupiah:
        return int(other)
    if isinstance(other, int) and not isinstance(other, bool):
        return int(other)
    raise TypeError(f"rupiah only calculate with whole numbers, not with {type(other).__name__}: {other!r}")


def _integer_weights(weights: Mapping[K, Weight]) -> dict[K, int]:
    """Return whole numbers in the same proportions as the weights."""
    if all(type(weight) is int for weight in weights.values()):
        if weights and min(weights.values()) < 0:
            raise ValueError(f"a weight cannot be negative: {min(weights.values())}")
        return cast("dict[K, int]", dict(weights))
    exact: dict[K, int | Fraction] = {}
    denominator = 1
    for key, weight in weights.items():
        if isinstance(weight, bool | float) or not isinstance(weight, int | Decimal | Fraction):
            raise TypeError(
                f"a weight is an int, a Decimal or a Fraction, not {type(weight).__name__}: {weight!r}"
            )
        if weight < 0:
            raise ValueError(f"a weight cannot be negative: {weight}")
        if isinstance(weight, int):
            exact[key] = int(weight)
        else:
            fraction = Fraction(weight)
            exact[key] = fraction
            denominator = lcm(denominator, fraction.denominator)
    return {key: int(weight * denominator) for key, weight in exact.items()}


def enc_hook(value: Any) -> Any:
    """Encode a Rupiah for msgspec as an int. Raises NotImplementedError for any other type."""
    if isinstance(value, Rupiah):
        return int(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def dec_hook(wanted: type, value: Any) -> Any:
    """Decode a Rupiah for msgspec from an int.

    Raises TypeError for a wrong value, which msgspec reports with the path of the field, and
    NotImplementedError for any other type.
    """
    if wanted is Rupiah:
        return Rupiah(value)
    raise NotImplementedError(f"{wanted.__name__} has no JSON form")
