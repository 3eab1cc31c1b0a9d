"""Reconciliation, credit and deductions from pay in a browser: every page, with differences of every kind, on
a phone and on a desk.
"""

from typing import Any

import pytest

from factories.browsing import DESK, Arrive, Site
from factories.cooperatives import PASSWORD, furnish
from factories.gateway import Gateway, xendit_of
from factories.looking import WIDER, look_at, no_fault_in
from kernel import clock
from kernel.actor import Actor
from kernel.database import as_reader
from kernel.money import Rupiah
from ledger import Journal, Line, post
from ledger.chart import MEMBER_RECEIVABLES, OTHER_INCOME, PAYROLL_RECEIVABLES
from onboarding.founding import Founding, found
from payments.credit.counter import change_credit
from payments.payroll.batches import make_batch, take_return
from payments.reconciliation.reconciling import fetch
from stand_ins.xendit import XenditStandIn
from tenants.registry import TenantRef, tenant_by_slug
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
    """A cooperative of its own with money at Xendit that nobody knows, members who owe, and an answer with
    every kind of difference.
    """
    founding = Founding(
        name="Koperasi Kamboja",
        slug="kamboja",
        officer_name="Ketua Kamboja",
        phone=CHAIR,
        password=PASSWORD,
        bylaws_template="konsumen",
        key="kamboja",
    )
    await found(site.database, founding)
    tenant = await tenant_by_slug(site.database, "kamboja")
    assert tenant is not None
    async with coop_session(site.database, tenant) as db:
        await furnish(db, "mawar")
    before = site.database.settings
    async with xendit_of(site.database, tenant) as gateway:
        await _money_at_xendit(gateway)
    site.database.settings = before
    return await _credit(site, tenant)


async def _money_at_xendit(gateway: Gateway[XenditStandIn]) -> None:
    await gateway.paid(100_000)
    await gateway.paid(275_000, seen=False)
    gateway.stand_in.withdraw(200_000)
    gateway.stand_in.account.pay_in(7_000, "QRIS", "TOKO-LAIN", clock.now())
    gateway.stand_in.account.pay_in(80_000, "QRIS", "LAMA", clock.now().replace(year=clock.now().year - 1))
    await fetch(gateway.database, gateway.tenant, "xendit")


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
                        Line.to_debit(account, Rupiah(amount), member),
                        Line.to_credit(OTHER_INCOME, Rupiah(amount)),
                    ]
                    key = f"test:{number}:{account}"
                    await post(db, Journal(today, "Belanja, pesanan 1042", key, lines), by=OFFICER.name)
            limit = Rupiah(500_000)
            await change_credit(
                db, OFFICER, member, kasbon=limit, payroll=limit, payroll_number=f"P-{number}"
            )
        batch = await make_batch(db, OFFICER, "Potongan Oktober 2026", key="k")
        await take_return(db, OFFICER, batch.id, ANSWER, on=today, today=today)
    return {"day": today, "sari": members["0001"], "budi": members["0002"], "batch": batch.id}


async def test_every_page_is_for_everybody_on_a_phone(arrive: Arrive, known: dict[str, Any]) -> None:
    chair = await arrive("kamboja")
    await chair.enter(CHAIR)
    no_fault_in(await look_at(chair, known, PAGES))


async def test_nothing_is_wider_than_a_desk(arrive: Arrive, known: dict[str, Any]) -> None:
    chair = await arrive("kamboja", size=DESK)
    await chair.enter(CHAIR)
    for pattern in PAGES:
        await chair.goto(pattern.format_map(known))
        assert await chair.page.evaluate(WIDER) == [], pattern


async def test_an_officer_brings_an_answer_in_and_settles_it_without_javascript(
    arrive: Arrive, known: dict[str, Any]
) -> None:
    chair = await arrive("kamboja", js=False)
    await chair.enter(CHAIR)
    await chair.goto(f"{BASE}/potong-gaji/{known['batch']}")
    await chair.follow("Sari Wulandari")
    await chair.at("Sari Wulandari")
    await chair.choose("decision", "carry")
    await chair.fill(reason="cuti, dipotong bulan depan")
    await chair.press("Selesaikan")
    await chair.says("Selisihnya sudah diselesaikan.")
    await chair.goto(f"{BASE}/potong-gaji/baru")
    await chair.press("Buat berkas")
    await chair.says("Berkasnya siap.")
    await chair.follow("Catat balasan")
    answer = {"name": "balasan.csv", "mimeType": "text/csv", "buffer": b"nomor anggota,dipotong\n1,30000\n"}
    await chair.page.set_input_files("input[type=file]", files=[answer])  # type: ignore[list-item]
    await chair.press("Periksa berkas")
    await chair.says("Rp30.000 dari pemberi kerja masuk ke bank")
    await chair.press("Catat balasan")
    await chair.says("Semua selisih sudah diselesaikan.")


async def test_money_over_the_counter_is_asked_once_more_and_has_a_receipt(
    arrive: Arrive, known: dict[str, Any]
) -> None:
    chair = await arrive("kamboja")
    await chair.enter(CHAIR)
    await chair.goto(f"{BASE}/kasbon/{known['sari']}/pelunasan")
    await chair.fill(amount="30.000")
    await chair.press("Periksa dulu")
    await chair.says("Rp30.000 tunai dari Sari Wulandari")
    await chair.press("Terima Rp30.000")
    await chair.says("Bukti pelunasan kasbon", "Pelunasan sudah dicatat.")
