"""`lumbung doctor` checks what no foreign key guards."""

import pytest
from sqlalchemy import text

from commands.doctor_books import find_orphaned_lines
from commands.doctor_database import check_books
from kernel.database import Database
from tenants.registry import TenantRef

LINE = (
    "INSERT INTO journal_lines (journal, line, value_date, account, debit, credit, balance)"
    " VALUES ({journal}, 99, '{day}', '{account}', 5, 0, 5)"
)


async def test_sound_books_are_told_as_good(database: Database) -> None:
    assert [(each.status, each.found) for each in await check_books(database)] == [
        ("good", "every line has its journal and account: 2 cooperatives")
    ]


@pytest.mark.parametrize(
    "statement",
    [
        LINE.format(journal=999_999, day="2026-01-01", account="1101"),
        LINE.format(journal=1, day="2026-01-01", account="9999"),
        LINE.format(journal=1, day="2025-12-31", account="1101"),
        (
            "INSERT INTO journals (number, value_date, description, source_key, posted_by)"
            " VALUES (999999, '2026-01-01', 'x', 'x', 'x')"
        ),
    ],
    ids=["no journal", "no account", "another date", "no lines"],
)
async def test_a_line_that_lacks_its_other_end_is_found(
    database: Database, mawar: TenantRef, statement: str
) -> None:
    async with database.owner_engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(f"SET LOCAL search_path = {mawar.schema_name}"))
        await connection.execute(text(statement))
    (finding,) = await check_books(database)
    assert (finding.status, "mawar: 1" in finding.found, "melati" in finding.found) == ("wrong", True, False)


async def test_when_time_is_over_it_says_how_far_it_came(database: Database) -> None:
    assert await find_orphaned_lines(database, seconds=-1) == ({}, 0, 2)
