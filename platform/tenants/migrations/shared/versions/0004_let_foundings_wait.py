"""Let foundings wait for an operator, and know in which cooperatives somebody has signed in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

# Said by the cooperative's own role at a sign-in, and about nobody else: whose row changes is the role that asks.
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
    """States, what a founding looks like and when it was released, and the first sign-in."""
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
    # who signed in before this was known: taken as yes, so that nothing that is there already is ever removed
    op.execute("UPDATE shared.cooperatives SET signed_in_at = founded_at")
    op.execute(NOTE_SIGN_IN)
