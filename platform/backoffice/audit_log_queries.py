"""Queries of the audit log page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kernel.database import Reader, like_pattern

PAGE_SIZE = 30


class AuditLogEntry(msgspec.Struct, frozen=True):
    """One entry of the audit log. ``about`` is the stored name, reason or number, or empty;
    ``cause`` a code of ``payments.rules.CLOSING_CAUSES``, or empty.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    about: str
    cause: str


_FOUND = (
    "FROM audit_entries WHERE $1 = '%%' OR actor_name ILIKE $1 OR subject ILIKE $1 OR action ILIKE $1 "
    "OR params->>'name' ILIKE $1"
    " OR params->>'reason' ILIKE $1 OR action = ANY($2::text[])"
    " OR params->>'cause' = ANY($3::text[])"
)


async def list_entries(
    ro: Reader, *, search: str, actions: Sequence[str], causes: Sequence[str], page: int
) -> tuple[list[AuditLogEntry], int]:
    """Return one page of the audit log, newest first, and the total number of entries.

    ``search`` looks in actor, subject, action, name and reason; ``actions`` and
    ``causes`` are those whose label matches it.
    """
    found = (like_pattern(search), list(actions), list(causes))
    rows = await ro.rows(
        AuditLogEntry,
        "SELECT at, actor_name AS actor, action, subject, coalesce(params->>'name', params->>'reason', "
        "params->>'number', '') AS about,"
        " coalesce(params->>'cause', '') AS cause"
        f" {_FOUND} ORDER BY id DESC LIMIT $4 OFFSET $5",
        *found,
        PAGE_SIZE,
        (page - 1) * PAGE_SIZE,
    )
    return rows, int(await ro.value(f"SELECT count(*) {_FOUND}", *found))
