"""Importing goods and members from pages: upload, preview, confirm. All people are invented."""

import html
import re

import httpx
import pytest

from conftest import SignedInClient, Visitors
from kernel.database import Database, as_reader
from tenants.registry import TenantRef
from tenants.session import coop_session
from ui import import_pages

GOODS, PEOPLE = "/pengurus/barang/impor", "/pengurus/anggota/impor"
HEADER = "sku,barcode,name,category,unit,cost,price,stock\r\n"
GOOD = HEADER + "T1,,Teh melati,Minuman,Pak,9000,12500,20\r\nK1,,Kopi,Minuman,Pak,7000,9000,\r\n"
BAD = GOOD + 'X1,,"<script>alert(1)</script>",,Pcs,satu,2,3\r\nX2,,Kurang\r\n'
MEMBERS = (
    "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\r\n"
    "1000,<i>Tono</i>,L,0812-0000-9999,2023-05-23,100000,240000,0\r\n"
    "1001,Salah,L,021,2023-05-23,100000,240000,0\r\n"
)


async def send(
    client: SignedInClient, path: str, content: str | bytes, as_of: str = "2026-01-01"
) -> httpx.Response:
    raw = content if isinstance(content, bytes) else content.encode()
    return await client.post(path, {"as_of": as_of}, files={"file": ("berkas.csv", raw, "text/csv")})


