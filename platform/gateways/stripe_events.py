"""Verify Stripe webhooks by their signature and extract what to fetch from Stripe."""

import functools
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from gateways.protocol import WebhookEvent, WebhookVerificationError

TOLERANCE: Final = timedelta(seconds=300)

_SIGNATURE: Final = "stripe-signature"
_PAYMENT_EVENT_TYPES: Final = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "charge.refunded",
        "charge.updated",  # sent some seconds after the payment, when the fee is known
        "charge.refund.updated",
        "refund.created",
        "refund.updated",
        "refund.failed",
    }
)
_DISPUTE: Final = "charge.dispute."
_PAYOUT: Final = "payout."
_LONGEST_MOMENT: Final = 12


class _EventObject(msgspec.Struct, frozen=True):
    """The object of an event.

    A dispute and a refund name the payment intent; a session contains our reference and its own id.
    """

    object: str
    id: str | None = None
    client_reference_id: str | None = None
    metadata: dict[str, str] | None = None
    payment_intent: dict[str, Any] | str | None = None


class _EventData(msgspec.Struct, frozen=True):
    object: _EventObject


class _EventBody(msgspec.Struct, frozen=True):
    id: str
    type: str
    livemode: bool
    data: _EventData
    account: str | None = None


def verify_event(
    headers: Mapping[str, str], body: bytes, *, secret: str, live: bool, account: str | None, now: datetime
) -> WebhookEvent:
    """Verify and parse a webhook.

    Raises WebhookVerificationError unless Stripe signed it for this endpoint within five minutes of ``now``.

    ``account``: the connected account that the event must name; None for a cooperative's own keys, where it
    must name none. ``live`` must equal the event's: a live endpoint also receives test events
    (docs.stripe.com/connect/webhooks).
    """
    signed_at = _check_signature(headers.get(_SIGNATURE), body, secret)
    if not _is_recent(signed_at, now):
        msg = "the signature is older than five minutes"
        raise WebhookVerificationError(msg)
    try:
        message = msgspec.json.decode(body, type=_EventBody)
    except (msgspec.DecodeError, UnicodeDecodeError):
        msg = "the message is not an event"
        raise WebhookVerificationError(msg) from None
    if message.account != account:
        msg = "the event is another account's"
        raise WebhookVerificationError(msg)
    if message.livemode is not live:
        msg = "the event is of test money at a live cooperative, or the other way round"
        raise WebhookVerificationError(msg)
    return _to_webhook_event(message)


def _check_signature(header: str | None, body: bytes, secret: str) -> int:
    """Return the signing time if a v1 signature of the header is valid, else raise.

    A signature is HMAC-SHA256 of the time, a dot and the body, with the secret. The package has the same
    check (a test compares both), but it is slower than all the rest of processing an event.
    """
    moments: list[str] = []
    signatures: list[str] = []
    for part in (header or "").split(","):
        name, _, value = part.partition("=")
        if name == "v1":
            signatures.append(value)
        elif name == "t":
            moments.append(value)
    moment = moments[0] if moments else ""  # the first timestamp counts, even an empty one, as in the package
    if secret.strip() and moment.isascii() and moment.isdecimal() and len(moment) <= _LONGEST_MOMENT:
        signing = _hmac_for(secret).copy()
        signing.update(moment.encode() + b"." + body)
        expected = signing.hexdigest().encode()
        for signature in signatures:
            if hmac.compare_digest(expected, signature.encode()):
                return int(moment)
    msg = "the signature is not Stripe's"
    raise WebhookVerificationError(msg)


@functools.lru_cache(maxsize=2_000)
def _hmac_for(secret: str) -> hmac.HMAC:
    """Return the HMAC state of a secret, cached: creating it takes longer than signing."""
    return hmac.new(secret.encode(), digestmod="sha256")


def _is_recent(signed_at: int, now: datetime) -> bool:
    return abs(signed_at - int(now.timestamp())) <= TOLERANCE.total_seconds()


def _to_webhook_event(message: _EventBody) -> WebhookEvent:
    """Convert an event to what must be fetched from Stripe."""
    about = message.data.object
    object_type = _subject_of(message.type)
    is_session = about.object == "checkout.session"
    provider_reference = about.id if is_session else _id_of(about.payment_intent)
    reference = about.client_reference_id or (about.metadata or {}).get("reference")
    if object_type == "payment" and not _may_be_own_payment(about, reference, provider_reference):
        object_type = "nothing"
    if object_type == "payout":
        reference, provider_reference = None, about.id
    return WebhookEvent(
        event_id=message.id,
        event_type=message.type,
        subject=object_type,
        reference=reference,
        provider_reference=provider_reference,
    )


def _subject_of(kind: str) -> Literal["payment", "payout", "nothing"]:
    if kind in _PAYMENT_EVENT_TYPES or kind.startswith(_DISPUTE):
        return "payment"
    return "payout" if kind.startswith(_PAYOUT) else "nothing"


def _may_be_own_payment(about: _EventObject, reference: str | None, provider_reference: str | None) -> bool:
    """Return whether the payment may be ours: a session without our reference was created elsewhere."""
    if about.object == "checkout.session":
        return reference is not None
    return reference is not None or provider_reference is not None


def _id_of(expandable: dict[str, Any] | str | None) -> str | None:
    if isinstance(expandable, dict):
        expandable = expandable.get("id")
    return expandable if isinstance(expandable, str) else None
