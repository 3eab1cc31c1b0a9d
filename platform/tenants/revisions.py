"""Schema revisions: written with Alembic, rendered once to a SQL script, and run for every cooperative.

Alembic in process takes 11 ms for each cooperative, and its command over a second. A rendered script takes
half a millisecond and needs no version table, because the registry stores each cooperative's revision.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import TYPE_CHECKING, cast

from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from kernel.database import CellBase, ControlBase, CoopBase
from kernel.rooms import import_from_rooms

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

SHARED = "shared"
COOPERATIVE = "cooperative"

# The oldest revision of a cooperative that this code serves; older ones show the page "being upgraded".
MIN_SUPPORTED_REVISION = "0011"


def import_models() -> None:
    """Import the models of every room, so that the metadata are complete."""
    import_from_rooms("models")


def get_metadata(branch: str) -> list[MetaData]:
    """Return the metadata of the tables that a line of revisions describes.

    The line ``shared`` describes the tables of the control plane and of the cell, which are in one schema
    today.
    """
    import_models()
    if branch != SHARED:
        return [CoopBase.metadata]
    return [ControlBase.metadata, CellBase.metadata]


def _alembic_metadata(branch: str) -> MetaData:
    # Alembic accepts several metadata, but its annotations allow only one
    return cast("MetaData", get_metadata(branch))


def script_directory(branch: str, root: Path | None = None) -> ScriptDirectory:
    """Return Alembic's directory of a line's revisions; tests pass a ``root`` with revisions of their own."""
    return ScriptDirectory(str((root or Path(__file__).parent / "migrations") / branch))


@functools.lru_cache(maxsize=16)
def get_head(branch: str, root: Path | None = None) -> str:
    """Return the newest revision of a line. Raises RuntimeError when it has none."""
    head = script_directory(branch, root).get_current_head()
    if head is None:
        msg = f"there is no revision of {branch}"
        raise RuntimeError(msg)
    return head


@functools.lru_cache(maxsize=32)
def render_script(branch: str, since: str | None = None, root: Path | None = None) -> tuple[str, str]:
    """Return ``(newest revision, SQL script)`` to upgrade a schema from ``since``; None means empty."""
    scripts = script_directory(branch, root)
    head = get_head(branch, root)
    steps = reversed(list(scripts.iterate_revisions(head, since or "base")))
    out = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": out}
    )
    with Operations.context(context):
        for step in steps:
            step.module.upgrade()
    return head, out.getvalue()


def diff_models(connection: Connection, branch: str) -> list[object]:
    """Return the differences between a line's models and the current schema of ``connection``."""
    return list(compare_metadata(_migration_context(connection, branch), _alembic_metadata(branch)))


def write_revision(connection: Connection, branch: str, message: str) -> Path:
    """Write a revision from the differences to the current schema of ``connection``, and return its file."""
    migrations = produce_migrations(_migration_context(connection, branch), _alembic_metadata(branch))
    assert migrations.upgrade_ops is not None
    scripts = script_directory(branch)
    number = f"{len(list(scripts.walk_revisions())) + 1:04d}"
    body = render_python_code(
        migrations.upgrade_ops, migration_context=_migration_context(connection, branch)
    )
    made = scripts.generate_revision(
        number, message, head="head", upgrades=body, downgrades="pass", imports=""
    )
    assert made is not None
    return Path(made.path)


def _migration_context(connection: Connection, branch: str) -> MigrationContext:
    def include_name(name: str | None, kind: str, parents: object) -> bool:
        if kind == "table" and branch == SHARED and name == "revision":
            return False  # migrator.migrate() creates this table; no model describes it
        # None is the schema at the front of the search path: a cooperative's
        return kind != "schema" or name == ("shared" if branch == SHARED else None)

    return MigrationContext.configure(
        connection,
        opts={
            "include_schemas": branch == SHARED,
            "include_name": include_name,
            "compare_type": True,
            "target_metadata": get_metadata(branch),
            "version_table_schema": "shared",
        },
    )
