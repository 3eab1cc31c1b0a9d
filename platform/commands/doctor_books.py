"""Check every cooperative's books for lines that no foreign key protects."""

import time
from typing import Final

from sqlalchemy import text

from kernel.database import Database

# A million lines take about a second. On a platform with many large cooperatives the check ends early and the
# result says so.
TIME_LIMIT_SECONDS: Final = 60.0

_ORPHANED_LINES: Final = text(
    "SELECT (SELECT count(*) FROM journal_lines l LEFT JOIN journals j ON j.number = l.journal"
    " WHERE j.value_date IS DISTINCT FROM l.value_date)"
    " + (SELECT count(*) FROM journal_lines l WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.code = "
    "l.account))"
    " + (SELECT count(*) FROM journals j WHERE NOT EXISTS (SELECT FROM journal_lines l WHERE l.journal "
    "= j.number))"
)


async def find_orphaned_lines(
    database: Database, seconds: float = TIME_LIMIT_SECONDS
) -> tuple[dict[str, int], int, int]:
    """Find lines without journal, date or account, and journals without lines.

    Returns their number by the cooperative's slug, how many cooperatives were checked within ``seconds``, and
    how many there are.
    """
    from tenants.revisions import COOPERATIVE, get_head

    until = time.monotonic() + seconds
    orphaned: dict[str, int] = {}
    async with database.owner_engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT slug, schema_name FROM shared.cooperatives WHERE revision = :head ORDER BY founded_at"
            ),
            {"head": get_head(COOPERATIVE)},
        )
        places = [(row.slug, row.schema_name) for row in rows]
        for at, (slug, name) in enumerate(places):
            if time.monotonic() > until:
                return orphaned, at, len(places)
            await connection.execute(text("SELECT set_config('search_path', :name, true)"), {"name": name})
            if count := (await connection.execute(_ORPHANED_LINES)).scalar_one():
                orphaned[slug] = count
    return orphaned, len(places), len(places)
