"""A server of the operator's own: owner.sql creates no superuser; secrets and backups work as
docs/operating.md says.
"""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from factories.processes import ROOT
from factories.servers import (
    OWNER_PASSWORD,
    SCRIPTS,
    create_owner_role,
    host_and_port,
    run_script,
    temporary_server,
)
from kernel.database import Database
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.postgres_layout import bundled_binaries
from kernel.process_services import build_services
from kernel.settings import Settings
from ledger import Journal, JournalLine, post_journal, queries
from ledger.chart import CASH, OPENING_BALANCES
from onboarding.create_cooperative import NewCooperative, create_cooperative
from tenants.login_checks import list_login_problems, require_limited_logins
from tenants.migrator import _drop_pool_schema, migrate
from tenants.registry import find_tenant_by_slug
from tenants.session import coop_session

pytestmark = pytest.mark.slow
DAY = date(2026, 2, 3)
KENANGA = NewCooperative(
    name="Koperasi Kenanga",
    slug="kenanga",
    officer_name="Ketua Kenanga",
    phone="+6289900000009",
    password="padi-di-lumbung-7",
    bylaws_template="konsumen",
    key="kenanga",
)


@pytest.fixture
def server() -> Iterator[str]:
    with temporary_server() as url:
        yield url


@pytest.fixture
def other_server() -> Iterator[str]:
    with temporary_server() as url:
        yield url


def opened(url: str, password: str = "padi-4f0c1e9b27d8", role: str = "lumbung_app") -> Database:
    """Open the database by both logins; the application's password needs quoting."""
    app = make_url(url).set(username=role, password=f"{password}'%").render_as_string(hide_password=False)
    return build_services(
        url, Settings(database_url=url, app_database_url=app, app_role=role, schema_pool_size=2)
    ).main_database


@pytest.mark.parametrize("by", ["superuser", "administrator"])
async def test_the_owner_needs_no_superuser_nor_does_who_makes_it(server: str, by: str) -> None:
    database = opened(
        await create_owner_role(server if by == "superuser" else await administrator_of(server))
    )
    try:
        report = await migrate(database)
        assert report.pool_schemas_created == 2
        founded = await create_cooperative(database, KENANGA)
        async with coop_session(database, founded.tenant) as db:
            assert (await db.execute(text("SELECT count(*) FROM accounts"))).scalar_one() > 50
        async with database.owner_engine.connect() as connection:
            spare = (
                await connection.execute(text("SELECT schema_name FROM shared.schema_pool LIMIT 1"))
            ).scalar_one()
            is_super = await connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = 'owner'"))
            assert is_super.scalar_one() is False
        await _drop_pool_schema(database, spare)
        again = await migrate(database)
        assert again.failed == {}
    finally:
        await database.services.close()


async def test_an_owner_that_was_a_superuser_goes_on_as_none(server: str) -> None:
    """After infra/postgres/plain_owner.sql it still founds, migrates, sets passwords, and drops what it
    created as a superuser.
    """
    url = await create_owner_role(server)
    as_superuser = await asyncpg.connect(server)
    await as_superuser.execute("ALTER ROLE owner SUPERUSER; ALTER ROLE owner RESET createrole_self_grant")
    await as_superuser.close()
    before, after = opened(url), opened(url, "lain")
    try:
        await migrate(before)
        async with before.owner_engine.connect() as connection:
            spare = (
                await connection.execute(text("SELECT schema_name FROM shared.schema_pool LIMIT 1"))
            ).scalar_one()
        await before.services.close()
        await run_script(server, SCRIPTS / "plain_owner.sql")
        await _drop_pool_schema(after, spare)
        report = await migrate(after)
        assert (report.failed, report.pool_schemas_created) == ({}, 1)
        assert not await list_login_problems(after)
        await log_in(after)
        founded = await create_cooperative(after, KENANGA)
        async with coop_session(after, founded.tenant) as db:
            assert (await db.execute(text("SELECT count(*) FROM accounts"))).scalar_one() > 50
    finally:
        await asyncio.gather(before.services.close(), after.services.close())


async def administrator_of(server: str) -> str:
    """Return the URL of a role like an administrator of managed servers: it may create roles and databases
    and is no superuser.
    """
    connection = await asyncpg.connect(server)
    await connection.execute("CREATE ROLE administrator LOGIN CREATEROLE CREATEDB PASSWORD 'penyewa'")
    await connection.close()
    return f"postgresql://administrator:penyewa@{host_and_port(server)}/postgres"


async def test_the_applications_password_is_its_own_and_reaches_its_login_by_a_migration(server: str) -> None:
    old, new = opened(server, "satu"), opened(server, "dua")
    try:
        await migrate(old)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await log_in(new)
        await migrate(new)
        await log_in(new)
    finally:
        await asyncio.gather(old.services.close(), new.services.close())


