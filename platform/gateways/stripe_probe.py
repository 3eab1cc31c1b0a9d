"""Find out which payment methods a Stripe account accepts.

QRIS, GoPay and bank transfer are by invitation, so they are never assumed.
"""

from collections.abc import Iterable
from typing import Any, Final

import stripe

from gateways.stripe_amounts import CURRENCY, to_stripe
from gateways.stripe_client import call_stripe, parse_object
from gateways.stripe_objects import CheckoutSession
from kernel.money import Rupiah

PROBED_METHODS: Final = ("card", "qris", "gopay", "id_bank_transfer")

_PROBE_AMOUNT: Final = Rupiah(50_000)
_UNUSED_URL: Final = "https://lumbung.invalid/"  # the session is closed before anybody could return from it


async def probe_methods(
    client: stripe.StripeClient, methods: Iterable[str] = PROBED_METHODS
) -> dict[str, bool]:
    """Return which of ``methods`` the account accepts in rupiah, as Stripe offers them in a test session.

    No buyer sees the session, and it is closed at once. Raises ProviderError if Stripe cannot be reached, or
    the account accepts nothing.
    """
    price = {
        "currency": CURRENCY,
        "unit_amount": to_stripe(_PROBE_AMOUNT),
        "product_data": {"name": "Lumbung"},
    }
    params: Any = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": _UNUSED_URL,
        "cancel_url": _UNUSED_URL,
    }
    session = parse_object(
        await call_stripe(client.v1.checkout.sessions.create_async(params)), CheckoutSession
    )
    await call_stripe(client.v1.checkout.sessions.expire_async(session.id))
    return {method: method in session.payment_method_types for method in methods}
