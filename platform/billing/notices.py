"""Which billing notice officers see, as one code in the registry row. Pure functions.

The sentences are in themes/base/templates/billing/_notice.html. Pages show them without a query.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from billing.dunning import TRIAL_NOTICE_DAYS, SubscriptionStatus
from billing.plans import Limit, Plan

# Meters that have limits, in the order in which notices mention them.
LIMITED_METERS: Final[tuple[Limit, ...]] = ("members", "storage", "messages")


def select_notice(
    *,
    status: SubscriptionStatus,
    plan: Plan,
    period_end: date | None,
    unpaid: bool,
    usage: Mapping[str, int],
    warning_percent: int,
    on: date,
) -> str | None:
    """Return the code of the most urgent notice for officers, or None.

    ``warning_percent`` is the share of a limit, in percent, from which a notice warns.
    """
    if status in ("read_only", "past_due"):
        return status
    if (
        status == "trialing"
        and period_end is not None
        and on >= period_end - timedelta(days=TRIAL_NOTICE_DAYS)
    ):
        return "trial_ends"
    limited = [
        (name, usage.get(name, 0), limit)
        for name in LIMITED_METERS
        if (limit := plan.limits.get(name)) is not None
    ]
    for name, used, limit in limited:
        if used > limit:
            return f"over_{name}"
    for name, used, limit in limited:
        if used * 100 >= warning_percent * limit:
            return f"near_{name}"
    return "invoice_open" if unpaid else None
