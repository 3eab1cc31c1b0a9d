"""A failing job is retried from the outbox for two days; then it is stored for an operator."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import clock, outbox
from kernel.database import Database
from kernel.outbox import JobMessage, external_job, job
from tenants import failed_job_queries, failed_jobs, worker
from tenants.registry import TenantRef
from tenants.session import coop_session, shared_session

failing = {"now": True}


@job("test.stubborn")
async def failing_job(db: AsyncSession, *, word: str) -> None:
    await db.execute(
        text(
            "INSERT INTO audit_entries (actor_kind, actor_name, action, subject, params)"
            " VALUES ('system', 't', 'test.stubborn', :word, '{}')"
        ),
        {"word": word},
    )
    if failing["now"]:
        msg = "the printer is on fire"
        raise RuntimeError(msg)


@external_job("test.hangs")
async def hanging_job(database: Database, tenant: TenantRef, key: str) -> None:
    await asyncio.Event().wait()


async def test_a_job_that_hangs_is_ended_and_counts_as_failed(
    database: Database, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "JOB_TIMEOUT_SECONDS", 0.2)
    await worker.attempt_job(database, JobMessage(melati.schema_name, "test.hangs", "hangs-1", {}))
    async with shared_session(database) as db:
        attempts = text("SELECT attempts FROM shared.outbox WHERE key = 'hangs-1'")
        assert (await db.execute(attempts)).scalar_one() == 1


@pytest.fixture(autouse=True)
def _failing() -> None:
    failing["now"] = True


async def row(database: Database, table: str) -> dict[str, Any] | None:
    async with shared_session(database) as db:
        found = (
            (await db.execute(text(f"SELECT * FROM shared.{table} WHERE job = 'test.stubborn'")))
            .mappings()
            .one_or_none()
        )
    return dict(found) if found else None


async def count_effects(database: Database, tenant: TenantRef) -> int:
    async with coop_session(database, tenant) as db:
        return int(
            (
                await db.execute(text("SELECT count(*) FROM audit_entries WHERE action = 'test.stubborn'"))
            ).scalar_one()
        )


async def attempt(database: Database, tenant: TenantRef, *, attempts: int, failing_for: timedelta) -> None:
    """Run the worker on a message whose job has failed ``attempts`` times since ``failing_for`` ago."""
    first = (clock.now() - failing_for).timestamp() if attempts else None
    await worker.attempt_job(
        database,
        JobMessage(tenant.schema_name, "test.stubborn", "stubborn-1", {"word": "w"}, attempts, first),
    )


async def test_a_failed_job_goes_back_to_the_outbox_with_its_key_and_waits_longer_each_time(
    database: Database, melati: TenantRef
) -> None:
    waits = []
    for attempts in (0, 3, 8, 30):
        await attempt(database, melati, attempts=attempts, failing_for=timedelta(hours=1))
        found = await row(database, "outbox")
        assert found is not None
        assert (found["coop_role"], found["key"]) == (melati.schema_name, "stubborn-1")
        assert (found["arguments"], found["attempts"]) == ({"word": "w"}, attempts + 1)
        waits.append((found["due_at"] - clock.now()).total_seconds())
        async with shared_session(database) as db:
            await db.execute(text("DELETE FROM shared.outbox WHERE job = 'test.stubborn'"))
    assert waits == sorted(waits)
    assert waits[0] <= 2
    assert waits[-1] <= 2 * 3600
    assert await count_effects(database, melati) == 0


async def test_a_job_gives_up_after_two_days_and_not_before(database: Database, melati: TenantRef) -> None:
    await attempt(database, melati, attempts=40, failing_for=timedelta(hours=47))
    assert await row(database, "failed_jobs") is None
    await attempt(database, melati, attempts=41, failing_for=timedelta(hours=48, minutes=1))
    found = await row(database, "failed_jobs")
    assert found is not None
    assert (found["coop_role"], found["key"], found["attempts"]) == (melati.schema_name, "stubborn-1", 42)
    assert found["error"] == "RuntimeError: the printer is on fire"


async def test_the_waits_add_up_to_two_days(database: Database) -> None:
    total, attempts = 0.0, 0
    while total < timedelta(days=2).total_seconds():
        total += outbox.retry_delay(attempts, 0.5).total_seconds()
        attempts += 1
    assert 25 <= attempts <= 60


async def test_a_job_that_was_given_up_is_retried_with_its_key_and_happens_once(
    database: Database, melati: TenantRef
) -> None:
    await attempt(database, melati, attempts=41, failing_for=timedelta(days=3))
    async with shared_session(database) as db:
        (found,) = await failed_job_queries.list_failed_jobs(db)
        assert (found.cooperative, found.job) == ("melati", "test.stubborn")
        assert await failed_jobs.retry_job(db, found.id) is not None
        assert await failed_job_queries.list_failed_jobs(db) == []
    waiting = await row(database, "outbox")
    assert waiting is not None
    assert (waiting["coop_role"], waiting["key"], waiting["attempts"]) == (
        melati.schema_name,
        "stubborn-1",
        0,
    )
    failing["now"] = False
    for _ in range(2):  # delivered twice
        await attempt(database, melati, attempts=0, failing_for=timedelta())
    assert await count_effects(database, melati) == 1
