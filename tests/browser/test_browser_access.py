"""Every kind of page for every kind of viewer: accessible (WCAG 2.2 AA by axe-core), nothing wider than the
screen, targets for thumbs.
"""

import pytest

from factories.browsing import DESK, Arrive, Person
from factories.looking import WIDER, faults_of, look_at, no_fault_in
from factories.town import CHAIR, MAWARS_CHAIR, SARI, Town

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


async def test_a_page_with_faults_would_be_noticed(arrive: Arrive, town: Town) -> None:
    visitor = await arrive("")
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
    wrong = "\n".join(await faults_of(visitor))
    for each in ("2 headings", "wider than the screen", "image-alt", "label: ", "color-contrast", "<button"):
        assert each in wrong, each


async def test_the_apex(arrive: Arrive, town: Town) -> None:
    no_fault_in(await look_at(await arrive(""), town.known, APEX))


async def test_what_a_visitor_sees(arrive: Arrive, town: Town) -> None:
    visitor = await arrive()
    await fill_the_cart(visitor)
    no_fault_in(await look_at(visitor, town.known, VISITOR_PAGES))


async def test_what_a_member_sees(arrive: Arrive, town: Town) -> None:
    member = await arrive()
    await member.enter(SARI)
    await fill_the_cart(member)
    no_fault_in(await look_at(member, town.known, MEMBER_PAGES))


async def fill_the_cart(person: Person) -> None:
    await person.goto("/barang/MYK1")
    await person.press("Masukkan ke keranjang")
    await person.page.locator("[data-cart-count]:not([hidden])").wait_for()


@pytest.mark.parametrize(
    "paths",
    [SHOP_OFFICE, REGISTER_OFFICE, BOOKS_OFFICE, MONEY_OFFICE],
    ids=["shop", "register", "books", "money"],
)
async def test_what_an_officer_sees(arrive: Arrive, town: Town, paths: list[str]) -> None:
    chair = await arrive()
    await chair.enter(CHAIR)
    no_fault_in(await look_at(chair, town.known, paths))


async def test_what_an_operator_sees(arrive: Arrive, town: Town) -> None:
    operator = await arrive("operator")
    no_fault_in(await look_at(operator, town.known, OPERATOR_PAGES[:1]))
    await operator.enter_as_operator(town.operator)
    no_fault_in(await look_at(operator, town.known, OPERATOR_PAGES[1:]))


@pytest.mark.parametrize("label", ["mawar", "cempaka"], ids=["pesisir", "sawah"])
async def test_the_other_themes(arrive: Arrive, town: Town, label: str) -> None:
    visitor = await arrive(label)
    no_fault_in(await look_at(visitor, town.known, MAIN_PAGES))
    await visitor.enter(CHAIR if label == "cempaka" else MAWARS_CHAIR)
    no_fault_in(await look_at(visitor, town.known, ["/pengurus", "/pengurus/anggota", "/pengurus/buku"]))


async def test_pages_that_say_no_are_pages_too(arrive: Arrive, town: Town) -> None:
    lost = await arrive("", expected={404})
    no_fault_in(await look_at(lost, town.known, ["/tidak-ada"]))
    nowhere = await arrive("tidak-ada-koperasi", expected={404})
    no_fault_in(await look_at(nowhere, town.known, ["/"]))
    member = await arrive(expected={403, 404})
    await member.enter(SARI)
    no_fault_in(await look_at(member, town.known, ["/pengurus", "/barang/tidak-ada"]))


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
