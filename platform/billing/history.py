"""Write the history of subscriptions, which the cooperative reads, and the operators' audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from billing.models import BillingEntry

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

LUMBUNG_ACTOR: Final = "Lumbung"  # the actor of background jobs


def record_event(
    db: AsyncSession,
    cooperative_id: UUID,
    action: str,
    *,
    by: str,
    on: date,
    params: Mapping[str, object] | None = None,
) -> None:
    """Add an entry to a subscription's history; ``action`` is a stable dotted name in the past tense."""
    db.add(
        BillingEntry(
            cooperative_id=cooperative_id, on_date=on, by=by, action=action, params=dict(params or {})
        )
    )


async def record_operator_action(
    db: AsyncSession, *, by: str, action: str, subject: str, params: Mapping[str, object] | None = None
) -> None:
    """Add an entry to the operators' audit log; ``subject`` is a cooperative's slug or a coupon code.

    The table belongs to the room ``operators``, which billing does not import.
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