def carried(page: str) -> dict[str, str]:
    """Return what the confirmation form would send: as a browser does, with its line ends, without the first
    newline.
    """
    content = re.search(r'<textarea name="content"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)[1]
    as_of = re.search(r'name="as_of" value="([^"]+)"', page)[1]
    return {"content": html.unescape(content).replace("\n", "\r\n"), "as_of": as_of}


async def confirm(client: SignedInClient, path: str, fields: dict[str, str]) -> httpx.Response:
    return await client.post(path, fields, files={"nothing": ("", b"")})  # multipart, as the form declares


async def stocked(database: Database, tenant: TenantRef) -> dict[str, int]:
    async with coop_session(database, tenant) as db:
        return dict(await as_reader(db).records("SELECT sku, stock FROM products"))


async def test_each_list_leads_to_its_import(officer_client: SignedInClient) -> None:
    for path in (GOODS, PEOPLE):
        assert f'href="{path}"' in (await officer_client.get(path.removesuffix("/impor"))).text


@pytest.mark.parametrize("path", [GOODS, PEOPLE])
async def test_only_officers_import(visitor: Visitors, member_client: SignedInClient, path: str) -> None:
    assert (await visitor("melati").get(path)).headers["location"].startswith("/masuk")
    for address in (path, f"{path}/pencatatan", f"{path}/ditolak"):
        assert (
            await member_client.post(address, {"content": GOOD, "as_of": "2026-01-01"})
        ).status_code == 403


async def test_a_good_file_is_shown_confirmed_and_there(
    officer_client: SignedInClient, database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    assert "multipart/form-data" in (await officer_client.get(GOODS)).text
    neighbour = await stocked(database, mawar)
    shown = await send(officer_client, GOODS, "\ufeff" + GOOD)
    assert shown.status_code == 200
    assert "2 baris akan dimasukkan, saldo awalnya dicatat tanggal 1 Januari 2026." in shown.text
    assert "Teh melati" in shown.text
    assert "T1" not in await stocked(database, melati), "looking writes nothing"
    for _ in range(2):
        done = await confirm(officer_client, f"{GOODS}/pencatatan", carried(shown.text))
        assert (done.status_code, done.headers["location"]) == (303, "/pengurus/barang")
    assert (await stocked(database, melati))["T1"] == 20
    assert await stocked(database, mawar) == neighbour
    again = await send(officer_client, GOODS, GOOD)
    assert "Semua baris berkas ini sudah ada" in again.text


async def test_bad_lines_are_named_escaped_and_left_out_when_asked(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    shown = await send(officer_client, GOODS, BAD)
    assert "Baris ini punya 3 isian, seharusnya 8." in shown.text
    assert "Kolom cost: “satu” bukan jumlah rupiah." in shown.text
    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;alert(1)" in shown.text
    fields = carried(shown.text)
    given_back = await confirm(officer_client, f"{GOODS}/ditolak", fields)
    assert given_back.headers["content-disposition"] == 'attachment; filename="barang.rejected.csv"'
    lines = given_back.content.decode("utf-8-sig").splitlines()
    assert lines[0].endswith(",reason")
    assert [line[:3] for line in lines[1:]] == ["X1,", "X2,"]
    all_of_it = await confirm(officer_client, f"{GOODS}/pencatatan", fields)
    assert all_of_it.status_code == 409
    assert "T1" not in await stocked(database, melati)
    done = await confirm(officer_client, f"{GOODS}/pencatatan", fields | {"skip_bad": "1"})
    assert done.status_code == 303
    assert (await stocked(database, melati)).keys() >= {"T1", "K1"}


async def test_members_are_previewed_and_taken_too(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    shown = await send(officer_client, PEOPLE, MEMBERS)
    assert "bukan nomor HP" in shown.text
    assert "<i>Tono" not in shown.text
    assert "&lt;i&gt;Tono&lt;/i&gt;" in shown.text
    assert "Rp340.000" in shown.text
    done = await confirm(officer_client, f"{PEOPLE}/pencatatan", carried(shown.text) | {"skip_bad": "1"})
    assert (done.status_code, done.headers["location"]) == (303, "/pengurus/anggota")
    async with coop_session(database, melati) as db:
        ro = as_reader(db)
        assert await ro.value("SELECT name FROM members WHERE number = '1000'") == "<i>Tono</i>"
        assert (
            await ro.value("SELECT actor_name FROM audit_entries WHERE action = 'members.imported'")
            == "Ketua Melati"
        )


@pytest.mark.parametrize(
    ("content", "as_of", "expected"),
    [
        (b"sku,nama\nA,B\n", "2026-01-01", "Kolom ini tidak ada di baris pertama"),
        ("sku\nCr\u00e8me\n".encode("cp1252"), "2026-01-01", "CSV UTF-8"),
        (b"PK\x03\x04", "2026-01-01", "Excel (.xlsx)"),
        (GOOD.encode(), "2999-01-01", "belum tiba"),
        (GOOD.encode(), "kemarin", "bukan tanggal"),
        (b"", "2026-01-01", "kosong"),
    ],
    ids=["columns", "windows-1252", "xlsx", "future", "no date", "empty"],
)
async def test_a_file_that_cannot_be_used_comes_back_with_the_reason(
    officer_client: SignedInClient, content: bytes, as_of: str, expected: str
) -> None:
    answer = await send(officer_client, GOODS, content, as_of)
    assert answer.status_code == 422
    assert expected in answer.text


async def test_a_file_too_large_is_refused_and_one_just_small_enough_travels(
    officer_client: SignedInClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "x" * 150
    content = HEADER + "".join(f"S{at},,{name},,Pcs,1,2,0\r\n" for at in range(10_000))
    assert 1_600_000 < len(content) < import_pages.MAX_FILE_BYTES
    shown = await send(officer_client, GOODS, content)
    assert shown.status_code == 200
    done = await confirm(officer_client, f"{GOODS}/pencatatan", carried(shown.text))
    assert done.status_code == 303
    monkeypatch.setattr(import_pages, "MAX_FILE_BYTES", 1_000_000)
    answer = await send(officer_client, GOODS, content)
    assert (answer.status_code, "Paling besar 1 MB" in answer.text) == (422, True)


async def test_a_broken_confirmation_is_refused(officer_client: SignedInClient) -> None:
    assert (await officer_client.post(f"{GOODS}/pencatatan", {"as_of": "2026-01-01"})).status_code == 422
    assert (
        await officer_client.post(f"{GOODS}/pencatatan", {"content": GOOD, "as_of": "x"})
    ).status_code == 422
    assert (
        await officer_client.client.post(f"{GOODS}/pencatatan", data={"content": GOOD})
    ).status_code == 403


@pytest.mark.parametrize("path", [GOODS, PEOPLE])
async def test_the_example_can_be_taken_as_it_is(officer_client: SignedInClient, path: str) -> None:
    example = await officer_client.get(f"{path}/contoh.csv")
    assert "2 baris akan dimasukkan" in (await send(officer_client, path, example.content)).text


async def test_the_pages_speak_english_too(officer_client: SignedInClient) -> None:
    officer_client.client.cookies.set("bahasa", "en")
    assert "Choose a file" in (await officer_client.get(PEOPLE)).text
    assert "The first good lines" in (await send(officer_client, PEOPLE, MEMBERS)).text
