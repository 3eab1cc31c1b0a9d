"""What a member and what the public pays for a product, from its price and the bylaws.

Exact until the last step, which rounds to the bylaws' unit: a member's price down, the public price up, so
that rounding never costs the buyer a promised discount nor the cooperative a decided markup. A rule of 0
percent leaves the price as it is, not even rounded, and what would be rounded away altogether stays at whole
rupiah.
"""

from decimal import Decimal
from fractions import Fraction

from governance.rules import Bylaws
from kernel.money import Rupiah


def get_member_price(price: Rupiah, bylaws: Bylaws) -> Rupiah:
    """The price less the members' discount, rounded down to the unit; at least Rp1 for anything that has a
    price.

    A price so small that rounding to the unit would leave nothing is rounded down to whole rupiah instead.
    """
    discount = bylaws.prices.member_discount_percent
    if discount == 0 or price <= 0:
        return price
    rate = _percent(100 - discount)
    rounded = price.times(rate, rounding="down", unit=bylaws.prices.rounding_unit)
    return max(rounded or price.times(rate, rounding="down"), Rupiah(1))


def get_public_price(price: Rupiah, bylaws: Bylaws) -> Rupiah:
    """The price plus the public markup, rounded up to the unit."""
    markup = bylaws.prices.public_markup_percent
    if markup == 0 or price <= 0:
        return price
    return price.times(_percent(100 + markup), rounding="up", unit=bylaws.prices.rounding_unit)


def _percent(value: Decimal) -> Fraction:
    return Fraction(value) / 100
