"""Edge cases of plans paid by card: price increases, coupons, periods already paid, invoices that Stripe
collects.
"""

import hmac
import json
import re
from datetime import date, timedelta

import httpx
import pytest
from sqlalchemy import text

from billing import queries
from billing.card_checkout import create_checkout_session
from billing.coupons import create_coupon, redeem_coupon
from billing.invoicing import issue_stripe_invoice
from billing.manage_subscription import PlanQuote, choose_plan, quote_plan
from billing.models import Invoice
from billing.settle_invoice import confirm_payment, mark_uncollectible, void_invoice
from billing.stripe_gateway import get_stripe_client
from billing.stripe_sync import sync_from_stripe
from conftest import SignedInClient
from factories.card_billing import HOME, SECRET, WEBHOOK_URL, CardBilling, open_checkout
from kernel import clock
from kernel.errors import DomainError
from kernel.money import Rupiah
from tenants.registry import find_tenant_by_slug
from tenants.session import shared_session
from web.dispatch import HostDispatcher


async def offered(cards: CardBilling, plan: str, interval: str) -> PlanQuote:
    async with shared_session(cards.database) as db:
        return await quote_plan(db, cards.database.settings, cards.tenant.id, plan, interval, clock.today())  # type: ignore[arg-type]


async def coupon(cards: CardBilling, code: str, percent: int) -> None:
    async with shared_session(cards.database) as db:
        await create_coupon(
            db, code=code, percent=percent, invoices=1, max_uses=9, until=None, reason="Pameran", by="Wening"
        )
        await redeem_coupon(db, cards.tenant.id, code, by="Rina", on=clock.today())


