"""Every kind of page for every kind of viewer: accessible (WCAG 2.2 AA by axe-core), no horizontal scrolling,
touch targets large enough.
"""

import pytest

from factories.accessibility import OVERFLOW_SCRIPT, assert_no_faults, find_faults, find_faults_on
from factories.browser_users import DESKTOP, BrowserUser, OpenBrowser
from factories.sample_data import CHAIR, MAWAR_CHAIR, SARI, SampleData

pytestmark = pytest.mark.browser


APEX = ["/", "/daftar", "/gaya"]
VISITOR_PAGES = [
    "/",
    "/?kategori=sembako",
    "/?cari=zzz",
    "/barang/MYK1",
    "/keranjang",
    "/pesan",
    "/masuk",
    "/aktivasi",
    "/gabung",
    "/gabung/terkirim",
    "/anggaran-dasar",
    "/gaya",
]
MEMBER_PAGES = [
    "/",
    "/barang/BRS5",
    "/keranjang",
    "/pesan",
    "/anggota",
    "/anggota/simpanan",
    "/anggota/simpanan/wajib",
    "/anggota/simpanan/bukti/{receipt}",
    "/anggota/belanja",
    "/anggota/pesanan",
    "/pesanan/{done}",
    "/pesanan/{open}",
    "/anggota/shu",
    "/anggota/akun",
    "/anggota/dompet",
    "/anggota/kasbon",
]
SHOP_OFFICE = [
    "/pengurus",
    "/pengurus/pesanan",
    "/pengurus/pesanan/{order}",
    "/pengurus/pesanan/{order}/pembayaran",
    "/pengurus/pesanan/{order}/pembatalan",
    "/pengurus/pesanan/{done}",
    "/pengurus/barang",
    "/pengurus/barang/baru",
    "/pengurus/barang/{product}",
    "/pengurus/barang/{product}/ubah",
    "/pengurus/barang/{product}/masuk",
    "/pengurus/barang/{product}/hitung",
    "/pengurus/barang/{product}/gambar",
    "/pengurus/barang/golongan",
    "/pengurus/barang/golongan/{category}",
    "/pengurus/barang/impor",
]
REGISTER_OFFICE = [
    "/pengurus/anggota",
    "/pengurus/anggota/baru",
    "/pengurus/anggota/{member}",
    "/pengurus/anggota/{applicant}",
    "/pengurus/anggota/{member}/setor",
    "/pengurus/anggota/{member}/tarik",
    "/pengurus/anggota/{member}/belanja",
    "/pengurus/anggota/{member}/simpanan/wajib",
    "/pengurus/anggota/{member}/bukti/{receipt}",
    "/pengurus/anggota/impor",
    "/pengurus/pengaturan",
    "/pengurus/pengaturan/tampilan",
    "/pengurus/pengaturan/pengurus",
]
BOOKS_OFFICE = [
    "/pengurus/buku",
    "/pengurus/buku/akun/1101",
    "/pengurus/buku/jurnal",
    "/pengurus/buku/jurnal/1",
    "/pengurus/buku/catat",
    "/pengurus/buku/tahun/{year}/penutupan",
    "/pengurus/anggaran-dasar",
    "/pengurus/anggaran-dasar/1",
    "/pengurus/anggaran-dasar/ubah",
    "/pengurus/shu",
    "/pengurus/shu/{year}/{version}/anggota",
    "/pengurus/shu/{year}/{version}/bagian/jasa_usaha",
    "/pengurus/shu/{year}/{version}/anggota/{member}",
    "/pengurus/shu/{year}/{version}/cetak",
]
MONEY_OFFICE = [
    "/pengurus/pembayaran",
    "/pengurus/pembayaran/{payment}",
    "/pengurus/pembayaran/{payment}/penerimaan",
    "/pengurus/pembayaran/cara",
    "/pengurus/pembayaran/cara/qris",
    "/pengurus/pembayaran/cara/midtrans",
    "/pengurus/pembayaran/cara/stripe",
    "/pengurus/pembayaran/mutasi",
    "/pengurus/pembayaran/mutasi/impor",
    "/pengurus/pembayaran/rekonsiliasi",
    "/pengurus/pembayaran/kasbon",
    "/pengurus/pembayaran/potong-gaji",
    "/pengurus/langganan",
    "/pengurus/langganan/pakai",
]
OPERATOR_PAGES = ["/masuk", "/", "/koperasi/melati", "/jejak", "/langganan"]
MAIN_PAGES = ["/", "/barang/BRS5", "/masuk", "/gabung", "/gaya"]


