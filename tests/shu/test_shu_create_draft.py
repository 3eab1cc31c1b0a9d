"""Drafts from the ledger: figures checked by hand, and what may change them."""

from datetime import UTC, date, datetime
from itertools import count

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from commands.shu import to_json
from governance import adopt_bylaws
from governance.rules import Bylaws
from governance.templates import KONSUMEN
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal, reverse_journal
from members.models import Member
from shu import queries
from shu.create_draft import ShuDraftResult, create_draft
from shu.rules import MemberBasis, allocate
from tenants.registry import TenantRef
from tenants.session import coop_session

TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 5, tzinfo=UTC)
TREASURER = Actor("officer", "Bendahara Melati")
numbers = count(1)


async def member_id(db: AsyncSession, number: str) -> object:
    return (await db.execute(text("SELECT id FROM members WHERE number = :n"), {"n": number})).scalar_one()


async def post_lines(db: AsyncSession, on: date, what: str, *lines: JournalLine) -> int:
    posted = await post_journal(db, Journal(on, what, f"test:{next(numbers)}", lines), by="test")
    return posted.number


async def record_sale(db: AsyncSession, number: str, on: date, amount: int) -> int:
    """Record a cash sale to a member without cost, so that all of it is surplus."""
    member = await member_id(db, number)
    return await post_lines(
        db,
        on,
        "Penjualan",
        JournalLine.to_debit("1101", Rupiah(amount)),
        JournalLine.to_credit("4101", Rupiah(amount), member),
    )


async def record_savings(db: AsyncSession, number: str, on: date, amount: int, account: str = "3120") -> int:
    member = await member_id(db, number)
    return await post_lines(
        db,
        on,
        "Simpanan",
        JournalLine.to_debit("1101", Rupiah(amount)),
        JournalLine.to_credit(account, Rupiah(amount), member),
    )


async def record_expense(db: AsyncSession, on: date, amount: int) -> int:
    return await post_lines(
        db,
        on,
        "Listrik",
        JournalLine.to_debit("6120", Rupiah(amount)),
        JournalLine.to_credit("1101", Rupiah(amount)),
    )


async def draft_2025(db: AsyncSession) -> ShuDraftResult:
    return await create_draft(db, TREASURER, 2025)


@pytest.fixture
async def year(db: AsyncSession) -> AsyncSession:
    """Melati's 2025: 0001 saved 300.000 and bought 1.500.000, 0002 saved 600.000 and bought 500.000; costs
    1.000.000, surplus 1.000.000.
    """
    await record_savings(db, "0001", date(2024, 12, 1), 100_000, "3110")
    await record_savings(db, "0001", date(2025, 3, 1), 200_000)
    await record_savings(db, "0002", date(2025, 5, 1), 600_000)
    await record_sale(db, "0001", date(2025, 2, 1), 1_500_000)
    await record_sale(db, "0002", date(2025, 11, 30), 500_000)
    await record_expense(db, date(2025, 12, 31), 1_000_000)
    return db


def shares(result: ShuDraftResult) -> dict[str, dict[str, int]]:
    return {
        member.number: {code: int(x) for code, x in member.shares.items()}
        for member in result.allocation.members
    }


async def test_the_figures_of_a_year_as_reckoned_by_hand(year: AsyncSession) -> None:
    result = await draft_2025(year)
    document = to_json(result)
    assert document["surplus"] == 1_000_000
    assert document["pools"] == {
        "cadangan": 250_000,
        "jasa_modal": 200_000,
        "jasa_usaha": 350_000,
        "pengurus": 50_000,
        "karyawan": 50_000,
        "pendidikan": 50_000,
        "sosial": 25_000,
        "pembangunan": 25_000,
    }
    # savings 300.000 of 900.000: 66.666 2/3 and 133.333 1/3, the rupiah left goes to the larger remainder;
    # purchases 3 to 1
    assert document["members"] == [
        {
            "number": "0001",
            "basis": {"savings": 300_000, "purchases": 1_500_000},
            "shares": {"jasa_modal": 66_667, "jasa_usaha": 262_500},
            "total": 329_167,
        },
        {
            "number": "0002",
            "basis": {"savings": 600_000, "purchases": 500_000},
            "shares": {"jasa_modal": 133_333, "jasa_usaha": 87_500},
            "total": 220_833,
        },
    ]
    assert document["unallocated"] == {}
    assert list(document) == ["year", "surplus", "bylaws_version", "pools", "members", "unallocated"]


async def test_a_draft_is_the_rule_on_what_the_books_say(year: AsyncSession) -> None:
    result = await draft_2025(year)
    by_rule = allocate(
        Rupiah(1_000_000),
        KONSUMEN.allocation,
        [MemberBasis("0001", 300_000, 1_500_000), MemberBasis("0002", 600_000, 500_000)],
    )
    assert result.allocation == by_rule


