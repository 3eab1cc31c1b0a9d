"""A code, an office and an application in front of a phone, without a script and with one."""

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from factories.browsing import Arrive, Person, Site
from factories.cooperatives import PASSWORD, furnish
from factories.looking import faults_of, no_fault_in
from onboarding.founding import Founding, found
from tenants.session import coop_session

pytestmark = pytest.mark.browser
CHAIR = "+6289900000060"
FITS = "document.documentElement.scrollWidth <= innerWidth"


async def look(person: Person, name: str) -> None:
    """Look for faults of the page; a picture for whoever wants to see it: `LUMBUNG_LOOK=folder`."""
    assert await person.page.evaluate(FITS), f"{name} is wider than the phone"
    if folder := os.environ.get("LUMBUNG_LOOK"):
        await person.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    if name.endswith("kemuning"):  # it takes scripts to look closer, and leaves the letters large
        no_fault_in(await faults_of(person))


@pytest.mark.parametrize("js", [True, False], ids=["script", "no-script"])
async def test_an_office_opens_by_the_chairs_code_and_the_code_is_seen(
    arrive: Arrive, site: Site, js: bool
) -> None:
    slug = "kemuning" if js else "kecubung"
    founding = Founding(
        f"Koperasi {slug.title()}", slug, "Ketua Lestari", CHAIR, PASSWORD, "konsumen", f"codes-{slug}"
    )
    tenant = (await found(site.database, founding)).tenant
    async with coop_session(site.database, tenant) as db:
        await furnish(db, slug)  # with the phones of mawar
    chair = await arrive(slug, js=js)
    await chair.enter(CHAIR)
    await chair.goto("/pengurus/pengaturan/pengurus")
    await chair.fill(name="Budi Hartono", phone="0813-0000-0002")
    await chair.press("Tambah pengurus")
    await chair.says("Akunnya hanya terbuka dengan kode ini", "jangan lewat pengurus lain")
    await look(chair, f"officers-{slug}")
    code = await chair.page.locator("main code").first.inner_text()

    budi = await arrive(slug, js=js)
    await budi.goto("/aktivasi")
    await budi.fill(identity="0813-0000-0002", code=code, password="tiga kata aneh")
    await budi.press("Simpan dan masuk")
    await budi.says("Akun ini dibuka dengan kode dari Ketua Lestari")
    await look(budi, f"notice-office-{slug}")
    await budi.goto("/")
    await look(budi, f"notice-shop-{slug}")
    await budi.goto("/anggota/kasbon/pin")
    await budi.says("PIN baru bisa dibuat atau diganti mulai")
    await look(budi, f"pin-{slug}")
    await budi.press("Ya, itu saya")
    await expect(budi.page.locator("body")).not_to_contain_text("dibuka dengan kode")
    await budi.goto("/anggota/akun")
    await budi.says("Kode yang pernah dipakai", "kode dari Ketua Lestari")
    await look(budi, f"account-{slug}")

    stranger = await arrive(slug, js=js)
    await stranger.goto("/gabung")
    await stranger.fill(name="Ayu Lestari", phone="0813-0000-0001", address="Dusun Krajan")
    await stranger.choose("sex", "P")
    await stranger.page.get_by_label("Saya setuju").check()
    await stranger.press("Kirim permohonan")
    await stranger.at("Permohonan terkirim")
    await chair.goto("/pengurus/anggota?status=applied")
    await chair.says("Nomor HP sudah anggota")
    await look(chair, f"register-{slug}")
    await chair.follow("Ayu Lestari")
    await chair.says("sudah anggota, nomor 0001")
    await look(chair, f"application-{slug}")
