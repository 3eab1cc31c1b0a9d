"""The demo is seeded once a run, because seeding takes long."""

import fcntl
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from demo import seed_demo
from kernel.process_services import build_services
from kernel.settings import Settings
from tenants.migrator import migrate

SEEDED = "demo_template"


@pytest.fixture(scope="session")
async def seeded_template(server_url: str, settings: Settings) -> str:
    """Name of a database with the demo, made without fake gateways; used as a template only."""
    run = Path(os.environ["LUMBUNG_TEST_RUN"])
    with (run / f"{SEEDED}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = run / f"{SEEDED}.ready"
        if not ready.exists():
            await _in_server(server_url, f"CREATE DATABASE {SEEDED}")
            database = build_services(f"{server_url}/{SEEDED}", settings).main_database
            try:
                await migrate(database)
                await seed_demo(database)
            finally:
                await database.services.close()
            ready.touch()
    return SEEDED


@pytest.fixture(scope="module")
async def seeded_url(server_url: str, seeded_template: str) -> AsyncIterator[str]:
    """URL of a database with the demo, one for each module."""
    name = f"demo_{uuid.uuid4().hex[:12]}"
    await _in_server(server_url, f"CREATE DATABASE {name} TEMPLATE {seeded_template} STRATEGY FILE_COPY")
    yield f"{server_url}/{name}"
    await _in_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _in_server(server_url: str, statement: str) -> None:
    owner = await asyncpg.connect(f"{server_url}/postgres")
    try:
        await owner.execute(statement)
    finally:
        await owner.close()
