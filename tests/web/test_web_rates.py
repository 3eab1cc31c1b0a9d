"""A cooperative that is overrun says so to visitors; its till and its neighbours go on."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import msgspec

from billing.plans import catalogue
from conftest import SignedIn
from kernel import clock
from web.doors import Doors
from web.rates import RateGuard, requests_a_minute

Visitors = Callable[[str], httpx.AsyncClient]


async def test_visitors_beyond_the_plans_rate_are_asked_to_wait_and_officers_and_neighbours_are_not(
    app: Doors, visitor: Visitors, officer_client: SignedIn
) -> None:
    app.rates = RateGuard(lambda tenant: 3 if tenant.slug == "melati" else 1_000)
    with clock.held_at(clock.now()):
        answers = [await visitor("melati").get(f"/?cari={at}") for at in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert "Tunggu satu menit" in answers[-1].text
        assert (await visitor("mawar").get("/?cari=1")).status_code == 200
        assert (await officer_client.get("/pengurus/pesanan")).status_code == 200
    with clock.held_at(clock.now() + timedelta(minutes=2)):
        assert (await visitor("melati").get("/?cari=9")).status_code == 200


async def test_who_keeps_the_count_full_keeps_nobody_from_signing_in(app: Doors, visitor: Visitors) -> None:
    app.rates = RateGuard(lambda _: 1)
    with clock.held_at(clock.now()):
        assert [(await visitor("melati").get(f"/?cari={at}")).status_code for at in range(2)] == [200, 429]
        assert (await visitor("melati").get("/masuk")).status_code == 200
        assert (await visitor("melati").post("/masuk", data={})).status_code != 429


async def test_a_plan_that_is_sold_no_longer_limits_nobody(app: Doors) -> None:
    tenant = await app.hosts.find("melati")
    assert tenant is not None
    assert requests_a_minute(msgspec.structs.replace(tenant, plan="lama")) is None


async def test_the_limit_is_the_plans(app: Doors) -> None:
    tenant = await app.hosts.find("melati")
    assert tenant is not None
    assert requests_a_minute(tenant) == catalogue().of(tenant.plan).limits["requests_per_minute"]
