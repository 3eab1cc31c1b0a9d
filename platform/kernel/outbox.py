"""The outbox: jobs are stored in the transaction that causes them, so a crash loses none.

A key makes each job take effect once.

    await enqueue(db, "shop.expire_order", {"order_id": str(order.id)}, due=order.expires_at)

    @job("shop.expire_order")
    async def expire(db, *, order_id: str) -> None: ...

The relay (kernel.relay) sends due rows to dramatiq. A cooperative's job runs in one transaction bound to the
cooperative; the same transaction stores the row that marks the job as finished. The database fills in the
cooperative's role, so a cooperative cannot store a job for another one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec
from sqlalchemy import text

import kernel.bulk_insert  # noqa: F401 - writes what is added here
from kernel.ids import new_id
from kernel.models import OutboxMessage

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

MIN_BACKOFF: Final = timedelta(seconds=1)
MAX_BACKOFF: Final = timedelta(hours=2)
# A job that has failed for this long is not retried; an operator decides on it (tenants/failed_jobs.py).
MAX_RETRY_AGE: Final = timedelta(days=2)


class JobMessage(NamedTuple):
    """A job as the broker transports it.

    ``coop_role`` is the database role of the job's cooperative. ``attempts`` counts the failures so far;
    ``first_failed_at`` is the time of the first failure, in seconds since 1970.
    """

    coop_role: str
    job: str
    key: str
    arguments: dict[str, Any]
    attempts: int = 0
    first_failed_at: float | None = None


# Former names of jobs. The migrations renamed jobs in the outbox; a message that was in the broker during the
# migration still has the former name.
RENAMED_JOBS: Final = {
    "payments.hear": "payments.process_webhook",
    "payments.look": "payments.sync_status",
    "payments.call_off": "payments.close_unpaid",
    "payments.sweep": "payments.retry_stalled",
    "shop.call_off_others": "shop.cancel_superseded",
    "shop.sweep_orders": "shop.cancel_overdue",
    "tenants.refill_spares": "tenants.refill_schema_pool",
    "tenants.forget_spent": "tenants.delete_expired",
    "tenants.forget_finished_jobs": "tenants.delete_finished_job_keys",
    "members.forget_spent": "members.delete_expired",
    "governance.take_effect": "governance.apply_bylaws",
    "billing.look_at_card": "billing.refresh_card",
    "billing.look_at_cards": "billing.refresh_cards",
    "billing.measure": "billing.meter_usage",
}
RENAMED_ARGUMENTS: Final = {"payments.reconcile": {"way": "method"}}

Job = Callable[..., Awaitable[None]]
# "cooperative": runs in one transaction bound to a cooperative; "platform": runs for the platform;
# "external": runs for a cooperative and calls external services
JobKind = Literal["cooperative", "platform", "external"]
_jobs: dict[str, tuple[Job, JobKind]] = {}
_daily: set[str] = set()


def job(name: str) -> Callable[[Job], Job]:
    """Register a cooperative's job: ``async (db, *, …arguments)`` in a write session bound to it."""
    return _register(name, "cooperative")


def platform_job(name: str) -> Callable[[Job], Job]:
    """Register a job of the platform: ``async (database, *, …arguments)``; it must be safe to repeat."""
    return _register(name, "platform")


def external_job(name: str) -> Callable[[Job], Job]:
    """Register a cooperative's job that calls an external service.

    Its signature is ``async (database, tenant, key, *, …arguments)``. It opens its own transactions, so that
    none stays open while the service is slow, and calls ``mark_processed(db, key)`` in the transaction that
    has the effect. If the process is killed before that commit, the job runs again.
    """
    return _register(name, "external")


def daily_job(name: str) -> Callable[[Job], Job]:
    """Register a job that runs once a day in each cooperative: ``async (db)``."""
    _daily.add(name)
    return job(name)


def daily_platform_job(name: str) -> Callable[[Job], Job]:
    """Register a job of the platform that runs once a day: ``async (database)``.

    It must be safe to repeat.
    """
    _daily.add(name)
    return platform_job(name)


def daily_jobs() -> tuple[list[str], list[str]]:
    """Return the names of the daily jobs of each cooperative, and those of the platform."""
    names = sorted(_daily & _jobs.keys())
    return [name for name in names if _jobs[name][1] != "platform"], [
        name for name in names if _jobs[name][1] == "platform"
    ]


def find_job(name: str) -> tuple[Job, JobKind]:
    """Return the job and its kind. Raises LookupError for a name that no room registered."""
    try:
        return _jobs[name]
    except KeyError:
        msg = f"no room registered a job {name!r}"
        raise LookupError(msg) from None


def resolve_job_names(name: str, key: str, arguments: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Return a job's name, key and arguments by their current names."""
    former, name = name, RENAMED_JOBS.get(name, name)
    if name != former and key.startswith(f"{former}:"):
        key = name + key.removeprefix(former)
    renamed = RENAMED_ARGUMENTS.get(name, {})
    return name, key, {renamed.get(argument, argument): value for argument, value in arguments.items()}


async def mark_processed(db: AsyncSession, key: str) -> bool:
    """Store in the session's transaction that the job with this key has had its effect.

    Returns False when it was stored before.
    """
    mark = text("INSERT INTO finished_jobs (key) VALUES (:key) ON CONFLICT DO NOTHING RETURNING key")
    return (await db.execute(mark, {"key": key})).first() is not None


async def enqueue(
    db: AsyncSession,
    name: str,
    arguments: Mapping[str, Any],
    *,
    due: datetime | None = None,
    key: str | None = None,
) -> None:
    """Store a job in the session's transaction; jobs with the same ``key`` take effect once.

    Without ``key``, the job gets a new one. ``due`` is a time-zone-aware datetime; None means now. The
    session is bound to a cooperative, or shared for platform jobs.
    """
    payload = msgspec.json.decode(
        msgspec.json.encode(dict(arguments))
    )  # raises here, at the caller, if it is not JSON
    db.add(OutboxMessage(job=name, key=key or f"{name}:{new_id()}", arguments=payload, due_at=due))


def retry_delay(attempts: int, jitter: float) -> timedelta:
    """Return the delay before the next attempt of a job that failed now and ``attempts`` times before.

    The delay is one second, doubled for each failure up to two hours. ``jitter`` (0 to 1) lengthens it by at
    most a quarter, so that jobs that failed together are not retried together.
    """
    wait: timedelta = min(MIN_BACKOFF * 2 ** min(attempts, 20), MAX_BACKOFF / 1.25)
    return wait * (1 + jitter / 4)


def _register(name: str, kind: JobKind) -> Callable[[Job], Job]:
    def decorator(function: Job) -> Job:
        if name in _jobs:
            msg = f"two jobs are called {name!r}"
            raise ValueError(msg)
        _jobs[name] = (function, kind)
        return function

    return decorator
