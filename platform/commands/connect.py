"""How every command reaches the database: the one that is named, else the embedded one, started if needed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from commands.dev_runtime import load_dev_settings
from kernel.database import Database, libpq_url
from kernel.database_logins import APPLICATION_NEEDED, DatabaseLogins
from kernel.errors import ErrorType
from kernel.postgres import EmbeddedPostgres
from kernel.settings import Settings
from kernel.timeouts import COMMANDS
from operators.errors import NO_SUCH_COOPERATIVE
from tenants.registry import TenantRef, find_tenant_by_slug

NOT_MIGRATED = ErrorType(
    "commands.not_migrated",
    503,
    "Basis data ini belum disiapkan. Jalankan lumbung migrate.",
)


@contextmanager
def running_database(settings: Settings) -> Iterator[Settings]:
    """Settings with a login of the database in them: those that were given, or the owner's of an embedded
    server.

    The embedded server runs at least as long as the block, and never in production.
    """
    if not is_embedded(settings):
        yield settings
        return
    if settings.is_production:
        raise APPLICATION_NEEDED()
    server = EmbeddedPostgres(settings.data_dir, port=settings.postgres_port, binaries=settings.postgres_bin)
    url = server.start()
    try:
        yield replace(settings, database_url=url)
    finally:
        server.stop()


@contextmanager
def application_settings(settings: Settings) -> Iterator[Settings]:
    """Settings as web and worker get them: with the application's login of the database and nothing of the
    owner's.
    """
    with running_database(settings) as database_settings:
        app_url = libpq_url(
            DatabaseLogins(
                database_settings.database_url, database_settings.app_database_url, database_settings
            ).app_url
        )
        yield replace(database_settings, database_url=None, app_database_url=app_url)


def is_embedded(settings: Settings) -> bool:
    """Whether no database is named, so that it is our own."""
    return settings.database_url is None and settings.app_database_url is None


def read_engine(database: Database) -> AsyncEngine:
    """The engine of a command that only looks at what is shared: the owner's where it is known, else the
    application's.
    """
    return database.owner_engine if database.has_owner else database.app_engine


@asynccontextmanager
async def open_database(
    settings: Settings | None = None, *, migrated: bool = True
) -> AsyncIterator[Database]:
    """Open the database for one command.

    With `migrated` the embedded one is brought to the newest revisions first, so that a command works on a
    fresh machine; another one is the operator's to migrate, and is refused (`commands.not_migrated`) where
    that never happened. What a running `lumbung up` has told the folder is taken from there.
    """
    settings = settings or load_dev_settings()
    with running_database(settings) as database_settings:
        database = Database(database_settings.database_url, database_settings, timeouts=COMMANDS)
        try:
            if migrated and is_embedded(settings):
                from tenants.migrator import migrate

                await migrate(database)
            elif migrated:
                await _require_migrated(database)
            yield database
        finally:
            await asyncio.shield(database.close())


async def require_cooperative(database: Database, slug: str) -> TenantRef:
    """The cooperative that a command names. Raises DomainError: operators.no_such_cooperative."""
    tenant = await find_tenant_by_slug(database, slug)
    if tenant is None:
        raise NO_SUCH_COOPERATIVE(slug=slug)
    return tenant


async def _require_migrated(database: Database) -> None:
    async with read_engine(database).connect() as connection:
        if (await connection.execute(text("SELECT to_regclass('shared.revision') IS NULL"))).scalar_one():
            raise NOT_MIGRATED()
