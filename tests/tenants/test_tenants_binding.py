"""A write session is bound together with its BEGIN; a lost or unbound connection is not reused."""

import asyncio

import asyncpg
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from factories.counting_proxy import counting_proxy
from kernel.database import Database, libpq_url
from kernel.process_services import build_services
from kernel.settings import Settings
from tenants.registry import TenantRef
from tenants.session import coop_session, shared_session

PID = text("SELECT pg_backend_pid()")
WHO = text(
    "SELECT current_user || ' ' || current_setting('search_path') || ' ' || current_setting('lock_timeout')"
)


async def test_beginning_and_binding_are_one_round_trip(
    database: Database, settings: Settings, server_url: str, melati: TenantRef
) -> None:
    async with counting_proxy(f"{server_url}/") as proxy:
        through = build_services(proxy.url(libpq_url(database.owner_url)), settings).main_database
        for _ in range(2):
            with proxy.measure() as counted:
                async with coop_session(through, melati) as db:
                    name = melati.schema_name
                    assert (await db.execute(WHO)).scalar_one() == f"{name} {name} 5s"
        await through.services.close()
    assert counted.round_trips == 3
    assert counted.simple_queries[0].startswith("BEGIN; SET LOCAL ROLE")
    assert counted.simple_queries[1:] == ["COMMIT;"]


async def test_a_session_of_nobody_is_bound_to_nobody_after_one_that_was(
    database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await db.execute(WHO)
    async with shared_session(database) as db:
        assert melati.schema_name not in (await db.execute(WHO)).scalar_one()


async def test_a_connection_that_could_not_be_bound_is_given_up(
    database: Database, melati: TenantRef
) -> None:
    async with shared_session(database) as db:
        lent = (await db.execute(PID)).scalar_one()
    stranger = msgspec.structs.replace(melati, schema_name="coop_aaaaaaaaaaaaaaaa")
    with pytest.raises(DBAPIError):
        async with coop_session(database, stranger) as db:
            await db.execute(WHO)
    async with shared_session(database) as db:
        assert (await db.execute(PID)).scalar_one() != lent
        assert "coop_" not in (await db.execute(WHO)).scalar_one()
    async with coop_session(database, melati) as db:
        assert (await db.execute(WHO)).scalar_one().startswith(melati.schema_name)


async def test_a_restart_of_postgresql_is_nobodys_error_page(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        before = (await db.execute(PID)).scalar_one()
    owner = await asyncpg.connect(libpq_url(database.owner_url))
    await owner.execute("SELECT pg_terminate_backend($1)", before)
    await owner.close()
    await asyncio.sleep(0.2)  # as long as it takes to notice
    async with coop_session(database, melati) as db:
        assert (await db.execute(PID)).scalar_one() != before
