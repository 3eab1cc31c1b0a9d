"""Paying in a browser: every status of the payment page, a transfer and a QRIS payment from cart to receipt,
wallet and credit.
"""

import re

import pytest
from playwright.async_api import expect

from factories import shop
from factories.accessibility import assert_no_faults, find_faults_on
from factories.browser_users import DESKTOP, BrowserUser, OpenBrowser, Site
from factories.cooperatives import PASSWORD
from factories.payment_statuses import (
    STATES,
    create_payment_in_status,
    enable_methods,
    grant_kasbon,
    top_up_wallet,
)
from factories.shop import CASHIER, TODAY
from kernel import clock
from payments import refund_payment, state_machine
from payments.models import Payment
from payments.payer_status import PayerStatus
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_session

pytestmark = pytest.mark.browser

BOTH = pytest.mark.parametrize("js", [True, False], ids=["script", "no-script"])
SARI = "+6281200000001"
SAYS: dict[PayerStatus, str] = {
    "awaiting": "Transfer ke rekening koperasi",
    "lapsed": "Batas waktunya baru saja lewat",
    "processing": "Uang Anda sedang di jalan",
    "checking": "Pengurus sedang memeriksa",
    "paid": "Terima kasih, sudah kami terima",
    "paid_late": "masih bisa kami lanjutkan",
    "in_wallet": "Uang Anda ada di dompet anggota",
    "owed": "Uang Anda kami simpan",
    "partly_refunded": "Sebagian uang sudah kembali",
    "refunded": "Uang Anda sudah kembali",
    "failed": "Pembayaran ini gagal",
    "expired": "Batas waktu pembayaran ini lewat",
    "cancelled": "Pembayaran ini tidak berlaku lagi",
}


@pytest.fixture
async def melati_here(site: Site) -> TenantRef:
    tenant = await find_tenant_by_slug(site.database, "melati")
    assert tenant is not None
    async with coop_session(site.database, tenant) as db:
        await enable_methods(db)
        await shop.publish_product_change(db)
    return tenant


async def payment_in(
    site: Site, tenant: TenantRef, state: PayerStatus, method: str = "bank_transfer"
) -> Payment:
    async with coop_session(site.database, tenant) as db:
        return await create_payment_in_status(db, state, method)


async def assert_pages_faultless(person: BrowserUser, *paths: str) -> None:
    assert_no_faults(await find_faults_on(person, {}, list(paths)))


@BOTH
async def test_each_state_of_a_payment_is_told_and_can_be_used_by_everybody(
    open_browser: OpenBrowser, site: Site, melati_here: TenantRef, js: bool
) -> None:
    visitor = await open_browser(js=js)
    for state in STATES:
        payment = await payment_in(site, melati_here, state)
        await visitor.goto(f"/bayar/{payment.reference}")
        await visitor.expect_heading(str(payment.label))
        await visitor.expect_text(SAYS[state])
        await expect(visitor.page.locator("[data-left]")).to_have_count(1 if state == "awaiting" else 0)
        if js:
            await assert_pages_faultless(visitor, f"/bayar/{payment.reference}")


async def test_on_a_wide_screen_the_ticket_stands_beside_what_to_do(
    open_browser: OpenBrowser, site: Site, melati_here: TenantRef
) -> None:
    payment = await payment_in(site, melati_here, "awaiting", "qris")
    visitor = await open_browser(size=DESKTOP)
    await assert_pages_faultless(visitor, f"/bayar/{payment.reference}")
    ticket, how = visitor.page.locator(".ticket"), visitor.page.locator(".due__how")
    await visitor.goto(f"/bayar/{payment.reference}")
    left, right = await ticket.bounding_box(), await how.bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]


async def order_by(visitor: BrowserUser, method: str) -> None:
    await visitor.goto("/barang/MYK1")
    await visitor.click_button("Masukkan ke keranjang")
    await visitor.page.locator("[data-cart-count]:not([hidden])").wait_for()
    await visitor.goto("/pesan")
    await visitor.fill(name="Tono Suprapto", phone="0812 9999 0001")
    await visitor.choose("payment_method", method)
    await visitor.click_button("Pesan sekarang")
    await expect(visitor.page).to_have_url(re.compile(r"/bayar/L\w+$"))


