"""Check that the database logins do not have too many privileges for production."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from asyncpg import PostgresError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kernel.start_checks import NOT_STARTABLE

if TYPE_CHECKING:
    from kernel.database import Database

log = structlog.get_logger()

# The owner of schema shared; before the first migration, the login of the session.
_OWNER = """
SELECT r.rolname, r.rolsuper FROM pg_roles r
WHERE r.oid = coalesce((SELECT nspowner FROM pg_namespace WHERE nspname = 'shared'),
                       (SELECT oid FROM pg_roles WHERE rolname = session_user))"""
_APP = """
SELECT r.rolname, r.rolsuper, r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls,
       EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'shared' AND pg_has_role(r.oid, n.nspowner,
       'MEMBER'))
FROM pg_roles r WHERE r.rolname = session_user"""


async def list_login_problems(database: Database) -> list[str]:
    """Return a sentence for each login of this process with too many privileges; raises database errors."""
    found = []
    async with (database.owner_engine if database.has_owner else database.app_engine).connect() as connection:
        owner = (await connection.execute(text(_OWNER))).one()
        if owner.rolsuper:
            found.append(
                f"{owner.rolname}, which owns the database's tables, is a superuser: see "
                f"infra/postgres/plain_owner.sql"
            )
    if not database.logins.has_app:
        return found
    async with database.app_engine.connect() as connection:
        name, is_super, makes_roles, is_owner = (await connection.execute(text(_APP))).one()
        if is_super or makes_roles:
            found.append(f"LUMBUNG_APP_DATABASE_URL logs in as {name}, which has too many rights")
        elif is_owner:
            found.append(
                f"LUMBUNG_APP_DATABASE_URL logs in as {name}, which is or may become the owner of the tables"
            )
    return found


async def require_limited_logins(database: Database) -> None:
    """Raise an error in production when a login has too many privileges.

    The DomainError (``kernel.not_startable``) names every problem. When the database does not answer, only a
    warning is logged; `lumbung doctor` checks it later.
    """
    if not database.settings.is_production:
        return
    try:
        found = await list_login_problems(database)
    except (OSError, TimeoutError, SQLAlchemyError, PostgresError) as error:
        log.warning("the database does not answer yet", error=repr(error))
        return
    if found:
        raise NOT_STARTABLE(problems="; ".join(found))
