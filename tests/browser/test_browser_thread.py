"""The whole way, with and without JavaScript: found a cooperative, set it up, sell, and show a member their
share.
"""

from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.async_api import FilePayload, expect

from factories.browsing import DESK, Arrive, Person
from factories.cooperatives import PASSWORD

pytestmark = pytest.mark.browser

CHAIR_PHONE, MEMBER_PHONE = "0899-0000-7001", "0899-0000-7002"


@pytest.mark.parametrize("js", [True, False], ids=["script", "no-script"])
async def test_from_founding_a_cooperative_to_a_members_share(arrive: Arrive, js: bool) -> None:
    slug = "kenanga" if js else "teratai"
    chair = await arrive("", js=js, size=DESK if js else (360, 780))
    await found(chair, slug)
    await confirm_the_bylaws(chair)
    await add_a_product_with_a_picture(chair)
    number, code = await add_a_member(chair)
    member = await arrive(slug, js=js)
    await activate(member, number, code)
    await take_a_deposit(chair)
    await choose_a_look(chair)
    order = await buy_from_savings(member)
    await hand_over(chair, order)
    await see_the_receipt(member, order)
    await divide_the_surplus(chair)
    await see_the_share(member)
    await leave(member)


async def found(chair: Person, slug: str) -> None:
    await chair.goto("/")
    await chair.follow("Dirikan koperasi")
    await chair.fill(
        name=f"Koperasi {slug.title()}",
        slug=slug,
        officer_name="Yuni Astuti",
        phone=CHAIR_PHONE,
        password=PASSWORD,
    )
    await chair.press("Dirikan koperasi")
    await chair.at("Hari ini")
    chair.label = slug
    assert chair.page.url == chair.site.url(slug, "/pengurus")
    await chair.says("Menyiapkan koperasi", "0 dari 5 selesai")


async def confirm_the_bylaws(chair: Person) -> None:
    await chair.follow("Periksa")
    await chair.at("Anggaran dasar")
    await chair.says("Jasa usaha", "35 %", "100 %", "Rp100.000")
    await chair.goto("/pengurus")
    await chair.press("Sudah cocok")
    await chair.says("1 dari 5 selesai")


async def add_a_product_with_a_picture(chair: Person) -> None:
    await chair.follow("Tambah barang")
    await chair.at("Barang")
    await chair.says("Toko masih kosong")
    await chair.follow("Tambah barang")
    await chair.at("Tambah barang")
    await chair.fill(name="Beras pandan 1 kg", sku="BP1", price="Rp 12.500", cost="10000", stock="20")
    await chair.press("Simpan")
    await chair.at("Beras pandan 1 kg")
    await chair.says("Rp200.000")  # 20 pieces at what they cost
    await chair.follow("Ganti foto")
    picture = BytesIO()
    Image.new("RGB", (600, 500), "#c9a24b").save(picture, "JPEG")
    await chair.page.locator("input[type=file]").set_input_files(
        FilePayload(name="beras.jpg", mimeType="image/jpeg", buffer=picture.getvalue())
    )
    await chair.press("Pasang foto")
    await chair.at("Beras pandan 1 kg")
    await expect(chair.page.locator(".good__picture img")).to_have_js_property("naturalWidth", 320)


async def add_a_member(chair: Person) -> tuple[str, str]:
    await chair.goto("/pengurus")
    await chair.says("2 dari 5 selesai")
    await chair.follow("Tambah anggota")
    await chair.follow("Tambah anggota")
    await chair.fill(name="Sari Wulandari", phone=MEMBER_PHONE)
    await chair.page.get_by_label("sudah diterima tunai hari ini").check()
    await chair.press("Simpan anggota")
    await chair.at("Kode aktivasi")
    await chair.says("Kode ini hanya tampil sekarang")
    code = await chair.page.locator("main .copy code").inner_text()
    await chair.follow("Buka halaman anggota")
    await chair.at("Sari Wulandari")
    await chair.says("Nomor anggota 0001", "Rp100.000")
    return "0001", code


