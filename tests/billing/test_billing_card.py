"""Plans paid by card against the fake Stripe: the apex receives signed webhooks, jobs re-fetch what they are
about.
"""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import text

import billing.tasks  # noqa: F401 - registers the jobs
from billing.billing_run import run_billing
from billing.coupons import create_coupon, redeem_coupon
from billing.plans import INTERVALS, catalogue
from billing.stripe_gateway import (
    StripePrice,
    ensure_coupon,
    ensure_price,
    find_plan_by_price,
    get_stripe_client,
)
from billing.stripe_sync import sync_from_stripe
from conftest import SignedInClient
from factories.card_billing import HOME, WEBHOOK_URL, CardBilling, open_checkout
from gateways.stripe_client import parse_object
from kernel import clock
from kernel.database import Database
from tenants.registry import find_tenant_by_slug
from tenants.session import shared_session
from web.dispatch import HostDispatcher


async def test_prices_follow_the_plans_and_are_found_by_their_key(cards: CardBilling) -> None:
    client = get_stripe_client(cards.database)
    sold = [(plan.code, interval) for plan in catalogue().plan if not plan.free for interval in INTERVALS]
    first = [await ensure_price(client, *each) for each in sold]
    assert [await ensure_price(client, *each) for each in sold] == first
    made = [parse_object(await client.v1.prices.retrieve_async(price), StripePrice) for price in first]
    assert [find_plan_by_price(price) for price in made] == sold
    price = made[sold.index(("tumbuh", "month"))]
    assert price.unit_amount == 9_900_000
    # a new Price takes over the lookup key
    await client.v1.prices.create_async(
        {
            "product": "lumbung_tumbuh",
            "currency": "idr",
            "unit_amount": 100,
            "recurring": {"interval": "month"},
            "lookup_key": "lumbung_tumbuh_month",
            "transfer_lookup_key": True,
        }
    )
    again = await ensure_price(client, "tumbuh", "month")
    assert parse_object(await client.v1.prices.retrieve_async(again), StripePrice).unit_amount == 9_900_000


