"""Every kind of page for every kind of viewer: accessible (WCAG 2.2 AA by axe-core), nothing wider than the screen, targets for thumbs."""

from pathlib import Path

import pytest

from factories.browsing import DESK, Arrive, Person
from factories.town import CHAIR, MAWARS_CHAIR, SARI, Town

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ASK_AXE = """async rules => (await axe.run(document, {runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]}))
  .violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.target} ${n.any.concat(n.all).map(c => c.message)[0] || v.help}`))"""

# A link inside a sentence may be as high as its line; everything else that is pressed is 24 px at least, what the page is for 48.
SMALL_TARGETS = """() => [...document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")].flatMap(e => {
  if (e.closest("p, li > span, td > span, .vh, dt, small, label, [aria-hidden=true]") && !e.matches(".btn")) return [];
  if (!e.checkVisibility({visibilityProperty: true}) || e.matches(".vh, .skip, .term__ask")) return [];
  const box = e.getBoundingClientRect(), main = e.matches(".btn--primary, .btn--danger, .places a, .places summary, .stepper button, .control input, .control select");
  const least = main ? 47.5 : 23.5;
  return box.height < least || box.width < Math.min(least, 24) ? [`${e.outerHTML.slice(0, 120)} is ${box.width} x ${box.height}`] : [];
})"""

WIDER = """() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide <= 0) return [];
  const out = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".chips, .tabs, .journal"));
  return [`${wide} px wider than the screen: ` + out.slice(-1).map(e => e.outerHTML.slice(0, 160))];
}"""

CLIPPED = """() => [...document.querySelectorAll(".btn, h1, h2, .status, dd, .price")].filter(e =>
  e.checkVisibility() && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX != "visible"
).map(e => `clipped: ${e.outerHTML.slice(0, 120)}`)"""


APEX = ["/", "/daftar", "/gaya"]
VISITOR_PAGES = [
    "/", "/?kategori=sembako", "/?cari=zzz", "/barang/MYK1", "/keranjang", "/pesan", "/masuk", "/aktivasi", "/gabung",
    "/gabung/terkirim", "/anggaran-dasar", "/gaya",
]  # fmt: skip
MEMBER_PAGES = [
    "/", "/barang/BRS5", "/keranjang", "/pesan", "/anggota", "/anggota/simpanan", "/anggota/simpanan/wajib",
    "/anggota/simpanan/bukti/{receipt}", "/anggota/belanja", "/anggota/pesanan", "/pesanan/{done}", "/pesanan/{open}",
    "/anggota/shu", "/anggota/akun",
]  # fmt: skip
SHOP_OFFICE = [
    "/pengurus", "/pengurus/pesanan", "/pengurus/pesanan/{order}", "/pengurus/pesanan/{order}/pembayaran",
    "/pengurus/pesanan/{order}/pembatalan", "/pengurus/pesanan/{done}", "/pengurus/barang", "/pengurus/barang/baru",
    "/pengurus/barang/{product}", "/pengurus/barang/{product}/ubah", "/pengurus/barang/{product}/masuk",
    "/pengurus/barang/{product}/hitung", "/pengurus/barang/{product}/gambar", "/pengurus/barang/golongan",
    "/pengurus/barang/golongan/{category}", "/pengurus/barang/impor",
]  # fmt: skip
REGISTER_OFFICE = [
    "/pengurus/anggota", "/pengurus/anggota/baru", "/pengurus/anggota/{member}", "/pengurus/anggota/{applicant}",
    "/pengurus/anggota/{member}/setor", "/pengurus/anggota/{member}/tarik", "/pengurus/anggota/{member}/belanja",
    "/pengurus/anggota/{member}/simpanan/wajib", "/pengurus/anggota/{member}/bukti/{receipt}", "/pengurus/anggota/impor",
    "/pengurus/pengaturan", "/pengurus/pengaturan/tampilan", "/pengurus/pengaturan/pengurus",
]  # fmt: skip
BOOKS_OFFICE = [
    "/pengurus/buku", "/pengurus/buku/akun/1101", "/pengurus/buku/jurnal", "/pengurus/buku/jurnal/1", "/pengurus/buku/catat",
    "/pengurus/buku/tahun/{year}/penutupan", "/pengurus/anggaran-dasar", "/pengurus/anggaran-dasar/1",
    "/pengurus/anggaran-dasar/ubah", "/pengurus/shu", "/pengurus/shu/{year}/{version}/anggota",
    "/pengurus/shu/{year}/{version}/bagian/jasa_usaha", "/pengurus/shu/{year}/{version}/anggota/{member}",
    "/pengurus/shu/{year}/{version}/cetak",
]  # fmt: skip
OPERATOR_PAGES = ["/masuk", "/", "/koperasi/melati", "/jejak"]
MAIN_PAGES = ["/", "/barang/BRS5", "/masuk", "/gabung", "/gaya"]


async def look_at(person: Person, town: Town, paths: list[str]) -> list[str]:
    """Whatever is wrong with any of these pages."""
    wrong = []
    for pattern in paths:
        path = pattern.format_map(town.known)
        await person.goto(path)
        wrong += [f"{path}: {each}" for each in await _look(person)]
    return wrong