async def money_is_seen(site: Site, tenant: TenantRef, reference: str) -> None:
    async with coop_session(site.database, tenant) as db:
        await state_machine.confirm_by_officer(db, CASHIER, reference, on=clock.today())


@BOTH
async def test_a_visitor_orders_transfers_and_gets_a_receipt(
    open_browser: OpenBrowser, site: Site, melati_here: TenantRef, js: bool
) -> None:
    visitor = await open_browser(js=js)
    await order_by(visitor, "bank_transfer")
    page = visitor.page
    reference = page.url.rpartition("/")[2]
    await visitor.expect_text("Transfer ke rekening koperasi", "BCA 123-456-7890", reference, "Bayar sampai")
    time_left = page.locator("[data-left]")
    if js:
        await expect(time_left).to_contain_text(re.compile(r"47:5\d:\d\d"))
        first = await time_left.inner_text()
        await expect(time_left).not_to_have_text(first)  # it counts
        await expect(page.locator("[data-copy]")).to_have_count(3)
    else:
        await expect(time_left).to_be_hidden()
    await visitor.click_button("Saya sudah bayar")
    await visitor.expect_text("Pengurus memeriksanya", "Menunggu pembayaran")
    await money_is_seen(site, melati_here, reference)
    if js:
        await expect(page.locator("#toast")).to_contain_text(
            "sudah dibayar"
        )  # without a reload, at the page's polling interval
    else:
        await page.reload()
    await visitor.expect_text("Terima kasih, sudah kami terima")
    await expect(page.locator("[hx-get]")).to_have_count(0)
    await visitor.click_link("Lihat bukti")
    await expect(page.locator(".receipt")).to_contain_text(reference)
    await expect(page.locator(".receipt")).to_contain_text("Rp18.")
    await expect(page.locator("main")).not_to_contain_text("Tono Suprapto")
    await visitor.click_link("Lihat pesanan")
    await visitor.expect_text("Nota pembelian")


@BOTH
async def test_a_visitor_pays_by_qris_or_chooses_another_way(
    open_browser: OpenBrowser, site: Site, melati_here: TenantRef, js: bool
) -> None:
    visitor = await open_browser(js=js)
    await order_by(visitor, "qris")
    page, first = visitor.page, visitor.page.url
    await expect(page.get_by_role("img", name="QRIS KOPERASI MELATI, Rp18.000")).to_be_visible()
    await visitor.expect_text("NMID ID1020304050607", "Rp18.000")
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="Simpan gambar QR").click()
    assert (await saved.value).suggested_filename.endswith(".png")
    await visitor.click_link("Pilih cara lain")
    await visitor.expect_heading("Pilih cara membayar")
    if js:
        await assert_pages_faultless(visitor, page.url.partition(site.base_domain)[2])
    await visitor.choose("payment_method", "bank_transfer")
    await visitor.click_button("Pakai cara ini")
    await visitor.expect_text("Transfer ke rekening koperasi")
    assert page.url != first
    second = page.url
    await page.goto(first)
    await visitor.expect_text("Cara membayar yang lain sudah dipilih")
    await visitor.click_link("Ke pembayaran yang baru")
    await expect(page).to_have_url(second)


async def test_a_refund_appears_while_one_looks(
    open_browser: OpenBrowser, site: Site, melati_here: TenantRef
) -> None:
    payment = await payment_in(site, melati_here, "paid")
    visitor = await open_browser()
    await visitor.goto(f"/bayar/{payment.reference}")
    async with coop_session(site.database, melati_here) as db:
        locked = await state_machine.lock_payment(db, payment.reference)
        await refund_payment.request_refund(
            db,
            CASHIER,
            locked,
            shop.Rupiah(5_000),
            "by_hand",
            "Barang kurang",
            key="browser-refund",
            on=TODAY,
        )
    await visitor.page.reload()
    await visitor.expect_text("Sebagian uang sudah kembali", "Rp5.000")


