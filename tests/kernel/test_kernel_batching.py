"""Several reads in one round trip return what each would return alone."""

from datetime import date
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from cooperative.queries import get_profile
from factories.counting_proxy import counting_proxy
from governance.queries import get_bylaws_on, list_bylaws_versions
from kernel.batching import read_batch
from kernel.database import Database, Reader, libpq_url
from kernel.errors import DomainError
from kernel.process_services import build_services
from kernel.settings import Settings
from savings.queries import get_balances
from tenants.registry import TenantRef
from tenants.session import coop_reader
from ui.errors import NOT_FOUND

TODAY = date(2026, 6, 15)
MEMBERS = "SELECT id, number, joined_on FROM members WHERE number > $1 ORDER BY number DESC"


class Row(msgspec.Struct, frozen=True):
    id: UUID
    number: str
    joined_on: date


class Misread(msgspec.Struct, frozen=True):
    number: str
    id: UUID
    joined_on: date


async def members(ro: Reader, after: str = "") -> list[Row]:
    return await ro.rows(Row, MEMBERS, after)


async def test_each_gets_what_it_asked_for(ro: Reader) -> None:
    got = await read_batch(
        ro,
        members,
        lambda r: get_bylaws_on(r, TODAY),
        lambda r: members(r, "0001"),
        lambda r: r.value("SELECT count(*) FROM orders WHERE total > $1", 2**40),
        get_profile,
        lambda r: r.one(Row, MEMBERS, "9999"),
    )
    assert got == (
        await members(ro),
        await get_bylaws_on(ro, TODAY),
        await members(ro, "0001"),
        0,
        await get_profile(ro),
        None,
    )
    assert [row.number for row in got[0]] == ["0002", "0001"]


async def test_what_is_asked_next_goes_together_too(ro: Reader) -> None:
    async def savings_of_first(r: Reader) -> object:
        return await get_balances(r, (await members(r))[0].id)

    async def both(r: Reader) -> object:
        return await read_batch(r, savings_of_first, list_bylaws_versions)

    inner, outer = await read_batch(ro, both, savings_of_first)
    assert inner == (outer, await list_bylaws_versions(ro))
    assert outer == await savings_of_first(ro)


async def test_one_round_trip_for_each_round(
    database: Database, settings: Settings, server_url: str, melati: TenantRef
) -> None:
    async def twice(r: Reader) -> object:
        return await get_balances(r, (await members(r))[0].id)

    async with counting_proxy(f"{server_url}/") as proxy:
        proxied = build_services(proxy.url(libpq_url(database.owner_url)), settings).main_database
        for _ in range(2):
            async with coop_reader(proxied, melati) as reader:
                with proxy.measure() as counts:
                    await read_batch(reader, twice, twice, list_bylaws_versions, get_profile)
        await proxied.services.close()
    assert counts.round_trips == 2


async def test_what_the_session_holds_is_seen(db: AsyncSession) -> None:
    await db.execute(text("UPDATE members SET joined_on = '2020-02-02' WHERE number = '0001'"))
    first, _ = await read_batch(db, lambda r: members(r, "0000"), list_bylaws_versions)
    assert first[-1].joined_on == date(2020, 2, 2)


async def test_an_error_in_a_batch_is_raised_unchanged(ro: Reader) -> None:
    async def refuse(r: Reader) -> None:
        await members(r)
        raise NOT_FOUND()

    with pytest.raises(DomainError):
        await read_batch(ro, members, refuse)
    assert len(await members(ro)) == 2


async def test_a_view_of_other_columns_is_refused(ro: Reader) -> None:
    with pytest.raises(TypeError):
        await read_batch(ro, members, lambda r: r.rows(Misread, MEMBERS, ""))


async def test_a_query_that_streams_is_refused_in_words(db: AsyncSession) -> None:
    async def streamed(ro: Reader) -> list[object]:
        return [row async for row in ro.stream(MEMBERS, "")]

    with pytest.raises(TypeError, match="cannot be streamed inside read_batch"):
        await read_batch(db, streamed, members)