async def test_a_page_with_faults_would_be_noticed(
    open_browser: OpenBrowser, sample_data: SampleData
) -> None:
    visitor = await open_browser("")
    await visitor.goto("/")
    await visitor.page.evaluate(
        """const main = document.querySelector("main");
        main.insertAdjacentHTML("beforeend",
        '<h1>Lagi</h1><input name="x"><img src="/aset/-/x.svg"><section>Pucat</section><button>x</button>');
        Object.assign(main.querySelector("main > section").style,
        {color: "#999", background: "#aaa", width: "500px"});
        Object.assign(main.querySelector("main > button").style,
        {padding: 0, border: 0, font: "10px/10px serif"});"""
    )
    visitor.expected.add(404)
    wrong = "\n".join(await find_faults(visitor))
    for each in ("2 headings", "wider than the screen", "image-alt", "label: ", "color-contrast", "<button"):
        assert each in wrong, each


async def test_the_apex(open_browser: OpenBrowser, sample_data: SampleData) -> None:
    assert_no_faults(await find_faults_on(await open_browser(""), sample_data.path_values, APEX))


async def test_what_a_visitor_sees(open_browser: OpenBrowser, sample_data: SampleData) -> None:
    visitor = await open_browser()
    await fill_the_cart(visitor)
    assert_no_faults(await find_faults_on(visitor, sample_data.path_values, VISITOR_PAGES))


async def test_what_a_member_sees(open_browser: OpenBrowser, sample_data: SampleData) -> None:
    member = await open_browser()
    await member.sign_in_directly(SARI)
    await fill_the_cart(member)
    assert_no_faults(await find_faults_on(member, sample_data.path_values, MEMBER_PAGES))


async def fill_the_cart(person: BrowserUser) -> None:
    await person.goto("/barang/MYK1")
    await person.click_button("Masukkan ke keranjang")
    await person.page.locator("[data-cart-count]:not([hidden])").wait_for()


@pytest.mark.parametrize(
    "paths",
    [SHOP_OFFICE, REGISTER_OFFICE, BOOKS_OFFICE, MONEY_OFFICE],
    ids=["shop", "register", "books", "money"],
)
async def test_what_an_officer_sees(
    open_browser: OpenBrowser, sample_data: SampleData, paths: list[str]
) -> None:
    chair = await open_browser()
    await chair.sign_in_directly(CHAIR)
    assert_no_faults(await find_faults_on(chair, sample_data.path_values, paths))


async def test_what_an_operator_sees(open_browser: OpenBrowser, sample_data: SampleData) -> None:
    operator = await open_browser("operator")
    assert_no_faults(await find_faults_on(operator, sample_data.path_values, OPERATOR_PAGES[:1]))
    await operator.sign_in_as_operator(sample_data.operator)
    assert_no_faults(await find_faults_on(operator, sample_data.path_values, OPERATOR_PAGES[1:]))


@pytest.mark.parametrize("label", ["mawar", "cempaka"], ids=["pesisir", "sawah"])
async def test_the_other_themes(open_browser: OpenBrowser, sample_data: SampleData, label: str) -> None:
    visitor = await open_browser(label)
    assert_no_faults(await find_faults_on(visitor, sample_data.path_values, MAIN_PAGES))
    await visitor.sign_in_directly(CHAIR if label == "cempaka" else MAWAR_CHAIR)
    assert_no_faults(
        await find_faults_on(
            visitor, sample_data.path_values, ["/pengurus", "/pengurus/anggota", "/pengurus/buku"]
        )
    )


async def test_pages_that_say_no_are_pages_too(open_browser: OpenBrowser, sample_data: SampleData) -> None:
    lost = await open_browser("", expected={404})
    assert_no_faults(await find_faults_on(lost, sample_data.path_values, ["/tidak-ada"]))
    nowhere = await open_browser("tidak-ada-koperasi", expected={404})
    assert_no_faults(await find_faults_on(nowhere, sample_data.path_values, ["/"]))
    member = await open_browser(expected={403, 404})
    await member.sign_in_directly(SARI)
    assert_no_faults(
        await find_faults_on(member, sample_data.path_values, ["/pengurus", "/barang/tidak-ada"])
    )


async def test_nothing_is_wider_than_a_wide_screen_or_one_at_200_percent(
    open_browser: OpenBrowser, sample_data: SampleData
) -> None:
    chair = await open_browser(size=DESKTOP)
    await chair.sign_in_directly(CHAIR)
    for width in (DESKTOP[0], DESKTOP[0] // 2):
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
            await chair.goto(pattern.format_map(sample_data.path_values))
            assert await chair.page.evaluate(OVERFLOW_SCRIPT) == [], (width, pattern)
