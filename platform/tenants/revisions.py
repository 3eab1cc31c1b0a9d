"""Schema revisions: authored with Alembic, rendered once to a plain SQL script, run over the whole fleet.

Alembic in process costs 11 ms a cooperative and its command over a second; a rendered script costs half a
millisecond and needs no version table of its own, since the registry keeps each cooperative's revision.
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

# The oldest revision of a cooperative that this code still serves; anything older shows "being upgraded".
MIN_SUPPORTED_REVISION = "0009"


def import_models() -> None:
    """Import every room's tables, so that both metadata are complete."""
    import_from_rooms("models")


def get_metadata(branch: str) -> list[MetaData]:
    """Return the tables that a line of revisions describes.

    The line ``shared`` describes the control plane and the cell, which stand in one schema today.
    """
    import_models()
    if branch != SHARED:
        return [CoopBase.metadata]
    return [ControlBase.metadata, CellBase.metadata]


def _alembic_metadata(branch: str) -> MetaData:
    # Alembic takes several metadata; its annotations know of one
    return cast("MetaData", get_metadata(branch))


def script_directory(branch: str, root: Path | None = None) -> ScriptDirectory:
    """Return Alembic's view of a line's revisions;
    ``root`` is for tests that bring a revision of their own.
    """
    return ScriptDirectory(str((root or Path(__file__).parent / "migrations") / branch))


@functools.lru_cache(maxsize=16)
def get_head(branch: str, root: Path | None = None) -> str:
    """Return the newest revision of a line."""
    head = script_directory(branch, root).get_current_head()
    if head is None:
        msg = f"there is no revision of {branch}"
        raise RuntimeError(msg)
    return head


@functools.lru_cache(maxsize=32)
def render_script(branch: str, since: str | None = None, root: Path | None = None) -> tuple[str, str]:
    """Return ``(newest revision, SQL script)`` that brings a schema from ``since`` (None: empty) to the
    newest revision.
    """
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
    """Return what the models of a line say beyond the schema that ``connection`` stands in; empty when they
    agree.
    """
    return list(compare_metadata(_migration_context(connection, branch), _alembic_metadata(branch)))


def write_revision(connection: Connection, branch: str, message: str) -> Path:
    """Write a new revision of a line from the difference to the schema that ``connection`` stands in; return
    its file.
    """
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
            return False  # kept by migrator.migrate(), no model's table
        # None is the schema that the search path finds: a cooperative's
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
