"""Reconciliation, credit and payroll deduction in a browser: every page, with differences of every kind, at
phone and desktop size.
"""

from typing import Any

import pytest

from banking.sync_movements import sync_provider
from credit.payroll_batches import create_batch, import_return
from credit.record_counter_payment import update_credit_limits
from factories.accessibility import OVERFLOW_SCRIPT, assert_no_faults, find_faults_on
from factories.browser_users import DESKTOP, OpenBrowser, Site
from factories.cooperatives import PASSWORD, populate_cooperative
from factories.gateway import GatewaySetup, set_up_xendit
from fakes.xendit import FakeXendit
from kernel import clock
from kernel.actor import Actor
from kernel.database import as_reader
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import MEMBER_RECEIVABLES, OTHER_INCOME, PAYROLL_RECEIVABLES
from onboarding.create_cooperative import NewCooperative, create_cooperative
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_session

pytestmark = pytest.mark.browser

CHAIR, OFFICER = "+6289900000050", Actor("officer", "Ketua Kamboja")
BASE = "/pengurus/pembayaran"
PAGES = [
    f"{BASE}/rekonsiliasi",
    f"{BASE}/rekonsiliasi/xendit",
    f"{BASE}/rekonsiliasi/xendit?hari={{day}}",
    f"{BASE}/rekonsiliasi/bank_transfer",
    f"{BASE}/kasbon",
    f"{BASE}/kasbon?cari=zzz",
    f"{BASE}/kasbon/{{sari}}",
    f"{BASE}/kasbon/{{sari}}/batas",
    f"{BASE}/kasbon/{{sari}}/pelunasan",
    f"{BASE}/kasbon/{{sari}}/dompet",
    f"{BASE}/potong-gaji",
    f"{BASE}/potong-gaji/baru",
    f"{BASE}/potong-gaji/{{batch}}",
    f"{BASE}/potong-gaji/{{batch}}/balasan",
    f"{BASE}/potong-gaji/{{batch}}/selisih/{{sari}}",
    f"{BASE}/potong-gaji/{{batch}}/selisih/{{budi}}",
    f"{BASE}/potong-gaji/{{batch}}/baris/4",
]
ANSWER = (
    "nomor anggota,nama,dipotong,keterangan\n0001,Sari,20000,cuti setengah "
    "bulan\n0002,Budi,75000,\n77,Orang Lain,3000,\n"
)


@pytest.fixture(scope="module")
async def known(site: Site) -> dict[str, Any]:
    """A cooperative with unexplained money at Xendit, members who owe, and a payroll answer with every kind
    of difference.
    """
    founding = NewCooperative(
        name="Koperasi Kamboja",
        slug="kamboja",
        officer_name="Ketua Kamboja",
        phone=CHAIR,
        password=PASSWORD,
        bylaws_template="konsumen",
        key="kamboja",
    )
    await create_cooperative(site.database, founding)
    tenant = await find_tenant_by_slug(site.database, "kamboja")
    assert tenant is not None
    async with coop_session(site.database, tenant) as db:
        await populate_cooperative(db, "mawar")
    before = site.database.settings
    async with set_up_xendit(site.database, tenant) as gateway:
        await _money_at_xendit(gateway)
    site.database.settings = before
    return await _credit(site, tenant)


async def _money_at_xendit(gateway: GatewaySetup[FakeXendit]) -> None:
    await gateway.pay(100_000)
    await gateway.pay(275_000, synced=False)
    gateway.server.withdraw(200_000)
    gateway.server.account.credit(7_000, "QRIS", "TOKO-LAIN", clock.now())
    gateway.server.account.credit(80_000, "QRIS", "LAMA", clock.now().replace(year=clock.now().year - 1))
    await sync_provider(gateway.database, gateway.tenant, "xendit")


