"""The storefront page of 24 goods, compared with the framework's "hello" and with a hand-written page of one
query, in one process.

Requests are ASGI calls in this process, so that a load generator takes no CPU from what it measures. The
references are measured the same way, in turns; a figure is the median of its rounds.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from jinja2 import Environment
from litestar import Litestar, Response, get

from bench.environment import bench_environment, create_bench_cooperative
from kernel import clock
from kernel.database import Database, as_reader, libpq_url
from kernel.ids import new_id
from members.models import Member, User
from members.sessions import open_session
from shop.models import Category, Product
from tenants.registry import TenantRef
from tenants.session import coop_session
from web.dispatch import HostDispatcher
from web.rate_limits import RateLimiter

ROUNDS = 7
SECONDS = 0.7
Call = Callable[[], Awaitable[int]]

HAND_WRITTEN = """<!doctype html><html lang="id"><head><meta charset="utf-8"><title>Toko</title>
</head><body><h1>Toko</h1>
<ul>{% for p in products %}<li><a href="/barang/{{ p['sku'] }}"><b>{{ p['name'] }}</b></a> <span>
{{ p['category'] }}</span>
<p>Rp{{ '{:,}'.format(p['price']).replace(',', '.') }} / {{ p['unit'] }}</p><p>Stok {{ p['stock'] }}</p>
<form method="post" action="/keranjang"><input type="hidden" name="sku" value="{{ p['sku'] }}">
<button>Beli</button></form></li>{% endfor %}</ul>
</body></html>"""


@get("/", sync_to_thread=False)
def hello() -> Response[str]:
    """The framework's hello."""
    return Response("hello", media_type="text/plain")


def scope(host: str, path: str, cookie: str = "") -> dict[str, Any]:
    headers = [
        (b"host", host.encode()),
        (b"accept", b"text/html"),
        (b"user-agent", b"bench"),
        (b"accept-encoding", b"gzip"),
    ]
    if cookie:
        headers.append((b"cookie", cookie.encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8000),
    }


def make_caller(app: Any, host: str, path: str, cookie: str = "") -> Call:
    """Return a call of the app that requires status 200 and returns the length of the body."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def call() -> int:
        size = 0

        async def send(message: dict[str, Any]) -> None:
            nonlocal size
            if message["type"] == "http.response.start":
                assert message["status"] == 200, message["status"]
            else:
                size += len(message.get("body", b""))

        await app(scope(host, path, cookie), receive, send)
        return size

    return call


async def rate(call: Call) -> float:
    """Return the calls per second."""
    count, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < SECONDS:
        for _ in range(10):
            await call()
        count += 10
    return count / spent


async def compare(title: str, lumbung: Call, yardstick_name: str, yardstick: Call) -> None:
    for call in (lumbung, yardstick):
        await rate(call)  # warm
    rows = [(await rate(lumbung), await rate(yardstick)) for _ in range(ROUNDS)]
    ratio = statistics.median(one / other for one, other in rows)
    us, them = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"{title}: {us:,.0f}/s, {yardstick_name}: {them:,.0f}/s, ratio {ratio:.2f}")


async def seed_storefront(database: Database, tenant: TenantRef) -> str:
    """Create 60 goods in 6 categories and a member; return the member's cookie."""
    async with coop_session(database, tenant) as db:
        for at in range(6):
            category = Category(id=new_id(), slug=f"rak-{at}", name=f"Rak {at}")
            db.add(category)
            await db.flush()
            db.add_all(
                Product(
                    id=new_id(),
                    sku=f"B{at}{n}",
                    name=f"Barang contoh {at}-{n}",
                    category_id=category.id,
                    cost=9_000 + n,
                    price=10_000 + 500 * n,
                    stock=20,
                    stock_value=20 * (9_000 + n),
                )
                for n in range(10)
            )
        member = Member(
            id=new_id(), number="1", name="Anggota Contoh", status="active", joined_on=clock.today()
        )
        db.add(member)
        await db.flush()
        user = User(id=new_id(), name=member.name, phone="+6289900000009", member_id=member.id)
        db.add(user)
        await db.flush()
        token = (await open_session(db, user)).token
        assert await as_reader(db).value("SELECT count(*) FROM products") == 60
    return f"lumbung={token}"


async def main() -> None:
    async with bench_environment() as (database, settings):
        tenant = await create_bench_cooperative(database)
        cookie = await seed_storefront(database, tenant)
        dispatcher = HostDispatcher(settings, database)
        dispatcher.rate_limiter = RateLimiter(
            lambda _: None, network_limit=None, session_limit=10**9
        )  # lift the rate limit for the benchmark
        await dispatcher.start()
        greeting = Litestar([hello], openapi_config=None)
        host = f"ukur.{settings.base_domain}"
        anonymous = make_caller(dispatcher, host, "/")
        await compare("anonymous storefront", anonymous, "hello", make_caller(greeting, "localhost", "/"))

        pool = await asyncpg.create_pool(libpq_url(database.owner_url), min_size=1, max_size=4)
        template = Environment(autoescape=True).from_string(HAND_WRITTEN)
        query = (
            "SELECT p.sku, p.name, p.price, p.unit, p.stock - p.reserved AS stock, c.name AS category"
            f" FROM {tenant.schema_name}.products p LEFT JOIN {tenant.schema_name}.categories c ON c.id "
            f"= p.category_id"
            " WHERE NOT p.archived ORDER BY p.name LIMIT 24"
        )

        @get("/")
        async def by_hand() -> Response[str]:
            async with pool.acquire() as connection:
                products = await connection.fetch(query)
            return Response(template.render(products=products), media_type="text/html")

        member = make_caller(dispatcher, host, "/", cookie)
        print(f"page sizes: anonymous {await anonymous():,} bytes (gzip), member {await member():,} bytes")
        await compare(
            "member's storefront",
            member,
            "hand-written",
            make_caller(Litestar([by_hand], openapi_config=None), "localhost", "/"),
        )
        await pool.close()
        await dispatcher.stop()
