"""The shop's pages for visitors, members and officers, and for those without the right."""

import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from PIL import Image

from cooperative.models import Profile
from factories import shop
from factories.shop import CASHIER, TODAY
from kernel.database import Database
from kernel.ids import new_id
from kernel.money import Rupiah
from shop import checkout_pages, fulfilment
from shop.manage_products import ProductData, add_product
from shop.place_order import Buyer
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

Visitor = Callable[[str], httpx.AsyncClient]
HTMX = {"hx-request": "true"}


async def product_id(database: Database, tenant: TenantRef, sku: str = "MYK1") -> UUID:
    async with coop_reader(database, tenant) as ro:
        return await ro.value("SELECT id FROM products WHERE sku = $1", sku)


async def value(database: Database, tenant: TenantRef, sql: str, *args: object) -> object:
    async with coop_reader(database, tenant) as ro:
        return await ro.value(sql, *args)


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found is not None
    return found[1]


async def checkout(client: httpx.AsyncClient, **changes: object) -> dict[str, object]:
    """Return what the checkout page would send."""
    text = (await client.get("/pesan")).text
    sent = {
        "key": hidden(text, "key"),
        "shown": hidden(text, "shown"),
        "fulfilment": "pickup",
        "payment_method": "cash",
    }
    return sent | {"name": "Tono Suprapto", "phone": "081299990001"} | changes


async def fill(client: httpx.AsyncClient, product: UUID, quantity: int = 1, csrf: str = "") -> None:
    answer = await client.post(
        "/keranjang", data={"product": str(product), "quantity": quantity, "csrf": csrf}
    )
    assert answer.status_code == 303


async def test_the_window_shows_goods_with_both_prices(visitor: Visitor, member_client: Any) -> None:
    text = (await visitor("melati").get("/")).text
    assert "Beras 5 kg" in text
    assert "Rp75.000" in text
    assert "Anggota Rp73.500" in text
    text = (await member_client.get("/")).text
    assert "Rp73.500" in text
    assert "<s>Rp75.000</s>" in text


async def test_prices_of_members_never_reach_a_page_kept_for_visitors(
    visitor: Visitor, member_client: Any
) -> None:
    await member_client.get("/")
    for _ in range(2):
        assert "<s>Rp75.000</s>" not in (await visitor("melati").get("/")).text


