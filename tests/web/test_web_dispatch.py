"""The host decides which application answers, and every answer has the security headers."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from litestar._parsers import parse_cookie_string, parse_query_string, parse_url_encoded_form_data
from sqlalchemy import text

from conftest import SignedInClient
from kernel.database import Database
from tenants.registry import TenantRef
from tenants.session import coop_session
from web.dispatch import HostDispatcher
from web.page_cache import PageCache

Visitor = Callable[[str], httpx.AsyncClient]


async def test_each_kind_of_host_has_its_own_application(visitor: Visitor) -> None:
    assert (await visitor("melati").get("/gaya")).status_code == 200
    assert (await visitor("").get("/gaya")).status_code == 200
    assert (await visitor("operator").get("/gaya")).status_code == 404


async def test_a_cookie_or_header_cannot_choose_another_cooperative(visitor: Visitor) -> None:
    forged = {
        "x-forwarded-host": "mawar.localhost:8000",
        "cookie": "tenant=mawar; tenantId=mawar",
        "x-tenant": "mawar",
    }
    answer = await visitor("melati").get("/", headers=forged)
    assert "Koperasi Melati" in answer.text
    assert "Mawar" not in answer.text


async def test_two_hosts_in_one_request_are_refused(visitor: Visitor) -> None:
    hosts = [("host", "melati.localhost:8000"), ("host", "mawar.localhost:8000")]
    for order in (hosts, hosts[::-1]):
        assert (await visitor("melati").get("/", headers=order)).status_code == 400


@pytest.mark.parametrize(
    ("label", "path"),
    [("melati", "/"), ("melati", "/masuk"), ("melati", "/pengurus"), ("", "/"), ("tidak-ada", "/x")],
)
async def test_head_answers_like_get_without_a_body(visitor: Visitor, label: str, path: str) -> None:
    for _ in range(2):  # the second request is answered from the page cache
        plain = {"accept-encoding": "identity"}
        got, head = (
            await visitor(label).get(path, headers=plain),
            await visitor(label).head(path, headers=plain),
        )
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    "more", [":x@elsewhere.example", ":80@elsewhere.example", "/elsewhere", ":80/", ":x", " x"]
)
async def test_a_host_that_only_begins_with_a_name_of_ours_is_refused(visitor: Visitor, more: str) -> None:
    """Addresses are built from the host: the return address of a payer, the webhook address of a provider."""
    client = visitor("melati")
    host = f"melati.localhost{more}"
    for path in ("/", "/bayar/L0", "/webhooks/x"):
        assert (await client.get(path, headers={"host": host})).status_code == 400


async def test_an_unknown_host_gets_a_friendly_404(visitor: Visitor) -> None:
    answer = await visitor("tidak-ada").get("/")
    assert answer.status_code == 404
    assert "<html" in answer.text


async def test_every_page_forbids_framing_sniffing_and_foreign_scripts(visitor: Visitor) -> None:
    headers = (await visitor("melati").get("/")).headers
    assert (
        "script-src" in headers["content-security-policy"]
        or "default-src 'self'" in headers["content-security-policy"]
    )
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_broken_page_shows_a_number_and_nothing_of_the_inside(
    app: HostDispatcher, database: Database, melati: TenantRef, visitor: Visitor
) -> None:
    async with database.owner_engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {melati.schema_name}.products RENAME TO gone"))
    answer = await visitor("melati").get("/")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "products" not in answer.text
    assert melati.schema_name not in answer.text


async def test_a_shared_page_is_kept_until_the_database_says_that_something_changed(
    app: HostDispatcher, database: Database, melati: TenantRef, visitor: Visitor
) -> None:
    client = visitor("melati")
    for _ in range(100):  # the listener has just connected, and clears everything once when it does
        assert (await client.get("/")).status_code == 200
        if app.page_cache.get(melati.schema_name, ("page", "id", "/", b"")) is not None:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the page is not kept")
    async with coop_session(database, melati) as db:  # another process, from the dispatcher's view
        await db.execute(text("UPDATE products SET name = 'Beras Pandan' WHERE sku = 'BRS5'"))
    for _ in range(100):
        if "Beras Pandan" in (await client.get("/")).text:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the page still shows the old name two seconds after the change")


@pytest.mark.parametrize(
    "cookies",
    [
        ["keranjang =x-77"],
        ["keranjang\t=x-77"],
        ["keranjang=x-77", "lain=1"],
        ["lain=1", "keranjang=x-77"],
        [" keranjang = x-77 ; lain=1"],
        ["\xa0keranjang\xa0=x-77"],
    ],
)
async def test_a_visitors_cart_is_not_kept_for_others_however_its_cookie_is_spelled(
    visitor: Visitor, cookies: list[str]
) -> None:
    headers = [(b"cookie", cookie.encode("latin-1")) for cookie in cookies]
    await visitor("melati").get("/?halaman=1", headers=headers)
    # the number of goods in the menu
    assert "</span>77</b>" not in (await visitor("melati").get("/?halaman=1")).text


async def test_what_visitors_send_is_remembered_nowhere(visitor: Visitor) -> None:
    for parser in (parse_cookie_string, parse_query_string, parse_url_encoded_form_data):
        parser.cache_clear()
    client = visitor("melati")
    for at in range(3):
        await client.post(
            "/masuk", data={"identity": "0001", "password": f"rahasia-{at}", "lain": "x" * 100_000}
        )
        await client.get(
            "/keranjang", params={"lain": f"{at}" * 50_000}, headers={"cookie": f"lain={at}" + "x" * 50_000}
        )
    assert parse_url_encoded_form_data.cache_info().currsize == 0
    assert parse_cookie_string.cache_info().currsize == 0
    assert parse_query_string.cache_info().currsize == 0


async def test_a_path_longer_than_any_is_refused_before_it_is_looked_up(visitor: Visitor) -> None:
    assert (await visitor("melati").get("/" + "x" * 5_000)).status_code == 414


@pytest.mark.parametrize("address", ["/?cari=a%00b", "/%00", "/barang/a%00b", "/bahasa/en?kembali=%00"])
async def test_an_address_with_a_letter_that_nothing_bears_leads_nowhere(
    visitor: Visitor, address: str
) -> None:
    assert (await visitor("melati").get(address)).status_code == 404


@pytest.mark.parametrize("address", ["/pengurus/anggota?cari=%00", "/pengurus/buku/akun/%00"])
async def test_that_letter_breaks_no_officers_page(officer_client: SignedInClient, address: str) -> None:
    assert (await officer_client.get(address)).status_code == 404


async def test_a_number_larger_than_any_receipts_leads_nowhere(member_client: SignedInClient) -> None:
    assert (await member_client.get(f"/anggota/simpanan/bukti/{2**63}")).status_code == 404


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_an_address_that_cannot_be_read_gets_a_sentence_of_ours(
    officer_client: SignedInClient, accept: str
) -> None:
    answer = await officer_client.get("/pengurus/buku?tahun=satu", headers={"accept": accept})
    assert answer.status_code == 400
    assert "tidak terbaca" in answer.text
    assert "Validation" not in answer.text


async def test_a_step_opened_by_itself_leads_back_on_this_host(visitor: Visitor) -> None:
    step = "http://melati.localhost:8000//keranjang/00000000-0000-7000-8000-000000000000"
    answer = await visitor("melati").get(step)
    assert answer.headers["location"] == "/keranjang"


async def test_a_page_rendered_while_something_changes_is_not_kept(
    app: HostDispatcher, melati: TenantRef
) -> None:
    before = app.page_cache.generation(melati.schema_name)
    app.on_change(melati.schema_name)
    app.page_cache.set(melati.schema_name, ("page", "old"), "old", 3, before)
    assert app.page_cache.get(melati.schema_name, ("page", "old")) is None


def test_pages_kept_are_bounded_by_bytes() -> None:
    pages = PageCache(limit=1_600)
    for at in range(100):
        pages.set(f"coop-{at % 7}", ("page", at), at, 100, pages.generation(f"coop-{at % 7}"))
    assert sum(pages.get(f"coop-{at % 7}", ("page", at)) is not None for at in range(100)) == 16


async def test_a_session_that_ended_elsewhere_ends_here(
    database: Database, melati: TenantRef, officer_client: SignedInClient
) -> None:
    assert (await officer_client.get("/pengurus")).status_code == 200
    async with coop_session(database, melati) as db:
        await db.execute(text("DELETE FROM sessions"))
    for _ in range(100):
        if (await officer_client.get("/pengurus")).status_code == 303:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the session still opens doors two seconds after its end")


async def test_languages_switch_and_the_kept_page_follows(visitor: Visitor) -> None:
    client = visitor("melati")
    indonesian = (await client.get("/")).text
    assert 'lang="id"' in indonesian
    answer = await client.get("/bahasa/en?kembali=/")
    assert answer.status_code == 303
    assert 'lang="en"' in (await client.get("/")).text


async def test_the_language_switch_never_leads_to_another_host(visitor: Visitor) -> None:
    for target in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = await visitor("melati").get("/bahasa/en", params={"kembali": target})
        assert answer.headers["location"] == "/"
