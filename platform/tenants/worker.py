"""The worker: runs each job once, in one transaction bound to the cooperative that stored it."""

from __future__ import annotations

import asyncio
import random
import signal
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dramatiq
import structlog

from kernel import clock
from kernel.broker import check_broker_durability, close_broker, declare_actor, make_broker
from kernel.database import libpq_url
from kernel.outbox import MAX_RETRY_AGE, JobMessage, find_job, mark_processed, resolve_job_names, retry_delay
from kernel.process_services import build_services
from kernel.relay import run_relay
from kernel.timeouts import JOBS
from tenants.daily_jobs import run_daily_scheduler
from tenants.failed_jobs import JobFailure, describe_error, enqueue_retry, record_failed_job
from tenants.login_checks import require_limited_logins
from tenants.registry import find_tenant_by_schema
from tenants.session import coop_session, shared_session

if TYPE_CHECKING:
    from kernel.database import Database
    from kernel.settings import Settings

log = structlog.get_logger()

# None of our jobs takes minutes. A job that hangs is cancelled and counts as failed.
JOB_TIMEOUT_SECONDS = 600.0


async def run_job(database: Database, coop_role: str, name: str, key: str, arguments: dict[str, Any]) -> bool:
    """Run a job unless its key is stored as finished; return whether it ran.

    The key is stored in the job's transaction: both commit, or neither. A cooperative's job runs in that
    cooperative whatever its arguments are. Raises PermissionError when a cooperative stored a job of the
    platform, and LookupError for an unknown job or cooperative.
    """
    name, key, arguments = resolve_job_names(name, key, arguments)
    job, kind = find_job(name)
    if kind == "platform":
        if coop_role != database.settings.app_role:
            msg = f"{coop_role} may not ask for the platform's job {name}"
            raise PermissionError(msg)
        await job(database, **arguments)
        return True
    tenant = await find_tenant_by_schema(database, coop_role)
    if tenant is None:
        msg = f"the job {name} belongs to {coop_role}, which is no cooperative"
        raise LookupError(msg)
    if kind == "external":
        await job(database, tenant, key, **arguments)
        return True
    async with coop_session(database, tenant) as db:
        if not await mark_processed(db, key):
            return False
        await job(db, **arguments)
    return True


async def attempt_job(database: Database, message: JobMessage) -> None:
    """Run a job; store a failed one in the outbox for a retry, or after two days in the failed jobs.

    Raises only when the failure cannot be stored; the broker then repeats the message.
    """
    coop_role, name, key, arguments, attempts, first_failed_at = message
    try:
        async with asyncio.timeout(JOB_TIMEOUT_SECONDS):
            ran = await run_job(database, coop_role, name, key, arguments)
    except Exception as error:  # noqa: BLE001 - a job is retried after any error
        error_line = describe_error(error)
        now = clock.now()
        first = datetime.fromtimestamp(first_failed_at, UTC) if first_failed_at is not None else now
        given_up = now - first >= MAX_RETRY_AGE
        failure = JobFailure(coop_role, name, key, arguments, attempts + 1, first, error_line)
        async with shared_session(database) as db:
            if given_up:
                await record_failed_job(db, failure)
            else:
                await enqueue_retry(db, failure, now + retry_delay(attempts, random.random()))  # noqa: S311 - spreads retries
        log.warning(
            "job failed", job=name, key=key, attempts=attempts + 1, given_up=given_up, error=error_line
        )
    else:
        log.info("job", job=name, key=key, ran=ran)


class Worker:
    """One worker process: the relay on its event loop, and dramatiq's threads that run the jobs."""

    def __init__(self, settings: Settings, app_url: str) -> None:
        self.settings = settings = replace(settings, database_url=None, app_database_url=app_url)
        # jobs run on the loop of dramatiq's middleware, the relay on this one: each has its own pools
        self._jobs = build_services(
            None, settings, pool_size=max(2, settings.worker_threads), timeouts=JOBS, min_idle=0
        ).main_database
        self._relay = build_services(None, settings, pool_size=2, min_idle=0).main_database
        check_broker_durability(settings)
        self.broker = make_broker(settings, libpq_url(self._relay.app_url))

        async def run(*message: Any) -> None:
            await attempt_job(self._jobs, JobMessage(*message))

        self._actor = declare_actor(self.broker, run)

    def send(self, message: JobMessage) -> None:
        """Send a job to the broker."""
        self._actor.send(*message)

    async def run(self, stopping: asyncio.Event) -> None:
        """Run jobs until ``stopping`` is set, then finish the running ones.

        Raises a DomainError at the start in production when the login has too many privileges.
        """
        await require_limited_logins(self._relay)
        threads = dramatiq.Worker(
            self.broker, worker_threads=self.settings.worker_threads, worker_timeout=200
        )
        await asyncio.to_thread(threads.start)
        try:
            await asyncio.gather(
                run_relay(self._relay, self.send, stopping), run_daily_scheduler(self._relay, stopping)
            )
        finally:
            await asyncio.to_thread(threads.stop)
            await asyncio.to_thread(close_broker, self.broker)
            await self._relay.services.close()


def run_worker(settings: Settings, app_url: str) -> None:
    """Run a worker with the application's login until SIGTERM or SIGINT; first import all rooms' tasks."""

    async def run_until_stopped() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await Worker(settings, app_url).run(stopping)

    asyncio.run(run_until_stopped())
