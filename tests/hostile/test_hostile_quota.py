"""Abuse of a plan's quota: one network sends as many requests as it likes, and nobody else is rejected."""

from collections.abc import Callable

import httpx
import pytest

from conftest import BASE_DOMAIN, SignedInClient
from factories.shop import create_order, create_product, get_latest_payment
from kernel import clock
from kernel.database import Database
from kernel.settings import Settings
from tenants import registry
from tenants.registry import TenantRef
from tenants.session import coop_session
from web.dispatch import HostDispatcher
from web.minute_counts import MinuteCounts
from web.rate_limits import RateLimiter

Visitors = Callable[[str], httpx.AsyncClient]
STRANGER, VILLAGER = "203.0.113.9", "198.51.100.4"


def client_from_network(app: HostDispatcher, address: str, label: str = "melati") -> httpx.AsyncClient:
    origin = f"http://{label}.{BASE_DOMAIN}"
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 40_000)),
        base_url=origin,
        headers={"origin": origin},
    )


async def statuses(client: httpx.AsyncClient, path: str, times: int) -> list[int]:
    return [(await client.get(f"{path}{at}")).status_code for at in range(times)]


async def test_600_requests_from_one_address_turn_away_no_visitor_member_payment_page_or_webhook(
    app: HostDispatcher, member_client: SignedInClient
) -> None:
    app.rate_limiter = RateLimiter()  # the plan's own limit: melati is on trial with 600 a minute
    with clock.freeze_at(clock.now()):
        async with (
            client_from_network(app, STRANGER) as stranger,
            client_from_network(app, VILLAGER) as villager,
        ):
            answered = await statuses(stranger, "/?cari=", 600)
            assert answered.count(200) == 300, "half of what the plan includes"
            assert answered[300:] == [429] * 300
            assert (await villager.get("/?cari=beras")).status_code == 200
            assert (await member_client.get("/anggota")).status_code == 200
            # requests that are never rejected, even for a network over its limit
            assert (await stranger.get("/bayar/TIDAK-ADA")).status_code == 404
            assert (await stranger.post("/webhooks/tidak-ada", content=b"{}")).status_code == 404
            assert (await stranger.get("/masuk")).status_code == 200


async def test_who_guesses_at_payment_pages_gets_none_any_more_and_payers_do(
    app: HostDispatcher, database: Database, melati: TenantRef
) -> None:
    app.rate_limiter = RateLimiter(network_limit=20)
    async with coop_session(database, melati) as db:
        goods = await create_product(db)
        paid = await get_latest_payment(db, await create_order(db, {goods.id: 1}))
    with clock.freeze_at(clock.now()):
        async with (
            client_from_network(app, STRANGER) as stranger,
            client_from_network(app, VILLAGER) as villager,
        ):
            assert await statuses(stranger, "/bayar/TIDAK-ADA-", 30) == [404] * 20 + [429] * 10
            assert (await stranger.post("/bayar/TIDAK-ADA", data={})).status_code == 429
            assert (await stranger.get("/masuk/serah?kunci=tebakan")).status_code == 429
            assert (await stranger.get("/masuk")).status_code == 429
            assert (await villager.get(f"/bayar/{paid.reference}")).status_code == 200
            assert (await villager.get("/masuk")).status_code == 200
            stranger.cookies.set("perangkat", "a-browser-that-was-here-before")
            assert (await stranger.get("/masuk")).status_code == 200


async def test_who_guesses_at_hand_overs_gets_none_any_more(app: HostDispatcher) -> None:
    app.rate_limiter = RateLimiter(network_limit=20)
    with clock.freeze_at(clock.now()):
        async with client_from_network(app, STRANGER) as stranger:
            answered = await statuses(stranger, "/masuk/serah?kunci=", 30)
            assert (set(answered[:20]) <= {403, 404}, set(answered[20:])) == (True, {429})


