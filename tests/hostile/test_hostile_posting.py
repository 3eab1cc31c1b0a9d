"""Calling `post_journals` without our code: the database function enforces the rules for any input."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.database import Reader
from kernel.ids import new_id
from ledger.chart import BANK, CASH, PRINCIPAL_SAVINGS, VOLUNTARY_SAVINGS

SOMEBODY = str(new_id())
CALL = text(
    "SELECT source_key, number, fresh FROM post_journals("
    "CAST(CAST(:value_dates AS text) AS date[]), CAST(CAST(:descriptions AS text) AS text[]), "
    "CAST(CAST(:description_codes AS text) AS text[]), "
    "CAST(CAST(:description_params AS text) AS jsonb[]), "
    "CAST(CAST(:source_keys AS text) AS text[]),"
    " CAST(CAST(:reversals AS text) AS bigint[]), CAST(CAST(:line_journals AS text) AS integer[]),"
    " CAST(CAST(:line_accounts AS text) AS text[]), CAST(CAST(:line_parties AS text) AS uuid[]),"
    " CAST(CAST(:line_debits AS text) AS bigint[]), CAST(CAST(:line_credits AS text) AS bigint[]), "
    "CAST(:posted_by AS text))"
)
JOURNALS = (
    "value_dates",
    "descriptions",
    "description_codes",
    "description_params",
    "source_keys",
    "reversals",
)
LINES = ("line_journals", "line_accounts", "line_parties", "line_debits", "line_credits")
Side = tuple[int, str, str | None, int, int]


def literal(values: list[Any]) -> str:
    """Return PostgreSQL's text of an array."""
    return "{" + ",".join("NULL" if value is None else f'"{value}"' for value in values) + "}"


def columns(*sides: Side, keys: tuple[str, ...] = ("forged",), day: str = "2026-03-02") -> dict[str, Any]:
    """Return the columns of a call, from entries (journal, account, party, debit, credit)."""
    none = [None] * len(keys)
    journals = ([day] * len(keys), ["x"] * len(keys), none, none, list(keys), none)
    lines = [list(column) for column in zip(*sides, strict=True)] if sides else [[] for _ in LINES]
    return {
        **{name: literal(column) for name, column in zip(JOURNALS, journals, strict=True)},
        **{name: literal(column) for name, column in zip(LINES, lines, strict=True)},
        "posted_by": "x",
    }


SIDES: tuple[Side, ...] = ((1, CASH, None, 5, 0), (1, BANK, None, 0, 5))
SAVED: tuple[Side, ...] = ((1, CASH, None, 5, 0), (1, VOLUNTARY_SAVINGS, SOMEBODY, 0, 5))
TAKEN: tuple[Side, ...] = ((1, VOLUNTARY_SAVINGS, SOMEBODY, 5, 0), (1, CASH, None, 0, 5))


def coded(params: str) -> dict[str, Any]:
    """Return a call whose description is a code with these parameters, as JSON."""
    quoted = params.replace('"', '\\"')
    return columns(*SIDES) | {
        "descriptions": "{NULL}",
        "description_codes": "{shop.sale}",
        "description_params": f'{{"{quoted}"}}',
    }


TWICE = (*SIDES, *((2, *side[1:]) for side in SIDES))


async def refused(db: AsyncSession, call: dict[str, Any]) -> str:
    """Return the SQLSTATE of the rejected call, and assert that nothing was posted."""
    counts = text(
        "SELECT (SELECT count(*) FROM journals), (SELECT count(*) FROM journal_lines), sum(balance) "
        "FROM balances"
    )
    before = (await db.execute(counts)).one()
    async with db.begin_nested() as savepoint:
        with pytest.raises(DBAPIError) as caught:
            await db.execute(CALL, call)
        await savepoint.rollback()
    assert (await db.execute(counts)).one() == before
    return str(getattr(caught.value.orig, "sqlstate", None))


