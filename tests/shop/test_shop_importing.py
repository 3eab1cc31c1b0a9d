"""Importing a list of goods."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import clock
from kernel.actor import SYSTEM
from kernel.csv_files import render_rejected_csv
from kernel.database import Database, Reader, as_reader
from kernel.errors import DomainError
from kernel.file_import import ImportReport
from kernel.formats import rupiah
from ledger import queries
from ledger.close_year import close_year
from ledger.report_queries import get_control_totals
from shop.import_products import import_products
from tenants.registry import TenantRef
from tenants.session import coop_session

HEADER = "sku,barcode,name,category,unit,cost,price,stock\n"
GOOD = (
    HEADER + "T1,899,Teh melati,Minuman,Pak,9000,12500,20\nS1,,Sabun "
    "sereh,,,0,4500,3\nK1,,Kopi,minuman,Pcs,1000,900,\n"
)
AS_OF = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.freeze_at(datetime(2026, 3, 2, 3, tzinfo=UTC)):
        yield


async def take(db: AsyncSession, content: str, **options: Any) -> ImportReport:
    report = (await import_products(db, SYSTEM, content, as_of=options.pop("as_of", AS_OF), **options))[1]
    await db.flush()
    return report


def reasons_by_line(report: ImportReport) -> dict[int, str]:
    return {bad.line: str(bad.reason) for bad in report.rejected}


async def product(ro: Reader, sku: str) -> asyncpg.Record:
    return (
        await ro.records(
            "SELECT p.name, p.barcode, p.unit, p.cost, p.price, p.stock, p.stock_value, c.name AS category"
            " FROM products p LEFT JOIN categories c ON c.id = p.category_id WHERE p.sku = $1",
            sku,
        )
    )[0]


async def test_goods_come_with_their_category_and_their_stock_at_cost(db: AsyncSession, ro: Reader) -> None:
    before = await queries.get_balance(db, "1130")
    report = await take(db, GOOD)
    assert (report.imported, report.unchanged, report.rejected) == (3, 0, [])
    assert tuple(await product(ro, "T1")) == (
        "Teh melati",
        "899",
        "Pak",
        9_000,
        12_500,
        20,
        180_000,
        "Minuman",
    )
    assert tuple(await product(ro, "S1")) == ("Sabun sereh", "", "Pcs", 0, 4_500, 3, 0, None)
    assert tuple(await product(ro, "K1")) == ("Kopi", "", "Pcs", 1_000, 900, 0, 0, "Minuman")
    assert await queries.get_balance(db, "1130") == before + 180_000
    sums = await get_control_totals(ro)
    assert sums.stock_account == sums.stock_value
    movements = await ro.records(
        "SELECT m.kind, m.quantity, m.value, m.on_date FROM stock_movements m JOIN products p ON p.id "
        "= m.product_id"
        " WHERE p.sku = ANY($1) ORDER BY p.sku",
        ["T1", "S1", "K1"],
    )
    assert [tuple(record) for record in movements] == [
        ("opening", 3, 0, AS_OF),
        ("opening", 20, 180_000, AS_OF),
    ]
    journal = (await queries.list_journals(ro, limit=1))[0]
    assert (journal.value_date, journal.source_key.split(":")[0]) == (AS_OF, "products-import")
    lines = [
        (line.account, line.debit, line.credit)
        for line in await queries.list_journal_lines(db, journal.number)
    ]
    assert lines == [("1130", 180_000, 0), ("3190", 0, 180_000)]


async def test_the_same_file_twice_changes_nothing_the_second_time(db: AsyncSession, ro: Reader) -> None:
    await take(db, GOOD)
    journals, audited = (
        await ro.value("SELECT count(*) FROM journals"),
        await ro.value("SELECT count(*) FROM audit_entries"),
    )
    again = await take(db, GOOD)
    assert (again.imported, again.unchanged, again.rejected) == (0, 3, [])
    assert await ro.value("SELECT count(*) FROM journals") == journals
    assert await ro.value("SELECT count(*) FROM audit_entries") == audited


@pytest.mark.parametrize(
    "manner",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(",", ";"),
        lambda text: text.replace("9000,12500", "Rp 9.000,12.500"),
        lambda text: text.replace("9000,12500", '"Rp9.000,00","12.500,-"'),
    ],
)
async def test_the_manner_of_the_file_makes_no_difference(
    db: AsyncSession, manner: Callable[[str], str]
) -> None:
    await take(db, GOOD)
    assert (await take(db, manner(GOOD))).unchanged == 3


async def test_a_changed_line_is_updated_and_its_stock_left_alone(db: AsyncSession, ro: Reader) -> None:
    await take(db, GOOD)
    report = await take(db, HEADER + "T1,8990,Teh melati tubruk,Teh,Pak,9500,13000,20\n")
    assert (report.imported, report.unchanged, report.rejected) == (1, 0, [])
    assert tuple(await product(ro, "T1")) == (
        "Teh melati tubruk",
        "8990",
        "Pak",
        9_500,
        13_000,
        20,
        180_000,
        "Teh",
    )
    assert (await take(db, HEADER + "T1,8990,Teh melati tubruk,,Pak,9500,13000,20\n")).imported == 1
    assert (await product(ro, "T1"))["category"] is None


async def test_a_changed_opening_stock_points_to_the_stock_count(db: AsyncSession, ro: Reader) -> None:
    await take(db, GOOD)
    report = await take(db, GOOD.replace("12500,20", "12500,25"))
    assert (report.imported, report.unchanged) == (0, 2)
    assert "stock count" in reasons_by_line(report)[2]
    assert (await product(ro, "T1"))["stock"] == 20


BAD = HEADER + (
    "B1,,Baik,,Pcs,100,200,1\n"  # 2
    ",,Tanpa kode,,Pcs,100,200,1\n"
    "B2,,,,Pcs,100,200,1\n"
    'B3,,Pecahan,,Pcs,"100,5",200,1\n'
    "B4,,Minus,,Pcs,100,-200,1\n"
    "B5,,Stok minus,,Pcs,100,200,-1\n"
    "B6,,Stok setengah,,Pcs,100,200,1.5\n"
    "B7,,Kurang,,Pcs,100,200\n"
    "B1,,Baik,,Pcs,100,200,1\n"  # 10: the same again
    "B1,,Baik,,Pcs,100,250,1\n"
    "a b,,Spasi,,Pcs,100,200,1\n"
    "B8,,Kosong,,Pcs,,200,1\n"
    "B9,,Raksasa,,Pcs,999999999999999,200,2\n"
)
REASONS = {
    3: "The column sku is empty.",
    4: "The column name is empty.",
    5: "Column cost: “100,5” has a fraction of a rupiah. Write whole rupiah.",
    6: "Column price: The amount cannot be below zero: “-200”.",
    7: "The stock must be from 0 to 10000000, not -1.",
    8: "Column stock: “1.5” is not a whole number. Write it like 1.250 or 1250.",
    9: "This line has 7 cells, it should have 8.",
    11: "SKU B1 stands on line 2 already, with other content. Remove one of the two.",
    12: "A product code is made of letters, digits, dots and dashes; at most 40. Example: B0012.",
    13: "The column cost is empty.",
    14: "Up to this line the amounts add up to more than Rp999,999,999,999,999. Check the figures.",
}


async def test_every_bad_line_is_listed_and_nothing_is_taken(db: AsyncSession, ro: Reader) -> None:
    before = await ro.value("SELECT count(*) FROM products")
    report = await take(db, BAD)
    assert reasons_by_line(report) == REASONS
    assert (report.imported, report.unchanged) == (0, 1)
    assert await ro.value("SELECT count(*) FROM products") == before


async def test_bad_lines_can_be_skipped_and_mended(db: AsyncSession, ro: Reader) -> None:
    file, report = await import_products(db, SYSTEM, BAD, as_of=AS_OF, skip_bad=True)
    assert (report.imported, report.unchanged, len(report.rejected)) == (1, 1, 11)
    assert (await product(ro, "B1"))["price"] == 200
    mended = render_rejected_csv(file, reasons_by_line(report))
    assert mended.splitlines()[0] == "sku,barcode,name,category,unit,cost,price,stock,reason"
    only = "\n".join(
        [mended.splitlines()[0], next(line for line in mended.splitlines() if line.startswith("B4"))]
    )
    assert (await take(db, only.replace("-200", "200"))).imported == 1


async def test_two_goods_may_share_a_bar_code_and_cost_more_than_they_sell_for(db: AsyncSession) -> None:
    report = await take(db, HEADER + "X1,955,A,,Pcs,500,400,0\nX2,955,B,,Pcs,0,400,7\n")
    assert (report.imported, report.rejected) == (2, [])


async def test_new_categories_are_made_once_each_with_an_address_of_its_own(
    db: AsyncSession, ro: Reader
) -> None:
    await take(
        db,
        HEADER + "C1,,A,Sabun Mandi,,1,2,0\nC2,,B,sabun "
        "mandi,,1,2,0\nC3,,C,Sabun-Mandi,,1,2,0\nC4,,D,SEMBAKO,,1,2,0\n",
    )
    found = await ro.records("SELECT name, slug FROM categories ORDER BY slug")
    assert [tuple(record) for record in found] == [
        ("Sabun Mandi", "sabun-mandi"),
        ("Sabun-Mandi", "sabun-mandi-2"),
        ("Sembako", "sembako"),
    ]


async def test_the_date_must_have_come_and_its_year_be_open(db: AsyncSession) -> None:
    with pytest.raises(DomainError, match="still to come"):
        await take(db, GOOD, as_of=date(2026, 3, 3))
    await close_year(db, SYSTEM, 2025)
    with pytest.raises(DomainError, match="2025 is closed"):
        await take(db, GOOD, as_of=date(2025, 12, 31))


async def test_what_breaks_off_half_way_leaves_nothing(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    class Unplugged(Exception):
        pass

    async def counted(tenant: TenantRef) -> list[int]:
        async with coop_session(database, tenant) as db:
            sql = text(
                "SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM stock_movements), "
                "(SELECT count(*) FROM categories),"
                " (SELECT count(*) FROM journals)"
            )
            return list((await db.execute(sql)).one())

    before, others = await counted(melati), await counted(mawar)

    def unplug(done: int, total: int) -> None:
        raise Unplugged

    with pytest.raises(Unplugged):
        async with coop_session(database, melati) as db:
            await import_products(db, SYSTEM, GOOD, as_of=AS_OF, on_progress=unplug)
    assert await counted(melati) == before
    async with coop_session(database, melati) as db:
        assert (await take(db, GOOD)).imported == 3
    assert await counted(melati) != before
    assert await counted(mawar) == others


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=st.lists(st.integers(0, 10**12), min_size=1, max_size=5),
    manner=st.sampled_from([str, rupiah, lambda n: f"Rp {n:,}".replace(",", "."), lambda n: f"{n},00"]),
)
async def test_money_goes_in_and_comes_out_to_the_rupiah(
    rollback_database: Database, melati: TenantRef, amounts: list[int], manner: Callable[[int], str]
) -> None:
    lines = "".join(
        f"H{at};;Barang;;Pcs;{manner(amount)};{manner(amount)};2\n" for at, amount in enumerate(amounts)
    )
    async with coop_session(rollback_database, melati) as db:
        transaction = await db.begin_nested()
        report = await take(db, HEADER.replace(",", ";") + lines)
        assert report.rejected == []
        found = await as_reader(db).records(
            "SELECT cost, price, stock_value FROM products WHERE sku ~ '^H[0-9]$' ORDER BY sku"
        )
        assert [tuple(record) for record in found] == [(amount, amount, 2 * amount) for amount in amounts]
        await transaction.rollback()
