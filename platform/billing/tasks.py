"""Jobs of billing: once a day, by the calendar of Jakarta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from billing import queries
from billing.card_reading import look
from billing.metering import measure_all
from billing.running import run
from billing.stripe_door import cards_are_taken
from kernel import clock
from kernel.outbox import daily_platform_job, platform_job
from payments.provider import ProviderFault
from tenants.session import shared_session

if TYPE_CHECKING:
    from kernel.database import Database

log = structlog.get_logger()


@daily_platform_job("billing.run_day")
async def run_day(database: Database) -> None:
    """End trials, renew, remind, make read-only: what is due today."""
    report = await run(database, clock.today())
    log.info("billing", done=len(report.done), trials=report.trials_begun, failed=report.failed)


@daily_platform_job("billing.measure")
async def measure(database: Database) -> None:
    """Count what cooperatives use."""
    await measure_all(database)


@platform_job("billing.look_at_card")
async def look_at_card(database: Database, *, customer: str, event_id: str) -> None:
    """Read back what a message of Stripe was about; repeated, it reads the same again."""
    async with shared_session(database) as db:
        cooperative_id = await queries.subscription_of_customer(db, customer)
    if cooperative_id is None:
        return
    await look(database, cooperative_id, clock.today())
    async with shared_session(database) as db:
        await db.execute(
            text("UPDATE shared.billing_events SET looked_at = :now WHERE event_id = :id"),
            {"now": clock.now(), "id": event_id},
        )


@daily_platform_job("billing.look_at_cards")
async def look_at_cards(database: Database) -> None:
    """Read every subscription by card back once a day: a message may have been lost."""
    if not cards_are_taken(database.settings):
        return
    async with shared_session(database) as db:
        every = await queries.with_card(db)
    for cooperative_id in every:
        try:
            await look(database, cooperative_id, clock.today())
        except ProviderFault as fault:
            log.warning(
                "a subscription could not be read at Stripe", cooperative=str(cooperative_id), said=str(fault)
            )
