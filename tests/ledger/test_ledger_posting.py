"""`post_journal`, and that nothing else can write the ledger."""

import asyncio
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.database import Database, Reader, as_reader
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal, post_journals, queries, reverse_journal, year_queries
from ledger.chart import BANK, CASH, VOLUNTARY_SAVINGS
from tenants.registry import TenantRef
from tenants.session import coop_session

DAY = date(2026, 3, 2)
SOMEBODY = new_id()


def deposit(key: str, amount: int, party: UUID | None = SOMEBODY) -> Journal:
    return Journal(
        DAY,
        "Setoran",
        key,
        [
            JournalLine.to_debit(CASH, Rupiah(amount)),
            JournalLine.to_credit(VOLUNTARY_SAVINGS, Rupiah(amount), party),
        ],
    )


def withdrawal(key: str, amount: int, party: UUID | None = SOMEBODY) -> Journal:
    return Journal(
        DAY,
        "Penarikan",
        key,
        [
            JournalLine.to_debit(VOLUNTARY_SAVINGS, Rupiah(amount), party),
            JournalLine.to_credit(CASH, Rupiah(amount)),
        ],
    )


async def test_a_journal_moves_balances_and_every_line_carries_the_running_one(db: AsyncSession) -> None:
    await post_journal(db, deposit("a", 1_000), by="t")
    posted = await post_journal(db, deposit("b", 250), by="t")
    assert await queries.get_balance(db, VOLUNTARY_SAVINGS, SOMEBODY) == 1_250
    assert [line.balance for line in await queries.list_journal_lines(db, posted.number) if line.party] == [
        1_250
    ]


async def test_the_same_source_key_posts_once(db: AsyncSession) -> None:
    first = await post_journal(db, deposit("a", 1_000), by="t")
    again = await post_journal(db, deposit("a", 1_000), by="t")
    assert (first.created, again.created, again.number) == (True, False, first.number)
    assert await queries.get_balance(db, VOLUNTARY_SAVINGS, SOMEBODY) == 1_000


async def test_the_same_key_with_another_amount_is_refused(db: AsyncSession) -> None:
    await post_journal(db, deposit("a", 1_000), by="t")
    with pytest.raises(DomainError, match="exists already with other lines"):
        await post_journal(db, deposit("a", 999), by="t")


@pytest.mark.parametrize(
    "other",
    [
        [
            JournalLine.to_debit(BANK, Rupiah(1_000)),
            JournalLine.to_credit(VOLUNTARY_SAVINGS, Rupiah(1_000), SOMEBODY),
        ],
        [
            JournalLine.to_debit(CASH, Rupiah(1_000)),
            JournalLine.to_credit(VOLUNTARY_SAVINGS, Rupiah(1_000), new_id()),
        ],
        [
            JournalLine.to_debit(VOLUNTARY_SAVINGS, Rupiah(1_000), SOMEBODY),
            JournalLine.to_credit(CASH, Rupiah(1_000)),
        ],
        [
            JournalLine.to_debit(CASH, Rupiah(400)),
            JournalLine.to_debit(CASH, Rupiah(600)),
            JournalLine.to_credit(VOLUNTARY_SAVINGS, Rupiah(1_000), SOMEBODY),
        ],
    ],
    ids=["account", "party", "sides", "shares"],
)
async def test_the_same_key_with_the_same_sum_elsewhere_is_refused(
    db: AsyncSession, other: list[JournalLine]
) -> None:
    await post_journal(db, deposit("a", 1_000), by="t")
    with pytest.raises(DomainError, match="exists already with other lines"):
        await post_journal(db, Journal(DAY, "Setoran", "a", other), by="t")


async def test_the_same_lines_in_another_order_are_the_same_journal(db: AsyncSession) -> None:
    await post_journal(db, deposit("a", 1_000), by="t")
    lines = list(reversed(deposit("a", 1_000).lines))
    assert not (await post_journal(db, Journal(DAY, "Setoran", "a", lines), by="t")).created


@pytest.mark.parametrize("amount", [300, 701])
async def test_what_calls_itself_a_reversal_is_the_mirror_or_nothing(db: AsyncSession, amount: int) -> None:
    await post_journal(db, deposit("b", 5_000), by="t")
    original = await post_journal(db, deposit("a", 700), by="t")
    lines = withdrawal("x", amount).lines
    with pytest.raises(DomainError, match="not the mirror"):
        await post_journal(db, Journal(DAY, "x", "x", lines, reverses=original.number), by="t")


