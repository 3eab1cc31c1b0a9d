"""Upgrade a subscription that is paid by card.

The amounts are the same to the rupiah as on an invoice of our own: they are sent to Stripe as invoice items,
and Stripe's own proration is off.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

import structlog

from billing import queries
from billing.errors import CARD_UNREACHABLE
from billing.history import record_event
from billing.manage_subscription import PlanQuote, quote_plan
from billing.plans import Interval, catalogue
from billing.stripe_gateway import (
    LIVE_STATUSES,
    ensure_price,
    ensure_tax_rate,
    get_stripe_client,
    list_subscriptions,
)
from billing.stripe_sync import sync_from_stripe
from gateways.protocol import ProviderError
from gateways.stripe_amounts import CURRENCY, to_stripe
from gateways.stripe_client import call_stripe
from kernel.money import Rupiah
from tenants.session import shared_session

if TYPE_CHECKING:
    import stripe

    from kernel.database import Database
    from tenants.registry import TenantRef

log = structlog.get_logger()


async def change_card_plan(
    database: Database, tenant: TenantRef, plan_code: str, interval: Interval, *, by: str, on: date, key: str
) -> None:
    """Change the plan of a card subscription at Stripe, then fetch its new state.

    ``key`` comes with the form; the same key changes the plan once. A declined card leaves an open invoice,
    which is reminded of like any other.

    Raises DomainError as ``manage_subscription.quote_plan`` does, and billing.card_unreachable.
    """
    client = get_stripe_client(database)
    async with shared_session(database) as db:
        quote = await quote_plan(db, database.settings, tenant.id, plan_code, interval, on)
        subscription = await queries.find_subscription(db, tenant.id)
        assert subscription is not None
        old = catalogue().get_plan(subscription.plan).name.localize("id")
        customer, old_interval = str(subscription.stripe_customer), subscription.interval
    try:
        rate = await ensure_tax_rate(client, database.settings, on)
        await _apply_change(
            client,
            customer,
            quote,
            old,
            interval_changed=old_interval != interval,
            rate=rate,
            key=f"{tenant.id}:{key}",
        )
    except ProviderError as fault:
        log.warning("a plan could not be changed at Stripe", error=str(fault), transient=fault.transient)
        raise CARD_UNREACHABLE() from fault
    async with shared_session(database) as db:
        record_event(
            db,
            tenant.id,
            "billing.plan_chosen",
            by=by,
            on=on,
            params={"plan": plan_code, "interval": interval},
        )
    await sync_from_stripe(database, tenant.id, on)


async def _apply_change(
    client: stripe.StripeClient,
    customer: str,
    quote: PlanQuote,
    old_plan_name: str,
    *,
    interval_changed: bool,
    rate: str | None,
    key: str,
) -> None:
    """Switch the subscription's Price at Stripe and charge the prorated difference."""
    live = next(
        (each for each in await list_subscriptions(client, customer) if each.status in LIVE_STATUSES), None
    )
    if live is None:  # ended at Stripe; its webhook has not arrived yet
        raise CARD_UNREACHABLE()
    change = quote.change
    price = await ensure_price(client, quote.plan.code, quote.interval)
    # Stripe starts the new period itself and puts pending items on its first invoice
    if change is not None and interval_changed:
        await _add_invoice_item(
            client,
            customer,
            -change.unused,
            f"{old_plan_name}, {change.days_left}/{change.days}",
            rate,
            f"unused:{key}",
        )
    await call_stripe(
        client.v1.subscriptions.update_async(
            live.id,
            {"items": [{"id": live.items.data[0].id, "price": price}], "proration_behavior": "none"},
            {"idempotency_key": f"change:{key}"},
        )
    )
    if change is None or interval_changed:
        return
    days = f"{change.days_left}/{change.days}"
    await _add_invoice_item(
        client, customer, change.charged, f"{quote.plan.name.localize('id')}, {days}", rate, f"charged:{key}"
    )
    await _add_invoice_item(
        client, customer, -change.unused, f"{old_plan_name}, {days}", rate, f"unused:{key}"
    )
    invoice = await call_stripe(
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
    await call_stripe(
        client.v1.invoices.finalize_invoice_async(str(invoice.id), {}, {"idempotency_key": f"finalize:{key}"})
    )
    try:
        await call_stripe(
            client.v1.invoices.pay_async(str(invoice.id), {}, {"idempotency_key": f"pay:{key}"})
        )
    except ProviderError as fault:
        if fault.transient:
            raise
        log.info("the card was declined for a change of plan", error=str(fault))


async def _add_invoice_item(
    client: stripe.StripeClient, customer: str, amount: Rupiah, description: str, rate: str | None, key: str
) -> None:
    params: dict[str, Any] = {
        "customer": customer,
        "amount": to_stripe(Rupiah(amount)),
        "currency": CURRENCY,
        "description": description,
    }
    if rate:
        params["tax_rates"] = [rate]
    await call_stripe(client.v1.invoice_items.create_async(cast("Any", params), {"idempotency_key": key}))
