"""Keeping the registry row and the next day of a subscription true: called at the end of everything that
changes one.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast
from uuid import UUID

from sqlalchemy import text

from billing import queries, usage_queries
from billing.dunning import DunningState, SubscriptionStatus, UnpaidInvoice, next_due_day
from billing.models import Subscription
from billing.notices import select_notice
from billing.periods import lock_subscription
from billing.plans import catalogue
from tenants.changes import publish_registry_change
from tenants.registry import CHANGE_CHANNEL

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_UPDATE_REGISTRY = text(
    "UPDATE shared.cooperatives SET plan = :plan, entitlements = :entitlements, read_only = "
    ":read_only, billing_notice = :notice"
    " WHERE id = :id AND (plan, entitlements, read_only, billing_notice) IS DISTINCT FROM"
    " (CAST(:plan AS text), CAST(:entitlements AS text[]), CAST(:read_only AS boolean), CAST(:notice "
    "AS text)) RETURNING schema_name"
)


async def get_or_create_subscription(db: AsyncSession, cooperative_id: UUID, on: date) -> Subscription:
    """Return the subscription as it is; a new cooperative's first look makes it: a trial that begins on this
    day.
    """
    found = await queries.find_subscription(db, cooperative_id)
    if found is None:
        found = await lock_subscription(db, cooperative_id, on)
        await sync_registry(db, found, on)
    return found


async def load_dunning_state(db: AsyncSession, subscription: Subscription) -> DunningState:
    """Return what decides the next step of a subscription."""
    await db.flush()
    open_ones = await queries.list_unpaid_invoices(db, subscription.cooperative_id)
    return DunningState(
        cast("SubscriptionStatus", subscription.status),
        subscription.period_end,
        renews_locally=subscription.method == "invoice",
        trial_notified=subscription.trial_notified,
        unpaid=tuple(
            UnpaidInvoice(each.id, each.due_on, each.reminders_sent, each.last_reminded_on)
            for each in open_ones
        ),
    )


async def sync_registry(db: AsyncSession, subscription: Subscription, on: date) -> None:
    """Write what follows from a subscription: its next day, and what the registry carries of it; announce
    that if it changed.
    """
    found = catalogue()
    standing = await load_dunning_state(db, subscription)
    subscription.next_due_on = next_due_day(standing, found.invoices)
    plan = found.get_plan(subscription.plan)
    notice = select_notice(
        status=standing.status,
        plan=plan,
        period_end=standing.period_end,
        unpaid=bool(standing.unpaid),
        usage=await usage_queries.get_latest_figures(db, subscription.cooperative_id),
        warning_percent=found.warning.percent,
        on=on,
    )
    await db.flush()
    changed = await db.execute(
        _UPDATE_REGISTRY,
        {
            "plan": plan.code,
            "entitlements": sorted(plan.entitlements),
            "read_only": subscription.status == "read_only",
            "notice": notice,
            "id": subscription.cooperative_id,
        },
    )
    if (row := changed.first()) is not None:
        await publish_registry_change(db, row.schema_name)
        # kept pages of its shop say whether it takes orders
        await db.execute(
            text("SELECT pg_notify(:channel, :schema)"),
            {"channel": CHANGE_CHANNEL, "schema": row.schema_name},
        )