async def test_a_reversal_on_the_other_account_is_refused(db: AsyncSession) -> None:
    original = await post_journal(db, deposit("a", 700), by="t")
    lines = [
        JournalLine.to_debit(VOLUNTARY_SAVINGS, Rupiah(700), SOMEBODY),
        JournalLine.to_credit(BANK, Rupiah(700)),
    ]
    with pytest.raises(DomainError, match="not the mirror"):
        await post_journal(db, Journal(DAY, "x", "x", lines, reverses=original.number), by="t")


async def test_a_cooperatives_name_in_the_registry_has_an_end(db: AsyncSession) -> None:
    for name in ("x" * 121, "  "):
        async with db.begin_nested() as savepoint:
            with pytest.raises(DBAPIError, match="1 to 120 characters"):
                await db.execute(text("SELECT shared.rename_cooperative(:name)"), {"name": name})
            await savepoint.rollback()
    await db.execute(text("SELECT shared.rename_cooperative(:name)"), {"name": "x" * 120})


async def test_an_unbalanced_journal_is_refused_before_it_reaches_the_database(db: AsyncSession) -> None:
    lines = [JournalLine.to_debit(CASH, Rupiah(10)), JournalLine.to_credit(BANK, Rupiah(9))]
    with pytest.raises(DomainError, match="does not balance"):
        await post_journal(db, Journal(DAY, "x", "x", lines), by="t")


async def test_savings_never_fall_below_zero(db: AsyncSession) -> None:
    await post_journal(db, deposit("a", 1_000), by="t")
    with pytest.raises(DomainError, match="not enough"):
        await post_journal(db, withdrawal("b", 1_001), by="t")


async def test_a_line_of_a_members_account_must_say_whose_it_is(db: AsyncSession) -> None:
    with pytest.raises(DomainError, match="does not say which member"):
        await post_journal(db, deposit("a", 10, party=None), by="t")


async def test_an_unknown_account_is_refused(db: AsyncSession) -> None:
    lines = [JournalLine.to_debit("7777", Rupiah(1)), JournalLine.to_credit(CASH, Rupiah(1))]
    with pytest.raises(DomainError, match="7777"):
        await post_journal(db, Journal(DAY, "x", "x", lines), by="t")


async def test_a_closed_year_takes_no_postings(db: AsyncSession) -> None:
    await db.execute(text("INSERT INTO closed_years (year, closed_by) VALUES (2026, 't')"))
    with pytest.raises(DomainError, match="2026 is closed"):
        await post_journal(db, deposit("a", 10), by="t")


async def test_a_reversal_mirrors_the_journal_once(db: AsyncSession) -> None:
    posted = await post_journal(db, deposit("a", 700), by="t")
    mirror = await reverse_journal(db, posted.number, on=DAY, reason="salah catat", by="t")
    assert await queries.get_balance(db, VOLUNTARY_SAVINGS, SOMEBODY) == 0
    head = await queries.find_journal(db, posted.number)
    assert head is not None
    assert head.reversed_by == mirror.number
    with pytest.raises(DomainError, match="reversed already"):
        await reverse_journal(db, posted.number, on=DAY, reason="lagi", by="t")


async def test_numbers_have_no_gaps(db: AsyncSession) -> None:
    numbers = [
        posted.number
        for posted in await post_journals(db, [deposit(f"k{at}", 1) for at in range(20)], by="t")
    ]
    assert numbers == list(range(numbers[0], numbers[0] + 20))


async def test_the_trial_balance_sums_to_zero_and_the_surplus_is_income_less_expense(
    db: AsyncSession, ro: Reader
) -> None:
    sale = [JournalLine.to_debit(CASH, Rupiah(9_000)), JournalLine.to_credit("4201", Rupiah(9_000))]
    rent = [JournalLine.to_debit("6120", Rupiah(2_500)), JournalLine.to_credit(CASH, Rupiah(2_500))]
    await post_journals(db, [Journal(DAY, "jual", "s", sale), Journal(DAY, "sewa", "r", rent)], by="t")
    totals = await year_queries.get_trial_balance(ro, 2026)
    assert sum(total.closing for total in totals) == 0
    assert await year_queries.get_surplus(ro, 2026) == 6_500
    assert await year_queries.get_surplus(ro, 2025) == 0


