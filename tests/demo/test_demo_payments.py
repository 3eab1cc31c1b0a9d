"""The demo's payments: from our own books, confirmed by an officer, and through fake gateways, also in a demo
that was made without them.
"""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import httpx
import pytest

from banking.import_statement import plan_statement
from banking.statement_files import UnknownTable
from billing import queries as billing
from billing import settle_invoice
from billing.card_checkout import create_checkout_session
from billing.periods import lock_subscription
from billing.stripe_sync import sync_from_stripe
from credit import terms as credit
from demo import gateways, list_demo_hints, seed_demo
from demo.cooperatives import COOPERATIVES, PIN
from demo.qris_sticker import MERCHANT, STICKER
from fakes.asgi_server import serve
from fakes.fake_stripe import FakeStripe
from fakes.midtrans import FakeMidtrans
from fakes.xendit import FakeXendit
from gateways import qris
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.process_services import build_services
from kernel.settings import Settings
from payments import configure_method, methods, provider_calls
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_reader, coop_session, shared_reader, shared_session

pytestmark = pytest.mark.slow
MELATI = COOPERATIVES[0]
ORIGIN = "http://melati.localhost:8000"


@dataclass
class DemoWorld:
    """A demo that was made without fake gateways, and then started again beside them."""

    database: Database
    tenant: TenantRef
    stripe: FakeStripe
    xendit: FakeXendit
    methods_without_gateways: int


@pytest.fixture(scope="module")
async def world(seeded_url: str, settings: Settings) -> AsyncIterator[DemoWorld]:
    before = build_services(seeded_url, settings).main_database
    stripe, midtrans, xendit = FakeStripe(), FakeMidtrans(), FakeXendit()
    try:
        tenant = await find_tenant_by_slug(before, "melati")
        async with coop_reader(before, tenant) as ro:
            alone = len([method for method in await methods.list_methods(ro) if method.enabled])
        async with serve(stripe.app) as first, serve(midtrans.app) as second, serve(xendit.app) as third:
            addresses = (("stripe", str(first)), ("midtrans", str(second)), ("xendit", str(third)))
            database = build_services(
                seeded_url,
                replace(
                    settings,
                    fake_gateways=addresses,
                    billing_stripe_key=gateways.PLATFORM_KEY,
                    billing_stripe_webhook_secret=gateways.PLATFORM_SECRET,
                ),
            ).main_database
            await seed_demo(database)
            yield DemoWorld(database, tenant, stripe, xendit, alone)
            await database.services.close()
    finally:
        await before.services.close()


async def test_one_cooperative_has_every_way_and_the_other_those_of_the_first_day(world: DemoWorld) -> None:
    assert world.methods_without_gateways == len(methods.known_methods()) - len(gateways.GATEWAYS)
    async with coop_reader(world.database, world.tenant) as ro:
        found = await methods.list_methods(ro)
        assert all(method.enabled and method.is_complete for method in found)
        assert {method.method for method in found if not method.live} == set(gateways.GATEWAYS)
    async with coop_reader(world.database, await find_tenant_by_slug(world.database, "mawar")) as ro:
        assert {
            method.method for method in await methods.list_methods(ro) if method.enabled
        } == methods.ENABLED_BY_DEFAULT
        assert await ro.value("SELECT count(*) FROM payments WHERE purpose <> 'order'") == 0


async def test_payments_stand_in_every_state_that_a_newcomer_should_see(world: DemoWorld) -> None:
    async with coop_reader(world.database, world.tenant) as ro:
        rows = await ro.records("SELECT method, status FROM payments")
        found = {(row["method"], row["status"]) for row in rows}
        assert {
            ("bank_transfer", "awaiting"),
            ("bank_transfer", "paid"),
            ("bank_transfer", "expired"),
            ("qris", "awaiting"),
            ("qris", "partly_refunded"),
            ("wallet", "refunded"),
            ("kasbon", "paid"),
            ("payroll", "paid"),
            ("savings", "paid"),
        } <= found
        assert await ro.value("SELECT count(DISTINCT member_id) FROM payments WHERE method = 'payroll'") == 2


async def test_the_pin_that_is_told_is_the_member_s(world: DemoWorld) -> None:
    async with coop_reader(world.database, world.tenant) as ro:
        member = await ro.value("SELECT id FROM members ORDER BY number LIMIT 1")
    assert (await credit.consent_with_pin(world.database, world.tenant, member, PIN)).member_id == member


async def test_the_keys_are_those_of_the_fake_gateways_and_messages_come_to_the_cooperative(
    world: DemoWorld,
) -> None:
    assert FakeMidtrans().server_key == gateways.MIDTRANS_KEY
    assert (world.xendit.secret_key, world.xendit.callback_token) == (
        gateways.XENDIT_KEY,
        gateways.XENDIT_TOKEN,
    )
    assert gateways.get_stripe_key(MELATI) == FakeStripe.key_of("melati")
    assert FakeStripe.key == gateways.PLATFORM_KEY
    async with coop_reader(world.database, world.tenant) as ro:
        endpoints = {
            method.method: f"{ORIGIN}/webhooks/{method.endpoint}" for method in await methods.list_methods(ro)
        }
    assert world.xendit.callback_url == endpoints["xendit"]
    hooks = world.stripe.world.store("acct_standin_melati").of_kind("webhook_endpoint")
    assert {hook["url"] for hook in hooks} == {endpoints["stripe"]}