async def test_who_subscribed_before_a_price_changed_is_followed_all_the_same(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    client = get_stripe_client(cards.database)
    await client.v1.prices.create_async(
        {
            "product": "lumbung_tumbuh",
            "currency": "idr",
            "unit_amount": 10_900_000,
            "recurring": {"interval": "month"},
            "lookup_key": "lumbung_tumbuh_month",
            "transfer_lookup_key": True,
        }
    )
    before = await cards.subscription()
    await cards.stripe.advance(timedelta(days=40))
    await sync_from_stripe(cards.database, cards.tenant.id, clock.today() + timedelta(days=40))
    after = await cards.subscription()
    assert (after.plan, after.period_start) == ("tumbuh", before.period_end)
    assert after.value == 99_000
    assert after.stripe_subscription is not None
    await client.v1.subscriptions.update_async(after.stripe_subscription, {"cancel_at_period_end": True})
    await sync_from_stripe(cards.database, cards.tenant.id, clock.today() + timedelta(days=40))
    assert (await cards.subscription()).next_plan == "benih"


async def test_unused_days_are_worth_what_was_paid_for_them_with_a_coupon_of_stripe(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await coupon(cards, "SEPARUH", 50)
    await cards.stripe.complete(await open_checkout(officer_client, "tumbuh", "year"))
    await cards.run_webhook_jobs()
    assert (await cards.subscription()).value == 495_000
    assert (await offered(cards, "panen", "year")).amount_due == 2_990_000 - 495_000


async def test_no_code_is_taken_from_who_pays_by_card(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    with pytest.raises(DomainError, match="before the card is set up"):
        await coupon(cards, "SERATUS", 100)


async def test_a_period_that_was_paid_here_keeps_its_beginning_and_its_worth(cards: CardBilling) -> None:
    begun = clock.today() - timedelta(days=20)
    async with shared_session(cards.database) as db:
        await choose_plan(
            db, cards.database.settings, cards.tenant.id, "panen", "month", by="Rina", on=begun, key="a" * 16
        )
    async with shared_session(cards.database) as db:
        (invoice,) = await queries.list_unpaid_invoices(db, cards.tenant.id)
        await confirm_payment(
            db,
            cards.database.settings,
            invoice.number,
            amount=Rupiah(299_000),
            method="qris",
            reference="Mutasi",
            by="Wening",
            on=begun,
        )
    before = await cards.subscription()
    with pytest.raises(DomainError, match="is of another plan"):
        await create_checkout_session(
            cards.database, cards.tenant, "tumbuh", "month", by="Rina", on=clock.today(), key="c" * 16
        )
    url = await create_checkout_session(
        cards.database, cards.tenant, "panen", "month", by="Rina", on=clock.today(), key="d" * 16
    )
    found = re.search(r"cs_test_\w+", url)
    assert found is not None
    await cards.stripe.complete(found[0])
    await cards.run_webhook_jobs()
    after = await cards.subscription()
    assert (after.method, after.value) == ("card", 299_000)
    assert (after.period_start, after.period_end) == (before.period_start, before.period_end)
    made = await offered(cards, "panen", "year")
    assert made.change is not None
    assert 0 < made.change.unused < 120_000  # the remaining days, not a whole month


async def test_ending_it_in_the_portal_does_not_open_what_is_closed_for_an_unpaid_invoice(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    async with shared_session(cards.database) as db:
        await db.execute(
            text(
                "UPDATE shared.invoices SET status = 'open', paid_on = NULL, due_on = due_on - 40, "
                "reminders_sent = 4,"
                " last_reminded_on = due_on - 10, stripe_invoice = NULL, source_key = 'ours'"
            )
        )
        await db.execute(text("UPDATE shared.subscriptions SET status = 'read_only' WHERE method = 'card'"))
    subscription = await cards.subscription()
    assert subscription.stripe_subscription is not None
    await get_stripe_client(cards.database).v1.subscriptions.cancel_async(subscription.stripe_subscription)
    await sync_from_stripe(cards.database, cards.tenant.id, clock.today())
    assert ((await cards.subscription()).plan, (await cards.subscription()).status) == ("benih", "read_only")
    tenant = await find_tenant_by_slug(cards.database, "melati")
    assert tenant is not None
    assert tenant.read_only


async def test_an_invoice_that_stripe_collects_is_not_closed_by_hand(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    async with shared_session(cards.database) as db:
        await db.execute(text("UPDATE shared.invoices SET status = 'open', paid_on = NULL"))
    ((number, *_),) = await cards.invoices()
    settings, on = cards.database.settings, date(2026, 4, 1)
    async with shared_session(cards.database) as db:
        with pytest.raises(DomainError, match="collected by Stripe"):
            await confirm_payment(
                db, settings, number, amount=Rupiah(99_000), method="qris", reference="x", by="Wening", on=on
            )
        for close in (void_invoice, mark_uncollectible):
            with pytest.raises(DomainError, match="collected by Stripe"):
                await close(db, settings, number, reason="Salah terbit", by="Wening", on=on)


async def test_a_message_about_a_thing_without_an_id_is_taken_and_means_nothing(
    cards: CardBilling, app: HostDispatcher
) -> None:
    about = {"object": "balance", "available": []}
    body = json.dumps(
        {
            "id": "evt_balance",
            "object": "event",
            "type": "balance.available",
            "livemode": False,
            "created": 1,
            "data": {"object": about},
        }
    ).encode()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as outside:
        at = int(clock.now().timestamp())
        signed = hmac.new(SECRET.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
        header = f"t={at},v1={signed}"
        assert (
            await outside.post(WEBHOOK_URL, content=body, headers={"stripe-signature": header})
        ).status_code == 200
    async with shared_session(cards.database) as db:
        assert (await db.execute(text("SELECT count(*) FROM shared.billing_events"))).scalar_one() == 0


async def test_a_second_card_page_closes_the_first_and_the_same_form_twice_leads_to_one(
    cards: CardBilling,
) -> None:
    async def page(key: str) -> str:
        url = await create_checkout_session(
            cards.database, cards.tenant, "tumbuh", "month", by="Rina", on=clock.today(), key=key * 16
        )
        found = re.search(r"cs_test_\w+", url)
        assert found is not None
        return found[0]

    first = await page("a")
    assert await page("a") == first
    second = await page("b")
    sessions = get_stripe_client(cards.database).v1.checkout.sessions
    assert [(await sessions.retrieve_async(each)).status for each in (first, second)] == ["expired", "open"]
    await cards.stripe.complete(second)
    await cards.run_webhook_jobs()
    assert (await cards.subscription()).method == "card"


@pytest.mark.parametrize("here", ["plan", "coupon"])
async def test_a_coupon_is_not_used_here_and_once_more_on_a_card_page_that_was_left_open(
    cards: CardBilling, officer_client: SignedInClient, here: str
) -> None:
    await coupon(cards, "SEPARUH", 50)
    left_open = await open_checkout(officer_client)
    if here == "plan":
        sent = {"interval": "month", "key": "k" * 20}
        assert (await officer_client.post(f"{HOME}/paket/tumbuh", sent)).status_code == 303
        assert [row.discount for row in await cards.invoices()] == [49_500]
    else:
        async with shared_session(cards.database) as db:
            await create_coupon(
                db, code="BARU26", percent=20, invoices=1, max_uses=9, until=None, reason="Uji", by="Wening"
            )
        assert (await officer_client.post(f"{HOME}/kupon", {"code": "BARU26"})).status_code == 303
        assert (await cards.subscription()).coupon == "BARU26"
    page = await get_stripe_client(cards.database).v1.checkout.sessions.retrieve_async(left_open)
    assert page.status == "expired"


async def test_a_change_that_stripe_does_not_take_is_not_written_down(
    cards: CardBilling, officer_client: SignedInClient
) -> None:
    await cards.stripe.complete(await open_checkout(officer_client))
    await cards.run_webhook_jobs()
    object.__setattr__(cards.database.settings, "fake_gateways", (("stripe", "http://127.0.0.1:9"),))
    answer = await officer_client.post(f"{HOME}/paket/panen", {"interval": "month", "key": "k" * 20})
    assert answer.status_code == 503
    async with shared_session(cards.database) as db:
        chosen = await db.execute(
            text("SELECT count(*) FROM shared.billing_entries WHERE action = 'billing.plan_chosen'")
        )
        assert chosen.scalar_one() == 0


async def test_an_invoice_of_the_old_year_that_is_read_in_the_new_one_has_a_number_of_the_old(
    cards: CardBilling,
) -> None:
    issued, read = date(2025, 12, 31), date(2026, 1, 2)
    values = {
        "source_key": "stripe:in_1",
        "stripe_invoice": "in_1",
        "issued_on": issued,
        "due_on": issued,
        "period_start": issued,
        "period_end": read,
        "subtotal": 99_000,
        "discount": 0,
        "tax": 0,
        "total": 99_000,
        "credit": 0,
        "amount_due": 99_000,
        "status": "open",
    }
    async with shared_session(cards.database) as db:
        subscription = await queries.find_subscription(db, cards.tenant.id)
        assert subscription is not None
        stored = await issue_stripe_invoice(db, subscription, Invoice(**values), [], on=read)
        assert stored.number == "2025-000001"
