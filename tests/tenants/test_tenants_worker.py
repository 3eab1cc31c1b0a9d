"""A worker that is killed between any two steps loses no job and runs none twice."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from kernel.database import Database, libpq_url
from kernel.outbox import enqueue
from tenants.registry import TenantRef
from tenants.session import coop_session

ROOT = Path(__file__).resolve().parents[2]
JOBS = 5


def start(database: Database, step: str) -> subprocess.Popen[str]:
    environ = os.environ | {"PYTHONPATH": str(ROOT / "platform")}
    url = libpq_url(database.app_url)
    script = str(Path(__file__).with_name("crashing_worker.py"))
    return subprocess.Popen(
        [sys.executable, script, url, str(database.settings.data_dir), step],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )


async def list_counted(database: Database, tenant: TenantRef) -> list[str]:
    async with coop_session(database, tenant) as db:
        rows = await db.execute(
            text("SELECT subject FROM audit_entries WHERE action = 'test.counted' ORDER BY subject")
        )
        return list(rows.scalars())


async def wait_until_all_counted(database: Database, tenant: TenantRef, seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while True:
        seen = await list_counted(database, tenant)
        if len(seen) >= JOBS or time.monotonic() > deadline:
            return seen
        await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "step", ["none", "before_send", "after_send", "before_delete", "in_job", "after_job"]
)
async def test_a_killed_worker_loses_and_doubles_nothing(
    database: Database, melati: TenantRef, step: str
) -> None:
    async with coop_session(database, melati) as db:
        for at in range(JOBS):
            await enqueue(db, "test.count", {"word": f"w{at}"}, key=f"count-{at}")
    first = start(database, step)
    if step == "none":
        second = first
    else:
        assert await asyncio.to_thread(first.wait, 30) == -signal.SIGKILL, (
            "the worker was to die at this step"
        )
        # the broker redelivers a dead worker's messages after ten seconds; tests do not wait for that
        async with database.owner_engine.begin() as connection:
            await connection.execute(
                text("UPDATE dramatiq.worker SET heartbeat_at = now() - interval '1 hour'")
            )
        second = start(database, "none")
    try:
        assert await wait_until_all_counted(database, melati, 25) == [f"w{at}" for at in range(JOBS)]
        await asyncio.sleep(0.3)  # a duplicate would come now
        assert await list_counted(database, melati) == [f"w{at}" for at in range(JOBS)]
    finally:
        second.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(second.wait, 20) == 0
