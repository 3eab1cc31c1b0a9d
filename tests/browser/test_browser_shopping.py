"""A visitor in the shop: categories, search, product, cart, checkout, the order's page, and back."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

from factories.browser_users import OpenBrowser

pytestmark = pytest.mark.browser

BOTH = pytest.mark.parametrize("js", [True, False], ids=["script", "no-script"])


async def test_search_swaps_the_shelf_keeps_the_focus_and_can_be_gone_back_from(
    open_browser: OpenBrowser,
) -> None:
    visitor = await open_browser()
    await visitor.goto("/")
    page, shelf, box = (
        visitor.page,
        visitor.page.locator("#shelf"),
        visitor.page.locator("input[type=search]"),
    )
    await page.evaluate("document.documentElement.dataset.same = 'page'")
    await box.press_sequentially("minyak", delay=20)
    await expect(shelf).not_to_contain_text("Beras 5 kg")
    await expect(shelf).to_contain_text("Minyak 1 L")
    await expect(box).to_be_focused()
    await expect(page).to_have_url(re.compile(r"cari=minyak$"))
    assert await page.evaluate("document.documentElement.dataset.same") == "page"
    await box.fill("tidak ada yang begini")
    await expect(shelf).to_contain_text("Belum ketemu")
    await page.go_back()
    await expect(page).to_have_url(re.compile(r"cari=minyak$"))
    await expect(page.locator("#shelf")).to_contain_text("Minyak 1 L")
    await expect(page.locator("input[type=search]")).to_have_value("minyak")
    await page.go_back()
    await expect(page.locator("#shelf")).to_contain_text("Beras 5 kg")


@BOTH
async def test_categories_and_search_have_addresses_of_their_own(open_browser: OpenBrowser, js: bool) -> None:
    visitor = await open_browser(js=js)
    await visitor.goto("/")
    await visitor.click_link("Sembako")
    await expect(visitor.page).to_have_url(re.compile(r"kategori=sembako$"))
    await expect(visitor.page.locator("#shelf h2").first).to_contain_text("Sembako")
    await visitor.goto("/?cari=beras")
    await visitor.expect_text("Beras 5 kg")
    await expect(visitor.page.locator("main")).not_to_contain_text("Minyak 1 L")
    await visitor.fill(cari="minyak")
    await visitor.page.locator("main input[type=search]").press("Enter")
    await expect(visitor.page.locator("#shelf")).to_contain_text("Minyak 1 L")
    await expect(visitor.page.locator("#shelf")).not_to_contain_text("Beras 5 kg")


@BOTH
async def test_a_visitor_orders_for_delivery_and_pays_by_transfer(
    open_browser: OpenBrowser, js: bool
) -> None:
    visitor = await open_browser(js=js)
    page = visitor.page
    await visitor.goto("/barang/MYK1")
    await visitor.expect_heading("Minyak 1 L")
    await visitor.fill(quantity="2")
    await visitor.click_button("Masukkan ke keranjang")
    await expect(page.locator("[data-cart-count]")).to_contain_text("2")
    await visitor.goto("/keranjang")
    await page.get_by_role("button", name="Tambah Minyak 1 L").click()
    await visitor.expect_text("Rp54.000")
    await page.get_by_role("button", name="Kurangi Minyak 1 L").click()
    await visitor.expect_text("Rp36.000")
    await visitor.click_link("Lanjut memesan")
    await visitor.fill(name="Tono Suprapto", phone="0812 9999 0001", note="Pagar hijau")
    await visitor.choose("fulfilment", "delivery")
    await visitor.choose("payment_method", "bank_transfer")
    await visitor.click_button("Pesan sekarang")
    await visitor.expect_text("Yang sudah Anda ketik masih ada")  # the address is missing
    await expect(page.locator('[name="name"]')).to_have_value("Tono Suprapto")
    await expect(page.locator('[name="note"]')).to_have_value("Pagar hijau")
    await expect(page.locator('[name="payment_method"][value="bank_transfer"]')).to_be_checked()
    await visitor.fill(address="Jalan Kenari 4, RT 02/RW 01")
    await visitor.click_button("Pesan sekarang")
    await visitor.expect_text("Menunggu pembayaran", "Rp36.", "Tulis di berita")  # plus a unique suffix
    await visitor.click_link("Lihat pesanan")
    await visitor.expect_text("Menunggu pembayaran", "Rp36.000", "Jalan Kenari 4")
    address = urlsplit(page.url)
    assert parse_qs(address.query)["kunci"]
    await visitor.goto(f"{address.path}?{address.query}")
    await visitor.expect_text("Menunggu pembayaran")
    stranger = await open_browser(js=js, expected={404})
    await stranger.goto(f"{address.path}?kunci=0")
    await stranger.expect_text("Halaman ini tidak ada")


async def test_pressed_twice_the_button_orders_once_and_the_way_back_orders_nothing(
    open_browser: OpenBrowser,
) -> None:
    visitor = await open_browser()
    await visitor.goto("/")
    await visitor.page.get_by_role("button", name="Beras 5 kg").click()
    await expect(visitor.page.locator("#toast")).to_have_class(re.compile("is-up"))
    await visitor.goto("/pesan")
    await visitor.fill(name="Wati Kusuma", phone="0812 9999 0002")
    await visitor.choose("payment_method", "cash")
    await visitor.button("Pesan sekarang").dblclick()
    await visitor.expect_text("Rincian pesanan", "Rp75.000")
    number = int(urlsplit(visitor.page.url).path.rpartition("/")[2])
    await visitor.page.go_back()
    await visitor.expect_text("Keranjang masih kosong")
    chair = await open_browser()
    await chair.sign_in_directly("+6289900000000")
    await chair.goto("/pengurus/pesanan?cari=Wati")
    await expect(chair.page.locator(".orderline")).to_have_count(1)
    await chair.expect_text(f"Pesanan {number}")
