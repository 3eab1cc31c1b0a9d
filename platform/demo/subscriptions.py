"""What the demo cooperatives have with the platform: one whose plan a credit pays for years, and one with an
invoice to pay.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from billing import queries
from billing.billing_run import process_due
from billing.invoicing import add_credit
from billing.manage_subscription import choose_plan
from billing.periods import lock_subscription
from billing.plans import catalogue
from billing.registry_sync import sync_registry
from demo.cooperatives import DemoCooperative
from kernel import clock
from kernel.money import Rupiah
from tenants.session import shared_session

if TYPE_CHECKING:
    from kernel.database import Database
    from tenants.registry import TenantRef

PLAN: Final = "tumbuh"
CREDIT: Final = Rupiah(10_000_000)  # ten years of it
_BY: Final = "Lumbung"
# So little of the trial is left that a card pays at once and not at its end
# (``billing.card_checkout.LEAST_TRIAL``).
_LEFT: Final = timedelta(days=2)


async def ensure_plan(database: Database, tenant: TenantRef, demo: DemoCooperative) -> None:
    """Choose a plan with everything that can be tried, once; what somebody chose later stays.

    Nobody need pay it, and who wants to can, by card.

    Raises DomainError as ``billing.manage_subscription`` does.
    """
    async with shared_session(database) as db:
        today = clock.today(demo.timezone)
        await lock_subscription(db, tenant.id, today + _LEFT - timedelta(days=catalogue().trial.days))
        if await queries.get_credit_balance(db, tenant.id):
            return
        reason = "Koperasi contoh: tidak ditagih"
        add_credit(db, tenant.id, CREDIT, reason=reason, by=_BY, key=f"demo:{tenant.id}", on=today)
        await db.flush()
        await choose_plan(db, database.settings, tenant.id, PLAN, "year", by=_BY, on=today, key="demo")


async def ensure_open_invoice(database: Database, tenant: TenantRef, demo: DemoCooperative) -> None:
    """Let the trial be over today and its first month invoiced, for an operator to confirm; whoever has a
    subscription already keeps it.
    """
    async with shared_session(database) as db:
        if await queries.find_subscription(db, tenant.id) is not None:
            return
        today = clock.today(demo.timezone)
        begun = today - timedelta(days=catalogue().trial.days)
        await lock_subscription(db, tenant.id, begun)
        await choose_plan(
            db, database.settings, tenant.id, PLAN, "month", by=demo.chair, on=begun, key="demo"
        )
        await process_due(db, database.settings, tenant.id, today)


async def switch_to_invoice(database: Database, tenant: TenantRef, demo: DemoCooperative) -> None:
    """Go on by invoice where the plan was paid by a card:
    yesterday's fake gateway knew it, and today's does not.
    """
    async with shared_session(database) as db:
        subscription = await queries.find_subscription_for_update(db, tenant.id)
        if subscription is None or subscription.stripe_customer is None:
            return
        subscription.method, subscription.stripe_customer, subscription.stripe_subscription = (
            "invoice",
            None,
            None,
        )
        await sync_registry(db, subscription, clock.today(demo.timezone))
