"""Count a job's attempts in the outbox, and store jobs that failed too long."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'


RIGHTS = """
DO $rights$
DECLARE
    app text := quote_ident(coalesce(nullif(current_setting('lumbung.app_role', true), ''), 'lumbung_app'));
BEGIN
    EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON shared.failed_jobs TO ' || app;
END
$rights$"""


def upgrade() -> None:
    op.create_table('failed_jobs',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('coop_role', sa.Text(), nullable=False),
    sa.Column('job', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('arguments', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('first_failed_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('given_up_at', postgresql.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_failed_jobs')),
    sa.UniqueConstraint('coop_role', 'key', name=op.f('uq_failed_jobs_coop_role_key')),
    schema='shared'
    )
    op.add_column('outbox', sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False), schema='shared')
    op.add_column('outbox', sa.Column('first_failed_at', postgresql.TIMESTAMP(timezone=True), nullable=True), schema='shared')
    op.execute(RIGHTS)
