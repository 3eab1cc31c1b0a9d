"""The daily billing run: end trials, renew periods, send reminders and make cooperatives read-only.

A run may be repeated, and two runs may overlap: each step is done once.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from billing import queries
from billing.dunning import DunningStep, next_step
from billing.history import LUMBUNG_ACTOR, record_event
from billing.models import Invoice, Subscription
from billing.periods import end_period, lock_subscription
from billing.plans import catalogue
from billing.registry_sync import load_dunning_state, sync_registry
from kernel import clock
from tenants.session import shared_reader, shared_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from kernel.settings import Settings


class CompletedStep(msgspec.Struct, frozen=True):
    """One step that a run completed: the day, the cooperative's slug, the kind of ``dunning.DunningStep`` and
    the number of the invoice, if the step concerns one.
    """

    on: date
    cooperative: str
    kind: str
    invoice: str | None = None


class BillingRunReport(msgspec.Struct, frozen=True):
    """The result of a billing run.

    ``failed`` maps the slug of each cooperative that failed to its error; the next run tries them again.
    """

    since: date
    until: date
    trials_started: int
    done: tuple[CompletedStep, ...]
    failed: dict[str, str]


async def run_billing(database: Database, until: date) -> BillingRunReport:
    """Run every billing step that is due from today (by the clock) up to and including ``until``, day by day.

    A day in the future is run as if it had come. An ``until`` in the past runs that one day only.
    """
    since = min(clock.today(), until)
    begun = await _start_trials(database, since)
    done: list[CompletedStep] = []
    failed: dict[str, str] = {}
    day = since
    while day <= until:
        async with shared_reader(database) as ro:
            due = await queries.list_due_cooperatives(ro, day)
        for cooperative_id, slug in due:
            try:
                async with shared_session(database) as db:
                    done += await run_due_steps(db, database.settings, cooperative_id, day)
            except Exception as error:  # noqa: BLE001 - one cooperative's fault must not hold up the others
                failed[slug] = repr(error)
        async with shared_reader(database) as ro:
            following = await queries.find_next_due_date(ro)
        tomorrow = day + timedelta(days=1)
        day = max(tomorrow, following) if following is not None else until + timedelta(days=1)
    return BillingRunReport(since, until, begun, tuple(done), failed)


async def run_due_steps(
    db: AsyncSession, settings: Settings, cooperative_id: UUID, on: date
) -> list[CompletedStep]:
    """Run all steps that one cooperative's subscription has due on a day, in the caller's transaction."""
    subscription = await lock_subscription(db, cooperative_id, on)
    buyer = await queries.find_cooperative(db, cooperative_id)
    assert buyer is not None
    done: list[CompletedStep] = []
    terms = catalogue().invoices
    while (step := next_step(await load_dunning_state(db, subscription), terms, on)) is not None:
        invoice = await _apply_step(db, settings, subscription, step, on)
        done.append(CompletedStep(on, buyer.slug, step.kind, invoice.number if invoice else None))
    await sync_registry(db, subscription, on)
    return done


async def _apply_step(
    db: AsyncSession, settings: Settings, subscription: Subscription, step: DunningStep, on: date
) -> Invoice | None:
    """Do one billing step and return its invoice, if it concerns one."""
    invoice = await db.get(Invoice, step.invoice) if step.invoice else None
    whose = subscription.cooperative_id
    if step.kind == "end_period":
        await end_period(db, settings, subscription, on)
    elif step.kind == "notify_trial_end":
        subscription.trial_notified = True
        assert subscription.period_end is not None
        params = {"ends_on": subscription.period_end.isoformat()}
        record_event(db, whose, "billing.trial_end_told", by=LUMBUNG_ACTOR, on=on, params=params)
    elif step.kind == "remind":
        assert invoice is not None
        invoice.reminders_sent, invoice.last_reminded_on = step.count, on
        if subscription.status == "active":
            subscription.status = "past_due"
        params = {"number": invoice.number, "count": str(step.count)}
        record_event(db, whose, "billing.reminded", by=LUMBUNG_ACTOR, on=on, params=params)
    else:
        assert invoice is not None
        subscription.status = "read_only"
        record_event(
            db, whose, "billing.made_read_only", by=LUMBUNG_ACTOR, on=on, params={"number": invoice.number}
        )
    await db.flush()
    return invoice


async def _start_trials(database: Database, on: date) -> int:
    """Start the trial of every cooperative that has no subscription yet; return how many there were."""
    async with shared_session(database) as db:
        new = await queries.list_cooperatives_without_subscription(db)
    for cooperative_id in new:
        async with shared_session(database) as db:
            await sync_registry(db, await lock_subscription(db, cooperative_id, on), on)
    return len(new)
