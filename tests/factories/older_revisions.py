"""A cooperative as it was at an older revision."""

import shutil
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from kernel.ids import new_id
from tenants import revisions
from tenants.revisions import COOPERATIVE, render_script
from tenants.schema_pool import _CREATE_SCHEMA, generate_schema_name, run_script


async def create_cooperative_at_revision(
    connection: AsyncConnection, app: str, folder: Path, revision: str
) -> None:
    """Let the connection stand in the schema of a new cooperative at an older revision."""
    root = folder / "migrations"
    shutil.copytree(
        Path(revisions.__file__).parent / "migrations", root, ignore=shutil.ignore_patterns("__pycache__")
    )
    for later in (root / "cooperative" / "versions").glob("*.py"):
        if later.name[:4] > revision:
            later.unlink()
    name = generate_schema_name()
    head, script = render_script(COOPERATIVE, None, root)
    assert head == revision
    await run_script(connection, _CREATE_SCHEMA.format(name=name, app=app) + script)
    await connection.execute(
        text(
            "INSERT INTO shared.cooperatives (id, slug, name, schema_name, revision, founding_key, "
            "contact_name, contact_phone, founded_at)"
            " VALUES (:id, 'kenanga', 'Koperasi Kenanga', :name, :revision, 'kenanga', 'Ketua', "
            "'+6289900000077', now())"
        ),
        {"id": new_id(), "name": name, "revision": revision},
    )
