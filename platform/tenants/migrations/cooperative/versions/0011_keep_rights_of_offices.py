"""Add the offices manajer and pengawas, and what the ketua took from an office."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

OFFICES = "'ketua', 'sekretaris', 'bendahara', 'manajer', 'kasir', 'pengawas'"


def upgrade() -> None:
    """Rights themselves are in the code; the table holds only what a cooperative took away."""
    op.drop_constraint(op.f("ck_users_officer_role"), "users", type_="check")
    op.create_check_constraint(op.f("ck_users_officer_role"), "users", f"officer_role IN ({OFFICES})")
    op.create_table(
        "office_restrictions",
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.Column("restricted_by", sa.Text(), nullable=False),
        sa.Column(
            "restricted_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("office <> 'ketua'", name=op.f("ck_office_restrictions_office")),
        sa.PrimaryKeyConstraint("office", "permission", name=op.f("pk_office_restrictions")),
    )
    op.execute(
        "CREATE TRIGGER office_restrictions_notify_change AFTER INSERT OR UPDATE OR DELETE ON office_restrictions "
        "FOR EACH STATEMENT EXECUTE FUNCTION notify_change()"
    )
