"""The ledger pages, manual entries, the end of a year, the export."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from conftest import SignedInClient, Visitors
from kernel import clock
from kernel.actor import SYSTEM
from kernel.database import Database, as_reader
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal, queries, year_queries
from ledger.close_year import close_year
from ledger.record_manual_entry import (
    ManualEntry,
    record_manual_entry,
    reverse_manual_entry,
    validate_manual_entry,
)
from ledger.report_queries import find_account, get_control_totals
from ledger.year_queries import get_closed_years
from tenants.changes import invalidate_local
from tenants.registry import REGISTRY, TenantRef
from tenants.session import coop_session

TODAY = date(2026, 3, 2)
BOOKS = "/pengurus/buku"


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.freeze_at(datetime(2026, 3, 2, 3, tzinfo=UTC)):
        yield


def entry(**params: Any) -> ManualEntry:
    known = {
        "on": TODAY,
        "account": "6120",
        "amount": Rupiah(250_000),
        "method": "cash",
        "description": "Listrik",
        "key": new_id(),
    }
    return ManualEntry(**{**known, **params})


async def test_a_cost_leaves_cash_and_an_income_comes_into_the_bank(db: AsyncSession) -> None:
    cash = await queries.get_balance(db, "1101")
    await record_manual_entry(db, SYSTEM, entry(), today=TODAY)
    await record_manual_entry(
        db, SYSTEM, entry(account="4310", method="bank", amount=Rupiah(9_000)), today=TODAY
    )
    assert await queries.get_balance(db, "1101") == cash - 250_000
    assert await queries.get_balance(db, "6120") == 250_000
    assert (await queries.get_balance(db, "1102"), await queries.get_balance(db, "4310")) == (9_000, 9_000)
    assert await year_queries.get_surplus(as_reader(db), 2026) == 9_000 - 250_000


async def test_an_entry_sent_twice_counts_once(db: AsyncSession) -> None:
    sent = entry()
    first = await record_manual_entry(db, SYSTEM, sent, today=TODAY)
    again = await record_manual_entry(db, SYSTEM, sent, today=TODAY)
    assert (again.number, again.created) == (first.number, False)
    assert await queries.get_balance(db, "6120") == 250_000


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"account": "1101"}, "ledger.not_an_entry_account"),
        ({"account": "6150"}, "ledger.not_an_entry_account"),
        ({"account": "4101"}, "ledger.not_an_entry_account"),
        ({"account": "5101"}, "ledger.not_an_entry_account"),
        ({"account": "nope"}, "ledger.not_an_entry_account"),
        ({"amount": Rupiah(0)}, "ledger.amount_needed"),
        ({"on": date(2026, 3, 3)}, "ledger.day_ahead"),
        ({"on": date(2024, 12, 31)}, "ledger.year_closed"),
    ],
)
async def test_an_entry_that_cannot_be_is_refused(
    db: AsyncSession, params: dict[str, object], code: str
) -> None:
    await close_year(db, SYSTEM, 2024)
    with pytest.raises(DomainError) as refused:
        await validate_manual_entry(as_reader(db), entry(**params), today=TODAY)
    assert refused.value.code == code


async def test_an_entry_is_taken_back_by_its_mirror_once(db: AsyncSession) -> None:
    posted = await record_manual_entry(db, SYSTEM, entry(), today=TODAY)
    mirror = await reverse_manual_entry(db, SYSTEM, posted.number, reason="salah ketik", today=TODAY)
    assert await queries.get_balance(db, "6120") == 0
    assert (await queries.find_journal(db, posted.number)).reversed_by == mirror.number
    with pytest.raises(DomainError, match="reversed already"):
        await reverse_manual_entry(db, SYSTEM, posted.number, reason="lagi", today=TODAY)


async def test_only_entries_by_hand_are_taken_back_here(db: AsyncSession) -> None:
    with pytest.raises(DomainError, match="made by another part"):
        await reverse_manual_entry(db, SYSTEM, 1, reason="x", today=TODAY)
    posted = await record_manual_entry(db, SYSTEM, entry(), today=TODAY)
    with pytest.raises(DomainError, match="Write the reason"):
        await reverse_manual_entry(db, SYSTEM, posted.number, reason="  ", today=TODAY)


async def test_a_closed_year_takes_nothing_and_the_others_go_on(db: AsyncSession) -> None:
    assert await close_year(db, SYSTEM, 2025) is True
    assert await close_year(db, SYSTEM, 2025) is False
    assert await get_closed_years(db) == {2025}

    def journal(day: date) -> Journal:
        lines = [JournalLine.to_debit("6110", Rupiah(5)), JournalLine.to_credit("1101", Rupiah(5))]
        return Journal(day, "Gaji", f"t:{day}", lines)

    for day in (date(2024, 12, 31), date(2026, 1, 1)):
        assert (await post_journal(db, journal(day), by="t")).created
    with pytest.raises(DomainError, match="book year 2025 is closed"):
        await post_journal(db, journal(date(2025, 12, 31)), by="t")


async def test_a_year_is_closed_when_it_is_over(db: AsyncSession) -> None:
    with pytest.raises(DomainError, match="2026 is not over"):
        await close_year(db, SYSTEM, 2026)


@pytest.mark.parametrize(("zone", "over"), [("Asia/Jayapura", True), ("Asia/Jakarta", False)])
async def test_a_year_is_over_when_it_is_over_on_the_cooperatives_calendar(
    db: AsyncSession, zone: str, over: bool
) -> None:
    await db.execute(text("UPDATE profile SET timezone = :zone"), {"zone": zone})
    with clock.freeze_at(
        datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    ):  # an hour after midnight in Papua, an hour before it in Java
        if over:
            assert await close_year(db, SYSTEM, 2026)
        else:
            with pytest.raises(DomainError, match="2026 is not over"):
                await close_year(db, SYSTEM, 2026)


async def test_the_books_agree(db: AsyncSession) -> None:
    await record_manual_entry(db, SYSTEM, entry(), today=TODAY)
    sums = await get_control_totals(as_reader(db))
    assert sums.stock_account == sums.stock_value == 1_020_000
    assert sums.assets == sums.liabilities + sums.equity + sums.result
    assert sums.result == -250_000
    assert (await find_account(as_reader(db), "1130")).name_id == "Persediaan barang dagang"


async def test_visitors_and_members_do_not_see_the_books(
    visitor: Visitors, member_client: SignedInClient
) -> None:
    for path in ("", "/akun/1101", "/jurnal", "/jurnal/1", "/catat", "/ekspor.zip", "/tahun/2024/penutupan"):
        answer = await visitor("melati").get(BOOKS + path)
        assert (answer.status_code, answer.headers["location"][:6]) == (303, "/masuk")
        assert (await member_client.get(BOOKS + path)).status_code == 403


async def test_the_trial_balance_opens_every_figure(officer_client: SignedInClient) -> None:
    answer = await officer_client.get(BOOKS)
    assert answer.status_code == 200
    for href in set(re.findall(r'href="(/pengurus/buku/akun/[^"]+)"', answer.text)):
        assert (await officer_client.get(href)).status_code == 200
    assert "Rp1.020.000" in answer.text
    assert answer.text.count("Tidak cocok") == 0
    assert answer.text.count("Cocok") == 3
    lines = await officer_client.get(f"{BOOKS}/akun/3110?tahun=2026")
    assert "Sari Wulandari Melati" in lines.text
    journals = await officer_client.get(f"{BOOKS}/jurnal?tahun=2026")
    for href in set(re.findall(r'href="(/pengurus/buku/jurnal/\d+)"', journals.text)):
        assert (await officer_client.get(href)).status_code == 200


async def test_the_pages_speak_english_too(officer_client: SignedInClient) -> None:
    officer_client.client.cookies.set("bahasa", "en")
    assert "Merchandise stock" in (await officer_client.get(BOOKS)).text
    assert "Record a cost or an income" in (await officer_client.get(f"{BOOKS}/catat")).text


async def test_what_is_not_there_is_a_page_that_says_so(officer_client: SignedInClient) -> None:
    for path in ("/akun/9999", "/jurnal/99999", "/jurnal/99999999999999999999999", "/tahun/0/penutupan"):
        answer = await officer_client.get(BOOKS + path)
        assert (answer.status_code, "<html" in answer.text) == (404, True), path


async def test_long_accounts_come_in_pages(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        for _ in range(60):
            await record_manual_entry(db, SYSTEM, entry(amount=Rupiah(1)), today=TODAY)
    first = await officer_client.get(f"{BOOKS}/akun/6120?tahun=2026")
    second = await officer_client.get(f"{BOOKS}/akun/6120?tahun=2026&halaman=2")
    assert (first.text.count('<th scope="row">'), second.text.count('<th scope="row">')) == (50, 10)
    fragment = await officer_client.get(f"{BOOKS}/akun/6120?tahun=2026", headers={"hx-request": "true"})
    assert "<html" not in fragment.text


async def test_an_entry_is_shown_in_a_sentence_before_it_is_posted(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    form = await officer_client.get(f"{BOOKS}/catat")
    key = re.search(r'name="key" value="([^"]+)"', form.text)[1]
    sent = {
        "account": "6120",
        "amount": "Rp 250.000",
        "method": "bank",
        "on": "2026-03-01",
        "description": "<b>Listrik</b>",
        "key": key,
    }
    shown = await officer_client.post(f"{BOOKS}/catat/periksa", sent)
    assert shown.status_code == 200
    assert "Rp250.000 dari bank dibayarkan untuk sewa, listrik, air." in shown.text
    assert "<b>Listrik" not in shown.text
    assert "&lt;b&gt;Listrik" in shown.text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', shown.text)) | {
        "csrf": officer_client.csrf
    }
    hidden["description"] = "Listrik"
    for _ in range(2):
        done = await officer_client.post(f"{BOOKS}/catat", hidden)
        assert done.status_code == 303
    journal = await officer_client.get(done.headers["location"])
    assert "Listrik" in journal.text
    taken_back = await officer_client.post(f"{done.headers['location']}/pembalikan", {"reason": "keliru"})
    assert taken_back.status_code == 303
    assert "sudah dibalik oleh" in (await officer_client.get(done.headers["location"])).text
    async with coop_session(database, melati) as db:
        assert await queries.get_balance(db, "6120") == 0
        assert (
            await as_reader(db).value("SELECT count(*) FROM journals WHERE source_key LIKE 'manual:%'") == 1
        )


async def test_a_wrong_entry_comes_back_with_what_was_typed(officer_client: SignedInClient) -> None:
    sent = {
        "account": "4101",
        "amount": "1,5",
        "method": "cash",
        "on": "2026-03-01",
        "description": "Apa ini",
        "key": str(new_id()),
    }
    answer = await officer_client.post(f"{BOOKS}/catat/periksa", sent)
    assert answer.status_code == 422
    assert "pecahan rupiah" in answer.text
    assert 'value="Apa ini"' in answer.text
    answer = await officer_client.post(f"{BOOKS}/catat", sent | {"amount": "15"})
    assert (answer.status_code, "tidak dipakai untuk catatan tangan" in answer.text) == (422, True)


async def test_a_year_is_closed_from_its_page(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    asked = await officer_client.get(f"{BOOKS}/tahun/2025/penutupan")
    assert "tidak bisa dibatalkan" in asked.text
    closed = await officer_client.post(f"{BOOKS}/tahun/2025/penutupan")
    assert closed.headers["location"] == f"{BOOKS}?tahun=2025"
    assert "sudah ditutup" in (await officer_client.get(closed.headers["location"])).text
    assert (await officer_client.post(f"{BOOKS}/tahun/2026/penutupan")).status_code == 409
    async with coop_session(database, melati) as db:
        assert await get_closed_years(db) == {2025}


def rows_of(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))


async def test_the_export_holds_all_of_it_also_while_suspended(
    officer_client: SignedInClient, database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await record_manual_entry(db, SYSTEM, entry(description="=HYPERLINK(1)"), today=TODAY)
        total = await as_reader(db).value("SELECT sum(debit)::bigint FROM journal_lines")
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text("UPDATE shared.cooperatives SET status = 'suspended' WHERE slug = 'melati'")
        )
    invalidate_local(database, REGISTRY)
    answer = await officer_client.get(f"{BOOKS}/ekspor.zip")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == [
        "accounts.csv",
        "journals.csv",
        "lines.csv",
        "trial-balance-2026.csv",
    ]
    lines, journals = rows_of(archive, "lines.csv"), rows_of(archive, "journals.csv")
    assert sum(int(line["debit"]) for line in lines) == sum(int(line["credit"]) for line in lines) == total
    assert {line["journal"] for line in lines} == {journal["number"] for journal in journals}
    assert {line["member_number"] for line in lines} == {"", "0001", "0002"}
    assert journals[-1]["description"] == "'=HYPERLINK(1)"
    balance = rows_of(archive, "trial-balance-2026.csv")
    assert sum(int(each["closing"]) for each in balance) == 0
    assert len(rows_of(archive, "accounts.csv")) > 80
    assert "Mawar" not in answer.content.decode("latin-1")
