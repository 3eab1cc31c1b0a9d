"""Latency to PostgreSQL: a deposit and a checkout with and without a delay, and the throughput of one
process.

A proxy on the loopback adds the delay, half of it in each direction, so that each round trip takes it once in
full. Requests are ASGI calls in this process, as in ``storefront``. ``make bench ARGS=latency``; compare the
ratios, since the milliseconds depend on the machine.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
from sqlalchemy import text

from bench.environment import bench_environment, create_bench_cooperative
from bench.storefront import seed_storefront
from factories.counting_proxy import CountingProxy, counting_proxy
from kernel import clock
from kernel.database import Database, libpq_url
from kernel.ids import new_id
from kernel.process_services import build_services
from kernel.settings import Settings
from members.models import Session
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session
from ui.cookies import generate_token, hash_token
from web.dispatch import HostDispatcher
from web.rate_limits import RateLimiter

DELAYS = (0.0, 0.020)  # seconds per round trip
WARM, TIMES = 3, 15
AT_ONCE, SECONDS = 10, 4.0
FIRST = "B00"
NAMES = ("deposit, p50 in ms", "checkout, p50 in ms", f"requests a second, {AT_ONCE} browsers at once")
Step = Callable[[], Awaitable[float]]
Row = tuple[float, float, float]


class Browser:
    """A signed-in browser of one process; ``asked`` counts its requests."""

    def __init__(self, dispatcher: HostDispatcher, settings: Settings, tenant: TenantRef, token: str) -> None:
        origin = f"http://{tenant.slug}.{settings.base_domain}"
        transport = httpx.ASGITransport(dispatcher)
        self.client = httpx.AsyncClient(transport=transport, base_url=origin, headers={"origin": origin})
        self.client.cookies.set("lumbung", token)
        self.csrf = ""
        self.asked = 0

    async def get(self, path: str) -> str:
        self.asked += 1
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text[:500]
        self.csrf = hidden(answer.text, "csrf") or self.csrf
        return answer.text

    async def post(self, path: str, sent: dict[str, object]) -> float:
        """Submit a form, and return how long it took in seconds."""
        self.asked += 1
        started = time.perf_counter()
        answer = await self.client.post(path, data={"csrf": self.csrf, **sent})
        assert answer.status_code == 303, answer.text[:500]
        return time.perf_counter() - started


def hidden(text: str, name: str) -> str:
    return text.partition(f'name="{name}" value="')[2].partition('"')[0]


async def officer_token(database: Database, tenant: TenantRef) -> str:
    """Return a session token of the founder."""
    token, now = generate_token(), clock.now()
    async with coop_reader(database, tenant) as ro:
        user_id = await ro.value("SELECT id FROM users WHERE officer_role = 'ketua'")
    async with coop_session(database, tenant) as db:
        ends = now.replace(year=now.year + 1)
        db.add(Session(token_hash=hash_token(token), user_id=user_id, signed_in_at=now, expires_at=ends))
    return token


def deposit(browser: Browser, member: UUID) -> Step:
    async def step() -> float:
        await browser.get(f"/pengurus/anggota/{member}/setor")
        on = clock.today().isoformat()
        sent: dict[str, object] = {
            "kind": "voluntary",
            "amount": "1000",
            "method": "cash",
            "on": on,
            "key": new_id(),
        }
        return await browser.post(f"/pengurus/anggota/{member}/setor", sent)

    return step


def checkout(browser: Browser, product: UUID) -> Step:
    async def step() -> float:
        browser.client.cookies.delete("keranjang")
        if not browser.csrf:
            await browser.get(f"/barang/{FIRST}")
        await browser.post("/keranjang", {"product": product, "quantity": "1"})
        text = await browser.get("/pesan")
        sent: dict[str, object] = {name: hidden(text, name) for name in ("key", "shown")}
        return await browser.post("/pesan", sent | {"fulfilment": "pickup", "payment_method": "cash"})

    return step


async def p50(step: Step) -> float:
    """Return the median latency in milliseconds of the last form."""
    spent = [await step() for _ in range(WARM + TIMES)]
    return statistics.median(spent[WARM:]) * 1000


async def rate(steps: list[Step], browsers: list[Browser]) -> float:
    """Return the requests per second of all browsers together, each with one request at a time."""
    before, started = sum(each.asked for each in browsers), time.perf_counter()

    async def one_after_the_other(step: Step) -> None:
        while time.perf_counter() - started < SECONDS:
            await step()

    await asyncio.gather(*(one_after_the_other(step) for step in steps))
    return (sum(each.asked for each in browsers) - before) / (time.perf_counter() - started)


async def measure(
    proxy: CountingProxy, lumbung: Database, settings: Settings, tenant: TenantRef, officer: str, member: str
) -> Row:
    """Measure a process that reaches PostgreSQL through this proxy."""
    async with coop_reader(lumbung, tenant) as ro:
        member_id, product = (
            await ro.records("SELECT m.id, p.id FROM members m, products p WHERE sku = $1", FIRST)
        )[0]
    dispatcher = HostDispatcher(
        settings, build_services(proxy.url(libpq_url(lumbung.owner_url)), settings).main_database
    )
    dispatcher.rate_limiter = RateLimiter(lambda _: None, network_limit=None, session_limit=10**9)
    await dispatcher.start()
    browsers = [
        Browser(dispatcher, settings, tenant, token)
        for token in (officer, member)
        for _ in range(AT_ONCE // 2)
    ]
    counters, buyers = browsers[: AT_ONCE // 2], browsers[AT_ONCE // 2 :]
    steps = [deposit(each, member_id) for each in counters] + [checkout(each, product) for each in buyers]
    row = (await p50(steps[0]), await p50(steps[-1]), await rate(steps, browsers))
    for each in browsers:
        await each.client.aclose()
    await dispatcher.stop()
    return row


async def main() -> None:
    async with bench_environment() as (database, settings):
        tenant = await create_bench_cooperative(database)
        member = (await seed_storefront(database, tenant)).removeprefix("lumbung=")
        officer = await officer_token(database, tenant)
        async with coop_session(database, tenant) as db:
            await db.execute(text("UPDATE products SET stock = 1000000, stock_value = 0"))
        rows = []
        for delay in DELAYS:
            async with counting_proxy(libpq_url(database.owner_url), delay / 2) as proxy:
                rows.append(await measure(proxy, database, settings, tenant, officer, member))
        far = f"with {DELAYS[1] * 1000:.0f} ms a round trip"
        for name, near_figure, far_figure in zip(NAMES, *rows, strict=True):
            print(
                f"{name}: {near_figure:,.1f}, {far} {far_figure:,.1f}, ratio {far_figure / near_figure:.2f}"
            )


if __name__ == "__main__":
    asyncio.run(main())
