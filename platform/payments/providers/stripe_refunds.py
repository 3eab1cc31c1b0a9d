"""Refunds at Stripe: once per key of ours, for ever.

Stripe itself forgets an idempotency key after a day or more.
"""

from typing import Any, Final

import stripe

from kernel.money import Rupiah
from payments.provider import ProviderFault, Refunded
from payments.providers.stripe_amounts import to_stripe
from payments.providers.stripe_answers import Charge, PaymentIntent, Refund
from payments.providers.stripe_client import StripeFault, asked, read
from payments.providers.stripe_sessions import refunds_of

_LONGEST_REASON: Final = 500  # of a metadata value
_KEYS: Final = 4


async def give_back(
    client: stripe.StripeClient,
    payment: PaymentIntent,
    amount: Rupiah,
    *,
    reference: str,
    key: str,
    reason: str,
) -> Refunded:
    """Refund ``amount`` of a payment, or tell what became of the refund that ``key`` began.

    Raises ProviderFault.
    """
    if (begun := await _begun(client, payment.id, key)) is not None:
        return refunded(begun)
    params: dict[str, Any] = {
        "payment_intent": payment.id,
        "amount": to_stripe(amount),
        "reason": "requested_by_customer",
        "metadata": {"reference": reference, "key": key, "reason": reason[:_LONGEST_REASON]},
    }
    charge = payment.latest_charge
    if isinstance(charge, Charge) and charge.application_fee is not None:
        # the platform keeps nothing of what the cooperative gives back
        params["refund_application_fee"] = True
    for attempt in range(_KEYS):
        options: Any = {"idempotency_key": f"refund-{key}" if attempt == 0 else f"refund-{key}-{attempt}"}
        given: Any = params
        try:
            return refunded(read(await asked(client.v1.refunds.create_async(given, options)), Refund))
        except StripeFault as fault:
            if fault.refused:
                return Refunded(state="failed", provider_reference="", detail=str(fault))
            if not (fault.replayed and fault.passing) or attempt == _KEYS - 1:
                raise
            # A stored 500 is repeated to the same key for a day. Another key is safe only once Stripe itself
            # says that nothing went back.
            if (begun := await _begun(client, payment.id, key)) is not None:
                return refunded(begun)
    raise AssertionError("the last attempt returns or raises")


async def find_refund(
    client: stripe.StripeClient, payment: PaymentIntent, refund_reference: str, key: str
) -> Refunded:
    """Tell what became of a refund, by its id at Stripe or by our key.

    Raises ProviderFault (not passing) where there is none.
    """
    if refund_reference:
        return refunded(read(await asked(client.v1.refunds.retrieve_async(refund_reference)), Refund))
    begun = await _begun(client, payment.id, key)
    if begun is None:
        raise ProviderFault("Stripe knows no such refund", passing=False)
    return refunded(begun)


def refunded(refund: Refund) -> Refunded:
    """Read a refund. A new or unknown state counts as pending: only what succeeded is done."""
    if refund.status == "succeeded":
        return Refunded(state="done", provider_reference=refund.id)
    if refund.status in {"failed", "canceled"}:
        return Refunded(
            state="failed", provider_reference=refund.id, detail=refund.failure_reason or refund.status
        )
    return Refunded(state="pending", provider_reference=refund.id, detail=refund.status or "")


async def _begun(client: stripe.StripeClient, payment_intent: str, key: str) -> Refund | None:
    refunds = await refunds_of(client, payment_intent)
    return next((refund for refund in refunds if (refund.metadata or {}).get("key") == key), None)
