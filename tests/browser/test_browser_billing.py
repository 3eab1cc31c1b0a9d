"""A cooperative chooses a plan and sees how to pay it; an operator confirms the payment.

At phone and desktop size, with and without JavaScript.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from playwright.async_api import Browser

from billing import queries
from billing.billing_run import run_due_steps
from billing.manage_subscription import choose_plan
from billing.measure_usage import measure_all_cooperatives
from billing.periods import lock_subscription
from factories.accessibility import assert_no_faults, find_faults_on
from factories.browser_users import DESKTOP, PHONE, BrowserUser, OpenBrowser, Site, open_browser_user
from factories.cooperatives import PASSWORD
from factories.processes import free_port, web_process
from factories.qris_codes import static_qris
from kernel import clock
from kernel.database import Database
from onboarding.create_cooperative import NewCooperative, create_cooperative
from operators.add_operator import add_operator
from operators.models import Operator
from tenants.registry import TenantRef
from tenants.session import owner_session, shared_session

pytestmark = pytest.mark.browser

CHAIR = "+6289900000077"
HOME = "/pengurus/langganan"


@pytest.fixture(scope="module")
def paid_site(
    chromium_program: str, served_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server with the platform's bank account and QRIS set."""
    port, folder = free_port(), tmp_path_factory.mktemp("paid")
    extra = {
        "LUMBUNG_DATA_DIR": str(folder),
        "LUMBUNG_BILLING_BANK_ACCOUNT": "BCA 345 678 9012 a.n. Lumbung Padi",
        "LUMBUNG_BILLING_QRIS": static_qris(t59="LUMBUNG PADI"),
        "LUMBUNG_BILLING_PKP": "1",
    }
    with web_process(served_database, port, f"localhost:{port}", folder / "web.log", extra):
        yield Site(f"localhost:{port}", served_database)


@pytest.fixture(scope="module")
async def kenari(paid_site: Site) -> TenantRef:
    founding = NewCooperative(
        "Koperasi Kenari", "kenari", "Ketua Kenari", CHAIR, PASSWORD, "konsumen", "billing-kenari"
    )
    return (await create_cooperative(paid_site.database, founding)).tenant


@pytest.fixture(scope="module")
async def wening(paid_site: Site) -> Operator:
    async with owner_session(paid_site.database) as db:
        return await add_operator(db, name="Wening Tagihan", phone_number="0899-0000-7077", password=PASSWORD)


@pytest.fixture
async def open_paid_browser(chromium: Browser, paid_site: Site) -> AsyncIterator[OpenBrowser]:
    people: list[BrowserUser] = []

    async def open_browser(label: str, **options: Any) -> BrowserUser:
        people.append(await open_browser_user(chromium, paid_site, label, **options))
        return people[-1]

    yield open_browser
    for person in people:
        await person.context.close()
    assert [fault for person in people for fault in person.faults] == []


async def take_plan(site: Site, tenant: TenantRef, plan: str, on: date) -> str:
    """End the trial, choose a plan, and return the number of its invoice."""
    settings = replace(site.database.settings, billing_pkp=True)  # the server's own settings
    async with shared_session(site.database) as db:
        subscription = await lock_subscription(db, tenant.id, on)
        if subscription.status == "trialing" and subscription.period_end is not None:
            await run_due_steps(db, settings, tenant.id, subscription.period_end)
        await choose_plan(db, settings, tenant.id, plan, "month", by="Ketua", on=on, key=f"{plan}-{on}")
        return (await queries.list_unpaid_invoices(db, tenant.id))[0].number


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desk"])
async def test_every_page_of_the_plan_is_accessible(
    open_paid_browser: OpenBrowser,
    paid_site: Site,
    kenari: TenantRef,
    wening: Operator,
    size: tuple[int, int],
) -> None:
    officer = await open_paid_browser("kenari", size=size)
    await officer.sign_in_directly(CHAIR)
    if size == PHONE:
        assert_no_faults(await find_faults_on(officer, {}, [HOME, f"{HOME}/paket/tumbuh?tiap=year"]))
    number = await take_plan(paid_site, kenari, "tumbuh" if size == PHONE else "panen", clock.today())
    await measure_all_cooperatives(paid_site.database)
    plan = [
        HOME,
        f"{HOME}/paket/panen?tiap=year",
        f"{HOME}/paket/benih",
        f"{HOME}/berhenti",
        f"{HOME}/pakai",
        f"{HOME}/kontak",
    ]
    invoices = [f"{HOME}/tagihan", f"{HOME}/tagihan/{number}"]
    assert_no_faults(await find_faults_on(officer, {}, ["/pengurus", *plan, *invoices]))
    operator = await open_paid_browser("operator", size=size)
    await operator.sign_in_as_operator(wening)
    lists = [
        "/langganan",
        "/langganan/tagihan",
        "/langganan/pendapatan",
        "/langganan/kupon",
        "/langganan/mutasi",
    ]
    assert_no_faults(
        await find_faults_on(
            operator, {}, [*lists, f"/langganan/tagihan/{number}", "/langganan/koperasi/kenari"]
        )
    )


@pytest.mark.parametrize("js", [True, False], ids=["js", "no-js"])
async def test_a_plan_is_chosen_paid_and_confirmed(
    open_paid_browser: OpenBrowser, paid_site: Site, wening: Operator, *, js: bool
) -> None:
    slug, phone = ("murai", "+6289900000078") if js else ("merpati", "+6289900000079")
    tenant = (
        await create_cooperative(
            paid_site.database,
            NewCooperative(
                f"Koperasi {slug.title()}", slug, "Ketua", phone, PASSWORD, "konsumen", f"billing-{slug}"
            ),
        )
    ).tenant
    number = await take_plan(paid_site, tenant, "tumbuh", clock.today())
    officer = await open_paid_browser(slug, js=js)
    await officer.sign_in_directly(phone)
    await officer.goto(f"{HOME}/tagihan/{number}")
    await officer.expect_text(
        "BCA 345 678 9012", f"LUMBUNG {number.replace('-', '')}", "Rp109.890", "Atau dengan QRIS"
    )
    operator = await open_paid_browser("operator", js=js, size=DESKTOP)
    await operator.sign_in_as_operator(wening)
    await operator.goto(f"/langganan/tagihan/{number}")
    await operator.fill(amount="109.890", reference=f"mutasi {slug}")
    await operator.click_button("Lanjut")
    await operator.expect_text("sudah tampak di rekening")
    await operator.click_button("Tandai lunas")
    await operator.expect_heading(f"Koperasi {slug.title()}")
    await officer.goto(f"{HOME}/tagihan/{number}")
    await officer.expect_text("Lunas")
    await officer.goto(f"{HOME}/paket/panen")
    await officer.click_button("Pilih Panen")
    await officer.expect_text("Pilihan paket sudah dicatat", "Paket Panen", "Menunggu dibayar")
