"""Store who gave a sign-in code and when it was used, and the office under which a session was opened."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0008'
down_revision = '0007'

# Until now, only the length of a session showed who opened it: half a day for officers, thirty days for
# members. No officer is signed out.
SESSIONS = """
UPDATE sessions s SET officer_role = u.officer_role FROM users u
WHERE u.id = s.user_id AND u.officer_role IS NOT NULL AND s.kind = 'session' AND s.expires_at - s.signed_in_at <= interval '12 hours'
"""
# A code that exists beside a password may be older than the person's office, and a cashier may have given it:
# delete it, the chair can give a new one.
CODES = """
UPDATE users SET activation_hash = NULL, activation_expires_at = NULL
WHERE officer_role IS NOT NULL AND password_hash IS NOT NULL AND activation_hash IS NOT NULL
"""


def upgrade() -> None:
    """Add the columns, then fill them for existing rows."""
    op.add_column('users', sa.Column('activation_given_by', sa.Text(), nullable=True))
    op.add_column('users', sa.Column('code_used_at', postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column('users', sa.Column('code_given_by', sa.Text(), nullable=True))
    op.add_column('users', sa.Column('code_seen_at', postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column('sessions', sa.Column('officer_role', sa.Text(), nullable=True))
    op.execute(SESSIONS)
    op.execute(CODES)
