"""The demo cooperatives' plans: one is paid by credit for years, the other has an unpaid invoice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from billing import queries
from billing.billing_run import run_due_steps
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
CREDIT: Final = Rupiah(10_000_000)  # enough for about ten years
_BY: Final = "Lumbung"
# So short a trial that a card pays at once and not at its end (``billing.card_checkout.LEAST_TRIAL``).
_LEFT: Final = timedelta(days=2)


async def ensure_plan(database: Database, tenant: TenantRef, demo: DemoCooperative) -> None:
    """Subscribe the cooperative to a plan with all features, once; a later choice of a user is not changed.

    A credit pays the plan, and it can still be paid by card. Raises DomainError as
    ``billing.manage_subscription`` does.
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
    """Subscribe the cooperative to a plan whose trial ends today, which issues an invoice for an operator.

    Does nothing when it has a subscription.
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
        await run_due_steps(db, database.settings, tenant.id, today)


async def switch_to_invoice(database: Database, tenant: TenantRef, demo: DemoCooperative) -> None:
    """Switch a plan paid by card to invoices: a restarted fake Stripe has forgotten its customer."""
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