async def test_a_payment_is_started_paid_and_seen_without_the_world_outside(world: DemoWorld) -> None:
    reference = await _create_test_payment(world, "midtrans")
    payment = await provider_calls.start_payment(world.database, world.tenant, reference, origin=ORIGIN)
    assert payment.redirect_url is not None
    assert not payment.live
    async with httpx.AsyncClient(trust_env=False) as buyer:
        assert "TIRUAN" in (await buyer.get(payment.redirect_url)).text
        back = await buyer.post(payment.redirect_url, data={"choice": "qris"})
    assert back.headers["location"].startswith(f"{ORIGIN}/bayar/{reference}")
    assert await provider_calls.sync_status(world.database, world.tenant, reference) == "settled"


async def test_another_start_calls_off_what_waited_at_a_fake_gateway_and_makes_nothing_twice(
    world: DemoWorld,
) -> None:
    reference = await _create_test_payment(world, "stripe")
    await provider_calls.start_payment(world.database, world.tenant, reference, origin=ORIGIN)
    counts = (
        "SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM orders), (SELECT max(version) "
        "FROM bylaws)"
    )
    async with coop_reader(world.database, world.tenant) as ro:
        before = await ro.records(counts)
    notes: list[str] = []
    await seed_demo(world.database, on_note=notes.append)
    async with coop_reader(world.database, world.tenant) as ro:
        assert [tuple(row) for row in await ro.records(counts)] == [tuple(row) for row in before]
        assert await ro.value("SELECT status FROM payments WHERE reference = $1", reference) == "cancelled"
    assert notes == []


async def test_one_has_an_invoice_for_an_operator_to_confirm_and_the_other_pays_its_plan_by_card_at_once(
    world: DemoWorld,
) -> None:
    today = _today()
    mawar = await find_tenant_by_slug(world.database, "mawar")
    async with shared_session(world.database) as db:
        owed = await billing.list_unpaid_invoices(db, mawar.id)
        assert [(each.amount_due, each.due_on > today) for each in owed] == [(99_000, True)]
        await settle_invoice.confirm_payment(
            db,
            world.database.settings,
            owed[0].number,
            amount=Rupiah(99_000),
            method="bank_transfer",
            reference="TRF-1",
            by="Wira Adiguna",
            on=today,
        )
        assert await billing.list_unpaid_invoices(db, mawar.id) == []
    page = await create_checkout_session(
        world.database, world.tenant, "panen", "month", by="Retno Palupi", on=today, key="k1"
    )
    await world.stripe.complete(page.rpartition("/")[2].partition("#")[0])
    await sync_from_stripe(world.database, world.tenant.id, today)
    async with shared_reader(world.database) as ro:
        paid = await billing.list_invoices(ro, world.tenant.id)
        assert [(each.status, each.amount_due) for each in paid] == [("paid", 299_000)]
    await seed_demo(world.database)
    async with shared_session(world.database) as db:
        subscription = await lock_subscription(db, world.tenant.id, today)
        assert (subscription.plan, subscription.method, subscription.stripe_customer) == (
            "panen",
            "invoice",
            None,
        )
    hooks = world.stripe.world.store(FakeStripe.platform).of_kind("webhook_endpoint")
    assert {hook["url"] for hook in hooks} == {"http://localhost:8000/webhooks/billing"}


async def test_a_demo_that_cannot_be_paid_any_more_says_so_and_starts(
    world: DemoWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        raise provider_calls.errors.NO_SUCH_METHOD()

    monkeypatch.setattr("demo.seed.enable_payments", refused)
    notes: list[str] = []
    assert await seed_demo(world.database, on_note=notes.append)
    assert len(notes) == 1
    assert notes[0].startswith("melati: payments were left as they are.")


async def test_the_statement_has_a_line_that_is_sure_one_that_is_doubtful_and_one_that_is_nobody_s(
    world: DemoWorld,
) -> None:
    lines = [line for line in list_demo_hints(world.database.settings) if "mutasi" in line]
    file = Path(lines[0].rpartition(": ")[2])
    content = file.read_text("utf-8")
    assert len(list(csv.reader(io.StringIO(content)))) >= 5
    async with coop_reader(world.database, world.tenant) as ro:
        plan = await plan_statement(ro, "bank_transfer", content)
    assert not isinstance(plan, UnknownTable)
    assert [plan.count(state) for state in ("matched", "doubtful", "unmatched", "outgoing")] == [1, 1, 1, 1]
    doubtful = next(each.verdict for each in plan.new if each.status == "doubtful")
    async with coop_reader(world.database, world.tenant) as ro:
        assert (
            await ro.value("SELECT status FROM payments WHERE reference = $1", doubtful.candidates[0])
            == "awaiting"
        )


def test_the_sticker_is_valid_and_says_that_it_is_a_trial() -> None:
    sticker = qris.parse_qris(STICKER)
    qris.require_static(sticker)
    assert sticker.merchant_name == MERCHANT
    assert "UJI COBA" in MERCHANT


async def test_no_key_of_the_demo_opens_a_way_in_production(world: DemoWorld) -> None:

    settings = replace(world.database.settings, environment="production", fake_gateways=())
    with pytest.raises(DomainError) as error:
        async with coop_session(world.database, world.tenant) as db:
            await configure_method.enable_method(
                db, Actor("officer", "Retno Palupi"), "stripe", settings=settings, on=_today()
            )
    assert error.value.code == "payments.stand_in_refused"


async def _create_test_payment(world: DemoWorld, method: str) -> str:

    async with coop_session(world.database, world.tenant) as db:
        payment = await configure_method.start_method_test(
            db, Actor("officer", "Retno Palupi"), method, key=f"try-{method}-1", on=_today()
        )
        return payment.reference


def _today() -> date:

    return clock.today(MELATI.timezone)
