"""Move a subscription from one period to the next, and reopen it after payment.

Except for ``lock_subscription`` and ``build_period_line``, the functions expect a locked subscription.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy import text

from billing import queries
from billing.history import LUMBUNG_ACTOR, record_event
from billing.invoicing import InvoiceDraft, find_overdue_invoice, issue_invoice
from billing.models import Subscription
from billing.plans import Interval, Plan, catalogue
from billing.rules import LineItem, apply_discount, next_period_end
from kernel.errors import LocalizedText

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.settings import Settings


async def lock_subscription(db: AsyncSession, cooperative_id: UUID, on: date) -> Subscription:
    """Return a cooperative's subscription with its row locked; create it as a trial from ``on`` if it is
    missing.
    """
    found = await queries.find_subscription_for_update(db, cooperative_id)
    if found is not None:
        return found
    trial = catalogue().trial
    made = await db.execute(
        text(
            "INSERT INTO shared.subscriptions (cooperative_id, plan, status, anchor, period_start, "
            "period_end, next_plan, started_on)"
            " VALUES (:id, :plan, 'trialing', :on, :on, :end, :then, :on) ON CONFLICT DO NOTHING "
            "RETURNING cooperative_id"
        ),
        {
            "id": cooperative_id,
            "plan": trial.plan,
            "on": on,
            "end": on + timedelta(days=trial.days),
            "then": trial.plan_after,
        },
    )
    if made.first() is not None:
        record_event(
            db, cooperative_id, "billing.trial_begun", by=LUMBUNG_ACTOR, on=on, params={"days": trial.days}
        )
    found = await queries.find_subscription_for_update(db, cooperative_id)
    assert found is not None
    return found


async def begin_period(
    db: AsyncSession,
    settings: Settings,
    subscription: Subscription,
    plan: Plan,
    interval: Interval,
    *,
    start: date,
    by: str,
    on: date,
    source_key: str,
) -> None:
    """Begin a period of a plan on ``start`` and invoice it on ``on``; the free plan has no period and no
    invoice.

    The anchor, from which month ends are counted, becomes ``start`` when there is none or the interval
    changes.
    """
    subscription.next_plan = subscription.next_interval = None
    subscription.trial_notified = False
    if plan.free:
        subscription.plan, subscription.interval = plan.code, "month"
        subscription.anchor = subscription.period_start = subscription.period_end = None
        subscription.value, subscription.method = 0, "invoice"
        await refresh_status(db, subscription, on)
        return
    if subscription.interval != interval or subscription.anchor is None:
        subscription.anchor = start
    subscription.plan, subscription.interval = plan.code, interval
    subscription.period_start = start
    subscription.period_end = next_period_end(subscription.anchor, interval, start)
    percent = await apply_coupon(db, subscription)
    price = plan.price_for(interval)
    value = apply_discount(price, percent)
    subscription.value = int(value)
    await issue_invoice(
        db,
        settings,
        subscription,
        InvoiceDraft(
            source_key=source_key,
            lines=(build_period_line(plan, interval, start, subscription.period_end),),
            period_start=start,
            period_end=subscription.period_end,
            discount=price - value,
        ),
        by=by,
        on=on,
    )
    await refresh_status(db, subscription, on)


async def end_period(db: AsyncSession, settings: Settings, subscription: Subscription, on: date) -> None:
    """End the current period and begin the next, with the planned plan or the same one.

    A late run still begins the new period where the old one ended, unless that whole period has passed too.
    """
    ended = subscription.period_end
    assert ended is not None
    found = catalogue()
    was_trial = subscription.status == "trialing"
    plan = found.get_plan(subscription.next_plan or subscription.plan)
    interval = cast("Interval", subscription.next_interval or subscription.interval)
    start = ended
    if was_trial or next_period_end(subscription.anchor or ended, interval, ended) <= on:
        start = max(ended, on)
        subscription.anchor = None
    params = {"plan": plan.code, "interval": interval, "before": subscription.plan}
    record_event(
        db,
        subscription.cooperative_id,
        "billing.trial_ended" if was_trial else "billing.period_ended",
        by=LUMBUNG_ACTOR,
        on=on,
        params=params,
    )
    await begin_period(
        db,
        settings,
        subscription,
        plan,
        interval,
        start=start,
        by=LUMBUNG_ACTOR,
        on=on,
        source_key=f"period:{subscription.cooperative_id}:{start}",
    )


async def refresh_status(db: AsyncSession, subscription: Subscription, on: date) -> None:
    """Set the status to active or past_due by the open invoices.

    A read-only subscription becomes active only when nothing is overdue: another plan does not pay an old
    debt.
    """
    await db.flush()
    late = find_overdue_invoice(await queries.list_unpaid_invoices(db, subscription.cooperative_id), on)
    if late is None:
        subscription.status = "active"
    elif subscription.status != "read_only":
        subscription.status = "past_due"


async def reopen_after_payment(
    db: AsyncSession, settings: Settings, subscription: Subscription, on: date
) -> None:
    """Set a past_due or read-only subscription to active when nothing is overdue any more.

    If the period of a read-only subscription ended meanwhile, a new one begins today.
    """
    if subscription.status not in ("past_due", "read_only"):
        return
    was_closed = subscription.status == "read_only"
    await db.flush()
    if (
        find_overdue_invoice(await queries.list_unpaid_invoices(db, subscription.cooperative_id), on)
        is not None
    ):
        return
    subscription.status = "active"
    if was_closed:
        record_event(db, subscription.cooperative_id, "billing.opened_again", by=LUMBUNG_ACTOR, on=on)
    ended = subscription.period_end
    if was_closed and ended is not None and ended <= on and subscription.method == "invoice":
        found = catalogue()
        plan = found.get_plan(subscription.next_plan or subscription.plan)
        interval = cast("Interval", subscription.next_interval or subscription.interval)
        subscription.anchor = None
        await begin_period(
            db,
            settings,
            subscription,
            plan,
            interval,
            start=on,
            by=LUMBUNG_ACTOR,
            on=on,
            source_key=f"period:{subscription.cooperative_id}:{on}",
        )


def build_period_line(plan: Plan, interval: Interval, start: date, end: date) -> LineItem:
    """Return the invoice line of a whole period: "Paket Tumbuh, 1 Januari 2026 sampai 31 Januari 2026"."""
    last = end - timedelta(days=1)
    return LineItem(
        LocalizedText(
            "Paket {plan}, {start} sampai {end}",
        ).format(plan=plan.name, start=start, end=last),
        plan.price_for(interval),
    )


async def apply_coupon(db: AsyncSession, subscription: Subscription) -> int:
    """Use the coupon for one invoice and return its discount in percent; 0 without a coupon.

    Not called for card payments: Stripe applies coupons to those.
    """
    if subscription.coupon is None or subscription.coupon_left < 1:
        return 0
    percent = await queries.get_coupon_percent(db, subscription.coupon)
    subscription.coupon_left -= 1
    if subscription.coupon_left == 0:
        subscription.coupon = None
    return percent
