"""Count the rows in a schema by table; the list of tables comes from PostgreSQL's catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

# Rows of partitions are counted in their parent table.
_TABLES = text(
    "SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = CAST(CAST(current_schema() AS text) "
    "AS regnamespace)"
    " AND relkind IN ('r', 'p', 'f') AND NOT relispartition ORDER BY relname"
)
# The column of each table in ``shared`` that references a cooperative.
_REFERENCES = text(
    "SELECT c.relname, a.attname FROM pg_catalog.pg_constraint k"
    " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
    " WHERE k.contype = 'f' AND k.confrelid = 'shared.cooperatives'::regclass ORDER BY c.relname"
)


async def count_rows_by_table(db: AsyncSession | AsyncConnection) -> dict[str, int]:
    """Count the rows of every table in the current schema of ``db``, without empty tables."""
    tables = list((await db.execute(_TABLES)).scalars())
    if not tables:
        return {}
    counts = " UNION ALL ".join(
        f"SELECT '{table}' AS name, count(*) AS n FROM {_quoted(table)}" for table in tables
    )
    found = await db.execute(text(f"SELECT name, n FROM ({counts}) AS counted WHERE n > 0 ORDER BY name"))
    return {row.name: row.n for row in found}


async def list_shared_references(db: AsyncSession | AsyncConnection) -> list[tuple[str, str]]:
    """Return each table in ``shared`` with rows of cooperatives, and its column of the cooperative's id.

    PostgreSQL searches the constraints of all schemas for this: call it once for many cooperatives.
    """
    return [(row.relname, row.attname) for row in await db.execute(_REFERENCES)]


async def count_shared_rows(
    db: AsyncSession | AsyncConnection,
    cooperative_id: UUID,
    excluded: Mapping[str, str],
    tables: Sequence[tuple[str, str]],
) -> dict[str, int]:
    """Count a cooperative's rows in ``tables`` of schema ``shared`` (see ``list_shared_references``).

    ``excluded`` maps a table to a SQL condition; rows that meet it are not counted.
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
