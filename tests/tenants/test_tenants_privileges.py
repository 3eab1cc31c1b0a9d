"""Privileges inside a cooperative's schema are compared with those of a new one, and repaired."""

from pathlib import Path

import pytest
from sqlalchemy import event, text

from factories.older_revisions import create_cooperative_at_revision
from kernel.database import Database
from tenants import privileges
from tenants.migrator import migrate
from tenants.privilege_queries import list_current_schemas
from tenants.privileges import compare_privileges, repair_privileges
from tenants.registry import TenantRef
from tenants.schema_pool import create_pool_schema, generate_schema_name, run_script

BREAKS = {
    "a table": "GRANT UPDATE ON {schema}.journal_counter TO {schema}",
    "a table for everybody": "GRANT SELECT ON {schema}.members TO PUBLIC",
    "a neighbour": "GRANT USAGE ON SCHEMA {schema} TO {other}; GRANT SELECT ON {schema}.members TO {other}",
    "a column": "GRANT UPDATE (balance) ON {schema}.balances TO {schema}",
    "a function": "GRANT EXECUTE ON FUNCTION {schema}.post_journals(date[], text[], text[], jsonb[], "
    "text[], bigint[], integer[], text[], uuid[], bigint[], bigint[], text) TO PUBLIC",
    "a sequence": "GRANT ALL ON SEQUENCE {schema}.audit_entries_id_seq TO {schema}",
    "the schema": "GRANT CREATE ON SCHEMA {schema} TO {schema}",
    "what comes later": "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT TRUNCATE ON TABLES TO {schema}",
    "handing on": "GRANT SELECT ON {schema}.balances TO {schema} WITH GRANT OPTION",
    "an owner": "ALTER TABLE {schema}.balances OWNER TO {schema}",
    "too little": "REVOKE SELECT ON {schema}.balances FROM {schema}",
    "too little for what comes later": "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE SELECT ON TABLES "
    "FROM {schema}",
    "no way in": "REVOKE USAGE ON SCHEMA {schema} FROM {schema}",
}


@pytest.fixture
def schemas(melati: TenantRef, mawar: TenantRef) -> list[str]:
    return [melati.schema_name, mawar.schema_name]


@pytest.mark.parametrize("what", BREAKS)
async def test_every_kind_of_right_is_compared_and_mended(
    database: Database, melati: TenantRef, mawar: TenantRef, schemas: list[str], what: str
) -> None:
    assert await compare_privileges(database, schemas) == {}
    async with database.owner_engine.begin() as connection:
        await run_script(connection, BREAKS[what].format(schema=melati.schema_name, other=mawar.schema_name))
    assert set(await compare_privileges(database, schemas)) == {melati.schema_name}
    assert await repair_privileges(database, schemas) == ([melati.schema_name], {})
    assert await compare_privileges(database, schemas) == {}


async def test_a_schema_brought_up_by_revisions_has_the_rights_of_a_new_one(
    database: Database, tmp_path: Path
) -> None:
    async with database.owner_engine.begin() as connection:
        await create_cooperative_at_revision(connection, database.settings.app_role, tmp_path, "0002")
    report = await migrate(database)
    assert (report.upgraded, report.failed, report.privileges_repaired) == (1, {}, 0)


async def test_many_schemas_take_as_many_questions_as_one(database: Database, schemas: list[str]) -> None:
    asked: list[str] = []
    event.listen(
        database.owner_engine.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2])
    )
    await compare_privileges(database, schemas[:1])
    alone = len(asked)
    await create_pool_schema(database)
    async with database.owner_engine.connect() as connection:
        everything = await list_current_schemas(connection)
    assert len(everything) > 2, "spare schemas too: one of them is the next cooperative's"
    asked.clear()
    await compare_privileges(database, everything)
    assert len(asked) == alone


async def test_comparing_leaves_nothing_behind(
    database: Database, schemas: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def named() -> str:
        made.append(generate_schema_name())
        return made[-1]

    monkeypatch.setattr("tenants.privileges.generate_schema_name", named)
    await compare_privileges(database, schemas)
    assert made
    left = text(
        "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = ANY(:made))"
        " + (SELECT count(*) FROM pg_namespace WHERE nspname = ANY(:made))"
    )  # by name: other tests make roles on this server meanwhile
    async with database.owner_engine.connect() as connection:
        assert (await connection.execute(left, {"made": made})).scalar_one() == 0


async def test_one_that_cannot_be_mended_is_named_and_harms_no_other(
    database: Database, melati: TenantRef, schemas: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = await create_pool_schema(database)
    async with database.owner_engine.begin() as connection:
        for name in (melati.schema_name, spare):
            await run_script(connection, f"GRANT UPDATE ON {name}.balances TO {name}")
    real = privileges._repair_statements

    def statements(schema: str, drift: privileges.PrivilegeDrift) -> list[str]:
        return ["SELECT 1 / 0"] if schema == melati.schema_name else list(real(schema, drift))

    monkeypatch.setattr(privileges, "_repair_statements", statements)
    repaired, failed = await repair_privileges(database, [*schemas, spare])
    assert repaired == [spare]
    assert "division by zero" in failed[melati.schema_name]
