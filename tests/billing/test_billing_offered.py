"""Offered plans and entitlements: discontinued plans, custom domains, and what a smaller plan ends."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from sqlalchemy import text

from billing import plans
from billing.billing_run import run_billing
from billing.manage_subscription import choose_plan, quote_plan
from billing.plans import Catalogue, Plan, catalogue
from commands.doctor_operations import check_plans
from conftest import SignedInClient
from kernel import clock
from kernel.database import Database
from kernel.errors import DomainError
from tenants.registry import REGISTRY, TenantRef, find_tenant_by_host
from tenants.session import shared_session
from web.dispatch import HostDispatcher

HOME = "/pengurus/langganan"
MARCH = date(2026, 3, 1)


def with_plans(monkeypatch: pytest.MonkeyPatch, *listed: Plan) -> None:
    """Use this text as plans.toml."""
    found: Catalogue = msgspec.structs.replace(catalogue(), plan=listed)
    for room in (
        "plans",
        "pages",
        "manage_subscription",
        "periods",
        "registry_sync",
        "billing_run",
        "presenters",
        "card_checkout",
    ):
        monkeypatch.setattr(f"billing.{room}.catalogue", lambda: found)
    monkeypatch.setattr(plans, "catalogue", lambda: found)


async def on_panen(database: Database, tenant: TenantRef) -> None:
    with clock.freeze_at(datetime(2026, 3, 1, 2, tzinfo=UTC)):
        async with shared_session(database) as db:
            await choose_plan(
                db, database.settings, tenant.id, "panen", "month", by="Rina", on=MARCH, key="k" * 16
            )
        await run_billing(database, date(2026, 3, 31))


async def test_a_plan_that_is_sold_no_longer_goes_on_for_who_has_it_and_is_offered_to_nobody(
    database: Database,
    app: HostDispatcher,
    officer_client: SignedInClient,
    melati: TenantRef,
    mawar: TenantRef,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await on_panen(database, melati)
    app.on_change(REGISTRY)
    benih, tumbuh, panen = catalogue().plan
    with_plans(monkeypatch, benih, tumbuh, msgspec.structs.replace(panen, sold=False))
    async with shared_session(database) as db:
        with pytest.raises(DomainError) as refused:
            await quote_plan(db, database.settings, mawar.id, "panen", "month", date(2026, 4, 1))
    assert refused.value.code == "billing.no_such_plan"
    with clock.freeze_at(datetime(2026, 4, 2, 2, tzinfo=UTC)):
        shown = (await officer_client.get(HOME)).text
    assert "Paket Panen" in shown
    assert f"{HOME}/paket/panen" not in shown
    assert f"{HOME}/paket/tumbuh" in shown


async def test_the_doctor_tells_who_has_a_plan_that_is_gone(
    database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    await on_panen(database, melati)
    (finding,) = await check_plans(database)
    assert finding.status == "good"
    benih, tumbuh, _ = catalogue().plan
    with_plans(monkeypatch, benih, tumbuh)
    (finding,) = await check_plans(database)
    assert finding.status == "wrong"
    assert "panen is gone, but is the plan of melati" in finding.found
    assert "sold = false" in finding.advice
    report = await run_billing(database, date(2027, 4, 1))
    assert "sold = false" in report.failed["melati"]


async def test_a_domain_of_ones_own_answers_while_the_plan_includes_it(
    database: Database, melati: TenantRef
) -> None:
    host = "toko.melati.example"
    async with shared_session(database) as db:
        row = {"host": host, "id": melati.id}
        await db.execute(
            text("INSERT INTO shared.hostnames (host, kind, cooperative_id) VALUES (:host, 'domain', :id)"),
            row,
        )
    assert await find_tenant_by_host(database, host) is None
    assert await find_tenant_by_host(database, "melati") is not None
    await on_panen(database, melati)
    found = await find_tenant_by_host(database, host)
    assert found is not None
    assert found.slug == "melati"


async def test_what_stops_is_told_before_the_button(
    database: Database, app: HostDispatcher, officer_client: SignedInClient, melati: TenantRef
) -> None:
    await on_panen(database, melati)
    app.on_change(REGISTRY)
    with clock.freeze_at(datetime(2026, 4, 2, 2, tzinfo=UTC)):
        for path in (f"{HOME}/paket/benih", f"{HOME}/berhenti"):
            asked = (await officer_client.get(path)).text
            warning = asked.index("Layanan yang berhenti pada 30 April 2026")
            assert warning < asked.index("Potong gaji", warning) < asked.index("btn btn--", warning)
        assert (
            "Layanan yang berhenti pada 30 April 2026"
            not in (await officer_client.get(f"{HOME}/paket/tumbuh")).text
        )
        assert (await officer_client.post(f"{HOME}/berhenti")).status_code == 303
        home = (await officer_client.get(HOME)).text
    assert (
        "Potong gaji"
        in home[home.index("Layanan yang berhenti pada 30 April 2026") : home.index("Bandingkan paket")]
    )
