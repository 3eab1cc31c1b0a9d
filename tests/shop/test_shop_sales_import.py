"""Importing past cash sales."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Update, update
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import clock
from kernel.actor import SYSTEM
from kernel.csv_files import render_rejected_csv
from kernel.database import Database, Reader, as_reader
from kernel.file_import import ImportReport
from ledger import queries, year_queries
from ledger.close_year import close_year
from ledger.report_queries import get_control_totals
from shop import record_past_sales
from shop.import_sales import import_sales
from shop.models import Product
from tenants.registry import TenantRef
from tenants.session import coop_session

HEADER = "date,member_number,sku,quantity\n"
# Of the template: BRS5 costs 70,000 and sells for 75,000, MYK1 16,000 and 18,000.
GOOD = HEADER + (
    "2024-01-05,0001,BRS5,2\n"
    "2024-01-05,0001,MYK1,1\n"
    "2024-01-05,0002,MYK1,3\n"
    "06/01/2024,0001,BRS5,1\n"
    "2024-01-05,0001,BRS5,1\n"
)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.freeze_at(datetime(2026, 3, 2, 3, tzinfo=UTC)):
        yield


async def take(db: AsyncSession, content: str, **options: Any) -> ImportReport:
    return (await import_sales(db, SYSTEM, content, **options))[1]


def reasons_by_line(report: ImportReport) -> dict[int, str]:
    return {bad.line: str(bad.reason) for bad in report.rejected}


async def orders(ro: Reader) -> list[tuple[object, ...]]:
    records = await ro.records(
        "SELECT o.checkout_key, m.number, o.total, o.status, o.payment_method, o.placed_at, "
        "o.handed_over_at, o.sale_journal,"
        " (SELECT string_agg(p.sku || ' ' || l.quantity || ' ' || l.amount || ' ' || l.cost, ', ' "
        "ORDER BY l.line)"
        " FROM order_lines l JOIN products p ON p.id = l.product_id WHERE l.order_id = o.id) AS lines"
        " FROM orders o JOIN members m ON m.id = o.member_id WHERE o.source = 'import' ORDER BY o.number"
    )
    return [tuple(record) for record in records]


async def test_a_member_and_a_day_make_one_receipt(db: AsyncSession, ro: Reader) -> None:
    report = await take(db, GOOD)
    assert (report.imported, report.unchanged, report.rejected) == (5, 0, [])
    found = await orders(ro)
    assert [(key, total, lines) for key, _, total, *_, lines in found] == [
        ("sales-import:2024-01-05:0001", 243_000, "BRS5 3 225000 210000, MYK1 1 18000 16000"),
        ("sales-import:2024-01-05:0002", 54_000, "MYK1 3 54000 48000"),
        ("sales-import:2024-01-06:0001", 75_000, "BRS5 1 75000 70000"),
    ]
    noon = datetime(2024, 1, 5, 5, tzinfo=UTC)  # 12.00 WIB
    assert found[0][3:7] == ("handed_over", "cash", noon, noon)


async def test_it_posts_the_sale_and_the_purchase_that_supplied_it(db: AsyncSession, ro: Reader) -> None:
    cash, stock = await queries.get_balance(db, "1101"), await queries.get_balance(db, "1130")
    await take(db, GOOD)
    number = (await orders(ro))[0][7]
    sale = await queries.find_journal(db, number)
    assert (sale.source_key, sale.value_date) == ("sales-import:2024-01-05:0001", date(2024, 1, 5))
    assert [
        (line.account, line.debit, line.credit) for line in await queries.list_journal_lines(db, number)
    ] == [
        ("1101", 243_000, 0),
        ("4101", 0, 243_000),
        ("5101", 226_000, 0),
        ("1130", 0, 226_000),
    ]
    bought = await queries.find_journal_number(db, "purchase-of-sales-import:2024-01-05:0001")
    assert [
        (line.account, line.debit, line.credit) for line in await queries.list_journal_lines(db, bought)
    ] == [
        ("1130", 226_000, 0),
        ("1101", 0, 226_000),
    ]
    assert await queries.get_balance(db, "1101") == cash + 372_000 - 344_000
    assert await queries.get_balance(db, "1130") == stock
    assert await year_queries.get_surplus(ro, 2024) == 28_000
    first = await ro.value("SELECT id FROM members WHERE number = '0001'")
    assert await queries.get_balance(db, "4101", first) == 318_000


async def test_stock_stays_as_counted_and_the_stock_book_tells_both_ways(
    db: AsyncSession, ro: Reader
) -> None:
    counted = "SELECT sku, stock, reserved, stock_value FROM products ORDER BY sku"
    before = await ro.records(counted)
    await take(db, GOOD)
    assert await ro.records(counted) == before
    sums = await get_control_totals(ro)
    assert sums.stock_account == sums.stock_value
    moved = await ro.records(
        "SELECT m.kind, m.quantity, m.value, m.on_date FROM stock_movements m JOIN products p ON p.id "
        "= m.product_id"
        " WHERE p.sku = 'BRS5' AND m.source_key LIKE 'sales-import:%' ORDER BY m.id"
    )
    day, next_day = date(2024, 1, 5), date(2024, 1, 6)
    assert [tuple(record) for record in moved] == [
        ("purchase", 3, 210_000, day),
        ("sale", -3, -210_000, day),
        ("purchase", 1, 70_000, next_day),
        ("sale", -1, -70_000, next_day),
    ]


async def test_the_same_file_twice_changes_nothing_the_second_time(db: AsyncSession, ro: Reader) -> None:
    await take(db, GOOD)
    journals, sold = await ro.value("SELECT count(*) FROM journals"), await orders(ro)
    await db.execute(past_sales_price_rise())  # what was sold is not sold again at another price
    again = await take(db, GOOD)
    assert (again.imported, again.unchanged, again.rejected) == (0, 5, [])
    assert await ro.value("SELECT count(*) FROM journals") == journals
    assert await orders(ro) == sold


def past_sales_price_rise() -> Update:
    return update(Product).values(price=Product.price + 500)


BAD = HEADER + (
    "2024-01-05,0001,BRS5,2\n"  # 2
    "2026-03-03,0001,BRS5,1\n"
    "2024-02-30,0001,BRS5,1\n"
    "2024-01-05,9999,BRS5,1\n"
    "2024-01-05,0001,NOPE,1\n"
    "2024-01-05,0001,MYK1,0\n"
    "2024-01-05,0001,MYK1,-1\n"
    "2024-01-05,0001,MYK1,1.5\n"
    "2024-01-05,0001,MYK1\n"
    ",0001,MYK1,1\n"
    "2024-01-05,,MYK1,1\n"
    "2024-01-05,0001,,1\n"
    "2024-01-05,0001,MYK1,\n"
    "0224-01-05,0001,MYK1,1\n"
    "2025-01-05,0001,MYK1,1\n"  # 16: closed below
)
REASONS = {
    3: "3 March 2026 is still to come.",
    4: "Column date: “2024-02-30” is not a date. Write it like 24/11/2026 or 2026-11-24.",
    5: "There is no member with the number 9999.",
    6: "There is no product with the code NOPE.",
    7: "The quantity must be from 1 to 1000000, not 0.",
    8: "The quantity must be from 1 to 1000000, not -1.",
    9: "Column quantity: “1.5” is not a whole number. Write it like 1.250 or 1250.",
    10: "This line has 3 cells, it should have 4.",
    11: "The column date is empty.",
    12: "The column member_number is empty.",
    13: "The column sku is empty.",
    14: "The column quantity is empty.",
    15: "The year 224 is too long ago. Check its figures.",
    16: "The book year 2025 is closed and takes no more entries.",
}


async def test_every_bad_line_is_listed_and_nothing_is_taken(db: AsyncSession, ro: Reader) -> None:
    await close_year(db, SYSTEM, 2025)
    report = await take(db, BAD)
    assert reasons_by_line(report) == REASONS
    assert report.imported == 0
    assert await orders(ro) == []


async def test_bad_lines_can_be_skipped_mended_and_sent_after(db: AsyncSession, ro: Reader) -> None:
    file, report = await import_sales(db, SYSTEM, BAD, skip_bad=True)
    assert (report.imported, len(report.rejected)) == (2, 13)
    mended = render_rejected_csv(
        file, {bad.line: str(bad.reason) for bad in report.rejected if bad.line == 6}
    )
    mended = mended.replace("NOPE", "MYK1")
    after = await take(db, mended)
    assert (after.imported, after.rejected) == (1, [])
    assert [(key, lines) for key, *_, lines in await orders(ro)] == [
        ("sales-import:2024-01-05:0001", "BRS5 2 150000 140000"),
        ("sales-import:2025-01-05:0001", "MYK1 1 18000 16000"),
        ("sales-import+1:2024-01-05:0001", "MYK1 1 18000 16000"),
    ]
    assert (await take(db, mended)).unchanged == 1
    whole = await take(db, HEADER + "2024-01-05,0001,BRS5,2\n2024-01-05,0001,MYK1,1\n")
    assert (whole.imported, whole.unchanged, whole.rejected) == (0, 2, [])
    assert await queries.find_journal_number(db, "sales-import+1:2024-01-05:0001") is not None


async def test_another_quantity_of_what_is_recorded_is_refused(db: AsyncSession, ro: Reader) -> None:
    await take(db, GOOD)
    report = await take(
        db, HEADER + "2024-01-05,0001,BRS5,1\n2024-01-05,0001,BRS5,1\n2024-01-05,0002,MYK1,3\n"
    )
    assert (report.imported, report.unchanged, [bad.line for bad in report.rejected]) == (0, 1, [2, 3])
    assert reasons_by_line(report)[2] == (
        "The sale of BRS5 to member 0001 on 5 January 2024 is on record with quantity 3, the file says 2."
        " Return that sale in the shop, or mend the file."
    )


async def test_a_sale_before_the_joining_date_is_taken(db: AsyncSession) -> None:
    """Member 0001 of the template joined on 1 May 2024."""
    assert (await take(db, HEADER + "2023-12-31,0001,BRS5,1\n")).imported == 1


async def test_goods_that_cost_or_earn_nothing_are_not_posted(db: AsyncSession, ro: Reader) -> None:
    await db.execute(update(Product).where(Product.sku == "MYK1").values(price=0, cost=0))
    journals = await ro.value("SELECT count(*) FROM journals")
    assert (await take(db, HEADER + "2024-01-05,0001,MYK1,2\n")).imported == 1
    assert await ro.value("SELECT count(*) FROM journals") == journals
    assert [(total, journal) for _, _, total, *_, journal, _ in await orders(ro)] == [(0, None)]


async def test_what_breaks_off_half_way_leaves_nothing(
    database: Database, melati: TenantRef, mawar: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unplugged(Exception):
        pass

    monkeypatch.setattr(record_past_sales, "BATCH_SIZE", 1)
    seen: list[tuple[int, int]] = []

    def unplug(done: int, total: int) -> None:
        seen.append((done, total))
        if done >= 3:
            raise Unplugged

    with pytest.raises(Unplugged):
        async with coop_session(database, melati) as db:
            await import_sales(db, SYSTEM, GOOD, on_progress=unplug)
    assert seen == [(2, 4), (3, 4)]
    for tenant in (melati, mawar):
        async with coop_session(database, tenant) as db:
            ro = as_reader(db)
            assert await orders(ro) == []
            assert await ro.value("SELECT count(*) FROM journals WHERE source_key LIKE '%sales-import%'") == 0
    async with coop_session(database, melati) as db:
        assert (await take(db, GOOD)).imported == 5


async def test_the_same_file_sent_by_two_at_once_counts_once(database: Database, melati: TenantRef) -> None:
    async def send() -> tuple[int, int]:
        async with coop_session(database, melati) as db:
            report = await take(db, GOOD)
            return report.imported, report.unchanged

    assert sorted(await asyncio.gather(send(), send(), send())) == [(0, 5), (0, 5), (5, 0)]
    async with coop_session(database, melati) as db:
        assert len(await orders(as_reader(db))) == 3
