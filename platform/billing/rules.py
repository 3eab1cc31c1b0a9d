"""How a subscription is reckoned: periods, what a change costs to the day, discount, tax.

Pure: the day is an argument, money whole rupiah.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

import msgspec

from billing.plans import Interval, Plan, TaxRate
from kernel.errors import Localizable
from kernel.money import Rupiah


class LineItem(msgspec.Struct, frozen=True):
    """A line of an invoice: what for, and how much before tax. What is taken off has an amount below zero."""

    text: Localizable
    amount: Rupiah


class InvoiceTotals(msgspec.Struct, frozen=True):
    """What lines come to.

    ``total`` is with tax; ``credit`` is what the cooperative had with us; ``amount_due`` is the rest.
    """

    subtotal: Rupiah
    discount: Rupiah
    tax: Rupiah
    total: Rupiah
    credit: Rupiah
    amount_due: Rupiah


class Proration(msgspec.Struct, frozen=True):
    """What a change of plan in the middle of a period comes to, before tax.

    ``unused`` is the part of the old period's value that was not used; ``charged`` what the new plan costs up
    to ``period_end``; ``value`` the new plan's value for a whole period.
    """

    days_left: int
    days: int
    unused: Rupiah
    charged: Rupiah
    value: Rupiah
    period_start: date
    period_end: date

    @property
    def net(self) -> Rupiah:
        """What is to be paid, below zero when something is given back."""
        return self.charged - self.unused


def add_months(anchor: date, months: int) -> date:
    """The same day ``months`` later, or the last of a shorter month: counted from the anchor, so that the
    31st comes back.
    """
    month = anchor.month - 1 + months
    year, month = anchor.year + month // 12, month % 12 + 1
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def next_period_end(anchor: date, interval: Interval, start: date) -> date:
    """The first day that no longer belongs to the period that begins on ``start``; ``anchor`` is where the
    first period began.
    """
    step = 1 if interval == "month" else 12
    count = max(0, ((start.year - anchor.year) * 12 + start.month - anchor.month) // step - 1)
    while (end := add_months(anchor, count * step)) <= start:
        count += 1
    return end


def split_period_value(value: Rupiah, start: date, end: date, on: date) -> tuple[Rupiah, Rupiah]:
    """Split a period's value at the beginning of the day ``on``: by days, by largest remainder, so that both
    sum to the value.
    """
    days = (end - start).days
    used = min(max((on - start).days, 0), days)
    parts = value.split({"a used": used, "b unused": days - used})
    return parts["a used"], parts["b unused"]


def apply_discount(price: Rupiah, percent: int) -> Rupiah:
    """What is left of a price after a discount in percent; the discount is rounded down."""
    return price - price.times(Fraction(percent, 100), rounding="down")


def is_upgrade(old: Plan, old_every: Interval, new: Plan, new_every: Interval) -> bool:
    """Whether a change begins at once: to a dearer plan, or to the year of the same plan or a dearer one.

    All else waits for the end.
    """
    if new_every == "month" and old_every == "year" and not old.free:
        return False
    months = new.price_for("month") - old.price_for("month")
    return months > 0 or (months == 0 and new_every == "year" and old_every == "month" and not new.free)


def prorate_change(
    *,
    value: Rupiah,
    anchor: date,
    start: date,
    end: date,
    interval: Interval,
    new: Plan,
    new_every: Interval,
    percent: int,
    on: date,
) -> Proration:
    """What changing at the beginning of ``on`` comes to.

    The same rhythm keeps the period: the rest of it is charged at the new price. Another rhythm begins a new
    period today.
    """
    days = (end - start).days
    left = min(max((end - on).days, 0), days)
    _, unused = split_period_value(value, start, end, on)
    whole = apply_discount(new.price_for(new_every), percent)
    if new_every != interval:
        return Proration(left, days, unused, whole, whole, on, next_period_end(on, new_every, on))
    _, charged = split_period_value(whole, start, end, on)
    return Proration(left, days, unused, charged, whole, start, end)


def calculate_totals(
    lines: Sequence[LineItem], *, discount: Rupiah, tax: TaxRate | None, credit: Rupiah
) -> InvoiceTotals:
    """Sum an invoice.

    The tax is rounded to the nearest rupiah, half up; of the credit no more is used than there is to pay.
    """
    subtotal = Rupiah.total(line.amount for line in lines)
    taxed = subtotal - discount
    on_top = taxed.times(tax.fraction, rounding="half_up") if tax else Rupiah(0)
    total = taxed + on_top
    used = Rupiah(max(0, min(credit, total)))
    return InvoiceTotals(subtotal, discount, on_top, total, used, total - used)


def due_date(issued: date, days: int) -> date:
    """The day up to which an invoice can be paid without being late."""
    return issued + timedelta(days=days)


def percent_used(value: int, limit: int | None) -> int | None:
    """How many percent of a limit are used, rounded down; None without a limit."""
    return None if limit is None else value * 100 // limit
