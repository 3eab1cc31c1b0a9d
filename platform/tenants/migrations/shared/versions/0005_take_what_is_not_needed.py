"""Revoke rights that the application does not use: creating operators or schemas, and moving host names."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Grant the rights; the session setting ``lumbung.app_role`` holds the application's role.

    The right to update one column allows locking the row (``FOR UPDATE``), or hashing a password again at
    sign-in.
    """
    op.execute(
        """
DO $rights$
DECLARE
    app text := quote_ident(coalesce(nullif(current_setting('lumbung.app_role', true), ''), 'lumbung_app'));
BEGIN
    EXECUTE 'REVOKE ALL ON shared.operators, shared.spare_schemas FROM ' || app;
    EXECUTE 'GRANT SELECT, UPDATE (password_hash) ON shared.operators TO ' || app;
    EXECUTE 'GRANT SELECT, DELETE, UPDATE (made_at) ON shared.spare_schemas TO ' || app;
    EXECUTE 'REVOKE UPDATE ON shared.hostnames, shared.operator_sessions, shared.finished_jobs FROM ' || app;
    EXECUTE 'GRANT DELETE ON shared.heartbeats TO ' || app;
END
$rights$"""
    )
