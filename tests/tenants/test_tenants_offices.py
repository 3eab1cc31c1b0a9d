"""Revision 0008 converts open sessions and codes."""

from pathlib import Path

from sqlalchemy import text

from factories.older_revisions import create_cooperative_at_revision
from kernel.database import Database
from tenants.migrator import migrate
from tenants.registry import find_tenant_by_slug
from tenants.session import coop_session

PEOPLE = """
INSERT INTO members (id, number, name, status) VALUES ('00000000-0000-0000-0000-00000000000a', '1', 'Tono',
'active');
INSERT INTO users (id, name, phone, member_id, officer_role, password_hash, activation_hash,
activation_expires_at) VALUES
  ('00000000-0000-0000-0000-000000000001', 'Ketua', '+6281100000001', NULL, 'ketua', 'x', NULL, NULL),
  ('00000000-0000-0000-0000-000000000002', 'Kasir', '+6281100000002', NULL, 'kasir', 'x', 'kode', now() +
      interval '1 day'),
  ('00000000-0000-0000-0000-000000000003', 'Baru', '+6281100000003', NULL, 'kasir', NULL, 'kode', now() +
      interval '1 day'),
  ('00000000-0000-0000-0000-000000000004', 'Tono', '+6281100000004', '00000000-0000-0000-0000-00000000000a',
  NULL, 'x', 'kode', now());
INSERT INTO sessions (token_hash, user_id, signed_in_at, expires_at) VALUES
  ('half a day', '00000000-0000-0000-0000-000000000001', now(), now() + interval '12 hours'),
  ('a month', '00000000-0000-0000-0000-000000000002', now(), now() + interval '30 days'),
  ('member', '00000000-0000-0000-0000-000000000004', now(), now() + interval '30 days');
"""


async def test_officers_stay_signed_in_and_doubtful_sessions_and_codes_lose_what_they_opened(
    database: Database, tmp_path: Path
) -> None:
    async with database.owner_engine.begin() as connection:
        await create_cooperative_at_revision(connection, database.settings.app_role, tmp_path, "0004")
        for statement in PEOPLE.strip().split(";\n"):
            await connection.execute(text(statement.rstrip(";")))
    assert (await migrate(database)).failed == {}
    tenant = await find_tenant_by_slug(database, "kenanga")
    assert tenant is not None
    async with coop_session(database, tenant) as db:
        sessions = dict(
            (
                await db.execute(text("SELECT convert_from(token_hash, 'UTF8'), officer_role FROM sessions"))
            ).all()
        )
        waiting = (
            (await db.execute(text("SELECT name FROM users WHERE activation_hash IS NOT NULL ORDER BY name")))
            .scalars()
            .all()
        )
    assert sessions == {"half a day": "ketua", "a month": None, "member": None}
    assert waiting == ["Baru", "Tono"]
