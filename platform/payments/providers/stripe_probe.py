"""Asks Stripe which ways of paying an account takes.

QRIS, GoPay and bank transfer are by invitation: they are never assumed.
"""

from collections.abc import Iterable
from typing import Any, Final

import stripe

from kernel.money import Rupiah
from payments.providers.stripe_amounts import CURRENCY, to_stripe
from payments.providers.stripe_answers import Session
from payments.providers.stripe_client import asked, read

METHODS: Final = ("card", "qris", "gopay", "id_bank_transfer")

_TRIED_AMOUNT: Final = Rupiah(50_000)
_NOWHERE: Final = "https://lumbung.invalid/"  # the session is closed before anybody could come back from it


async def methods_taken(client: stripe.StripeClient, methods: Iterable[str] = METHODS) -> dict[str, bool]:
    """Which of ``methods`` the account takes in rupiah: those that Stripe puts on the page of a session that
    names none.

    The session is shown to nobody and closed at once. Raises ProviderFault where Stripe cannot be asked, or
    lets the account take nothing.
    """
    price = {
        "currency": CURRENCY,
        "unit_amount": to_stripe(_TRIED_AMOUNT),
        "product_data": {"name": "Lumbung"},
    }
    params: Any = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": _NOWHERE,
        "cancel_url": _NOWHERE,
    }
    session = read(await asked(client.v1.checkout.sessions.create_async(params)), Session)
    await asked(client.v1.checkout.sessions.expire_async(session.id))
    return {method: method in session.payment_method_types for method in methods}
