"""API calls about invoices and their items."""

from __future__ import annotations

from typing import Any

from stripe.params import (
    InvoiceCreateParams,
    InvoiceCreatePreviewParams,
    InvoiceFinalizeInvoiceParams,
    InvoiceItemCreateParams,
    InvoiceItemListParams,
    InvoiceLineItemListParams,
    InvoiceListParams,
    InvoicePaymentListParams,
    InvoicePayParams,
    InvoiceUpdateParams,
)

from fakes.fake_stripe.cards import DECLINES, decline, method_named
from fakes.fake_stripe.discounts import new_discount
from fakes.fake_stripe.errors import declined, invalid, missing
from fakes.fake_stripe.invoices import (
    DAY,
    add_up,
    attempt_payment,
    decline_message,
    finalize,
    mark_paid,
    new_invoice,
    pricing,
    save_draft,
)
from fakes.fake_stripe.proration import change_lines
from fakes.fake_stripe.renewals import invoice_lines, next_period, parent_of, pending_lines, take_pending
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id, paginate
from fakes.fake_stripe.subscriptions import planned_items
from fakes.fake_stripe.totals import discounts_given, tax_rates_named
from fakes.fake_stripe.world import currency_of


def _invoice(call: ApiCall) -> Resource:
    return call.store.get("invoice", call.names[0], "invoice")


@route("POST", "/v1/invoiceitems", InvoiceItemCreateParams)
def create_item(call: ApiCall) -> Resource:
    if (name := call.params.get("customer")) is None:
        raise missing("customer")
    customer = call.store.named("customer", name, "customer")
    quantity = call.params.get("quantity", 1)
    if (given := call.params.get("pricing")) is not None:
        price = call.store.named("price", given.get("price", ""), "pricing[price]")
        amount, currency = price["unit_amount"] * quantity, price["currency"]
    else:
        if (amount := call.params.get("amount")) is None:
            raise missing("amount")
        price, currency = None, currency_of(call.params.get("currency", "idr"))
    now = call.world.time_of(call.account, customer).now()
    draft = call.params.get("invoice")
    item = {
        "id": new_id("ii"),
        "object": "invoiceitem",
        "amount": amount,
        "currency": currency,
        "customer": name,
        "date": now,
        "description": call.params.get("description"),
        "discountable": amount > 0,
        "discounts": [],
        "invoice": draft,
        "livemode": False,
        "metadata": {},
        "parent": None,
        "period": {"start": now, "end": now},
        "pricing": pricing(price) if price else None,
        "proration": False,
        "quantity": quantity,
        "tax_rates": [],
        "_subscription": call.params.get("subscription"),
        "_rates": tax_rates_named(call.world, call.account, call.params.get("tax_rates") or [], "tax_rates"),
    }
    call.store.add(apply_fields(call, item))
    if draft is not None:
        invoice = call.store.named("invoice", draft, "invoice")
        if invoice["status"] != "draft":
            raise invalid(
                "You can only add items to a draft invoice.", param="invoice", code="invoice_not_editable"
            )
        invoice["_lines"] += take_pending([item], invoice["id"])
        add_up(call.world, call.account, invoice)
    call.emit("invoiceitem.created", item)
    return item


@route("GET", "/v1/invoiceitems", InvoiceItemListParams)
def list_items(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("invoiceitem"), "customer", "invoice")


@route("DELETE", "/v1/invoiceitems/{}")
def delete_item(call: ApiCall) -> Resource:
    item = call.store.get("invoiceitem", call.names[0])
    if item["invoice"] is not None:
        raise invalid("Items of an invoice cannot be deleted.", code="invoice_not_editable")
    return call.store.remove(item)


@route("POST", "/v1/invoices", InvoiceCreateParams)
def create(call: ApiCall) -> Resource:
    if (name := call.params.get("customer")) is None:
        raise missing("customer")
    customer = call.store.named("customer", name, "customer")
    method, days = (
        call.params.get("collection_method", "charge_automatically"),
        call.params.get("days_until_due"),
    )
    due = call.params.get("due_date")
    if (method == "send_invoice") != (days is not None or due is not None):
        raise invalid(
            "`days_until_due` or `due_date` belongs to a `collection_method` of send_invoice, and only "
            "there.",
            param="days_until_due",
        )
    lines = (
        pending_lines(call.world, call.account, customer)
        if call.params.get("pending_invoice_items_behavior", "exclude") == "include"
        else []
    )
    invoice = new_invoice(
        call.world, call.account, customer, lines, [], auto_advance=call.params.get("auto_advance", False)
    )
    invoice |= {
        "collection_method": method,
        "due_date": due or (invoice["created"] + days * DAY if days is not None else None),
    }
    invoice["currency"] = currency_of(call.params.get("currency", invoice["currency"]))
    coupons = discounts_given(call.world, call.account, call.params.get("discounts") or [], customer["id"])
    invoice["discounts"] = [
        new_discount(call.world, call.account, one, invoice["created"], None, invoice=invoice["id"])["id"]
        for one in coupons
    ]
    rates = tax_rates_named(
        call.world, call.account, call.params.get("default_tax_rates") or [], "default_tax_rates"
    )
    invoice["default_tax_rates"] = rates
    apply_fields(call, invoice, "description", "footer", "custom_fields")
    add_up(call.world, call.account, invoice)
    return save_draft(call.world, call.account, invoice)


