"""Coupons, promotion codes and tax rates."""

from __future__ import annotations

import secrets

from stripe.params import (
    CouponCreateParams,
    CouponListParams,
    CouponUpdateParams,
    PromotionCodeCreateParams,
    PromotionCodeListParams,
    PromotionCodeUpdateParams,
    TaxRateCreateParams,
    TaxRateListParams,
    TaxRateUpdateParams,
)

from fakes.fake_stripe.errors import invalid, missing, only_one_of
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id
from fakes.fake_stripe.totals import is_valid
from fakes.fake_stripe.world import World, currency_of


@route("POST", "/v1/coupons", CouponCreateParams)
def create_coupon(call: ApiCall) -> Resource:
    percent, amount = call.params.get("percent_off"), call.params.get("amount_off")
    if (percent is None) == (amount is None):
        raise missing("percent_off") if percent is None else only_one_of("percent_off", "amount_off")
    if percent is not None and not 0 < percent <= 100:
        raise invalid("Invalid percentage: must be more than 0 and at most 100", param="percent_off")
    if amount is not None and amount < 1:
        raise invalid("Invalid positive integer", param="amount_off", code="parameter_invalid_integer")
    currency = call.params.get("currency")
    if amount is not None and currency is None:
        raise missing("currency")
    duration, months = call.params.get("duration", "once"), call.params.get("duration_in_months")
    if (duration == "repeating") != (months is not None):
        raise invalid(
            "`duration_in_months` belongs to a `duration` of repeating, and only there.",
            param="duration_in_months",
        )
    name = call.params.get("id") or secrets.token_urlsafe(6)
    if call.store.find("coupon", name):
        raise invalid("Coupon already exists.", param="id", code="resource_already_exists")
    coupon = {
        "id": name,
        "object": "coupon",
        "amount_off": amount,
        "created": call.now,
        "currency": currency_of(currency) if currency else None,
        "duration": duration,
        "duration_in_months": months,
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "name": None,
        "percent_off": percent,
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
    }
    call.store.add(apply_fields(call, coupon, "max_redemptions", "name", "redeem_by"))
    call.emit("coupon.created", coupon)
    return coupon


def _looked_at(call: ApiCall, coupon: Resource) -> Resource:
    coupon["valid"] = is_valid(call.world, coupon)
    return coupon


@route("GET", "/v1/coupons", CouponListParams)
def list_coupons(call: ApiCall) -> Resource:
    return call.listed([_looked_at(call, coupon) for coupon in call.store.of_kind("coupon")])


@route("GET", "/v1/coupons/{}")
def retrieve_coupon(call: ApiCall) -> Resource:
    return _looked_at(call, call.store.get("coupon", call.names[0]))


@route("POST", "/v1/coupons/{}", CouponUpdateParams)
def update_coupon(call: ApiCall) -> Resource:
    return apply_fields(call, call.store.get("coupon", call.names[0]), "name")


@route("DELETE", "/v1/coupons/{}")
def delete_coupon(call: ApiCall) -> Resource:
    return call.store.remove(call.store.get("coupon", call.names[0]))


@route("POST", "/v1/promotion_codes", PromotionCodeCreateParams)
def create_code(call: ApiCall) -> Resource:
    if (name := call.params["promotion"].get("coupon")) is None:
        raise missing("promotion[coupon]")
    coupon = call.store.named("coupon", name, "promotion[coupon]")
    code = call.params.get("code") or secrets.token_hex(4).upper()
    if any(
        other["code"].lower() == code.lower() and other["active"]
        for other in call.store.of_kind("promotion_code")
    ):
        raise invalid("An active promotion code with `code: " + code + "` already exists.", param="code")
    restrictions = call.params.get("restrictions", {})
    promotion_code = {
        "id": new_id("promo"),
        "object": "promotion_code",
        "active": True,
        "code": code,
        "created": call.now,
        "customer": None,
        "expires_at": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "promotion": {"type": "coupon", "coupon": coupon["id"]},
        "restrictions": {
            "first_time_transaction": restrictions.get("first_time_transaction", False),
            "minimum_amount": restrictions.get("minimum_amount"),
            "minimum_amount_currency": restrictions.get("minimum_amount_currency"),
        },
        "times_redeemed": 0,
    }
    call.store.add(apply_fields(call, promotion_code, "active", "customer", "expires_at", "max_redemptions"))
    call.emit("promotion_code.created", promotion_code)
    return promotion_code


@route("GET", "/v1/promotion_codes", PromotionCodeListParams)
def list_codes(call: ApiCall) -> Resource:
    found = call.store.of_kind("promotion_code")
    if (coupon := call.params.get("coupon")) is not None:
        found = [code for code in found if code["promotion"]["coupon"] == coupon]
    return call.listed(found, "active", "code", "customer")


@route("GET", "/v1/promotion_codes/{}")
def retrieve_code(call: ApiCall) -> Resource:
    return call.store.get("promotion_code", call.names[0])


@route("POST", "/v1/promotion_codes/{}", PromotionCodeUpdateParams)
def update_code(call: ApiCall) -> Resource:
    return apply_fields(call, call.store.get("promotion_code", call.names[0]), "active")


@route("POST", "/v1/tax_rates", TaxRateCreateParams)
def create_rate(call: ApiCall) -> Resource:
    percent = call.params["percentage"]
    if not 0 <= percent <= 100:
        raise invalid("Invalid percentage: must be between 0 and 100", param="percentage")
    rate = {
        "id": new_id("txr"),
        "object": "tax_rate",
        "active": True,
        "country": None,
        "created": call.now,
        "description": None,
        "display_name": call.params["display_name"],
        "effective_percentage": percent,
        "inclusive": call.params["inclusive"],
        "jurisdiction": None,
        "livemode": False,
        "metadata": {},
        "percentage": percent,
        "rate_type": "percentage",
        "state": None,
        "tax_type": None,
    }
    return call.store.add(
        apply_fields(call, rate, "active", "country", "description", "jurisdiction", "state", "tax_type")
    )


@route("GET", "/v1/tax_rates", TaxRateListParams)
def list_rates(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("tax_rate"), "active", "inclusive")


@route("GET", "/v1/tax_rates/{}")
def retrieve_rate(call: ApiCall) -> Resource:
    return call.store.get("tax_rate", call.names[0])


@route("POST", "/v1/tax_rates/{}", TaxRateUpdateParams)
def update_rate(call: ApiCall) -> Resource:
    rate = call.store.get("tax_rate", call.names[0])
    return apply_fields(
        call, rate, "active", "country", "description", "display_name", "jurisdiction", "state", "tax_type"
    )


def new_discount(
    world: World, account: str, given: Resource, start: int, end: int | None, **where: str | None
) -> Resource:
    """Create a discount of a coupon for a subscription or an invoice."""
    discount = {
        "id": new_id("di"),
        "object": "discount",
        "checkout_session": None,
        "customer": None,
        "end": end,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": given["promotion_code"],
        "source": {"type": "coupon", "coupon": given["coupon"]["id"]},
        "start": start,
        "subscription": None,
        "subscription_item": None,
        **where,
    }
    return world.store(account).add(discount)


def resolve_discounts(world: World, account: str, discount_ids: list[str]) -> list[Resource]:
    """Return each discount with its coupon and promotion code, as `compute_totals` takes them."""
    things = world.store(account).resources
    return [
        {
            "coupon": things[things[name]["source"]["coupon"]],
            "promotion_code": things[name]["promotion_code"],
            "discount": name,
        }
        for name in discount_ids
        if things[name]["source"]["coupon"] in things
    ]
