"""Resolve a pending refund: an officer polls the provider, or confirms that the refund was made."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from kernel import clock
from kernel.ids import new_id
from payments import errors, process_webhooks, queries, refund_payment, state_machine
from tenants.session import coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor
    from kernel.database import Database
    from payments.models import Payment, PaymentRefund
    from tenants.registry import TenantRef

# Jobs poll the provider every few minutes first, then every few hours: until then no officer is needed.
MANUAL_CONFIRMATION_AFTER: Final = timedelta(days=1)


def can_confirm_manually(state: str, requested_at: datetime, now: datetime) -> bool:
    """Return whether an officer may confirm a refund: it has been pending for `MANUAL_CONFIRMATION_AFTER`."""
    return state == "pending" and requested_at <= now - MANUAL_CONFIRMATION_AFTER


async def sync_refund(database: Database, tenant: TenantRef, reference: str, refund_id: UUID) -> str:
    """Poll the provider about a refund now; return the refund's status afterwards.

    Raises DomainError payments.no_such_payment, .no_such_refund, .refund_not_pending; ProviderError where a
    retry may help.
    """
    async with coop_session(database, tenant) as db:
        _, refund = await _lock_refund(db, reference, refund_id)
        if refund.status != "pending":
            raise errors.REFUND_NOT_PENDING()
    await process_webhooks.execute_refund(
        database, tenant, f"payments.refund:{refund_id}:pressed:{new_id()}", refund_id
    )
    async with coop_session(database, tenant) as db:
        _, refund = await _lock_refund(db, reference, refund_id)
        return refund.status


async def confirm_refund(
    db: AsyncSession, actor: Actor, reference: str, refund_id: UUID, *, on: date
) -> None:
    """Book a refund because an officer has seen at the provider that it was made.

    A repeated confirmation changes nothing. Raises DomainError payments.no_such_payment, .no_such_refund,
    .refund_not_pending, .refund_too_young; ledger.year_closed, .below_floor.
    """
    payment, refund = await _lock_refund(db, reference, refund_id)
    if refund.status == "done":
        return
    if refund.status != "pending":
        raise errors.REFUND_NOT_PENDING()
    if not can_confirm_manually(refund.status, refund.requested_at, clock.now()):
        raise errors.REFUND_TOO_RECENT()
    await refund_payment.complete_refund(db, payment, refund, on=on, by=actor)


async def _lock_refund(db: AsyncSession, reference: str, refund_id: UUID) -> tuple[Payment, PaymentRefund]:
    payment = await state_machine.lock_payment(db, reference)
    refund = await queries.get_refund_for_update(db, refund_id)
    if refund is None or refund.payment_id != payment.id:
        raise errors.NO_SUCH_REFUND()
    return payment, refund
