"""Restoring one cooperative from a backup with PostgreSQL's programs: doctor reports its privileges, migrate
repairs them.
"""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from commands.main import lumbung
from kernel.database import Database
from kernel.postgres_layout import bundled_binaries
from kernel.settings import Settings
from tenants.registry import TenantRef
from tenants.session import coop_session

FORGE = "UPDATE balances SET balance = balance + 1 WHERE account = '1101'"
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def url(database: Database) -> str:
    return database.owner_url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def run(url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against the test's own database."""
    monkeypatch.setenv("LUMBUNG_DATABASE_URL", url)
    monkeypatch.setenv("LUMBUNG_BASE_DOMAIN", settings.base_domain)
    monkeypatch.setenv("LUMBUNG_SCHEMA_POOL_SIZE", "2")

    async def call(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, lumbung, list(arguments))

    return call


async def program(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs."""
    folder = bundled_binaries()
    assert folder is not None
    done = await asyncio.to_thread(
        subprocess.run, [str(folder / name), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


async def as_owner(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def find_privilege_result(run: Run) -> dict[str, Any]:
    results = json.loads((await run("doctor", "--json")).stdout)
    found: dict[str, Any] = next(
        (each for each in results if each["subject"] == "rights"), {"status": "not looked at"}
    )
    return found


async def forges(database: Database, tenant: TenantRef) -> bool:
    """Return whether the web's role can write a balance."""
    try:
        async with coop_session(database, tenant) as db:
            await db.execute(text(FORGE))
    except ProgrammingError as error:
        return "permission denied" not in str(error)
    return True


async def restore(url: str, name: str, folder: Path, *options: str) -> None:
    """Restore one schema over the existing one, from a backup of everything."""
    saved = str(folder / "lumbung.dump")
    await program("pg_dump", "--format=custom", "--file", saved, url)
    await program("pg_restore", "--dbname", url, "--clean", "--if-exists", "--schema", name, *options, saved)


@pytest.mark.parametrize("options", [(), ("--no-privileges",)])
async def test_rights_that_a_restore_left_wide_are_found_and_mended(
    run: Run,
    url: str,
    database: Database,
    melati: TenantRef,
    mawar: TenantRef,
    tmp_path: Path,
    options: tuple[str, ...],
) -> None:
    assert (await find_privilege_result(run))["status"] == "good"
    await restore(url, melati.schema_name, tmp_path, *options)
    assert await forges(database, melati), "this is what a restore leaves"

    found = await find_privilege_result(run)
    assert found["status"] == "wrong"
    assert "melati" in found["found"]
    assert "balances" in found["found"]
    assert "mawar" not in found["found"]
    assert "lumbung migrate" in found["advice"]

    done = await run("migrate", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["privileges_repaired"] == 1
    assert not await forges(database, melati)
    assert (await find_privilege_result(run))["status"] == "good"
    again = await run("migrate", "--json")
    assert json.loads(again.stdout)["privileges_repaired"] == 0


async def test_a_table_that_no_revision_made_and_one_that_is_gone_are_told(
    run: Run, url: str, melati: TenantRef
) -> None:
    await as_owner(
        url,
        f"CREATE TABLE {melati.schema_name}.titipan (x int); DROP TABLE {melati.schema_name}.statement_lines",
    )
    found = await find_privilege_result(run)
    assert found["status"] == "wrong"
    assert "titipan" in found["found"]
    assert "statement_lines" in found["found"]
