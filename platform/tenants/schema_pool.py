"""A pool of schemas created in advance, so that founding a cooperative takes one in under a millisecond."""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from tenants.revisions import COOPERATIVE, get_head, render_script
from tenants.session import shared_reader, shared_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from kernel.database import Database

PROVISION_CHANNEL = "lumbung_provision"  # the channel that notifies the owner's process
WAIT_SECONDS = 10.0
POLL_SECONDS = 0.2

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"

# Default privileges come before the tables: granting on all tables afterwards scans the whole catalogue (a
# third of a second at 5,000 cooperatives). The script takes away again what the books do not allow.
_CREATE_SCHEMA = """
CREATE ROLE {name} NOLOGIN NOINHERIT;
GRANT lumbung_coop TO {name} WITH INHERIT TRUE;
GRANT {name} TO {app} WITH INHERIT FALSE, SET TRUE;
CREATE SCHEMA {name};
GRANT USAGE ON SCHEMA {name} TO {name};
ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {name};
SET LOCAL search_path = {name};
"""


def generate_schema_name() -> str:
    """Return a new random schema name; it is independent of the cooperative's name, which may change."""
    return "coop_" + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def render_schema_script(name: str, app_role: str, root: Path | None = None) -> tuple[str, str]:
    """Return ``(newest revision, SQL script)``; the script creates an empty schema with its role."""
    head, script = render_script(COOPERATIVE, None, root)
    return head, _CREATE_SCHEMA.format(name=name, app=app_role) + script


async def run_script(connection: AsyncConnection, script: str) -> None:
    """Run many statements in one round trip, inside the connection's transaction."""
    await connection.exec_driver_sql("SELECT 1")  # begins SQLAlchemy's transaction
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    await raw.driver_connection.execute(script)


async def create_pool_schema(database: Database) -> str:
    """Create an empty schema with its role at the newest revision, add it to the pool, return its name."""
    name = generate_schema_name()
    head, script = render_schema_script(name, database.settings.app_role)
    async with database.owner_engine.begin() as connection:
        await run_script(connection, script)
        await connection.execute(
            text("INSERT INTO shared.schema_pool (schema_name, revision) VALUES (:name, :revision)"),
            {"name": name, "revision": head},
        )
    return name


async def refill_schema_pool(database: Database) -> int:
    """Fill the schema pool up to its configured size and return how many schemas were created."""
    made = 0
    head, _ = render_script(COOPERATIVE)
    async with database.owner_engine.connect() as connection:
        # one process refills at a time; this connection holds the lock until its transaction ends
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('lumbung spare schemas'))"))
        count = text("SELECT count(*) FROM shared.schema_pool WHERE revision = :head")
        while (
            await connection.execute(count, {"head": head})
        ).scalar_one() < database.settings.schema_pool_size:
            await create_pool_schema(database)
            made += 1
    return made


async def take_pool_schema(db: AsyncSession, revision: str) -> tuple[str, str] | None:
    """Take a schema at ``revision`` from the pool, or return None when there is none.

    Returns ``(schema_name, revision)``.
    """
    row = (
        await db.execute(
            text(
                "DELETE FROM shared.schema_pool WHERE schema_name = ("
                " SELECT schema_name FROM shared.schema_pool WHERE revision = :revision"
                " ORDER BY created_at FOR UPDATE SKIP LOCKED LIMIT 1"
                ") RETURNING schema_name, revision"
            ),
            {"revision": revision},
        )
    ).first()
    return (row.schema_name, row.revision) if row else None


async def notify_provisioner(db: AsyncSession) -> None:
    """Notify the owner's process on commit that there may be work to do."""
    await db.execute(text("SELECT pg_notify(:channel, '')"), {"channel": PROVISION_CHANNEL})


async def wait_for_pool_schema(database: Database, deadline: float) -> bool:
    """Create a schema for the pool, or notify provision and wait until the pool has one.

    A process with the owner's login creates it itself. Returns False when there is none at ``deadline``, a
    time of ``time.monotonic()`` in seconds.
    """
    if database.has_owner:
        await create_pool_schema(database)
        return True
    async with shared_session(database) as db:
        await notify_provisioner(db)
    query = "SELECT EXISTS (SELECT FROM shared.schema_pool WHERE revision = $1)"
    while time.monotonic() < deadline:
        async with shared_reader(database) as ro:
            if await ro.value(query, get_head(COOPERATIVE)):
                return True
        await asyncio.sleep(POLL_SECONDS)
    return False
