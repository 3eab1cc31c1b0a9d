"""`lumbung jobs`: list, retry and discard jobs that failed for two days."""

import asyncio

import click

from commands.connect import open_database
from commands.output import json_option, print_line, print_result, print_table

ACTOR = "command line"


@click.group("jobs")
def command() -> None:
    """List, retry and discard jobs that failed for two days."""


@command.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List the failed jobs, newest first."""
    asyncio.run(_list(as_json=as_json))


@command.command("retry")
@click.argument("failed_id", metavar="ID", type=int, required=False)
@click.option("--all", "every", is_flag=True, help="Retry all of them.")
def retry(failed_id: int | None, *, every: bool) -> None:
    """Retry the job with this ID for another two days; its key prevents that it runs twice."""
    if (failed_id is None) != every:
        raise click.UsageError("Give either the ID of a job, or --all.")
    asyncio.run(_retry(failed_id))


@command.command("discard")
@click.argument("failed_id", metavar="ID", type=int)
def discard(failed_id: int) -> None:
    """Delete the job with this ID."""
    asyncio.run(_discard(failed_id))


async def _list(*, as_json: bool) -> None:
    from tenants.failed_job_queries import list_failed_jobs
    from tenants.session import shared_session

    async with open_database() as database, shared_session(database) as db:
        rows = await list_failed_jobs(db)

    def print_text() -> None:
        if not rows:
            print_line("There are no failed jobs.")
            return
        cells = [
            [
                str(row.id),
                row.cooperative or "",
                row.job,
                str(row.attempts),
                f"{row.given_up_at:%Y-%m-%d %H:%M}",
                row.error,
            ]
            for row in rows
        ]
        print_table(["id", "cooperative", "job", "attempts", "given up", "error"], cells)

    print_result(rows, as_json=as_json, print_text=print_text)


async def _retry(failed_id: int | None) -> None:
    from operators import errors
    from operators.audit_log import record_action
    from tenants.failed_job_queries import list_failed_jobs
    from tenants.failed_jobs import retry_job
    from tenants.session import shared_session

    retried = 0
    async with open_database() as database, shared_session(database) as db:
        while ids := [failed_id] if failed_id is not None else [row.id for row in await list_failed_jobs(db)]:
            for each in ids:
                name = await retry_job(db, each)
                if name is None:
                    raise errors.NO_SUCH_FAILED_JOB()
                record_action(db, by=ACTOR, action="operators.job_retried", subject=name)
                retried += 1
            if failed_id is not None:
                break
    print_line(f"{retried} job{'' if retried == 1 else 's'} will be tried again.")


async def _discard(failed_id: int) -> None:
    from operators import errors
    from operators.audit_log import record_action
    from tenants.failed_jobs import discard_job
    from tenants.session import shared_session

    async with open_database() as database, shared_session(database) as db:
        dropped = await discard_job(db, failed_id)
        if dropped is None:
            raise errors.NO_SUCH_FAILED_JOB()
        record_action(db, by=ACTOR, action="operators.job_discarded", subject=dropped["job"], params=dropped)
    print_line(f"{dropped['job']} is discarded.")
