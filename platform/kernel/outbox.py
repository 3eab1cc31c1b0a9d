"""Jobs, written in the transaction of their cause: a crash anywhere loses none, and a key makes each happen
once.

    await enqueue(db, "shop.expire_order", {"order_id": str(order.id)}, due=order.expires_at)

    @job("shop.expire_order")
    async def expire(db, *, order_id: str) -> None: ...

The relay (kernel.relay) hands due rows to dramatiq. A job of a cooperative runs in one transaction bound to
it, together with the row that says it is finished; the database fills in whose job it is, so a cooperative
can write none for another.
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
# A job that has failed for this long is given up and waits for an operator (tenants/failed_jobs.py).
MAX_RETRY_AGE: Final = timedelta(days=2)


class JobMessage(NamedTuple):
    """A job on its way through the broker.

    ``coop_role`` is whose it is; ``attempts`` counts the failures so far, ``first_failed_at`` is the first of
    them in seconds since 1970.
    """

    coop_role: str
    job: str
    key: str
    arguments: dict[str, Any]
    attempts: int = 0
    first_failed_at: float | None = None


# Former names of jobs. The migrations renamed jobs in the outbox; a message that the broker held meanwhile
# still bears a former name.
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
# "cooperative": one transaction bound to it; "platform": the platform's own; "external": a cooperative's,
# which speaks to the world
JobKind = Literal["cooperative", "platform", "external"]
_jobs: dict[str, tuple[Job, JobKind]] = {}
_daily: set[str] = set()


def job(name: str) -> Callable[[Job], Job]:
    """Register a job of a cooperative: ``async (db, *, …arguments)`` in a write session bound to it."""
    return _register(name, "cooperative")


def platform_job(name: str) -> Callable[[Job], Job]:
    """Register a job of the platform itself:
    ``async (database, *, …arguments)``; it must be safe to repeat.
    """
    return _register(name, "platform")


def external_job(name: str) -> Callable[[Job], Job]:
    """Register a job of a cooperative that asks the outside world: ``async (database, tenant, key, *,
    …arguments)``.

    It opens its own transactions, so that none is held while the world is slow, and calls
    ``mark_processed(db, key)`` in the one that has the effect. Killed before that, it runs again.
    """
    return _register(name, "external")


def daily_job(name: str) -> Callable[[Job], Job]:
    """Register a job that is done once a day in each cooperative: ``async (db)``."""
    _daily.add(name)
    return job(name)


def daily_platform_job(name: str) -> Callable[[Job], Job]:
    """Register a job of the platform itself that is done once a day: ``async (database)``; it must be safe to
    repeat.
    """
    _daily.add(name)
    return platform_job(name)


def daily_jobs() -> tuple[list[str], list[str]]:
    """Return the names of what is done once a day, in each cooperative and by the platform itself."""
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
    """Write down, in the session's transaction, that the job of this key has had its effect; False when it
    had it before.
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
    """Write a job into the session's transaction; ``key`` (default: a new one) makes repetitions run once.

    ``due`` is an aware moment; None means at once. Works in a session bound to a cooperative, and in a shared
    one for platform jobs.
    """
    payload = msgspec.json.decode(
        msgspec.json.encode(dict(arguments))
    )  # refused here, where it is asked for, if it is no JSON
    db.add(OutboxMessage(job=name, key=key or f"{name}:{new_id()}", arguments=payload, due_at=due))


def retry_delay(attempts: int, jitter: float) -> timedelta:
    """Return how long a job waits that has failed ``attempts`` times before and now again.

    One second, doubled each time up to two hours; ``spread`` (0 to 1) lengthens it by at most a quarter, so
    that jobs that failed together do not come back together.
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