async def test_hosts_that_somebody_makes_up_are_looked_up_no_more_and_push_out_nobodys(
    app: HostDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.rate_limiter = RateLimiter(unknown_hosts_limit=10)
    looked_up: list[str] = []
    real = registry.find_tenant_by_host

    async def watched(database: Database, host: str) -> TenantRef | None:
        looked_up.append(host)
        return await real(database, host)

    monkeypatch.setattr(registry, "find_tenant_by_host", watched)
    with clock.freeze_at(clock.now()):
        answered = []
        for at in range(20):
            async with client_from_network(app, STRANGER, f"rekaan-{at}") as stranger:
                answered.append((await stranger.get("/bayar/x")).status_code)
        assert answered == [404] * 10 + [429] * 10
        assert looked_up == [f"rekaan-{at}" for at in range(10)]
        async with client_from_network(app, VILLAGER) as villager:
            assert (await villager.get("/")).status_code == 200
        async with client_from_network(app, STRANGER) as neighbour:
            assert (await neighbour.get("/")).status_code == 200, "that one is known by now"


async def test_a_48_is_one_network_and_not_65536(app: HostDispatcher) -> None:
    app.rate_limiter = RateLimiter(lambda _: 40)
    with clock.freeze_at(clock.now()):
        answered = []
        for at in range(60):
            async with client_from_network(app, f"2001:db8:7:{at:x}::1") as stranger:
                answered.append((await stranger.get(f"/?cari={at}")).status_code)
        assert answered.count(200) == 20
        async with client_from_network(app, "2001:db8:8::1") as villager:
            assert (await villager.get("/?cari=beras")).status_code == 200


async def test_addresses_that_lead_nowhere_fill_no_plan(app: HostDispatcher) -> None:
    app.rate_limiter = RateLimiter(lambda _: 20)
    with clock.freeze_at(clock.now()):
        async with (
            client_from_network(app, STRANGER) as stranger,
            client_from_network(app, VILLAGER) as villager,
        ):
            assert set(await statuses(stranger, "/tidak-ada/", 60)) == {404}
            assert await statuses(villager, "/?cari=", 9) == [200] * 9
            # they count for the network that sends them
            assert 429 in await statuses(stranger, "/tidak-ada/", 600)
            assert (await villager.get("/tidak-ada")).status_code == 404


async def test_a_million_networks_take_no_more_memory_than_one(
    settings: Settings, app: HostDispatcher
) -> None:
    counts = MinuteCounts()
    guard, before = RateLimiter(lambda _: None, counts=counts), len(counts)
    tenant = await app.hosts.find("melati")
    assert tenant is not None
    with clock.freeze_at(clock.now()):
        for at in range(20_000):
            guard.allow_page(tenant, None, "/", f"2001:{at:x}:1::1")
        assert len(counts) == before
        # and they do not count against a network that has sent nothing yet
        assert guard.allow_page(tenant, None, "/", VILLAGER)


async def test_a_member_who_asks_without_end_is_turned_away_alone(
    app: HostDispatcher, member_client: SignedInClient, officer_client: SignedInClient
) -> None:
    app.rate_limiter = RateLimiter(lambda _: 20, session_limit=5)
    with clock.freeze_at(clock.now()):
        assert await statuses(member_client.client, "/?cari=", 6) == [200] * 5 + [429]
        assert await statuses(officer_client.client, "/?cari=", 12) == [200] * 12
        async with client_from_network(app, VILLAGER) as villager:
            assert (await villager.get("/?cari=beras")).status_code == 200


async def test_the_platforms_own_pages_have_a_limit_for_each_network(app: HostDispatcher) -> None:
    app.rate_limiter = RateLimiter(network_limit=5)
    with clock.freeze_at(clock.now()):
        origin = f"http://{BASE_DOMAIN}"
        for address in (STRANGER, VILLAGER):
            transport = httpx.ASGITransport(app, client=(address, 40_000))
            async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
                assert await statuses(client, "/?", 6) == [200] * 5 + [429]
        async with client_from_network(app, STRANGER, "tidak-ada") as elsewhere:
            assert (await elsewhere.get("/")).status_code == 429


async def test_who_is_turned_away_is_told_for_how_long(app: HostDispatcher) -> None:
    app.rate_limiter = RateLimiter(lambda _: 2)
    moment = clock.now().replace(second=20, microsecond=0)
    with clock.freeze_at(moment):
        async with client_from_network(app, STRANGER) as stranger:
            refused = [await stranger.get(f"/?cari={at}") for at in range(3)][-1]
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "40"