@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT INTO journals (number, value_date, description, source_key, posted_by) VALUES (99, "
            "'2026-01-01', 'x', 'x', 'x')"
        ),
        (
            "INSERT INTO journal_lines (journal, line, account, debit, credit, balance) VALUES (1, 9, "
            "'1101', 5, 0, 5)"
        ),
        "UPDATE journals SET description = 'x'",
        "UPDATE journal_lines SET debit = 1",
        "DELETE FROM journal_lines",
        "TRUNCATE journals CASCADE",
        "UPDATE balances SET balance = 0",
        "UPDATE journal_counter SET last_number = 0",
        "UPDATE accounts SET floor = NULL",
        (
            "INSERT INTO accounts (code, name_id, name_en, kind, normal_side, by_party) VALUES ('1', 'x', "
            "'x', 'asset', 'debit', false)"
        ),
        "UPDATE closed_years SET closed_by = 'x'",
        "DELETE FROM closed_years",
        "UPDATE audit_entries SET actor_name = 'x'",
        "DELETE FROM stock_movements",
        "UPDATE bylaws SET document = '{}'",
        "DELETE FROM members",
        "ALTER TABLE journals DISABLE TRIGGER ALL",
        "DROP TABLE journals CASCADE",
        "CREATE TABLE mine (x int)",
    ],
)
async def test_the_cooperatives_role_has_no_way_around_the_door(db: AsyncSession, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        await db.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE journal_lines SET debit = 1", "only grows"),
        ("DELETE FROM journals", "only grows"),
        ("TRUNCATE journals, journal_lines CASCADE", "only grows"),
        (
            (
                "WITH j AS (INSERT INTO journals (number, value_date, description, source_key, posted_by)"
                " VALUES (999, '2026-01-01', 'x', 'forged', 'x')) "
                "INSERT INTO journal_lines (journal, line, account, debit, credit, balance) VALUES "
                "(999, 1, '1101', 5, 0, 5)"
            ),
            "forged",
        ),
    ],
)
async def test_even_the_owner_cannot_edit_or_unbalance(
    rollback_database: Database, statement: str, sentence: str
) -> None:
    async with rollback_database.owner_engine.connect() as connection:
        name = (
            await connection.execute(text("SELECT schema_name FROM shared.cooperatives LIMIT 1"))
        ).scalar_one()
        await connection.execute(text("SELECT set_config('search_path', :name, true)"), {"name": name})
        with pytest.raises(DBAPIError, match=sentence):
            await connection.execute(text(statement))
        await connection.rollback()


async def test_a_temporary_table_does_not_stand_before_the_accounts(db: AsyncSession) -> None:
    await db.execute(
        text("CREATE TEMP TABLE accounts ON COMMIT DROP AS SELECT code, normal_side FROM accounts")
    )
    await db.execute(
        text("ALTER TABLE pg_temp.accounts ADD floor bigint, ADD by_party boolean NOT NULL DEFAULT false")
    )
    await db.execute(text("GRANT ALL ON pg_temp.accounts TO PUBLIC"))
    with pytest.raises(DomainError, match="not enough"):
        await post_journal(db, withdrawal("shadow", 5), by="t")


async def test_two_withdrawals_at_once_never_pass_zero(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as session:
        await post_journal(session, deposit("a", 1_000), by="t")

    async def take(key: str) -> bool:
        try:
            async with coop_session(database, melati) as session:
                await post_journal(session, withdrawal(key, 600), by="t")
        except DomainError:
            return False
        return True

    taken = await asyncio.gather(*(take(f"w{at}") for at in range(6)))
    assert taken.count(True) == 1
    async with coop_session(database, melati) as session:
        assert await queries.get_balance(as_reader(session), VOLUNTARY_SAVINGS, SOMEBODY) == 400


@given(st.lists(st.tuples(st.integers(1, 10**12), st.booleans()), max_size=8))
async def test_balances_equal_the_sum_of_lines_after_any_history(
    db: AsyncSession, moves: list[tuple[int, bool]]
) -> None:
    person = new_id()
    expected = 0
    for amount, out in moves:
        journal = (
            withdrawal(f"h:{new_id()}", amount, person) if out else deposit(f"h:{new_id()}", amount, person)
        )
        if out and amount > expected:
            async with db.begin_nested() as savepoint:
                with pytest.raises(DomainError):
                    await post_journal(db, journal, by="t")
                await savepoint.rollback()
            continue
        await post_journal(db, journal, by="t")
        expected += -amount if out else amount
    assert await queries.get_balance(db, VOLUNTARY_SAVINGS, person) == expected
    reader = as_reader(db)
    summed = await reader.value(
        "SELECT coalesce(sum(credit - debit), 0)::bigint FROM journal_lines WHERE party = $1", person
    )
    assert summed == expected
