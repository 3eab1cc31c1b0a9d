"""What `lumbung doctor` reports about foundings."""

from dataclasses import replace

from sqlalchemy import text

from commands.doctor_operations import check_foundings
from kernel.database import Database
from tenants.session import shared_session


async def test_an_hour_that_was_full_is_wrong_and_a_name_that_waits_a_notice(database: Database) -> None:
    assert [finding.status for finding in await check_foundings(database)] == ["good"]
    async with shared_session(database) as db:
        await db.execute(text("UPDATE shared.cooperatives SET status = 'waiting' WHERE slug = 'mawar'"))
    assert [finding.status for finding in await check_foundings(database)] == ["notice"]
    database.settings = replace(database.settings, foundings_per_hour_in_all=2)  # melati and mawar
    (full,) = await check_foundings(database)
    assert full.status == "wrong"
    assert full.found.startswith("2 cooperatives within one hour")
