"""Dunning steps by day: reminders, grace, read-only; one that was not reminded is not restricted."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.dunning import (
    DunningState,
    DunningStep,
    SubscriptionStatus,
    UnpaidInvoice,
    next_due_day,
    next_step,
)
from billing.plans import catalogue

TERMS = catalogue().invoices
DUE = date(2026, 3, 8)


def walk(worked: list[date], *, status: SubscriptionStatus = "active") -> list[tuple[date, str, int]]:
    """Perform what is due on the given days, as the billing run does."""
    done: list[tuple[date, str, int]] = []
    invoice = UnpaidInvoice("a", DUE, 0, None)
    for on in worked:
        while (step := next_step(DunningState(status, None, True, True, (invoice,)), TERMS, on)) is not None:
            done.append((on, step.kind, step.count))
            if step.kind == "remind":
                invoice = UnpaidInvoice("a", DUE, step.count, on)
                status = "past_due"
            else:
                status = "read_only"
    return done


def every_day(since: int = -3, until: int = 60) -> list[date]:
    return [DUE + timedelta(days=at) for at in range(since, until)]


def test_reminders_come_on_their_days_and_read_only_after_the_grace() -> None:
    assert [((on - DUE).days, kind, count) for on, kind, count in walk(every_day())] == [
        (0, "remind", 1),
        (3, "remind", 2),
        (7, "remind", 3),
        (14, "remind", 4),
        (21, "make_read_only", 0),
    ]


def test_after_days_without_a_worker_one_reminder_stands_for_those_missed_and_gives_a_week() -> None:
    done = [((on - DUE).days, kind, count) for on, kind, count in walk(every_day(40, 60))]
    assert done == [(40, "remind", 4), (47, "make_read_only", 0)]


@given(st.sets(st.integers(-5, 90), min_size=1))
def test_whatever_days_are_worked_on_nobody_is_closed_untold(worked: set[int]) -> None:
    done = walk([DUE + timedelta(days=at) for at in sorted(worked)])
    counts = [count for _, kind, count in done if kind == "remind"]
    assert counts == sorted(set(counts))
    closed = [on for on, kind, _ in done if kind == "make_read_only"]
    if closed:
        assert closed[0] >= DUE + timedelta(days=TERMS.grace_days)
        last = max(on for on, kind, _ in done if kind == "remind")
        assert (closed[0] - last).days >= TERMS.days_after_last_reminder
        assert counts[-1] == len(TERMS.reminder_days)


@given(st.sets(st.integers(-5, 90), min_size=1), st.dates(DUE - timedelta(days=9), DUE + timedelta(days=90)))
def test_the_next_day_is_the_first_with_a_step(worked: set[int], end: date) -> None:
    for status in ("trialing", "active", "past_due", "read_only"):
        standing = DunningState(status, end, True, False, (UnpaidInvoice("a", DUE, 0, None),))
        day = next_due_day(standing, TERMS)
        assert day is not None
        assert next_step(standing, TERMS, day) is not None
        assert next_step(standing, TERMS, day - timedelta(days=1)) is None


def test_a_trial_is_told_a_week_before_it_ends() -> None:
    end = date(2026, 4, 1)
    assert next_due_day(DunningState("trialing", end, True, False), TERMS) == date(2026, 3, 25)
    assert next_step(DunningState("trialing", end, True, False), TERMS, date(2026, 3, 25)) == DunningStep(
        "notify_trial_end"
    )
    assert next_due_day(DunningState("trialing", end, True, True), TERMS) == end


def test_no_new_period_begins_while_read_only_or_where_stripe_renews_or_on_the_free_plan() -> None:
    end = date(2026, 4, 1)
    assert next_due_day(DunningState("read_only", end, True, True), TERMS) is None
    assert next_due_day(DunningState("active", end, False, True), TERMS) is None
    assert next_due_day(DunningState("active", None, True, True), TERMS) is None
    assert next_step(DunningState("active", end, True, True), TERMS, end) == DunningStep("end_period")


def test_on_the_same_day_read_only_comes_before_the_next_period() -> None:
    end = DUE + timedelta(days=21)
    unpaid = UnpaidInvoice("a", DUE, 4, DUE + timedelta(days=14))
    assert next_step(DunningState("past_due", end, True, True, (unpaid,)), TERMS, end) == DunningStep(
        "make_read_only", "a"
    )
