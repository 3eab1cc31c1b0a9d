"""The cost of hostile request bodies and large files for others: the longest block of the event loop, and the
latency of a neighbour's page while 1,500 slow bodies are open.

The first part calls the application in this process. The second starts `lumbung web`, once alone and once
behind Debian's Caddy.
"""

import asyncio
import contextlib
import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import text

from bench.environment import bench_environment, create_bench_cooperative
from bench.storefront import seed_storefront
from conftest import compute_csrf_token
from factories.processes import caddy_process, free_port, web_process
from factories.slow_bodies import allow_open_files, networks, slow_bodies
from kernel import clock
from kernel.database import Database
from kernel.settings import Settings
from members.models import Session
from tenants.registry import TenantRef
from tenants.session import coop_session
from ui.cookies import generate_token, hash_token
from ui.request_body import MAX_FORM_BYTES
from web.dispatch import HostDispatcher

MEGABYTE = 1_000_000
ROUNDS = 5
SLOW = 1_500
ASKED = 100
FORM = {"content-type": "application/x-www-form-urlencoded"}
PARTS = {"content-type": "multipart/form-data; boundary=x"}
MEMBERS = "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\n"

Send = Callable[[], AsyncIterator[bytes]]


async def measure_longest_block(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the longest time in milliseconds that ``work`` blocked the event loop: CPU time, and wall-clock
    time.

    The wall-clock time includes what other threads and programs took.
    """
    longest, over = (0.0, 0.0), False

    async def watch() -> None:
        nonlocal longest
        before = time.thread_time(), time.perf_counter()
        while not over:
            await asyncio.sleep(0)
            now = time.thread_time(), time.perf_counter()
            longest, before = (max(longest[0], now[0] - before[0]), max(longest[1], now[1] - before[1])), now

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await work()
    over = True
    await watching
    return longest[0] * 1_000, longest[1] * 1_000


def in_chunks(body: bytes) -> Send:
    async def send() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 64 * 1024):
            yield body[at : at + 64 * 1024]

    return send


def many_parts(size: int) -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    return part * (size // len(part)) + b"--x--\r\n"


async def measure_hostile_bodies(settings: Settings, database: Database) -> None:
    dispatcher = HostDispatcher(settings, database)
    dispatcher.body_limiter.max_refused = 1_000_000
    await dispatcher.start()
    host = f"http://ukur.{settings.base_domain}"
    hostile = {
        "1 MB of fields": (b"a=1&" * (MEGABYTE // 4), FORM),
        "1 MB of escapes in one field": (b"identity=" + b"%41" * (MEGABYTE // 3), FORM),
        "1 MB of parts": (many_parts(MEGABYTE), PARTS),
        "256 kB of fields": (b"a=1&" * (MAX_FORM_BYTES // 4), FORM),
        "256 kB of escapes in one field": (b"identity=" + b"%41" * ((MAX_FORM_BYTES - 9) // 3), FORM),
        "256 kB in 199 fields of escapes": (b"&".join([b"identity=" + b"%41" * 430] * 199), FORM),
        "256 kB of parts": (many_parts(MAX_FORM_BYTES - 100), PARTS),
    }
    transport = httpx.ASGITransport(dispatcher)
    async with httpx.AsyncClient(transport=transport, base_url=host, headers={"origin": host}) as client:
        await client.get("/masuk")
        for name, (body, headers) in hostile.items():
            statuses = set()

            async def post(
                body: bytes = body, headers: dict[str, str] = headers, statuses: set[int] = statuses
            ) -> None:
                statuses.add(
                    (await client.post("/masuk", content=in_chunks(body)(), headers=headers)).status_code
                )

            await post()
            waits = [await measure_longest_block(post) for _ in range(ROUNDS)]
            own, clock_time = (max(column) for column in zip(*waits, strict=True))
            print(
                f"{name:31s}: the loop is kept for {own:5.1f} ms at most ({clock_time:.0f} by the "
                f"clock); answered {sorted(statuses)}"
            )
    await dispatcher.stop()


async def measure_large_file(settings: Settings, database: Database, tenant: TenantRef) -> None:

    token = generate_token()
    async with coop_session(database, tenant) as db:
        user = (
            await db.execute(text("SELECT id FROM users WHERE officer_role IS NOT NULL LIMIT 1"))
        ).scalar_one()
        now = clock.now()
        db.add(
            Session(
                token_hash=hash_token(token),
                user_id=user,
                signed_in_at=now,
                expires_at=now + timedelta(hours=1),
            )
        )
    lines, at = [MEMBERS], 0
    while at < 30_000:
        lines.append(f"{10_000 + at},Anggota {at},L,08{1_200_000_000 + at},2020-01-01,100000,240000,0\n")
        at += 1
    content = "".join(lines).encode()
    dispatcher = HostDispatcher(settings, database)
    await dispatcher.start()
    host = f"http://ukur.{settings.base_domain}"
    transport = httpx.ASGITransport(dispatcher)
    async with httpx.AsyncClient(
        transport=transport, base_url=host, headers={"origin": host}, timeout=60
    ) as client:
        client.cookies.set("lumbung", token)
        fields = {"csrf": compute_csrf_token(settings, tenant, token), "as_of": "2024-01-01"}

        async def preview_import() -> None:
            sent = {"file": ("anggota.csv", content, "text/csv")}
            answer = await client.post("/pengurus/anggota/impor", data=fields, files=sent)
            assert answer.status_code == 200, answer.text[-500:]

        started = time.perf_counter()
        own, clock_time = await measure_longest_block(preview_import)
        spent = time.perf_counter() - started
        print(
            f"a list of {at:,} members ({len(content):,} bytes), looked at in {spent:.1f} s:"
            f" the loop is kept for {own:.0f} ms at most ({clock_time:.0f} by the clock)"
        )
    await dispatcher.stop()


async def p95(port: int) -> float:
    """Return the p95 latency in milliseconds of a page that is not cached."""
    spent = []
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        for at in range(ASKED):
            started = time.perf_counter()
            answer = await client.get(
                f"http://127.0.0.1:{port}/?cari=barang{at}", headers={"Host": f"tetangga.localhost:{port}"}
            )
            spent.append((time.perf_counter() - started) * 1_000)
            assert answer.status_code == 200, answer.status_code
    return statistics.quantiles(spent, n=20)[18]


async def measure_neighbour_latency(database: Database, *, proxy: bool) -> None:
    upstream, port = free_port(), free_port()
    domain = f"localhost:{port}"
    caddy = {
        "LUMBUNG_BASE_DOMAIN": domain,
        "CADDY_UPSTREAM": f"127.0.0.1:{upstream}",
        "CADDY_SCHEME": "http",
        "CADDY_TLS": "none",
    }
    with tempfile.TemporaryDirectory(prefix="lumbung-bench-") as folder, contextlib.ExitStack() as servers:
        log = Path(folder) / "web.log"
        servers.enter_context(web_process(database, upstream if proxy else port, domain, log))
        if proxy:
            servers.enter_context(caddy_process(caddy, port, Path(folder)))
        await p95(port)  # warm
        usual = await p95(port)
        async with slow_bodies(port, f"ukur.{domain}", "/masuk", networks(30), SLOW // 30) as opened:
            attacked = await p95(port)
            still = sum(body.status is None for body in opened)
        print(
            f"{'with Caddy' if proxy else 'without Caddy':13s}: a neighbour's p95 {usual:.1f} ms, with "
            f"{still:,} slow bodies still open"
            f" {attacked:.1f} ms, ratio {attacked / usual:.2f}"
        )


async def main() -> None:
    allow_open_files()
    gc.collect()
    gc.freeze()  # as the web process does at its start
    async with bench_environment(schema_pool_size=3) as (database, settings):
        bench = await create_bench_cooperative(database)
        await seed_storefront(database, await create_bench_cooperative(database, "tetangga"))
        await measure_hostile_bodies(settings, database)
        await measure_large_file(settings, database, bench)
        for proxy in (False, True):
            await measure_neighbour_latency(database, proxy=proxy)
