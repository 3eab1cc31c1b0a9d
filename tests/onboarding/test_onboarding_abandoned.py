"""A cooperative without activity is removed after a week; any sign-in, row or payment keeps it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

import members.tasks  # noqa: F401 - registers what is done daily
import payments.tasks  # noqa: F401 - same
import tenants.tasks  # noqa: F401 - same
from billing.tasks import measure_usage, run_daily_billing
from conftest import Visitors
from kernel import clock
from kernel.database import CoopBase, Database
from onboarding import remove_abandoned
from onboarding.create_cooperative import NewCooperative, create_cooperative, sign_up_cooperative
from tenants import daily_jobs, remove_cooperative
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.remove_cooperative import PROTECTED_TABLES
from tenants.revisions import SHARED, get_metadata, import_models
from tenants.row_count_queries import count_rows_by_table, list_shared_references
from tenants.session import coop_session, shared_session
from tenants.worker import run_job

PASSWORD = "tiga-kata-berbeda"
PHONE = "+6281270000001"
# Written without anybody's doing, see onboarding.remove_abandoned; what is asked of them instead is tested by
# name below.
IGNORED_TABLES = {"sessions", "throttles", "finished_jobs"}
import_models()
TABLES = sorted(set(CoopBase.metadata.tables) - IGNORED_TABLES)

SHARED_TABLES = sorted(
    table.name
    for metadata in get_metadata(SHARED)
    for table in metadata.tables.values()
    if any(key.target_fullname == "shared.cooperatives.id" for key in table.foreign_keys)
)


def new_cooperative(slug: str = "kenanga") -> NewCooperative:
    return NewCooperative(
        name=f"Koperasi {slug.title()}",
        slug=slug,
        officer_name="Lestari Widuri",
        phone=PHONE,
        password=PASSWORD,
        bylaws_template="konsumen",
        key=f"a-key-of-this-very-form-{slug}",
    )


@pytest.fixture
async def kenanga(database: Database) -> TenantRef:
    """A cooperative that a stranger founded eight days ago, without activity."""
    with clock.freeze_at(clock.now() - timedelta(days=8)):
        await sign_up_cooperative(database, new_cooperative())
    return await load_kenanga(database)


async def load_kenanga(database: Database) -> TenantRef:
    tenant = await find_tenant_by_slug(database, "kenanga")
    assert tenant is not None
    return tenant


@pytest.fixture
async def owner(database: Database, kenanga: TenantRef) -> AsyncIterator[AsyncConnection]:
    """The owner's connection in the schema of kenanga; its writes are rolled back."""
    async with database.owner_engine.connect() as connection:
        await connection.execute(
            text("SELECT set_config('search_path', :name, true)"), {"name": kenanga.schema_name}
        )
        yield connection
        await connection.rollback()


async def insert_any_row(connection: AsyncConnection, schema: str, table: str, **values: object) -> None:
    """Insert a row into a table whatever its columns and constraints; conflicting rows are deleted first."""
    await connection.execute(text("SET LOCAL session_replication_role = replica"))
    constraints = await connection.execute(
        text(
            "SELECT conname FROM pg_constraint WHERE conrelid = CAST(:table AS regclass) AND contype "
            "IN ('c', 'p', 'u', 'f', 'x')"
            " AND confrelid <> CAST('shared.cooperatives' AS regclass)"
        ),
        {"table": f'{schema}."{table}"'},
    )
    for name in constraints.scalars().all():
        await connection.exec_driver_sql(
            f'ALTER TABLE {schema}."{table}" DROP CONSTRAINT IF EXISTS "{name}" CASCADE'
        )
    needed = await connection.execute(
        text(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = :schema AND "
            "table_name = :table"
            " AND is_nullable = 'NO' AND is_identity = 'NO'"
        ),
        {"schema": schema, "table": table},
    )
    for column in needed.scalars().all():
        await connection.exec_driver_sql(
            f'ALTER TABLE {schema}."{table}" ALTER COLUMN "{column}" DROP NOT NULL'
        )
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    target = f"({names}) VALUES ({marks})" if values else "DEFAULT VALUES"
    await connection.execute(text(f'INSERT INTO {schema}."{table}" {target}'), values)


