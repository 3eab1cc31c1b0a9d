"""The prices that members and the public pay, from a product's price and the bylaws.

The calculation is exact until the last step, which rounds to the bylaws' unit: a member's price down and the
public price up. So rounding never reduces a member's discount or the cooperative's markup. A rule of 0
percent leaves the price unchanged, without rounding. A member's price that would be rounded to zero is
rounded to whole rupiah instead.
"""

from decimal import Decimal
from fractions import Fraction

from governance.rules import Bylaws
from kernel.money import Rupiah


def get_member_price(price: Rupiah, bylaws: Bylaws) -> Rupiah:
    """Return the price less the members' discount, rounded down to the bylaws' unit.

    A price so small that this leaves nothing is rounded down to whole rupiah instead, to at least Rp1.
    """
    discount = bylaws.prices.member_discount_percent
    if discount == 0 or price <= 0:
        return price
    rate = _to_fraction(100 - discount)
    rounded = price.times(rate, rounding="down", unit=bylaws.prices.rounding_unit)
    return max(rounded or price.times(rate, rounding="down"), Rupiah(1))


def get_public_price(price: Rupiah, bylaws: Bylaws) -> Rupiah:
    """Return the price plus the public markup, rounded up to the bylaws' unit."""
    markup = bylaws.prices.public_markup_percent
    if markup == 0 or price <= 0:
        return price
    return price.times(_to_fraction(100 + markup), rounding="up", unit=bylaws.prices.rounding_unit)


def _to_fraction(value: Decimal) -> Fraction:
    return Fraction(value) / 100
