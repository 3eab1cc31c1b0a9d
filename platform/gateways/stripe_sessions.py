"""Checkout Sessions: created once per payment, retrieved with all related objects, and closed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
import stripe

from gateways.protocol import Intent, ProviderError, ProviderPaymentStatus, ProviderStatus
from gateways.stripe_amounts import CURRENCY, fee_from_stripe, from_stripe, to_stripe
from gateways.stripe_client import StripeProviderError, call_stripe, parse_object
from gateways.stripe_objects import (
    CheckoutSession,
    StripeBalanceTransaction,
    StripeCharge,
    StripePaymentIntent,
    StripeRefund,
)
from kernel.money import Rupiah

# The allowed lifetime of a session from its creation (docs.stripe.com/api/checkout/sessions/create,
# expires_at).
MIN_LIFETIME: Final = timedelta(minutes=30)
MAX_LIFETIME: Final = timedelta(hours=24)

_TRANSMISSION_MARGIN: Final = timedelta(minutes=1)
_EXPAND: Final = ["payment_intent.latest_charge.balance_transaction"]
_MAX_NAME_LENGTH: Final = 250
_MAX_KEYS: Final = 4
_PAGE_SIZE: Final = 100
_FAILED_STATUSES: Final = frozenset({"requires_payment_method", "canceled"})


async def open_session(
    client: stripe.StripeClient,
    intent: Intent,
    *,
    now: datetime,
    methods: tuple[str, ...] = (),
    application_fee: Rupiah | None = None,
) -> CheckoutSession:
    """Open the session of an intent, or return the one opened for its id before. Raises ProviderError."""
    params = _session_params(intent, methods, application_fee)
    conflict: StripeProviderError | None = None
    for expiry in _candidate_expiries(intent.expires_at, now):
        try:
            return await _create_session(client, params | expiry, f"pay-{intent.id}")
        except StripeProviderError as fault:
            if not fault.conflict:
                raise
            conflict = fault
    raise conflict or ProviderError("no expiry suits Stripe", transient=False)


async def find_session(client: stripe.StripeClient, provider_reference: str) -> CheckoutSession:
    """Retrieve a session with its payment intent, charge and balance transaction.

    ``provider_reference``: the session's id (cs_…) or its payment intent's (pi_…).
    """
    if provider_reference.startswith("pi_"):
        listed: Any = {"payment_intent": provider_reference, "limit": 1}
        found = await call_stripe(client.v1.checkout.sessions.list_async(listed))
        if not found.data:
            raise ProviderError("the payment at Stripe was not begun by a Checkout Session", transient=False)
        provider_reference = found.data[0].id
    if not provider_reference:
        raise ProviderError("no Checkout Session is known for this payment", transient=False)
    params: Any = {"expand": _EXPAND}
    return parse_object(
        await call_stripe(client.v1.checkout.sessions.retrieve_async(provider_reference, params)),
        CheckoutSession,
    )


async def close_session(client: stripe.StripeClient, provider_reference: str) -> None:
    """Close an open session; no effect on one that has ended."""
    try:
        await call_stripe(client.v1.checkout.sessions.expire_async(provider_reference))
    except StripeProviderError as fault:
        if not fault.is_rejection or (await find_session(client, provider_reference)).status == "open":
            raise


async def list_refunds(client: stripe.StripeClient, payment_intent: str) -> list[StripeRefund]:
    """Return every refund of a payment with any status, newest first."""
    listed: Any = {"payment_intent": payment_intent, "limit": _PAGE_SIZE}
    page = await call_stripe(client.v1.refunds.list_async(listed))
    refunds = [parse_object(each, StripeRefund) for each in page.data]
    while page.has_more:
        page = await call_stripe(page.next_page_async())
        refunds += [parse_object(each, StripeRefund) for each in page.data]
    return refunds


async def _list_dispute_ids(client: stripe.StripeClient, payment_intent: str) -> tuple[str, ...]:
    """Return the ids of a payment's disputes; none if the key may not read disputes."""
    listed: Any = {"payment_intent": payment_intent, "limit": _PAGE_SIZE}
    try:
        page = await call_stripe(client.v1.disputes.list_async(listed))
    except StripeProviderError as fault:
        if fault.transient:
            raise
        return ()
    return tuple(sorted(each.id for each in page.data))


async def to_provider_status(client: stripe.StripeClient, session: CheckoutSession) -> ProviderStatus:
    """Return the provider status of a session.

    Raises a permanent ProviderError for another currency or a fraction of a rupiah.
    """
    _check_currency(session.currency)
    payment = payment_intent_of(session)
    charge = (
        payment.latest_charge
        if payment is not None and isinstance(payment.latest_charge, StripeCharge)
        else None
    )
    state = _payment_status(session, payment)
    status = ProviderStatus(
        payment_status=state,
        processing=state == "awaiting" and session.status == "complete",
        reference=session.client_reference_id or "",
        provider_reference=session.id,
        disputed=charge is not None and charge.disputed,
        detail=_method_type(charge),
    )
    if status.payment_status != "paid" or payment is None:
        return status
    _check_currency(payment.currency)
    movement = charge.balance_transaction if charge is not None else None
    return msgspec.structs.replace(
        status,
        amount=_received_amount(session, payment),
        fee=_fee(movement),
        refunded=await _sum_refunded(client, payment.id, charge),
        dispute_ids=await _list_dispute_ids(client, payment.id) if status.disputed else (),
        paid_at=_paid_at(charge, movement),
    )


def payment_intent_of(session: CheckoutSession) -> StripePaymentIntent | None:
    """Return the payment intent; None before the buyer starts to pay, unless Stripe created it earlier."""
    return session.payment_intent if isinstance(session.payment_intent, StripePaymentIntent) else None