def test_every_table_of_the_revisions_is_among_those_tried() -> None:
    assert set(TABLES) | IGNORED_TABLES == set(CoopBase.metadata.tables)
    assert {"members", "products", "journals", "orders", "payments", "users", "audit_entries"} <= set(TABLES)
    assert {"invoices", "subscriptions", "hostnames", "coupon_uses"} <= set(SHARED_TABLES)


async def test_the_tables_that_are_counted_are_all_that_there_are(
    owner: AsyncConnection, kenanga: TenantRef
) -> None:
    await owner.exec_driver_sql("CREATE TABLE of_a_later_revision (id int)")
    assert "of_a_later_revision" not in await remove_abandoned.find_added_rows(owner, kenanga)
    await owner.exec_driver_sql("INSERT INTO of_a_later_revision VALUES (1)")
    assert await remove_abandoned.find_added_rows(owner, kenanga) == {"of_a_later_revision": 1}
    assert {table for table, _ in await list_shared_references(owner)} == set(SHARED_TABLES)


@pytest.mark.parametrize("table", TABLES)
async def test_a_single_row_in_any_table_saves_a_cooperative(
    owner: AsyncConnection, kenanga: TenantRef, table: str
) -> None:
    assert await remove_abandoned.find_added_rows(owner, kenanga) == {}
    await insert_any_row(owner, kenanga.schema_name, table)
    assert table in await remove_abandoned.find_added_rows(owner, kenanga)


@pytest.mark.parametrize("table", sorted(set(SHARED_TABLES) - {"usage_figures"}))
async def test_a_single_row_of_the_platforms_saves_a_cooperative(
    owner: AsyncConnection, kenanga: TenantRef, table: str
) -> None:
    await insert_any_row(owner, "shared", table, cooperative_id=kenanga.id)
    assert f"shared.{table}" in await remove_abandoned.find_added_rows(owner, kenanga)


@pytest.mark.parametrize("table", sorted({"users", "profile", "bylaws"}))
async def test_a_row_of_foundings_own_that_is_gone_saves_it_too(
    owner: AsyncConnection, kenanga: TenantRef, table: str
) -> None:
    await owner.execute(text("SET LOCAL session_replication_role = replica"))
    await owner.exec_driver_sql(f"DELETE FROM {table}")
    assert table in await remove_abandoned.find_added_rows(owner, kenanga)


async def test_an_open_session_saves_it_and_one_that_is_over_does_not(
    owner: AsyncConnection, kenanga: TenantRef
) -> None:
    for token, ends, saved in ((b"over", -1, False), (b"open", 1, True)):
        await owner.execute(
            text(
                "INSERT INTO sessions (token_hash, user_id, signed_in_at, expires_at) SELECT :token, "
                "id, now(), :ends FROM users"
            ),
            {"token": token, "ends": clock.now() + timedelta(hours=ends)},
        )
        assert ("sessions" in await remove_abandoned.find_added_rows(owner, kenanga)) is saved


@pytest.mark.parametrize(
    "chosen",
    [
        {"status": "active", "period_end": clock.today()},
        {"status": "past_due"},
        {"status": "trialing", "method": "card"},
        {"status": "trialing", "stripe_customer": "cus_1"},
        {"status": "trialing", "value": 99_000},
        {"status": "trialing", "contact_email": "lestari@kenanga.example"},
    ],
)
async def test_a_plan_that_somebody_chose_saves_it(
    owner: AsyncConnection, kenanga: TenantRef, chosen: dict[str, object]
) -> None:
    await insert_any_row(owner, "shared", "subscriptions", cooperative_id=kenanga.id, **chosen)
    assert "shared.subscriptions" in await remove_abandoned.find_added_rows(owner, kenanga)


