"""Insert the audit entries and jobs of a flush in one round trip.

Both are added to the session like other rows, so they belong to its transaction and savepoints. SQLAlchemy
would insert them table by table, and jobs one by one; this module inserts them by one statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from kernel.models import AuditEntry, OutboxMessage

if TYPE_CHECKING:
    from datetime import datetime

CHANNEL: Final = "lumbung_outbox"

_AUDIT_LOG: Final = (
    "audit_log AS (INSERT INTO audit_entries (actor_kind, actor_id, actor_name, action, subject, params)"
    " SELECT actor_kind, actor_id, actor_name, action, subject, params FROM ROWS FROM "
    "(jsonb_to_recordset(CAST(:audit_log AS jsonb))"
    " AS (actor_kind text, actor_id uuid, actor_name text, action text, subject text, params jsonb)) "
    "WITH ORDINALITY ORDER BY ordinality)"
)
_JOBS: Final = (
    "jobs AS (INSERT INTO shared.outbox (job, key, arguments, due_at)"
    " SELECT job, key, arguments, coalesce(due_at, now()) FROM ROWS FROM "
    "(jsonb_to_recordset(CAST(:jobs AS jsonb))"
    " AS (job text, key text, arguments jsonb, due_at timestamptz)) WITH ORDINALITY ORDER BY ordinality)"
)
_NOTIFY: Final = "SELECT pg_notify(CAST(:channel AS text), '')"
_NO_NOTIFY: Final = "SELECT 1"
_STATEMENTS: Final = {
    (audit_log, jobs, notify): text(
        "WITH "
        + ", ".join([_AUDIT_LOG] * audit_log + [_JOBS] * jobs)
        + " "
        + (_NOTIFY if notify else _NO_NOTIFY)
    )
    for audit_log, jobs, notify in (
        (True, False, False),
        (False, True, False),
        (False, True, True),
        (True, True, False),
        (True, True, True),
    )
}


@event.listens_for(Session, "before_flush")
def _insert_in_bulk(session: Session, context: object, instances: object) -> None:
    audit_log = [row for row in session.new if isinstance(row, AuditEntry)]
    jobs = [row for row in session.new if isinstance(row, OutboxMessage)]
    if not audit_log and not jobs:
        return
    for row in (*audit_log, *jobs):
        session.expunge(row)
    parameters: dict[str, object] = {}
    if audit_log:
        parameters["audit_log"] = [_audit_row(row) for row in audit_log]
    if jobs:
        parameters["jobs"] = [_job_row(row) for row in jobs]
    if notify := any(_job_row(row)["due_at"] is None for row in jobs):
        parameters["channel"] = CHANNEL
    session.connection().execute(_STATEMENTS[bool(audit_log), bool(jobs), notify], parameters)


def _audit_row(row: AuditEntry) -> dict[str, object]:
    return {
        "actor_kind": row.actor_kind,
        "actor_id": str(row.actor_id) if row.actor_id else None,
        "actor_name": row.actor_name,
        "action": row.action,
        "subject": row.subject,
        "params": row.params,
    }


def _job_row(row: OutboxMessage) -> dict[str, object]:
    due: datetime | None = row.due_at  # None: PostgreSQL fills in the time of the transaction
    due_at = due.isoformat() if due is not None else None
    return {"job": row.job, "key": row.key, "arguments": row.arguments, "due_at": due_at}
