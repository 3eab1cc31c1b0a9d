"""Upgrading many cooperatives: each on its own, resumable, and one that fails harms no other."""

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from kernel.database import Database
from tenants import revisions
from tenants.fleet import migrate
from tenants.registry import TenantRef
from tenants.schemas import refill_spares
from tenants.session import coop_session, shared_session
from web.doors import Doors

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
    shutil.copytree(Path(revisions.__file__).parent / "migrations", root, ignore=shutil.ignore_patterns("__pycache__"))
    before = revisions.head_of(revisions.COOPERATIVE)
    (root / "cooperative" / "versions" / "9999_add_a_note.py").write_text(NEXT.format(before=before))
    return root


async def revisions_of(database: Database) -> dict[str, str]:
    async with shared_session(database) as db:
        rows = await db.execute(text("SELECT slug, revision FROM shared.cooperatives"))
        return {row.slug: row.revision for row in rows}


async def has_column(database: Database, tenant: TenantRef) -> bool:
    async with coop_session(database, tenant) as db:
        query = text(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = :s AND column_name = 'supplier_note'"
        )
        return bool((await db.execute(query, {"s": tenant.schema_name})).scalar_one())


async def test_nothing_to_do_is_done_at_once(database: Database) -> None:
    report = await migrate(database)
    assert (report.upgraded, report.failed) == (0, {})


async def test_every_cooperative_moves_with_its_row_in_the_registry(
    database: Database, melati: TenantRef, mawar: TenantRef, next_root: Path
) -> None:
    seen: list[tuple[int, int]] = []
    report = await migrate(database, root=next_root, on_progress=lambda done, total: seen.append((done, total)))
    assert (report.upgraded, report.failed, report.cooperative_revision) == (2, {}, "9999")
    assert set((await revisions_of(database)).values()) == {"9999"}
    assert await has_column(database, melati)
    assert await has_column(database, mawar)
    assert seen[-1] == (2, 2)


async def test_one_that_fails_is_named_harms_no_other_and_is_taken_up_again(
    database: Database, melati: TenantRef, mawar: TenantRef, next_root: Path
) -> None:
    async with database.owner.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {mawar.schema_name}.products ADD COLUMN supplier_note int"))
    report = await migrate(database, root=next_root)
    assert report.upgraded == 1
    assert list(report.failed) == [mawar.schema_name]
    assert await revisions_of(database) == {"melati": "9999", "mawar": mawar.revision}
    async with database.owner.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {mawar.schema_name}.products DROP COLUMN supplier_note"))
    again = await migrate(database, root=next_root)
    assert (again.upgraded, again.failed, again.already_current) == (1, {}, 1)


async def test_spares_of_an_older_revision_are_made_anew(database: Database, next_root: Path) -> None:
    await migrate(database, root=next_root)
    async with shared_session(database) as db:
        assert not (await db.execute(text("SELECT 1 FROM shared.spare_schemas"))).all()
    assert await refill_spares(database) == database.settings.spare_schemas


async def test_a_cooperative_that_is_too_old_says_so_and_its_neighbour_works(
    app: Doors, database: Database, melati: TenantRef, visitor: Callable[[str], httpx.AsyncClient]
) -> None:
    async with database.owner.begin() as connection:
        await connection.execute(text("UPDATE shared.cooperatives SET revision = '0001' WHERE slug = 'melati'"))
    app.hosts.forget()
    answer = await visitor("melati").get("/")
    assert answer.status_code == 503
    assert "diperbarui" in answer.text or "pembaruan" in answer.text
    assert (await visitor("mawar").get("/")).status_code == 200
