"""Name the changed cooperative in notifications of the registry, so that hosts of others stay cached."""

from alembic import op

revision = "0009"
down_revision = "0008"

RENAME = """
CREATE OR REPLACE FUNCTION shared.rename_cooperative(new_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $rename$
BEGIN
    IF new_name IS NULL OR length(btrim(new_name)) NOT BETWEEN 1 AND 120 THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'a name has 1 to 120 characters';
    END IF;
    UPDATE shared.cooperatives SET name = new_name WHERE schema_name = current_setting('role');
    PERFORM pg_notify('lumbung_changed', 'registry:' || current_setting('role'));
END
$rename$;
"""

RECORD_SIGN_IN = """
CREATE OR REPLACE FUNCTION shared.record_sign_in() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $note$
BEGIN
    UPDATE shared.cooperatives SET signed_in_at = now() WHERE schema_name = current_setting('role') AND signed_in_at IS NULL;
    IF FOUND THEN
        PERFORM pg_notify('lumbung_changed', 'registry:' || current_setting('role'));
    END IF;
END
$note$;
"""


def upgrade() -> None:
    """Replace the functions; they keep their owner and rights."""
    op.execute(RENAME)
    op.execute(RECORD_SIGN_IN)
