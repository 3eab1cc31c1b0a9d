"""Importing a register of members. All people are invented."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import clock
from kernel.actor import SYSTEM
from kernel.database import Database, Reader
from kernel.errors import DomainError
from kernel.file_import import ImportReport
from ledger import queries
from ledger.close_year import close_year
from members.activate_account import issue_activation_code
from members.import_members import import_members
from tenants.registry import TenantRef
from tenants.session import coop_session

HEADER = "member_number,name,sex,phone,joined_on,principal_deposit,mandatory_deposit,voluntary_deposit\n"
GOOD = HEADER + (
    '1000,"R. Wayan Suryani, S.Gz",P,0812-0000-1111,2023-05-23,100000,1040000,0\n'
    "1001,Tono Saputra,laki-laki,,31/12/2025,100.000,Rp 20.000,500000\n"
    "A/7,Ani,F,81200001112,2026-02-01,,,\n"
)
AS_OF = date(2026, 1, 1)
SAVINGS = ("3110", "3120", "2111")


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.freeze_at(datetime(2026, 3, 2, 3, tzinfo=UTC)):
        yield


async def run_import(db: AsyncSession, content: str, **options: Any) -> ImportReport:
    return (await import_members(db, SYSTEM, content, as_of=options.pop("as_of", AS_OF), **options))[1]


def reasons_by_line(report: ImportReport) -> dict[int, str]:
    return {bad.line: str(bad.reason) for bad in report.rejected}


async def member(ro: Reader, number: str) -> asyncpg.Record | None:
    records = await ro.records(
        "SELECT id, name, sex, phone, joined_on, status, decided_by FROM members WHERE number = $1", number
    )
    return records[0] if records else None


async def savings(db: AsyncSession, member_id: UUID) -> list[int]:
    return [await queries.get_balance(db, account, member_id) for account in SAVINGS]


async def test_members_come_active_with_their_savings_as_opening_balances(
    db: AsyncSession, ro: Reader
) -> None:
    cash = await queries.get_balance(db, "1101")
    report = await run_import(db, GOOD)
    assert (report.imported, report.unchanged, report.rejected) == (3, 0, [])
    first, second, third = [await member(ro, number) for number in ("1000", "1001", "A/7")]
    assert tuple(first)[1:] == (
        "R. Wayan Suryani, S.Gz",
        "P",
        "+6281200001111",
        date(2023, 5, 23),
        "active",
        "Lumbung",
    )
    assert tuple(second)[1:5] == ("Tono Saputra", "L", None, date(2025, 12, 31))
    assert tuple(third)[1:4] == ("Ani", "P", "+6281200001112")
    assert await savings(db, first["id"]) == [100_000, 1_040_000, 0]
    assert await savings(db, second["id"]) == [100_000, 20_000, 500_000]
    assert await savings(db, third["id"]) == [0, 0, 0]
    assert await queries.get_balance(db, "1101") == cash + 1_760_000
    journals = await queries.list_journals(ro, limit=2)
    assert [(each.value_date, each.source_key) for each in journals] == [
        (AS_OF, "members-import:1001"),
        (AS_OF, "members-import:1000"),
    ]


async def test_an_imported_member_can_be_given_an_activation_code(db: AsyncSession, ro: Reader) -> None:
    await run_import(db, GOOD)
    given = await issue_activation_code(db, SYSTEM, (await member(ro, "1000"))["id"])
    assert (given.number, given.phone, given.signs_in_by_phone) == ("1000", "+6281200001111", True)


async def test_the_same_file_twice_changes_nothing_the_second_time(db: AsyncSession, ro: Reader) -> None:
    await run_import(db, GOOD)
    journals = await ro.value("SELECT count(*) FROM journals")
    again = await run_import(db, "\ufeff" + GOOD.replace("\n", "\r\n"))
    assert (again.imported, again.unchanged, again.rejected) == (0, 3, [])
    assert await ro.value("SELECT count(*) FROM journals") == journals


async def test_what_the_register_says_can_be_changed_but_not_savings_in_use(
    db: AsyncSession, ro: Reader
) -> None:
    await run_import(db, GOOD)
    changed = GOOD.replace("Tono Saputra,laki-laki,", "Tono Saputra,L,0812 0000 3333").replace(
        "1040000", "1060000"
    )
    report = await run_import(db, changed)
    assert (report.imported, report.unchanged) == (0, 1)
    assert reasons_by_line(report) == {
        2: "The opening savings of member 1000 are on record as Rp1,140,000, the file says Rp1,160,000."
        " Savings in use change by a deposit or a withdrawal, not by an import."
    }
    skipped = await run_import(db, changed, skip_bad=True)
    assert (skipped.imported, skipped.unchanged) == (1, 1)
    assert (await member(ro, "1001"))["phone"] == "+6281200003333"


async def test_savings_that_moved_by_other_ways_are_not_opened_again(db: AsyncSession, ro: Reader) -> None:
    """0001 is of the template: her savings were posted by something else than an import."""
    line = "0001,Sari Wulandari Melati,P,081200000001,2024-05-01,{},0,0\n"
    assert list(reasons_by_line(await run_import(db, HEADER + line.format(100_000)))) == [2]
    assert (await run_import(db, HEADER + line.format(0))).unchanged == 1


BAD = HEADER + (
    "2000,Baik,L,,2024-01-01,0,0,0\n"  # 2
    ",Tanpa nomor,L,,2024-01-01,0,0,0\n"
    "2001,,L,,2024-01-01,0,0,0\n"
    "2002,Jenis,X,,2024-01-01,0,0,0\n"
    "2003,Telepon,L,021 555 1234,2024-01-01,0,0,0\n"
    "2004,Tanggal,L,,31/02/2024,0,0,0\n"
    "2005,Besok,L,,2026-03-03,0,0,0\n"
    "2006,Tanpa tanggal,L,,,0,0,0\n"
    "2007,Minus,L,,2024-01-01,-5,0,0\n"
    "2008,Kurang,L\n"
    "2000,Lain,L,,2024-01-01,0,0,0\n"  # 12
    "2 9,Spasi,L,,2024-01-01,0,0,0\n"
    "2010,Dahulu,L,,0204-01-01,0,0,0\n"
)
REASONS = {
    3: "The column member_number is empty.",
    4: "The column name is empty.",
    5: "Column sex: write L or P (or M or F), not “X”.",
    6: "Column phone: “021 555 1234” is not a mobile number. Write it like 0812-3456-7890.",
    7: "Column joined_on: “31/02/2024” is not a date. Write it like 24/11/2026 or 2026-11-24.",
    8: "The joining date 3 March 2026 is still to come.",
    9: "The column joined_on is empty.",
    10: "Column principal_deposit: The amount cannot be below zero: “-5”.",
    11: "This line has 3 cells, it should have 8.",
    12: "Member number 2000 stands on line 2 already, with other content. Remove one of the two.",
    13: "Column member_number: A member number uses letters, digits, dots, slashes or dashes, at most 18.",
    14: "The joining year 204 is too long ago. Check its figures.",
}


async def test_every_bad_line_is_listed_and_nothing_is_taken(db: AsyncSession, ro: Reader) -> None:
    report = await run_import(db, BAD)
    assert reasons_by_line(report) == REASONS
    assert report.imported == 0
    assert await member(ro, "2000") is None
    skipped = await run_import(db, BAD, skip_bad=True)
    assert (skipped.imported, len(skipped.rejected)) == (1, len(REASONS))
    assert await member(ro, "2000") is not None


async def test_reasons_are_told_in_indonesian_too(db: AsyncSession) -> None:
    reasons = {bad["line"]: bad["reason"] for bad in (await run_import(db, BAD)).as_json("id")["rejected"]}
    assert reasons[4] == "Kolom name kosong."
    assert reasons[8] == "Tanggal bergabung 3 Maret 2026 belum tiba."


async def test_the_date_must_have_come_and_its_year_be_open(db: AsyncSession) -> None:
    with pytest.raises(DomainError, match="still to come"):
        await run_import(db, GOOD, as_of=date(2026, 3, 3))
    await close_year(db, SYSTEM, 2025)
    with pytest.raises(DomainError, match="2025 is closed"):
        await run_import(db, GOOD, as_of=date(2025, 6, 1))


async def test_the_opening_date_may_lie_before_the_joining_date(db: AsyncSession, ro: Reader) -> None:
    assert (await run_import(db, GOOD, as_of=date(2020, 1, 1))).imported == 3
    assert (await queries.list_journals(ro, limit=1))[0].value_date == date(2020, 1, 1)


async def test_the_neighbour_is_not_touched_and_may_use_the_same_numbers(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await run_import(db, GOOD)
    async with coop_session(database, mawar) as db:
        assert (await run_import(db, GOOD)).imported == 3
