"""Large files are imported in batches: tills sell between two batches, and the same command resumes a killed
import.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text

from factories.processes import clean_environment
from kernel.database import Database, libpq_url
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.report_queries import get_control_totals
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

PLATFORM = Path(__file__).parents[2] / "platform"
DAYS = 700
# Each day's receipts of both members are for rice; only those of the last day name oil, which the tests lock.
SALES = "date,member_number,sku,quantity\n" + "".join(
    f"{date(2023, 1, 1) + timedelta(day)},{member},{'BRS5' if day < DAYS - 1 else 'MYK1'},1\n"
    for day in range(DAYS)
    for member in ("0001", "0002")
)
MEMBERS = (
    "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\n"
    + "".join(f"{9000 + at},Anggota Contoh {at},L,,2023-05-23,100000,{at},0\n" for at in range(2_500))
)


async def start(database: Database, *arguments: str | Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "commands.main", *map(str, arguments)),
        env=clean_environment()
        | {
            "PYTHONPATH": str(PLATFORM),
            "LUMBUNG_DATABASE_URL": libpq_url(database.owner_url),
            "LUMBUNG_LANG": "en",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@contextlib.asynccontextmanager
async def interrupted_midway(
    database: Database, tenant: TenantRef, hold: str, committed: str, *arguments: str | Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a command, and stop it after it has committed something and waits for what ``hold`` locks."""
    async with database.owner_engine.begin() as connection:
        await connection.execute(text(f"SET LOCAL search_path = {tenant.schema_name}"))
        await connection.execute(text(hold))
        process = await start(database, *arguments)
        try:
            async with asyncio.timeout(60):
                while not (await connection.execute(text(committed))).scalar_one():
                    assert process.returncode is None, await process.communicate()
                    await asyncio.sleep(0.02)
                while not (
                    await connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
                ).scalar_one():
                    assert process.returncode is None, await process.communicate()
                    await asyncio.sleep(0.02)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


HOLD_OIL = "SELECT id FROM products WHERE sku = 'MYK1' FOR UPDATE"
SOLD = "SELECT count(*) FROM orders WHERE source = 'import'"


async def run(database: Database, *arguments: str | Path) -> dict[str, object]:
    process = await start(database, *arguments, "--json")
    out, err = await process.communicate()
    assert process.returncode == 0, err
    found: dict[str, object] = json.loads(out)
    return found


async def test_a_till_sells_between_two_batches(
    database: Database, melati: TenantRef, tmp_path: Path
) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    async with interrupted_midway(
        database, melati, HOLD_OIL, SOLD, "sales", "import", "melati", path
    ) as process:
        async with coop_session(database, melati) as db:
            lines = [JournalLine.to_debit("1101", Rupiah(500)), JournalLine.to_credit("4201", Rupiah(500))]
            sold = await post_journal(db, Journal(date(2026, 3, 2), "Penjualan", "till", lines), by="t")
        assert process.returncode is None
    done = await run(database, "sales", "import", "melati", path)
    assert (done["rejected"], int(str(done["imported"])) > 0, int(str(done["unchanged"])) > 0) == (
        [],
        True,
        True,
    )
    async with coop_reader(database, melati) as ro:
        sides = await ro.records(
            "SELECT number > $1 AS after, count(*) FROM journals WHERE source_key LIKE "
            "'%sales-import%' GROUP BY 1",
            sold.number,
        )
    assert {record["after"] for record in sides} == {True, False}


async def test_an_import_of_sales_that_is_killed_is_continued_by_giving_it_again(
    database: Database, melati: TenantRef, mawar: TenantRef, tmp_path: Path
) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    async with interrupted_midway(
        database, melati, HOLD_OIL, SOLD, "sales", "import", "melati", path
    ) as process:
        os.kill(process.pid, 9)
        await process.wait()
    async with coop_reader(database, melati) as ro:
        before = await ro.value(SOLD)
    assert 0 < before < 2 * DAYS
    done = await run(database, "sales", "import", "melati", path)
    assert done == {"imported": 2 * DAYS - before, "unchanged": before, "rejected": []}
    assert (await run(database, "sales", "import", "mawar", path))["imported"] == 2 * DAYS
    params = (
        "SELECT o.checkout_key, o.total, (SELECT count(*) FROM order_lines l WHERE l.order_id = o.id),"
        " (SELECT count(*) FROM stock_movements m WHERE m.source_key = o.checkout_key),"
        " (SELECT count(*) FROM journals j WHERE j.source_key IN (o.checkout_key, 'purchase-of-' || "
        "o.checkout_key))"
        " FROM orders o WHERE o.source = 'import' ORDER BY o.checkout_key"
    )
    found = {}
    for tenant in (melati, mawar):
        async with coop_reader(database, tenant) as ro:
            found[tenant.slug] = [tuple(record) for record in await ro.records(params)]
            sums = await get_control_totals(ro)
            assert sums.stock_account == sums.stock_value
            assert await ro.value("SELECT count(*) FROM journals") == await ro.value(
                "SELECT max(number) FROM journals"
            )
    assert len(found["melati"]) == 2 * DAYS
    assert found["melati"] == found["mawar"]  # the other cooperative's import ran in one go


async def test_an_import_of_members_that_is_killed_is_continued_by_giving_it_again(
    database: Database, melati: TenantRef, tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    path.write_text(MEMBERS)
    # another transaction is inserting the last line's number and has not committed
    hold = (
        "INSERT INTO members (id, number, name, status) VALUES (gen_random_uuid(), '11499', 'Lain', 'active')"
    )
    count = "SELECT count(*) FROM members WHERE number LIKE '9___' OR number LIKE '1____'"
    arguments = ("members", "import", "melati", path, "--as-of", "2026-01-01")
    async with interrupted_midway(database, melati, hold, f"SELECT ({count}) > 1", *arguments) as process:
        os.kill(process.pid, 9)
        await process.wait()
        await asyncio.sleep(0)
    async with database.owner_engine.begin() as connection:
        await connection.execute(text(f"DELETE FROM {melati.schema_name}.members WHERE name = 'Lain'"))
    async with coop_reader(database, melati) as ro:
        before = await ro.value(count)
    assert 0 < before < 2_500
    done = await run(database, *arguments)
    assert done == {"imported": 2_500 - before, "unchanged": before, "rejected": []}
    async with coop_reader(database, melati) as ro:
        saved = await ro.records(
            "SELECT count(*), count(DISTINCT m.number), sum(b.balance)::bigint FROM members m"
            " LEFT JOIN balances b ON b.party = m.id AND b.account = '3110' WHERE m.name LIKE 'Anggota "
            "Contoh%'"
        )
    assert tuple(saved[0]) == (2_500, 2_500, 250_000_000)
