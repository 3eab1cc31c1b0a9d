"""Subscriptions, invoices and time in the fake Stripe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import stripe

from fakes.fake_stripe.renewals import add_intervals
from fakes.stripe_harness import IGNORE_TEXT_BODY_WARNING, SHOP, StripeHarness, run_stripe

pytestmark = pytest.mark.filterwarnings(IGNORE_TEXT_BODY_WARNING)
START = int(datetime(2026, 1, 31, 3, tzinfo=UTC).timestamp())
DAY = 86_400


@pytest.fixture
async def harness() -> AsyncIterator[StripeHarness]:
    async with run_stripe() as harness:
        yield harness


@pytest.fixture
def client(harness: StripeHarness) -> Any:
    return harness.client()


async def plan(client: Any, amount: int = 15_000_000, interval: str = "month") -> Any:
    product = await client.products.create_async({"name": "Tumbuh"})
    return await client.prices.create_async(
        {"product": product.id, "currency": "idr", "unit_amount": amount, "recurring": {"interval": interval}}
    )


async def member(client: Any, card: str = "pm_card_visa") -> tuple[Any, Any]:
    """Return a customer with a card and the test clock that it is on."""
    clock = await client.test_helpers.test_clocks.create_async({"frozen_time": START})
    customer = await client.customers.create_async({"email": "ketua@melati.example", "test_clock": clock.id})
    method = await client.payment_methods.attach_async(card, {"customer": customer.id})
    await client.customers.update_async(
        customer.id, {"invoice_settings": {"default_payment_method": method.id}}
    )
    return customer, clock


async def move(client: Any, clock: Any, moment: int) -> None:
    await client.test_helpers.test_clocks.advance_async(clock.id, {"frozen_time": moment})
    assert (await client.test_helpers.test_clocks.retrieve_async(clock.id)).status == "ready"


def kinds(harness: StripeHarness, *beginnings: str) -> list[str]:
    return [event["type"] for event in harness.server.events() if event["type"].startswith(beginnings)]


def test_a_month_after_the_last_of_january_is_the_last_of_february() -> None:
    february = datetime.fromtimestamp(add_intervals(START, "month", 1), UTC)
    assert (february.month, february.day) == (2, 28)
    assert datetime.fromtimestamp(add_intervals(START, "month", 2), UTC).day == 31


async def test_a_subscription_is_renewed_by_the_clock(harness: StripeHarness, client: Any) -> None:
    customer, clock = await member(client)
    price = await plan(client)
    subscription = await client.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id}], "expand": ["latest_invoice.payments"]}
    )
    first = subscription.latest_invoice
    assert (subscription.status, first.status, first.amount_paid, first.billing_reason) == (
        "active",
        "paid",
        15_000_000,
        "subscription_create",
    )
    assert first.payments.data[0].payment.payment_intent.startswith("pi_")
    await move(client, clock, add_intervals(START, "month", 1) + 2 * 3600)
    invoices = (await client.invoices.list_async({"subscription": subscription.id})).data
    assert [(one.status, one.billing_reason) for one in invoices] == [
        ("paid", "subscription_cycle"),
        ("paid", "subscription_create"),
    ]
    renewed = await client.subscriptions.retrieve_async(subscription.id)
    assert renewed["items"].data[0].current_period_end == add_intervals(START, "month", 2)
    assert kinds(harness, "invoice.")[-4:] == [
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]


async def test_a_page_for_a_trial_asks_for_nothing_today(harness: StripeHarness, client: Any) -> None:
    customer, _ = await member(client)
    price = await plan(client)
    session = await client.checkout.sessions.create_async(
        {
            "mode": "subscription",
            "customer": customer.id,
            "line_items": [{"price": price.id, "quantity": 1}],
            "subscription_data": {"trial_period_days": 14},
            "success_url": "http://toko.localhost/selesai",
        }
    )
    assert session.amount_total == 0


async def test_a_trial_costs_nothing_until_it_ends(harness: StripeHarness, client: Any) -> None:
    customer, clock = await member(client)
    price = await plan(client)
    subscription = await client.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id}], "trial_period_days": 14}
    )
    assert (subscription.status, subscription.trial_end) == ("trialing", START + 14 * DAY)
    await move(client, clock, START + 12 * DAY)
    assert "customer.subscription.trial_will_end" in kinds(harness, "customer.")
    await move(client, clock, START + 15 * DAY)
    assert (await client.subscriptions.retrieve_async(subscription.id)).status == "active"
    assert [one.amount_paid for one in (await client.invoices.list_async()).data] == [15_000_000, 0]


async def test_who_does_not_pay_is_past_due_and_is_active_again_after_paying(
    harness: StripeHarness, client: Any
) -> None:
    customer, clock = await member(client, "pm_card_chargeCustomerFail")
    price = await plan(client)
    subscription = await client.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id}], "trial_period_days": 7}
    )
    await move(client, clock, START + 8 * DAY)
    assert (await client.subscriptions.retrieve_async(subscription.id)).status == "past_due"
    await move(client, clock, START + 30 * DAY)
    invoice = (await client.invoices.list_async({"subscription": subscription.id, "status": "open"})).data[0]
    assert (invoice.attempt_count, invoice.next_payment_attempt) == (4, None)
    assert kinds(harness, "invoice.payment_failed") == ["invoice.payment_failed"] * 4
    with pytest.raises(stripe.CardError):
        await client.invoices.pay_async(invoice.id)
    good = await client.payment_methods.attach_async("pm_card_visa", {"customer": customer.id})
    assert (await client.invoices.pay_async(invoice.id, {"payment_method": good.id})).status == "paid"
    assert (await client.subscriptions.retrieve_async(subscription.id)).status == "active"


async def test_the_account_may_be_set_to_cancel_after_the_last_attempt(
    harness: StripeHarness, client: Any
) -> None:
    harness.server.world.after_last_retry = "canceled"
    customer, clock = await member(client, "pm_card_chargeCustomerFail")
    price = await plan(client)
    subscription = await client.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id}], "trial_period_days": 7}
    )
    await move(client, clock, START + 30 * DAY)
    ended = await client.subscriptions.retrieve_async(subscription.id)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")


async def test_a_change_in_the_middle_gives_back_and_charges_the_rest(client: Any) -> None:
    customer, clock = await member(client)
    small, big = await plan(client, 15_000_000), await plan(client, 45_000_000)
    subscription = await client.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": small.id}]}
    )
    await move(client, clock, START + 14 * DAY)  # half of the 28 days until the last of February
    item = {"id": subscription["items"].data[0].id, "price": big.id}
    preview = await client.invoices.create_preview_async(
        {"subscription": subscription.id, "subscription_details": {"items": [item]}}
    )
    assert [line.amount for line in preview.lines.data] == [-7_500_000, 22_500_000, 45_000_000]
    await client.subscriptions.update_async(
        subscription.id, {"items": [item], "proration_behavior": "always_invoice"}
    )
    assert (await client.invoices.list_async({"limit": 1})).data[0].amount_paid == 15_000_000


async def test_it_ends_with_the_period_when_asked_so(harness: StripeHarness, client: Any) -> None:
    customer, clock = await member(client)
    price = await plan(client)
    subscription = await client.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )
    stopping = await client.subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    assert (stopping.status, stopping.cancel_at) == ("active", add_intervals(START, "month", 1))
    await move(client, clock, add_intervals(START, "month", 1) + 1)
    assert (await client.subscriptions.retrieve_async(subscription.id)).status == "canceled"
    assert kinds(harness, "customer.subscription.deleted") == ["customer.subscription.deleted"]
    assert len((await client.invoices.list_async()).data) == 1


async def test_a_subscription_begins_by_checkout_with_a_coupon_and_tax(
    harness: StripeHarness, client: Any
) -> None:
    price = await plan(client)
    tax = await client.tax_rates.create_async({"display_name": "PPN", "percentage": 11, "inclusive": False})
    coupon = await client.coupons.create_async({"percent_off": 20, "duration": "once"})
    code = await client.promotion_codes.create_async(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "PANEN20"}
    )
    session = await client.checkout.sessions.create_async(
        {
            "mode": "subscription",
            "success_url": SHOP,
            "line_items": [{"price": price.id, "quantity": 1}],
            "allow_promotion_codes": True,
            "subscription_data": {"default_tax_rates": [tax.id], "metadata": {"koperasi": "melati"}},
        }
    )
    async with httpx.AsyncClient() as browser:
        assert (await browser.post(session.url, data={"cara": "promo", "kode": "salah"})).text.count(
            "kode promo"
        ) >= 1
        await browser.post(session.url, data={"cara": "promo", "kode": code.code})
    await harness.server.complete(session.id)
    done = await client.checkout.sessions.retrieve_async(
        session.id, {"expand": ["subscription.latest_invoice"]}
    )
    invoice = done.subscription.latest_invoice
    assert (done.status, done.subscription.status, done.subscription.metadata["koperasi"]) == (
        "complete",
        "active",
        "melati",
    )
    assert (invoice.subtotal, invoice.total_taxes[0].amount, invoice.total) == (
        15_000_000,
        1_320_000,
        13_320_000,
    )
    assert (await client.coupons.retrieve_async(coupon.id)).times_redeemed == 1


async def test_an_invoice_is_sent_and_paid_outside(client: Any) -> None:
    customer, _ = await member(client)
    await client.invoice_items.create_async(
        {"customer": customer.id, "amount": 5_000_000, "currency": "idr", "description": "Panen"}
    )
    draft = await client.invoices.create_async(
        {
            "customer": customer.id,
            "collection_method": "send_invoice",
            "days_until_due": 7,
            "pending_invoice_items_behavior": "include",
        }
    )
    assert (draft.status, draft.amount_due) == ("draft", 5_000_000)
    sent = await client.invoices.finalize_invoice_async(draft.id)
    async with httpx.AsyncClient() as browser:
        pdf = await browser.get(sent.invoice_pdf)
        assert "Rp50.000" in (await browser.get(sent.hosted_invoice_url)).text
    assert pdf.content.startswith(b"%PDF-1.4")
    assert sent.number.encode() in pdf.content
    assert (await client.invoices.pay_async(draft.id, {"paid_out_of_band": True})).status == "paid"


async def test_the_portal_changes_the_card_and_stops_the_subscription(client: Any) -> None:
    customer, _ = await member(client)
    price = await plan(client)
    subscription = await client.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )
    portal = await client.billing_portal.sessions.create_async({"customer": customer.id, "return_url": SHOP})
    async with httpx.AsyncClient(follow_redirects=True) as browser:
        assert "Tumbuh, Rp150.000 tiap 1 bulan" in (await browser.get(portal.url)).text
        assert "declined" in (await browser.post(portal.url, data={"kartu": "decline"})).text
        await browser.post(portal.url, data={"langganan": subscription.id, "cara": "berhenti_nanti"})
    assert (await client.subscriptions.retrieve_async(subscription.id)).cancel_at_period_end is True


async def test_a_card_is_saved_without_a_payment(harness: StripeHarness, client: Any) -> None:
    customer, _ = await member(client)
    session = await client.checkout.sessions.create_async(
        {"mode": "setup", "currency": "idr", "customer": customer.id, "success_url": SHOP}
    )
    await harness.server.complete(session.id)
    session = await client.checkout.sessions.retrieve_async(session.id, {"expand": ["setup_intent"]})
    assert (session.payment_status, session.setup_intent.status) == ("no_payment_required", "succeeded")
    assert len((await client.customers.payment_methods.list_async(customer.id)).data) == 2


async def test_without_a_test_clock_the_fakes_own_time_renews(harness: StripeHarness, client: Any) -> None:
    price = await plan(client)
    customer = await client.customers.create_async({"email": "ketua@melati.example"})
    method = await client.payment_methods.attach_async("pm_card_visa", {"customer": customer.id})
    subscription = await client.subscriptions.create_async(
        {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": method.id}
    )
    await harness.server.advance(timedelta(days=100))
    paid = (await client.invoices.list_async({"subscription": subscription.id})).data
    assert len(paid) == 4
    assert {one.status for one in paid} == {"paid"}
