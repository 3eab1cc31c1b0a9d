"""The steps of an import of members: what the check decides, and what happens between two batches.

All people are invented.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import clock, file_import
from kernel.actor import SYSTEM
from kernel.database import Database, Reader, as_reader
from kernel.errors import DomainError
from kernel.file_import import ImportReport, lock_import
from kernel.money import MAX_AMOUNT
from members import import_members as members_importing
from members.import_members import MemberImport, import_members, plan_member_import
from members.tasks import delete_expired
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

HEADER = "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\n"
AS_OF = date(2026, 1, 1)
LINES = [f"{3000 + at},Anggota Contoh {at},L,,2024-01-01,100000,{at},0\n" for at in range(5)]
FILE = HEADER + "".join(LINES)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.freeze_at(datetime(2026, 3, 2, 3, tzinfo=UTC)):
        yield


def summarize(report: ImportReport) -> tuple[int, int, list[tuple[int, str]]]:
    return report.imported, report.unchanged, [(bad.line, str(bad.reason)) for bad in report.rejected]


LINE = st.builds(
    "{},{},{},{},{},{},{},{}\n".format,
    st.sampled_from(["0001", "4001", "4002", "4003", "4004", "", "4 1"]),
    st.sampled_from(["Ani", "Budi", "Sari Wulandari Melati", ""]),
    st.sampled_from(["L", "P", "?"]),
    st.sampled_from(["", "0812-0000-2222", "021"]),
    st.sampled_from(["2024-05-01", "01/05/2024", "2027-01-01", "x"]),
    st.sampled_from(["", "0", "5", str(MAX_AMOUNT), "-1"]),
    st.sampled_from(["", "0", "7", str(MAX_AMOUNT)]),
    st.sampled_from(["0", "3", "x"]),
)


@given(
    files=st.lists(
        st.lists(LINE, max_size=8).map(lambda lines: HEADER + "".join(lines)), min_size=1, max_size=3
    )
)
async def test_the_import_does_what_the_preview_says(db: AsyncSession, files: list[str]) -> None:
    """The preview compares in Python, the import in the staging table; files follow each other."""
    async with db.begin_nested() as savepoint:
        for file in files:
            _, plan = await plan_member_import(as_reader(db), file, as_of=AS_OF)
            _, report = await import_members(db, SYSTEM, file, as_of=AS_OF, skip_bad=True)
            assert summarize(report) == summarize(plan.report)
            assert (await db.execute(text("SELECT count(*) FROM staging_members"))).scalar_one() == 0
        await savepoint.rollback()


async def test_a_whole_import_is_checked_before_anything_is_recorded(
    database: Database, melati: TenantRef
) -> None:
    work = MemberImport(SYSTEM, AS_OF)
    async with coop_session(database, melati) as db:
        _, report = await work.check(db, FILE + "3000,Lain,L,,2024-01-01,0,0,0\n")
    assert (report.imported, [bad.line for bad in report.rejected]) == (5, [7])
    async with coop_reader(database, melati) as ro:
        assert await ro.value("SELECT count(*) FROM members WHERE number LIKE '300_'") == 0


async def test_a_number_given_to_somebody_since_the_check_stops_the_import_and_the_next_run_tells_the_line(
    database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members_importing, "BATCH_SIZE", 2)
    work = MemberImport(SYSTEM, AS_OF)
    async with coop_session(database, melati) as db:
        await work.check(db, FILE)
    async with coop_session(database, melati) as db:
        assert await work.record_batch(db) == (2, 5)
    async with coop_session(database, melati) as db:
        await db.execute(
            text(
                "INSERT INTO members (id, number, name, status) VALUES (gen_random_uuid(), '3003', "
                "'Orang Lain', 'active')"
            )
        )
    with pytest.raises(DomainError, match="Since this file was checked"):
        async with coop_session(database, melati) as db:
            await work.record_batch(db)
    async with coop_session(database, melati) as db:
        _, report = await import_members(db, SYSTEM, FILE, as_of=AS_OF)
    imported, unchanged, rejected = summarize(report)
    assert (imported, unchanged, [line for line, _ in rejected]) == (0, 2, [5])
    assert rejected[0][1].startswith(
        "The opening savings of member 3003 are on record as Rp0, the file says Rp100,003."
    )


async def test_an_import_whose_rows_another_took_stops(database: Database, melati: TenantRef) -> None:
    """As if its connection, and with it its advisory lock, had been lost."""
    first, second = MemberImport(SYSTEM, AS_OF), MemberImport(SYSTEM, AS_OF)
    async with coop_session(database, melati) as db:
        await first.check(db, FILE)
    async with coop_session(database, melati) as db:
        await second.check(db, HEADER + "3999,Lain,L,,2024-01-01,0,0,0\n")
    with pytest.raises(DomainError, match="Since this file was checked"):
        async with coop_session(database, melati) as db:
            await first.record_batch(db)
    async with coop_session(database, melati) as db:
        assert await second.record_batch(db) == (1, 1)


async def test_two_at_once_take_turns_and_whoever_waits_too_long_is_told(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    work = MemberImport(SYSTEM, AS_OF)
    async with coop_session(database, melati) as turn:
        await lock_import(turn, work)
        async with coop_session(database, mawar) as db:
            assert (await import_members(db, SYSTEM, FILE, as_of=AS_OF))[1].imported == 5
        async with coop_session(database, melati) as db:
            await db.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(DomainError, match="Another import of this kind is running"):
                await import_members(db, SYSTEM, FILE, as_of=AS_OF)
            await db.rollback()
    async with coop_session(database, melati) as db:
        assert (await import_members(db, SYSTEM, FILE, as_of=AS_OF))[1].imported == 5


async def test_what_a_killed_import_left_goes_by_the_daily_job_unless_one_is_running(
    database: Database, melati: TenantRef
) -> None:
    count = "SELECT count(*) FROM staging_members"
    work = MemberImport(SYSTEM, AS_OF)
    async with coop_session(database, melati) as db:
        await work.check(db, FILE)
    async with coop_session(database, melati) as turn:
        await lock_import(turn, work)
        async with coop_session(database, melati) as db:
            await delete_expired(db)
        async with coop_reader(database, melati) as ro:
            assert await ro.value(count) == 5
    async with coop_session(database, melati) as db:
        await delete_expired(db)
    async with coop_reader(database, melati) as ro:
        assert await ro.value(count) == 0


async def test_the_trail_tells_beginning_and_end(database: Database, melati: TenantRef) -> None:
    work = MemberImport(SYSTEM, AS_OF)
    async with coop_session(database, melati) as db:
        await work.check(db, FILE)
        await work.begin(db)
    async with coop_session(database, melati) as db:
        while await work.record_batch(db):
            pass
        await work.finish(db)
    async with coop_reader(database, melati) as ro:
        entries = await ro.records("SELECT action, params FROM audit_entries ORDER BY id DESC LIMIT 2")
    params = {"new": 5, "changed": 0, "skipped": 0}
    assert [tuple(record) for record in entries] == [
        ("members.imported", params),
        ("members.import_begun", params),
    ]


async def test_lines_are_read_beside_the_event_loop(db: AsyncSession, ro: Reader) -> None:
    """Reading in a thread lets other work run between two thousands of lines."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    concurrent = asyncio.create_task(others())
    rows = (row async for row in file_import.iter_in_thread(iter(range(10 * file_import.READ_BATCH_LINES))))
    assert [row async for row in rows] == list(range(10 * file_import.READ_BATCH_LINES))
    concurrent.cancel()
    assert turns >= 10
