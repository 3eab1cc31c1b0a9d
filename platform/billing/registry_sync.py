"""Keep the registry row and the next due day in step with a subscription.

Every use case that changes a subscription calls ``sync_registry`` at its end.
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
    """Return a cooperative's subscription; create it as a trial from ``on`` if it is missing."""
    found = await queries.find_subscription(db, cooperative_id)
    if found is None:
        found = await lock_subscription(db, cooperative_id, on)
        await sync_registry(db, found, on)
    return found


async def load_dunning_state(db: AsyncSession, subscription: Subscription) -> DunningState:
    """Load the state of a subscription from which its next step follows."""
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
    """Update what follows from a subscription: its next due day and its plan, rights and notice in the
    registry.

    Publishes a registry change when the registry row differs.
    """
    found = catalogue()
    state = await load_dunning_state(db, subscription)
    subscription.next_due_on = next_due_day(state, found.invoices)
    plan = found.get_plan(subscription.plan)
    notice = select_notice(
        status=state.status,
        plan=plan,
        period_end=state.period_end,
        unpaid=bool(state.unpaid),
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
