"""What a payer says of a payment that only an officer can see come in: written down once, and believed by
nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel import audit, clock
from payments import events, machine
from payments.provider import provider_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor


async def say_paid(db: AsyncSession, actor: Actor, reference: str) -> None:
    """Write down that the payer says they have paid, and when they said so first.

    Said again, or of a settled payment, it changes nothing.

    Raises DomainError payments.no_such_payment.
    """
    payment = await machine.locked(db, reference)
    if provider_of(payment.way).capabilities().settles != "officer":
        return
    if payment.said_paid_at is not None or payment.settled_at is not None:
        return
    payment.said_paid_at = clock.now()
    audit.record(db, actor, events.SAID_PAID, subject=f"payment:{reference}", facts={"way": payment.way})
