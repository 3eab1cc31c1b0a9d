"""Check the database for `lumbung doctor`: server, logins, revisions, privileges, books and pending work."""

import asyncio
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from commands.connect import is_embedded, open_database, read_engine
from commands.doctor_books import find_orphaned_lines
from commands.output import DOCTOR_HINT, CheckResult, error_message
from kernel import clock
from kernel.database import Database
from kernel.postgres_errors import MIN_MAJOR_VERSION
from kernel.settings import Settings, variable_name

if TYPE_CHECKING:
    from tenants.privileges import PrivilegeDrift

MAX_HEARTBEAT_AGE: Final = timedelta(seconds=90)
SCHEMA_BATCH_SIZE: Final = 100


async def check_database(settings: Settings) -> list[CheckResult]:
    """Run all checks of the database, prerequisites first."""
    kind = "embedded" if is_embedded(settings) else "by LUMBUNG_APP_DATABASE_URL"
    if settings.app_database_url is None and not is_embedded(settings):
        kind = "by LUMBUNG_DATABASE_URL"
    try:
        async with open_database(settings, migrated=False) as database:
            async with asyncio.timeout(15):
                async with read_engine(database).connect() as connection:
                    number = (await connection.exec_driver_sql("SHOW server_version_num")).scalar_one()
                    version = (await connection.exec_driver_sql("SHOW server_version")).scalar_one()
                results = [_version(int(number), f"{version}, {kind}")]
                for check in (
                    _logins,
                    _migrations,
                    _rights,
                    _plans,
                    _foundings,
                    _worker,
                    _provision,
                    _failed_jobs,
                    _exceptions,
                ):
                    results += await check(database)
            return results + await _books(database)
    except Exception as error:  # noqa: BLE001 - any failure is the result of the check
        advice = "Is it running, and are name and password right? See LUMBUNG_APP_DATABASE_URL."
        found = error_message(error).removesuffix(DOCTOR_HINT).rstrip()
        return [CheckResult("PostgreSQL", "wrong", found, "" if is_embedded(settings) else advice)]


def is_owner_login_shared() -> bool:
    """Whether the owner's login is in the environment, where web and worker may get it, not in a file."""
    return variable_name("database_url") in os.environ


def _version(number: int, found: str) -> CheckResult:
    if number < MIN_MAJOR_VERSION * 10_000:
        return CheckResult(
            "PostgreSQL",
            "wrong",
            f"{found}: too old",
            f"Lumbung needs PostgreSQL {MIN_MAJOR_VERSION} or newer.",
        )
    return CheckResult("PostgreSQL", "good", found)


async def _logins(database: Database) -> list[CheckResult]:
    from tenants.login_checks import list_login_problems

    settings = database.settings
    if settings.app_database_url is None and not settings.is_production:
        # a trial: the same person owns the server and both logins
        return [
            CheckResult("logins", "good", "the application's is derived from the owner's, as a trial may")
        ]
    found = await list_login_problems(database)
    shared_with_all = is_owner_login_shared()
    status: Literal["good", "notice", "wrong"] = "notice" if shared_with_all else "good"
    if found:
        status = "wrong" if settings.is_production else "notice"
    if shared_with_all:
        found.append(
            "the owner's LUMBUNG_DATABASE_URL stands in this environment: web and worker must not get it"
        )
    if not found:
        return [CheckResult("logins", "good", "the application's alone, as web and worker should have it")]
    return [
        CheckResult(
            "logins", status, "; ".join(found), 'See "A PostgreSQL server of your own" in docs/operating.md.'
        )
    ]


async def _migrations(database: Database) -> list[CheckResult]:
    from tenants.revisions import COOPERATIVE, SHARED, get_head

    async with read_engine(database).connect() as connection:
        if (await connection.exec_driver_sql("SELECT to_regclass('shared.revision') IS NULL")).scalar_one():
            return [CheckResult("migrations", "wrong", "this database is not set up yet", "lumbung migrate")]
        revision = (
            await connection.exec_driver_sql("SELECT revision FROM shared.revision")
        ).scalar_one_or_none()
        rows = (await connection.exec_driver_sql("SELECT revision FROM shared.cooperatives")).scalars().all()
    head = get_head(COOPERATIVE)
    behind = sum(row != head for row in rows)
    if revision != get_head(SHARED):
        return [
            CheckResult(
                "migrations",
                "wrong",
                f"shared tables are at {revision}, not {get_head(SHARED)}",
                "lumbung migrate",
            )
        ]
    if behind:
        return [
            CheckResult(
                "migrations",
                "wrong",
                f"{behind} of {len(rows)} cooperatives are behind {head}",
                "lumbung migrate",
            )
        ]
    return [CheckResult("migrations", "good", f"cooperatives at {head}: {len(rows)}")]


