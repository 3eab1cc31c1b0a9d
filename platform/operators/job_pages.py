"""Operators' page of jobs that were given up: what failed and why, to be retried or discarded."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from operators import errors
from operators.trail import record
from tenants import failed_job_queries, failed_jobs
from ui import AnyRequest, Db, Ro, TheVisit, operator, page, see_other

ADDRESS = "/pekerjaan"


@get(ADDRESS, guards=[operator])
async def show_failed_jobs(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """List the jobs that were given up, the newest first."""
    return page(
        request,
        "operators/failed_jobs.html",
        place="pekerjaan",
        rows=await failed_job_queries.list_failed_jobs(ro),
    )


@post("/pekerjaan/{failed_id:int}/percobaan", guards=[operator])
async def take_retry(db: Db, visit: TheVisit, failed_id: FromPath[int]) -> Response[Any]:
    """Try a job again, from now on for two days."""
    name = await failed_jobs.retry_job(db, failed_id)
    if name is None:
        raise errors.NO_SUCH_FAILED_JOB()
    record(db, by=visit.operator.name, action="operators.job_retried", subject=name)
    return see_other(ADDRESS)


@post("/pekerjaan/{failed_id:int}/pembuangan", guards=[operator])
async def take_discard(db: Db, visit: TheVisit, failed_id: FromPath[int]) -> Response[Any]:
    """Drop a job that cannot work any more."""
    dropped = await failed_jobs.discard_job(db, failed_id)
    if dropped is None:
        raise errors.NO_SUCH_FAILED_JOB()
    record(
        db, by=visit.operator.name, action="operators.job_discarded", subject=dropped["job"], facts=dropped
    )
    return see_other(ADDRESS)


routes: list[Any] = [show_failed_jobs, take_retry, take_discard]
