"""The daily jobs delete what has expired, and nothing else."""

from datetime import date, datetime, timedelta

from sqlalchemy import text

import members.tasks  # noqa: F401 - registers what is done daily
import tenants.tasks  # noqa: F401 - same
from kernel import clock
from kernel.database import Database
from tenants import daily_jobs
from tenants.registry import TenantRef
from tenants.session import coop_session, shared_reader
from tenants.worker import run_job

DAY = date(2026, 11, 24)


async def list_outbox_jobs(database: Database) -> set[tuple[str, str, str]]:
    async with shared_reader(database) as ro:
        rows = await ro.records("SELECT coop_role, job, key FROM shared.outbox WHERE key LIKE '%:2026-11-2%'")
    return {(row["coop_role"], row["job"], row["key"]) for row in rows}


async def test_a_day_begins_once_and_in_every_cooperative(
    database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    assert await daily_jobs.schedule_daily_jobs(database, DAY)
    jobs = await list_outbox_jobs(database)
    for tenant in (melati, mawar):
        assert (tenant.schema_name, "members.delete_expired", f"members.delete_expired:{DAY}") in jobs
    assert (database.settings.app_role, "tenants.delete_expired", f"tenants.delete_expired:{DAY}") in jobs
    assert not await daily_jobs.schedule_daily_jobs(database, DAY)
    assert await list_outbox_jobs(database) == jobs
    assert await daily_jobs.schedule_daily_jobs(database, DAY + timedelta(days=1))


async def test_what_is_over_goes_and_what_counts_stays(database: Database, melati: TenantRef) -> None:
    now = clock.now()
    async with coop_session(database, melati) as db:
        user = (await db.execute(text("SELECT id FROM users LIMIT 1"))).scalar_one()
        for token, ends in ((b"over", now - timedelta(seconds=1)), (b"open", now + timedelta(hours=1))):
            await db.execute(
                text(
                    "INSERT INTO sessions (token_hash, user_id, signed_in_at, expires_at) VALUES "
                    "(:token, :user, :now, :ends)"
                ),
                {"token": token, "user": user, "now": now - timedelta(days=1), "ends": ends},
            )
        await db.execute(
            text(
                "INSERT INTO throttles (key, count, window_ends_at) VALUES ('old', 5, :old), ('new', 5, :new)"
            ),
            {"old": now - timedelta(days=3), "new": now},
        )
        await db.execute(
            text("INSERT INTO finished_jobs (key, finished_at) VALUES ('old', :old), ('new', :new)"),
            {"old": now - timedelta(days=31), "new": now - timedelta(days=29)},
        )
    for job in ("members.delete_expired", "tenants.delete_finished_job_keys"):
        assert await run_job(database, melati.schema_name, job, f"{job}:{DAY}", {})
    async with coop_session(database, melati) as db:
        tokens = set((await db.execute(text("SELECT token_hash FROM sessions"))).scalars())
        assert {b"over", b"open"} & tokens == {b"open"}
        assert set((await db.execute(text("SELECT key FROM throttles"))).scalars()) == {"new"}
        keys = set((await db.execute(text("SELECT key FROM finished_jobs"))).scalars())
        assert {"old", "new"} & keys == {"new"}


async def test_the_platforms_own_tables_stay_small(database: Database) -> None:
    now = clock.now()

    async def put(age: str, then: datetime) -> None:
        async with database.owner_engine.begin() as connection:
            for table, key, moment in (
                ("throttles (key, window_ends_at, count)", age, "1"),
                ("heartbeats (process, seen_at)", age, None),
                ("finished_jobs (key, finished_at)", age, None),
            ):
                more = f", {moment}" if moment else ""
                await connection.execute(
                    text(f"INSERT INTO shared.{table} VALUES (:key, :then{more})"), {"key": key, "then": then}
                )

    await put("long ago", now - timedelta(days=31))
    await put("just now", now)
    assert await run_job(database, database.settings.app_role, "tenants.delete_expired", "t", {})
    async with shared_reader(database) as ro:
        for table, column in (("throttles", "key"), ("heartbeats", "process"), ("finished_jobs", "key")):
            rows = await ro.records(f"SELECT {column} AS name FROM shared.{table}")
            assert {row["name"] for row in rows} & {"long ago", "just now"} == {"just now"}