async def _books(database: Database) -> list[CheckResult]:
    if not database.has_owner:
        return [_owner_only("books")]
    async with database.owner_engine.connect() as connection:
        if (
            await connection.exec_driver_sql("SELECT to_regclass('shared.cooperatives') IS NULL")
        ).scalar_one():
            return []
    orphaned, checked, total = await find_orphaned_lines(database)
    if orphaned:
        found = ", ".join(f"{slug}: {count}" for slug, count in orphaned.items())
        return [
            CheckResult(
                "books", "wrong", f"lines without journal, date or account: {found}", "Go back to a backup."
            )
        ]
    if checked < total:
        return [
            CheckResult("books", "notice", f"looked at {checked} of {total} cooperatives, then time was over")
        ]
    return [CheckResult("books", "good", f"every line has its journal and account: {total} cooperatives")]


async def _rights(database: Database) -> list[CheckResult]:
    from tenants.privilege_queries import list_current_schemas
    from tenants.privileges import compare_privileges

    if not database.has_owner:
        return [_owner_only("rights")]
    async with database.owner_engine.connect() as connection:
        if (
            await connection.exec_driver_sql("SELECT to_regclass('shared.schema_pool') IS NULL")
        ).scalar_one():
            return []
        current = await list_current_schemas(connection)
    drifts = await compare_privileges(database, current)
    if not drifts:
        return [CheckResult("rights", "good", f"as the revisions give them, in {len(current)} schemas")]
    descriptions = [f"{current[name]}: {_describe_drift(drift)}" for name, drift in list(drifts.items())[:3]]
    others = f"; and {len(drifts) - 3} more" if len(drifts) > 3 else ""
    repairable = any(each.extra_privileges or each.missing_privileges for each in drifts.values())
    advice = (
        "lumbung migrate"
        if repairable
        else "Restore the schema whole from a backup; take out what no revision makes."
    )
    return [CheckResult("rights", "wrong", "; ".join(descriptions) + others, advice)]


def _describe_drift(drift: "PrivilegeDrift") -> str:
    """Describe the differences by the names of the objects."""
    parts = {
        "too many rights on": [privilege.object_label for privilege in drift.extra_privileges],
        "too few rights on": [privilege.object_label for privilege in drift.missing_privileges],
        "no revision makes": drift.unknown_objects,
        "missing:": drift.missing_objects,
    }
    shown = []
    for what, objects in parts.items():
        if names := list(dict.fromkeys(objects)):
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            shown.append(f"{what} {', '.join(names[:5])}{more}")
    return ", ".join(shown)


async def _plans(database: Database) -> list[CheckResult]:
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
            f"{code} is gone, and is the plan of {', '.join(slugs[:5])}" for code, slugs in gone.items()
        )
        return [
            CheckResult("plans", "wrong", found, "Put it back into billing/plans.toml, with sold = false.")
        ]
    return [CheckResult("plans", "good", f"all in plans.toml: {', '.join(sorted(used)) or 'none taken yet'}")]


def _owner_only(subject: str) -> CheckResult:
    return CheckResult(
        subject,
        "notice",
        "not looked at: this login reads no cooperative",
        "Run it with LUMBUNG_DATABASE_URL.",
    )


async def _exceptions(database: Database) -> list[CheckResult]:
    """Count the open payment exceptions of each cooperative whose revision this code supports."""
    from tenants.revisions import MIN_SUPPORTED_REVISION

    if not database.has_owner:
        return [_owner_only("payments")]
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
        return [CheckResult("payments", "good", "nothing has to be looked at")]
    shown = ", ".join(f"{slug} {count}" for slug, count in list(waiting.items())[:5])
    found = f"{sum(waiting.values())} exceptions are open: {shown}{' …' if len(waiting) > 5 else ''}"
    return [
        CheckResult("payments", "notice", found, "lumbung payments exceptions SLUG; officers settle them.")
    ]


async def _foundings(database: Database) -> list[CheckResult]:
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
                "Look at the new ones as an operator, or raise LUMBUNG_FOUNDINGS_PER_HOUR_IN_ALL.",
            )
        ]
    if waiting:
        found = f"{waiting} whose name looks like another's wait for release"
        return [CheckResult("foundings", "notice", found, "Release or refuse them as an operator.")]
    return [CheckResult("foundings", "good", f"at most {busiest} within one hour of the last day")]


async def _worker(database: Database) -> list[CheckResult]:
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


async def _failed_jobs(database: Database) -> list[CheckResult]:
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
                f"{count} given up after two days",
                "lumbung jobs list, then lumbung jobs retry ID",
            )
        ]
    return [CheckResult("failed jobs", "good", "none")]


async def _provision(database: Database) -> list[CheckResult]:
    from tenants.revisions import COOPERATIVE, get_head

    async with read_engine(database).connect() as connection:
        if (await connection.exec_driver_sql("SELECT to_regclass('shared.heartbeats') IS NULL")).scalar_one():
            return []
        seen = await _last_seen(connection, "provision")
        ready = text("SELECT count(*) FROM shared.schema_pool WHERE revision = :head")
        count = (await connection.execute(ready, {"head": get_head(COOPERATIVE)})).scalar_one()
    found = f"places ready for cooperatives: {count}"
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
