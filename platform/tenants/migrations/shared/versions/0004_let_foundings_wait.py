"""Let foundings wait for an operator, and store in which cooperatives somebody has signed in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

# A cooperative's own role calls this at a sign-in; the function changes the row of the calling role only.
NOTE_SIGN_IN = """
CREATE FUNCTION shared.note_sign_in() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $note$
BEGIN
    UPDATE shared.cooperatives SET signed_in_at = now() WHERE schema_name = current_setting('role') AND signed_in_at IS NULL;
    IF FOUND THEN
        PERFORM pg_notify('lumbung_changed', 'registry');
    END IF;
END
$note$;
REVOKE ALL ON FUNCTION shared.note_sign_in() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shared.note_sign_in() TO lumbung_coop;
"""


def upgrade() -> None:
    """Add the statuses, the similar name, the time of release and the first sign-in."""
    op.drop_constraint(op.f("ck_cooperatives_status"), "cooperatives", schema="shared", type_="check")
    op.create_check_constraint(
        op.f("ck_cooperatives_status"),
        "cooperatives",
        "status IN ('active', 'suspended', 'waiting', 'refused', 'removing')",
        schema="shared",
    )
    op.add_column("cooperatives", sa.Column("resembles", sa.Text(), nullable=True), schema="shared")
    op.add_column(
        "cooperatives", sa.Column("released_at", postgresql.TIMESTAMP(timezone=True), nullable=True), schema="shared"
    )
    op.add_column(
        "cooperatives", sa.Column("signed_in_at", postgresql.TIMESTAMP(timezone=True), nullable=True), schema="shared"
    )
    op.create_index("ix_cooperatives_founded_at", "cooperatives", ["founded_at"], schema="shared")
    # treat every existing cooperative as signed in, so that none of them is ever removed
    op.execute("UPDATE shared.cooperatives SET signed_in_at = founded_at")
    op.execute(NOTE_SIGN_IN)
