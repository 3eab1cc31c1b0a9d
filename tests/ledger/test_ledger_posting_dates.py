"""Value dates: never before 1950; in forms not long before the founding; deposits not before the member
joined.
"""

import re
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from conftest import SignedInClient
from kernel import clock
from kernel.database import Database, Reader, as_reader
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal, year_queries
from tenants.registry import TenantRef
from tenants.session import coop_session

THIS_YEAR = clock.today().year


def journal(day: date) -> Journal:
    lines = [JournalLine.to_debit("1101", Rupiah(1_000)), JournalLine.to_credit("8110", Rupiah(1_000))]
    return Journal(day, "Pendapatan lain", f"test:{new_id()}", lines)


async def member(database: Database, tenant: TenantRef) -> UUID:
    async with coop_session(database, tenant) as db:
        found: UUID = await as_reader(db).value("SELECT id FROM members WHERE number = '0001'")
        return found


async def test_the_door_takes_nothing_of_before_1950(db: AsyncSession) -> None:
    await post_journal(db, journal(date(1950, 1, 1)), by="Rina Kasir")  # imports may have older dates
    with pytest.raises(DomainError) as refused:
        await post_journal(db, journal(date(1949, 12, 31)), by="Rina Kasir")
    assert refused.value.code == "ledger.day_too_early"


async def test_a_form_takes_no_day_long_before_the_cooperative_signed_up(
    officer_client: SignedInClient,
) -> None:
    sent = {
        "account": "6120",
        "amount": "10.000",
        "method": "cash",
        "description": "Listrik",
        "key": str(new_id()),
    }
    for address in ("/pengurus/buku/catat/periksa", "/pengurus/buku/catat"):
        answer = await officer_client.post(address, sent | {"on": f"{THIS_YEAR - 11}-03-01"})
        assert answer.status_code == 422
        assert 'id="e-on"' in answer.text
    assert (
        await officer_client.post("/pengurus/buku/catat/periksa", sent | {"on": f"{THIS_YEAR - 9}-03-01"})
    ).status_code == 200


async def test_a_deposit_is_not_of_before_its_member_joined(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    home = f"/pengurus/anggota/{await member(database, melati)}/setor"
    sent = {"kind": "voluntary", "amount": "10.000", "method": "cash", "key": str(new_id())}
    for address in (f"{home}/periksa", home):
        answer = await officer_client.post(address, sent | {"on": "2024-04-30"})  # who joined on 1 May 2024
        assert answer.status_code == 422
        assert 'id="e-on"' in answer.text
    assert (await officer_client.post(f"{home}/periksa", sent | {"on": "2024-05-01"})).status_code == 200


async def test_an_old_register_goes_back_to_1900(officer_client: SignedInClient) -> None:
    for year, statuses in ((1899, {422}), (1900, {200, 303})):
        sent = {"name": f"Mbah Karto {year}", "joined_on": f"{year}-01-01", "key": str(new_id())}
        assert (await officer_client.post("/pengurus/anggota/baru", sent)).status_code in statuses


async def test_one_slip_offers_no_row_of_years(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await post_journal(db, journal(date(1950, 3, 1)), by="Impor")
        await post_journal(db, journal(date(THIS_YEAR - 2, 3, 1)), by="Impor")
    for path in ("/pengurus/buku", "/pengurus/buku/jurnal", "/pengurus/buku/akun/1101", "/pengurus/shu"):
        page = (await officer_client.get(path)).text
        offered = {int(year) for year in re.findall(r'href="[^"]*\?tahun=(\d{4})"', page)}
        assert offered == {1950, THIS_YEAR - 2, THIS_YEAR}, path


async def test_the_years_are_those_that_have_a_journal(db: AsyncSession, ro: Reader) -> None:
    for day in (date(1950, 3, 1), date(2001, 1, 1), date(2001, 12, 31)):
        await post_journal(db, journal(day), by="Impor")
    await db.flush()
    assert await year_queries.list_years(ro) == [2026, 2001, 1950]
