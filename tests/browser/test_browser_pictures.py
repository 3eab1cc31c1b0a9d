"""The picture of the README: real pages side by side.

`LUMBUNG_PICTURES=1` retakes it from the demo's cooperatives.
"""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import asyncpg
import pytest
from PIL import Image, ImageDraw
from playwright.async_api import Browser

from demo.cooperatives import COOPERATIVES
from demo.seed import seed_demo
from factories.browser_users import DESKTOP, PHONE, BrowserUser, Site, open_browser_user
from factories.processes import free_port, web_process
from factories.sample_data import CHAIR, MAWAR_CHAIR, SARI
from kernel import clock
from kernel.phone import parse_mobile
from kernel.process_services import build_services
from kernel.settings import Settings
from tenants.migrator import migrate

pytestmark = pytest.mark.browser

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "pages.webp"
TAKES_ANEW = os.environ.get("LUMBUNG_PICTURES") == "1"
HEAVIEST = 200 * 1024

GAP, CORNER = 24, 14
PAPER, EDGE = "#f2ebda", "#cfc3a4"
SMALL = (300, 650)  # size of a phone page on the sheet
LARGE = (5 * SMALL[0] + 4 * GAP - 2 * (SMALL[0] + GAP), SMALL[1])  # size of a wide page beside two of them
SHEET = (5 * SMALL[0] + 6 * GAP, 2 * SMALL[1] + 3 * GAP)


@dataclass
class Scene:
    """Addresses of the pages and their users; ``year`` has a draft of its surplus."""

    site: Site
    melatis_chair: str
    member: str
    mawars_chair: str
    year: int


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Scene:
    """The demo when the picture is retaken, otherwise the data of the other browser tests."""
    if TAKES_ANEW:
        scene: Scene = request.getfixturevalue("demo_scene")
        return scene
    request.getfixturevalue("sample_data")
    return Scene(request.getfixturevalue("site"), CHAIR, SARI, MAWAR_CHAIR, clock.today().year)


@pytest.fixture
async def demo_scene(server_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    port = free_port()
    settings = Settings(base_domain=f"localhost:{port}", data_dir=tmp_path)
    database = build_services(f"{server_url}/{await _new_database(server_url)}", settings).main_database
    await migrate(database)
    await seed_demo(database)
    melati, mawar = COOPERATIVES
    member = parse_mobile(melati.member_phone_display)
    with web_process(
        database, port, settings.base_domain, tmp_path / "web.log", {"LUMBUNG_DATA_DIR": str(tmp_path)}
    ):
        yield Scene(
            Site(settings.base_domain, database),
            melati.chair_phone,
            member,
            mawar.chair_phone,
            melati.sales_year(),
        )
    await database.services.close()


async def _new_database(server_url: str) -> str:
    connection = await asyncpg.connect(f"{server_url}/postgres")
    await connection.execute("CREATE DATABASE pictures")
    await connection.close()
    return "pictures"


async def test_the_sheet_of_pages_can_be_taken(chromium: Browser, scene: Scene) -> None:
    sheet = await compose_sheet(chromium, scene)
    packed = BytesIO()
    sheet.save(packed, "WEBP", quality=76, method=6)
    assert len(packed.getvalue()) < HEAVIEST
    assert sheet.size == SHEET
    assert len(sheet.getcolors(1 << 24) or ()) > 500  # the pages are not blank
    if TAKES_ANEW:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_bytes(packed.getvalue())


def test_the_picture_of_the_readme_is_there_and_light() -> None:
    assert PICTURE.stat().st_size < HEAVIEST
    with Image.open(PICTURE) as picture:
        assert picture.format == "WEBP"
        assert picture.size == SHEET
    assert "docs/pictures/pages.webp" in (PICTURE.parents[2] / "README.md").read_text("utf-8")


async def compose_sheet(browser: Browser, scene: Scene) -> Image.Image:
    """Photograph the pages and lay them out: a wide one and two phones above, five phones below."""
    chair = await _somebody(browser, scene, "melati", scene.melatis_chair, size=DESKTOP)
    await chair.goto(f"/pengurus/shu?tahun={scene.year}")
    if await chair.button("Hitung rancangan").count():
        await chair.click_button("Hitung rancangan")
        await chair.expect_text("Rancangan 1")
    wide = await _photograph(chair, f"/pengurus/shu?tahun={scene.year}", LARGE)
    await chair.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    today = await _photograph(chair, "/pengurus", SMALL)
    visitor = await _somebody(browser, scene, "melati")
    shop = await _photograph(visitor, "/", SMALL)
    member = await _somebody(browser, scene, "melati", scene.member)
    savings = await _photograph(member, "/anggota", SMALL)
    share = await _photograph(member, f"/anggota/shu/{scene.year}", SMALL)
    other = await _somebody(browser, scene, "mawar")
    other_shop = await _photograph(other, "/", SMALL)
    other_chair = await _somebody(browser, scene, "mawar", scene.mawars_chair)
    rules = await _photograph(other_chair, "/pengurus/anggaran-dasar", SMALL)
    founder = await _somebody(browser, scene, "")
    welcome = await _photograph(founder, "/", SMALL)
    for person in (chair, visitor, member, other, other_chair, founder):
        await person.context.close()
        assert person.faults == []
    return _lay_out([[wide, shop, savings], [share, today, rules, other_shop, welcome]])


async def _somebody(
    browser: Browser, scene: Scene, label: str, phone: str | None = None, size: tuple[int, int] = PHONE
) -> BrowserUser:
    person = await open_browser_user(browser, scene.site, label, size=size)
    if phone is not None:
        await person.sign_in_directly(phone)
    return person


async def _photograph(person: BrowserUser, path: str, size: tuple[int, int]) -> Image.Image:
    await person.goto(path)
    await person.page.wait_for_load_state("networkidle")
    shot = Image.open(BytesIO(await person.page.screenshot())).convert("RGB")
    scaled = shot.resize((size[0], round(shot.height * size[0] / shot.width)), Image.Resampling.LANCZOS)
    page = Image.new("RGB", size, PAPER)
    page.paste(scaled, (0, 0))
    return page


def _lay_out(rows: list[list[Image.Image]]) -> Image.Image:
    sheet = Image.new("RGB", SHEET, PAPER)
    drawn = ImageDraw.Draw(sheet)
    top = GAP
    for row in rows:
        left = GAP
        for page in row:
            frame = (left, top, left + page.width - 1, top + page.height - 1)
            mask = Image.new("L", page.size, 0)
            ImageDraw.Draw(mask).rounded_rectangle((0, 0, page.width - 1, page.height - 1), CORNER, fill=255)
            sheet.paste(page, (left, top), mask)
            drawn.rounded_rectangle(frame, CORNER, outline=EDGE, width=2)
            left += page.width + GAP
        top += SMALL[1] + GAP
    return sheet
