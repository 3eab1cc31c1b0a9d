"""Forms keep what was typed, answer while typing, and forget drafts at sign-out."""

import re

import pytest
from playwright.async_api import Error, expect
from sqlalchemy import text

from factories.browser_users import BrowserUser, OpenBrowser, Site
from tenants.registry import find_tenant_by_slug
from tenants.session import coop_session

pytestmark = pytest.mark.browser

CHAIR = "+6289900000000"
BOTH = pytest.mark.parametrize("js", [True, False], ids=["script", "no-script"])


@BOTH
async def test_after_an_error_the_form_holds_what_was_typed_and_says_what_to_do(
    open_browser: OpenBrowser, js: bool
) -> None:
    founder = await open_browser("", js=js)
    await founder.goto("/daftar")
    await founder.fill(
        name="Koperasi Dahlia",
        slug="melati",
        officer_name="Rina Susanti",
        phone="0899-0000-7100",
        password="singkat",
    )
    await founder.choose("bylaws", "desa-merah-putih")
    await founder.click_button("Dirikan koperasi")
    summary = founder.page.locator(".summary")
    await expect(summary).to_be_visible()
    for name, typed in {"name": "Koperasi Dahlia", "slug": "melati", "officer_name": "Rina Susanti"}.items():
        await expect(founder.page.locator(f'[name="{name}"]')).to_have_value(typed)
    await expect(founder.page.locator('[name="bylaws"][value="desa-merah-putih"]')).to_be_checked()
    await expect(founder.page.locator('[name="password"]')).to_have_value("")
    if js:
        await expect(summary).to_be_focused()
    await summary.get_by_role("link").first.click()
    wrong = founder.page.locator('[aria-invalid="true"]').first
    await expect(wrong).to_be_focused()
    described = await wrong.get_attribute("aria-describedby")
    assert described is not None
    assert await founder.page.locator(f"#{described.split()[-1]}").inner_text()


async def test_after_a_lost_signal_the_form_holds_what_was_typed(open_browser: OpenBrowser) -> None:
    applicant = await open_browser()
    await applicant.goto("/gabung")
    await type_an_application(applicant)
    applicant.offline = True
    await applicant.context.set_offline(True)
    await applicant.button("Kirim permohonan").click()
    await expect(applicant.page.locator("h1")).not_to_contain_text("Permohonan terkirim")
    await applicant.context.set_offline(False)
    try:
        await applicant.goto("/gabung")
    except Error:  # the browser was still drawing its own offline page
        await applicant.goto("/gabung")
    applicant.offline = False
    await has_the_application(applicant)
    await applicant.page.get_by_label("Saya setuju").check()
    await applicant.click_button("Kirim permohonan")
    await applicant.expect_heading("Permohonan terkirim")
    await applicant.goto("/gabung")
    await expect(applicant.page.locator('[name="name"]')).to_have_value("")  # submitted values are no draft


async def type_an_application(applicant: BrowserUser) -> None:
    await applicant.fill(name="Ayu Lestari", phone="0812 9999 0044", address="Dusun Krajan, RT 03/RW 02")
    await applicant.choose("sex", "P")
    await applicant.page.get_by_label("Saya setuju").check()


async def has_the_application(applicant: BrowserUser) -> None:
    await expect(applicant.page.locator('[name="name"]')).to_have_value("Ayu Lestari")
    await expect(applicant.page.locator('[name="phone"]')).to_have_value("0812 9999 0044")
    await expect(applicant.page.locator('[name="address"]')).to_have_value("Dusun Krajan, RT 03/RW 02")
    await expect(applicant.page.locator('[name="sex"][value="P"]')).to_be_checked()


