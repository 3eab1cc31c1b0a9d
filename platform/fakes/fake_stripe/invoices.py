"""Invoices: from draft to paid.

Routes are in `invoice_calls`, renewals in `renewals`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakes.fake_stripe.cards import DECLINES
from fakes.fake_stripe.charges import attempt
from fakes.fake_stripe.customers import method_of
from fakes.fake_stripe.discounts import resolve_discounts
from fakes.fake_stripe.errors import invalid
from fakes.fake_stripe.intents import new_intent
from fakes.fake_stripe.store import Resource, new_id, whole_list
from fakes.fake_stripe.totals import compute_totals
from fakes.fake_stripe.world import World

HOUR = 3600
DAY = 86_400
# callbacks of subscriptions for a paid invoice, and below for a failed payment
AFTER_PAYMENT: list[Callable[[World, str, Resource], None]] = []
AFTER_FAILURE: list[Callable[[World, str, Resource], None]] = []


def line(
    invoice: str | None,
    amount: int,
    words: str,
    period: tuple[int, int],
    *,
    rates: list[Resource] | None = None,
    **more: Any,
) -> Resource:
    """Create an invoice line; ``amount`` is before discounts and taxes, ``rates`` are its tax rates."""
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": "idr",
        "description": words,
        "discount_amounts": [],
        "discountable": amount > 0,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": {},
        "parent": None,
        "period": {"start": period[0], "end": period[1]},
        "pricing": None,
        "quantity": 1,
        "subtotal": amount,
        "taxes": [],
        "_rates": rates or [],
        **more,
    }


def pricing(price: Resource) -> Resource:
    details = {"price": price["id"], "product": price["product"]}
    return {
        "type": "price_details",
        "price_details": details,
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def new_invoice(
    world: World, account: str, customer: Resource, lines: list[Resource], discounts: list[str], **more: Any
) -> Resource:
    """Create a draft without storing it, so that previews can use it."""
    now = world.time_of(account, customer).now()
    name = new_id("in")
    invoice = {
        "id": name,
        "object": "invoice",
        "account_country": "ID",
        "account_name": "Tiruan",
        "amount_paid": 0,
        "amount_overpaid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {"enabled": False, "status": None},
        "automatically_finalizes_at": now + HOUR,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": now,
        "currency": lines[0]["currency"] if lines else customer["currency"] or "idr",
        "custom_fields": None,
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": discounts,
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "receipt_number": None,
        "starting_balance": customer["balance"],
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "test_clock": customer["test_clock"],
        "_lines": lines,
        "_payments": whole_list([], "/v1/invoice_payments"),
        "_intent": None,
        **more,
    }
    add_up(world, account, invoice)
    return invoice


def add_up(world: World, account: str, invoice: Resource) -> None:
    """Compute the totals of the invoice from its lines.

    A negative balance of the customer is credit, and is used first.
    """
    lines = invoice["_lines"]
    coupons = resolve_discounts(world, account, invoice["discounts"])
    sums = compute_totals(
        [(one["subtotal"], one["_rates"] or invoice["default_tax_rates"]) for one in lines], coupons
    )
    taxes: dict[str, Resource] = {}
    for one, part in zip(lines, sums.parts, strict=True):
        one["invoice"] = invoice["id"]
        one["taxes"] = [tax_line(*tax) for tax in part.taxes]
        one["discount_amounts"] = (
            [{"amount": part.discount, "discount": coupons[0]["discount"]}]
            if coupons and part.discount
            else []
        )
        for tax in one["taxes"]:
            rate = tax["tax_rate_details"]["tax_rate"]
            known = taxes.setdefault(rate, {**tax, "amount": 0, "taxable_amount": 0})
            known["amount"] += tax["amount"]
            known["taxable_amount"] += tax["taxable_amount"]
    credit = min(max(-invoice["starting_balance"], 0), max(sums.total, 0))
    due = max(sums.total, 0) - credit
    invoice |= {
        "subtotal": sums.subtotal,
        "subtotal_excluding_tax": sums.subtotal,
        "total": sums.total,
        "total_excluding_tax": sums.total - sums.tax,
        "total_taxes": list(taxes.values()),
        "total_discount_amounts": [{"amount": sums.discount, "discount": coupons[0]["discount"]}]
        if coupons
        else [],
        "amount_due": due,
        "amount_remaining": due - invoice["amount_paid"],
        "lines": whole_list(lines, f"/v1/invoices/{invoice['id']}/lines"),
        "_credit": credit,
    }


def tax_line(rate: Resource, tax: int, taxable: int) -> Resource:
    return {
        "type": "tax_rate_details",
        "amount": tax,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "not_available",
        "taxable_amount": taxable,
    }


def save_draft(world: World, account: str, invoice: Resource) -> Resource:
    """Store a draft, and schedule its finalization in an hour if it advances automatically."""
    world.store(account).add(invoice)
    world.emit(account, "invoice.created", invoice)
    if invoice["auto_advance"]:
        world.time_of(account, invoice).at(
            invoice["automatically_finalizes_at"], lambda: auto_advance(world, account, invoice)
        )
    return invoice


def auto_advance(world: World, account: str, invoice: Resource) -> None:
    """Finalize a draft that advances automatically, and charge it if it is to be charged."""
    if invoice["status"] == "draft" and invoice["auto_advance"]:
        finalize(world, account, invoice)
        if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
            attempt_payment(world, account, invoice)


def finalize(world: World, account: str, invoice: Resource) -> Resource:
    """Finalize an invoice: it gets a number and no longer changes. A total of zero is paid at once."""
    if invoice["status"] != "draft":
        raise invalid(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    customer = world.store(account).resources[invoice["customer"]]
    now = world.time_of(account, invoice).now()
    add_up(world, account, invoice)
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    customer["next_invoice_sequence"] += 1
    customer["balance"] += invoice["_credit"] + min(invoice["total"], 0)
    customer["currency"] = invoice["currency"]
    page = world.address(f"/i/{invoice['id']}")
    invoice |= {
        "status": "open",
        "number": number,
        "effective_at": now,
        "ending_balance": customer["balance"],
        "automatically_finalizes_at": None,
        "hosted_invoice_url": page,
        "invoice_pdf": f"{page}/pdf",
    }
    invoice["status_transitions"]["finalized_at"] = now
    world.emit(account, "invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        mark_paid(world, account, invoice, None)
        return invoice
    methods = world.accounts[account]["_methods"]
    intent = new_intent(
        world, account, invoice["amount_due"], invoice["currency"], methods, customer=customer["id"]
    )
    intent["description"] = f"Invoice {number}"
    invoice["_intent"] = intent["id"]
    payment = {
        "id": new_id("inpay"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    world.store(account).add(payment)
    invoice["_payments"] = whole_list([payment], "/v1/invoice_payments")
    invoice["_confirmation_secret"] = {"client_secret": intent["client_secret"], "type": "payment_intent"}
    if invoice["collection_method"] == "send_invoice":
        world.emit(account, "invoice.sent", invoice)
    return invoice


def attempt_payment(
    world: World, account: str, invoice: Resource, method: Resource | None = None
) -> str | None:
    """Charge an open invoice. Returns why it was not paid ("no_method" without a card), or None."""
    shelf = world.store(account)
    subscription = shelf.resources.get(subscription_of(invoice) or "")
    method = method or method_of(world, account, shelf.resources[invoice["customer"]], subscription)
    intent = shelf.resources[invoice["_intent"]]
    invoice["attempted"], invoice["attempt_count"] = True, invoice["attempt_count"] + 1
    if method is None:
        reason: str | None = "no_method"
    else:
        reason = attempt(world, account, intent, method)
        if intent["status"] == "requires_action":
            world.emit(account, "invoice.payment_action_required", invoice)
            reason = "requires_action"
    if reason is None and intent["status"] == "succeeded":
        mark_paid(world, account, invoice, intent)
        return None
    if reason is None:  # an asynchronous method: the payment is processing
        return None
    for react in AFTER_FAILURE:
        react(world, account, invoice)
    world.emit(account, "invoice.payment_failed", invoice)
    return reason


def mark_paid(world: World, account: str, invoice: Resource, intent: Resource | None) -> None:
    """Mark an invoice as paid: by an intent, or without one by credit or outside of Stripe."""
    now = world.time_of(account, invoice).now()
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "next_payment_attempt": None,
        "attempted": True,
    }
    invoice["status_transitions"]["paid_at"] = now
    for payment in invoice["_payments"]["data"]:
        if intent is not None:
            payment |= {"status": "paid", "amount_paid": invoice["amount_due"]}
            payment["status_transitions"]["paid_at"] = now
        else:
            payment["status"] = "canceled"
    world.emit(account, "invoice.paid", invoice)
    world.emit(account, "invoice.payment_succeeded", invoice)
    for react in AFTER_PAYMENT:
        react(world, account, invoice)


def subscription_of(invoice: Resource) -> str | None:
    """Return the id of the invoice's subscription, or None."""
    parent = invoice["parent"]
    return (
        parent["subscription_details"]["subscription"]
        if parent and parent["type"] == "subscription_details"
        else None
    )


def decline_message(reason: str) -> str:
    """Return the text for a reason of `attempt_payment`."""
    return (
        DECLINES[reason][2]
        if reason in DECLINES
        else "This customer has no attached payment source or default payment method."
    )