async def test_a_plan_is_paid_by_card_and_believed_only_when_read_back(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    session = await open_checkout(officer_client)
    assert (await cards.subscription()).plan == "benih"
    await cards.stripe.complete(session)
    assert (await cards.subscription()).plan == "benih"  # received, not yet processed
    assert await cards.run_webhook_jobs() > 0
    subscription = await cards.subscription()
    assert (subscription.plan, subscription.method, subscription.status) == ("tumbuh", "card", "active")
    assert [tuple(row)[1:] for row in await cards.invoices()] == [("paid", 99_000, 0, 0, 99_000, "card")]
    assert (await officer_client.get(f"{HOME}/kartu/kembali")).status_code == 303
    assert len(await cards.invoices()) == 1
    assert "Kelola kartu dan langganan" in (await officer_client.get(HOME)).text
    assert (await officer_client.get(f"{HOME}/paket/benih")).status_code == 409
    assert (await officer_client.post(f"{HOME}/kartu/kelola")).status_code == 200


async def test_coming_back_from_an_unfinished_page_changes_nothing(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await open_checkout(officer_client)
    await officer_client.get(f"{HOME}/kartu/kembali")
    subscription = await cards.subscription()
    assert (subscription.plan, subscription.method) == ("benih", "invoice")
    assert await cards.invoices() == []


async def test_a_message_delivered_five_times_and_a_forged_one_make_one_row(
    cards: CardBilling, officer_client: SignedInClient, app: HostDispatcher
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    delivered = list(cards.stripe.deliveries)
    assert {each.status for each in delivered} == {200}
    async with shared_session(cards.database) as db:
        stored = (await db.execute(text("SELECT count(*) FROM shared.billing_events"))).scalar_one()
    assert stored > 0
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as outside:
        forged = await outside.post(
            WEBHOOK_URL, content=b'{"id":"evt_1"}', headers={"stripe-signature": "t=1,v1=00"}
        )
        assert forged.status_code == 400
        assert (await outside.post(WEBHOOK_URL, content=b"{}")).status_code == 400
    async with shared_session(cards.database) as db:
        assert (await db.execute(text("SELECT count(*) FROM shared.billing_events"))).scalar_one() == stored
    await cards.run_webhook_jobs()
    for _ in range(3):
        await sync_from_stripe(cards.database, cards.tenant.id, clock.today())
    assert len(await cards.invoices()) == 1


async def test_without_cards_the_address_is_not_there(app: HostDispatcher, database: Database) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as outside:
        assert (await outside.post(WEBHOOK_URL, content=b"{}")).status_code == 404


async def test_renewals_are_mirrored_with_our_numbers_even_when_messages_are_lost(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    await cards.stripe.advance(timedelta(days=65))
    await sync_from_stripe(cards.database, cards.tenant.id, clock.today() + timedelta(days=65))
    rows = await cards.invoices()
    assert [row.status for row in rows] == ["paid"] * 3
    assert len({row.number for row in rows}) == 3
    subscription = await cards.subscription()
    assert subscription.period_end is not None
    assert subscription.period_end > clock.today() + timedelta(days=65)
    report = await run_billing(cards.database, clock.today() + timedelta(days=65))
    assert not [each for each in report.done if each.cooperative == "melati"]


async def test_a_trial_that_goes_on_is_not_paid_twice(
    database: Database, cards: CardBilling, officer_client: SignedInClient
) -> None:
    async with database.owner_engine.begin() as connection:
        await connection.execute(text("DELETE FROM shared.billing_entries"))
        await connection.execute(text("DELETE FROM shared.subscriptions"))
    await officer_client.get(HOME)  # a new trial from today
    before = await cards.subscription()
    await cards.stripe.complete(await open_checkout(officer_client, "panen", "year"))
    await cards.run_webhook_jobs()
    subscription = await cards.subscription()
    assert (subscription.plan, subscription.interval, subscription.method) == ("panen", "year", "card")
    assert (subscription.status, subscription.period_end) == ("trialing", before.period_end)
    assert await cards.invoices() == []


async def test_a_coupon_and_the_tax_come_along(
    cards: CardBilling, officer_client: SignedInClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards.database, "settings", replace(cards.database.settings, billing_pkp=True))
    async with shared_session(cards.database) as db:
        await create_coupon(
            db, code="TANI25", percent=25, invoices=2, max_uses=9, until=None, reason="Pameran", by="Wening"
        )
        await redeem_coupon(db, cards.tenant.id, "TANI25", by="Rina", on=clock.today())
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    (row,) = await cards.invoices()
    assert (row.subtotal, row.discount, row.tax, row.amount_due) == (99_000, 24_750, 8_168, 82_418)
    assert (await cards.subscription()).coupon is None


async def test_a_coupon_that_stripe_has_is_not_made_again(cards: CardBilling) -> None:
    client = get_stripe_client(cards.database)
    known = {"id": "TANI25-month-2", "percent_off": 25, "duration": "repeating", "duration_in_months": 2}
    await client.v1.coupons.create_async(cast("Any", known))
    assert await ensure_coupon(client, "TANI25", 25, "month", 2) == "TANI25-month-2"


async def test_a_card_is_first_set_up_and_for_the_plan_that_is_paid(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    none = await officer_client.post(f"{HOME}/kartu/kelola")
    assert (none.status_code, "Belum ada kartu" in none.text) == (409, True)
    await officer_client.post(f"{HOME}/paket/panen", {"interval": "month", "key": "k" * 20})
    other = await officer_client.post(f"{HOME}/kartu/tumbuh", {"interval": "month", "key": "l" * 20})
    assert (other.status_code, "memakai paket lain" in other.text) == (409, True)


async def test_stopped_in_the_portal_it_ends_with_the_period(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    subscription = await cards.subscription()
    assert subscription.stripe_subscription is not None
    client = get_stripe_client(cards.database)
    await client.v1.subscriptions.update_async(
        subscription.stripe_subscription, {"cancel_at_period_end": True}
    )
    await sync_from_stripe(cards.database, cards.tenant.id, clock.today())
    assert (await cards.subscription()).next_plan == "benih"
    await cards.stripe.advance(timedelta(days=40))
    await sync_from_stripe(cards.database, cards.tenant.id, clock.today() + timedelta(days=40))
    subscription = await cards.subscription()
    assert (subscription.plan, subscription.method, subscription.period_end) == ("benih", "invoice", None)


async def test_a_card_that_fails_later_walks_through_the_same_dunning(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    subscription = await cards.subscription()
    client = get_stripe_client(cards.database)
    assert subscription.stripe_customer is not None
    assert subscription.stripe_subscription is not None
    bad = await client.v1.payment_methods.attach_async(
        "pm_card_chargeCustomerFail", {"customer": subscription.stripe_customer}
    )
    await client.v1.subscriptions.update_async(
        subscription.stripe_subscription, {"default_payment_method": str(bad.id)}
    )
    await cards.stripe.advance(timedelta(days=32))
    later = clock.today() + timedelta(days=32)
    await sync_from_stripe(cards.database, cards.tenant.id, later)
    (_, failed) = await cards.invoices()
    assert (failed.status, failed.amount_due) == ("open", 99_000)
    with clock.freeze_at(clock.now() + timedelta(days=32)):
        report = await run_billing(cards.database, later + timedelta(days=30))
    kinds = [each.kind for each in report.done if each.cooperative == "melati"]
    assert kinds == ["remind"] * 4 + ["make_read_only"]
    closed = await find_tenant_by_slug(cards.database, "melati")
    assert closed is not None
    assert closed.read_only


async def test_a_silent_stripe_changes_nothing_and_says_so(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    shown = await officer_client.get(HOME)
    key = re.search(r'name="key" value="([^"]+)"', shown.text)
    assert key is not None
    object.__setattr__(cards.database.settings, "fake_gateways", (("stripe", "http://127.0.0.1:9"),))
    answer = await officer_client.post(f"{HOME}/kartu/tumbuh", {"interval": "month", "key": key[1]})
    assert answer.status_code == 503
    assert "Tidak ada yang berubah" in answer.text


async def change(officer: SignedInClient, plan: str, interval: str = "month") -> httpx.Response:
    asked = await officer.get(f"{HOME}/paket/{plan}?tiap={interval}")
    assert "diambil dari kartu" in asked.text, asked.status_code
    key = re.search(r'name="key" value="([^"]+)"', asked.text)
    assert key is not None
    for _ in range(2):
        answer = await officer.post(f"{HOME}/paket/{plan}", {"interval": interval, "key": key[1]})
    return answer


async def test_a_dearer_plan_by_card_costs_the_same_to_the_rupiah(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    await change(officer_client, "panen")
    subscription = await cards.subscription()
    assert (subscription.plan, subscription.method, subscription.status) == ("panen", "card", "active")
    _, row = await cards.invoices()
    assert (row.status, row.amount_due) == ("paid", 200_000)  # on the first day: the whole difference


async def test_from_month_to_year_by_card_the_unused_days_come_off(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    await change(officer_client, "tumbuh", "year")
    subscription = await cards.subscription()
    assert (subscription.plan, subscription.interval) == ("tumbuh", "year")
    rows = await cards.invoices()
    assert sum(row.amount_due for row in rows) == 990_000
    assert (await officer_client.get(f"{HOME}/paket/benih")).status_code == 409
