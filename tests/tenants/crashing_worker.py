"""A worker process that kills itself at a named step: run by test_tenants_worker.py, never imported by it.

Arguments: database URL, data folder, step. Steps: none, before_send, after_send, before_delete, in_job,
after_job.
"""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import relay
from kernel.outbox import job
from kernel.settings import Settings
from tenants import worker
from tenants.worker import Worker


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@job("test.count")
async def count(db: AsyncSession, *, word: str) -> None:
    await db.execute(
        text(
            "INSERT INTO audit_entries (actor_kind, actor_name, action, subject, params) VALUES "
            "('system', 't', 'test.counted', :word, '{}')"
        ),
        {"word": word},
    )
    if STEP == "in_job":
        die()


def main() -> None:
    settings = Settings(data_dir=Path(sys.argv[2]), worker_threads=2)
    original_send = Worker.send

    def send(self: Worker, *args: object) -> None:
        if STEP == "before_send":
            die()
        original_send(self, *args)  # type: ignore[arg-type]
        if STEP == "after_send":
            die()

    Worker.send = send  # type: ignore[method-assign]
    if STEP == "before_delete":
        original_text = relay.text

        def dying_text(statement: str) -> TextClause:
            if statement.startswith("DELETE"):
                die()
            return original_text(statement)

        relay.text = dying_text  # type: ignore[assignment]
    if STEP == "after_job":
        original_run = worker.run_job

        async def run_and_die(*args: object) -> bool:
            await original_run(*args)  # type: ignore[arg-type]
            die()
            return True

        worker.run_job = run_and_die  # type: ignore[assignment]
    worker.run_worker(settings, sys.argv[1])


STEP = sys.argv[3]
main()