async def test_a_login_that_an_administrator_made_is_taken_as_it_is_once_it_is_ready(server: str) -> None:
    """The administrator sets its password, too, because the owner may not."""
    url = await create_owner_role(server)
    as_administrator = await asyncpg.connect(server)
    database = opened(url, "of-the-administrator", "reader_of_theirs")
    try:
        await as_administrator.execute(
            "CREATE ROLE reader_of_theirs LOGIN PASSWORD 'of-the-administrator''%'"
        )
        with pytest.raises(DomainError, match="inherits rights; its search path is not empty") as refused:
            await migrate(database)
        for statement in str(refused.value).partition("run: ")[2].rstrip(".").split(";"):
            await as_administrator.execute(statement)
        assert (await migrate(database)).failed == {}
        await log_in(database)
        founded = await create_cooperative(database, KENANGA)
        async with coop_session(database, founded.tenant) as db:
            assert (await db.execute(text("SELECT count(*) FROM accounts"))).scalar_one() > 50
    finally:
        await asyncio.gather(database.services.close(), as_administrator.close())


async def test_production_refuses_a_superuser_as_owner_and_a_login_with_powers(server: str) -> None:
    url = await create_owner_role(server)
    plain, powerful, owning = (
        opened(url),
        opened(server),
        build_services(None, Settings(app_database_url=url)).main_database,
    )
    for database in (plain, powerful, owning):
        database.settings = replace(database.settings, environment="production")
    try:
        await migrate(plain)
        await require_limited_logins(plain)
        with pytest.raises(DomainError, match="lumbung, which owns the database's tables, is a superuser"):
            await require_limited_logins(powerful)
        with pytest.raises(
            DomainError, match="LUMBUNG_APP_DATABASE_URL logs in as owner, which has too many rights"
        ):
            await require_limited_logins(owning)
        as_administrator = await asyncpg.connect(server)
        await as_administrator.execute("ALTER ROLE owner NOCREATEROLE")
        await as_administrator.close()
        with pytest.raises(DomainError, match="logs in as owner, which is or may become the owner"):
            await require_limited_logins(owning)
    finally:
        await asyncio.gather(plain.services.close(), powerful.services.close(), owning.services.close())


async def log_in(database: Database) -> None:
    """Log in as web and worker do."""
    async with database.read_connection("BEGIN READ ONLY", "shared") as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_backup_comes_back_on_another_server(server: str, other_server: str, tmp_path: Path) -> None:
    """By the commands of docs/operating.md; the restored cooperative has `post_journals` and its triggers
    again.
    """
    url = await create_owner_role(server)
    database = opened(url)
    try:
        await migrate(database)
        founded = await create_cooperative(database, KENANGA)
        async with coop_session(database, founded.tenant) as db:
            await post_journal(db, opening("a", 700), by="test")
    finally:
        await database.services.close()

    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    restored_url = (
        f"postgresql://owner:{OWNER_PASSWORD.replace(' ', '%20')}@{host_and_port(other_server)}/owner"
    )
    given = {"$LUMBUNG_DATABASE_URL": url, "$SERVER": other_server.rpartition("/")[0]}
    run(page, "pg_dumpall --roles-only", given, tmp_path)
    run(page, "pg_dump --format=custom", given, tmp_path)
    run(page, "psql --file roles.sql", given, tmp_path)
    run(page, "createdb --owner", given, tmp_path)
    run(page, "pg_restore --dbname", given, tmp_path)
    connection = await asyncpg.connect(other_server)
    await connection.execute(f"ALTER ROLE owner PASSWORD '{OWNER_PASSWORD}'")
    await connection.close()

    database = opened(restored_url, "another password, of another server")
    try:
        assert (await migrate(database)).failed == {}
        tenant = await find_tenant_by_slug(database, "kenanga")
        assert tenant is not None
        async with coop_session(database, tenant) as db:
            await post_journal(db, opening("b", 50), by="test")
            assert await queries.get_balance(db, CASH) == 750
        with pytest.raises(Exception, match="permission denied"):
            async with coop_session(database, tenant) as db:
                await db.execute(text("DELETE FROM journal_lines"))
    finally:
        await database.services.close()


def opening(key: str, amount: int) -> Journal:
    cash = Rupiah(amount)
    return Journal(
        DAY,
        "Saldo awal",
        key,
        [JournalLine.to_debit(CASH, cash), JournalLine.to_credit(OPENING_BALANCES, cash)],
    )


def run(page: str, begins: str, given: dict[str, str], folder: Path) -> None:
    """Run the page's command that begins with this text, with the bundled programs."""
    lines = [line for line in page.splitlines() if line.startswith(begins)]
    assert len(lines) == 1, begins
    command = re.sub(
        r"\blumbung\b(?!\.)", "owner", lines[0]
    )  # the role and the database of create_owner_role()
    for name, value in given.items():
        command = command.replace(name, value)
    programs = bundled_binaries()
    assert programs is not None
    done = subprocess.run(
        ["sh", "-c", f"{programs}/{command}"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_script_of_the_container_hands_the_password_over() -> None:
    script = ROOT / "infra" / "postgres" / "10-owner.sh"
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
    assert script.stat().st_mode & 0o111
    assert 'password="$(cat /run/secrets/owner_password)"' in script.read_text("utf-8")
