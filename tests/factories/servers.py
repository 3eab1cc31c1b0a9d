"""PostgreSQL servers for tests of a whole server: roles, passwords, backups."""

import asyncio
import re
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
from kernel.postgres_layout import bundled_binaries

SCRIPTS = Path(__file__).parents[2] / "infra" / "postgres"
OWNER_PASSWORD = "padi menguning 7"


@contextmanager
def temporary_server() -> Iterator[str]:
    """URL of a new server's superuser, called lumbung."""
    folder = Path(tempfile.mkdtemp(prefix="lumbung-server-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, fast=True)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def run_script(url: str, file: Path, *options: str) -> None:
    """Run a script of infra/postgres/ by psql.

    Its role lumbung is renamed to owner: the test servers have a role lumbung already.
    """
    script = re.sub(r"\blumbung\b", "owner", file.read_text("utf-8"))
    programs = bundled_binaries()
    assert programs is not None
    command = [str(programs / "psql"), "--no-psqlrc", *options, url]
    done = await asyncio.to_thread(
        subprocess.run, command, input=script, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


async def create_owner_role(url: str) -> str:
    """Run owner.sql as a superuser or an administrator; return the URL of the role owner that it creates."""
    await run_script(url, SCRIPTS / "owner.sql", "-v", f"password={OWNER_PASSWORD}")
    return f"postgresql://owner:{quote(OWNER_PASSWORD)}@{host_and_port(url)}/owner"


async def transfer_to_plain_owner(database: Database) -> None:
    """Make an unprivileged role the owner of what is shared, as production requires; the tests' server
    belongs to a superuser.
    """
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text(
                "DO $$ BEGIN CREATE ROLE plain_owner; EXCEPTION WHEN duplicate_object OR "
                "unique_violation THEN NULL; END $$"
            )
        )
        await connection.execute(text("ALTER SCHEMA shared OWNER TO plain_owner"))


def host_and_port(url: str) -> str:
    """Return host and port of a server's URL."""
    return url.rpartition("@")[2].partition("/")[0]
