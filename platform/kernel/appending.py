"""Rows that are only ever added and that nobody waits for: a cooperative's trail, and jobs.

All that a flush holds goes in one round trip.

They are added to the session like any other row, so that they come and go with its transaction and its
savepoints; what SQLAlchemy would insert table by table, and jobs one by one, is written here as one
statement.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from kernel.models import AuditEntry, OutboxMessage

if TYPE_CHECKING:
    from datetime import datetime

CHANNEL: Final = "lumbung_outbox"

_TRAIL: Final = (
    "trail AS (INSERT INTO audit_entries (actor_kind, actor_id, actor_name, action, subject, facts)"
    " SELECT actor_kind, actor_id, actor_name, action, subject, facts FROM ROWS FROM "
    "(jsonb_to_recordset(CAST(:trail AS jsonb))"
    " AS (actor_kind text, actor_id uuid, actor_name text, action text, subject text, facts jsonb)) "
    "WITH ORDINALITY ORDER BY ordinality)"
)
_JOBS: Final = (
    "jobs AS (INSERT INTO shared.outbox (job, key, arguments, due_at)"
    " SELECT job, key, arguments, coalesce(due_at, now()) FROM ROWS FROM "
    "(jsonb_to_recordset(CAST(:jobs AS jsonb))"
    " AS (job text, key text, arguments jsonb, due_at timestamptz)) WITH ORDINALITY ORDER BY ordinality)"
)
_TELL: Final = "SELECT pg_notify(CAST(:channel AS text), '')"
_WRITTEN: Final = "SELECT 1"
_STATEMENTS: Final = {
    (trail, jobs, told): text(
        "WITH " + ", ".join([_TRAIL] * trail + [_JOBS] * jobs) + " " + (_TELL if told else _WRITTEN)
    )
    for trail, jobs, told in (
        (True, False, False),
        (False, True, False),
        (False, True, True),
        (True, True, False),
        (True, True, True),
    )
}


@event.listens_for(Session, "before_flush")
def _append(session: Session, context: object, instances: object) -> None:
    trail = [row for row in session.new if isinstance(row, AuditEntry)]
    jobs = [row for row in session.new if isinstance(row, OutboxMessage)]
    if not trail and not jobs:
        return
    for row in (*trail, *jobs):
        session.expunge(row)
    parameters = {}
    if trail:
        parameters["trail"] = json.dumps([_entry(row) for row in trail])
    if jobs:
        parameters["jobs"] = json.dumps([_job(row) for row in jobs])
    if told := any(_job(row)["due_at"] is None for row in jobs):
        parameters["channel"] = CHANNEL
    session.connection().execute(_STATEMENTS[bool(trail), bool(jobs), told], parameters)


def _entry(row: AuditEntry) -> dict[str, object]:
    return {
        "actor_kind": row.actor_kind,
        "actor_id": str(row.actor_id) if row.actor_id else None,
        "actor_name": row.actor_name,
        "action": row.action,
        "subject": row.subject,
        "facts": row.facts,
    }


def _job(row: OutboxMessage) -> dict[str, object]:
    due: datetime | None = row.due_at  # None until PostgreSQL fills in the moment of the transaction
    due_at = due.isoformat() if due is not None else None
    return {"job": row.job, "key": row.key, "arguments": row.arguments, "due_at": due_at}