async def test_what_nobody_entered_is_closed_and_gone_a_day_later(
    database: Database, kenanga: TenantRef, visitor: Visitors
) -> None:
    async with coop_session(database, kenanga) as db:
        assert (await count_rows_by_table(db))["users"] == 1
    assert (await visitor("kenanga").get("/")).status_code == 200
    assert await remove_abandoned.mark_abandoned(database) == ["kenanga"]
    for _ in range(500):  # the dispatcher learns of it by the database's notice
        closed = (await visitor("kenanga").get("/")).status_code == 404
        if closed:
            break
        await asyncio.sleep(0.02)
    assert closed
    assert await remove_abandoned.remove_marked(database) == [], "what is under way has a day to end"
    with clock.freeze_at(clock.now() + timedelta(hours=23)):
        assert await remove_abandoned.remove_marked(database) == []
    with clock.freeze_at(clock.now() + timedelta(days=1, minutes=1)):
        assert await remove_abandoned.remove_marked(database) == ["kenanga"]
    assert await find_tenant_by_slug(database, "kenanga") is None
    async with database.owner_engine.connect() as connection:
        for query in ("SELECT to_regnamespace(:name)", "SELECT to_regrole(:name)"):
            assert (await connection.execute(text(query), {"name": kenanga.schema_name})).scalar_one() is None
        audit_log = await connection.execute(
            text("SELECT action FROM shared.operator_actions WHERE subject = 'kenanga' ORDER BY id")
        )
        assert list(audit_log.scalars()) == ["tenants.removal_marked", "tenants.cooperative_removed"]
    for slug in ("melati", "mawar"):
        assert await find_tenant_by_slug(database, slug) is not None
    assert (await sign_up_cooperative(database, new_cooperative())).created, "the address is free again"


async def test_the_daily_jobs_leave_nothing_that_would_save_it(
    database: Database, kenanga: TenantRef
) -> None:
    in_each, _ = daily_jobs.daily_jobs()
    for at, name in enumerate(in_each):
        await run_job(database, kenanga.schema_name, name, f"{name}:{at}", {})
    await measure_usage(database)
    await run_daily_billing(database)
    assert await remove_abandoned.mark_abandoned(database) == ["kenanga"]


async def test_before_a_week_nothing_goes(database: Database, kenanga: TenantRef) -> None:
    with clock.freeze_at(clock.now() - timedelta(days=2)):
        assert await remove_abandoned.mark_abandoned(database) == []


@pytest.mark.parametrize("by", ["password", "code"])
async def test_signing_in_once_by_a_password_or_a_code_saves_it_for_ever(
    database: Database, kenanga: TenantRef, visitor: Visitors, by: str
) -> None:
    if by == "password":
        answer = await visitor("kenanga").post(
            "/masuk", data={"identity": "0812-7000-0001", "password": PASSWORD}
        )
        assert answer.status_code == 303
    else:
        async with coop_session(database, kenanga) as db:
            await db.execute(text("SELECT shared.record_sign_in()"))
    async with coop_session(database, kenanga) as db:
        await db.execute(text("DELETE FROM sessions"))
    assert await remove_abandoned.mark_abandoned(database) == []
    assert (await load_kenanga(database)).signed_in


async def test_foundings_own_hand_over_alone_does_not_save_it(database: Database, visitor: Visitors) -> None:
    with clock.freeze_at(clock.now() - timedelta(days=8)):
        founded = await sign_up_cooperative(database, new_cooperative())
        home = visitor("kenanga")
        assert (await home.get(f"/masuk/serah?kunci={founded.handover}")).status_code == 303
        assert (await home.get("/pengurus")).status_code == 200
    assert await remove_abandoned.mark_abandoned(database) == ["kenanga"]


async def test_what_came_in_while_it_waited_to_be_removed_opens_it_again(
    database: Database, kenanga: TenantRef, visitor: Visitors
) -> None:
    assert await remove_abandoned.mark_abandoned(database) == ["kenanga"]
    async with coop_session(database, kenanga) as db:
        await db.execute(text("UPDATE profile SET name = 'Koperasi Kenanga'"))
        await db.execute(
            text(
                "INSERT INTO audit_entries (actor_kind, actor_name, action, subject, params) VALUES "
                "('officer', 'L', 'x.y', 'z', '{}')"
            )
        )
    with clock.freeze_at(clock.now() + timedelta(days=1, minutes=1)):
        assert await remove_abandoned.remove_marked(database) == []
    assert (await load_kenanga(database)).status == "active"


