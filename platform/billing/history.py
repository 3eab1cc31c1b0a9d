"""What was done to a subscription: its own history, which the cooperative reads, and the operators' trail
where an operator did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from billing.models import BillingEntry

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

LUMBUNG_ACTOR: Final = "Lumbung"  # who acts when a job does


def record_event(
    db: AsyncSession,
    cooperative_id: UUID,
    action: str,
    *,
    by: str,
    on: date,
    params: Mapping[str, object] | None = None,
) -> None:
    """Add to the history: ``action`` is a stable dotted name in the past tense."""
    db.add(
        BillingEntry(
            cooperative_id=cooperative_id, on_date=on, by=by, action=action, params=dict(params or {})
        )
    )


async def record_operator_action(
    db: AsyncSession, *, by: str, action: str, subject: str, params: Mapping[str, object] | None = None
) -> None:
    """Add to the operators' trail (a table of the room ``operators``, on the same floor); ``subject`` is a
    slug.
    """
    await db.execute(
        text(
            "INSERT INTO shared.operator_actions (operator, action, subject, params)"
            " VALUES (:by, :action, :subject, CAST(:params AS jsonb))"
        ),
        {
            "by": by,
            "action": action,
            "subject": subject,
            "params": dict(params or {}),
        },
    )
