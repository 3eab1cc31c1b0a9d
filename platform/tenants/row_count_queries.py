"""What a schema holds, whatever its tables are: read from PostgreSQL's catalogue, so that a table of tomorrow
is looked at too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

# Partitions are counted by the table they belong to.
_TABLES = text(
    "SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = CAST(CAST(current_schema() AS text) "
    "AS regnamespace)"
    " AND relkind IN ('r', 'p', 'f') AND NOT relispartition ORDER BY relname"
)
# The column of each shared table that names a cooperative.
_REFERENCES = text(
    "SELECT c.relname, a.attname FROM pg_catalog.pg_constraint k"
    " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
    " WHERE k.contype = 'f' AND k.confrelid = 'shared.cooperatives'::regclass ORDER BY c.relname"
)


async def count_rows_by_table(db: AsyncSession | AsyncConnection) -> dict[str, int]:
    """Count the rows of every table in the schema that ``db`` stands in; tables without rows are left out."""
    tables = list((await db.execute(_TABLES)).scalars())
    if not tables:
        return {}
    counts = " UNION ALL ".join(
        f"SELECT '{table}' AS name, count(*) AS n FROM {_quoted(table)}" for table in tables
    )
    found = await db.execute(text(f"SELECT name, n FROM ({counts}) AS counted WHERE n > 0 ORDER BY name"))
    return {row.name: row.n for row in found}


async def list_shared_references(db: AsyncSession | AsyncConnection) -> list[tuple[str, str]]:
    """Return every table of ``shared`` whose rows belong to a cooperative, with the column that says to
    which.

    PostgreSQL looks through the constraints of all schemas for it: ask once for many cooperatives.
    """
    return [(row.relname, row.attname) for row in await db.execute(_REFERENCES)]


async def count_shared_rows(
    db: AsyncSession | AsyncConnection,
    cooperative_id: UUID,
    excluded: Mapping[str, str],
    tables: Sequence[tuple[str, str]],
) -> dict[str, int]:
    """Count what ``tables`` (see ``list_shared_references``) hold of a cooperative; rows that fit a table's
    condition in ``but`` are left out.
    """
    counts = " UNION ALL ".join(
        f"SELECT '{table}' AS name, count(*) AS n FROM shared.{_quoted(table)}"
        f" WHERE {_quoted(column)} = :id AND ({excluded.get(table, 'false')}) IS NOT TRUE"
        for table, column in tables
    )
    found = await db.execute(
        text(f"SELECT name, n FROM ({counts}) AS counted WHERE n > 0 ORDER BY name"), {"id": cooperative_id}
    )
    return {row.name: row.n for row in found}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
