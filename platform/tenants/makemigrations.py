"""Write the next revision from the models: ``python -m tenants.makemigrations cooperative "add a phone"``.

For maintainers. It works in a scratch database on a temporary server, so no data is touched.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import create_async_engine

from kernel.postgres import EmbeddedPostgres
from tenants.revisions import COOPERATIVE, SHARED, diff_models, render_script, write_revision
from tenants.schema_pool import run_script

if TYPE_CHECKING:
    from sqlalchemy import Connection


async def _run_at_head(url: str, branch: str, work: object) -> object:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        async with engine.begin() as connection:
            schema = "shared" if branch == SHARED else "scratch"
            roles = (
                "DO $$ BEGIN IF to_regrole('scratch') IS NULL THEN CREATE ROLE scratch; END IF;"
                " IF to_regrole('lumbung_coop') IS NULL THEN CREATE ROLE lumbung_coop; END IF;"
                " IF to_regrole('lumbung_app') IS NULL THEN CREATE ROLE lumbung_app; END IF; END $$;"
            )
            # the only table that is older than the first revision; migrator.migrate() creates it
            revision_table = (
                "CREATE TABLE shared.revision (revision text PRIMARY KEY);" if branch == SHARED else ""
            )
            await run_script(
                connection,
                f"{roles} CREATE SCHEMA {schema}; {revision_table} SET LOCAL search_path = {schema};",
            )
            try:
                _, script = render_script(branch)
            except RuntimeError:  # there is no revision yet
                script = ""
            await run_script(connection, script or "SELECT 1")
            return await connection.run_sync(work)  # type: ignore[arg-type]
    finally:
        await engine.dispose()


def _run_on_scratch_server(branch: str, work: object) -> object:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder), fast=True)
        try:
            return asyncio.run(_run_at_head(server.start(), branch, work))
        finally:
            server.stop()


def detect_drift() -> dict[str, list[str]]:
    """Return the differences between models and revisions, by line of revisions; empty lists if none."""

    def compare(branch: str) -> list[str]:
        def work(connection: Connection) -> list[str]:
            return [repr(difference) for difference in diff_models(connection, branch)]

        return _run_on_scratch_server(branch, work)  # type: ignore[return-value]

    return {branch: compare(branch) for branch in (SHARED, COOPERATIVE)}


def main() -> None:
    """Write the next revision of the line in the first argument; the second argument is its message."""
    branch, message = sys.argv[1], sys.argv[2]

    def work(connection: Connection) -> Path:
        return write_revision(connection, branch, message)

    sys.stdout.write(f"{_run_on_scratch_server(branch, work)}\n")


if __name__ == "__main__":
    main()
