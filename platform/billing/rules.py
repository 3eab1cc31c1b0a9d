"""Rules of subscriptions: periods, proration by days, discount, tax and totals.

Pure functions: the day is an argument, money is whole rupiah.
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
    """A line of an invoice: its text and its amount before tax; deductions are negative."""

    text: Localizable
    amount: Rupiah


class InvoiceTotals(msgspec.Struct, frozen=True):
    """The totals of an invoice, in rupiah.

    ``total`` includes tax; ``credit`` is the credit used; ``amount_due`` is the rest.
    """

    subtotal: Rupiah
    discount: Rupiah
    tax: Rupiah
    total: Rupiah
    credit: Rupiah
    amount_due: Rupiah


class Proration(msgspec.Struct, frozen=True):
    """The amounts of a plan change within a period, before tax.

    ``unused`` is the unused part of the old period's value; ``charged`` is the new plan's price up to
    ``period_end``; ``value`` is the new plan's value for a whole period.
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
        """Return the amount to pay; negative when credit is given back."""
        return self.charged - self.unused


def add_months(anchor: date, months: int) -> date:
    """Return the same day ``months`` later, or the last day of a shorter month.

    Count from the anchor, so that the 31st returns after a shorter month.
    """
    month = anchor.month - 1 + months
    year, month = anchor.year + month // 12, month % 12 + 1
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def next_period_end(anchor: date, interval: Interval, start: date) -> date:
    """Return the first day after the period that begins on ``start``.

    ``anchor`` is the day on which the first period began.
    """
    step = 1 if interval == "month" else 12
    count = max(0, ((start.year - anchor.year) * 12 + start.month - anchor.month) // step - 1)
    while (end := add_months(anchor, count * step)) <= start:
        count += 1
    return end


def split_period_value(value: Rupiah, start: date, end: date, on: date) -> tuple[Rupiah, Rupiah]:
    """Split a period's value at the start of ``on`` into its used and unused part.

    Split by days with the largest remainder, so that both parts sum to the value.
    """
    days = (end - start).days
    used = min(max((on - start).days, 0), days)
    parts = value.split({"a used": used, "b unused": days - used})
    return parts["a used"], parts["b unused"]


def apply_discount(price: Rupiah, percent: int) -> Rupiah:
    """Return a price after a discount in percent; the discount is rounded down."""
    return price - price.times(Fraction(percent, 100), rounding="down")


def is_upgrade(old: Plan, old_interval: Interval, new: Plan, new_interval: Interval) -> bool:
    """Return whether a plan change applies at once: to a dearer plan, or from month to year of an equal or
    dearer one.

    Every other change applies at the end of the period.
    """
    if new_interval == "month" and old_interval == "year" and not old.free:
        return False
    months = new.price_for("month") - old.price_for("month")
    return months > 0 or (months == 0 and new_interval == "year" and old_interval == "month" and not new.free)


def prorate_change(
    *,
    value: Rupiah,
    anchor: date,
    start: date,
    end: date,
    interval: Interval,
    new: Plan,
    new_interval: Interval,
    percent: int,
    on: date,
) -> Proration:
    """Return the amounts of a plan change at the start of ``on``.

    With the same interval the period stays, and its rest is charged at the new price. A new interval begins a
    new period on ``on``.
    """
    days = (end - start).days
    left = min(max((end - on).days, 0), days)
    _, unused = split_period_value(value, start, end, on)
    whole = apply_discount(new.price_for(new_interval), percent)
    if new_interval != interval:
        return Proration(left, days, unused, whole, whole, on, next_period_end(on, new_interval, on))
    _, charged = split_period_value(whole, start, end, on)
    return Proration(left, days, unused, charged, whole, start, end)


def calculate_totals(
    lines: Sequence[LineItem], *, discount: Rupiah, tax: TaxRate | None, credit: Rupiah
) -> InvoiceTotals:
    """Return the totals of an invoice.

    Tax is rounded to the nearest rupiah, half up. Credit is used up to the total, never beyond it.
    """
    subtotal = Rupiah.total(line.amount for line in lines)
    taxed = subtotal - discount
    on_top = taxed.times(tax.fraction, rounding="half_up") if tax else Rupiah(0)
    total = taxed + on_top
    used = Rupiah(max(0, min(credit, total)))
    return InvoiceTotals(subtotal, discount, on_top, total, used, total - used)


def due_date(issued: date, days: int) -> date:
    """Return the last day on which an invoice can be paid without being late."""
    return issued + timedelta(days=days)


def percent_used(value: int, limit: int | None) -> int | None:
    """Return how much of a limit is used, in percent, rounded down; None without a limit."""
    return None if limit is None else value * 100 // limit
