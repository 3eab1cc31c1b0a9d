"""Review new cooperatives whose name resembles another's: an operator approves or rejects them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel import clock
from operators import errors, queries
from operators.audit_log import record_action
from tenants.changes import publish_registry_change

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from tenants.models import Cooperative


async def approve_cooperative(db: AsyncSession, slug: str, *, by: str) -> None:
    """Approve a cooperative whose name waited for review, which opens it.

    Raises DomainError: operators.no_such_cooperative, .not_waiting.
    """
    cooperative = await _lock_waiting(db, slug)
    cooperative.status = "active"
    cooperative.released_at = clock.now()
    record_action(
        db,
        by=by,
        action="operators.founding_released",
        subject=slug,
        params={"resembles": cooperative.resembles},
    )
    await publish_registry_change(db, cooperative.schema_name)


async def reject_cooperative(db: AsyncSession, slug: str, *, reason: str, by: str) -> None:
    """Reject a cooperative for its name; it stays closed and is removed after a week.

    ``reason`` is shown at its address. Raises DomainError: operators.no_such_cooperative, .not_waiting,
    .reason_needed.
    """
    reason = reason.strip()
    if not reason:
        raise errors.REASON_NEEDED()
    cooperative = await _lock_waiting(db, slug)
    cooperative.status = "refused"
    cooperative.suspended_reason = reason
    cooperative.suspended_at = clock.now()
    record_action(db, by=by, action="operators.founding_refused", subject=slug, params={"reason": reason})
    await publish_registry_change(db, cooperative.schema_name)


async def _lock_waiting(db: AsyncSession, slug: str) -> Cooperative:
    cooperative = await queries.lock_cooperative(db, slug)
    if cooperative is None:
        raise errors.NO_SUCH_COOPERATIVE(slug=slug)
    if cooperative.status != "waiting":
        raise errors.NOT_WAITING(name=cooperative.name)
    return cooperative
