"""Migrate schema ``shared`` and then each cooperative, in separate transactions and resumable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.broker import queue_schema_sql
from kernel.database_errors import get_sqlstate
from kernel.errors import ErrorType
from kernel.postgres_errors import MIN_MAJOR_VERSION, SERVER_TOO_OLD
from tenants.privilege_queries import list_current_schemas
from tenants.privileges import repair_privileges
from tenants.registry import CHANGE_CHANNEL, REGISTRY_PREFIX
from tenants.revisions import COOPERATIVE, SHARED, render_script
from tenants.schema_pool import refill_schema_pool, run_script

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from kernel.database import Database

CONNECTIONS = 4
LOCK_TIMEOUT = "5s"
ROLE_ATTEMPTS = 6
# unique_violation and duplicate_object when another migration creates the same role; internal_error for
# "tuple concurrently updated"
_RETRYABLE_SQLSTATES = frozenset({"23505", "42710", "XX000"})
_INSUFFICIENT_PRIVILEGE = "42501"

LOGIN_NOT_READY = ErrorType(
    "tenants.login_not_ready",
    500,
    "Peran {role} bukan buatan pemilik basis data, dan belum seperti seharusnya ({problems}). Mintalah "
    "administrator menjalankan: {statement}",
)


class MigrationReport(msgspec.Struct, frozen=True):
    """The result of a migration.

    It contains the newest revisions, the number of upgraded cooperatives, the failed schemas with reasons,
    and the numbers of schemas with repaired privileges and of schemas created for the pool.
    """

    shared_revision: str
    cooperative_revision: str
    upgraded: int
    already_current: int
    failed: dict[str, str]
    privileges_repaired: int
    pool_schemas_created: int


async def migrate(
    database: Database, *, root: Path | None = None, on_progress: Callable[[int, int], None] | None = None
) -> MigrationReport:
    """Migrate every schema that is not at the newest revision; safe to repeat and to run concurrently.

    A failure of one cooperative (a lock that is not free, a broken row) is reported and does not stop the
    others.
    """
    await require_supported_server(database)
    await _create_roles_with_retry(database)
    shared_head = await _migrate_shared(database, root)
    head, _ = render_script(COOPERATIVE, None, root)
    async with database.owner_engine.connect() as connection:
        behind = (
            await connection.execute(
                text(
                    "SELECT schema_name, revision FROM shared.cooperatives WHERE revision <> :head "
                    "ORDER BY founded_at"
                ),
                {"head": head},
            )
        ).all()
        total = (await connection.execute(text("SELECT count(*) FROM shared.cooperatives"))).scalar_one()
        # drop old pool schemas with their roles: creating them again is cheaper than an upgrade
        old = (
            await connection.execute(
                text("SELECT schema_name FROM shared.schema_pool WHERE revision <> :head"), {"head": head}
            )
        ).scalars()
        stale_schemas = list(old)
    for name in stale_schemas:
        await _drop_pool_schema(database, name)
    failed: dict[str, str] = {}
    waiting = asyncio.Queue[tuple[str, str]]()
    for row in behind:
        waiting.put_nowait((row.schema_name, row.revision))
    done = 0

    async def work() -> None:
        nonlocal done
        while not waiting.empty():
            name, revision = waiting.get_nowait()
            try:
                await _upgrade(database, name, revision, root)
            except Exception as error:  # noqa: BLE001 - one failure must not stop the others; the report names it
                failed[name] = str(error).splitlines()[0]
            done += 1
            if on_progress:
                on_progress(done, len(behind))

    await asyncio.gather(*(work() for _ in range(min(CONNECTIONS, len(behind)))))
    upgraded = len(behind) - len(failed)
    async with database.owner_engine.connect() as connection:
        current = await list_current_schemas(connection, root)
    repaired, not_repaired = await repair_privileges(database, current, root=root)
    pool_schemas_created = await refill_schema_pool(database) if root is None else 0
    return MigrationReport(
        shared_head,
        head,
        upgraded,
        total - len(behind),
        failed | not_repaired,
        len(repaired),
        pool_schemas_created,
    )


async def _upgrade(database: Database, name: str, revision: str, root: Path | None) -> None:
    head, script = render_script(COOPERATIVE, revision, root)
    async with database.owner_engine.begin() as connection:
        # lock the row, so that two concurrent migrations upgrade each cooperative once
        present = await connection.execute(
            text("SELECT revision FROM shared.cooperatives WHERE schema_name = :name FOR UPDATE"),
            {"name": name},
        )
        if present.scalar_one() != revision:
            return
        await run_script(
            connection,
            f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; SET LOCAL search_path = {name};\n{script}",
        )
        await connection.execute(
            text("UPDATE shared.cooperatives SET revision = :head WHERE schema_name = :name"),
            {"head": head, "name": name},
        )
        await connection.execute(
            text("SELECT pg_notify(:channel, :topic)"),
            {"channel": CHANGE_CHANNEL, "topic": f"{REGISTRY_PREFIX}{name}"},
        )


async def _drop_pool_schema(database: Database, name: str) -> None:
    async with database.owner_engine.begin() as connection:
        gone = await connection.execute(
            text("DELETE FROM shared.schema_pool WHERE schema_name = :name RETURNING schema_name"),
            {"name": name},
        )
        if gone.first():
            await run_script(
                connection, f"DROP SCHEMA {name} CASCADE; DROP OWNED BY {name}; DROP ROLE {name};"
            )


async def _migrate_shared(database: Database, root: Path | None) -> str:
    async with database.owner_engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('lumbung shared migration'))"))
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS shared"))
        await connection.execute(
            text("CREATE TABLE IF NOT EXISTS shared.revision (revision text PRIMARY KEY)")
        )
        present = (
            await connection.execute(text("SELECT revision FROM shared.revision"))
        ).scalar_one_or_none()
        head, script = render_script(SHARED, present, root if root and (root / SHARED).exists() else None)
        if present != head:
            await connection.execute(
                text("SELECT set_config('lumbung.app_role', :role, true)"),
                {"role": database.settings.app_role},
            )
            await run_script(connection, script)
            await connection.execute(text("DELETE FROM shared.revision"))
            await connection.execute(text("INSERT INTO shared.revision VALUES (:head)"), {"head": head})
        await run_script(connection, queue_schema_sql(database.settings.app_role))
    return head


async def _create_roles_with_retry(database: Database) -> None:
    """Create the roles, and retry on a conflict.

    Roles belong to the whole server: a migration of another of its databases may create the same ones now.
    """
    for attempt in range(1, ROLE_ATTEMPTS + 1):
        try:
            await _create_roles(database)
        except DBAPIError as error:
            if get_sqlstate(error) not in _RETRYABLE_SQLSTATES or attempt == ROLE_ATTEMPTS:
                raise
            await asyncio.sleep(0.1 * attempt)
        else:
            return


async def require_supported_server(database: Database) -> None:
    """Raise DomainError kernel.postgres_server_too_old for a PostgreSQL that lacks what isolation needs."""
    async with database.owner_engine.connect() as connection:
        number, shown = (
            await connection.execute(
                text("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
            )
        ).one()
    if number < MIN_MAJOR_VERSION * 10_000:
        raise SERVER_TOO_OLD(found=shown, oldest=MIN_MAJOR_VERSION)


async def _create_roles(database: Database) -> None:
    """Create the application's login and the group role of all cooperatives; set the login's password.

    The login has no rights and an empty search path.
    """
    role = database.settings.app_role
    password = database.app_url.password if database.logins.has_app else None
    async with database.owner_engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('lumbung roles'))"))
        have = set((await connection.execute(text("SELECT rolname FROM pg_roles"))).scalars())
        if "lumbung_coop" not in have:
            await connection.exec_driver_sql("CREATE ROLE lumbung_coop NOLOGIN")
        try:
            async with connection.begin_nested():
                await _set_login(connection, "ALTER" if role in have else "CREATE", role, password)
        except DBAPIError as error:
            if role not in have or get_sqlstate(error) != _INSUFFICIENT_PRIVILEGE:
                raise
            # an administrator created the role, with a password of their own
            await _require_configured_login(connection, role)
        # a temporary table on a pooled connection survives its transaction, and the search path finds it
        # before a cooperative's table of that name
        here = connection.dialect.identifier_preparer.quote(connection.engine.url.database or "")
        await connection.exec_driver_sql(f"REVOKE TEMPORARY ON DATABASE {here} FROM PUBLIC")


async def _set_login(connection: AsyncConnection, verb: str, role: str, password: str | None) -> None:
    statements = text(
        "SELECT format('%s ROLE %I LOGIN NOINHERIT', CAST(:verb AS text), CAST(:role AS text))"
        " || coalesce(format(' PASSWORD %L', CAST(:password AS text)), ''), format('ALTER ROLE %I SET "
        "search_path = %L', CAST(:role AS text), '')"
    )
    given = {"verb": verb, "role": role, "password": password}
    for statement in (await connection.execute(statements, given)).one():
        await connection.exec_driver_sql(statement)


async def _require_configured_login(connection: AsyncConnection, role: str) -> None:
    query = text(
        "SELECT r.rolcanlogin, NOT r.rolinherit, EXISTS (SELECT FROM pg_db_role_setting s WHERE "
        "s.setrole = r.oid AND s.setdatabase = 0"
        """ AND s.setconfig && ARRAY['search_path=""', 'search_path='])"""
        " FROM pg_roles r WHERE r.rolname = :role"
    )
    ready = (await connection.execute(query, {"role": role})).one()
    wanted = ("it may not log in", "it inherits rights", "its search path is not empty")
    if missing := [what for what, good in zip(wanted, ready, strict=True) if not good]:
        quoted = connection.dialect.identifier_preparer.quote(role)
        statement = f"ALTER ROLE {quoted} LOGIN NOINHERIT; ALTER ROLE {quoted} SET search_path = ''"
        raise LOGIN_NOT_READY(role=role, problems="; ".join(missing), statement=statement)
