"""The rows that a posting reads do not grow with the ledger: neither for a till on a warm connection nor for
a batch of an import.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text

from kernel.database import Database
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journals
from ledger.chart import CASH
from tenants.registry import TenantRef
from tenants.session import coop_session

DAY = date(2026, 3, 2)
JOURNALS = 25_000
# From its sixth call on a connection may use one plan for all parameters.
CALLS = 8


# Lines that are in the ledger already; inserted as the owner, without triggers.
FILL = f"""
INSERT INTO journals (number, value_date, description, source_key, posted_by)
SELECT last_number + n, DATE '2025-01-01' + n % 365, 'x', 'old:' || n, 'x' FROM journal_counter,
generate_series(1, {JOURNALS}) n;
INSERT INTO journal_lines (journal, line, value_date, account, party, debit, credit, balance)
SELECT number, side, value_date, CASE side WHEN 1 THEN '1101' ELSE '4201' END, NULL, 5 * (2 - side), 5 * (side
    - 1), 5
FROM journals, generate_series(1, 2) side WHERE source_key LIKE 'old:%';
UPDATE journal_counter SET last_number = last_number + {JOURNALS}
"""
ANALYZE = "ANALYZE journals, journal_lines, balances, journal_counter"


async def fill_ledger(database: Database, tenant: TenantRef, *after: str) -> None:
    """Insert 50,000 lines into the ledger of ``tenant``."""
    async with database.owner_engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(f"SET LOCAL search_path = {tenant.schema_name}"))
        for statement in (*FILL.split(";"), *after):
            await connection.execute(text(statement))


async def rows_read(database: Database, tenant: TenantRef) -> int:
    """Return how many rows and index entries of the ledger were ever read, by the server's statistics."""
    statement = text(
        "SELECT (SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables WHERE schemaname = :name"
        " AND relname IN ('journals', 'journal_lines'))"
        " + (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes WHERE schemaname = :name"
        " AND relname IN ('journals', 'journal_lines'))"
    )
    async with database.owner_engine.connect() as connection:
        return int((await connection.execute(statement, {"name": tenant.schema_name})).scalar_one())


async def post_and_flush(database: Database, tenant: TenantRef, journals: Sequence[Journal]) -> None:
    async with coop_session(database, tenant) as db:
        await post_journals(db, journals, by="t")
        await db.execute(text("SELECT pg_stat_force_next_flush()"))


def sale(key: str) -> Journal:
    lines = [JournalLine.to_debit(CASH, Rupiah(500)), JournalLine.to_credit("4201", Rupiah(500))]
    return Journal(DAY, "Penjualan", key, lines)


async def test_a_till_on_a_warm_connection_reads_only_what_it_writes(
    database: Database, melati: TenantRef
) -> None:
    await fill_ledger(database, melati, ANALYZE)
    for at in range(CALLS):
        await post_and_flush(database, melati, [sale(f"warm:{at}")])
    before = await rows_read(database, melati)
    await post_and_flush(database, melati, [sale("last")])
    assert await rows_read(database, melati) - before < 100


async def test_a_connection_that_knew_small_books_reads_no_more_of_large_ones(
    database: Database, melati: TenantRef
) -> None:
    """A plan from when the table had one page is kept; the statistics do not know later rows."""
    for at in range(CALLS):
        await post_and_flush(database, melati, [sale(f"warm:{at}")])
    await fill_ledger(database, melati)
    before = await rows_read(database, melati)
    await post_and_flush(database, melati, [sale("last"), sale("last but one")])
    await post_and_flush(database, melati, [sale("last")])
    assert await rows_read(database, melati) - before < 100


async def test_each_batch_of_a_file_reads_as_much_as_the_one_before(
    database: Database, mawar: TenantRef
) -> None:
    """In one transaction, as pages import: the planner does not know the rows that it wrote."""
    counted = text(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        " WHERE schemaname = :name AND relname IN ('journals', 'journal_lines')"
    )
    reads: list[int] = []
    async with coop_session(database, mawar) as db:
        for batch in range(8):
            before = int((await db.execute(counted, {"name": mawar.schema_name})).scalar_one() or 0)
            await post_journals(db, [sale(f"batch:{batch}:{at}") for at in range(200)], by="t")
            reads.append(int((await db.execute(counted, {"name": mawar.schema_name})).scalar_one()) - before)
    assert reads[-1] <= max(reads[:2])
