"""Refunds at Stripe: once for each key of ours, without a time limit.

Stripe itself forgets an idempotency key after a day or more.
"""

from typing import Any, Final

import stripe

from gateways.protocol import ProviderError, RefundResult
from gateways.stripe_amounts import to_stripe
from gateways.stripe_client import StripeProviderError, call_stripe, parse_object
from gateways.stripe_objects import StripeCharge, StripePaymentIntent, StripeRefund
from gateways.stripe_sessions import list_refunds
from kernel.money import Rupiah

_LONGEST_REASON: Final = 500  # maximum length of a metadata value
_MAX_KEYS: Final = 4


async def create_refund(
    client: stripe.StripeClient,
    payment: StripePaymentIntent,
    amount: Rupiah,
    *,
    reference: str,
    key: str,
    reason: str,
) -> RefundResult:
    """Refund ``amount`` (rupiah) of a payment, or return the refund that ``key`` started before.

    Raises ProviderError.
    """
    if (begun := await _find_by_key(client, payment.id, key)) is not None:
        return to_refund_result(begun)
    params: dict[str, Any] = {
        "payment_intent": payment.id,
        "amount": to_stripe(amount),
        "reason": "requested_by_customer",
        "metadata": {"reference": reference, "key": key, "reason": reason[:_LONGEST_REASON]},
    }
    charge = payment.latest_charge
    if isinstance(charge, StripeCharge) and charge.application_fee is not None:
        # the platform's fee is refunded as well
        params["refund_application_fee"] = True
    for attempt in range(_MAX_KEYS):
        options: Any = {"idempotency_key": f"refund-{key}" if attempt == 0 else f"refund-{key}-{attempt}"}
        given: Any = params
        try:
            return to_refund_result(
                parse_object(await call_stripe(client.v1.refunds.create_async(given, options)), StripeRefund)
            )
        except StripeProviderError as fault:
            if fault.is_rejection:
                return RefundResult(status="failed", provider_reference="", detail=str(fault))
            if not (fault.replayed and fault.transient) or attempt == _MAX_KEYS - 1:
                raise
            # Stripe repeats a stored 500 for a day. Another key is safe only once Stripe lists no such
            # refund.
            if (begun := await _find_by_key(client, payment.id, key)) is not None:
                return to_refund_result(begun)
    raise AssertionError("the last attempt returns or raises")


async def find_refund(
    client: stripe.StripeClient, payment: StripePaymentIntent, refund_reference: str, key: str
) -> RefundResult:
    """Return the result of a refund, found by its id at Stripe or by our key.

    Raises a permanent ProviderError if there is none.
    """
    if refund_reference:
        return to_refund_result(
            parse_object(await call_stripe(client.v1.refunds.retrieve_async(refund_reference)), StripeRefund)
        )
    begun = await _find_by_key(client, payment.id, key)
    if begun is None:
        raise ProviderError("Stripe knows no such refund", transient=False)
    return to_refund_result(begun)


def to_refund_result(refund: StripeRefund) -> RefundResult:
    """Convert a refund. A new or unknown status counts as pending: only "succeeded" is done."""
    if refund.status == "succeeded":
        return RefundResult(status="done", provider_reference=refund.id)
    if refund.status in {"failed", "canceled"}:
        return RefundResult(
            status="failed", provider_reference=refund.id, detail=refund.failure_reason or refund.status
        )
    return RefundResult(status="pending", provider_reference=refund.id, detail=refund.status or "")


async def _find_by_key(client: stripe.StripeClient, payment_intent: str, key: str) -> StripeRefund | None:
    """Return the refund that was requested under our key, or None."""
    refunds = await list_refunds(client, payment_intent)
    return next((refund for refund in refunds if (refund.metadata or {}).get("key") == key), None)