@pytest.mark.parametrize(
    ("call", "sqlstate"),
    [
        (columns(), "LB001"),
        (columns(*SIDES[:1]), "LB001"),
        (columns(SIDES[0], (1, BANK, None, 0, 4)), "LB001"),
        (columns(*SIDES, keys=("sound", "empty")), "LB001"),
        # each journal is one-sided, both together balance
        (
            columns(
                (1, CASH, None, 5, 0),
                (1, BANK, None, 5, 0),
                (2, CASH, None, 0, 5),
                (2, BANK, None, 0, 5),
                keys=("a", "b"),
            ),
            "LB001",
        ),
        (columns(*TAKEN), "LB002"),
        # below its floor in the middle, sound at the end
        (columns(*TAKEN, *((2, *side[1:]) for side in SAVED), keys=("a", "b")), "LB002"),
        (columns(*SIDES, day="infinity"), "LB003"),
        (columns(*SIDES, day="-infinity"), "LB003"),
        (columns(*SIDES, day="1949-12-31"), "LB003"),
        (columns(SIDES[0], (1, "9999", None, 0, 5)), "LB004"),
        (columns(SIDES[0], (1, VOLUNTARY_SAVINGS, None, 0, 5)), "LB004"),
        (columns(SIDES[0], (1, VOLUNTARY_SAVINGS, str(UUID(int=0)), 0, 5)), "LB004"),
        (columns(*TWICE, keys=("same", "same")), "LB005"),
        (columns((1, CASH, None, -5, 0), (1, BANK, None, 0, -5)), "23514"),
        (columns((1, CASH, None, 5, 5), (1, BANK, None, 5, 5)), "23514"),
        (columns((1, CASH, None, 0, 0), (1, BANK, None, 0, 0)), "23514"),
        (columns((1, CASH, None, 2**63 - 1, 0), (1, BANK, None, 0, 2**63 - 1), keys=("large",)), "22003"),
        (columns((0, CASH, None, 5, 0), (0, BANK, None, 0, 5)), "LB008"),
        (columns((2, CASH, None, 5, 0), (2, BANK, None, 0, 5)), "LB008"),
        (columns(*SIDES, (2, CASH, None, 5, 0)), "LB008"),
        (columns(*SIDES) | {"reversals": "{999999}"}, "23503"),
        # a text, or a code with parameters: not neither, not both, and no half of the second
        (columns(*SIDES) | {"descriptions": "{NULL}"}, "23514"),
        (columns(*SIDES) | {"description_codes": "{shop.sale}"}, "23514"),
        (columns(*SIDES) | {"description_params": "{1}"}, "23514"),
        (columns(*SIDES) | {"descriptions": "{NULL}", "description_codes": "{shop.sale}"}, "23514"),
        (coded("[1]"), "23514"),
        (coded('{"number": 1e400}'), "23514"),
        (coded('{"number": [[]]}'), "23514"),
        (coded('{"number": "' + "x" * 4_000 + '"}'), "23514"),
        (coded('{"original": ' * 1_500 + "1" + "}" * 1_500), "23514"),
        (columns(*SIDES) | {"value_dates": "{{2026-03-02}}", "descriptions": "{{x}}"}, "0A000"),
        (columns(*TWICE, keys=("a", "b")) | {"value_dates": "[0:1]={2026-03-02,2026-03-02}"}, "LB008"),
    ],
)
async def test_what_makes_no_journal_is_refused(
    db: AsyncSession, call: dict[str, Any], sqlstate: str
) -> None:
    if "large" in call["source_keys"]:
        await db.execute(CALL, columns((1, CASH, None, 2**62, 0), (1, BANK, None, 0, 2**62), keys=("first",)))
    assert await refused(db, call) == sqlstate


@pytest.mark.parametrize("column", [*JOURNALS, *LINES])
@pytest.mark.parametrize(
    "broken",
    [lambda values: values[:-1], lambda values: [*values, values[-1]], None],
    ids=["short", "long", "absent"],
)
async def test_columns_of_different_lengths_are_refused(
    db: AsyncSession, column: str, broken: Callable[[list[Any]], list[Any]] | None
) -> None:
    call = columns(*TWICE, keys=("a", "b"))
    values = [None if value == "NULL" else value.strip('"') for value in call[column][1:-1].split(",")]
    call[column] = literal(broken(values)) if broken else None
    assert await refused(db, call) == "LB008"


@pytest.mark.parametrize(
    "column",
    ["value_dates", "source_keys", "line_journals", "line_accounts", "line_debits", "line_credits"],
)
async def test_a_missing_value_in_a_column_is_refused(db: AsyncSession, column: str) -> None:
    call = columns(*TWICE, keys=("a", "b"))
    call[column] = call[column].replace(call[column][1:-1].split(",")[0], "NULL", 1)
    assert await refused(db, call) == "LB008"


async def test_nobody_posts_without_a_name(db: AsyncSession) -> None:
    assert await refused(db, columns(*SIDES) | {"posted_by": None}) == "LB008"


