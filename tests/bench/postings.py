"""A till's posting in a cooperative with a million lines, compared with an empty one, each on a warm
connection, in turns.
"""

import asyncio
import statistics
import time
from datetime import date

from bench.environment import bench_environment, create_bench_cooperative
from kernel.database import Database
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal, post_journals
from ledger.chart import CASH, MEMBER_COST_OF_SALES, MEMBER_SALES, STOCK
from tenants.registry import TenantRef
from tenants.session import coop_session

LINES = 1_000_000
JOURNALS_AT_ONCE = 1_000
PARTIES = [new_id() for _ in range(1_000)]
DAY = date(2026, 3, 2)
TURNS = 1_000
WARM = 20


def sale(key: str, at: int) -> Journal:
    """Return a cash sale to a member with a profit of Rp100."""
    price, cost = Rupiah(12_500), Rupiah(12_400)
    sold = [
        JournalLine.to_debit(CASH, price),
        JournalLine.to_credit(MEMBER_SALES, price, PARTIES[at % len(PARTIES)]),
    ]
    return Journal(
        DAY,
        "Penjualan tunai",
        key,
        [*sold, JournalLine.to_debit(MEMBER_COST_OF_SALES, cost), JournalLine.to_credit(STOCK, cost)],
    )


def purchase(key: str) -> Journal:
    value = Rupiah(10**12)
    return Journal(
        DAY, "Pembelian", key, [JournalLine.to_debit(STOCK, value), JournalLine.to_credit(CASH, value)]
    )


async def fill(database: Database, tenant: TenantRef, lines: int) -> float:
    """Post sales of four lines until there are this many lines; return lines per second."""
    started = time.perf_counter()
    for at in range(0, lines // 4, JOURNALS_AT_ONCE):
        async with coop_session(database, tenant) as db:
            await post_journals(
                db, [sale(f"old:{at + one}", at + one) for one in range(JOURNALS_AT_ONCE)], by="bench"
            )
    return lines / (time.perf_counter() - started)


async def main(lines: int = LINES) -> None:
    async with bench_environment(schema_pool_size=3) as (database, _):
        large, empty = (
            await create_bench_cooperative(database, "besar"),
            await create_bench_cooperative(database, "kosong"),
        )
        for tenant in (large, empty):
            async with coop_session(database, tenant) as db:
                await post_journal(db, purchase("stock"), by="bench")
        print(
            f"filled with {lines:,} lines by batches of {JOURNALS_AT_ONCE:,} sales: "
            f"{await fill(database, large, lines):,.0f} lines a second"
        )
        spent: dict[str, list[float]] = {large.slug: [], empty.slug: []}
        for turn in range(WARM + TURNS):
            for tenant in (large, empty):
                async with coop_session(database, tenant) as db:
                    started = time.perf_counter()
                    await post_journal(db, sale(f"till:{turn}", turn), by="bench")
                    if turn >= WARM:
                        spent[tenant.slug].append(time.perf_counter() - started)
        medians = {slug: statistics.median(times) for slug, times in spent.items()}
        for slug, times in spent.items():
            print(
                f"{slug}: a posting takes {medians[slug] * 1e6:,.0f} µs (p95 "
                f"{sorted(times)[len(times) * 95 // 100] * 1e6:,.0f} µs)"
            )
        print(
            f"with {lines:,} lines {medians[large.slug] / medians[empty.slug]:.2f} times as long as "
            f"with none (promised: 1.5)"
        )


if __name__ == "__main__":
    asyncio.run(main())
