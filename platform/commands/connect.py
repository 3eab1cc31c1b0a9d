"""Open the database for a command: the configured server, or an embedded one that is started if needed."""

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
from kernel.process_services import build_services
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
    """Yield the settings with a database login: the configured one, or the owner's of an embedded server.

    The embedded server runs at least until the block ends. Raises DomainError in production without a
    configured database.
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
    """Yield the settings of web and worker: with the application's login and without the owner's."""
    with running_database(settings) as database_settings:
        app_url = libpq_url(
            DatabaseLogins(
                database_settings.database_url, database_settings.app_database_url, database_settings
            ).app_url
        )
        yield replace(database_settings, database_url=None, app_database_url=app_url)


def is_embedded(settings: Settings) -> bool:
    """Whether no database is configured, so that the embedded server is used."""
    return settings.database_url is None and settings.app_database_url is None


def read_engine(database: Database) -> AsyncEngine:
    """Return the engine for reading shared tables: the owner's if available, else the application's."""
    return database.owner_engine if database.has_owner else database.app_engine


@asynccontextmanager
async def open_database(
    settings: Settings | None = None, *, migrated: bool = True
) -> AsyncIterator[Database]:
    """Open the database for one command.

    With `migrated`, an embedded database is upgraded to the newest revisions first, so that a command works
    on a new machine. A configured database must have been migrated by its operator: else raises DomainError
    `commands.not_migrated`. Without `settings`, they are those of the environment and of a running `lumbung
    up`.
    """
    settings = settings or load_dev_settings()
    with running_database(settings) as database_settings:
        services = build_services(database_settings.database_url, database_settings, timeouts=COMMANDS)
        database = services.main_database
        try:
            if migrated and is_embedded(settings):
                from tenants.migrator import migrate

                await migrate(database)
            elif migrated:
                await _require_migrated(database)
            yield database
        finally:
            await asyncio.shield(services.close())


async def require_cooperative(database: Database, slug: str) -> TenantRef:
    """Return the cooperative at `slug`. Raises DomainError operators.no_such_cooperative."""
    tenant = await find_tenant_by_slug(database, slug)
    if tenant is None:
        raise NO_SUCH_COOPERATIVE(slug=slug)
    return tenant


async def _require_migrated(database: Database) -> None:
    async with read_engine(database).connect() as connection:
        if (await connection.execute(text("SELECT to_regclass('shared.revision') IS NULL"))).scalar_one():
            raise NOT_MIGRATED()
