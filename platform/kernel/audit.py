"""The audit log of a cooperative: who did what, stored in the transaction of the change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

import kernel.bulk_insert  # noqa: F401 - writes what is recorded here
from kernel.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

# Entries are never changed: older entries use the former names of these parameters.
FORMER_PARAMS: Final = {"way": "method", "alarm": "exception"}


def current_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's parameters by their current names."""
    return {FORMER_PARAMS.get(name, name): value for name, value in params.items()}


def record(
    db: AsyncSession, actor: Actor, action: str, *, subject: str, params: Mapping[str, object] | None = None
) -> None:
    """Add an entry to the audit log in the session's transaction.

    ``action`` is a stable dotted name in the past tense (``members.admitted``); ``subject`` identifies the
    object that was changed.
    """
    db.add(
        AuditEntry(
            actor_kind=actor.kind,
            actor_id=actor.user_id,
            actor_name=actor.name,
            action=action,
            subject=subject,
            params=dict(params or {}),
        )
    )


async def was_recorded(db: AsyncSession, actor: Actor, action: str, *, subject: str) -> bool:
    """Return whether the audit log has an entry of this actor, action and subject."""
    statement = select(AuditEntry.id).where(
        AuditEntry.subject == subject,
        AuditEntry.action == action,
        AuditEntry.actor_kind == actor.kind,
        AuditEntry.actor_id.is_not_distinct_from(actor.user_id),
    )
    return (await db.execute(statement.limit(1))).first() is not None
