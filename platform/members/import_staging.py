"""Fill and clear the staging table of an import of members, and compare its lines with the register."""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import text

from kernel.database import copy_rows
from kernel.locks import try_advisory_lock
from ledger.chart import MANDATORY_SAVINGS, PRINCIPAL_SAVINGS, VOLUNTARY_SAVINGS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# Key of the advisory lock that allows one import of members at a time.
LOCK: Final = "import of members"

_COLUMNS: Final = (
    "import_id",
    "line",
    "number",
    "name",
    "sex",
    "phone",
    "joined_on",
    "principal",
    "mandatory",
    "voluntary",
)

# Compare lines of the file with the same number: an identical later line is unchanged, another is refused.
_REPEATED = text(
    "UPDATE staging_members s SET first_line = f.line,"
    " verdict = CASE WHEN (s.name, s.sex, s.phone, s.joined_on, s.principal, s.mandatory, s.voluntary)"
    " IS NOT DISTINCT FROM (f.name, f.sex, f.phone, f.joined_on, f.principal, f.mandatory, f.voluntary)"
    " THEN 'unchanged' ELSE 'repeated' END"
    " FROM (SELECT number, min(line) AS line FROM staging_members WHERE import_id = :import GROUP BY "
    "number HAVING count(*) > 1) g"
    " JOIN staging_members f ON f.import_id = :import AND f.line = g.line"
    " WHERE s.import_id = :import AND s.number = g.number AND s.line > g.line"
)

# Compare with the register, and with the amounts that the opening journal of an earlier import credited.
_KNOWN = text(
    "UPDATE staging_members s SET member_id = m.id, recorded = o.total,"
    " verdict = CASE WHEN m.status <> 'active' THEN 'former'"
    " WHEN (s.principal, s.mandatory, s.voluntary, s.principal + s.mandatory + s.voluntary)"
    " IS DISTINCT FROM (o.principal, o.mandatory, o.voluntary, o.total) THEN 'other_savings'"
    " WHEN (s.name, s.sex, s.phone, s.joined_on) IS NOT DISTINCT FROM (m.name, m.sex, m.phone, "
    "m.joined_on) THEN 'unchanged'"
    " ELSE 'changed' END"
    " FROM members m CROSS JOIN LATERAL ("
    "  SELECT coalesce(sum(l.credit) FILTER (WHERE l.account = :principal), 0)::bigint AS principal,"
    "   coalesce(sum(l.credit) FILTER (WHERE l.account = :mandatory), 0)::bigint AS mandatory,"
    "   coalesce(sum(l.credit) FILTER (WHERE l.account = :voluntary), 0)::bigint AS voluntary,"
    "   coalesce(sum(l.credit), 0)::bigint AS total"
    "  FROM journals j JOIN journal_lines l ON l.journal = j.number WHERE j.source_key = :key || m.number) o"
    " WHERE m.number = s.number AND s.import_id = :import AND s.verdict IS NULL"
)


async def stage_rows(db: AsyncSession, import_id: UUID, rows: AsyncIterable[Sequence[object]]) -> None:
    """Replace the content of the staging table by these rows.

    A row is (line, number, name, sex, phone, joined_on, principal, mandatory, voluntary).
    """
    await db.execute(text("DELETE FROM staging_members"))  # rows of an import that was killed

    async def with_id() -> AsyncIterable[Sequence[object]]:
        async for row in rows:
            yield (import_id, *row)

    await copy_rows(db, "staging_members", _COLUMNS, with_id())


async def delete_lines(db: AsyncSession, import_id: UUID, lines: Sequence[int]) -> None:
    """Delete these lines of the file from the staging table."""
    await db.execute(
        text("DELETE FROM staging_members WHERE import_id = :import AND line = ANY(:lines)"),
        {"import": import_id, "lines": lines},
    )


async def set_verdicts(db: AsyncSession, import_id: UUID, key: str) -> None:
    """Set the verdict of every line that is not new; `key` is the prefix of the opening journals' source
    keys.
    """
    await db.execute(_REPEATED, {"import": import_id})
    accounts = {
        "principal": PRINCIPAL_SAVINGS,
        "mandatory": MANDATORY_SAVINGS,
        "voluntary": VOLUNTARY_SAVINGS,
    }
    await db.execute(_KNOWN, {"import": import_id, "key": key, **accounts})


async def delete_import(db: AsyncSession, import_id: UUID) -> None:
    """Delete the lines of this import from the staging table."""
    await db.execute(text("DELETE FROM staging_members WHERE import_id = :import"), {"import": import_id})


async def delete_abandoned(db: AsyncSession) -> None:
    """Clear the staging table, unless an import is running."""
    if await try_advisory_lock(db, LOCK):
        await db.execute(text("DELETE FROM staging_members"))
