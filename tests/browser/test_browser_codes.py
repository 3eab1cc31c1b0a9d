"""Activation codes, appointments and applications on a phone, with and without JavaScript."""

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from factories.accessibility import assert_no_faults, find_faults
from factories.browser_users import BrowserUser, OpenBrowser, Site
from factories.cooperatives import PASSWORD, populate_cooperative
from onboarding.create_cooperative import NewCooperative, create_cooperative
from tenants.session import coop_session

pytestmark = pytest.mark.browser
CHAIR = "+6289900000060"
FITS = "document.documentElement.scrollWidth <= innerWidth"


async def check_page(person: BrowserUser, name: str) -> None:
    """Check the page for faults; `LUMBUNG_LOOK=folder` also saves a screenshot."""
    assert await person.page.evaluate(FITS), f"{name} is wider than the phone"
    if folder := os.environ.get("LUMBUNG_LOOK"):
        await person.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    if name.endswith("kemuning"):  # the full check needs scripts and leaves the text enlarged
        assert_no_faults(await find_faults(person))


@pytest.mark.parametrize("js", [True, False], ids=["script", "no-script"])
async def test_an_office_opens_by_the_chairs_code_and_the_code_is_seen(
    open_browser: OpenBrowser, site: Site, js: bool
) -> None:
    slug = "kemuning" if js else "kecubung"
    founding = NewCooperative(
        f"Koperasi {slug.title()}", slug, "Ketua Lestari", CHAIR, PASSWORD, "konsumen", f"codes-{slug}"
    )
    tenant = (await create_cooperative(site.database, founding)).tenant
    async with coop_session(site.database, tenant) as db:
        await populate_cooperative(db, slug)  # with the phone numbers of mawar
    chair = await open_browser(slug, js=js)
    await chair.sign_in_directly(CHAIR)
    await chair.goto("/pengurus/pengaturan/pengurus")
    await chair.fill(name="Budi Hartono", phone="0813-0000-0002")
    await chair.click_button("Tambah pengurus")
    await chair.expect_text("Akunnya hanya terbuka dengan kode ini", "jangan lewat pengurus lain")
    await check_page(chair, f"officers-{slug}")
    code = await chair.page.locator("main code").first.inner_text()

    budi = await open_browser(slug, js=js)
    await budi.goto("/aktivasi")
    await budi.fill(identity="0813-0000-0002", code=code, password="tiga kata aneh")
    await budi.click_button("Simpan dan masuk")
    await budi.expect_text("Akun ini dibuka dengan kode dari Ketua Lestari")
    await check_page(budi, f"notice-office-{slug}")
    await budi.goto("/")
    await check_page(budi, f"notice-shop-{slug}")
    await budi.goto("/anggota/kasbon/pin")
    await budi.expect_text("PIN baru bisa dibuat atau diganti mulai")
    await check_page(budi, f"pin-{slug}")
    await budi.click_button("Ya, itu saya")
    await expect(budi.page.locator("body")).not_to_contain_text("dibuka dengan kode")
    await budi.goto("/anggota/akun")
    await budi.expect_text("Kode yang pernah dipakai", "kode dari Ketua Lestari")
    await check_page(budi, f"account-{slug}")

    stranger = await open_browser(slug, js=js)
    await stranger.goto("/gabung")
    await stranger.fill(name="Ayu Lestari", phone="0813-0000-0001", address="Dusun Krajan")
    await stranger.choose("sex", "P")
    await stranger.page.get_by_label("Saya setuju").check()
    await stranger.click_button("Kirim permohonan")
    await stranger.expect_heading("Permohonan terkirim")
    await chair.goto("/pengurus/anggota?status=applied")
    await chair.expect_text("Nomor HP sudah anggota")
    await check_page(chair, f"register-{slug}")
    await chair.click_link("Ayu Lestari")
    await chair.expect_text("sudah anggota, nomor 0001")
    await check_page(chair, f"application-{slug}")
