from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from demo import DemoLogin, sample_csv, seed_demo
from demo.cooperatives import COOPERATIVES, PASSWORD
from kernel import clock
from kernel.database import Database
from kernel.errors import DomainError
from kernel.process_services import build_services
from kernel.settings import Settings
from ledger.year_queries import get_surplus, get_trial_balance
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_reader
from web.dispatch import HostDispatcher

pytestmark = pytest.mark.slow

Seeded = tuple[Database, list[DemoLogin]]


@pytest.fixture(scope="module")
async def seeded(seeded_url: str, settings: Settings) -> AsyncIterator[Seeded]:
    database = build_services(seeded_url, settings).main_database
    try:
        yield database, await seed_demo(database)
    finally:
        await database.services.close()


@pytest.mark.parametrize("slug", [demo.slug for demo in COOPERATIVES])
async def test_the_books_balance_and_agree_with_the_shelf(seeded: Seeded, slug: str) -> None:
    database, _ = seeded
    tenant = await find_tenant_by_slug(database, slug)
    year = clock.today().year - 1
    async with coop_reader(database, tenant) as ro:
        assert sum(each.closing for each in await get_trial_balance(ro, year + 1)) == 0
        stock = await ro.value("SELECT sum(stock_value)::bigint FROM products")
        assert stock > 0
        assert await ro.value("SELECT balance FROM balances WHERE account = '1130'") == stock
        for code in ("1101", "1130", "2111", "3110", "3120"):
            assert (
                await ro.value("SELECT coalesce(min(balance), 0) FROM balances WHERE account = $1", code) >= 0
            )
        assert await get_surplus(ro, year) > 0


@pytest.mark.parametrize("slug", [demo.slug for demo in COOPERATIVES])
async def test_it_is_as_large_as_promised(seeded: Seeded, slug: str) -> None:
    database, _ = seeded
    tenant = await find_tenant_by_slug(database, slug)
    year = clock.today().year - 1
    async with coop_reader(database, tenant) as ro:
        assert await ro.value("SELECT count(*) FROM members WHERE status = 'active'") == 40
        assert await ro.value("SELECT count(*) FROM members WHERE status = 'applied'") == 2
        assert await ro.value("SELECT count(*) FROM products") == 60
        sold = (
            "SELECT count(DISTINCT date_trunc('month', placed_at)) FROM orders WHERE extract(year FROM "
            "placed_at) = $1"
        )
        assert await ro.value(sold, year) == 12
        waiting = await ro.value("SELECT count(*) FROM orders WHERE status IN ('placed', 'paid')")
        assert waiting == {"melati": 7, "mawar": 5}[slug]
        handed_over = await ro.value(
            "SELECT count(*) FROM orders WHERE status = 'handed_over' AND source = 'web'"
        )
        assert handed_over == {"melati": 5, "mawar": 1}[slug]
        assert await ro.value("SELECT count(*) FROM users WHERE officer_role IS NOT NULL") == 2


async def test_the_two_differ_in_bylaws_and_theme(seeded: Seeded) -> None:
    database, _ = seeded
    seen = {}
    for demo in COOPERATIVES:
        async with coop_reader(database, await find_tenant_by_slug(database, demo.slug)) as ro:
            seen[demo.slug] = (
                await ro.value("SELECT template FROM bylaws WHERE version = 1"),
                await ro.value("SELECT theme FROM profile"),
                await ro.value("SELECT max(version) FROM bylaws"),
            )
    assert seen["melati"][:2] != seen["mawar"][:2]
    assert {bylaws for bylaws, _, _ in seen.values()} == {"konsumen", "desa-merah-putih"}
    assert sorted(versions for _, _, versions in seen.values()) == [1, 3]


async def test_a_second_start_only_looks(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    database, sign_ins = seeded
    tenant = await find_tenant_by_slug(database, "melati")
    async with coop_reader(database, tenant) as ro:
        before = await ro.value("SELECT max(number) FROM journals")

    async def unwanted(*_: object) -> None:
        raise AssertionError("what takes time is done once")

    for name in ("create_cooperative", "populate_demo", "add_operator"):
        monkeypatch.setattr(f"demo.seed.{name}", unwanted)
    assert await seed_demo(database) == sign_ins
    async with coop_reader(database, tenant) as ro:
        assert await ro.value("SELECT max(number) FROM journals") == before


async def test_every_sign_in_that_is_told_opens_a_door(seeded: Seeded, settings: Settings) -> None:
    database, sign_ins = seeded
    dispatcher = HostDispatcher(
        settings,
        build_services(database.owner_url.render_as_string(hide_password=False), settings).main_database,
    )
    await dispatcher.start()
    try:
        assert {each.role for each in sign_ins} == {"officer", "member", "operator"}
        for each in sign_ins:
            origin = each.address.rstrip("/")
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(dispatcher), base_url=origin, headers={"origin": origin}
            ) as client:
                field = "phone" if each.role == "operator" else "identity"
                answer = await client.post("/masuk", data={field: each.identity, "password": each.password})
                assert answer.status_code == 303, each
                assert "lumbung" in client.cookies
                home = {"officer": "/pengurus", "member": "/anggota", "operator": "/"}[each.role]
                assert (await client.get(home)).status_code == 200, each
            assert each.password in each.format_line()
    finally:
        await dispatcher.stop()


async def test_a_slug_that_somebody_took_is_left_alone(database: Database, melati: TenantRef) -> None:
    async with coop_reader(database, melati) as ro:
        before = await ro.value("SELECT max(number) FROM journals")
    sign_ins = await seed_demo(database)
    async with coop_reader(database, melati) as ro:
        assert await ro.value("SELECT max(number) FROM journals") == before
        assert await ro.value("SELECT count(*) FROM members") == 2
    assert [each.role for each in sign_ins] == ["operator"]


async def test_production_has_no_demo(database: Database, settings: Settings) -> None:
    production = build_services(
        database.owner_url.render_as_string(hide_password=False), replace(settings, environment="production")
    ).main_database
    with pytest.raises(DomainError) as error:
        await seed_demo(production)
    assert error.value.code == "demo.not_in_production"


def test_the_same_seed_buys_the_same() -> None:
    from datetime import date

    numbers, skus = ["0001", "0002"], ["B0001", "B0002", "B0003"]
    wanted = (numbers, skus, 7, date(2025, 1, 2), date(2025, 12, 30))
    assert sample_csv.generate_sales_csv(*wanted) == sample_csv.generate_sales_csv(*wanted)
    assert sample_csv.generate_sales_csv(
        numbers, skus, 8, date(2025, 1, 2), date(2025, 12, 30)
    ) != sample_csv.generate_sales_csv(*wanted)


def test_no_phone_is_given_twice_and_none_can_be_called() -> None:
    from kernel.phone import parse_mobile

    numbers = [parse_mobile(phone) for demo in COOPERATIVES for _, _, phone in demo.people]
    numbers += [demo.chair_phone for demo in COOPERATIVES] + [
        parse_mobile(demo.treasurer_phone_display) for demo in COOPERATIVES
    ]
    assert len(set(numbers)) == len(numbers)
    assert all(number.startswith("+62899000") for number in numbers)
    assert PASSWORD
