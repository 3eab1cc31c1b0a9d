"""Mass foundings: from one /48, from everywhere, under somebody else's name, and cooperatives that nobody
signs in to.
"""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from conftest import BASE_DOMAIN, Visitors
from kernel import clock
from kernel.database import Database
from tenants.registry import find_tenant_by_slug
from tenants.session import shared_session
from tenants.throttles import throttle_key
from web.dispatch import HostDispatcher

PASSWORD = "tiga-kata-berbeda"


def answers(at: int = 0, **changes: str) -> dict[str, str]:
    return {
        "name": f"Koperasi {('Kenanga', 'Anggrek', 'Cempaka', 'Dahlia', 'Flamboyan')[at % 5]}",
        "slug": ("kenanga", "anggrek", "cempaka", "dahlia", "flamboyan")[at % 5],
        "officer_name": "Lestari Widuri",
        "phone": f"0812-7000-{at:04}",
        "password": PASSWORD,
        "bylaws": "konsumen",
        "founding_key": f"a-key-of-this-very-form-{at}",
    } | changes


async def found_from(app: HostDispatcher, address: str, form: dict[str, str]) -> httpx.Response:
    origin = f"http://{BASE_DOMAIN}"
    transport = httpx.ASGITransport(app, client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url=origin, headers={"origin": origin}) as client:
        return await client.post("/daftar", data=form)


async def how_many(database: Database) -> int:
    async with shared_session(database) as db:
        return (await db.execute(text("SELECT count(*) FROM shared.cooperatives"))).scalar_one()


async def test_a_48_founds_no_more_than_a_household(app: HostDispatcher, database: Database) -> None:
    # 28 of the 30 of an hour, each from a /64 of its own; written as the throttle counts them
    async with shared_session(database) as db:
        await db.execute(
            text(
                "INSERT INTO shared.throttles (key, count, window_ends_at) VALUES (:key, 28, now() + "
                "interval '1 hour')"
            ),
            {"key": throttle_key("founding-from", "2001:db8:7::/48")},
        )
    answered = [
        (await found_from(app, f"2001:db8:7:{at:x}00::1", answers(at))).status_code for at in range(4)
    ]
    assert answered == [303, 303, 429, 429]
    assert (await found_from(app, "198.51.100.4", answers(4))).status_code == 303


async def test_beyond_the_hours_total_new_foundings_wait_with_what_was_typed(
    app: HostDispatcher, database: Database
) -> None:
    # melati and mawar are two of them
    database.settings = replace(database.settings, foundings_per_hour_in_all=4)
    assert [(await found_from(app, f"203.0.113.{at}", answers(at))).status_code for at in range(2)] == [
        303,
        303,
    ]
    before = await how_many(database)
    refused = await found_from(app, "198.51.100.4", answers(2))
    assert refused.status_code == 503
    assert 0 < int(refused.headers["retry-after"]) <= 3_600
    assert "Banyak sekali koperasi didirikan" in refused.text
    assert 'value="Koperasi Cempaka"' in refused.text
    assert await how_many(database) == before
    # the same form submitted again leads to the cooperative that it founded
    assert (await found_from(app, "203.0.113.0", answers(0))).status_code == 303
    with clock.freeze_at(clock.now() + timedelta(minutes=61)):
        assert (await found_from(app, "198.51.100.4", answers(2))).status_code == 303


@pytest.mark.parametrize(
    "name",
    [
        "Koperasi Melati",
        "KOPERASI MÉLATI",
        "Mellati",
        "Koperasi Melati 2",
        "kop. melati",
        "Koperasi Me1ati",
        "Mеlаti",
    ],
)
async def test_a_name_that_looks_like_an_existing_one_opens_no_door_by_itself(
    visitor: Visitors, database: Database, name: str
) -> None:
    answer = await visitor("").post("/daftar", data=answers(name=name))
    assert (answer.status_code, answer.headers["location"]) == (303, "http://kenanga.localhost:8000/")
    home = visitor("kenanga")
    page = await home.get("/")
    assert page.status_code == 503
    assert "diperiksa" in page.text
    assert not {path for path in ("/masuk", "/keranjang", "/gabung") if f'href="{path}"' in page.text}, (
        "all of them are closed"
    )
    assert (
        await home.post("/masuk", data={"identity": "0812-7000-0000", "password": PASSWORD})
    ).status_code == 503
    tenant = await find_tenant_by_slug(database, "kenanga")
    assert tenant is not None
    assert tenant.status == "waiting"
