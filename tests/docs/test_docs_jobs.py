"""The table of daily jobs in docs/architecture.md equals the code."""

import re
from pathlib import Path

from commands.worker import import_tasks
from kernel.outbox import daily_jobs
from kernel.rooms import ROOMS

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_the_daily_jobs_that_are_told_are_those_that_run() -> None:
    import_tasks()
    table = ARCHITECTURE.read_text("utf-8").partition("| Job | What it does |")[2].partition("\n\n")[0]
    documented = re.findall(
        r"`([a-z_.]+)`", "".join(line.split("|")[1] for line in table.splitlines() if "|" in line)
    )
    assert sorted(documented) == sorted(
        job
        for jobs in daily_jobs()
        for job in jobs
        if job.partition(".")[0] in ROOMS  # other tests have jobs of their own
    )
