"""Check the platform's operation for `lumbung doctor`: plans, foundings, processes, jobs and exceptions."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from commands.connect import read_engine
from commands.output import CheckResult
from kernel import clock
from kernel.database import Database

MAX_HEARTBEAT_AGE: Final = timedelta(seconds=90)
SCHEMA_BATCH_SIZE: Final = 100


async def check_plans(database: Database) -> list[CheckResult]:
    """Check that every plan in use is in plans.toml."""
    from billing.operator_queries import list_plans_in_use
    from billing.plans import catalogue
    from tenants.session import shared_reader

    async with read_engine(database).connect() as connection:
        if (
            await connection.exec_driver_sql("SELECT to_regclass('shared.subscriptions') IS NULL")
        ).scalar_one():
            return []
    async with shared_reader(database) as ro:
        used = await list_plans_in_use(ro)
    known = {plan.code for plan in catalogue().plan}
    if gone := {code: slugs for code, slugs in used.items() if code not in known}:
        found = "; ".join(
            f"{code} is gone, but is the plan of {', '.join(slugs[:5])}" for code, slugs in gone.items()
        )
        return [CheckResult("plans", "wrong", found, "Restore it in billing/plans.toml, with sold = false.")]
    return [CheckResult("plans", "good", f"all in plans.toml: {', '.join(sorted(used)) or 'none taken yet'}")]


async def check_exceptions(database: Database) -> list[CheckResult]:
    """Count the open payment exceptions of each cooperative whose revision this code supports."""
    from tenants.revisions import MIN_SUPPORTED_REVISION

    if not database.has_owner:
        return [owner_only("payments")]
    async with database.owner_engine.connect() as connection:
        if (
            await connection.exec_driver_sql("SELECT to_regclass('shared.cooperatives') IS NULL")
        ).scalar_one():
            return []
        query = "SELECT slug, schema_name, revision FROM shared.cooperatives ORDER BY slug"
        rows = [
            row for row in await connection.exec_driver_sql(query) if row.revision >= MIN_SUPPORTED_REVISION
        ]
        waiting: dict[str, int] = {}
        for start in range(0, len(rows), SCHEMA_BATCH_SIZE):
            counts = " UNION ALL ".join(
                f"SELECT '{row.slug}' AS slug, count(*) AS open FROM "
                f"{row.schema_name}.payment_exceptions WHERE settled_at IS NULL"
                for row in rows[start : start + SCHEMA_BATCH_SIZE]
            )
            waiting |= {row.slug: row.open for row in await connection.exec_driver_sql(counts) if row.open}
    if not waiting:
        return [CheckResult("payments", "good", "no open exceptions")]
    shown = ", ".join(f"{slug} {count}" for slug, count in list(waiting.items())[:5])
    found = f"{sum(waiting.values())} exceptions are open: {shown}{' …' if len(waiting) > 5 else ''}"
    return [
        CheckResult("payments", "notice", found, "lumbung payments exceptions SLUG; officers settle them.")
    ]


async def check_foundings(database: Database) -> list[CheckResult]:
    """Check the hourly limit of foundings, and count those that wait for approval."""
    from tenants.founding_queries import count_awaiting_approval, max_foundings_in_an_hour
    from tenants.revisions import SHARED, get_head
    from tenants.session import shared_reader

    async with read_engine(database).connect() as connection:
        if (
            await connection.exec_driver_sql("SELECT to_regclass('shared.cooperatives') IS NULL")
        ).scalar_one():
            return []
        if (
            await connection.exec_driver_sql("SELECT revision FROM shared.revision")
        ).scalar_one() != get_head(SHARED):
            return []  # another check reports it, and columns may be missing
    async with shared_reader(database) as ro:
        busiest, waiting = await max_foundings_in_an_hour(ro), await count_awaiting_approval(ro)
    most = database.settings.foundings_per_hour_in_all
    if busiest >= most:
        found = (
            f"{busiest} cooperatives within one hour of the last day, {most} is the limit: others were "
            f"asked to wait"
        )
        return [
            CheckResult(
                "foundings",
                "wrong",
                found,
                "Check the new ones as an operator, or raise LUMBUNG_FOUNDINGS_PER_HOUR_IN_ALL.",
            )
        ]
    if waiting:
        found = f"{waiting} with a name like another's wait for approval"
        return [CheckResult("foundings", "notice", found, "Approve or refuse them as an operator.")]
    return [CheckResult("foundings", "good", f"at most {busiest} within one hour of the last day")]


async def check_worker(database: Database) -> list[CheckResult]:
    """Check that a worker was seen lately."""
    async with read_engine(database).connect() as connection:
        if (await connection.exec_driver_sql("SELECT to_regclass('shared.heartbeats') IS NULL")).scalar_one():
            return []
        seen = await _last_seen(connection, "worker")
    if seen is None:
        return [
            CheckResult("worker", "notice", "has not run yet, jobs wait", "lumbung up, or lumbung worker")
        ]
    age = clock.now() - seen
    if age > MAX_HEARTBEAT_AGE:
        minutes = int(age.total_seconds() // 60)
        return [
            CheckResult(
                "worker",
                "notice",
                f"last seen {minutes} minutes ago, jobs wait",
                "lumbung up, or lumbung worker",
            )
        ]
    return [CheckResult("worker", "good", "alive")]


async def check_failed_jobs(database: Database) -> list[CheckResult]:
    """Count the failed jobs."""
    from tenants.failed_job_queries import count_failed_jobs
    from tenants.session import shared_session

    async with read_engine(database).connect() as connection:
        if (
            await connection.exec_driver_sql("SELECT to_regclass('shared.failed_jobs') IS NULL")
        ).scalar_one():
            return []
    async with shared_session(database) as db:
        count = await count_failed_jobs(db)
    if count:
        return [
            CheckResult(
                "failed jobs",
                "wrong",
                f"{count} failed for two days",
                "lumbung jobs list, then lumbung jobs retry ID",
            )
        ]
    return [CheckResult("failed jobs", "good", "none")]


async def check_provision(database: Database) -> list[CheckResult]:
    """Check that provision was seen lately, and count the schemas in the pool."""
    from tenants.revisions import COOPERATIVE, get_head

    async with read_engine(database).connect() as connection:
        if (await connection.exec_driver_sql("SELECT to_regclass('shared.heartbeats') IS NULL")).scalar_one():
            return []
        seen = await _last_seen(connection, "provision")
        ready = text("SELECT count(*) FROM shared.schema_pool WHERE revision = :head")
        count = (await connection.execute(ready, {"head": get_head(COOPERATIVE)})).scalar_one()
    found = f"schemas ready for cooperatives: {count}"
    if seen is None or clock.now() - seen > MAX_HEARTBEAT_AGE:
        return [
            CheckResult("provision", "notice", f"not running; {found}", "lumbung up, or lumbung provision")
        ]
    return [CheckResult("provision", "good", f"alive; {found}")]


async def _last_seen(connection: AsyncConnection, process: str) -> datetime | None:
    query = text("SELECT max(seen_at) FROM shared.heartbeats WHERE process LIKE :process")
    seen: datetime | None = (
        await connection.execute(query, {"process": f"{process}@%"})
    ).scalar_one_or_none()
    return seen


def owner_only(subject: str) -> CheckResult:
    """Return the result of a check that needs the owner's login, for a process without it."""
    return CheckResult(
        subject,
        "notice",
        "not checked: this login reads no cooperative",
        "Run it with LUMBUNG_DATABASE_URL.",
    )
