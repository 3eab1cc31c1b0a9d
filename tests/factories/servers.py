"""PostgreSQL servers of a test's own, for what concerns a whole server: roles, passwords, backups."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import asyncpg
from sqlalchemy import text

from kernel.database import Database
from kernel.postgres import EmbeddedPostgres

OWNER_SCRIPT = Path(__file__).parents[2] / "infra" / "postgres" / "owner.sql"
OWNER_PASSWORD = "padi menguning 7"


@contextmanager
def own_server() -> Iterator[str]:
    """URL of a new server's superuser, who is called lumbung."""
    folder = Path(tempfile.mkdtemp(prefix="lumbung-server-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, fast=True)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def make_owner(superuser_url: str) -> str:
    """Run owner.sql as psql would and return the URL of the role that it makes, here called owner: lumbung exists already."""
    script = OWNER_SCRIPT.read_text("utf-8")
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    script = "\n".join(lines).replace("lumbung", "owner").replace(":'password'", f"'{OWNER_PASSWORD}'")
    connection = await asyncpg.connect(superuser_url)
    try:
        for statement in script.split(";"):
            if statement.strip():
                await connection.execute(statement)
    finally:
        await connection.close()
    return f"postgresql://owner:{quote(OWNER_PASSWORD)}@{address_of(superuser_url)}/owner"


async def give_to_plain_owner(database: Database) -> None:
    """Let a role without powers own what is shared, as production wants it: the server of the tests belongs to a superuser."""
    async with database.owner.begin() as connection:
        await connection.execute(
            text(
                "DO $$ BEGIN CREATE ROLE plain_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        )
        await connection.execute(text("ALTER SCHEMA shared OWNER TO plain_owner"))


def address_of(url: str) -> str:
    """Host and port of a server's URL."""
    return url.rpartition("@")[2].partition("/")[0]