def no_fault_in(wrong: list[str]) -> None:
    """Assert that nothing was found, and say all that was."""
    assert not wrong, "\n".join(wrong)


async def _look(person: Person) -> list[str]:
    page = person.page
    wrong: list[str] = []
    # the style guide shows headings as specimens
    if await page.locator("h1").count() != 1 and not page.url.endswith("/gaya"):
        wrong.append(f"{await page.locator('h1').count()} headings of the first level")
    if await page.locator("html").get_attribute("lang") != "id" or not (await page.title()).strip(" ·"):
        wrong.append("no language or no title")
    wrong += [*(await page.evaluate(WIDER)), *(await page.evaluate(SMALL_TARGETS)), *(await page.evaluate(CLIPPED))]
    await page.evaluate(AXE)
    wrong += await page.evaluate(ASK_AXE, RULES)
    await page.evaluate("document.documentElement.style.fontSize = '200%'")  # letters twice as large on the same phone
    wrong += [f"with large letters: {each}" for each in (*await page.evaluate(WIDER), *await page.evaluate(CLIPPED))]
    return wrong


async def test_a_page_with_faults_would_be_noticed(arrive: Arrive, town: Town) -> None:
    visitor = await arrive("")
    await visitor.goto("/")
    await visitor.page.evaluate(
        """const main = document.querySelector("main");
        main.insertAdjacentHTML("beforeend", '<h1>Lagi</h1><input name="x"><img src="/aset/-/x.svg"><section>Pucat</section><button>x</button>');
        Object.assign(main.querySelector("main > section").style, {color: "#999", background: "#aaa", width: "500px"});
        Object.assign(main.querySelector("main > button").style, {padding: 0, border: 0, font: "10px/10px serif"});"""
    )
    visitor.expected.add(404)
    wrong = "\n".join(await _look(visitor))
    for each in ("2 headings", "wider than the screen", "image-alt", "label: ", "color-contrast", "<button"):
        assert each in wrong, each


async def test_the_apex(arrive: Arrive, town: Town) -> None:
    no_fault_in(await look_at(await arrive(""), town, APEX))


async def test_what_a_visitor_sees(arrive: Arrive, town: Town) -> None:
    visitor = await arrive()
    await fill_the_cart(visitor)
    no_fault_in(await look_at(visitor, town, VISITOR_PAGES))


async def test_what_a_member_sees(arrive: Arrive, town: Town) -> None:
    member = await arrive()
    await member.enter(SARI)
    await fill_the_cart(member)
    no_fault_in(await look_at(member, town, MEMBER_PAGES))


async def fill_the_cart(person: Person) -> None:
    await person.goto("/barang/MYK1")
    await person.press("Masukkan ke keranjang")
    await person.page.locator("[data-cart-count]:not([hidden])").wait_for()


@pytest.mark.parametrize("paths", [SHOP_OFFICE, REGISTER_OFFICE, BOOKS_OFFICE], ids=["shop", "register", "books"])
async def test_what_an_officer_sees(arrive: Arrive, town: Town, paths: list[str]) -> None:
    chair = await arrive()
    await chair.enter(CHAIR)
    no_fault_in(await look_at(chair, town, paths))


async def test_what_an_operator_sees(arrive: Arrive, town: Town) -> None:
    operator = await arrive("operator")
    no_fault_in(await look_at(operator, town, OPERATOR_PAGES[:1]))
    await operator.enter_as_operator(town.operator)
    no_fault_in(await look_at(operator, town, OPERATOR_PAGES[1:]))


@pytest.mark.parametrize("label", ["mawar", "cempaka"], ids=["pesisir", "sawah"])
async def test_the_other_themes(arrive: Arrive, town: Town, label: str) -> None:
    visitor = await arrive(label)
    no_fault_in(await look_at(visitor, town, MAIN_PAGES))
    await visitor.enter(CHAIR if label == "cempaka" else MAWARS_CHAIR)
    no_fault_in(await look_at(visitor, town, ["/pengurus", "/pengurus/anggota", "/pengurus/buku"]))


async def test_pages_that_say_no_are_pages_too(arrive: Arrive, town: Town) -> None:
    lost = await arrive("", expected={404})
    no_fault_in(await look_at(lost, town, ["/tidak-ada"]))
    nowhere = await arrive("tidak-ada-koperasi", expected={404})
    no_fault_in(await look_at(nowhere, town, ["/"]))
    member = await arrive(expected={403, 404})
    await member.enter(SARI)
    no_fault_in(await look_at(member, town, ["/pengurus", "/barang/tidak-ada"]))


async def test_nothing_is_wider_than_a_wide_screen_or_one_at_200_percent(arrive: Arrive, town: Town) -> None:
    chair = await arrive(size=DESK)
    await chair.enter(CHAIR)
    for width in (DESK[0], DESK[0] // 2):
        await chair.page.set_viewport_size({"width": width, "height": 700})
        for pattern in (
            "/",
            "/pengurus",
            "/pengurus/buku",
            "/pengurus/barang",
            "/pengurus/anggota",
            "/pengurus/anggaran-dasar/ubah",
            "/gaya",
        ):
            await chair.goto(pattern.format_map(town.known))
            assert await chair.page.evaluate(WIDER) == [], (width, pattern)
