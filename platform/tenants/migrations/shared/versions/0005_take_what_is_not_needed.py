"""Take from the application's login what its code does not do: it makes no operator, no schema for a cooperative, and moves no host."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Rights; the application's role is passed by the session setting ``lumbung.app_role``.

    A right to update one column stands for locking the row (``FOR UPDATE``), or for a password that is hashed anew at sign-in.
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
