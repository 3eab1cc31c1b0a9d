"""The exceptions queue: problems of payments that an officer must check.

An exception is a row that stays open until it is resolved. A payment has at most one row for the same reason
and parameters. Callers lock the payment, as in the state machine; nothing here posts or commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.ids import new_id
from payments import errors, events
from payments.models import PaymentException

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments import rules
    from payments.models import Payment


async def record_exception(
    db: AsyncSession,
    payment: Payment,
    reason: rules.ExceptionReason,
    params: Mapping[str, object] | None = None,
) -> rules.ProcessingOutcome:
    """Add an exception of a payment to the officers' queue; return the outcome "exception".

    The same reason and parameters again change nothing, whether the first is open or resolved.
    """
    row = {
        "id": new_id(),
        "payment_id": payment.id,
        "reason": reason,
        "params": dict(params or {}),
        "raised_at": clock.now(),
    }
    statement = insert(PaymentException).values(row).on_conflict_do_nothing().returning(PaymentException.id)
    if (await db.execute(statement)).first() is not None:
        _record(db, SYSTEM, payment, events.EXCEPTION_RAISED, reason, params or {})
    return "exception"


async def resolve_exception(
    db: AsyncSession, actor: Actor, payment: Payment, exception_id: UUID, note: str
) -> None:
    """Resolve one exception of a payment, with a note of what was done.

    Raises DomainError payments.reason_needed, .no_such_exception, .exception_settled.
    """
    if not note.strip():
        raise errors.REASON_NEEDED(field="note")
    found = await db.get(PaymentException, exception_id, with_for_update=True, populate_existing=True)
    if found is None or found.payment_id != payment.id:
        raise errors.NO_SUCH_EXCEPTION()
    if found.settled_at is not None:
        raise errors.EXCEPTION_ALREADY_RESOLVED(name=found.settled_by)
    _resolve(db, actor, payment, found, note.strip())


async def resolve_refund_exceptions(
    db: AsyncSession, actor: Actor, payment: Payment, refunds: Collection[UUID]
) -> None:
    """Resolve the open exceptions about these refunds, without a note, because `actor` has just completed
    them.
    """
    names = {str(each) for each in refunds}
    for each in await list_open_exceptions_of(db, payment.id):
        if each.params.get("refund") in names:
            _resolve(db, actor, payment, each, "")


async def list_open_exceptions_of(db: AsyncSession, payment_id: UUID) -> list[PaymentException]:
    """Return the open exceptions of a payment, oldest first."""
    statement = select(PaymentException).where(
        PaymentException.payment_id == payment_id, PaymentException.settled_at.is_(None)
    )
    return list((await db.execute(statement.order_by(PaymentException.id))).scalars())


def _resolve(
    db: AsyncSession, actor: Actor, payment: Payment, exception: PaymentException, note: str
) -> None:
    exception.settled_at, exception.settled_by, exception.note = clock.now(), actor.name, note
    _record(
        db,
        actor,
        payment,
        events.EXCEPTION_RESOLVED,
        exception.reason,
        {"note": note} if note else exception.params,
    )


def _record(
    db: AsyncSession, by: Actor, payment: Payment, action: str, reason: str, params: Mapping[str, object]
) -> None:
    facts = {"method": payment.method, "amount": payment.amount, **params, "exception": reason}
    audit.record(db, by, action, subject=f"payment:{payment.reference}", params=facts)
