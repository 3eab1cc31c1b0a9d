"""Records refunds that were made in the provider's own dashboard, not requested through us."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from gateways.protocol import get_provider
from kernel import clock
from kernel.actor import Actor
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger.descriptions import describe
from payments import queries, refund_payment, rules
from payments.exceptions_queue import record_exception
from payments.models import Payment, PaymentRefund
from payments.purposes import get_purpose

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def record_external_refund(db: AsyncSession, payment: Payment, refunded: Rupiah, *, on: date) -> None:
    """Book refunds that the provider made without a request of ours. The payment is locked.

    `refunded` is the provider's total in rupiah. A pending refund of ours counts as recorded; its own job
    books it.
    """
    refunds = await queries.list_refunds(db, payment.id)
    recorded = sum(
        each.amount for each in refunds if each.status != "failed" and each.destination == "original_method"
    )
    unrecorded = int(refunded) - recorded
    if unrecorded <= 0 or payment.status not in rules.SETTLED:
        return
    if unrecorded > await refund_payment.get_refundable_amount(db, payment):
        await record_exception(db, payment, "unheard_refund", {"theirs": int(refunded)})
        return
    try:
        async with db.begin_nested():
            await _book(db, payment, refunded, Rupiah(unrecorded), on=on)
    except DomainError as error:
        if error.code != "ledger.below_floor":
            raise
        # the payer has spent the money from the wallet: an officer must ask for it
        await db.refresh(payment)
        await record_exception(db, payment, "unheard_refund", {"theirs": int(refunded)})


async def detect_returned_refund(
    db: AsyncSession, payment: Payment, refunded: Rupiah, *, requested_at: datetime
) -> None:
    """Record an exception if a booked refund was returned to the provider, because the payer's bank rejected
    it.

    `refunded` is the provider's total in rupiah at `requested_at`; refunds completed later are left out of
    the comparison. The payment is locked.
    """
    refunds = await queries.list_refunds(db, payment.id)
    done = [each for each in refunds if each.status == "done" and each.destination == "original_method"]
    recorded = sum(each.amount for each in done if each.ended_at is not None and each.ended_at < requested_at)
    if refunded < recorded:
        # our sum is a parameter, so that a later returned refund is a new exception
        await record_exception(db, payment, "refund_failed", {"theirs": int(refunded), "ours": recorded})


async def _book(
    db: AsyncSession, payment: Payment, refunded: Rupiah, unrecorded: Rupiah, *, on: date
) -> None:
    """Record a refund that the provider made and book it."""
    label = get_provider(payment.method).capabilities().label.localize("id")
    reason = describe("payments.refunded_at_provider", method=payment.method)
    refund = PaymentRefund(
        id=new_id(),
        payment_id=payment.id,
        key=f"refund:{payment.id}:heard:{int(refunded)}",
        amount=int(unrecorded),
        destination="original_method",
        status="pending",
        reason_code=reason.code,
        reason_params=dict(reason.params),
        detail="",
        requested_by=label,
        requested_at=clock.now(),
    )
    db.add(refund)
    await db.flush()
    if (
        payment.refunded + unrecorded >= payment.amount - payment.unique_suffix
        and payment.applied_to == "purpose"
    ):
        await get_purpose(payment.purpose).on_refunded(db, payment, on=on, reason=str(reason))
    await refund_payment.complete_refund(db, payment, refund, on=on, by=Actor("system", label))
