"""PostgreSQL servers of a test's own, for what concerns a whole server: roles, passwords, backups."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import text

from kernel.database import Database
from kernel.postgres import EmbeddedPostgres
from kernel.postgres_place import _bundled

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
    """Run owner.sql by psql and return the URL of the role that it makes, here called owner: lumbung exists already."""
    script = OWNER_SCRIPT.read_text("utf-8").replace("lumbung", "owner")
    programs = _bundled()
    assert programs is not None
    command = [
        str(programs / "psql"),
        "--no-psqlrc",
        "-v",
        "ON_ERROR_STOP=1",
        "-v",
        f"password={OWNER_PASSWORD}",
        superuser_url,
    ]
    done = await asyncio.to_thread(subprocess.run, command, input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
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
