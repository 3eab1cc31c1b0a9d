"""Lines per second of the three imports with all postings, each file sent twice; then the time to draft the
year's surplus.

Files are invented, or given: PYTHONPATH=tests .venv/bin/python -m bench.imports products.csv members.csv
sales.csv (an empty name, "", means an invented file; a number instead of the names is the number of invented
sales).
"""

import asyncio
import random
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

from bench.environment import bench_environment, build_founding
from kernel.actor import SYSTEM
from ledger.report_queries import get_control_totals
from ledger.year_queries import get_surplus, get_trial_balance
from members.import_members import import_members
from onboarding.create_cooperative import create_cooperative
from shop.import_products import import_products
from shop.import_sales import import_sales
from shu.create_draft import create_draft
from tenants.session import coop_reader, coop_session

PRODUCTS, MEMBERS, SALES = 3_000, 3_000, 20_000
YEAR = 2024
OPENING = date(YEAR, 1, 1)


def invented_products(seed: random.Random) -> bytes:
    lines = ["sku,barcode,name,category,unit,cost,price,stock"]
    for at in range(PRODUCTS):
        cost = seed.randrange(500, 90_000)
        lines.append(
            f"P{at:05d},,Barang {at},Golongan {at % 25},Pcs,{cost},{cost * 6 // 5},{seed.randrange(200)}"
        )
    return "\n".join(lines).encode()


def invented_members(seed: random.Random, count: int = MEMBERS) -> bytes:
    lines = ["member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit"]
    for at in range(count):
        joined = date(2019, 1, 1) + timedelta(seed.randrange(1_800))
        savings = f"100000,{seed.randrange(1, 60) * 20_000},{seed.choice((0, 0, 150_000, 500_000))}"
        lines.append(
            f"{1000 + at},Anggota "
            f"{at},{seed.choice('LP')},08{seed.randrange(10**9, 10**10)},{joined},{savings}"
        )
    return "\n".join(lines).encode()


def invented_sales(seed: random.Random, count: int, members: int = MEMBERS, since: date = OPENING) -> bytes:
    lines = ["date,member_number,sku,quantity"]
    while len(lines) <= count:
        day, member = since + timedelta(seed.randrange(365)), 1000 + seed.randrange(members)
        goods = seed.sample(range(PRODUCTS), seed.randrange(1, 5))
        lines += [f"{day},{member},P{product:05d},{seed.randrange(1, 4)}" for product in goods]
    return "\n".join(lines[: count + 1]).encode()


async def main(arguments: list[str] | None = None) -> None:
    named = arguments or []
    count = int(named[0]) if len(named) == 1 else SALES
    paths = [Path(name) if name else None for name in named] if len(named) == 3 else [None, None, None]
    seed = random.Random(20_240_101)
    invented = [invented_products, invented_members, lambda s: invented_sales(s, count)]
    files = [path.read_bytes() if path else make(seed) for path, make in zip(paths, invented, strict=True)]
    imports: list[tuple[str, Callable[..., Awaitable[object]], dict[str, object]]] = [
        ("products", import_products, {"as_of": OPENING}),
        ("members", import_members, {"as_of": OPENING}),
        ("sales", import_sales, {}),
    ]
    async with bench_environment() as (database, _):
        tenant = (await create_cooperative(database, build_founding("ukur"))).tenant
        for content, (name, work, options) in zip(files, imports, strict=True):
            for time_sent in ("first time", "second time"):
                started = time.perf_counter()
                async with coop_session(database, tenant) as db:
                    _, report = await work(db, SYSTEM, content, **options)  # type: ignore[misc]
                spent = time.perf_counter() - started
                lines = report.imported + report.unchanged + len(report.rejected)
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                print(
                    f"{name}, {time_sent}: {lines / spent:7,.0f} lines a second ({report.imported:,} "
                    f"imported,"
                    f" {report.unchanged:,} unchanged, {len(report.rejected):,} rejected in {spent:.2f} "
                    f"s; {memory} MB)"
                )
        async with coop_reader(database, tenant) as ro:
            started = time.perf_counter()
            totals = await get_trial_balance(ro, YEAR)
            spent = time.perf_counter() - started
            sums = await get_control_totals(ro)
            agrees = sums.stock_account == sums.stock_value and sum(each.closing for each in totals) == 0
            print(
                f"trial balance of {YEAR}: {spent * 1000:.0f} ms, surplus {await get_surplus(ro, YEAR):,}; "
                f"the books agree: {agrees}"
            )
        started = time.perf_counter()
        async with coop_session(database, tenant) as db:
            drafted = await create_draft(db, SYSTEM, YEAR)
        print(
            f"surplus of {YEAR} divided among {len(drafted.allocation.members):,} members and stored: "
            f"{(time.perf_counter() - started) * 1000:.0f} ms"
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
