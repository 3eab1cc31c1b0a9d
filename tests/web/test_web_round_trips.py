"""Round trips between the web process and PostgreSQL per request.

Counted on the wire in a warm process: BEGIN with its binding, every statement and COMMIT; not connecting and
not the first parse of a statement. A page was loaded before a form is sent, so the caches that pages fill are
warm.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import httpx
import pytest

from conftest import SignedInClient, Visitors
from factories import shop as made
from factories.counting_proxy import CountingProxy, counting_proxy
from factories.fake_gateways import run_fake_gateways
from kernel.database import Database, libpq_url
from kernel.ids import new_id
from kernel.process_services import build_services
from kernel.settings import Settings
from shop.models import Order
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session
from web.dispatch import HostDispatcher
from web.rate_limits import RateLimiter

Ask = Callable[[], Awaitable[httpx.Response]]
Prepared = Callable[[], Awaitable[Ask]]
# the first requests parse statements; of the others the least counts: a change notice may come late
ROUNDS = 4
DEPOSIT = 9
CHECKOUT = 14
# Reading pages and counter steps; a higher count means that something is read twice, or row by row.
MAX_ROUND_TRIPS = {
    "storefront, uncached": 6,
    "product page, uncached": 6,
    "member's storefront": 0,
    "member's cart": 3,
    "member's checkout page": 3,
    "member's savings": 5,
    "officer's first page": 3,
    "officer's order": 4,
    "hand-over": 22,
    "webhook": 3,
}


@pytest.fixture
async def proxy(server_url: str) -> AsyncIterator[CountingProxy]:
    async with counting_proxy(f"{server_url}/") as opened:
        yield opened


@pytest.fixture
async def app(database: Database, settings: Settings, proxy: CountingProxy) -> AsyncIterator[HostDispatcher]:
    dispatcher = HostDispatcher(
        settings, build_services(proxy.url(libpq_url(database.owner_url)), settings).main_database
    )
    dispatcher.rate_limiter = RateLimiter(lambda _: None)
    await dispatcher.start()
    yield dispatcher
    await dispatcher.stop()


def hidden(text: str) -> dict[str, object]:
    """Return the hidden fields of a page."""
    return dict(re.findall(r'name="(key|shown)" value="([^"]*)"', text))


async def count_round_trips(proxy: CountingProxy, prepare: Prepared, status: int) -> int:
    """Return the round trips of a request once all caches are warm."""
    found = []
    for _ in range(ROUNDS):
        ask = await prepare()
        with proxy.measure() as counted:
            answer = await ask()
        assert answer.status_code == status, answer.text
        found.append(counted.round_trips)
    return min(found)


async def cart(client: httpx.AsyncClient, goods: list[UUID], csrf: str = "") -> None:
    for each in goods:
        answer = await client.post("/keranjang", data={"product": str(each), "quantity": 1, "csrf": csrf})
        assert answer.status_code == 303


async def create_goods(database: Database, tenant: TenantRef) -> list[UUID]:
    async with coop_session(database, tenant) as db:
        return [(await made.create_product(db, stock=500, name=f"Barang {at}")).id for at in range(3)]


async def get_member_id(database: Database, tenant: TenantRef) -> UUID:
    async with coop_reader(database, tenant) as ro:
        found: UUID = await ro.value("SELECT id FROM members WHERE number = '0001'")
        return found


async def new_order(database: Database, tenant: TenantRef, goods: list[UUID], method: str) -> Order:
    async with coop_session(database, tenant) as db:
        return await made.create_order(db, dict.fromkeys(goods, 1), await made.get_member_buyer(db), method)


@pytest.mark.slow
async def test_a_deposit_waits_for_the_database_nine_times_at_most(
    proxy: CountingProxy, officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    member = await get_member_id(database, melati)
    found = {}
    for kind in ("voluntary", "mandatory", "principal"):

        async def prepare(kind: str = kind) -> Ask:
            page = await officer_client.get(f"/pengurus/anggota/{member}")
            assert page.status_code == 200
            sent: dict[str, object] = {
                "kind": kind,
                "amount": "1",
                "method": "cash",
                "on": "2026-06-15",
                "key": new_id(),
            }
            return lambda: officer_client.post(f"/pengurus/anggota/{member}/setor", sent)

        # the principal is already paid: the error page is counted, too
        found[kind] = await count_round_trips(proxy, prepare, 409 if kind == "principal" else 303)
    assert found == {kind: count for kind, count in found.items() if count <= DEPOSIT}


@pytest.mark.slow
async def test_a_checkout_waits_for_the_database_fourteen_times_at_most(
    proxy: CountingProxy,
    member_client: SignedInClient,
    visitor: Visitors,
    database: Database,
    melati: TenantRef,
) -> None:
    goods = await create_goods(database, melati)
    found = {}
    for method in ("cash", "bank_transfer", "savings"):

        async def member(method: str = method) -> Ask:
            await cart(member_client.client, goods, member_client.csrf)
            page = await member_client.get("/pesan")
            sent = hidden(page.text) | {"fulfilment": "pickup", "payment_method": method, "confirmed": "1"}
            return lambda: member_client.post("/pesan", sent)

        found[f"member, {method}"] = await count_round_trips(proxy, member, 303)
    for method in ("cash", "bank_transfer"):

        async def stranger(method: str = method) -> Ask:
            client = visitor("melati")
            await cart(client, goods)
            page = await client.get("/pesan")
            sent = hidden(page.text) | {"fulfilment": "pickup", "payment_method": method}
            sent |= {"name": "Tono Suprapto", "phone": "081299990001"}
            return lambda: client.post("/pesan", data=sent)

        found[f"visitor, {method}"] = await count_round_trips(proxy, stranger, 303)
    assert found == {who: count for who, count in found.items() if count <= CHECKOUT}


@pytest.mark.slow
async def test_the_commonest_requests_wait_for_the_database_no_more_often_than_this(
    proxy: CountingProxy,
    app: HostDispatcher,
    officer_client: SignedInClient,
    member_client: SignedInClient,
    visitor: Visitors,
    database: Database,
    melati: TenantRef,
) -> None:
    goods = await create_goods(database, melati)
    stranger = visitor("melati")
    await cart(member_client.client, goods, member_client.csrf)
    order = await new_order(database, melati, goods, "cash")
    async with run_fake_gateways(database, melati) as world:
        headers, body = await world.pay((await world.start_order_payment("xendit"))[1])

        def get(client: httpx.AsyncClient, path: str, *, uncached: bool = False) -> Prepared:
            async def prepare() -> Ask:
                await client.get(path)
                if uncached:
                    app.page_cache.clear()
                return lambda: client.get(path)

            return prepare

        async def hand_over() -> Ask:
            number = (await new_order(database, melati, goods, "cash")).number
            home = f"/pengurus/pesanan/{number}"
            await asyncio.sleep(0.1)  # until the change notice arrives
            await officer_client.get(home)
            return lambda: officer_client.post(f"{home}/penyerahan")

        async def message() -> Ask:
            return lambda: stranger.post(world.webhook_path("xendit"), content=body, headers=headers)

        member, officer = member_client.client, officer_client.client
        asked: dict[str, tuple[Prepared, int]] = {
            "storefront, uncached": (get(stranger, "/", uncached=True), 200),
            "product page, uncached": (get(stranger, "/barang/BRS5", uncached=True), 200),
            "member's storefront": (get(member, "/"), 200),
            "member's cart": (get(member, "/keranjang"), 200),
            "member's checkout page": (get(member, "/pesan"), 200),
            "member's savings": (get(member, "/anggota/simpanan"), 200),
            "officer's first page": (get(officer, "/pengurus"), 200),
            "officer's order": (get(officer, f"/pengurus/pesanan/{order.number}"), 200),
            "hand-over": (hand_over, 303),
            "webhook": (message, 200),
        }
        found = {
            name: await count_round_trips(proxy, prepare, status) for name, (prepare, status) in asked.items()
        }
    assert {name: count for name, count in found.items() if count > MAX_ROUND_TRIPS[name]} == {}
