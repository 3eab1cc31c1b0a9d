"""The three kinds of savings, and the rules for unpaid simpanan wajib."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from governance.rules import SAVINGS_KIND_NAMES, SavingsKind
from kernel.errors import LocalizedText
from kernel.money import Rupiah
from ledger.chart import MANDATORY_SAVINGS, PRINCIPAL_SAVINGS, VOLUNTARY_SAVINGS, CounterMethod

KINDS: Final[tuple[SavingsKind, ...]] = ("principal", "mandatory", "voluntary")
ACCOUNTS: Final[dict[SavingsKind, str]] = {
    "principal": PRINCIPAL_SAVINGS,
    "mandatory": MANDATORY_SAVINGS,
    "voluntary": VOLUNTARY_SAVINGS,
}
KIND_OF_ACCOUNT: Final[dict[str, SavingsKind]] = {account: kind for kind, account in ACCOUNTS.items()}
# Names of the kinds in page addresses.
SLUGS: Final[dict[SavingsKind, str]] = {"principal": "pokok", "mandatory": "wajib", "voluntary": "sukarela"}
KIND_OF_SLUG: Final[dict[str, SavingsKind]] = {slug: kind for kind, slug in SLUGS.items()}
KIND_NAMES: Final[dict[SavingsKind, LocalizedText]] = SAVINGS_KIND_NAMES

SETTLEMENT_METHOD_NAMES: Final[dict[CounterMethod, LocalizedText]] = {
    "cash": LocalizedText("Tunai", context="savings.rules"),
    "bank": LocalizedText("Lewat bank"),
}


class Savings(msgspec.Struct, frozen=True):
    """A member's savings by kind, in rupiah."""

    principal: Rupiah = Rupiah(0)
    mandatory: Rupiah = Rupiah(0)
    voluntary: Rupiah = Rupiah(0)

    @property
    def total(self) -> Rupiah:
        """The sum of all kinds."""
        return self.principal + self.mandatory + self.voluntary

    def of(self, kind: SavingsKind) -> Rupiah:
        """Return the balance of one kind."""
        return {"principal": self.principal, "mandatory": self.mandatory, "voluntary": self.voluntary}[kind]


class Dues(msgspec.Struct, frozen=True):
    """Unpaid simpanan wajib, in rupiah.

    ``unpaid`` lists past months (their first day) with the amount missing; ``this_month`` is what is missing
    for the current month.
    """

    unpaid: tuple[tuple[date, Rupiah], ...]
    this_month: Rupiah

    @property
    def arrears(self) -> Rupiah:
        """The sum missing for past months."""
        return Rupiah.total(amount for _, amount in self.unpaid)


def first_owed_month(joined_on: date, amounts: Sequence[tuple[date, Rupiah]]) -> date:
    """Return the first month that a member can owe, as its first day.

    It is the month of joining, but not before the first known bylaws: without a rule, nothing is owed.
    ``amounts`` as in ``compute_dues``.
    """
    return first_day_of_month(max(joined_on, amounts[0][0]))


def compute_dues(joined_on: date, today: date, paid: Rupiah, amounts: Sequence[tuple[date, Rupiah]]) -> Dues:
    """Return the months of simpanan wajib that are not fully paid.

    Payments cover the oldest month first, starting with the month of joining. ``paid`` is the sum paid since
    ``first_owed_month``, in rupiah. ``amounts`` are pairs of the date from which an amount is in force and
    the rupiah a month, oldest first. A month's amount is the one in force on its first day; before the first
    date, the first amount applies.
    """
    left, unpaid, open_now = paid, [], Rupiah(0)
    month, running = first_owed_month(joined_on, amounts), first_day_of_month(today)
    while month <= running:
        lacking = max(monthly_amount_on(month, amounts) - left, Rupiah(0))
        left = max(left - monthly_amount_on(month, amounts), Rupiah(0))
        if month == running:
            open_now = lacking
        elif lacking:
            unpaid.append((month, lacking))
        month = next_month(month)
    return Dues(tuple(unpaid), open_now)


def monthly_amount_on(day: date, amounts: Sequence[tuple[date, Rupiah]]) -> Rupiah:
    """Return the monthly amount in force on a day, in rupiah; ``amounts`` as in ``compute_dues``."""
    in_force = amounts[0][1]
    for effective_on, amount in amounts:
        if effective_on <= day:
            in_force = amount
    return in_force


def first_day_of_month(day: date) -> date:
    """Return the first day of a date's month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """Return the first day of the following month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