async def test_after_an_expired_session_the_form_holds_what_was_typed(
    open_browser: OpenBrowser, site: Site
) -> None:
    chair = await open_browser()
    await chair.sign_in_directly(CHAIR)
    await chair.goto("/pengurus/barang/baru")
    await chair.fill(name="Kopi bubuk 200 g", sku="KPB2", price="17.500", cost="15.000", stock="12")
    tenant = await find_tenant_by_slug(site.database, "melati")
    assert tenant is not None
    async with coop_session(site.database, tenant) as db:
        await db.execute(text("DELETE FROM sessions"))
    await chair.click_button("Simpan")
    await chair.expect_heading("Masuk")
    await chair.sign_in("0899-0000-0000")
    await chair.expect_heading("Tambah barang")
    for name, typed in {"name": "Kopi bubuk 200 g", "sku": "KPB2", "price": "17.500", "stock": "12"}.items():
        await expect(chair.page.locator(f'main [name="{name}"]')).to_have_value(typed)
    await chair.click_button("Simpan")
    await chair.expect_heading("Kopi bubuk 200 g")


async def test_a_subdomain_is_answered_while_it_is_typed(open_browser: OpenBrowser) -> None:
    founder = await open_browser("")
    await founder.goto("/daftar")
    box, answer = founder.page.locator('[name="slug"]'), founder.page.locator("#address-say")
    await box.press_sequentially("melati")
    await expect(answer).to_contain_text("sudah dipakai")
    await box.fill("dahlia-baru")
    await expect(answer).to_contain_text("dahlia-baru")
    await expect(answer).to_contain_text("masih kosong")
    await expect(box).to_be_focused()
    await box.fill("operator")
    await expect(answer).not_to_contain_text("masih kosong")


async def test_percentages_are_summed_while_they_are_typed(open_browser: OpenBrowser) -> None:
    chair = await open_browser()
    await chair.sign_in_directly(CHAIR)
    await chair.goto("/pengurus/anggaran-dasar/ubah")
    line, first = chair.page.locator("[data-sum]"), chair.page.locator("[data-percent]").first
    await expect(line).to_have_class(re.compile("sumline--right"))
    await first.fill("27,5")
    await expect(line.locator("[data-sum-value]")).to_contain_text("102,5")
    await expect(line).not_to_have_class(re.compile("sumline--right"))
    await chair.click_button("Lihat perubahan")
    await expect(chair.page.locator(".summary")).to_contain_text("102,5")
    await first.fill("25")
    await expect(line).to_have_class(re.compile("sumline--right"))


@BOTH
async def test_the_language_is_switched_where_one_stands_and_back(
    open_browser: OpenBrowser, js: bool
) -> None:
    visitor = await open_browser(js=js)
    await visitor.goto("/masuk")
    await visitor.page.get_by_role("link", name="English").click()
    await expect(visitor.page.locator("html")).to_have_attribute("lang", "en")
    assert visitor.page.url.endswith("/masuk")
    await visitor.expect_heading("Sign in")
    await visitor.goto("/")
    await visitor.expect_text("Sign in")
    await visitor.page.get_by_role("link", name="Bahasa Indonesia").click()
    await expect(visitor.page.locator("html")).to_have_attribute("lang", "id")
    await visitor.expect_text("Masuk")


@BOTH
async def test_who_signed_out_is_gone_also_by_the_way_back(open_browser: OpenBrowser, js: bool) -> None:
    member = await open_browser(js=js)
    await member.sign_in_directly("+6281200000001")
    await member.goto("/anggota")
    await member.expect_heading("Sari Wulandari Melati")
    await member.click_button("Keluar")
    await expect(member.page).to_have_url(re.compile(r"localhost:\d+/$"))
    await member.page.go_back()
    await member.expect_heading("Masuk")
    assert "Sari Wulandari" not in await member.page.content()


async def test_a_form_takes_back_in_english_what_it_filled_in_itself(
    open_browser: OpenBrowser, site: Site
) -> None:
    chair = await open_browser()
    await chair.sign_in_directly(CHAIR)
    await chair.goto("/bahasa/en?kembali=/pengurus/barang?cari=Beras")
    await chair.click_link("Beras 5 kg")
    await chair.click_link("Change")
    await expect(chair.page.locator('[name="price"]')).to_have_value("75.000")
    await chair.click_button("Save")
    await chair.expect_heading("Beras 5 kg")
    await chair.goto("/pengurus/anggaran-dasar/ubah")
    await chair.click_button("See the changes")
    # nothing was changed, so the page says only that
    await expect(chair.page.locator(".summary li")).to_have_count(1)
