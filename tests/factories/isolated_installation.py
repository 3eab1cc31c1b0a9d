"""A server of a test's own with two cooperatives on it, that the test may stop, kill, fill up and start
again.
"""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from factories.cooperatives import PASSWORD, populate_cooperative
from factories.processes import production_environment
from factories.servers import transfer_to_plain_owner
from kernel.database import Database
from kernel.postgres import EmbeddedPostgres
from kernel.process_services import build_services
from kernel.settings import Settings
from onboarding.create_cooperative import NewCooperative, create_cooperative
from tenants.migrator import migrate
from tenants.registry import TenantRef
from tenants.session import coop_session

PRODUCTION: Final = production_environment()


@dataclass
class Installation:
    """``url`` is the owner's."""

    server: EmbeddedPostgres
    url: str
    database: Database
    melati: TenantRef
    mawar: TenantRef

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2].partition("/")[0])

    def url_via_port(self, port: int) -> str:
        """The owner's URL by another port of this machine."""
        return self.url.replace(f":{self.port}/", f":{port}/")

    def kill(self) -> None:
        """End the server without a word, as when the machine's memory is full."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server as an administrator does; its sessions are ended."""
        self._end(signal.SIGINT)

    def start(self) -> None:
        """Start it again, on the same port."""
        assert self.server.start() == self.url

    def _end(self, order: signal.Signals) -> None:
        pid = self.server._server_pid()
        assert pid is not None
        os.kill(pid, order)
        deadline = time.monotonic() + 30
        while self.server._server_pid() is not None:
            assert time.monotonic() < deadline, "the server does not end"
            time.sleep(0.02)

    async def last_queries(self) -> list[str]:
        """What each connection of the application to this database last did."""
        own = await asyncpg.connect(self.url)
        try:
            rows = await own.fetch(
                "SELECT query FROM pg_stat_activity WHERE usename = $1", self.database.settings.app_role
            )
            return [row["query"] for row in rows]
        finally:
            await own.close()


@contextlib.asynccontextmanager
async def isolated_installation() -> AsyncIterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="lumbung-own-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, fast=True)
    try:
        url = server.start()
        settings = Settings(secret_key=PRODUCTION["LUMBUNG_SECRET_KEY"], data_dir=folder, schema_pool_size=2)
        database = build_services(url, settings).main_database
        await migrate(database)
        await transfer_to_plain_owner(database)
        tenants = []
        for at, slug in enumerate(("melati", "mawar")):
            founding = NewCooperative(
                name=f"Koperasi {slug.title()}",
                slug=slug,
                officer_name=f"Ketua {slug.title()}",
                phone=f"+628990000000{at}",
                password=PASSWORD,
                bylaws_template="konsumen",
                key=f"own-{slug}",
            )
            tenant = (await create_cooperative(database, founding)).tenant
            async with coop_session(database, tenant) as db:
                await populate_cooperative(db, slug)
            tenants.append(tenant)
        yield Installation(server, url, database, *tenants)
        await database.services.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
