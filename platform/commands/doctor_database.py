"""Check the database for `lumbung doctor`: server, logins, revisions, privileges and books."""

import asyncio
import os
from typing import TYPE_CHECKING, Literal

from commands.connect import is_embedded, open_database, read_engine
from commands.doctor_books import find_orphaned_lines
from commands.doctor_operations import (
    check_exceptions,
    check_failed_jobs,
    check_foundings,
    check_plans,
    check_provision,
    check_worker,
    owner_only,
)
from commands.output import DOCTOR_HINT, CheckResult, error_message
from kernel.database import Database
from kernel.postgres_errors import MIN_MAJOR_VERSION
from kernel.settings import Settings, variable_name

if TYPE_CHECKING:
    from tenants.privileges import PrivilegeDrift


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
                    check_plans,
                    check_foundings,
                    check_worker,
                    check_provision,
                    check_failed_jobs,
                    check_exceptions,
                ):
                    results += await check(database)
            return results + await check_books(database)
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
        return [CheckResult("logins", "good", "the application's is derived from the owner's, for a trial")]
    found = await list_login_problems(database)
    shared_with_all = is_owner_login_shared()
    status: Literal["good", "notice", "wrong"] = "notice" if shared_with_all else "good"
    if found:
        status = "wrong" if settings.is_production else "notice"
    if shared_with_all:
        found.append(
            "the owner's LUMBUNG_DATABASE_URL is in this environment: web and worker must not get it"
        )
    if not found:
        return [CheckResult("logins", "good", "only the application's, as for web and worker")]
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


async def check_books(database: Database) -> list[CheckResult]:
    if not database.has_owner:
        return [owner_only("books")]
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
                "books", "wrong", f"lines without journal, date or account: {found}", "Restore a backup."
            )
        ]
    if checked < total:
        return [
            CheckResult("books", "notice", f"checked {checked} of {total} cooperatives in the time limit")
        ]
    return [CheckResult("books", "good", f"every line has its journal and account: {total} cooperatives")]


async def _rights(database: Database) -> list[CheckResult]:
    from tenants.privilege_queries import list_current_schemas
    from tenants.privileges import compare_privileges

    if not database.has_owner:
        return [owner_only("rights")]
    async with database.owner_engine.connect() as connection:
        if (
            await connection.exec_driver_sql("SELECT to_regclass('shared.schema_pool') IS NULL")
        ).scalar_one():
            return []
        current = await list_current_schemas(connection)
    drifts = await compare_privileges(database, current)
    if not drifts:
        return [CheckResult("rights", "good", f"as in the revisions, in {len(current)} schemas")]
    descriptions = [f"{current[name]}: {_describe_drift(drift)}" for name, drift in list(drifts.items())[:3]]
    others = f"; and {len(drifts) - 3} more" if len(drifts) > 3 else ""
    repairable = any(each.extra_privileges or each.missing_privileges for each in drifts.values())
    advice = (
        "lumbung migrate"
        if repairable
        else "Restore the whole schema from a backup; remove objects that no revision creates."
    )
    return [CheckResult("rights", "wrong", "; ".join(descriptions) + others, advice)]


def _describe_drift(drift: "PrivilegeDrift") -> str:
    """Describe the differences by the names of the objects."""
    parts = {
        "too many rights on": [privilege.describe_object for privilege in drift.extra_privileges],
        "too few rights on": [privilege.describe_object for privilege in drift.missing_privileges],
        "unknown objects:": drift.unknown_objects,
        "missing:": drift.missing_objects,
    }
    shown = []
    for what, objects in parts.items():
        if names := list(dict.fromkeys(objects)):
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            shown.append(f"{what} {', '.join(names[:5])}{more}")
    return ", ".join(shown)
