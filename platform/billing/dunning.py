"""Which billing step of a subscription is next, and on which day. Pure functions.

A step that was missed is done once, on the day of the run. Of several late reminders only the last is sent,
and a cooperative becomes read-only at the earliest ``days_after_last_reminder`` days after a reminder that
was really sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

from billing.plans import InvoiceTerms

SubscriptionStatus = Literal["trialing", "active", "past_due", "read_only"]
TRIAL_NOTICE_DAYS: Final = 7


# Order of steps on the same day: a cooperative that becomes read-only gets no further invoice.
_RANK: Final = {"remind": 0, "make_read_only": 1, "notify_trial_end": 2, "end_period": 3}


class UnpaidInvoice(msgspec.Struct, frozen=True):
    """An open invoice: when it is due and how many reminders it has had."""

    id: object
    due_on: date
    reminders_sent: int
    last_reminded_on: date | None


class DunningState(msgspec.Struct, frozen=True):
    """The state of a subscription from which the next step follows.

    ``period_end`` is None on the free plan; ``renews_locally`` is False when Stripe renews it.
    """

    status: SubscriptionStatus
    period_end: date | None
    renews_locally: bool
    trial_notified: bool
    unpaid: tuple[UnpaidInvoice, ...] = ()


class DunningStep(msgspec.Struct, frozen=True):
    """One billing step. ``count`` is the number of reminders of the invoice including this one."""

    kind: Literal["notify_trial_end", "end_period", "remind", "make_read_only"]
    invoice: object = None
    count: int = 0


def next_step(state: DunningState, terms: InvoiceTerms, on: date) -> DunningStep | None:
    """Return the step to do on this day, or None. Call again after the step is done."""
    now = [(when, step) for when, step in _pending_steps(state, terms) if when <= on]
    if not now:
        return None
    first = min(now, key=lambda each: (each[0], _RANK[each[1].kind]))[1]
    if first.kind == "remind":  # of several late reminders only the last is sent
        return max(
            (step for _, step in now if step.invoice == first.invoice and step.kind == "remind"),
            key=_reminder_count,
        )
    return first


def _reminder_count(step: DunningStep) -> int:
    return step.count


def next_due_day(state: DunningState, terms: InvoiceTerms) -> date | None:
    """Return the first day on which a step is due, or None when none ever will be."""
    return min((when for when, _ in _pending_steps(state, terms)), default=None)


def _pending_steps(state: DunningState, terms: InvoiceTerms) -> list[tuple[date, DunningStep]]:
    """Return all pending steps with the days on which they are due."""
    found: list[tuple[date, DunningStep]] = []
    for invoice in state.unpaid:
        found += _invoice_steps(invoice, state.status, terms)
    end = state.period_end
    if end is not None and state.status != "read_only" and state.renews_locally:
        if state.status == "trialing" and not state.trial_notified:
            found.append((end - timedelta(days=TRIAL_NOTICE_DAYS), DunningStep("notify_trial_end")))
        found.append((end, DunningStep("end_period")))
    return found


def _invoice_steps(
    invoice: UnpaidInvoice, status: SubscriptionStatus, terms: InvoiceTerms
) -> list[tuple[date, DunningStep]]:
    return [*_reminder_steps(invoice, terms.reminder_days), *_read_only_steps(invoice, status, terms)]


def _reminder_steps(invoice: UnpaidInvoice, days: Sequence[int]) -> list[tuple[date, DunningStep]]:
    return [
        (invoice.due_on + timedelta(days=days[count]), DunningStep("remind", invoice.id, count + 1))
        for count in range(invoice.reminders_sent, len(days))
    ]


def _read_only_steps(
    invoice: UnpaidInvoice, status: SubscriptionStatus, terms: InvoiceTerms
) -> list[tuple[date, DunningStep]]:
    if status == "read_only" or invoice.last_reminded_on is None:
        return []
    when = invoice.due_on + timedelta(days=terms.grace_days)
    earliest = invoice.last_reminded_on + timedelta(days=terms.days_after_last_reminder)
    if invoice.reminders_sent < len(terms.reminder_days):
        return []
    return [(max(when, earliest), DunningStep("make_read_only", invoice.id))]
