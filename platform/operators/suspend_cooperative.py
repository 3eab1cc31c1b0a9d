"""Suspend a cooperative for a reason, and resume it.

Its data stays as it is and its books stay readable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel import clock
from operators import errors, queries
from operators.audit_log import record_action
from tenants.changes import publish_registry_change

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from tenants.models import Cooperative


async def suspend_cooperative(db: AsyncSession, slug: str, *, reason: str, by: str) -> None:
    """Suspend an active cooperative; every process drops its cached hosts after the commit.

    ``reason`` is shown to the cooperative's officers. Raises DomainError: operators.no_such_cooperative,
    .already_suspended, .not_open, .reason_needed.
    """
    reason = reason.strip()
    if not reason:
        raise errors.REASON_NEEDED()
    cooperative = await _lock_cooperative(db, slug)
    if cooperative.status == "suspended":
        raise errors.ALREADY_SUSPENDED(name=cooperative.name)
    if cooperative.status != "active":
        raise errors.NOT_OPEN(name=cooperative.name)
    cooperative.status = "suspended"
    cooperative.suspended_reason = reason
    cooperative.suspended_at = clock.now()
    record_action(
        db, by=by, action="operators.cooperative_suspended", subject=slug, params={"reason": reason}
    )
    await publish_registry_change(db, cooperative.schema_name)


async def resume_cooperative(db: AsyncSession, slug: str, *, by: str) -> None:
    """Resume a suspended cooperative.

    Raises DomainError: operators.no_such_cooperative, .not_suspended.
    """
    cooperative = await _lock_cooperative(db, slug)
    if cooperative.status != "suspended":
        raise errors.NOT_SUSPENDED(name=cooperative.name)
    cooperative.status = "active"
    cooperative.suspended_reason = None
    cooperative.suspended_at = None
    record_action(db, by=by, action="operators.cooperative_resumed", subject=slug)
    await publish_registry_change(db, cooperative.schema_name)


async def _lock_cooperative(db: AsyncSession, slug: str) -> Cooperative:
    cooperative = await queries.lock_cooperative(db, slug)
    if cooperative is None:
        raise errors.NO_SUCH_COOPERATIVE(slug=slug)
    return cooperative