@route("POST", "/v1/invoices/create_preview", InvoiceCreatePreviewParams)
def preview(call: ApiCall) -> Resource:
    """Return the next invoice of a subscription, or the invoice of a change of it, without storing it."""
    if (name := call.params.get("subscription")) is None:
        raise missing("subscription")
    subscription = call.store.named("subscription", name, "subscription")
    customer = call.store.resources[subscription["customer"]]
    details = call.params.get("subscription_details") or {}
    now = call.world.time_of(call.account, subscription).now()
    lines = pending_lines(call.world, call.account, customer, keep=True)
    items = subscription["_items"]
    if "items" in details:
        planned = planned_items(call, subscription, details["items"], "subscription_details[items]")
        if (
            details.get("proration_behavior", "create_prorations") != "none"
            and subscription["status"] != "trialing"
        ):
            lines += change_lines(subscription, items, planned, details.get("proration_date", now))
        items = planned
    if details.get("proration_behavior") != "always_invoice":
        start = items[0]["current_period_end"]
        lines += invoice_lines(
            subscription, items, (start, next_period({**subscription, "_items": items}, start))
        )
    invoice = new_invoice(
        call.world, call.account, customer, lines, list(subscription["discounts"]), billing_reason="upcoming"
    )
    invoice |= {
        "id": new_id("upcoming_in"),
        "parent": parent_of(subscription),
        "_default": subscription["default_tax_rates"],
    }
    invoice["default_tax_rates"] = subscription["default_tax_rates"]
    add_up(call.world, call.account, invoice)
    return invoice


@route("GET", "/v1/invoices", InvoiceListParams)
def list_invoices(call: ApiCall) -> Resource:
    found = call.store.of_kind("invoice")
    if (name := call.params.get("subscription")) is not None:
        found = [
            one
            for one in found
            if one["parent"] and one["parent"]["subscription_details"]["subscription"] == name
        ]
    return call.listed(found, "customer", "status", "collection_method")


@route("GET", "/v1/invoices/{}")
def retrieve(call: ApiCall) -> Resource:
    return _invoice(call)


@route("GET", "/v1/invoices/{}/lines", InvoiceLineItemListParams)
def list_lines(call: ApiCall) -> Resource:
    return paginate(reversed(_invoice(call)["_lines"]), call.params, call.path)


@route("POST", "/v1/invoices/{}", InvoiceUpdateParams)
def update(call: ApiCall) -> Resource:
    invoice = apply_fields(
        call, _invoice(call), "description", "footer", "auto_advance", "default_payment_method"
    )
    call.emit("invoice.updated", invoice, {})
    return invoice


@route("DELETE", "/v1/invoices/{}")
def delete(call: ApiCall) -> Resource:
    invoice = _invoice(call)
    if invoice["status"] != "draft":
        raise invalid("You can only delete draft invoices.", code="invoice_not_editable")
    call.emit("invoice.deleted", invoice)
    return call.store.remove(invoice)


@route("POST", "/v1/invoices/{}/finalize", InvoiceFinalizeInvoiceParams)
def finalize_invoice(call: ApiCall) -> Resource:
    return finalize(call.world, call.account, _invoice(call))


@route("POST", "/v1/invoices/{}/send")
def send_invoice(call: ApiCall) -> Resource:
    invoice = _invoice(call)
    if invoice["status"] == "draft":
        return finalize(call.world, call.account, invoice)
    call.emit("invoice.sent", invoice)
    return invoice


@route("POST", "/v1/invoices/{}/pay", InvoicePayParams)
def pay(call: ApiCall) -> Resource:
    invoice = _invoice(call)
    if invoice["status"] == "draft":
        finalize(call.world, call.account, invoice)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] != "open":
        raise invalid(f"An invoice that is {invoice['status']} cannot be paid.", code="invoice_not_editable")
    if call.params.get("paid_out_of_band"):
        mark_paid(call.world, call.account, invoice, None)
        return invoice
    name = call.params.get("payment_method")
    reason = attempt_payment(
        call.world, call.account, invoice, method_named(call.world, call.account, name) if name else None
    )
    if reason is None:
        return invoice
    if reason in DECLINES:
        raise decline(reason)
    if reason == "requires_action":
        raise declined(
            "invoice_payment_intent_requires_action", None, "This payment requires additional user action."
        )
    raise invalid(decline_message(reason), code="resource_missing")


@route("POST", "/v1/invoices/{}/void")
def void(call: ApiCall) -> Resource:
    return _close(call, "void", "voided_at", "invoice.voided")


@route("POST", "/v1/invoices/{}/mark_uncollectible")
def mark_uncollectible(call: ApiCall) -> Resource:
    return _close(call, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")


def _close(call: ApiCall, status: str, moment: str, kind: str) -> Resource:
    invoice = _invoice(call)
    if invoice["status"] not in {"open", "uncollectible"}:
        raise invalid("You can only do so with an open invoice.", code="invoice_not_editable")
    invoice |= {"status": status, "next_payment_attempt": None}
    invoice["status_transitions"][moment] = call.now
    call.emit(kind, invoice)
    return invoice


@route("GET", "/v1/invoice_payments", InvoicePaymentListParams)
def list_payments(call: ApiCall) -> Resource:
    found: list[dict[str, Any]] = call.store.of_kind("invoice_payment")
    if (wanted := call.params.get("payment")) is not None:
        found = [one for one in found if one["payment"].get("payment_intent") == wanted.get("payment_intent")]
    return call.listed(found, "invoice", "status")
