"""Adopting bylaws: dates, races, and adopted versions do not change."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from governance import queries
from governance.adopt_bylaws import adopt_bylaws, adopt_initial_bylaws
from governance.prices import get_member_price
from governance.rules import Bylaws
from governance.templates import DESA_MERAH_PUTIH, KONSUMEN
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database, Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from tenants.registry import TenantRef
from tenants.session import coop_session

CHAIR = Actor("officer", "Ketua Melati")


def with_percents(bylaws: Bylaws, **changes: str) -> Bylaws:
    lines = tuple(
        msgspec.structs.replace(line, percent=Decimal(changes.get(line.code, line.percent)))
        for line in bylaws.allocation
    )
    return msgspec.structs.replace(bylaws, allocation=lines)


def with_discount(bylaws: Bylaws, percent: str) -> Bylaws:
    prices = msgspec.structs.replace(bylaws.prices, member_discount_percent=Decimal(percent))
    return msgspec.structs.replace(bylaws, prices=prices)


MORE_FOR_BUYERS = with_percents(KONSUMEN, jasa_modal="15", jasa_usaha="40")


def in_days(days: int) -> date:
    return clock.today() + timedelta(days=days)


async def get_adoption_error(db: AsyncSession, bylaws: Bylaws, on: date, based_on: int = 1) -> DomainError:
    with pytest.raises(DomainError) as caught:
        await adopt_bylaws(db, CHAIR, bylaws, on, "", based_on)
    return caught.value


async def test_founding_adopts_the_template_that_was_chosen(ro: Reader) -> None:
    held = await queries.get_bylaws_on(ro, clock.today())
    assert (held.version, held.template, held.bylaws) == (1, "konsumen", KONSUMEN)


async def test_an_unknown_template_is_refused(db: AsyncSession) -> None:
    with pytest.raises(DomainError) as caught:
        await adopt_initial_bylaws(db, "entah", "Ketua", clock.today())
    assert "konsumen" in caught.value.localize("id")


async def test_a_version_holds_from_its_day_on(db: AsyncSession) -> None:
    assert await adopt_bylaws(db, CHAIR, MORE_FOR_BUYERS, in_days(10), "Rapat 3 Maret", 1) == 2
    assert (await queries.get_bylaws_on(db, in_days(9))).version == 1
    assert (await queries.get_bylaws_on(db, in_days(10))).version == 2
    assert (await queries.get_bylaws_on(db, in_days(4000))).bylaws == MORE_FOR_BUYERS


async def test_before_the_first_version_the_first_one_counts(db: AsyncSession) -> None:
    await adopt_bylaws(db, CHAIR, MORE_FOR_BUYERS, in_days(10), "", 1)
    assert (await queries.get_bylaws_on(db, date(1998, 12, 31))).version == 1


async def test_of_two_versions_of_one_day_the_later_holds(db: AsyncSession) -> None:
    await adopt_bylaws(db, CHAIR, MORE_FOR_BUYERS, in_days(0), "", 1)
    assert (await queries.get_bylaws_on(db, in_days(0))).version == 2


async def test_105_percent_is_refused_with_the_sum(db: AsyncSession) -> None:
    error = await get_adoption_error(db, with_percents(KONSUMEN, jasa_usaha="40"), in_days(1))
    assert error.localize("en") == "The allocation adds up to 105 %, it must be 100 %."
    assert error.localize("id") == "Pembagian SHU berjumlah 105 %, seharusnya 100 %."
    assert len(await queries.list_bylaws_versions(db)) == 1


async def test_a_day_that_is_past_is_refused(db: AsyncSession) -> None:
    assert (await get_adoption_error(db, MORE_FOR_BUYERS, in_days(-1))).code == "governance.date_in_the_past"


async def test_a_day_before_the_latest_version_is_refused(db: AsyncSession) -> None:
    await adopt_bylaws(db, CHAIR, MORE_FOR_BUYERS, in_days(30), "", 1)
    assert (await get_adoption_error(db, KONSUMEN, in_days(29), 2)).code == "governance.before_latest_version"


async def test_what_changes_nothing_is_refused(db: AsyncSession) -> None:
    assert (await get_adoption_error(db, KONSUMEN, in_days(1))).code == "governance.nothing_changed"


async def test_who_did_not_see_the_latest_version_is_told(db: AsyncSession) -> None:
    await adopt_bylaws(db, CHAIR, MORE_FOR_BUYERS, in_days(1), "", 1)
    error = await get_adoption_error(
        db, with_percents(KONSUMEN, cadangan="20", jasa_usaha="40"), in_days(2), 1
    )
    assert error.code == "governance.changed_meanwhile"
    assert "Ketua Melati" in error.localize("id")


async def test_of_two_officers_at_once_one_adopts(database: Database, melati: TenantRef) -> None:
    both_read = asyncio.Barrier(2)

    async def officer(bylaws: Bylaws) -> str:
        try:
            async with coop_session(database, melati) as db:
                await queries.get_latest_version(db)
                await both_read.wait()
                await adopt_bylaws(db, CHAIR, bylaws, in_days(1), "", 1)
                await asyncio.sleep(0.05)
        except DomainError as error:
            return error.code
        return "adopted"

    answers = await asyncio.gather(officer(MORE_FOR_BUYERS), officer(with_discount(KONSUMEN, "5")))
    assert sorted(answers) == ["adopted", "governance.changed_meanwhile"]
    async with coop_session(database, melati) as db:
        assert [version.version for version in await queries.list_bylaws_versions(db)] == [2, 1]


async def test_an_old_version_stays_as_it_was(db: AsyncSession) -> None:
    await adopt_bylaws(db, CHAIR, MORE_FOR_BUYERS, in_days(0), "Rapat anggota", 1)
    first, second = await queries.find_version(db, 1), await queries.find_version(db, 2)
    assert first is not None
    assert second is not None
    assert first.bylaws == KONSUMEN
    assert (second.note, second.adopted_by, second.template) == ("Rapat anggota", "Ketua Melati", "konsumen")


async def test_the_database_keeps_a_version_from_being_edited(db: AsyncSession) -> None:
    with pytest.raises(Exception, match="permission denied"):
        await db.execute(text("UPDATE bylaws SET note = 'lain'"))


async def test_prices_follow_the_bylaws_of_the_day(db: AsyncSession) -> None:
    await adopt_bylaws(db, CHAIR, with_discount(KONSUMEN, "10"), in_days(3), "", 1)
    today, then = await queries.get_bylaws_on(db, in_days(0)), await queries.get_bylaws_on(db, in_days(3))
    assert get_member_price(Rupiah(10_000), today.bylaws) == 9_800
    assert get_member_price(Rupiah(10_000), then.bylaws) == 9_000


async def test_the_trail_tells_what_changed(db: AsyncSession) -> None:
    await adopt_bylaws(db, CHAIR, with_discount(KONSUMEN, "10"), in_days(3), "", 1)
    entries = await as_reader(db).records(
        "SELECT params->'changes' AS changes FROM audit_entries WHERE action = 'governance.bylaws_adopted'"
    )
    (change,) = entries[0]["changes"]
    assert change["rule"] == "prices"
    percent = "member_discount_percent"
    assert (change["before"][percent], change["after"][percent]) == ("2", "10")


async def test_on_the_morning_of_its_day_kept_pages_are_forgotten(
    database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await adopt_bylaws(db, CHAIR, with_discount(KONSUMEN, "10"), in_days(3), "", 1)
    async with database.owner_engine.connect() as connection:
        waiting = "SELECT due_at FROM shared.outbox WHERE job = 'governance.apply_bylaws'"
        due = (await connection.execute(text(waiting))).scalar_one()
    morning = due.astimezone(ZoneInfo("Asia/Jakarta"))
    assert (morning.date(), morning.hour, morning.minute) == (in_days(3), 0, 0)


async def test_two_cooperatives_keep_their_own(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await adopt_bylaws(db, CHAIR, MORE_FOR_BUYERS, in_days(0), "", 1)
    async with coop_session(database, mawar) as db:
        assert (await queries.get_latest_version(db)).bylaws == DESA_MERAH_PUTIH