async def test_what_an_operator_founded_is_never_removed(database: Database) -> None:
    with clock.freeze_at(clock.now() - timedelta(days=30)):
        await create_cooperative(database, new_cooperative())
    assert await remove_abandoned.mark_abandoned(database) == []


async def test_a_suspended_one_is_the_operators_matter(database: Database, kenanga: TenantRef) -> None:
    async with shared_session(database) as db:
        await db.execute(text("UPDATE shared.cooperatives SET status = 'suspended' WHERE slug = 'kenanga'"))
    assert await remove_abandoned.mark_abandoned(database) == []


async def test_what_waits_for_an_operator_goes_after_a_month(database: Database) -> None:
    founded_at = clock.now()
    founded = await sign_up_cooperative(
        database, msgspec.structs.replace(new_cooperative(), name="Koperasi Melati")
    )
    assert founded.tenant.status == "waiting"
    with clock.freeze_at(founded_at + timedelta(days=29)):
        assert await remove_abandoned.mark_abandoned(database) == []
    with clock.freeze_at(founded_at + timedelta(days=31)):
        assert await remove_abandoned.mark_abandoned(database) == ["kenanga"]
    with clock.freeze_at(founded_at + timedelta(days=33)):
        assert await remove_abandoned.remove_marked(database) == ["kenanga"]


async def test_every_table_that_founding_leaves_empty_is_one_whose_rows_keep_a_cooperative(
    owner: AsyncConnection,
) -> None:
    assert set(await count_rows_by_table(owner)) | PROTECTED_TABLES | IGNORED_TABLES == set(
        CoopBase.metadata.tables
    )
    assert not set(await count_rows_by_table(owner)) & PROTECTED_TABLES


@pytest.mark.parametrize("table", sorted(PROTECTED_TABLES))
async def test_no_forged_count_of_founding_lets_the_owner_remove_what_holds_a_row(
    database: Database, kenanga: TenantRef, table: str
) -> None:
    assert await remove_abandoned.mark_abandoned(database) == ["kenanga"]
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text("SELECT set_config('search_path', :name, true)"), {"name": kenanga.schema_name}
        )
        await insert_any_row(connection, kenanga.schema_name, table)
    async with coop_session(database, kenanga) as db:
        rows = await count_rows_by_table(db)
        rows["audit_entries"] += 1
        await db.execute(
            text(
                "INSERT INTO audit_entries (id, actor_kind, actor_name, action, subject, params) "
                "OVERRIDING SYSTEM VALUE"
                " VALUES (-1, 'officer', 'L', 'onboarding.founded', 'x', CAST(:params AS jsonb))"
            ),
            {"params": {"rows": rows}},
        )
        assert table not in await remove_abandoned._find_added_own_rows(db)
    with clock.freeze_at(clock.now() + timedelta(days=2)):
        assert await remove_abandoned.remove_marked(database) == []
    assert (await load_kenanga(database)).status == "active"


async def test_the_constraints_of_all_schemas_are_looked_through_once_for_many(
    database: Database, kenanga: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a thousand cooperatives that query took 50 ms: running it for each was most of the work."""
    with clock.freeze_at(clock.now() - timedelta(days=8)):
        for slug in ("cempaka", "kamboja"):
            await sign_up_cooperative(database, new_cooperative(slug))
    looks = []

    async def counted(db: AsyncSession) -> list[tuple[str, str]]:
        looks.append(1)
        return await list_shared_references(db)

    monkeypatch.setattr(remove_abandoned, "list_shared_references", counted)
    assert set(await remove_abandoned.mark_abandoned(database)) == {"kenanga", "cempaka", "kamboja"}
    assert looks == [1]


async def test_of_many_only_some_go_at_a_time_so_that_provision_goes_on(
    database: Database, kenanga: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.freeze_at(clock.now() - timedelta(days=8)):
        await sign_up_cooperative(database, new_cooperative("cempaka"))
    assert len(await remove_abandoned.mark_abandoned(database)) == 2
    monkeypatch.setattr(remove_cooperative, "BATCH_SIZE", 1)
    with clock.freeze_at(clock.now() + timedelta(days=2)):
        gone = [await remove_abandoned.remove_marked(database) for _ in range(3)]
    assert sorted(len(each) for each in gone) == [0, 1, 1]