async def test_a_sale_is_seen_by_the_next_visitor(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    assert "Sisa 2" not in (await visitor("melati").get("/")).text
    beras = await product_id(database, melati, "BRS5")
    buyer = visitor("melati")
    await fill(buyer, beras, 8)
    assert (await buyer.post("/pesan", data=await checkout(buyer))).status_code == 303
    assert "Sisa 2" in (await visitor("melati").get("/")).text


async def test_search_and_categories(visitor: Visitor) -> None:
    client = visitor("melati")
    found = {"cari=bera", "cari=BRS5", "cari=ras", "kategori=sembako"}
    for query in found | {"cari=kopi", "cari=%25", "cari=_", "cari='%3B--", "cari=%26%7C!:*"}:
        answer = await client.get(f"/?{query}")
        assert answer.status_code == 200, query
        assert ("Beras 5 kg" in answer.text) is (query in found), query


async def test_shelves_that_are_not_there(visitor: Visitor) -> None:
    client = visitor("melati")
    for query in ("kategori=tidak-ada", "halaman=99", "kategori=%00", "kategori=sembako&halaman=7"):
        assert (await client.get(f"/?{query}")).status_code == 404, query


async def test_what_is_no_page_number_is_the_first(visitor: Visitor) -> None:
    client = visitor("melati")
    for query in ("halaman=x", "halaman=-1", "halaman=0", "halaman=99999999999999999999"):
        assert (await client.get(f"/?{query}")).status_code == 200, query


async def test_htmx_gets_the_shelf_alone_and_going_back_gets_the_page(visitor: Visitor) -> None:
    part = (await visitor("melati").get("/?kategori=sembako", headers=HTMX)).text
    assert "<html" not in part
    assert "Beras 5 kg" in part
    whole = await visitor("melati").get(
        "/?kategori=sembako", headers=HTMX | {"hx-history-restore-request": "true"}
    )
    assert "<html" in whole.text


async def test_twenty_four_goods_a_page_those_in_stock_first(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await shop.create_product(db, name="Aaa habis", stock=0)
        for at in range(30):
            await shop.create_product(db, name=f"Barang {at:02d}")
    first, second = (await visitor("melati").get("/")).text, (await visitor("melati").get("/?halaman=2")).text
    assert first.count('class="product__open"') == 24
    assert second.count('class="product__open"') == 9
    assert "Aaa habis" in second
    assert "Stok habis" in second


async def test_a_product_page_and_its_stock(visitor: Visitor, database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        few = await shop.create_product(db, stock=3)
        none = await shop.create_product(db, stock=0)
        gone = await shop.create_product(db)
        gone.archived = True
    client = visitor("melati")
    assert "tersisa 3" in (await client.get(f"/barang/{few.sku}")).text
    sold_out = (await client.get(f"/barang/{none.sku}")).text
    assert "Stok habis" in sold_out
    assert 'action="/keranjang"' not in sold_out
    for sku in (gone.sku, "tidak-ada", "x" * 300, "%00", "a%2Fb"):
        assert (await client.get(f"/barang/{sku}")).status_code == 404


async def test_html_in_names_is_text(
    visitor: Visitor, database: Database, melati: TenantRef, officer_client: Any
) -> None:
    evil = "<script>alert(1)</script>"
    async with coop_session(database, melati) as db:
        params = ProductData(sku="EVIL", name=evil, unit="<b>", price=Rupiah(1), description=evil)
        product = await add_product(db, CASHIER, params, cost=Rupiah(1), opening_stock=9, on=TODAY)
        order = await shop.create_order(db, {product.id: 1}, Buyer(evil, "+6281200000077"))
        await fulfilment.cancel_order(db, CASHIER, order.number, evil, on=TODAY)
    client = visitor("melati")
    await fill(client, product.id)
    pages = [
        await client.get(path)
        for path in ("/", "/barang/EVIL", "/keranjang", "/pesan", "/?cari=<script>alert(1)</script>")
    ]
    pages += [
        await officer_client.get(path)
        for path in (
            "/pengurus/barang",
            f"/pengurus/barang/{product.id}",
            f"/pengurus/pesanan/{order.number}",
            "/pengurus/pesanan?keadaan=batal",
        )
    ]
    for answer in pages:
        assert answer.status_code == 200
        assert evil not in answer.text


async def test_put_into_the_cart_with_and_without_javascript(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    product, client = await product_id(database, melati), visitor("melati")
    await fill(client, product, 2)
    answer = await client.post("/keranjang", data={"product": str(product), "quantity": 1}, headers=HTMX)
    assert answer.status_code == 204
    assert '"count": 3' in answer.headers["hx-trigger"]
    assert "Rp54.000" in (await client.get("/keranjang")).text
    answer = await client.post(f"/keranjang/{product}", data={"quantity": "3", "step": "-1"}, headers=HTMX)
    assert "Rp36.000" in answer.text
    assert "<html" not in answer.text
    await client.post(f"/keranjang/{product}/keluar")
    assert "masih kosong" in (await client.get("/keranjang")).text


async def test_quantities_that_cannot_be(visitor: Visitor, database: Database, melati: TenantRef) -> None:
    product = await product_id(database, melati)
    for quantity in ("-1", "99999999999999999999", "1.5", "abc", "1e3", "10000"):
        client = visitor("melati")
        await client.post("/keranjang", data={"product": str(product), "quantity": quantity})
        assert "masih kosong" in (await client.get("/keranjang")).text, quantity
        await fill(client, product)
        assert (await client.post(f"/keranjang/{product}", data={"quantity": quantity})).status_code == 200
        assert "Rp18.000" in (await client.get("/keranjang")).text, quantity
    client = visitor("melati")
    await client.post("/keranjang", data={"product": str(product), "quantity": "21"})
    assert "masih kosong" in (await client.get("/keranjang")).text
    await fill(client, product)
    await client.post(f"/keranjang/{product}", data={"quantity": "21"})
    assert "tinggal 20" in (await client.get("/keranjang")).text
    assert (await client.get("/pesan")).headers["location"] == "/keranjang"
    await client.post(f"/keranjang/{product}", data={"quantity": "0"})
    assert "masih kosong" in (await client.get("/keranjang")).text


async def test_goods_of_a_neighbour_are_nobodys(
    visitor: Visitor, database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    foreign, client = await product_id(database, mawar), visitor("melati")
    assert (await client.post("/keranjang", data={"product": str(foreign)})).status_code == 404
    other = visitor("mawar")
    await fill(other, foreign)
    client.cookies.set("keranjang", other.cookies["keranjang"], domain="melati.localhost")
    text = (await client.get("/keranjang")).text
    assert "sudah tidak dijual" in text
    assert (await client.get("/pesan")).status_code == 303


async def test_a_visitor_orders_and_only_their_key_opens_the_order(
    visitor: Visitor, database: Database, melati: TenantRef, member_client: Any, officer_client: Any
) -> None:
    client = visitor("melati")
    await fill(client, await product_id(database, melati), 2)
    answer = await client.post("/pesan", data=await checkout(client, payment_method="bank_transfer"))
    assert answer.status_code == 303
    assert re.fullmatch(
        r"/bayar/L[0-9A-Z]{11}", answer.headers["location"]
    )  # where it is paid, and from there to the order
    found = re.search(
        r'href="(/pesanan/\d+\?kunci=[0-9a-f]{32})"', (await client.get(answer.headers["location"])).text
    )
    assert found is not None
    address = found[1]
    text = (await client.get(address)).text
    assert "Rp36.000" in text
    assert "Menunggu pembayaran" in text
    assert f'href="/bahasa/en?kembali={quote(address)}"' in text  # another language is the same order
    assert (await client.get(f"/bahasa/en?kembali={quote(address)}")).headers["location"] == address
    client.cookies.delete("bahasa")
    bare = address.partition("?")[0]
    for stranger, path in (
        (visitor("melati"), bare),
        (visitor("melati"), bare + "?kunci=" + "0" * 32),
        (member_client, bare),
        (officer_client, bare),
        (visitor("mawar"), address),
    ):
        assert (await stranger.get(path)).status_code == 404
    assert "masih kosong" in (await client.get("/keranjang")).text


async def test_pressed_twice_leads_to_the_same_order(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    client = visitor("melati")
    await fill(client, await product_id(database, melati), 2)
    sent = await checkout(client)
    first = await client.post("/pesan", data=sent)
    second = await client.post("/pesan", data=sent)
    assert first.headers["location"] == second.headers["location"]
    assert await value(database, melati, "SELECT count(*) FROM orders") == 1


async def test_forged_checkouts_are_refused(
    visitor: Visitor, database: Database, melati: TenantRef, member_client: Any
) -> None:
    product, client = await product_id(database, melati), visitor("melati")
    await fill(client, product, 2)
    for changes in (
        {"key": "made-up"},
        {"key": "a.b"},
        {"shown": "0" * 20},
        {"payment_method": "savings"},
        {"payment_method": "gold"},
        {"fulfilment": "delivery"},
        {"phone": ""},
        {"phone": "12"},
        {"name": ""},
        {"price": "1"},
        {"total": "1"},
    ):
        answer = await client.post("/pesan", data=await checkout(client, **changes))
        assert answer.status_code in (409, 422), changes
    # the key of one shopper's page is worth nothing to another
    await fill(member_client.client, product, 2, member_client.csrf)
    stolen = await checkout(client, csrf=member_client.csrf)
    assert (await member_client.client.post("/pesan", data=stolen)).status_code == 409
    assert await value(database, melati, "SELECT count(*) FROM orders") == 0


async def test_a_stranger_cannot_empty_the_shelf_by_ordering_without_end(
    visitor: Visitor, database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout_pages, "MAX_VISITOR_CHECKOUTS", 2)
    product, answers = await product_id(database, melati), []
    for _ in range(3):
        client = visitor("melati")
        await fill(client, product)
        answers.append((await client.post("/pesan", data=await checkout(client))).status_code)
    assert answers == [303, 303, 429]
    assert await value(database, melati, "SELECT reserved FROM products WHERE id = $1", product) == 2


async def test_a_price_that_changed_is_shown_again_before_it_is_paid(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    client = visitor("melati")
    await fill(client, await product_id(database, melati))
    sent = await checkout(client)
    async with coop_session(database, melati) as db:
        (await shop.lock_product_by_sku(db, "MYK1")).price = 19_000
    answer = await client.post("/pesan", data=sent)
    assert answer.status_code == 409
    assert "berubah sejak halaman ini dibuka" in answer.text
    assert "Rp19.000" in answer.text
    again = sent | {"key": hidden(answer.text, "key"), "shown": hidden(answer.text, "shown")}
    assert (await client.post("/pesan", data=again)).status_code == 303
    assert await value(database, melati, "SELECT total FROM orders") == 19_000


async def test_savings_are_asked_about_in_a_sentence_first(
    member_client: Any, database: Database, melati: TenantRef, sign_in: Any
) -> None:
    client = member_client.client
    await fill(client, await product_id(database, melati), 2, member_client.csrf)
    sent = {
        k: v
        for k, v in (await checkout(client, payment_method="savings", csrf=member_client.csrf)).items()
        if k not in ("name", "phone")
    }
    asked = await client.post("/pesan", data=sent)
    assert asked.status_code == 200
    assert "dari simpanan sukarela Sari Wulandari Melati membayar pesanan ini" in asked.text
    assert "Rp464.800" in asked.text
    assert await value(database, melati, "SELECT count(*) FROM orders") == 0
    answer = await client.post("/pesan", data=sent | {"confirmed": "1"})
    address = answer.headers["location"]
    assert re.fullmatch(r"/pesanan/\d+", address)
    assert "Rp35.200" in (await client.get(address)).text
    assert address in (await client.get("/anggota/pesanan")).text
    other = await sign_in("melati", "+6281200000002")
    assert (await other.get(address)).status_code == 404
    assert address not in (await other.get("/anggota/pesanan")).text


async def test_a_closed_shop_shows_its_goods_and_takes_no_orders(
    visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    client = visitor("melati")
    await fill(client, await product_id(database, melati))
    sent = await checkout(client)
    async with coop_session(database, melati) as db:
        profile = await db.get(Profile, 1)
        assert profile is not None
        profile.shop_open = False
        await shop.publish_product_change(db)
    await shop.wait_until_shown(client, "/", "Toko sedang tutup")
    assert (await client.get("/pesan")).status_code == 303
    assert (await client.post("/pesan", data=sent)).status_code == 409
    assert await value(database, melati, "SELECT count(*) FROM orders") == 0


async def test_doors_that_are_not_for_everybody(visitor: Visitor) -> None:
    client = visitor("melati")
    home = f"/pengurus/barang/{UUID(int=1)}"
    paths = [
        "/pengurus/pesanan",
        "/pengurus/pesanan/1001",
        "/pengurus/pesanan/1001/penyerahan",
        "/anggota/pesanan",
        home,
    ]
    paths += [
        "/pengurus/barang",
        "/pengurus/barang/baru",
        "/pengurus/barang/golongan",
        f"{home}/ubah",
        f"{home}/masuk",
    ]
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/masuk"), path


async def test_members_are_not_officers(member_client: Any) -> None:
    home = f"/pengurus/barang/{UUID(int=1)}"
    for path in ("/pengurus/pesanan", "/pengurus/barang", "/pengurus/pesanan/1001", home, f"{home}/hitung"):
        assert (await member_client.get(path)).status_code == 403, path
    for path in ("/pengurus/barang/baru", "/pengurus/barang/golongan", f"{home}/masuk", f"{home}/gambar"):
        assert (await member_client.post(path)).status_code == 403, path


async def test_only_officers_move_orders(
    member_client: Any, visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        order = await shop.create_order(db, {(await shop.create_product(db)).id: 1})
    for step in ("pembayaran", "penyerahan", "pembatalan", "pengembalian"):
        path = f"/pengurus/pesanan/{order.number}/{step}"
        assert (await member_client.post(path, {"reason": "iseng saja"})).status_code == 403
        assert (await visitor("melati").post(path)).status_code == 303
    assert await value(database, melati, "SELECT status FROM orders") == "placed"


async def test_an_officer_takes_an_order_all_the_way_and_back(
    officer_client: Any, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        order = await shop.create_order(db, {(await shop.create_product(db)).id: 1}, method="bank_transfer")
    home = f"/pengurus/pesanan/{order.number}"
    assert home in (await officer_client.get("/pengurus/pesanan?keadaan=bayar")).text
    assert home in (await officer_client.get("/pengurus/pesanan?cari=tono")).text
    assert (await officer_client.get(home + "/penyerahan")).status_code == 303
    assert (await officer_client.post(home + "/penyerahan")).status_code == 409
    assert "sudah masuk rekening" in (await officer_client.get(home + "/pembayaran")).text
    assert (await officer_client.post(home + "/pembayaran")).status_code == 303
    assert (await officer_client.post(home + "/pembayaran")).status_code == 303
    assert (await officer_client.post(home + "/penyerahan", {"price": "1"})).status_code == 422
    assert (await officer_client.post(home + "/penyerahan")).status_code == 303
    assert (await officer_client.post(home + "/pengembalian", {"reason": ""})).status_code == 422
    assert (await officer_client.post(home + "/pembatalan", {"reason": "salah pesan"})).status_code == 409
    assert (await officer_client.post(home + "/pengembalian", {"reason": "Kemasan robek"})).status_code == 303
    assert "Kemasan robek" in (await officer_client.get(home)).text
    async with coop_session(database, melati) as db:
        await shop.assert_books_agree(db)


async def test_orders_that_are_not_there(officer_client: Any, visitor: Visitor) -> None:
    for number in ("0", "999999999999999999999", "1"):
        assert (await visitor("melati").get(f"/pesanan/{number}")).status_code == 404
        assert (await officer_client.get(f"/pengurus/pesanan/{number}")).status_code == 404
        assert (await officer_client.post(f"/pengurus/pesanan/{number}/penyerahan")).status_code == 404


async def test_an_officer_adds_changes_receives_and_counts(
    officer_client: Any, database: Database, melati: TenantRef
) -> None:
    assert (await officer_client.post("/pengurus/barang/golongan", {"name": "Teh"})).status_code == 303
    assert (await officer_client.post("/pengurus/barang/golongan", {"name": "teh"})).status_code == 409
    sent = {
        "id": str(new_id()),
        "sku": "TEH1",
        "name": "Teh melati",
        "unit": "Pak",
        "price": "Rp 12.000",
        "cost": "9.000",
        "stock": "10",
    }
    first = await officer_client.post("/pengurus/barang/baru", sent)
    again = await officer_client.post("/pengurus/barang/baru", sent)
    assert first.headers["location"] == again.headers["location"]
    home = first.headers["location"]
    for changes in (
        {"price": "-1"},
        {"price": "1,5"},
        {"name": ""},
        {"sku": "a b"},
        {"stock": "-1"},
        {"category_id": str(new_id())},
        {"boss": "1"},
    ):
        answer = await officer_client.post(
            "/pengurus/barang/baru", sent | {"id": str(new_id()), "sku": "TEH2"} | changes
        )
        assert answer.status_code == 422, changes
        assert "Ada 1 hal" in answer.text
    changed = {"sku": "TEH1", "name": "Teh melati wangi", "unit": "Pak", "price": "12.500"}
    assert (await officer_client.post(home + "/ubah", changed)).status_code == 303
    goods_in = {"key": "k1", "quantity": "5", "unit_cost": "9.500", "paid_from": "credit"}
    asked = await officer_client.post(home + "/masuk", goods_in)
    assert "5 pak Teh melati wangi masuk; Rp47.500 menjadi utang kepada pemasok" in asked.text
    assert await value(database, melati, "SELECT stock FROM products WHERE sku = 'TEH1'") == 10
    for _ in range(2):
        assert (await officer_client.post(home + "/masuk", goods_in | {"confirmed": "1"})).status_code == 303
    assert (
        await officer_client.post(home + "/hitung", {"key": "k2", "shown": "10", "counted": "14"})
    ).status_code == 409
    assert (
        await officer_client.post(home + "/hitung", {"key": "k3", "shown": "15", "counted": "14"})
    ).status_code == 303
    shown = (await officer_client.get(home)).text
    assert "Teh melati wangi" in shown
    assert await value(database, melati, "SELECT stock FROM products WHERE sku = 'TEH1'") == 14
    assert "Teh melati wangi" in (await officer_client.get("/pengurus/barang?cari=teh")).text
    assert (await officer_client.post(home + "/ubah", changed | {"archived": "1"})).status_code == 303
    assert "Teh melati wangi" not in (await officer_client.get("/pengurus/barang")).text
    assert "Teh melati wangi" in (await officer_client.get("/pengurus/barang?pilih=arsip")).text
    async with coop_session(database, melati) as db:
        await shop.assert_books_agree(db)


async def test_a_neighbours_product_is_nobodys_to_change(
    officer_client: Any, database: Database, mawar: TenantRef
) -> None:
    foreign = await product_id(database, mawar)
    forms: dict[str, dict[str, object]] = {
        "/ubah": {"sku": "X1", "name": "Barang", "unit": "Pcs", "price": "1"},
        "/masuk": {"key": "k", "quantity": "1", "unit_cost": "1", "paid_from": "cash", "confirmed": "1"},
        "/hitung": {"key": "k", "shown": "20", "counted": "1"},
        "/gambar/hapus": {},
    }
    assert (await officer_client.get(f"/pengurus/barang/{foreign}")).status_code == 404
    for step, sent in forms.items():
        assert (await officer_client.post(f"/pengurus/barang/{foreign}{step}", sent)).status_code == 404, step


async def test_a_photograph_becomes_ours(
    officer_client: Any, visitor: Visitor, database: Database, melati: TenantRef
) -> None:
    product = await product_id(database, melati)
    home = f"/pengurus/barang/{product}"

    async def send(content: bytes, name: str = "foto.png") -> httpx.Response:
        return await officer_client.post(f"{home}/gambar", files={"picture": (name, content, "image/png")})

    for bad in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"\x89PNG\r\n\x1a\n kosong"):
        assert (await send(bad)).status_code == 422
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "green").save(out, "PNG")
    assert (await send(out.getvalue())).status_code == 303
    client = visitor("melati")
    address = re.search(r"/gambar/[0-9a-f]{32}-800\.webp", (await client.get("/barang/MYK1")).text)
    assert address is not None
    shown = await client.get(address[0])
    assert shown.headers["content-type"] == "image/webp"
    assert "immutable" in shown.headers["cache-control"]
    assert Image.open(io.BytesIO(shown.content)).size == (800, 533)
    assert (await visitor("mawar").get(address[0])).status_code == 404
    for wrong in (
        address[0].replace("800", "801"),
        "/gambar/x-320.webp",
        address[0].replace("webp", "png"),
        "/gambar/%00",
    ):
        assert (await client.get(wrong)).status_code == 404
    assert (await officer_client.post(f"{home}/gambar/hapus")).status_code == 303
    assert "/gambar/" not in (await client.get("/barang/MYK1")).text
