"""Jobs of billing. Daily jobs follow the calendar of Jakarta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from billing import queries
from billing.billing_run import run_billing
from billing.measure_usage import measure_all_cooperatives
from billing.stripe_gateway import cards_enabled
from billing.stripe_sync import sync_from_stripe
from gateways.protocol import ProviderError
from kernel import clock
from kernel.outbox import daily_platform_job, platform_job
from tenants.session import shared_session

if TYPE_CHECKING:
    from kernel.database import Database

log = structlog.get_logger()


@daily_platform_job("billing.run_day")
async def run_daily_billing(database: Database) -> None:
    """Run the billing steps that are due today."""
    report = await run_billing(database, clock.today())
    log.info("billing", done=len(report.done), trials=report.trials_started, failed=report.failed)


@daily_platform_job("billing.meter_usage")
async def measure_usage(database: Database) -> None:
    """Measure what every cooperative uses."""
    await measure_all_cooperatives(database)


@platform_job("billing.refresh_card")
async def sync_card_subscription(database: Database, *, customer: str, event_id: str) -> None:
    """Fetch the subscription that a Stripe webhook was about. Repeating it is harmless."""
    async with shared_session(database) as db:
        cooperative_id = await queries.find_customer_owner(db, customer)
    if cooperative_id is None:
        return
    await sync_from_stripe(database, cooperative_id, clock.today())
    async with shared_session(database) as db:
        await db.execute(
            text("UPDATE shared.billing_events SET processed_at = :now WHERE event_id = :id"),
            {"now": clock.now(), "id": event_id},
        )


@daily_platform_job("billing.refresh_cards")
async def sync_card_subscriptions(database: Database) -> None:
    """Fetch every card subscription from Stripe once a day, in case a webhook was lost."""
    if not cards_enabled(database.settings):
        return
    async with shared_session(database) as db:
        cooperative_ids = await queries.list_card_customers(db)
    for cooperative_id in cooperative_ids:
        try:
            await sync_from_stripe(database, cooperative_id, clock.today())
        except ProviderError as fault:
            log.warning(
                "a subscription could not be read at Stripe",
                cooperative=str(cooperative_id),
                error=str(fault),
            )
