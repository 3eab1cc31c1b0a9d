"""Grant the application its rights on the registry; let a cooperative enqueue only its own jobs."""

from alembic import op

revision = "0002"
down_revision = "0001"


# A cooperative may change its own name only: the function changes the row of the calling role.
RENAME = """
CREATE FUNCTION shared.rename_cooperative(new_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $rename$
BEGIN
    IF new_name IS NULL OR length(btrim(new_name)) NOT BETWEEN 1 AND 120 THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'a name has 1 to 120 characters';
    END IF;
    UPDATE shared.cooperatives SET name = new_name WHERE schema_name = current_setting('role');
    PERFORM pg_notify('lumbung_changed', 'registry');
END
$rename$;
REVOKE ALL ON FUNCTION shared.rename_cooperative(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shared.rename_cooperative(text) TO lumbung_coop;
"""


def upgrade() -> None:
    """Grant the rights; the session setting ``lumbung.app_role`` holds the application's role."""
    op.execute(
        """
DO $rights$
DECLARE
    app text := quote_ident(coalesce(nullif(current_setting('lumbung.app_role', true), ''), 'lumbung_app'));
BEGIN
    EXECUTE 'GRANT USAGE ON SCHEMA shared TO lumbung_coop, ' || app;
    EXECUTE 'GRANT SELECT, INSERT, UPDATE ON shared.cooperatives, shared.hostnames, shared.heartbeats, shared.operators TO ' || app;
    EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON shared.spare_schemas, shared.outbox, shared.throttles, shared.operator_sessions,'
         || ' shared.finished_jobs TO ' || app;
    EXECUTE 'GRANT SELECT, INSERT ON shared.operator_actions TO ' || app;
    EXECUTE 'GRANT SELECT ON shared.revision TO ' || app;
    EXECUTE 'GRANT INSERT (job, key, arguments, due_at) ON shared.outbox TO lumbung_coop';
END
$rights$"""
    )
    op.execute(RENAME)