async def test_receipts_lose_everything_else_on_paper(
    open_browser: OpenBrowser, site: Site, melati_here: TenantRef
) -> None:
    payment = await payment_in(site, melati_here, "partly_refunded")
    visitor = await open_browser()
    await assert_pages_faultless(visitor, f"/bayar/{payment.reference}/bukti")
    await visitor.page.emulate_media(media="print")
    await expect(visitor.page.locator(".receipt")).to_be_visible()
    for gone in (".places", ".btn >> nth=0", ".crumbs"):
        await expect(visitor.page.locator(gone)).to_be_hidden()


@BOTH
async def test_a_member_fills_the_wallet(
    open_browser: OpenBrowser, site: Site, melati_here: TenantRef, js: bool
) -> None:
    async with coop_session(site.database, melati_here) as db:
        await top_up_wallet(db, 25_000)
    member = await open_browser(js=js)
    await member.sign_in_directly(SARI)
    await member.goto("/anggota")
    await member.click_link("Dompet")
    await member.expect_heading("Dompet")
    await member.expect_text("Isi dompet dibayar, Transfer bank")
    await member.page.locator("main a.btn", has_text="Isi dompet").first.click()
    await member.click_link("Rp50.000")
    await expect(member.page.locator('[name="amount"]')).to_have_value("50000")
    await member.choose("payment_method", "qris")
    await member.click_button("Periksa dulu")
    await member.expect_text("Rp50.000 lewat QRIS masuk ke dompet Anda.")
    if js:
        assert await member.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await member.click_button("Lanjut membayar")
    await member.expect_text("Pindai dengan aplikasi apa pun")
    await money_is_seen(site, melati_here, member.page.url.rpartition("/")[2])
    await member.page.reload()
    await member.click_link("Lihat dompet")
    await member.expect_heading("Dompet")
    if js:
        await assert_pages_faultless(member, "/anggota/dompet", "/anggota/dompet/isi")


@BOTH
async def test_a_member_makes_a_pin_and_pays_credit_off(
    open_browser: OpenBrowser, site: Site, melati_here: TenantRef, js: bool
) -> None:
    async with coop_session(site.database, melati_here) as db:
        await grant_kasbon(db, 40_000)
    member = await open_browser(js=js)
    await member.sign_in_directly(SARI)
    await member.goto("/anggota/kasbon")
    await member.expect_text("Pesanan 77 dibayar, Kasbon")
    if js:
        await assert_pages_faultless(
            member, "/anggota/kasbon", "/anggota/kasbon/bayar", "/anggota/kasbon/pin"
        )
    await member.goto("/anggota/kasbon/pin")
    await member.fill(pin="482915", again="482916", own_password=PASSWORD)
    await member.click_button("Simpan PIN")
    await member.expect_text("Kedua PIN ini tidak sama")
    await member.fill(pin="482915", again="482915", own_password=PASSWORD)
    await member.click_button("Simpan PIN")
    await member.expect_text("PIN disimpan")
    await member.click_link("Bayar kasbon")
    await member.fill(amount="10.000")
    await member.choose("payment_method", "savings")
    await member.click_button("Periksa dulu")
    await member.expect_text("Rp10.000 dari simpanan sukarela Anda membayar kasbon Anda.")
    await member.click_button("Bayar Rp10.000")
    await member.expect_text("Terima kasih, sudah kami terima")


async def test_who_has_no_credit_reads_a_sentence(open_browser: OpenBrowser, melati_here: TenantRef) -> None:
    member = await open_browser()
    await member.sign_in_directly("+6281200000002")
    await assert_pages_faultless(member, "/anggota/kasbon", "/anggota/dompet")
    await member.goto("/anggota/kasbon")
    await member.expect_text("Kasbon belum dibuka untuk Anda")
