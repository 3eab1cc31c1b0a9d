"""The pages of the yearly surplus: every figure links to its source, a member sees their stored line and no
other.
"""

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.formats import rupiah
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journals
from members.models import Member
from shu import queries
from shu.create_draft import create_draft
from shu.csv_export import write_csv
from shu.queries import MemberTotalRow, PoolView
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

HOME = "/pengurus/shu"
TREASURER = Actor("officer", "Bendahara Melati")


def read_page_text(response: httpx.Response) -> str:
    """Return the page's visible text: no tags, single spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text))).replace("\u00a0", " ")


async def ids(database: Database, tenant: TenantRef) -> dict[str, UUID]:
    async with coop_reader(database, tenant) as ro:
        return {row["number"]: row["id"] for row in await ro.records("SELECT number, id FROM members")}


async def post_year(database: Database, tenant: TenantRef, *, factor: int = 1) -> None:
    """2025: 0001 saved 300.000 and bought 1.500.000 in two sales, 0002 saved 600.000 and bought 500.000;
    surplus 1.000.000.
    """
    who = await ids(database, tenant)
    one, two = who["0001"], who["0002"]

    def pair(
        key: str, on: date, what: str, debit: str, credit: str, amount: int, party: UUID | None
    ) -> Journal:
        money = Rupiah(amount * factor)
        return Journal(
            on,
            what,
            f"{key}:{factor}",
            [JournalLine.to_debit(debit, money), JournalLine.to_credit(credit, money, party)],
        )

    async with coop_session(database, tenant) as db:
        await post_journals(
            db,
            [
                pair("a", date(2025, 3, 1), "Simpanan wajib Maret", "1101", "3120", 300_000, one),
                pair("b", date(2025, 3, 1), "Simpanan wajib Maret", "1101", "3120", 600_000, two),
                pair("c", date(2025, 2, 1), "Belanja pertama Sari", "1101", "4101", 1_000_000, one),
                pair("d", date(2025, 7, 9), "Belanja kedua Sari", "1101", "4101", 500_000, one),
                pair("e", date(2025, 9, 9), "Belanja Budi", "1101", "4101", 500_000, two),
                pair("f", date(2025, 12, 31), "Listrik setahun", "6120", "1101", 1_000_000, None),
            ],
            by="test",
        )


@pytest.fixture
async def drafted(database: Database, melati: TenantRef) -> dict[str, UUID]:
    """Draft melati's 2025; return the members' ids by number."""
    await post_year(database, melati)
    async with coop_session(database, melati) as db:
        await create_draft(db, TREASURER, 2025)
    return await ids(database, melati)


OFFICER_PAGES = (
    HOME,
    f"{HOME}?tahun=2025",
    f"{HOME}/2025/1",
    f"{HOME}/2025/1/bagian/jasa_usaha",
    f"{HOME}/2025/1/anggota",
    f"{HOME}/2025/1/cetak",
    f"{HOME}/2025/1/bagian.csv",
)


async def test_a_visitor_is_led_to_sign_in(
    visitor: Callable[[str], httpx.AsyncClient], drafted: dict[str, UUID]
) -> None:
    client = visitor("melati")
    for path in (
        *OFFICER_PAGES,
        f"{HOME}/2025/1/anggota/{drafted['0001']}",
        "/anggota/shu",
        "/anggota/shu/2025",
    ):
        answer = await client.get(path)
        assert answer.status_code in {302, 303}, path
        assert "/masuk" in answer.headers["location"], path


async def test_a_member_may_open_no_officers_page(member_client: Any, drafted: dict[str, UUID]) -> None:
    for path in (*OFFICER_PAGES, f"{HOME}/2025/1/anggota/{drafted['0001']}"):
        assert (await member_client.get(path)).status_code == 403, path
    assert (await member_client.post(f"{HOME}/rancangan", {"year": "2025"})).status_code == 403


async def test_an_officer_drafts_a_year_and_opens_every_figure(
    officer_client: Any, database: Database, melati: TenantRef
) -> None:
    await post_year(database, melati)
    empty = await officer_client.get(f"{HOME}?tahun=2025")
    assert "sisa hasil usaha tahun 2025 sekarang Rp1.000.000" in read_page_text(empty)
    made = await officer_client.post(f"{HOME}/rancangan", {"year": "2025"})
    assert (made.status_code, made.headers["location"]) == (303, f"{HOME}/2025/1")
    page = await officer_client.get(f"{HOME}/2025/1")
    page_text = read_page_text(page)
    for part in (
        "Rancangan 1, belum diputuskan rapat",
        "Penjualan toko kepada anggota 4101 Rp2.000.000",
        "Sewa, listrik, air 6120 -Rp1.000.000",
        "25 % × Rp1.000.000",
        "Rp350.000",
        "2 anggota menerima",
        "Rp550.000",
    ):
        assert part in page_text, part
    links = set(re.findall(r'href="(/pengurus/[^"]+)"', page.text))
    assert {
        f"{HOME}/2025/1/bagian/jasa_usaha",
        f"{HOME}/2025/1/bagian/jasa_modal",
        "/pengurus/buku?tahun=2025",
    } <= links
    assert f"{HOME}/2025/1/bagian/cadangan" not in links


async def test_drafting_twice_without_new_records_keeps_one_version(
    officer_client: Any, database: Database, melati: TenantRef
) -> None:
    await post_year(database, melati)
    for _ in range(2):
        made = await officer_client.post(f"{HOME}/rancangan", {"year": "2025"})
        assert made.headers["location"] == f"{HOME}/2025/1"


async def test_a_pool_opens_to_the_members_and_a_member_to_the_rows(
    officer_client: Any, drafted: dict[str, UUID]
) -> None:
    pool = await officer_client.get(f"{HOME}/2025/1/bagian/jasa_usaha")
    assert re.search(r"Sari Wulandari Melati 0001 Rp1\.500\.000 Rp262\.500", read_page_text(pool))
    slip = await officer_client.get(f"{HOME}/2025/1/anggota/{drafted['0001']}")
    page_text = read_page_text(slip)
    assert "Rp300.000 ÷ Rp900.000 × Rp200.000 = Rp66.666 + 2 / 3" in page_text
    assert "Dibulatkan ke atas menjadi Rp66.667" in page_text
    assert "Rp1.500.000 ÷ Rp2.000.000 × Rp350.000 = Rp262.500 Hasilnya pas, tanpa pembulatan." in page_text
    assert "Belanja pertama Sari" in page_text
    assert "Belanja Budi" not in page_text
    assert len(re.findall(r'href="/pengurus/buku/jurnal/\d+"', slip.text)) == 3


async def test_a_search_finds_by_number_and_by_part_of_a_name(
    officer_client: Any, drafted: dict[str, UUID]
) -> None:
    for page in ("anggota", "bagian/jasa_usaha"):
        for search in ("0002", "hartono"):
            page_text = read_page_text(
                await officer_client.get(f"{HOME}/2025/1/{page}", params={"cari": search})
            )
            assert "Budi Hartono Melati" in page_text
            assert "Sari Wulandari Melati" not in page_text
        assert "Tidak ada anggota yang cocok" in read_page_text(
            await officer_client.get(f"{HOME}/2025/1/{page}", params={"cari": "%"})
        )
        block = await officer_client.get(f"{HOME}/2025/1/{page}", headers={"hx-request": "true"})
        assert "<html" not in block.text
        assert "Budi Hartono Melati" in block.text


async def test_new_records_are_told_and_the_old_draft_stays_readable(
    officer_client: Any, database: Database, melati: TenantRef, drafted: dict[str, UUID]
) -> None:
    await post_year(database, melati, factor=2)
    assert "Buku berubah sesudah rancangan ini" in read_page_text(
        await officer_client.get(f"{HOME}?tahun=2025")
    )
    made = await officer_client.post(f"{HOME}/rancangan", {"year": "2025"})
    assert made.headers["location"] == f"{HOME}/2025/2"
    new, old = (
        read_page_text(await officer_client.get(f"{HOME}/2025/2")),
        read_page_text(await officer_client.get(f"{HOME}/2025/1")),
    )
    assert "Rp3.000.000" in new
    assert "Buku berubah" not in new
    assert "Ini rancangan lama." in old
    # the ledger lines of the old draft still sum to its surplus
    assert "4101 Rp2.000.000" in old
    assert (
        "Belanja pertama Sari" in (await officer_client.get(f"{HOME}/2025/1/anggota/{drafted['0001']}")).text
    )


async def test_a_member_sees_the_stored_line_and_its_arithmetic(
    member_client: Any, database: Database, melati: TenantRef, drafted: dict[str, UUID]
) -> None:
    async with coop_reader(database, melati) as ro:
        stored = await queries.find_latest_draft(ro, 2025)
        assert stored is not None
        shares = await queries.list_member_shares(ro, stored.id, drafted["0001"])
    page = await member_client.get("/anggota/shu")
    page_text = read_page_text(page)
    assert [share.amount for share in shares] == [66_667, 262_500]
    for amount in (*(share.amount for share in shares), sum(share.amount for share in shares)):
        assert rupiah(amount) in page_text
    assert "Rp300.000 ÷ Rp900.000 × Rp200.000" in page_text
    assert "Belanja kedua Sari" in page_text
    assert "belum diputuskan rapat" in page_text
    assert "Pasal 4 ayat (3) huruf i UU PPh" in page_text
    assert (
        read_page_text(await member_client.get("/anggota/shu/2025")).count("Rp329.167")
        == page_text.count("Rp329.167")
        > 0
    )


async def test_a_member_sees_what_is_stored_also_when_the_books_have_changed_since(
    member_client: Any, database: Database, melati: TenantRef, drafted: dict[str, UUID]
) -> None:
    await post_year(database, melati, factor=3)
    page_text = read_page_text(await member_client.get("/anggota/shu"))
    assert "Rp329.167" in page_text
    assert page_text.count("Belanja pertama Sari") == 1


async def test_nobody_elses_share_is_shown_to_a_member(
    member_client: Any, sign_in: Any, drafted: dict[str, UUID]
) -> None:
    page_text = read_page_text(await member_client.get("/anggota/shu"))
    assert "Budi" not in page_text
    assert "Rp133.333" not in page_text
    assert "Rp220.833" not in page_text
    other = await sign_in("melati", "+6281200000002")
    his = read_page_text(await other.get("/anggota/shu"))
    assert "Rp220.833" in his
    assert "Sari" not in his
    assert "Rp329.167" not in his


async def test_a_member_before_any_draft_is_told_what_comes(member_client: Any) -> None:
    assert "SHU belum dihitung" in read_page_text(await member_client.get("/anggota/shu"))
    assert (await member_client.get("/anggota/shu/2025")).status_code == 404


async def test_who_joined_after_the_draft_is_told(
    member_client: Any, database: Database, melati: TenantRef, drafted: dict[str, UUID]
) -> None:
    async with coop_session(database, melati) as db:
        newcomer = Member(
            id=UUID(int=7), number="0009", name="Baru", status="active", joined_on=date(2026, 1, 1)
        )
        db.add(newcomer)
        await db.flush()
        await db.execute(
            text("UPDATE users SET member_id = :m WHERE phone = '+6281200000001'"), {"m": newcomer.id}
        )
    assert "Anda belum ada dalam pembagian tahun ini" in read_page_text(
        await member_client.get("/anggota/shu")
    )


async def test_a_loss_is_told_kindly(officer_client: Any, database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        cost = [JournalLine.to_debit("6120", Rupiah(400_000)), JournalLine.to_credit("1101", Rupiah(400_000))]
        await post_journals(db, [Journal(date(2025, 5, 5), "Listrik", "loss", cost)], by="test")
    await officer_client.post(f"{HOME}/rancangan", {"year": "2025"})
    page_text = read_page_text(await officer_client.get(f"{HOME}?tahun=2025"))
    assert "Tidak ada yang dibagi" in page_text
    assert "Tahun 2025 berakhir rugi Rp400.000" in page_text


async def test_years_without_records_and_years_to_come(officer_client: Any) -> None:
    assert "Belum ada catatan di tahun ini" in read_page_text(await officer_client.get(f"{HOME}?tahun=2019"))
    assert "Tahun ini belum tiba" in read_page_text(await officer_client.get(f"{HOME}?tahun=9999"))
    assert (await officer_client.get(f"{HOME}?tahun=0000")).status_code == 200
    assert (await officer_client.post(f"{HOME}/rancangan", {"year": "2999"})).status_code == 409
    assert (await officer_client.post(f"{HOME}/rancangan", {"year": "dua ribu"})).status_code == 422


async def test_what_is_not_there_is_not_found(officer_client: Any, drafted: dict[str, UUID]) -> None:
    for path in (
        f"{HOME}/2025/9",
        f"{HOME}/2019/1",
        f"{HOME}/99999999999999999999/1",
        f"{HOME}/2025/1/bagian/cadangan",
        f"{HOME}/2025/1/anggota/{UUID(int=1)}",
    ):
        assert (await officer_client.get(path)).status_code == 404, path


async def test_the_file_holds_what_is_stored(officer_client: Any, drafted: dict[str, UUID]) -> None:
    answer = await officer_client.get(f"{HOME}/2025/1/bagian.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == {
        "member_number": "0001",
        "name": "Sari Wulandari Melati",
        "jasa_modal_basis": "300000",
        "jasa_modal_share": "66667",
        "jasa_usaha_basis": "1500000",
        "jasa_usaha_share": "262500",
        "total": "329167",
    }
    assert len(rows) == 2


def test_a_name_that_looks_like_a_formula_stays_text() -> None:
    pool = PoolView(0, "jasa_usaha", "35", "purchases", 100, 100, 0)
    content = write_csv(
        [pool], [MemberTotalRow(UUID(int=1), "1", "=HYPERLINK(1)", "active", [0], [100], [100], 100)]
    )
    assert "'=HYPERLINK(1)" in content.decode()


async def test_a_neighbours_member_is_not_found(
    officer_client: Any, database: Database, mawar: TenantRef, drafted: dict[str, UUID]
) -> None:
    neighbour = (await ids(database, mawar))["0001"]
    assert (await officer_client.get(f"{HOME}/2025/1/anggota/{neighbour}")).status_code == 404


async def test_a_name_of_a_member_is_written_as_text(
    officer_client: Any, database: Database, melati: TenantRef, drafted: dict[str, UUID]
) -> None:
    async with coop_session(database, melati) as db:
        await db.execute(text("UPDATE members SET name = '<b>Sari</b>' WHERE number = '0001'"))
        assert await as_reader(db).value("SELECT count(*) FROM members WHERE name = '<b>Sari</b>'") == 1
    assert "<b>Sari</b>" not in (await officer_client.get(f"{HOME}/2025/1/anggota")).text
