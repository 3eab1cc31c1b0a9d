"""Products and prices: one-off, monthly or yearly."""

from __future__ import annotations

from typing import Any

from stripe.params import (
    PriceCreateParams,
    PriceListParams,
    PriceUpdateParams,
    ProductCreateParams,
    ProductListParams,
    ProductUpdateParams,
)

from fakes.fake_stripe.errors import invalid, missing, only_one_of
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id
from fakes.fake_stripe.world import World, currency_of

INTERVALS = {"day": 1095, "week": 156, "month": 36, "year": 3}  # at most three years


def new_product(world: World, account: str, name: str, **more: Any) -> Resource:
    now = world.time.now()
    product = {
        "id": new_id("prod"),
        "object": "product",
        "active": True,
        "created": now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": name,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": now,
        "url": None,
        **more,
    }
    return world.store(account).add(product)


def new_price(world: World, account: str, given: Any, product: str, path: str = "") -> Resource:
    """Create a price from parameters (of a price, or of `price_data`).

    Raises StripeApiError for invalid amounts and intervals.
    """
    at = f"{path}[{{}}]" if path else "{}"
    currency = currency_of(given["currency"], at.format("currency"))
    amount, exact = given.get("unit_amount"), given.get("unit_amount_decimal")
    if amount is not None and exact is not None:
        raise only_one_of(at.format("unit_amount"), at.format("unit_amount_decimal"))
    if amount is None and exact is None:
        raise missing(at.format("unit_amount"))
    if amount is None and "." in str(exact):
        raise invalid(
            "The fake prices whole units of the currency's smallest part only.",
            param=at.format("unit_amount_decimal"),
        )
    amount = int(exact) if amount is None else amount
    if amount < 0:
        raise invalid(
            "Invalid non-negative integer", param=at.format("unit_amount"), code="parameter_invalid_integer"
        )
    recurring = given.get("recurring")
    if recurring is not None:
        count = recurring.get("interval_count", 1)
        if not 1 <= count <= INTERVALS[recurring["interval"]]:
            raise invalid("The maximum is three years.", param=at.format("recurring") + "[interval_count]")
        recurring = {
            "interval": recurring["interval"],
            "interval_count": count,
            "meter": None,
            "trial_period_days": recurring.get("trial_period_days"),
            "usage_type": recurring.get("usage_type", "licensed"),
        }
    price = {
        "id": new_id("price"),
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": world.time.now(),
        "currency": currency,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product,
        "recurring": recurring,
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }
    return world.store(account).add(price)


def price_of_item(world: World, account: str, item: Resource, path: str) -> Resource:
    """Return the price of a line: an existing one or an inline one.

    Raises StripeApiError unless exactly one of both is given.
    """
    name, described = item.get("price"), item.get("price_data")
    if (name is None) == (described is None):
        if name is None:
            raise missing(f"{path}[price]")
        raise only_one_of(f"{path}[price]", f"{path}[price_data]")
    if name is not None:
        price = world.store(account).named("price", name, f"{path}[price]")
        if not price["active"]:
            raise invalid(
                "The price specified is inactive. This field only accepts active prices.",
                param=f"{path}[price]",
            )
        return price
    assert described is not None
    product, inline = described.get("product"), described.get("product_data")
    if (product is None) == (inline is None):
        if product is None:
            raise missing(f"{path}[price_data][product]")
        raise only_one_of(f"{path}[price_data][product]", f"{path}[price_data][product_data]")
    if inline is not None:
        fields = {key: inline[key] for key in ("description", "metadata", "images") if key in inline}
        product = new_product(world, account, inline["name"], active=False, **fields)["id"]
    else:
        world.store(account).named("product", product, f"{path}[price_data][product]")
    price = new_price(world, account, described, product, f"{path}[price_data]")
    return price | {"active": False} if inline is not None else price


@route("POST", "/v1/products", ProductCreateParams)
def create_product(call: ApiCall) -> Resource:
    if (wanted := call.params.get("id")) and wanted in call.store.resources:
        raise invalid("Product already exists.", param="id", code="resource_already_exists")
    more = {"id": wanted} if wanted else {}
    product = new_product(call.world, call.account, call.params["name"], **more)
    apply_fields(
        call,
        product,
        "active",
        "description",
        "images",
        "statement_descriptor",
        "tax_code",
        "unit_label",
        "url",
        "shippable",
    )
    call.emit("product.created", product)
    if data := call.params.get("default_price_data"):
        product["default_price"] = new_price(
            call.world, call.account, data, product["id"], "default_price_data"
        )["id"]
    return product


@route("GET", "/v1/products", ProductListParams)
def list_products(call: ApiCall) -> Resource:
    found = call.store.of_kind("product")
    if ids := call.params.get("ids"):
        found = [product for product in found if product["id"] in ids]
    return call.listed(found, "active", "url", "shippable")


@route("GET", "/v1/products/{}")
def retrieve_product(call: ApiCall) -> Resource:
    return call.store.get("product", call.names[0])


@route("POST", "/v1/products/{}", ProductUpdateParams)
def update_product(call: ApiCall) -> Resource:
    product = call.store.get("product", call.names[0])
    apply_fields(
        call,
        product,
        "name",
        "active",
        "description",
        "images",
        "statement_descriptor",
        "tax_code",
        "unit_label",
        "url",
        "default_price",
    )
    product["updated"] = call.now
    call.emit("product.updated", product, {})
    return product


@route("DELETE", "/v1/products/{}")
def delete_product(call: ApiCall) -> Resource:
    product = call.store.get("product", call.names[0])
    if any(price["product"] == product["id"] for price in call.store.of_kind("price")):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    call.emit("product.deleted", product)
    return call.store.remove(product)


@route("POST", "/v1/prices", PriceCreateParams)
def create_price(call: ApiCall) -> Resource:
    product, inline = call.params.get("product"), call.params.get("product_data")
    if (product is None) == (inline is None):
        raise missing("product") if product is None else only_one_of("product", "product_data")
    if inline is not None:
        product = new_product(call.world, call.account, inline["name"])["id"]
    call.store.named("product", product, "product")
    if key := call.params.get("lookup_key"):
        for other in call.store.of_kind("price"):
            if other["lookup_key"] == key:
                if not call.params.get("transfer_lookup_key"):
                    raise invalid(
                        f"A price (`{other['id']}`) already uses that lookup key.", param="lookup_key"
                    )
                other["lookup_key"] = None
    price = apply_fields(
        call, new_price(call.world, call.account, call.params, product), "lookup_key", "nickname", "active"
    )
    call.emit("price.created", price)
    return price


@route("GET", "/v1/prices", PriceListParams)
def list_prices(call: ApiCall) -> Resource:
    found = call.store.of_kind("price")
    if keys := call.params.get("lookup_keys"):
        found = [price for price in found if price["lookup_key"] in keys]
    return call.listed(found, "active", "product", "type", "currency")


@route("GET", "/v1/prices/{}")
def retrieve_price(call: ApiCall) -> Resource:
    return call.store.get("price", call.names[0])


@route("POST", "/v1/prices/{}", PriceUpdateParams)
def update_price(call: ApiCall) -> Resource:
    price = apply_fields(
        call, call.store.get("price", call.names[0]), "active", "nickname", "lookup_key", "tax_behavior"
    )
    call.emit("price.updated", price, {})
    return price
