"""How every command reaches the database: the one that is named, else the embedded one, started if needed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from sqlalchemy import text

from commands.beside import load_beside
from kernel.database import Database
from kernel.errors import Kind
from kernel.postgres import EmbeddedPostgres
from kernel.settings import Settings
from operators.errors import NO_SUCH_COOPERATIVE
from tenants.registry import TenantRef, tenant_by_slug

NOT_MIGRATED = Kind(
    "commands.not_migrated",
    503,
    id="Basis data ini belum disiapkan. Jalankan lumbung migrate.",
    en="This database is not set up yet. Run lumbung migrate.",
)


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The owner's URL of the database; an embedded server runs at least as long as the block."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.data_dir, port=settings.postgres_port, binaries=settings.postgres_bin)
    url = server.start()
    try:
        yield url
    finally:
        server.stop()


@asynccontextmanager
async def open_database(settings: Settings | None = None, *, migrated: bool = True) -> AsyncIterator[Database]:
    """Open the database for one command.

    With `migrated` the embedded one is brought to the newest revisions first, so that a command works on a fresh machine;
    another one is the operator's to migrate, and is refused (`commands.not_migrated`) where that never happened. What a running
    `lumbung up` has told the folder is taken from there.
    """
    settings = settings or load_beside()
    with database_url(settings) as url:
        database = Database(url, replace(settings, database_url=url))
        try:
            if migrated and settings.database_url is None:
                from tenants.fleet import migrate

                await migrate(database)
            elif migrated:
                await _refuse_unprepared(database)
            yield database
        finally:
            await asyncio.shield(database.close())


async def cooperative_named(database: Database, slug: str) -> TenantRef:
    """The cooperative that a command names. Raises Refusal: operators.no_such_cooperative."""
    tenant = await tenant_by_slug(database, slug)
    if tenant is None:
        raise NO_SUCH_COOPERATIVE(slug=slug)
    return tenant


async def _refuse_unprepared(database: Database) -> None:
    async with database.owner.connect() as connection:
        if (await connection.execute(text("SELECT to_regclass('shared.revision') IS NULL"))).scalar_one():
            raise NOT_MIGRATED()