async def _create_session(
    client: stripe.StripeClient, params: Mapping[str, Any], key: str
) -> CheckoutSession:
    """Create a session under our idempotency key.

    Stripe repeats its stored answer to a key for a day, even a 500, so the next key is tried then. That may
    open a second session; it is harmless, because we never received the URL of the first.
    """
    for attempt in range(_MAX_KEYS):
        given: Any = params
        options: Any = {"idempotency_key": key if attempt == 0 else f"{key}-{attempt}"}
        try:
            return parse_object(
                await call_stripe(client.v1.checkout.sessions.create_async(given, options)), CheckoutSession
            )
        except StripeProviderError as fault:
            if not (fault.replayed and fault.transient) or attempt == _MAX_KEYS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _session_params(
    intent: Intent, methods: tuple[str, ...], application_fee: Rupiah | None
) -> dict[str, Any]:
    """Return the request, built from the intent alone: the same key needs the same request."""
    metadata = {"reference": intent.reference}
    name = intent.description[:_MAX_NAME_LENGTH] or intent.reference
    payment: dict[str, Any] = {"description": name, "metadata": metadata}
    if application_fee:
        payment["application_fee_amount"] = to_stripe(application_fee)
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": CURRENCY,
                    "unit_amount": to_stripe(intent.amount),
                    "product_data": {"name": name},
                },
            }
        ],
        "client_reference_id": intent.reference,
        "metadata": metadata,
        "payment_intent_data": payment,
        "success_url": build_return_url(intent.return_url, "selesai"),
        "cancel_url": build_return_url(intent.return_url, "batal"),
        # otherwise Stripe may offer a buyer abroad another currency
        "adaptive_pricing": {"enabled": False},
    }
    if methods:
        params["allowed_payment_method_types"] = list(methods)
    return params


def build_return_url(address: str, outcome: str) -> str:
    """Return the payment page's URL with the outcome that Stripe's page reports.

    The real status is always fetched from Stripe.
    """
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode({"hasil": outcome})) if part)
    return urlunsplit(parts._replace(query=query))


def _candidate_expiries(expires_at: datetime | None, now: datetime) -> Iterator[dict[str, int]]:
    """Yield expiries to try: as requested, else the nearest allowed one that does not depend on ``now``.

    A repeated request must be identical or Stripe rejects the key, while the allowed range depends on the
    time. So each candidate is built from the intent alone, and where the first request used another
    candidate, the next one matches it.
    """
    if expires_at is None:
        yield {}
        return
    left = expires_at - now
    asked_for = {"expires_at": int(expires_at.timestamp())}
    later = {"expires_at": int((expires_at + MIN_LIFETIME + _TRANSMISSION_MARGIN).timestamp())}
    if left >= MAX_LIFETIME:
        yield {}  # Stripe's default of 24 hours
        yield asked_for
    elif left >= MIN_LIFETIME + _TRANSMISSION_MARGIN:
        yield asked_for
        yield {}
    else:
        yield later
        yield asked_for


def _check_currency(currency: str | None) -> None:
    if (currency or "").lower() != CURRENCY:
        message = (
            f"the payment at Stripe is in {(currency or 'no currency').upper()}, and was asked for in IDR"
        )
        raise ProviderError(message, transient=False)


def _payment_status(session: CheckoutSession, payment: StripePaymentIntent | None) -> ProviderPaymentStatus:
    """Return the status; a complete session is not paid: a transfer may be pending, and may fail."""
    if session.status == "expired":
        return "expired"
    if session.status != "complete":
        return "awaiting"
    if session.payment_status == "paid":
        return "paid"
    return "failed" if payment is not None and payment.status in _FAILED_STATUSES else "awaiting"


def _received_amount(session: CheckoutSession, payment: StripePaymentIntent) -> Rupiah:
    """Return the received amount.

    Session and payment intent both contain it; if they differ, an error is raised.
    """
    received = from_stripe(payment.amount_received)
    if session.amount_total is None or from_stripe(session.amount_total) != received:
        raise ProviderError(
            "Stripe tells one sum for the Checkout Session and another for what was received", transient=False
        )
    return received


async def _sum_refunded(
    client: stripe.StripeClient, payment_intent: str, charge: StripeCharge | None
) -> Rupiah:
    """Return the refunded amount.

    The charge's total includes pending refunds, so if it is not zero the refunds are listed and added up.
    """
    if charge is None or charge.amount_refunded == 0:
        return Rupiah(0)
    refunds = await list_refunds(client, payment_intent)
    return Rupiah.total(from_stripe(refund.amount) for refund in refunds if refund.status == "succeeded")


def _fee(movement: StripeBalanceTransaction | str | None) -> Rupiah | None:
    """Return the fee; None until Stripe has booked it, and for an account in another currency."""
    if not isinstance(movement, StripeBalanceTransaction) or movement.currency != CURRENCY:
        return None
    return fee_from_stripe(movement.fee)


def _paid_at(charge: StripeCharge | None, movement: StripeBalanceTransaction | str | None) -> datetime | None:
    """Return when the money arrived: the balance transaction's time if there is one, else the charge's."""
    if isinstance(movement, StripeBalanceTransaction):
        return datetime.fromtimestamp(movement.created, UTC)
    return datetime.fromtimestamp(charge.created, UTC) if charge is not None else None


def _method_type(charge: StripeCharge | None) -> str:
    method = (charge.payment_method_details or {}).get("type") if charge is not None else None
    return method if isinstance(method, str) else ""