async def _credit(site: Site, tenant: TenantRef) -> dict[str, Any]:
    today = clock.today()
    async with coop_session(site.database, tenant) as db:
        ro = as_reader(db)
        members = {}
        for number, kasbon, payroll in (("0001", 130_000, 50_000), ("0002", 0, 70_000)):
            members[number] = member = await ro.value("SELECT id FROM members WHERE number = $1", number)
            for account, amount in ((MEMBER_RECEIVABLES, kasbon), (PAYROLL_RECEIVABLES, payroll)):
                if amount:
                    lines = [
                        JournalLine.to_debit(account, Rupiah(amount), member),
                        JournalLine.to_credit(OTHER_INCOME, Rupiah(amount)),
                    ]
                    key = f"test:{number}:{account}"
                    await post_journal(
                        db, Journal(today, "Belanja, pesanan 1042", key, lines), by=OFFICER.name
                    )
            limit = Rupiah(500_000)
            await update_credit_limits(
                db, OFFICER, member, kasbon=limit, payroll=limit, payroll_number=f"P-{number}"
            )
        batch = await create_batch(db, OFFICER, "Potongan Oktober 2026", key="k")
        await import_return(db, OFFICER, batch.id, ANSWER, on=today, today=today)
    return {"day": today, "sari": members["0001"], "budi": members["0002"], "batch": batch.id}


async def test_every_page_is_for_everybody_on_a_phone(
    open_browser: OpenBrowser, known: dict[str, Any]
) -> None:
    chair = await open_browser("kamboja")
    await chair.sign_in_directly(CHAIR)
    assert_no_faults(await find_faults_on(chair, known, PAGES))


async def test_nothing_is_wider_than_a_desk(open_browser: OpenBrowser, known: dict[str, Any]) -> None:
    chair = await open_browser("kamboja", size=DESKTOP)
    await chair.sign_in_directly(CHAIR)
    for pattern in PAGES:
        await chair.goto(pattern.format_map(known))
        assert await chair.page.evaluate(OVERFLOW_SCRIPT) == [], pattern


async def test_an_officer_brings_an_answer_in_and_settles_it_without_javascript(
    open_browser: OpenBrowser, known: dict[str, Any]
) -> None:
    chair = await open_browser("kamboja", js=False)
    await chair.sign_in_directly(CHAIR)
    await chair.goto(f"{BASE}/potong-gaji/{known['batch']}")
    await chair.click_link("Sari Wulandari")
    await chair.expect_heading("Sari Wulandari")
    await chair.choose("decision", "carry")
    await chair.fill(reason="cuti, dipotong bulan depan")
    await chair.click_button("Selesaikan")
    await chair.expect_text("Selisihnya sudah diselesaikan.")
    await chair.goto(f"{BASE}/potong-gaji/baru")
    await chair.click_button("Buat berkas")
    await chair.expect_text("Berkasnya siap.")
    await chair.click_link("Catat balasan")
    answer = {"name": "balasan.csv", "mimeType": "text/csv", "buffer": b"nomor anggota,dipotong\n1,30000\n"}
    await chair.page.set_input_files("input[type=file]", files=[answer])  # type: ignore[list-item]
    await chair.click_button("Periksa berkas")
    await chair.expect_text("Rp30.000 dari pemberi kerja masuk ke bank")
    await chair.click_button("Catat balasan")
    await chair.expect_text("Semua selisih sudah diselesaikan.")


async def test_money_over_the_counter_is_asked_once_more_and_has_a_receipt(
    open_browser: OpenBrowser, known: dict[str, Any]
) -> None:
    chair = await open_browser("kamboja")
    await chair.sign_in_directly(CHAIR)
    await chair.goto(f"{BASE}/kasbon/{known['sari']}/pelunasan")
    await chair.fill(amount="30.000")
    await chair.click_button("Periksa dulu")
    await chair.expect_text("Rp30.000 tunai dari Sari Wulandari")
    await chair.click_button("Terima Rp30.000")
    await chair.expect_text("Bukti pelunasan kasbon", "Pelunasan sudah dicatat.")
