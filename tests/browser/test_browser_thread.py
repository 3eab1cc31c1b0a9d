"""The whole story, with and without JavaScript: found a cooperative, set it up, sell, and show a member their
share.
"""

from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.async_api import FilePayload, expect

from factories.browser_users import DESKTOP, BrowserUser, OpenBrowser
from factories.cooperatives import PASSWORD

pytestmark = pytest.mark.browser

CHAIR_PHONE, MEMBER_PHONE = "0899-0000-7001", "0899-0000-7002"


@pytest.mark.parametrize("js", [True, False], ids=["script", "no-script"])
async def test_from_founding_a_cooperative_to_a_members_share(open_browser: OpenBrowser, js: bool) -> None:
    slug = "kenanga" if js else "teratai"
    chair = await open_browser("", js=js, size=DESKTOP if js else (360, 780))
    await found(chair, slug)
    await confirm_the_bylaws(chair)
    await add_a_product_with_a_picture(chair)
    number, code = await add_a_member(chair)
    member = await open_browser(slug, js=js)
    await activate(member, number, code)
    await take_a_deposit(chair)
    await choose_a_look(chair)
    order = await buy_from_savings(member)
    await hand_over(chair, order)
    await see_the_receipt(member, order)
    await divide_the_surplus(chair)
    await see_the_share(member)
    await leave(member)


async def found(chair: BrowserUser, slug: str) -> None:
    await chair.goto("/")
    await chair.click_link("Dirikan koperasi")
    await chair.fill(
        name=f"Koperasi {slug.title()}",
        slug=slug,
        officer_name="Yuni Astuti",
        phone=CHAIR_PHONE,
        password=PASSWORD,
    )
    await chair.click_button("Dirikan koperasi")
    await chair.expect_heading("Hari ini")
    chair.label = slug
    assert chair.page.url == chair.site.url(slug, "/pengurus")
    await chair.expect_text("Menyiapkan koperasi", "0 dari 5 selesai")


async def confirm_the_bylaws(chair: BrowserUser) -> None:
    await chair.click_link("Periksa")
    await chair.expect_heading("Anggaran dasar")
    await chair.expect_text("Jasa usaha", "35 %", "100 %", "Rp100.000")
    await chair.goto("/pengurus")
    await chair.click_button("Sudah cocok")
    await chair.expect_text("1 dari 5 selesai")


async def add_a_product_with_a_picture(chair: BrowserUser) -> None:
    await chair.click_link("Tambah barang")
    await chair.expect_heading("Barang")
    await chair.expect_text("Toko masih kosong")
    await chair.click_link("Tambah barang")
    await chair.expect_heading("Tambah barang")
    await chair.fill(name="Beras pandan 1 kg", sku="BP1", price="Rp 12.500", cost="10000", stock="20")
    await chair.click_button("Simpan")
    await chair.expect_heading("Beras pandan 1 kg")
    await chair.expect_text("Rp200.000")  # 20 pieces at cost
    await chair.click_link("Ganti foto")
    picture = BytesIO()
    Image.new("RGB", (600, 500), "#c9a24b").save(picture, "JPEG")
    await chair.page.locator("input[type=file]").set_input_files(
        FilePayload(name="beras.jpg", mimeType="image/jpeg", buffer=picture.getvalue())
    )
    await chair.click_button("Pasang foto")
    await chair.expect_heading("Beras pandan 1 kg")
    await expect(chair.page.locator(".good__picture img")).to_have_js_property("naturalWidth", 320)


async def add_a_member(chair: BrowserUser) -> tuple[str, str]:
    await chair.goto("/pengurus")
    await chair.expect_text("2 dari 5 selesai")
    await chair.click_link("Tambah anggota")
    await chair.click_link("Tambah anggota")
    await chair.fill(name="Sari Wulandari", phone=MEMBER_PHONE)
    await chair.page.get_by_label("sudah diterima tunai hari ini").check()
    await chair.click_button("Simpan anggota")
    await chair.expect_heading("Kode aktivasi")
    await chair.expect_text("Kode ini hanya tampil sekarang")
    code = await chair.page.locator("main .copy code").inner_text()
    await chair.click_link("Buka halaman anggota")
    await chair.expect_heading("Sari Wulandari")
    await chair.expect_text("Nomor anggota 0001", "Rp100.000")
    return "0001", code


