"""Convert rupiah to Stripe's hundredths of a rupiah and back, for payments.

Stripe has no zero-decimal rupiah: Rp25.000 is ``2500000`` there (docs.stripe.com/currencies). Payments are
whole rupiah, so a remainder in an answer is an error and never rounded. Amounts that Stripe computes by a
percentage (its fee, a payout, its balance) may have a fraction: only those are rounded, by less than one
rupiah against us.
"""

from typing import Final

from gateways.protocol import ProviderError
from kernel.money import MAX_DIGITS, Rupiah

CURRENCY: Final = "idr"
MINOR_UNITS: Final = 100
# Twelve digits in hundredths: docs.stripe.com/currencies#minimum-and-maximum-charge-amounts.
MAX_AMOUNT: Final = Rupiah(9_999_999_999)


def to_stripe(amount: Rupiah) -> int:
    """Return hundredths of a rupiah, Stripe's unit.

    Raises TypeError for anything but Rupiah: a plain number may be hundredths already.
    """
    if not issubclass(type(amount), Rupiah):
        msg = f"Stripe is sent hundredths of Rupiah, not of {type(amount).__name__}"
        raise TypeError(msg)
    return int(amount) * MINOR_UNITS


def from_stripe(hundredths: int) -> Rupiah:
    """Return the whole rupiah of a paid or refunded amount.

    Raises a permanent ProviderError for a fraction of a rupiah.
    """
    rupiah, rest = divmod(_checked_amount(hundredths), MINOR_UNITS)
    if rest:
        message = f"Stripe tells {hundredths} hundredths of a rupiah, which is no whole number of rupiah"
        raise ProviderError(message, transient=False)
    return Rupiah(rupiah)


def round_down_from_stripe(hundredths: int) -> Rupiah:
    """Return whole rupiah of an amount that Stripe computed, rounded down."""
    return Rupiah(_checked_amount(hundredths) // MINOR_UNITS)


def fee_from_stripe(hundredths: int) -> Rupiah:
    """Return whole rupiah of Stripe's fee, rounded up, so that our balance is never above Stripe's."""
    return -round_down_from_stripe(-_checked_amount(hundredths))


def _checked_amount(hundredths: int) -> int:
    if type(hundredths) is not int or abs(hundredths) >= 10**MAX_DIGITS:
        message = f"Stripe tells an amount that is no whole number of hundredths: {type(hundredths).__name__}"
        raise ProviderError(message, transient=False)
    return hundredths
