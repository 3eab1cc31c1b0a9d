"""A slow statement ends its page, but no import or export, which may take long."""

import io
import time
import zipfile
from collections.abc import AsyncIterator

import msgspec
import pytest
from sqlalchemy import text

from conftest import SignedInClient
from kernel.database import Database
from kernel.process_services import build_services
from kernel.settings import Settings
from kernel.timeouts import EXPORT, IMPORT, JOBS, WEB
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session, shared_reader, shared_session
from web.dispatch import HostDispatcher

MEMBERS = (
    "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\r\n"
    "0901,Wayan Suryani,P,,2024-05-31,100000,480000,0\r\n"
)


@pytest.fixture
async def app(database: Database, settings: Settings) -> AsyncIterator[HostDispatcher]:
    """A web process whose pages may take a second."""
    short = build_services(
        database.owner_url.render_as_string(hide_password=False),
        settings,
        timeouts=msgspec.structs.replace(WEB, statement=1.0),
    ).main_database
    dispatcher = HostDispatcher(settings, short)
    await dispatcher.start()
    yield dispatcher
    await dispatcher.stop()


async def slow_reading(database: Database, tenant: TenantRef, table: str, seconds: float) -> None:
    """Make every read of a table take this long."""
    name = f"{tenant.schema_name}.{table}"
    async with database.owner_engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"))
        await connection.execute(
            text(
                f"CREATE POLICY dawdle ON {name} USING ((SELECT pg_catalog.pg_sleep({seconds})::text) IS "
                f"NOT NULL)"
            )
        )


async def slow_writing(database: Database, tenant: TenantRef, table: str, seconds: float) -> None:
    name = tenant.schema_name
    async with database.owner_engine.begin() as connection:
        for statement in (
            (
                f"CREATE FUNCTION {name}.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
                f"pg_catalog.pg_sleep({seconds}); RETURN NULL; END $$"
            ),
            (
                f"CREATE TRIGGER dawdle AFTER INSERT ON {name}.{table} FOR EACH STATEMENT EXECUTE FUNCTION "
                f"{name}.dawdle()"
            ),
        ):
            await connection.execute(text(statement))


@pytest.mark.slow
async def test_a_slow_statement_ends_its_page_with_an_answer_of_ours(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await slow_reading(database, melati, "accounts", 4)
    began = time.monotonic()
    answer = await officer_client.get("/pengurus/buku")
    assert time.monotonic() - began < 4, "the page waited for the statement"
    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdecimal()
    assert "makan waktu terlalu lama" in answer.text
    assert melati.schema_name not in answer.text


@pytest.mark.slow
async def test_an_export_may_take_longer_than_a_page(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await slow_reading(database, melati, "accounts", 1.5)
    assert (await officer_client.get("/pengurus/buku")).status_code == 503
    answer = await officer_client.get("/pengurus/buku/ekspor.zip")
    assert answer.status_code == 200
    assert "lines.csv" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


@pytest.mark.slow
async def test_an_import_may_take_longer_than_a_page(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    await slow_writing(database, melati, "members", 1.5)
    answer = await officer_client.post(
        "/pengurus/anggota/impor/pencatatan", {"content": MEMBERS, "as_of": "2026-01-01", "skip_bad": "0"}
    )
    assert answer.status_code == 303, answer.text
    async with coop_reader(database, melati) as ro:
        assert await ro.value("SELECT count(*) FROM members WHERE number = '0901'") == 1


SHOWN = (
    "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout') || ' '"
    " || current_setting('idle_in_transaction_session_timeout')"
)


async def test_each_pool_sets_its_own_and_a_longer_profile_ends_with_its_transaction(
    database: Database, melati: TenantRef, settings: Settings
) -> None:
    for _ in range(2):  # a time-out that a transaction set is gone in the next one
        async with coop_session(database, melati) as db:
            assert (await db.execute(text(SHOWN))).scalar_one() == "8s 5s 20s"
        async with coop_reader(database, melati) as ro:
            assert await ro.value(SHOWN) == "8s 5s 20s"
        async with shared_session(database) as db:
            assert (await db.execute(text(SHOWN))).scalar_one() == "8s 5s 20s"
        async with shared_reader(database) as ro:
            assert await ro.value(SHOWN) == "8s 5s 20s"
        async with coop_session(database, melati, IMPORT) as db:
            assert (await db.execute(text(SHOWN))).scalar_one() == "2min 10s 5min"
        async with coop_reader(database, melati, EXPORT) as ro:
            assert await ro.value(SHOWN) == "2min 5s 2min"
    async with database.owner_engine.connect() as connection:
        assert (await connection.execute(text(SHOWN))).scalar_one() == "0 0 0", (
            "migrations take as long as they take"
        )
        roles = await connection.execute(
            text("SELECT array_to_string(rolconfig, ',') FROM pg_roles WHERE rolname = :role"),
            {"role": settings.app_role},
        )
        assert "timeout" not in roles.scalar_one()
    jobs = build_services(
        database.owner_url.render_as_string(hide_password=False), settings, timeouts=JOBS
    ).main_database
    async with coop_session(jobs, melati) as db:
        assert (await db.execute(text(SHOWN))).scalar_one() == "1min 10s 2min"
    await jobs.services.close()
