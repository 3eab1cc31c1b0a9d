"""The operators' page of failed jobs, which can be retried or discarded."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from operators import errors
from operators.audit_log import record_action
from tenants import failed_job_queries, failed_jobs
from ui import AnyRequest, CurrentContext, Db, Ro, render_page, require_operator, see_other

FAILED_JOBS_URL = "/pekerjaan"


@get(FAILED_JOBS_URL, guards=[require_operator])
async def show_failed_jobs(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """List the jobs that failed for good, the newest first."""
    return render_page(
        request,
        "operators/failed_jobs.html",
        active_menu="pekerjaan",
        rows=await failed_job_queries.list_failed_jobs(ro),
    )


@post("/pekerjaan/{failed_id:int}/percobaan", guards=[require_operator])
async def submit_retry(db: Db, ctx: CurrentContext, failed_id: FromPath[int]) -> Response[Any]:
    """Retry a failed job, for two days from now."""
    name = await failed_jobs.retry_job(db, failed_id)
    if name is None:
        raise errors.NO_SUCH_FAILED_JOB()
    record_action(db, by=ctx.operator.name, action="operators.job_retried", subject=name)
    return see_other(FAILED_JOBS_URL)


@post("/pekerjaan/{failed_id:int}/pembuangan", guards=[require_operator])
async def submit_discard(db: Db, ctx: CurrentContext, failed_id: FromPath[int]) -> Response[Any]:
    """Discard a failed job."""
    dropped = await failed_jobs.discard_job(db, failed_id)
    if dropped is None:
        raise errors.NO_SUCH_FAILED_JOB()
    record_action(
        db, by=ctx.operator.name, action="operators.job_discarded", subject=dropped["job"], params=dropped
    )
    return see_other(FAILED_JOBS_URL)


routes: list[Any] = [show_failed_jobs, submit_retry, submit_discard]