async def activate(member: Person, number: str, code: str) -> None:
    await member.goto("/masuk")
    await member.follow("Punya kode dari pengurus?")
    await member.fill(identity=number, code=code, password=PASSWORD)
    await member.press("Simpan dan masuk")
    await member.at("Sari Wulandari")
    assert member.page.url.endswith("/anggota")


async def take_a_deposit(chair: Person) -> None:
    await chair.follow("Terima setoran")
    await chair.choose("kind", "voluntary")
    await chair.fill(amount="Rp 100.000")
    await chair.press("Periksa dulu")
    await chair.says("Rp100.000 dari Sari Wulandari (0001) masuk ke simpanan sukarela.")
    await chair.press("Terima Rp100.000")
    await chair.says("Bukti setoran")


async def choose_a_look(chair: Person) -> None:
    await chair.goto("/pengurus")
    await chair.follow("Pilih")
    await chair.choose("theme", "sawah")
    await chair.press("Pakai tampilan ini")
    await chair.goto("/pengurus")
    await chair.says("4 dari 5 selesai")


async def buy_from_savings(member: Person) -> str:
    await member.goto("/")
    await member.says("Beras pandan 1 kg", "Rp12.250")  # 2 percent less for members
    await member.follow("Beras pandan 1 kg")
    await member.press("Masukkan ke keranjang")
    await expect(member.page.locator("[data-cart-count]")).to_contain_text("1")
    await member.goto("/keranjang")
    await member.follow("Lanjut memesan")
    await member.choose("payment_way", "savings")
    await member.press("Pesan sekarang")
    await member.says("Rp12.250 dari simpanan sukarela Sari Wulandari membayar pesanan ini.", "Rp87.750")
    await member.press("Bayar Rp12.250")
    await member.says("Siap diserahkan", "Dibayar")
    return urlsplit(member.page.url).path


async def hand_over(chair: Person, order: str) -> None:
    await chair.goto("/pengurus")
    await chair.says("Yang menunggu", "Sari Wulandari")
    await chair.follow("Serahkan barang")
    await chair.follow("Serahkan barang")
    await chair.page.locator("form.confirm button").click()
    await chair.at(f"Pesanan {order.rpartition('/')[2]}")
    await chair.says("Selesai", "Jurnal penjualan")
    await chair.goto("/pengurus")
    await expect(chair.page.locator("main")).not_to_contain_text("Menyiapkan koperasi")


async def see_the_receipt(member: Person, order: str) -> None:
    await member.goto(order)
    await member.says("Nota pembelian", "Beras pandan 1 kg", "Rp12.250", "Selesai")
    await member.goto("/anggota/belanja")
    await member.says("Rp12.250")
    await member.goto("/anggota/simpanan/sukarela")
    await member.says("Rp87.750")


async def divide_the_surplus(chair: Person) -> None:
    await chair.goto("/pengurus/shu")
    await chair.press("Hitung rancangan")
    await chair.says(
        "Rancangan 1", "Rp2.250", "Rp788"
    )  # 12,250 less 10,000; 35 percent of it, the half rupiah going up
    await chair.goto("/pengurus/buku")
    await chair.says("Cocok")
    await expect(chair.page.get_by_text("Tidak cocok")).to_have_count(0)


async def see_the_share(member: Person) -> None:
    await member.goto("/anggota/shu")
    await member.says("Rp1.238", "Rp450", "Rp788", "rancangan, belum diputuskan rapat")
    await member.page.locator("details.foldout summary").first.click()
    await expect(member.page.locator("details.foldout").first).to_contain_text("Rp100.000")


async def leave(member: Person) -> None:
    await member.page.locator("details.who summary").click()
    await member.page.locator("details.who button").click()
    await member.says("Masuk")
    await member.page.goto(member.site.url(member.label, "/anggota/shu"))
    await member.at("Masuk")
