"""Customers: saved payment methods and balances."""

from __future__ import annotations

from typing import Any

from stripe.params import CustomerCreateParams, CustomerListParams, CustomerUpdateParams

from fakes.fake_stripe.cards import attach, method_named
from fakes.fake_stripe.errors import invalid
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id
from fakes.fake_stripe.world import World

PLAIN = (
    "address",
    "balance",
    "description",
    "email",
    "name",
    "phone",
    "preferred_locales",
    "shipping",
    "tax_exempt",
    "invoice_prefix",
)


def new_customer(world: World, account: str, *, clock: str | None = None, **more: Any) -> Resource:
    name = new_id("cus")
    customer = {
        "id": name,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": world.clocks[clock].now() if clock else world.time.now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": name[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": clock,
        **more,
    }
    world.store(account).add(customer)
    world.emit(account, "customer.created", customer)
    return customer


def method_of(
    world: World, account: str, customer: Resource, subscription: Resource | None = None
) -> Resource | None:
    """Return the payment method of a customer's invoices: the subscription's, else the customer's default."""
    name = (subscription or {}).get("default_payment_method") or customer["invoice_settings"][
        "default_payment_method"
    ]
    return world.store(account).find("payment_method", name)


def save_as_default(world: World, account: str, customer: Resource, method: Resource) -> None:
    """Make a payment method the customer's default; attach it first if needed."""
    if method["customer"] != customer["id"]:
        attach(world, account, method, customer)
    customer["invoice_settings"]["default_payment_method"] = method["id"]


@route("POST", "/v1/customers", CustomerCreateParams)
def create(call: ApiCall) -> Resource:
    clock = call.params.get("test_clock")
    if clock is not None:
        call.store.named("test_helpers.test_clock", clock, "test_clock")
    method = call.params.get("payment_method")
    customer = apply_fields(call, new_customer(call.world, call.account, clock=clock), *PLAIN)
    if method is not None:
        attach(call.world, call.account, method_named(call.world, call.account, method), customer)
    _invoice_settings(call, customer)
    return customer


def _invoice_settings(call: ApiCall, customer: Resource) -> None:
    given = call.params.get("invoice_settings") or {}
    if (name := given.get("default_payment_method")) is not None:
        if name == "":
            customer["invoice_settings"]["default_payment_method"] = None
            return
        method = method_named(call.world, call.account, name, "invoice_settings[default_payment_method]")
        if name == method["id"] and method["customer"] != customer["id"]:
            raise invalid(
                f"The customer does not have a payment method with the ID {name}. The payment method "
                f"must be attached to the customer.",
                param="invoice_settings[default_payment_method]",
                code="resource_missing",
            )
        save_as_default(call.world, call.account, customer, method)
    for name in ("custom_fields", "footer"):
        if name in given:
            customer["invoice_settings"][name] = given[name] or None


@route("GET", "/v1/customers", CustomerListParams)
def list_customers(call: ApiCall) -> Resource:
    return call.listed(
        [one for one in call.store.of_kind("customer") if not one.get("deleted")], "email", "test_clock"
    )


@route("GET", "/v1/customers/{}")
def retrieve(call: ApiCall) -> Resource:
    customer = call.store.find("customer", call.names[0])
    if customer is not None and customer.get("deleted"):
        return {"id": customer["id"], "object": "customer", "deleted": True}
    return call.store.get("customer", call.names[0])


@route("POST", "/v1/customers/{}", CustomerUpdateParams)
def update(call: ApiCall) -> Resource:
    customer = call.store.get("customer", call.names[0])
    _invoice_settings(call, customer)
    apply_fields(call, customer, *PLAIN)
    call.emit("customer.updated", customer, {})
    return customer


@route("DELETE", "/v1/customers/{}")
def delete(call: ApiCall) -> Resource:
    customer = call.store.get("customer", call.names[0])
    for subscription in call.store.of_kind("subscription"):
        if subscription["customer"] == customer["id"] and subscription["status"] != "canceled":
            from fakes.fake_stripe.renewals import end

            end(call.world, call.account, subscription, "cancellation_requested")
    customer["deleted"] = True
    call.emit("customer.deleted", customer)
    return {"id": customer["id"], "object": "customer", "deleted": True}
