"""The one place where rupiah become Stripe's hundredths of a rupiah, and hundredths become rupiah again.

Stripe has no zero-decimal rupiah: Rp25.000 is ``2500000`` there (docs.stripe.com/currencies). What a member
pays is whole rupiah, so a remainder on the way back means that somebody reckoned otherwise than we do: it is
refused, never rounded. What Stripe reckons itself by a percentage (its fee, a payout, its balance) may end
within a rupiah: there, and only there, less than one rupiah goes against us.
"""

from typing import Final

from gateways.protocol import ProviderError
from kernel.money import MAX_DIGITS, Rupiah

CURRENCY: Final = "idr"
MINOR_UNITS: Final = 100
# Twelve digits in hundredths: docs.stripe.com/currencies#minimum-and-maximum-charge-amounts.
MAX_AMOUNT: Final = Rupiah(9_999_999_999)


def to_stripe(amount: Rupiah) -> int:
    """Hundredths of a rupiah, as Stripe counts them.

    Raises TypeError for anything but Rupiah: a bare number may be hundredths already.
    """
    if not issubclass(type(amount), Rupiah):
        msg = f"Stripe is sent hundredths of Rupiah, not of {type(amount).__name__}"
        raise TypeError(msg)
    return int(amount) * MINOR_UNITS


def from_stripe(hundredths: int) -> Rupiah:
    """Whole rupiah of what was paid or refunded.

    Raises ProviderError (not passing) for a part of a rupiah.
    """
    rupiah, rest = divmod(_checked_amount(hundredths), MINOR_UNITS)
    if rest:
        message = f"Stripe tells {hundredths} hundredths of a rupiah, which is no whole number of rupiah"
        raise ProviderError(message, transient=False)
    return Rupiah(rupiah)


def round_down_from_stripe(hundredths: int) -> Rupiah:
    """Whole rupiah that are surely ours, of a sum that Stripe reckoned: a part of a rupiah is left out (and
    added to what we owe).
    """
    return Rupiah(_checked_amount(hundredths) // MINOR_UNITS)


def fee_from_stripe(hundredths: int) -> Rupiah:
    """Whole rupiah that Stripe kept: a part of a rupiah counts as one, so that what is left is never more
    than what Stripe has.
    """
    return -round_down_from_stripe(-_checked_amount(hundredths))


def _checked_amount(hundredths: int) -> int:
    if type(hundredths) is not int or abs(hundredths) >= 10**MAX_DIGITS:
        message = f"Stripe tells an amount that is no whole number of hundredths: {type(hundredths).__name__}"
        raise ProviderError(message, transient=False)
    return hundredths
