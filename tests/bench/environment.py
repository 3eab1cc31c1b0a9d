"""A temporary server and a cooperative for one benchmark.

All people and goods are invented.
"""

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from kernel.database import Database
from kernel.ids import new_id
from kernel.postgres import EmbeddedPostgres
from kernel.process_services import build_services
from kernel.settings import Settings
from onboarding.create_cooperative import NewCooperative, create_cooperative
from tenants.migrator import migrate
from tenants.registry import TenantRef

PASSWORD = "padi-di-lumbung-7"


@contextlib.asynccontextmanager
async def bench_environment(schema_pool_size: int = 2) -> AsyncIterator[tuple[Database, Settings]]:
    """A migrated database on a server with its default safety (fsync on)."""
    with tempfile.TemporaryDirectory(prefix="lumbung-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder))
        settings = Settings(
            data_dir=Path(folder),
            schema_pool_size=schema_pool_size,
            foundings_per_hour=10_000,
            foundings_per_hour_in_all=10_000,
        )
        database = build_services(server.start(), settings).main_database
        try:
            await migrate(database)
            yield database, settings
        finally:
            await database.services.close()
            server.stop()


def build_founding(slug: str, template: str = "konsumen") -> NewCooperative:
    """Return a valid founding form."""
    return NewCooperative(
        name=f"Koperasi {slug.title()}",
        slug=slug,
        officer_name="Ketua Contoh",
        phone="+6289900000001",
        password=PASSWORD,
        bylaws_template=template,
        key=str(new_id()),
    )


async def create_bench_cooperative(database: Database, slug: str = "ukur") -> TenantRef:
    """Found a cooperative by the real use case."""
    return (await create_cooperative(database, build_founding(slug))).tenant
