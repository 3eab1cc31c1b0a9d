"""Add up lines with discounts and taxes, in the currency's smallest unit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from fakes.fake_stripe.errors import invalid, only_one_of
from fakes.fake_stripe.store import Resource
from fakes.fake_stripe.world import World


@dataclass
class LineTotals:
    subtotal: int  # price times quantity
    discount: int
    tax: int  # added, or included in the price for an inclusive rate
    total: int
    taxes: list[tuple[Resource, int, int]]  # rate, tax, taxable amount


@dataclass
class Totals:
    parts: list[LineTotals]

    @property
    def subtotal(self) -> int:
        return sum(part.subtotal for part in self.parts)

    @property
    def discount(self) -> int:
        return sum(part.discount for part in self.parts)

    @property
    def tax(self) -> int:
        return sum(part.tax for part in self.parts)

    @property
    def total(self) -> int:
        return sum(part.total for part in self.parts)


def _rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_UP))


def compute_totals(lines: list[tuple[int, list[Resource]]], coupons: list[Resource]) -> Totals:
    """Add up lines of (amount, tax rates).

    Coupons apply to the total and are spread over the lines; the last line takes the rest.
    """
    left = [amount for amount, _ in lines]
    discounts = [0] * len(lines)
    for one in coupons:
        whole = sum(amount for amount in left if amount > 0)
        off = _discount_of(one["coupon"], whole)
        given = 0
        for position, amount in enumerate(left):
            part = off * amount // whole if whole and amount > 0 else 0
            discounts[position] += part
            left[position] -= part
            given += part
        for position, amount in reversed(list(enumerate(left))):
            if given < off and amount > 0:
                rest = min(off - given, amount)
                discounts[position] += rest
                left[position] -= rest
                given += rest
    parts = []
    for (amount, rates), net, discount in zip(lines, left, discounts, strict=True):
        taxes = [(rate, *_tax(rate, net)) for rate in rates]
        on_top = sum(tax for rate, tax, _ in taxes if not rate["inclusive"])
        parts.append(LineTotals(amount, discount, sum(tax for _, tax, _ in taxes), net + on_top, taxes))
    return Totals(parts)


def _discount_of(coupon: Resource, whole: int) -> int:
    if coupon["amount_off"] is not None:
        return min(int(coupon["amount_off"]), whole)
    return _rounded(Decimal(whole) * Decimal(str(coupon["percent_off"])) / 100)


def _tax(rate: Resource, net: int) -> tuple[int, int]:
    percent = Decimal(str(rate["percentage"]))
    if rate["inclusive"]:
        tax = _rounded(Decimal(net) * percent / (100 + percent))
        return tax, net - tax
    return _rounded(Decimal(net) * percent / 100), net


def tax_rates_named(world: World, account: str, names: list[str], param: str) -> list[Resource]:
    """Return the tax rates of these ids. Raises StripeApiError for an inactive one."""
    rates = [world.store(account).named("tax_rate", name, param) for name in names]
    for rate in rates:
        if not rate["active"]:
            raise invalid(f"The tax rate `{rate['id']}` is not active.", param=param)
    return rates


def discounts_given(world: World, account: str, given: list[Any], customer: str | None) -> list[Resource]:
    """Return the coupons in `discounts`, as {"coupon", "promotion_code"}.

    Raises StripeApiError for a coupon that is used up or expired.
    """
    found = []
    for position, one in enumerate(given):
        path = f"discounts[{position}]"
        if one.get("coupon") and one.get("promotion_code"):
            raise only_one_of(f"{path}[coupon]", f"{path}[promotion_code]")
        code = None
        if name := one.get("promotion_code"):
            code = world.store(account).named("promotion_code", name, f"{path}[promotion_code]")
            coupon = world.store(account).resources[code["promotion"]["coupon"]]
            check_code(world, code, customer, f"{path}[promotion_code]")
        else:
            coupon = world.store(account).named("coupon", one["coupon"], f"{path}[coupon]")
        if not is_valid(world, coupon):
            raise invalid(f"Coupon expired: {coupon['id']}", param=f"{path}[coupon]", code="coupon_expired")
        found.append({"coupon": coupon, "promotion_code": code["id"] if code else None})
    return found


def is_valid(world: World, coupon: Resource) -> bool:
    """Whether a coupon can still be redeemed."""
    used_up = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    over = coupon["redeem_by"] is not None and coupon["redeem_by"] < world.time.now()
    return not used_up and not over


def check_code(world: World, code: Resource, customer: str | None, param: str) -> None:
    """Raise StripeApiError when this customer cannot redeem the promotion code."""
    over = code["expires_at"] is not None and code["expires_at"] < world.time.now()
    used_up = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
    somebody_elses = code["customer"] is not None and code["customer"] != customer
    if not code["active"] or over or used_up or somebody_elses:
        raise invalid("This promotion code cannot be redeemed.", param=param)


def count_redemptions(world: World, account: str, coupons: list[Resource]) -> None:
    """Increase the redemption counts of the coupons."""
    for one in coupons:
        one["coupon"]["times_redeemed"] += 1
        if one["promotion_code"]:
            world.store(account).resources[one["promotion_code"]]["times_redeemed"] += 1
