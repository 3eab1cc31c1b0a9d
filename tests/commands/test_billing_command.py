"""`lumbung billing run`, called by a timer and by a person."""

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from kernel import clock
from kernel.database import Database, libpq_url

PLATFORM = Path(__file__).parents[2] / "platform"


async def lumbung(database: Database, *arguments: str) -> tuple[int, str, str]:
    """Run a command on the test's own database; return exit status, stdout and stderr."""
    environment = {
        **os.environ,
        "LUMBUNG_DATABASE_URL": libpq_url(database.owner_url),
        "PYTHONPATH": str(PLATFORM),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "commands.main", *arguments,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), complained.decode()


async def test_two_processes_at_once_do_everything_once(database: Database) -> None:
    until = str(clock.today() + timedelta(days=40))
    runs = await asyncio.gather(
        *(lumbung(database, "billing", "run", "--until", until, "--json") for _ in range(2))
    )
    assert [status for status, _, _ in runs] == [0, 0], runs
    done = [
        (each["on"], each["cooperative"], each["kind"])
        for _, output, _ in runs
        for each in json.loads(output)["done"]
    ]
    assert sorted(kind for _, _, kind in done) == ["end_period"] * 2 + ["notify_trial_end"] * 2
    assert len(set(done)) == 4
    status, output, _ = await lumbung(database, "billing", "run", "--until", until)
    assert status == 0
    assert "0 steps done" in output


async def test_a_date_that_is_none_is_wrong_usage(database: Database) -> None:
    status, _, complained = await lumbung(database, "billing", "run", "--until", "besok")
    assert status == 2
    assert "besok" in complained
