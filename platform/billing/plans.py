"""The plans, read once from plans.toml and checked: what can be bought, for how much, and what it allows."""

from __future__ import annotations

import tomllib
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from kernel.errors import LocalizedText
from kernel.money import Rupiah
from tenants.entitlements import DEFAULT_ENTITLEMENTS, DEFAULT_PLAN, ENTITLEMENTS

if TYPE_CHECKING:
    from tenants.registry import TenantRef

_FILE: Final = Path(__file__).with_name("plans.toml")

Interval = Literal["month", "year"]
INTERVALS: Final[tuple[Interval, ...]] = ("month", "year")
Limit = Literal["members", "orders", "messages", "storage", "requests_per_minute"]


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whole rupiah before tax."""

    month: int
    year: int


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One plan.

    Without ``price`` it is free; a limit that is absent is none. Not ``sold`` it goes on for who has it, and
    nobody else gets it.
    """

    code: str
    name_text: str = msgspec.field(name="name")
    lead_text: str = msgspec.field(name="lead")
    entitlements: tuple[str, ...]
    limits: dict[Limit, int]
    price: Prices | None = None
    sold: bool = True

    @property
    def name(self) -> LocalizedText:
        """What it is called."""
        return LocalizedText(self.name_text)

    @property
    def lead(self) -> LocalizedText:
        """For whom it is, in a sentence."""
        return LocalizedText(self.lead_text)

    @property
    def free(self) -> bool:
        """Whether it costs nothing: no period and no invoices."""
        return self.price is None

    def price_for(self, interval: Interval) -> Rupiah:
        """Price of one month or one year, in rupiah before tax; Rp0 for the free plan."""
        if self.price is None:
            return Rupiah(0)
        return Rupiah(self.price.month if interval == "month" else self.price.year)


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a new cooperative tries, for how many days, and what it is on afterwards if it chooses nothing."""

    plan: str
    days: int
    plan_after: str


class InvoiceTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When an invoice is due, when we remind of it (days after), and after how many days the cooperative is
    read-only.
    """

    due_after_days: int
    reminder_days: tuple[int, ...]
    grace_days: int
    days_after_last_reminder: int


class UsageWarning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which part of a limit on it is told."""

    percent: int


class TaxRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tax from a day on; ``rate`` is a fraction of the price, written "11/100"."""

    since: date
    rate: str
    label_text: str = msgspec.field(name="label")
    source: str

    @property
    def label(self) -> LocalizedText:
        """Its name on an invoice."""
        return LocalizedText(self.label_text)

    @property
    def fraction(self) -> Fraction:
        """The exact rate."""
        return Fraction(self.rate)


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    trial: Trial
    invoices: InvoiceTerms
    warning: UsageWarning
    tax: tuple[TaxRate, ...]
    plan: tuple[Plan, ...]

    def get_plan(self, code: str) -> Plan:
        """Return a plan by its code, sold or not.

        Raises LookupError: `lumbung doctor` tells who has a plan that is gone.
        """
        for plan in self.plan:
            if plan.code == code:
                return plan
        msg = (
            f"there is no plan {code!r} in plans.toml; a plan that somebody has stays there with sold = false"
        )
        raise LookupError(msg)

    def find_sold_plan(self, code: str) -> Plan | None:
        """Return a plan that can be chosen, or None."""
        return next((plan for plan in self.plan if plan.code == code and plan.sold), None)

    def find_tax(self, day: date) -> TaxRate | None:
        """Return the tax in force on a day, or None before the first."""
        begun = [tax for tax in self.tax if tax.since <= day]
        return begun[-1] if begun else None


@cache
def catalogue() -> Catalogue:
    """Return the plans of this installation. Raises ValueError for a file that contradicts itself."""
    return parse_plans(_FILE.read_text("utf-8"))


def parse_plans(text: str) -> Catalogue:
    """Read and check a plans file. Raises ValueError (msgspec.ValidationError is one) with what is wrong."""
    found: Catalogue = msgspec.convert(tomllib.loads(text), Catalogue)
    for problem in _problems(found):
        raise ValueError(f"plans.toml: {problem}")
    return found


def _problems(found: Catalogue) -> list[str]:
    codes = [plan.code for plan in found.plan]
    problems = []
    if len(set(codes)) != len(codes):
        problems.append("two plans have the same code")
    if [plan.code for plan in found.plan if plan.free] != [found.trial.plan_after]:
        problems.append("exactly one plan is free, and it is the one after the trial")
    if any(plan.code in (found.trial.plan, found.trial.plan_after) and not plan.sold for plan in found.plan):
        problems.append("the trial's plan and the one after it are sold")
    if found.trial.plan not in codes or found.trial.days < 1:
        problems.append("the trial is of a plan of this file, for at least a day")
    for plan in found.plan:
        problems += _problems_of(plan)
    prices = [plan.price_for("month") for plan in found.plan]
    if prices != sorted(prices):
        problems.append("plans are listed from the cheapest to the dearest")
    first = next((plan for plan in found.plan if plan.code == found.trial.plan), None)
    if first and (first.code != DEFAULT_PLAN or set(first.entitlements) != set(DEFAULT_ENTITLEMENTS)):
        problems.append(
            "the trial's plan is what the registry gives a new cooperative (tenants/entitlements.py)"
        )
    days = found.invoices.reminder_days
    if list(days) != sorted(set(days)) or not days or days[-1] >= found.invoices.grace_days:
        problems.append("reminders rise and come before the end of grace")
    if [tax.since for tax in found.tax] != sorted({tax.since for tax in found.tax}):
        problems.append("taxes are sorted by date")
    problems += [f"{tax.rate} is no rate" for tax in found.tax if not 0 <= tax.fraction < 1]
    return problems


def _problems_of(plan: Plan) -> list[str]:
    problems = []
    if unknown := set(plan.entitlements) - ENTITLEMENTS:
        problems.append(f"{plan.code} has unknown entitlements: {', '.join(sorted(unknown))}")
    if plan.price and not 0 < plan.price.month <= plan.price.year <= 12 * plan.price.month:
        problems.append(f"a year of {plan.code} costs at least one month and at most twelve")
    if any(limit < 1 for limit in plan.limits.values()):
        problems.append(f"{plan.code} has a limit below one")
    return problems


def get_limit(tenant: TenantRef, name: Limit) -> int | None:
    """Return the limit of a cooperative's plan:
    pieces, bytes or requests a minute; None where there is none.
    """
    try:
        return catalogue().get_plan(tenant.plan).limits.get(name)
    except LookupError:  # a plan that is sold no longer binds nobody
        return None
