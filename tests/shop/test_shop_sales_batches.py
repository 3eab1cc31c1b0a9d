"""The steps of an import of past sales: what a batch reads, and what happens between two of them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import clock
from kernel.actor import SYSTEM
from kernel.database import Database, as_reader
from kernel.errors import DomainError
from ledger.close_year import close_year
from shop import record_past_sales
from shop.import_sales import SalesImport, import_sales
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

HEADER = "date,member_number,sku,quantity\n"
FILE = HEADER + "".join(f"2024-01-{day:02},000{member},BRS5,1\n" for day in range(1, 11) for member in (1, 2))
TABLES = (
    "journals",
    "journal_lines",
    "orders",
    "order_lines",
    "stock_movements",
    "staging_receipt_lines",
    "staging_sales",
)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.freeze_at(datetime(2026, 3, 2, 3, tzinfo=UTC)):
        yield


async def test_each_batch_reads_and_writes_as_much_as_the_one_before(
    database: Database, mawar: TenantRef
) -> None:
    """4,000 receipts in one transaction, where the planner has no statistics of the new rows."""
    lines = [
        f"20{year}-{month:02}-{day:02},000{member},BRS5,1\n"
        for year in range(16, 24)
        for month in range(1, 13)
        for day in range(1, 22)
        for member in (1, 2)
    ]
    counted = text(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), sum(n_tup_ins) FROM pg_stat_xact_user_tables"
        " WHERE schemaname = :name AND relname = ANY(:tables)"
    )
    touched: list[tuple[int, int]] = []
    work = SalesImport(SYSTEM)
    async with coop_session(database, mawar) as db:
        await work.check(db, HEADER + "".join(lines))

        async def so_far() -> tuple[int, int]:
            row = (await db.execute(counted, {"name": mawar.schema_name, "tables": list(TABLES)})).one()
            return int(row[0] or 0), int(row[1] or 0)

        for _ in range(12):
            before = await so_far()
            assert await work.record_batch(db)
            after = await so_far()
            touched.append((after[0] - before[0], after[1] - before[1]))
        await db.rollback()
    reads, writes = zip(*touched, strict=True)
    assert len(set(writes)) == 1
    assert max(reads[-3:]) <= 1.2 * max(reads[1:4])


async def test_what_changed_since_the_check_stops_it_and_the_next_run_tells_the_lines(
    database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The year is closed in the middle; what came in before stays."""
    monkeypatch.setattr(record_past_sales, "BATCH_SIZE", 6)
    work = SalesImport(SYSTEM)
    async with coop_session(database, melati) as db:
        assert (await work.check(db, FILE))[1].imported == 20
    async with coop_session(database, melati) as db:
        assert await work.record_batch(db) == (6, 20)
    async with coop_session(database, melati) as db:
        await close_year(db, SYSTEM, 2024)
    with pytest.raises(DomainError, match="2024 is closed"):
        async with coop_session(database, melati) as db:
            await work.record_batch(db)
    async with coop_reader(database, melati) as ro:
        assert await ro.value("SELECT count(*) FROM orders WHERE source = 'import'") == 6
    async with coop_session(database, melati) as db:
        report = (await import_sales(db, SYSTEM, FILE))[1]
    assert (report.imported, len(report.rejected)) == (0, 20)


async def test_a_receipt_that_somebody_recorded_since_the_check_is_not_recorded_twice(
    database: Database, melati: TenantRef
) -> None:
    work = SalesImport(SYSTEM)
    async with coop_session(database, melati) as db:
        await work.check(db, FILE)
    async with coop_session(database, melati) as db:
        assert (await import_sales(db, SYSTEM, HEADER + "2024-01-03,0001,BRS5,1\n"))[1].imported == 1
    with pytest.raises(DomainError, match="Since this file was checked"):
        async with coop_session(database, melati) as db:
            await work.record_batch(db)
    async with coop_session(database, melati) as db:
        report = (await import_sales(db, SYSTEM, FILE))[1]
    assert (report.imported, report.unchanged) == (19, 1)


async def test_prices_are_those_of_the_check(
    database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_past_sales, "BATCH_SIZE", 6)
    work = SalesImport(SYSTEM)
    async with coop_session(database, melati) as db:
        await work.check(db, FILE)
    for rise in (0, 500, 500, 500):
        async with coop_session(database, melati) as db:
            await db.execute(text("UPDATE products SET price = price + :rise"), {"rise": rise})
            await work.record_batch(db)
    async with coop_reader(database, melati) as ro:
        assert await ro.value("SELECT array_agg(DISTINCT total) FROM orders WHERE source = 'import'") == [
            75_000
        ]


async def test_the_staging_tables_are_empty_afterwards_taken_or_not(db: AsyncSession) -> None:
    for file in (FILE, HEADER + "2024-01-03,9999,BRS5,1\n"):
        await import_sales(db, SYSTEM, file)
        ro = as_reader(db)
        for table in ("staging_sales", "staging_receipt_lines"):
            assert await ro.value(f"SELECT count(*) FROM {table}") == 0


async def test_sums_beyond_what_the_books_can_hold_keep_their_line_out(db: AsyncSession) -> None:
    await db.execute(text("UPDATE products SET price = 999999999 WHERE sku = 'BRS5'"))
    lines = ("1,0001,BRS5,600000", "2,0001,BRS5,600000", "3,0001,BRS5,300000")
    report = (
        await import_sales(
            db, SYSTEM, HEADER + "".join(f"2024-01-0{line}\n" for line in lines), skip_bad=True
        )
    )[1]
    assert (report.imported, [bad.line for bad in report.rejected]) == (2, [3])