async def activate(member: BrowserUser, number: str, code: str) -> None:
    await member.goto("/masuk")
    await member.click_link("Punya kode dari pengurus?")
    await member.fill(identity=number, code=code, password=PASSWORD)
    await member.click_button("Simpan dan masuk")
    await member.expect_heading("Sari Wulandari")
    assert member.page.url.endswith("/anggota")


async def take_a_deposit(chair: BrowserUser) -> None:
    await chair.click_link("Terima setoran")
    await chair.choose("kind", "voluntary")
    await chair.fill(amount="Rp 100.000")
    await chair.click_button("Periksa dulu")
    await chair.expect_text("Rp100.000 dari Sari Wulandari (0001) masuk ke simpanan sukarela.")
    await chair.click_button("Terima Rp100.000")
    await chair.expect_text("Bukti setoran")


async def choose_a_look(chair: BrowserUser) -> None:
    await chair.goto("/pengurus")
    await chair.click_link("Pilih")
    await chair.choose("theme", "sawah")
    await chair.click_button("Pakai tampilan ini")
    await chair.goto("/pengurus")
    await chair.expect_text("4 dari 5 selesai")


async def buy_from_savings(member: BrowserUser) -> str:
    await member.goto("/")
    await member.expect_text("Beras pandan 1 kg", "Rp12.250")  # 2 percent less for members
    await member.click_link("Beras pandan 1 kg")
    await member.click_button("Masukkan ke keranjang")
    await expect(member.page.locator("[data-cart-count]")).to_contain_text("1")
    await member.goto("/keranjang")
    await member.click_link("Lanjut memesan")
    await member.choose("payment_method", "savings")
    await member.click_button("Pesan sekarang")
    await member.expect_text(
        "Rp12.250 dari simpanan sukarela Sari Wulandari membayar pesanan ini.", "Rp87.750"
    )
    await member.click_button("Bayar Rp12.250")
    await member.expect_text("Siap diserahkan", "Dibayar")
    return urlsplit(member.page.url).path


async def hand_over(chair: BrowserUser, order: str) -> None:
    await chair.goto("/pengurus")
    await chair.expect_text("Perlu dikerjakan", "Sari Wulandari")
    await chair.click_link("Serahkan barang")
    await chair.click_link("Serahkan barang")
    await chair.page.locator("form.confirm button").click()
    await chair.expect_heading(f"Pesanan {order.rpartition('/')[2]}")
    await chair.expect_text("Selesai", "Jurnal penjualan")
    await chair.goto("/pengurus")
    await expect(chair.page.locator("main")).not_to_contain_text("Menyiapkan koperasi")


async def see_the_receipt(member: BrowserUser, order: str) -> None:
    await member.goto(order)
    await member.expect_text("Nota pembelian", "Beras pandan 1 kg", "Rp12.250", "Selesai")
    await member.goto("/anggota/belanja")
    await member.expect_text("Rp12.250")
    await member.goto("/anggota/simpanan/sukarela")
    await member.expect_text("Rp87.750")


async def divide_the_surplus(chair: BrowserUser) -> None:
    await chair.goto("/pengurus/shu")
    await chair.click_button("Hitung rancangan")
    await chair.expect_text(
        "Rancangan 1", "Rp2.250", "Rp788"
    )  # 12,250 less 10,000; 35 percent of it, the half rupiah going up
    await chair.goto("/pengurus/buku")
    await chair.expect_text("Cocok")
    await expect(chair.page.get_by_text("Tidak cocok")).to_have_count(0)


async def see_the_share(member: BrowserUser) -> None:
    await member.goto("/anggota/shu")
    await member.expect_text("Rp1.238", "Rp450", "Rp788", "rancangan, belum diputuskan rapat")
    await member.page.locator("details.foldout summary").first.click()
    await expect(member.page.locator("details.foldout").first).to_contain_text("Rp100.000")


async def leave(member: BrowserUser) -> None:
    await member.page.locator("details.who summary").click()
    await member.page.locator("details.who button").click()
    await member.expect_text("Masuk")
    await member.page.goto(member.site.url(member.label, "/anggota/shu"))
    await member.expect_heading("Masuk")
