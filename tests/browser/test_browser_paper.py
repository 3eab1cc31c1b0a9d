"""The weight of a page on a slow connection, and its print style."""

import pytest
from playwright.async_api import Response

from factories.browser_users import OpenBrowser, Site
from factories.sample_data import CHAIR, SARI, SampleData
from factories.shop import create_product
from tenants.registry import find_tenant_by_slug
from tenants.session import coop_session

pytestmark = pytest.mark.browser

FIRST_VIEW = 60 * 1024
PAGE_SIZE = 24


async def test_the_first_view_of_the_shop_weighs_at_most_60_kilobytes(
    open_browser: OpenBrowser, site: Site, sample_data: SampleData
) -> None:
    cempaka = await find_tenant_by_slug(site.database, "cempaka")
    assert cempaka is not None
    async with coop_session(site.database, cempaka) as db:
        for number in range(PAGE_SIZE):
            await create_product(db, name=f"Keripik singkong balado nomor {number}")
    before = await open_browser("cempaka")
    await before.goto("/")  # the page is made for the first visitor and cached, compressed, for later ones
    visitor = await open_browser("cempaka")
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    visitor.page.on("response", note)
    await visitor.goto("/")
    await visitor.page.wait_for_load_state("networkidle")
    assert await visitor.page.locator(".good-row, .product").count() == PAGE_SIZE
    weights = {}
    for answer in answers:
        sizes = await answer.request.sizes()
        weights[answer.url] = sizes["responseBodySize"] + sizes["responseHeadersSize"]
    kinds = {url.rpartition("/")[2].rpartition(".")[2] for url in weights}
    assert {"css", "js", "svg"} <= kinds
    assert sum(weights.values()) <= FIRST_VIEW, weights
    for answer in answers:
        if answer.url.endswith((".css", ".js", "icons.svg", "pictures.svg")):
            assert (await answer.all_headers()).get("content-encoding") == "gzip", answer.url


PAPERS = [
    (SARI, "/pesanan/{done}", ".receipt"),
    (SARI, "/anggota/simpanan/wajib", ".table"),
    (SARI, "/anggota/simpanan/bukti/{receipt}", ".receipt"),
    (SARI, "/anggota/shu", ".slip"),
    (CHAIR, "/pengurus/shu/{year}/{version}/cetak", ".table"),
    (CHAIR, "/pengurus/anggaran-dasar", ".ledger"),
]


async def test_on_paper_there_is_the_matter_alone(open_browser: OpenBrowser, sample_data: SampleData) -> None:
    people = {SARI: await open_browser(), CHAIR: await open_browser()}
    for phone, person in people.items():
        await person.sign_in_directly(phone)
        await person.page.emulate_media(media="print")
    for phone, path, matter in PAPERS:
        page = people[phone].page
        await people[phone].goto(path.format_map(sample_data.path_values))
        assert await page.locator(matter).first.is_visible(), path
        for each in await page.locator("nav, .masthead details, .toast, button").all():
            assert not await each.is_visible(), (path, await each.evaluate("e => e.outerHTML.slice(0, 200)"))