async def test_lines_may_come_in_any_order_and_balances_run_by_journal(db: AsyncSession, ro: Reader) -> None:
    """Here lines of the second journal come first. A missing party is NULL or a zero id; both mean none."""
    mixed = (
        (2, BANK, None, 0, 7),
        (1, CASH, None, 5, 0),
        (2, CASH, str(UUID(int=0)), 7, 0),
        (1, BANK, None, 0, 5),
    )
    start = await ro.value("SELECT coalesce((SELECT balance FROM balances WHERE account = $1), 0)", CASH)
    numbers = [row.number for row in await db.execute(CALL, columns(*mixed, keys=("a", "b")))]
    rows = await ro.records(
        "SELECT journal, line, account, balance FROM journal_lines WHERE journal = ANY($1) ORDER BY "
        "journal, line",
        numbers,
    )
    first, second = numbers
    assert second == first + 1
    assert [tuple(row) for row in rows] == [
        (first, 1, CASH, start + 5),
        (first, 2, BANK, -5),
        (second, 1, BANK, -12),
        (second, 2, CASH, start + 12),
    ]
    assert await ro.value("SELECT balance FROM balances WHERE account = $1", CASH) == start + 12


async def test_a_line_bears_its_journals_date(db: AsyncSession, ro: Reader) -> None:
    await db.execute(CALL, columns(*SIDES, keys=("a",), day="2026-01-31"))
    await db.execute(CALL, columns(*SIDES, keys=("b",), day="2024-02-29"))
    count = (
        "SELECT count(*) FROM journal_lines l JOIN journals j ON j.number = l.journal WHERE l.value_date "
        "{} j.value_date"
    )
    assert await ro.value(count.format("IS DISTINCT FROM")) == 0
    assert await ro.value(count.format("=")) > 4


async def test_what_is_there_already_needs_no_open_year(db: AsyncSession) -> None:
    first = (await db.execute(CALL, columns(*SIDES, day="2024-05-01"))).one()
    await db.execute(text("INSERT INTO closed_years (year, closed_by) VALUES (2024, 'x')"))
    again = (await db.execute(CALL, columns(*SIDES, day="2024-05-01"))).one()
    assert (again.number, again.fresh) == (first.number, False)
    assert await refused(db, columns(*SIDES, keys=("other",), day="2024-05-01")) == "LB003"
    assert await refused(db, columns(*TWICE, keys=("forged", "other"), day="2024-05-01")) == "LB003"


@pytest.mark.parametrize(
    "table", ["accounts", "balances", "journals", "journal_counter", "closed_years", "journal_lines"]
)
async def test_a_temporary_table_stands_before_none_of_the_books(
    db: AsyncSession, ro: Reader, table: str
) -> None:
    await db.execute(text(f"CREATE TEMP TABLE {table} (LIKE {table}) ON COMMIT DROP"))
    await db.execute(text(f"GRANT ALL ON pg_temp.{table} TO PUBLIC"))
    assert await refused_or_none(db, columns(*TAKEN, keys=("shadow",))) == "LB002"
    assert await ro.value(f"SELECT count(*) FROM pg_temp.{table}") == 0


async def refused_or_none(db: AsyncSession, call: dict[str, Any]) -> str | None:
    async with db.begin_nested() as savepoint:
        try:
            await db.execute(CALL, call)
        except DBAPIError as error:
            return str(getattr(error.orig, "sqlstate", None))
        finally:
            await savepoint.rollback()
    return None


async def test_settings_of_the_caller_change_nothing(db: AsyncSession) -> None:
    for setting in (
        "plan_cache_mode = force_custom_plan",
        "DateStyle = 'German'",
        "enable_indexscan = off",
        "search_path = pg_temp",
    ):
        name = (await db.execute(text("SELECT current_schema()"))).scalar_one()
        async with db.begin_nested() as savepoint:
            await db.execute(text(f"SET LOCAL {setting}"))
            call = text(CALL.text.replace("post_journals(", f"{name}.post_journals("))
            with pytest.raises(DBAPIError) as caught:
                await db.execute(call, columns(*TAKEN, keys=(setting,)))
            assert getattr(caught.value.orig, "sqlstate", None) == "LB002"
            await savepoint.rollback()


async def test_the_principal_of_one_pays_nothing_of_another(db: AsyncSession) -> None:
    other = str(new_id())
    await db.execute(
        CALL, columns((1, CASH, None, 5, 0), (1, PRINCIPAL_SAVINGS, SOMEBODY, 0, 5), keys=("a",))
    )
    taken = columns((1, PRINCIPAL_SAVINGS, other, 5, 0), (1, CASH, None, 0, 5), keys=("b",))
    assert await refused(db, taken) == "LB002"
