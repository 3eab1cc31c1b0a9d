"""infra/postgres/owner.sql: the role that it makes is no superuser, and migrates, founds and cleans up all the same."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from factories.processes import ROOT
from kernel.database import Database
from kernel.postgres import EmbeddedPostgres
from kernel.settings import Settings
from onboarding.founding import Founding, found
from tenants.fleet import _drop_spare, migrate
from tenants.session import coop_session

pytestmark = pytest.mark.slow
PASSWORD = "padi menguning 7"


@pytest.fixture
def server() -> Iterator[str]:
    """URL of a server of this test's own: roles belong to a whole server."""
    folder = Path(tempfile.mkdtemp(prefix="lumbung-owner-"))
    folder.chmod(0o755)
    made = EmbeddedPostgres(folder, fast=True)
    try:
        yield made.start()
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def make_owner(superuser_url: str) -> str:
    """Run owner.sql as psql would, under another name: the embedded server's own superuser is called lumbung already."""
    script = (ROOT / "infra" / "postgres" / "owner.sql").read_text("utf-8")
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    script = "\n".join(lines).replace("lumbung", "owner").replace(":'password'", f"'{PASSWORD}'")
    connection = await asyncpg.connect(superuser_url)
    try:
        for statement in script.split(";"):
            if statement.strip():
                await connection.execute(statement)
    finally:
        await connection.close()
    server = superuser_url.rpartition("@")[2].partition("/")[0]
    return f"postgresql://owner:{PASSWORD.replace(' ', '%20')}@{server}/owner"


async def test_the_owner_needs_no_superuser(server: str) -> None:
    url = await make_owner(server)
    database = Database(url, Settings(database_url=url, spare_schemas=2))
    try:
        report = await migrate(database)
        assert report.spares_made == 2
        founded = await found(
            database,
            Founding(
                name="Koperasi Kenanga",
                slug="kenanga",
                officer_name="Ketua Kenanga",
                phone="+6289900000009",
                password="padi-di-lumbung-7",
                bylaws_template="konsumen",
                key="kenanga",
            ),
        )
        async with coop_session(database, founded.tenant) as db:
            assert (await db.execute(text("SELECT count(*) FROM accounts"))).scalar_one() > 50
        async with database.owner.connect() as connection:
            spare = (
                await connection.execute(text("SELECT schema_name FROM shared.spare_schemas LIMIT 1"))
            ).scalar_one()
            assert not (
                await connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = 'owner'"))
            ).scalar_one()
        await _drop_spare(database, spare)
        again = await migrate(database)
        assert again.failed == {}
    finally:
        await database.close()


async def test_a_new_secret_key_reaches_the_login_role_by_a_migration(server: str) -> None:
    """What docs/operating.md says of changing the secret."""
    old = Database(server, Settings(database_url=server, secret_key="a" * 40, spare_schemas=1))
    new = Database(server, Settings(database_url=server, secret_key="b" * 40, spare_schemas=1))
    try:
        await migrate(old)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await new.read_pool()
            async with new.read_connection("BEGIN READ ONLY", "shared"):
                pass
        await migrate(new)
        async with new.read_connection("BEGIN READ ONLY", "shared") as connection:
            assert await connection.fetchval("SELECT 1") == 1
    finally:
        await asyncio.gather(old.close(), new.close())


def test_the_script_of_the_container_hands_the_password_over() -> None:
    script = ROOT / "infra" / "postgres" / "10-owner.sh"
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
    assert script.stat().st_mode & 0o111
    assert 'password="$LUMBUNG_DATABASE_PASSWORD"' in script.read_text("utf-8")