async def test_what_is_stored_is_what_was_computed(year: AsyncSession) -> None:
    result = await draft_2025(year)
    ro = as_reader(year)
    stored = await queries.find_latest_draft(ro, 2025)
    assert stored is not None
    assert (stored.version, stored.surplus, stored.drafted_by) == (1, 1_000_000, "Bendahara Melati")
    pools = await queries.list_pools(ro, stored.id)
    assert [(pool.code, pool.amount, pool.basis_total) for pool in pools] == [
        (pool.code, pool.amount, pool.total_basis) for pool in result.allocation.pools
    ]
    rows = await queries.list_member_totals(ro, stored.id)
    assert [(row.number, row.bases, row.amounts, row.total) for row in rows] == [
        ("0001", [300_000, 1_500_000], [66_667, 262_500], 329_167),
        ("0002", [600_000, 500_000], [133_333, 87_500], 220_833),
    ]


async def test_recomputing_gives_the_stored_version_and_the_same_figures(year: AsyncSession) -> None:
    first = await draft_2025(year)
    again = await draft_2025(year)
    assert (first.created, again.created) == (True, False)
    assert to_json(again) == to_json(first)
    assert again.version == first.version == 1
    assert len(await queries.list_drafts(as_reader(year), 2025)) == 1


async def test_a_backdated_posting_makes_a_further_version_and_leaves_the_old_one(year: AsyncSession) -> None:
    await draft_2025(year)
    await record_sale(year, "0002", date(2025, 6, 1), 1_000_000)
    second = await draft_2025(year)
    assert (second.version, second.created, second.allocation.surplus) == (2, True, 2_000_000)
    ro = as_reader(year)
    first = await queries.find_draft(ro, 2025, 1)
    assert first is not None
    assert first.surplus == 1_000_000
    assert [row.total for row in await queries.list_member_totals(ro, first.id)] == [329_167, 220_833]


async def test_what_happens_in_a_later_year_changes_nothing(year: AsyncSession) -> None:
    first = await draft_2025(year)
    await record_savings(year, "0001", date(2026, 1, 2), 5_000_000)
    await record_sale(year, "0002", date(2026, 1, 2), 9_000_000)
    again = await draft_2025(year)
    assert not again.created
    assert to_json(again) == to_json(first)


async def test_a_cancelled_sale_counts_for_nothing(year: AsyncSession) -> None:
    number = await record_sale(year, "0002", date(2025, 7, 1), 700_000)
    await reverse_journal(year, number, on=date(2025, 7, 2), reason="dibatalkan", by="test")
    document = to_json(await draft_2025(year))
    assert document["surplus"] == 1_000_000
    assert document["members"][1]["basis"]["purchases"] == 500_000


async def test_returned_goods_are_taken_off(year: AsyncSession) -> None:
    member = await member_id(year, "0001")
    back = Rupiah(500_000)
    await post_lines(
        year,
        date(2025, 9, 1),
        "Retur",
        JournalLine.to_debit("4102", back, member),
        JournalLine.to_credit("1101", back),
    )
    document = to_json(await draft_2025(year))
    assert document["surplus"] == 500_000
    assert document["members"][0]["basis"]["purchases"] == 1_000_000


async def test_more_returned_than_bought_counts_as_nothing_bought(year: AsyncSession) -> None:
    number = await record_sale(year, "0002", date(2024, 12, 30), 800_000)
    await reverse_journal(year, number, on=date(2025, 1, 3), reason="retur", by="test")
    document = to_json(await draft_2025(year))
    assert document["members"][1]["basis"]["purchases"] == 0
    assert document["members"][1]["shares"]["jasa_usaha"] == 0
    assert document["members"][0]["shares"]["jasa_usaha"] == document["pools"]["jasa_usaha"]


async def test_who_left_in_october_has_a_share_of_what_they_bought(year: AsyncSession) -> None:
    gone = Member(
        id=new_id(),
        number="0000",
        name="Wayan Pergi",
        status="left",
        joined_on=date(2020, 1, 1),
        left_on=date(2025, 10, 5),
        leaving_reason="pindah",
    )
    year.add(gone)
    await year.flush()
    await record_savings(year, "0000", date(2025, 1, 5), 100_000)
    await record_sale(year, "0000", date(2025, 4, 1), 2_000_000)
    saved = Rupiah(100_000)
    await post_lines(
        year,
        date(2025, 10, 5),
        "Simpanan kembali",
        JournalLine.to_debit("3120", saved, gone.id),
        JournalLine.to_credit("1101", saved),
    )
    document = to_json(await draft_2025(year))
    assert document["members"][0] == {
        "number": "0000",
        "basis": {"savings": 0, "purchases": 2_000_000},
        "shares": {"jasa_modal": 0, "jasa_usaha": 525_000},
        "total": 525_000,
    }


async def test_an_applicant_without_a_number_is_not_in_it(year: AsyncSession) -> None:
    year.add(Member(id=new_id(), name="Calon Anggota", status="applied"))
    assert [row["number"] for row in to_json(await draft_2025(year))["members"]] == ["0001", "0002"]


