"""What a callback of Xendit is about: an invoice, a refund, or something that we keep and no more.

Nothing in it is believed.
"""

from payments.provider import Event
from payments.providers.xendit_answers import NEWS, REFUND_NEWS


def event_of(body: bytes) -> Event:
    """Raises msgspec.DecodeError for what is no callback.

    What concerns neither an invoice nor a refund is kept, and no more.
    """
    news = NEWS(body)
    if news.event is None and news.id and news.external_id and news.status:
        parts = ("invoice", news.id, news.status, news.payment_id)
        return Event(
            event_id=":".join(part for part in parts if part),
            kind=f"invoice.{news.status.lower()}",
            concerns="payment",
            reference=news.external_id,
            provider_reference=news.id,
        )
    if news.event is not None and news.event.startswith("refund."):
        refund = REFUND_NEWS(bytes(news.data))
        return Event(
            event_id=f"refund:{refund.id}:{refund.status or news.event}",
            kind=news.event,
            concerns="payment" if refund.invoice_id else "nothing",
            provider_reference=refund.invoice_id,
        )
    kind = news.event or "other"
    return Event(event_id=f"{kind}:{news.id or news.created or ''}", kind=kind, concerns="nothing")
