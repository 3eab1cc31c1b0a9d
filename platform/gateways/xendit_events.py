"""Parse Xendit callbacks: an invoice, a refund, or an event that is only stored.

The content of a callback is never trusted: the status is fetched.
"""

from gateways.protocol import WebhookEvent
from gateways.xendit_objects import parse_callback, parse_refund_callback


def parse_event(body: bytes) -> WebhookEvent:
    """Parse a callback. Raises msgspec.DecodeError for anything else.

    An event about neither an invoice nor a refund is only stored.
    """
    news = parse_callback(body)
    if news.event is None and news.id and news.external_id and news.status:
        parts = ("invoice", news.id, news.status, news.payment_id)
        return WebhookEvent(
            event_id=":".join(part for part in parts if part),
            event_type=f"invoice.{news.status.lower()}",
            subject="payment",
            reference=news.external_id,
            provider_reference=news.id,
        )
    if news.event is not None and news.event.startswith("refund."):
        refund = parse_refund_callback(bytes(news.data))
        return WebhookEvent(
            event_id=f"refund:{refund.id}:{refund.status or news.event}",
            event_type=news.event,
            subject="payment" if refund.invoice_id else "nothing",
            provider_reference=refund.invoice_id,
        )
    kind = news.event or "other"
    return WebhookEvent(
        event_id=f"{kind}:{news.id or news.created or ''}", event_type=kind, subject="nothing"
    )
