"""A dearer plan for who pays by card: the same sum to the rupiah as on an invoice of ours, so Stripe is told
it and prorates nothing itself.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

import structlog

from billing import queries
from billing.card_reading import look
from billing.errors import CARD_UNREACHABLE
from billing.plans import Every, catalogue
from billing.stripe_door import LIVE, price_of, stripe_of, subscriptions_of, tax_rate_of
from billing.subscribing import Offer, offer
from billing.trail import record
from kernel.money import Rupiah
from payments.provider import ProviderFault
from payments.providers.stripe_amounts import CURRENCY, to_stripe
from payments.providers.stripe_client import asked
from tenants.session import shared_session

if TYPE_CHECKING:
    import stripe

    from kernel.database import Database
    from tenants.registry import TenantRef

log = structlog.get_logger()


async def change_by_card(
    database: Database, tenant: TenantRef, plan_code: str, every: Every, *, by: str, on: date, key: str
) -> None:
    """Change the plan at Stripe and read back what became of it.

    ``key`` comes with the form: sent twice it is done once.

    A card that is declined leaves an open invoice, which is reminded of like any other. Raises DomainError as
    ``subscribing.offer`` does, and billing.card_unreachable.
    """
    client = stripe_of(database)
    async with shared_session(database) as db:
        made = await offer(db, database.settings, tenant.id, plan_code, every, on)
        subscription = await queries.subscription(db, tenant.id)
        assert subscription is not None
        old = catalogue().of(subscription.plan).name.id
        customer, rhythm = str(subscription.stripe_customer), subscription.every
    try:
        rate = await tax_rate_of(client, database.settings, on)
        await _change(
            client, customer, made, old, other_rhythm=rhythm != every, rate=rate, key=f"{tenant.id}:{key}"
        )
    except ProviderFault as fault:
        log.warning("a plan could not be changed at Stripe", said=str(fault), passing=fault.passing)
        raise CARD_UNREACHABLE() from fault
    async with shared_session(database) as db:
        record(db, tenant.id, "billing.plan_chosen", by=by, on=on, facts={"plan": plan_code, "every": every})
    await look(database, tenant.id, on)


async def _change(
    client: stripe.StripeClient,
    customer: str,
    made: Offer,
    old: str,
    *,
    other_rhythm: bool,
    rate: str | None,
    key: str,
) -> None:
    live = next((each for each in await subscriptions_of(client, customer) if each.status in LIVE), None)
    if live is None:  # it has ended at Stripe, whose message of that is on its way
        raise CARD_UNREACHABLE()
    change = made.change
    price = await price_of(client, made.plan.code, made.every)
    # Stripe begins a new period itself, and takes what is pending along
    if change is not None and other_rhythm:
        await _item(
            client,
            customer,
            -change.unused,
            f"{old}, {change.days_left}/{change.days}",
            rate,
            f"unused:{key}",
        )
    await asked(
        client.v1.subscriptions.update_async(
            live.id,
            {"items": [{"id": live.items.data[0].id, "price": price}], "proration_behavior": "none"},
            {"idempotency_key": f"change:{key}"},
        )
    )
    if change is None or other_rhythm:
        return
    days = f"{change.days_left}/{change.days}"
    await _item(client, customer, change.charged, f"{made.plan.name.id}, {days}", rate, f"charged:{key}")
    await _item(client, customer, -change.unused, f"{old}, {days}", rate, f"unused:{key}")
    drawn = await asked(
        client.v1.invoices.create_async(
            {
                "customer": customer,
                "currency": CURRENCY,
                "pending_invoice_items_behavior": "include",
                "auto_advance": True,
            },
            {"idempotency_key": f"invoice:{key}"},
        )
    )
    await asked(
        client.v1.invoices.finalize_invoice_async(str(drawn.id), {}, {"idempotency_key": f"finalize:{key}"})
    )
    try:
        await asked(client.v1.invoices.pay_async(str(drawn.id), {}, {"idempotency_key": f"pay:{key}"}))
    except ProviderFault as fault:
        if fault.passing:
            raise
        log.info("the card was declined for a change of plan", said=str(fault))


async def _item(
    client: stripe.StripeClient, customer: str, amount: Rupiah, said: str, rate: str | None, key: str
) -> None:
    params: dict[str, Any] = {
        "customer": customer,
        "amount": to_stripe(Rupiah(amount)),
        "currency": CURRENCY,
        "description": said,
    }
    if rate:
        params["tax_rates"] = [rate]
    await asked(client.v1.invoice_items.create_async(cast("Any", params), {"idempotency_key": key}))
