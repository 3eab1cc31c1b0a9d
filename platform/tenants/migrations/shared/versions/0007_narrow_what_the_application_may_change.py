"""Let the application update only the columns of the registry that its code changes.

It can change neither who a cooperative is, nor that somebody signed in.
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Grant the rights; the session setting ``lumbung.app_role`` holds the application's role.

    The name and the first sign-in are written by functions that a cooperative calls for itself; the owner
    writes the revision.
    """
    op.execute(
        """
DO $rights$
DECLARE
    app text := quote_ident(coalesce(nullif(current_setting('lumbung.app_role', true), ''), 'lumbung_app'));
BEGIN
    EXECUTE 'REVOKE UPDATE ON shared.cooperatives FROM ' || app;
    EXECUTE 'GRANT UPDATE (status, suspended_reason, suspended_at, released_at, plan, entitlements, read_only, billing_notice)'
         || ' ON shared.cooperatives TO ' || app;
END
$rights$"""
    )
