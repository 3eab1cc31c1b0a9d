"""Records a payer's claim to have paid, for payments that an officer confirms. It settles nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateways.protocol import get_provider
from kernel import audit, clock
from payments import events, state_machine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor


async def record_payer_claim(db: AsyncSession, actor: Actor, reference: str) -> None:
    """Record that the payer claims to have paid, and when they first did.

    A repeated claim, or one about a settled payment, changes nothing.

    Raises DomainError payments.no_such_payment.
    """
    payment = await state_machine.lock_payment(db, reference)
    if get_provider(payment.method).capabilities().confirmed_by != "officer":
        return
    if payment.payer_claimed_at is not None or payment.settled_at is not None:
        return
    payment.payer_claimed_at = clock.now()
    audit.record(
        db,
        actor,
        events.PAYER_CLAIMED_PAID,
        subject=f"payment:{reference}",
        params={"method": payment.method},
    )