async def test_a_member_admitted_after_a_draft_makes_a_further_one(year: AsyncSession) -> None:
    await draft_2025(year)
    year.add(Member(id=new_id(), number="0003", name="Baru Saja", status="active", joined_on=TODAY))
    again = await draft_2025(year)
    assert (again.version, again.created) == (2, True)
    assert shares(again)["0003"] == {"jasa_modal": 0, "jasa_usaha": 0}


async def test_a_loss_divides_nothing(year: AsyncSession) -> None:
    await record_expense(year, date(2025, 12, 31), 1_500_000)
    document = to_json(await draft_2025(year))
    assert document["surplus"] == -500_000
    assert set(document["pools"].values()) == {0}
    assert {member["total"] for member in document["members"]} == {0}
    assert document["unallocated"] == {}


async def test_a_pool_that_nobody_has_a_basis_for_stays_whole(db: AsyncSession) -> None:
    await record_savings(db, "0001", date(2025, 3, 1), 200_000)
    await post_lines(
        db,
        date(2025, 5, 1),
        "Penjualan umum",
        JournalLine.to_debit("1101", Rupiah(1_000)),
        JournalLine.to_credit("4201", Rupiah(1_000)),
    )
    document = to_json(await draft_2025(db))
    assert document["unallocated"] == {"jasa_usaha": 350}
    pools = await queries.list_pools(as_reader(db), (await newest_id(db)))
    assert [pool.unallocated for pool in pools if pool.code == "jasa_usaha"] == [350]


async def newest_id(db: AsyncSession) -> object:
    stored = await queries.find_latest_draft(as_reader(db), 2025)
    assert stored is not None
    return stored.id


async def test_voluntary_savings_count_only_where_the_bylaws_say_so(year: AsyncSession) -> None:
    await record_savings(year, "0001", date(2025, 8, 1), 900_000, "2111")
    assert to_json(await draft_2025(year))["members"][0]["basis"]["savings"] == 300_000


async def test_bylaws_of_31_december_decide(year: AsyncSession) -> None:
    now = clock.today().year
    first = await create_draft(year, TREASURER, now)
    with_more = with_percent(KONSUMEN, jasa_usaha="60", cadangan="0")
    await adopt_bylaws.adopt_bylaws(year, TREASURER, with_more, date(now, 12, 31), "", 1)
    await adopt_bylaws.adopt_bylaws(year, TREASURER, KONSUMEN, date(now + 1, 1, 1), "", 2)
    second = await create_draft(year, TREASURER, now)
    assert (first.bylaws_version, second.bylaws_version) == (1, 2)
    assert (second.version, second.created) == (2, True)
    # a past year keeps the bylaws that were the only ones then
    assert (await draft_2025(year)).bylaws_version == 1


def with_percent(bylaws: Bylaws, **percents: str) -> Bylaws:
    from decimal import Decimal

    import msgspec

    lines = tuple(
        msgspec.structs.replace(line, percent=Decimal(percents[line.code])) if line.code in percents else line
        for line in bylaws.allocation
    )
    return msgspec.structs.replace(bylaws, allocation=lines)


async def test_a_year_to_come_is_refused(db: AsyncSession) -> None:
    with clock.freeze_at(NOON), pytest.raises(DomainError) as refused:
        await create_draft(db, TREASURER, 2027)
    assert refused.value.localize("id") == "Tahun 2027 belum tiba. Pilih 2026 atau tahun sebelumnya."


async def test_two_cooperatives_with_two_bylaws_have_two_results(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    documents = []
    for tenant in (melati, mawar):
        async with coop_session(database, tenant) as db:
            await record_savings(db, "0001", date(2025, 3, 1), 300_000)
            await record_sale(db, "0001", date(2025, 3, 1), 1_000_000)
            documents.append(to_json(await draft_2025(db)))
    assert [document["surplus"] for document in documents] == [1_000_000, 1_000_000]
    assert [document["members"][0]["total"] for document in documents] == [550_000, 450_000]
    assert documents[0]["pools"] != documents[1]["pools"]
    assert documents[1]["pools"]["imbal_jasa_desa"] == 200_000


async def test_a_stored_share_cannot_be_edited(year: AsyncSession) -> None:
    await draft_2025(year)
    with pytest.raises(Exception, match="permission denied"):
        await year.execute(text("UPDATE shu_shares SET amount = amount + 1"))


async def test_two_officers_at_once_make_one_draft(database: Database, melati: TenantRef) -> None:
    import asyncio

    async with coop_session(database, melati) as db:
        await record_sale(db, "0001", date(2025, 2, 1), 1_000_000)

    async def press() -> ShuDraftResult:
        async with coop_session(database, melati) as db:
            return await draft_2025(db)

    results = await asyncio.gather(press(), press(), press())
    assert sorted(result.created for result in results) == [False, False, True]
    assert {result.version for result in results} == {1}
