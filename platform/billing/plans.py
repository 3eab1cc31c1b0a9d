"""The plans of plans.toml, read and checked once: prices, entitlements and limits."""

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
    """Prices in whole rupiah before tax."""

    month: int
    year: int


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One plan.

    Without ``price`` it is free; a limit that is absent means unlimited. A plan that is not ``sold`` stays
    with the cooperatives that have it, and cannot be chosen.
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
        """Return the plan's name."""
        return LocalizedText(self.name_text)

    @property
    def lead(self) -> LocalizedText:
        """Return one sentence that says whom the plan is for."""
        return LocalizedText(self.lead_text)

    @property
    def free(self) -> bool:
        """Return whether the plan costs nothing; it then has no period and no invoices."""
        return self.price is None

    def price_for(self, interval: Interval) -> Rupiah:
        """Return the price of one month or one year, in rupiah before tax; Rp0 for the free plan."""
        if self.price is None:
            return Rupiah(0)
        return Rupiah(self.price.month if interval == "month" else self.price.year)


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The trial of a new cooperative: its plan, its length in days, and the free plan that follows it."""

    plan: str
    days: int
    plan_after: str


class InvoiceTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The terms of an invoice, all in days: due after issue, reminders and read-only after the due date."""

    due_after_days: int
    reminder_days: tuple[int, ...]
    grace_days: int
    days_after_last_reminder: int


class UsageWarning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The share of a limit, in percent, from which officers are warned."""

    percent: int


class TaxRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tax that applies from ``since`` on; ``rate`` is a fraction of the price, written "11/100"."""

    since: date
    rate: str
    label_text: str = msgspec.field(name="label")
    source: str

    @property
    def label(self) -> LocalizedText:
        """Return the tax's name as printed on invoices."""
        return LocalizedText(self.label_text)

    @property
    def fraction(self) -> Fraction:
        """Return the exact rate."""
        return Fraction(self.rate)


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of plans.toml."""

    trial: Trial
    invoices: InvoiceTerms
    warning: UsageWarning
    tax: tuple[TaxRate, ...]
    plan: tuple[Plan, ...]

    def get_plan(self, code: str) -> Plan:
        """Return a plan by its code, sold or not.

        Raises LookupError. `lumbung doctor` lists cooperatives whose plan is missing.
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
    """Return the plans of this installation, cached. Raises ValueError when the file contradicts itself."""
    return parse_plans(_FILE.read_text("utf-8"))


def parse_plans(text: str) -> Catalogue:
    """Parse and check a plans file.

    Raises ValueError (msgspec.ValidationError is one) that names the problem.
    """
    found: Catalogue = msgspec.convert(tomllib.loads(text), Catalogue)
    for problem in _find_problems(found):
        raise ValueError(f"plans.toml: {problem}")
    return found


def _find_problems(found: Catalogue) -> list[str]:
    """Return everything that is wrong with a plans file."""
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
        problems += _find_plan_problems(plan)
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


def _find_plan_problems(plan: Plan) -> list[str]:
    problems = []
    if unknown := set(plan.entitlements) - ENTITLEMENTS:
        problems.append(f"{plan.code} has unknown entitlements: {', '.join(sorted(unknown))}")
    if plan.price and not 0 < plan.price.month <= plan.price.year <= 12 * plan.price.month:
        problems.append(f"a year of {plan.code} costs at least one month and at most twelve")
    if any(limit < 1 for limit in plan.limits.values()):
        problems.append(f"{plan.code} has a limit below one")
    return problems


def get_plan_limit(tenant: TenantRef, name: Limit) -> int | None:
    """Return a limit of the cooperative's plan: pieces, bytes or requests a minute; None when unlimited."""
    try:
        return catalogue().get_plan(tenant.plan).limits.get(name)
    except LookupError:  # a plan that is missing from the file limits nothing
        return None
