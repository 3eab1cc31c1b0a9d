"""A refund that its provider does not finish: an officer has it asked about once more, or says that the money
has gone back.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from kernel import clock
from kernel.ids import new_id
from payments import hearing, machine, queries, refunding
from payments.officer import refund_errors
from tenants.session import coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor
    from kernel.database import Database
    from payments.models import Payment, PaymentRefund
    from tenants.registry import TenantRef

# The provider is asked by itself every few minutes first, then every few hours: for so long nobody's word is
# needed.
PATIENCE: Final = timedelta(days=1)


def can_be_told(state: str, asked_at: datetime, now: datetime) -> bool:
    """Whether an officer's word may end a refund: it has been under way for longer than most take."""
    return state == "pending" and asked_at <= now - PATIENCE


async def ask_again(database: Database, tenant: TenantRef, reference: str, refund_id: UUID) -> str:
    """Ask the provider about a refund now; return the state in which it is then.

    Raises DomainError payments.no_such_payment, .no_such_refund, .refund_not_pending; ProviderFault where
    asking again may help.
    """
    async with coop_session(database, tenant) as db:
        _, refund = await _locked(db, reference, refund_id)
        if refund.state != "pending":
            raise refund_errors.REFUND_NOT_PENDING()
    await hearing.carry_out_refund(
        database, tenant, f"payments.refund:{refund_id}:pressed:{new_id()}", refund_id
    )
    async with coop_session(database, tenant) as db:
        _, refund = await _locked(db, reference, refund_id)
        return refund.state


async def take_word(db: AsyncSession, actor: Actor, reference: str, refund_id: UUID, *, on: date) -> None:
    """Book a refund because an officer has seen at the provider that the money has gone back.

    Said again, it changes nothing.

    Raises DomainError payments.no_such_payment, .no_such_refund, .refund_not_pending, .refund_too_young;
    ledger.year_closed, .below_floor.
    """
    payment, refund = await _locked(db, reference, refund_id)
    if refund.state == "done":
        return
    if refund.state != "pending":
        raise refund_errors.REFUND_NOT_PENDING()
    if not can_be_told(refund.state, refund.asked_at, clock.now()):
        raise refund_errors.REFUND_TOO_YOUNG()
    await refunding.finish_refund(db, payment, refund, on=on, by=actor)


async def _locked(db: AsyncSession, reference: str, refund_id: UUID) -> tuple[Payment, PaymentRefund]:
    payment = await machine.locked(db, reference)
    refund = await queries.refund_to_change(db, refund_id)
    if refund is None or refund.payment_id != payment.id:
        raise refund_errors.NO_SUCH_REFUND()
    return payment, refund
