"""One cooperative cannot reach another: not by SQL, a forgotten binding, a pooled connection or a job."""

import asyncio
import random

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.database import Database
from kernel.outbox import enqueue, job
from tenants.changes import rename_cooperative
from tenants.migrator import migrate
from tenants.registry import HostCache, TenantRef, find_tenant_by_host, find_tenant_by_slug
from tenants.session import coop_reader, coop_session, shared_reader, shared_session
from tenants.worker import run_job
from web.dispatch import HostDispatcher


async def _tables(database: Database, schema: str) -> list[str]:
    async with database.owner_engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = :schema"),
            {"schema": schema},
        )
        return list(rows.scalars())


async def test_a_raw_select_on_any_table_of_the_neighbour_is_refused(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    tables = await _tables(database, mawar.schema_name)
    assert len(tables) > 20
    for table in tables:
        with pytest.raises(DBAPIError, match="permission denied"):
            async with coop_session(database, melati) as db:
                await db.execute(text(f"SELECT * FROM {mawar.schema_name}.{table}"))


@pytest.mark.parametrize(
    "table",
    ["cooperatives", "hostnames", "operators", "operator_sessions", "outbox", "schema_pool", "throttles"],
)
async def test_a_cooperative_reads_nothing_of_the_platform(db: AsyncSession, table: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        await db.execute(text(f"SELECT * FROM shared.{table}"))


async def test_a_forgotten_binding_is_an_error_never_a_row(database: Database, melati: TenantRef) -> None:
    async with shared_session(database) as db:
        with pytest.raises(DBAPIError, match="does not exist"):
            await db.execute(text("SELECT name FROM members"))
    async with shared_session(database) as db:
        with pytest.raises(DBAPIError, match="permission denied"):
            await db.execute(text(f"SELECT name FROM {melati.schema_name}.members"))
    async with shared_reader(database) as ro:
        with pytest.raises(Exception, match="does not exist"):
            await ro.value("SELECT name FROM members")


async def test_the_binding_ends_with_its_transaction(database: Database, melati: TenantRef) -> None:
    for _ in range(3):
        async with coop_session(database, melati) as db:
            assert (await db.execute(text("SELECT current_user"))).scalar_one() == melati.schema_name
        async with shared_session(database) as db:
            row = (await db.execute(text("SELECT current_user, current_setting('search_path')"))).one()
            assert (row[0], row[1].strip('"')) == (database.settings.app_role, "")


async def test_nobody_leaves_a_temporary_table_on_a_pooled_connection(
    database: Database, melati: TenantRef
) -> None:
    await migrate(database)
    for opened in (coop_session(database, melati), shared_session(database)):
        with pytest.raises(DBAPIError, match="permission denied to create temporary tables"):
            async with opened as db:
                await db.execute(text("CREATE TEMP TABLE users (id int)"))


async def test_a_reader_cannot_write(database: Database, melati: TenantRef) -> None:
    async with coop_reader(database, melati) as ro:
        with pytest.raises(Exception, match="read-only transaction"):
            await ro.value("UPDATE profile SET name = 'x' RETURNING name")


async def test_one_pool_serves_many_cooperatives_without_a_mix_up(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    """Fuzz: reads and writes of both, with failed and cancelled ones, over the same few connections."""
    chance = random.Random(20261124)
    expected = {tenant.schema_name: tenant.slug for tenant in (melati, mawar)}

    async def request_page(tenant: TenantRef, how: int) -> None:
        if how == 0:
            async with coop_reader(database, tenant) as ro:
                name = await ro.value("SELECT name FROM profile")
        elif how == 1:
            async with coop_session(database, tenant) as db:
                name = (await db.execute(text("SELECT name FROM profile"))).scalar_one()
        elif how == 2:  # an error inside
            with pytest.raises(DBAPIError):
                async with coop_session(database, tenant) as db:
                    await db.execute(text("SELECT nothing FROM profile"))
            return
        else:  # cancelled halfway

            async def slow() -> None:
                async with coop_reader(database, tenant) as ro:
                    await ro.value("SELECT pg_sleep(0.2)")

            task = asyncio.create_task(slow())
            await asyncio.sleep(chance.random() / 50)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return
        assert expected[tenant.schema_name] in name.lower()

    for _ in range(12):
        await asyncio.gather(
            *(request_page(chance.choice((melati, mawar)), chance.randrange(4)) for _ in range(25))
        )


async def test_worn_connections_are_replaced(
    database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.connection_pool.COOPERATIVES_PER_CONNECTION", 1)
    backends = set()
    for _ in range(3):
        async with coop_reader(database, melati) as ro:
            backends.add(await ro.value("SELECT pg_backend_pid()"))
    assert len(backends) == 3
    backends = set()
    for _ in range(3):
        async with coop_session(database, melati) as db:
            backends.add((await db.execute(text("SELECT pg_backend_pid()"))).scalar_one())
    assert len(backends) == 3


async def test_a_host_that_belongs_to_nobody_is_remembered_and_the_memory_is_bounded(
    database: Database, melati: TenantRef
) -> None:
    hosts = HostCache(database, limit=3, unknown_limit=4)
    assert await hosts.find("melati") == melati
    for at in range(10):
        assert await hosts.find(f"nobody-{at}") is None
    assert len(hosts._unknown_hosts) == 4
    assert hosts.is_cached_or_pending("melati"), "made-up hosts push out no cooperative's"
    assert hosts.is_cached_or_pending("nobody-9")
    assert not hosts.is_cached_or_pending("nobody-0")
    assert await find_tenant_by_host(database, "melati") == melati


_seen: list[str] = []


@job("test.note")
async def note(db: AsyncSession, *, word: str) -> None:
    _seen.append(f"{(await db.execute(text('SELECT current_user'))).scalar_one()}:{word}")


async def test_a_job_runs_once_and_in_the_cooperative_that_wrote_it(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    _seen.clear()
    async with coop_session(database, melati) as db:
        await enqueue(db, "test.note", {"word": "a"}, key="k1")
    async with shared_session(database) as db:
        rows = (await db.execute(text("SELECT coop_role, job, key, arguments FROM shared.outbox"))).all()
    (row,) = [row for row in rows if row.job == "test.note"]
    assert row.coop_role == melati.schema_name
    assert await run_job(database, row.coop_role, row.job, row.key, row.arguments) is True
    assert await run_job(database, row.coop_role, row.job, row.key, row.arguments) is False
    assert _seen == [f"{melati.schema_name}:a"]


async def test_a_cooperative_cannot_write_a_job_in_anothers_name(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with coop_session(database, melati) as db:
            await db.execute(
                text(
                    "INSERT INTO shared.outbox (job, key, arguments, coop_role) VALUES ('test.note', "
                    "'x', '{}', :role)"
                ),
                {"role": mawar.schema_name},
            )


async def test_a_cooperative_cannot_ask_for_a_job_of_the_platform(
    database: Database, melati: TenantRef
) -> None:
    import tenants.tasks  # noqa: F401 - registers the platform's job

    with pytest.raises(PermissionError):
        await run_job(database, melati.schema_name, "tenants.refill_schema_pool", "k", {})


async def test_a_job_whose_transaction_is_undone_was_never_written(
    database: Database, melati: TenantRef
) -> None:
    async def write_and_fail() -> None:
        async with coop_session(database, melati) as db:
            await enqueue(db, "test.note", {"word": "lost"}, key="k2")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    async with shared_session(database) as db:
        assert not (await db.execute(text("SELECT 1 FROM shared.outbox WHERE key = 'k2'"))).all()


async def test_many_who_ask_for_one_host_at_once_are_one_question(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def counted(base: Database, host: str) -> TenantRef | None:
        asked.append(host)
        await asyncio.sleep(0)
        return await find_tenant_by_slug(base, host)

    monkeypatch.setattr("tenants.registry.find_tenant_by_host", counted)
    hosts = HostCache(database)
    found = await asyncio.gather(*(hosts.find("melati") for _ in range(200)))
    assert {each.slug for each in found if each is not None} == {"melati"}
    assert asked == ["melati"]
    assert hosts.is_cached_or_pending("melati")


async def test_a_change_of_one_cooperative_leaves_the_others_hosts_cached(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    hosts = HostCache(database)
    assert await hosts.find("melati") == melati
    assert await hosts.find("mawar") == mawar
    assert await hosts.find("kenanga") is None
    hosts.invalidate(melati.schema_name)
    assert hosts.get_cached("melati") is None
    assert hosts.get_cached("mawar") == mawar
    assert not hosts.is_cached_or_pending("kenanga")  # it may be melati's from now on


async def test_a_notice_of_the_registry_names_whose_entry_changed(
    app: HostDispatcher, database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    # twice: notices come in order, so the first one shows that those of the founding have passed
    for name in ("Koperasi Melati Baru", "Koperasi Melati"):
        for slug in ("melati", "mawar"):
            assert await app.hosts.find(slug) is not None
        async with coop_session(database, melati) as db:
            await rename_cooperative(db, name)
        for _ in range(200):
            if app.hosts.get_cached("melati") is None:
                break
            await asyncio.sleep(0.02)
        assert app.hosts.get_cached("melati") is None
    assert app.hosts.get_cached("mawar") == mawar


async def test_a_session_of_a_cooperative_stands_in_its_cell(database: Database, melati: TenantRef) -> None:
    elsewhere = msgspec.structs.replace(melati, cell="elsewhere")
    with pytest.raises(LookupError, match="elsewhere"):
        async with coop_session(database, elsewhere):
            pass
    assert database.services.database_for(melati) is database
