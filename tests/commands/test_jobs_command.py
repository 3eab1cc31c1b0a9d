"""`lumbung jobs` and what `lumbung doctor` reports about jobs and brokers."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from commands.doctor import _broker
from commands.doctor_operations import check_failed_jobs
from commands.main import lumbung
from factories.brokers import redis_server
from kernel.database import Database, libpq_url
from kernel.settings import Settings
from tenants.session import shared_session


async def run(database: Database, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("LUMBUNG_DATABASE_URL", libpq_url(database.owner_url))
    monkeypatch.setenv("LUMBUNG_BASE_DOMAIN", database.settings.base_domain)
    return await asyncio.to_thread(CliRunner().invoke, lumbung, list(arguments))


async def fail(database: Database, *keys: str) -> None:
    async with shared_session(database) as db:
        await db.execute(text("DELETE FROM shared.outbox"))
        for key in keys:
            await db.execute(
                text(
                    "INSERT INTO shared.failed_jobs (coop_role, job, key, arguments, attempts, "
                    "first_failed_at, error)"
                    " SELECT schema_name, 'shop.expire_order', :key, '{}', 40, now() - interval '2 "
                    "days', 'TimeoutError: silent'"
                    " FROM shared.cooperatives WHERE slug = 'melati'"
                ),
                {"key": key},
            )


async def keys_in(database: Database, table: str) -> list[str]:
    async with shared_session(database) as db:
        return sorted((await db.execute(text(f"SELECT key FROM shared.{table}"))).scalars())


async def test_failed_jobs_are_listed_retried_and_discarded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fail(database, "a", "b", "c")
    listed = json.loads((await run(database, monkeypatch, "jobs", "list", "--json")).stdout)
    assert [(each["cooperative"], each["key"]) for each in listed] == [
        ("melati", key) for key in ("c", "b", "a")
    ]
    assert "TimeoutError: silent" in (await run(database, monkeypatch, "jobs", "list")).stdout
    assert (await run(database, monkeypatch, "jobs", "discard", str(listed[0]["id"]))).exit_code == 0
    assert (await run(database, monkeypatch, "jobs", "retry", str(listed[1]["id"]))).exit_code == 0
    assert (await keys_in(database, "failed_jobs"), await keys_in(database, "outbox")) == (["a"], ["b"])
    assert (
        await run(database, monkeypatch, "jobs", "retry", "--all")
    ).stdout.strip() == "1 job will be tried again."
    assert (await keys_in(database, "failed_jobs"), await keys_in(database, "outbox")) == ([], ["a", "b"])
    assert (await run(database, monkeypatch, "jobs", "retry", str(listed[1]["id"]))).exit_code != 0
    assert (await run(database, monkeypatch, "jobs", "retry")).exit_code != 0


async def test_the_doctor_finds_jobs_that_were_given_up(database: Database) -> None:
    assert [finding.status for finding in await check_failed_jobs(database)] == ["good"]
    await fail(database, "a")
    (finding,) = await check_failed_jobs(database)
    assert (finding.status, finding.found) == ("wrong", "1 failed for two days")


@pytest.mark.slow
def test_the_doctor_finds_a_redis_that_keeps_jobs_in_memory_alone(tmp_path: Path) -> None:
    assert _broker(Settings()).status == "good"
    with redis_server(tmp_path, durable=False) as server:
        found = _broker(Settings(broker_url=server.url))
        assert (found.status, "appendonly yes" in found.advice) == ("notice", True)
        assert _broker(Settings(broker_url=server.url, environment="production")).status == "wrong"
    assert _broker(Settings(broker_url=server.url)).status == "wrong"  # nothing listens there any more
