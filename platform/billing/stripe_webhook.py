"""Receive Stripe's webhooks about subscriptions: POST /webhooks/billing on the apex host.

A signed event becomes one row and one job in one transaction; the job fetches the state
(``billing.stripe_sync``). An event without a valid signature, or about an unknown customer, stores nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import Response, post
from sqlalchemy import text

from billing import queries
from billing.stripe_gateway import cards_enabled
from gateways.protocol import WebhookVerificationError
from gateways.stripe_events import verify_event
from kernel import clock
from kernel.outbox import enqueue
from tenants.session import shared_session
from ui import AnyRequest, CurrentDatabase
from ui.errors import NOT_FOUND
from ui.guards import SIGNED_WEBHOOK

if TYPE_CHECKING:
    from kernel.database import Database

PATH: Final = "/webhooks/billing"
# Former address, still registered at Stripe: it is answered permanently.
FORMER_PATH: Final = "/kait/langganan"
PATHS: Final = (PATH, FORMER_PATH)


class _StripeEventObject(msgspec.Struct, frozen=True):
    object: str
    id: str = ""  # a balance and an upcoming invoice have no id
    customer: str | dict[str, Any] | None = None


class _StripeEventData(msgspec.Struct, frozen=True):
    object: _StripeEventObject


class _StripeEventBody(msgspec.Struct, frozen=True):
    data: _StripeEventData


@post(list(PATHS), opt=SIGNED_WEBHOOK)
async def receive_stripe_webhook(request: AnyRequest, database: CurrentDatabase) -> Response[None]:
    """Receive a webhook.

    Answers 200 once the event is stored, known or about an unknown customer, 400 without a valid signature,
    404 where cards are not enabled.
    """
    settings = database.settings
    if not cards_enabled(settings) or not settings.billing_stripe_webhook_secret:
        raise NOT_FOUND()
    body = await request.body()
    try:
        event = verify_event(
            {name.lower(): value for name, value in request.headers.items()},
            body,
            secret=settings.billing_stripe_webhook_secret,
            live=settings.billing_stripe_key.startswith(("sk_live", "rk_live")),
            account=None,
            now=clock.now(),
        )
        customer = _customer_of(msgspec.json.decode(body, type=_StripeEventBody).data.object)
    except (WebhookVerificationError, msgspec.DecodeError, msgspec.ValidationError):
        return Response(None, status_code=400)
    if customer is not None:
        await _store_event(database, event.event_id, event.event_type, customer)
    return Response(None, status_code=200)


async def _store_event(database: Database, event_id: str, kind: str, customer: str) -> None:
    """Store an event once and enqueue the sync of its subscription; ignore an unknown customer."""
    async with shared_session(database) as db:
        if await queries.find_customer_owner(db, customer) is None:
            return
        new = await db.execute(
            text(
                "INSERT INTO shared.billing_events (event_id, kind, subject, received_at) VALUES (:id, "
                ":kind, :customer, :now)"
                " ON CONFLICT DO NOTHING RETURNING event_id"
            ),
            {"id": event_id, "kind": kind, "customer": customer, "now": clock.now()},
        )
        if new.first() is not None:
            job = {"customer": customer, "event_id": event_id}
            await enqueue(db, "billing.refresh_card", job, key=f"billing.refresh_card:{event_id}")


def _customer_of(about: _StripeEventObject) -> str | None:
    """Return the id of the customer that an event concerns, or None."""
    if about.object == "customer":
        return about.id
    customer = about.customer
    if isinstance(customer, dict):
        customer = customer.get("id")
    return customer if isinstance(customer, str) else None


routes: list[Any] = [receive_stripe_webhook]
