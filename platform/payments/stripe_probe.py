"""Asks Stripe which ways of paying an account takes. QRIS, GoPay and bank transfer are by invitation: they are never assumed."""

from collections.abc import Iterable
from typing import Any, Final

import stripe

from kernel.money import Rupiah
from payments.stripe_amounts import CURRENCY, to_stripe
from payments.stripe_client import StripeFault, asked

METHODS: Final = ("card", "qris", "gopay", "id_bank_transfer")

_TRIED_AMOUNT: Final = Rupiah(50_000)
_NOWHERE: Final = "https://lumbung.invalid/"  # the session is closed before anybody could come back from it
_PARAM: Final = "payment_method_types"


async def methods_taken(client: stripe.StripeClient, methods: Iterable[str] = METHODS) -> dict[str, bool]:
    """Which of ``methods`` the account takes in rupiah. Opens a session with each, shows it to nobody, and closes it at once.

    Raises ProviderFault where Stripe cannot be asked, or refuses for another reason than the method.
    """
    return {method: await _takes(client, method) for method in methods}


async def _takes(client: stripe.StripeClient, method: str) -> bool:
    params: Any = {
        "mode": "payment",
        _PARAM: [method],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": CURRENCY,
                    "unit_amount": to_stripe(_TRIED_AMOUNT),
                    "product_data": {"name": method},
                },
            }
        ],
        "success_url": _NOWHERE,
        "cancel_url": _NOWHERE,
    }
    try:
        session = await asked(client.v1.checkout.sessions.create_async(params))
    except StripeFault as fault:
        if fault.refused and fault.param.partition("[")[0] == _PARAM:
            return False
        raise
    await asked(client.v1.checkout.sessions.expire_async(session.id))
    return True
