"""Imports of large registers and sales files by the command: lines per second, memory, and how long a till
waits meanwhile.

PYTHONPATH=tests .venv/bin/python -m bench.imports_at_size [members,members,… sales,sales,…] measures other
sizes than the promised ones.
"""

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from bench.environment import bench_environment, create_bench_cooperative
from bench.imports import invented_members, invented_products, invented_sales
from kernel.actor import SYSTEM
from kernel.database import Database, libpq_url
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.report_queries import get_control_totals
from shop.import_products import import_products
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

MEMBERS = (5_000, 10_000, 20_000, 100_000)
SALES = (200_000, 1_000_000)
OPENING = date(2024, 1, 1)
BETWEEN_SALES = 0.02
PLATFORM = Path(__file__).parents[2] / "platform"


def command(database: Database, *arguments: str | Path) -> tuple[float, float, int]:
    """Run `lumbung` as a process; return its elapsed seconds, CPU seconds, and peak memory in MB."""
    environment = os.environ | {
        "PYTHONPATH": str(PLATFORM),
        "LUMBUNG_DATABASE_URL": libpq_url(database.owner_url),
    }
    started = time.perf_counter()
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "commands.main", *map(str, arguments), "--json"],
        environment,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"lumbung {arguments} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


async def run_till(database: Database, tenant: TenantRef, waits: list[float]) -> None:
    """Sell at a till, pause, and sell again, until it is stopped."""
    while True:
        lines = [JournalLine.to_debit("1101", Rupiah(500)), JournalLine.to_credit("4201", Rupiah(500))]
        started = time.perf_counter()
        async with coop_session(database, tenant) as db:
            await post_journal(
                db, Journal(date(2024, 12, 31), "Penjualan", f"till:{len(waits)}", lines), by="bench"
            )
        waits.append(time.perf_counter() - started)
        await asyncio.sleep(BETWEEN_SALES)


async def measure_import(
    database: Database, tenant: TenantRef, what: str, path: Path, count: int, *options: str
) -> None:
    """Import a file while a till sells, and print the figures."""
    waits: list[float] = []
    till = asyncio.create_task(run_till(database, tenant, waits))
    spent, busy, memory = await asyncio.to_thread(
        command, database, what, "import", tenant.slug, path, *options
    )
    till.cancel()
    await asyncio.gather(till, return_exceptions=True)
    ordered = sorted(waits)
    print(
        f"{what}, {count:,} lines: {count / spent:,.0f} a second ({spent:.1f} s, of which the process "
        f"worked {busy:.1f} s; {memory} MB); {len(waits):,} sales beside it waited"
        f" p50 {statistics.median(waits) * 1000:.0f}, p99 "
        f"{ordered[len(ordered) * 99 // 100] * 1000:.0f}, at most {ordered[-1] * 1000:.0f} ms",
        flush=True,
    )


async def main(members: tuple[int, ...] = MEMBERS, sales: tuple[int, ...] = SALES) -> None:
    seed = random.Random(20_240_101)
    load = os.getloadavg()
    print(
        f"load of the machine before: {load[0]:.1f}; promised: 10,000 lines a second, 300 MB, p99 of 200 ms",
        flush=True,
    )
    async with bench_environment(schema_pool_size=len(members) + 1) as (database, _):
        with tempfile.TemporaryDirectory(prefix="lumbung-bench-") as folder:
            path = Path(folder) / "file.csv"
            for count in members:
                tenant = await create_bench_cooperative(database, f"anggota{count}")
                path.write_bytes(invented_members(seed, count))
                await measure_import(database, tenant, "members", path, count, "--as-of", str(OPENING))
            # sales go to the last cooperative, which has the most members
            async with coop_session(database, tenant) as db:
                await import_products(db, SYSTEM, invented_products(seed), as_of=OPENING)
            for year, count in enumerate(sales):
                path.write_bytes(invented_sales(seed, count, members[-1], OPENING - timedelta(365 * year)))
                await measure_import(database, tenant, "sales", path, count)
            async with coop_reader(database, tenant) as ro:
                sums = await get_control_totals(ro)
            print(f"the books agree: {sums.stock_account == sums.stock_value}")


if __name__ == "__main__":
    chosen = [tuple(int(count) for count in argument.split(",")) for argument in sys.argv[1:]]
    asyncio.run(main(*chosen))
