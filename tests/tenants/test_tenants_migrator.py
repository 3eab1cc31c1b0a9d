"""Migrating many cooperatives: each on its own, resumable, and a failure affects no other."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from commands.main import lumbung
from kernel.database import Database
from kernel.errors import DomainError
from kernel.postgres import EmbeddedPostgres
from kernel.process_services import build_services
from kernel.settings import Settings
from tenants import revisions
from tenants.migrator import migrate
from tenants.registry import TenantRef
from tenants.schema_pool import refill_schema_pool
from tenants.session import coop_session, shared_session
from web.dispatch import HostDispatcher

NEXT = '''"""Add a supplier's note."""

from alembic import op

revision = "9999"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("ALTER TABLE products ADD COLUMN supplier_note text")
'''


@pytest.fixture
def next_root(tmp_path: Path) -> Path:
    """The revisions as they are, and one more for cooperatives."""
    root = tmp_path / "migrations"
    shutil.copytree(
        Path(revisions.__file__).parent / "migrations", root, ignore=shutil.ignore_patterns("__pycache__")
    )
    before = revisions.get_head(revisions.COOPERATIVE)
    (root / "cooperative" / "versions" / "9999_add_a_note.py").write_text(NEXT.format(before=before))
    return root


async def revisions_of(database: Database) -> dict[str, str]:
    async with shared_session(database) as db:
        rows = await db.execute(text("SELECT slug, revision FROM shared.cooperatives"))
        return {row.slug: row.revision for row in rows}


async def has_column(database: Database, tenant: TenantRef) -> bool:
    async with coop_session(database, tenant) as db:
        query = text(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = :s AND column_name = "
            "'supplier_note'"
        )
        return bool((await db.execute(query, {"s": tenant.schema_name})).scalar_one())


async def test_nothing_to_do_is_done_at_once(database: Database) -> None:
    report = await migrate(database)
    assert (report.upgraded, report.failed) == (0, {})


async def test_every_cooperative_moves_with_its_row_in_the_registry(
    database: Database, melati: TenantRef, mawar: TenantRef, next_root: Path
) -> None:
    seen: list[tuple[int, int]] = []
    report = await migrate(
        database, root=next_root, on_progress=lambda done, total: seen.append((done, total))
    )
    assert (report.upgraded, report.failed, report.cooperative_revision) == (2, {}, "9999")
    assert set((await revisions_of(database)).values()) == {"9999"}
    assert await has_column(database, melati)
    assert await has_column(database, mawar)
    assert seen[-1] == (2, 2)


async def test_one_that_fails_is_named_harms_no_other_and_is_taken_up_again(
    database: Database, melati: TenantRef, mawar: TenantRef, next_root: Path
) -> None:
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text(f"ALTER TABLE {mawar.schema_name}.products ADD COLUMN supplier_note int")
        )
    report = await migrate(database, root=next_root)
    assert report.upgraded == 1
    assert list(report.failed) == [mawar.schema_name]
    assert await revisions_of(database) == {"melati": "9999", "mawar": mawar.revision}
    async with database.owner_engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {mawar.schema_name}.products DROP COLUMN supplier_note"))
    again = await migrate(database, root=next_root)
    assert (again.upgraded, again.failed, again.already_current) == (1, {}, 1)


async def test_one_that_is_upgraded_drops_its_own_hosts_and_pages_and_no_others(
    app: HostDispatcher,
    database: Database,
    melati: TenantRef,
    mawar: TenantRef,
    next_root: Path,
    visitor: Callable[[str], httpx.AsyncClient],
) -> None:
    def cached(tenant: TenantRef) -> tuple[bool, bool]:
        page = app.page_cache.get(tenant.schema_name, ("page", "id", "/", b""))
        return app.hosts.get_cached(tenant.slug) is not None, page is not None

    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text(f"ALTER TABLE {mawar.schema_name}.products ADD COLUMN supplier_note int")
        )
    for slug in ("melati", "mawar"):
        assert (await visitor(slug).get("/")).status_code == 200
    assert cached(melati) == cached(mawar) == (True, True)
    report = await migrate(database, root=next_root)
    assert (report.upgraded, list(report.failed)) == (1, [mawar.schema_name])
    for _ in range(200):
        if cached(melati) == (False, False):
            break
        await asyncio.sleep(0.02)
    assert cached(melati) == (False, False)
    assert cached(mawar) == (True, True)


async def test_spares_of_an_older_revision_are_made_anew(database: Database, next_root: Path) -> None:
    await migrate(database, root=next_root)
    async with shared_session(database) as db:
        assert not (await db.execute(text("SELECT 1 FROM shared.schema_pool"))).all()
    assert await refill_schema_pool(database) == database.settings.schema_pool_size


async def test_a_cooperative_that_is_too_old_says_so_and_its_neighbour_works(
    app: HostDispatcher, database: Database, melati: TenantRef, visitor: Callable[[str], httpx.AsyncClient]
) -> None:
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text("UPDATE shared.cooperatives SET revision = '0001' WHERE slug = 'melati'")
        )
    app.hosts.clear()
    answer = await visitor("melati").get("/")
    assert answer.status_code == 503
    assert "diperbarui" in answer.text or "pembaruan" in answer.text
    assert (await visitor("mawar").get("/")).status_code == 200


@pytest.mark.parametrize(
    ("option", "status"),
    [([], 1), (["--allow-failures"], 0)],
)
def test_where_web_and_worker_wait_for_the_command_one_that_fails_does_not_keep_them_down(
    option: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commands import migrate as command
    from tenants import migrator

    @contextlib.asynccontextmanager
    async def no_database(**_: object) -> AsyncIterator[Database]:
        yield build_services("postgresql://nobody:p@127.0.0.1:1/nothing", Settings()).main_database

    async def one_failed(*_: object, **__: object) -> migrator.MigrationReport:
        return migrator.MigrationReport(
            "0001", "0002", 1, 0, {"coop_aaaaaaaaaaaaaaaa": "a lock is not free"}, 0, 0
        )

    monkeypatch.setattr(command, "open_database", no_database)
    monkeypatch.setattr(migrator, "migrate", one_failed)
    done = CliRunner().invoke(lumbung, ["migrate", *option], standalone_mode=False)
    assert done.return_value == status
    assert "coop_aaaaaaaaaaaaaaaa was not upgraded: a lock is not free" in done.stderr


async def test_a_server_that_is_too_old_is_refused_in_words(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants import migrator

    monkeypatch.setattr(migrator, "MIN_MAJOR_VERSION", 99)
    with pytest.raises(
        DomainError,
        match=r"PostgreSQL \d+\.\d+.* is too old for Lumbung, which needs 99 or "
        r"newer",
    ):
        await migrate(database)


DEBIAN_POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.skipif(
    not DEBIAN_POSTGRES_BIN.is_dir(),
    reason="PostgreSQL 15 is not installed: sudo apt-get install postgresql-15",
)
async def test_postgresql_15_is_refused_in_words_by_the_embedded_server_and_by_migrate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kernel import postgres_cluster

    folder = Path(tempfile.mkdtemp(prefix="lumbung-15-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, fast=True, binaries=DEBIAN_POSTGRES_BIN)
    try:
        with pytest.raises(DomainError, match=r"PostgreSQL 15.* is too old"):
            server.start()
        monkeypatch.setattr(postgres_cluster, "MIN_MAJOR_VERSION", 15)
        database = build_services(server.start(), Settings()).main_database
        with pytest.raises(DomainError, match=r"PostgreSQL 15.* is too old"):
            await migrate(database)
        await database.services.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
