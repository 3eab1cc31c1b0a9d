"""Open the payment of an order, and update the order when its payment is paid, closed or refunded.

An order has one open payment at a time. Locks are always taken in this order: the order's payments, the
order, its products, the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from gateways.protocol import get_provider, known_methods
from governance.rules import Bylaws
from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.errors import DomainError
from kernel.locks import is_inserted_row
from kernel.money import Rupiah
from kernel.outbox import enqueue
from ledger.chart import CUSTOMER_ADVANCES, MEMBER_RETURNS, PUBLIC_RETURNS
from ledger.descriptions import describe
from payments import queries as payment_queries
from payments import refund_payment, state_machine
from payments.errors import PAYMENT_PROCESSING
from payments.models import Payment
from payments.open_payment import PaymentRequest, open_payment
from payments.purposes import LedgerAccountRef, register_purpose
from payments.rules import is_expired
from shop import errors, events, queries, rules, stock
from shop.models import Order

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.member_funds import Consent

ORDER: Final = "order"
CASH_PAYMENT_WINDOW: Final = timedelta(days=7)
# An order expires this much later than its payment, so that the provider can be asked once more before the
# stock is released.
EXPIRY_GRACE: Final = timedelta(minutes=15)


async def open_order_payment(
    db: AsyncSession,
    actor: Actor,
    order: Order,
    method: str,
    *,
    on: date,
    consent: Consent | None = None,
    attempt: int = 1,
    bylaws: Bylaws | None = None,
) -> Payment | None:
    """Open the payment of a placed order with this method, and set the order's expiry from the payment's.

    Return None for an order that costs nothing: it is paid at once, or for cash at hand-over. `bylaws` are
    those of `on`, if the caller has read them. Raises DomainError as `payments.open_payment.open_payment`
    does.
    """
    order.payment_method = method
    if order.total == 0:
        if method == "cash":
            await _set_expiry(db, order, order.placed_at + CASH_PAYMENT_WINDOW, attempt)
        else:
            order.status, order.paid_at, order.expires_at = "paid", clock.now(), None
        return None
    request = PaymentRequest(
        purpose=ORDER,
        subject_id=order.id,
        label=describe("shop.order", number=order.number),
        amount=Rupiah(order.total),
        method=method,
        payer_name=order.buyer_name,
        payer_phone=order.buyer_phone,
        member_id=order.member_id,
        key=f"order:{order.id}:{attempt}",
        consent=consent,
        opened_at=order.placed_at if attempt == 1 else None,
    )
    payment = await open_payment(db, actor, request, on=on, bylaws=bylaws)
    if payment.status == "awaiting":
        await _set_expiry(db, order, _deadline(method, payment.expires_at, order.placed_at), attempt)
    else:
        order.expires_at = None
    return payment


def payment_deadline(method: str, total: Rupiah, placed_at: datetime) -> datetime | None:
    """Return when an order placed now with this method expires, or None if it is paid at once.

    An unknown method gives None, too; opening the payment refuses it.
    """
    if method not in known_methods():
        return None
    capabilities = get_provider(method).capabilities()
    if total == 0:
        return placed_at + CASH_PAYMENT_WINDOW if method == "cash" else None
    if capabilities.confirmed_by == "books":
        return None
    return _deadline(
        method, placed_at + capabilities.expires_after if capabilities.expires_after else None, placed_at
    )


def _deadline(method: str, payment_expires_at: datetime | None, placed_at: datetime) -> datetime:
    """Return when an order expires whose payment expires at this time; never later than
    `CASH_PAYMENT_WINDOW`.
    """
    if payment_expires_at is None:
        return placed_at + CASH_PAYMENT_WINDOW
    asks_provider = get_provider(method).capabilities().confirmed_by == "provider"
    # changing the method again and again must not reserve stock without end
    return min(
        payment_expires_at + (EXPIRY_GRACE if asks_provider else timedelta()), placed_at + CASH_PAYMENT_WINDOW
    )


async def _set_expiry(db: AsyncSession, order: Order, until: datetime, attempt: int) -> None:
    """Set an order's expiry and enqueue the job that cancels it then."""
    order.expires_at = until
    key = f"shop.expire_order:{order.id}" + (f":{attempt}" if attempt > 1 else "")
    await enqueue(db, "shop.expire_order", {"order_id": str(order.id)}, due=until, key=key)


async def change_payment_method(
    db: AsyncSession, actor: Actor, order_id: UUID, method: str, *, on: date, consent: Consent | None = None
) -> Payment:
    """Cancel the open payments of an unpaid order and open one with another method.

    Raises DomainError: shop.no_such_order, .already_settled; payments.under_way; as
    `payments.open_payment.open_payment` does.
    """
    before = await payment_queries.list_subject_payments_for_update(db, ORDER, order_id)
    order = await queries.find_order_for_update(db, order_id)
    if order is None:
        raise errors.NO_SUCH_ORDER()
    if order.status != "placed" or order.total == 0:
        raise errors.ALREADY_SETTLED(number=order.number)
    if any(payment.processing_since for payment in before):
        raise PAYMENT_PROCESSING()
    for payment in before:
        await cancel_payment(db, payment, cause="other_method_chosen", by=actor)
    opened = await open_order_payment(
        db, actor, order, method, on=on, consent=consent, attempt=len(before) + 1
    )
    assert opened is not None  # an order that costs nothing was refused above
    return opened


async def cancel_payment(
    db: AsyncSession, payment: Payment, *, by: Actor, why: str = "", cause: str = ""
) -> None:
    """Cancel a locked payment if it is unpaid, and enqueue the job that cancels it at its provider."""
    if await state_machine.close_unpaid(db, payment, "cancelled", why=why, cause=cause, by=by):
        started = payment.provider_reference is not None
        if started and get_provider(payment.method).capabilities().confirmed_by == "provider":
            key = f"payments.close_unpaid:{payment.reference}"
            await enqueue(db, "payments.close_unpaid", {"reference": payment.reference}, key=key)


async def refund_payments(
    db: AsyncSession, actor: Actor, payments: list[Payment], reason: str, *, on: date, key: str
) -> None:
    """Refund the rest of an order's locked payments by the method they were paid with; cancel unpaid ones."""
    for payment in payments:
        await cancel_payment(db, payment, why=reason, by=actor)
        left = await refund_payment.get_refundable_amount(db, payment)
        if left and payment.applied_to == "purpose":
            destination = refund_payment.list_refund_destinations(payment)[0]
            await refund_payment.request_refund(
                db, actor, payment, left, destination, reason, key=f"{key}:{payment.id}", on=on
            )


class OrderPurpose:
    """The payment purpose "order": tells `payments` what a payment does to its order."""

    name = ORDER
    for_goods = True

    async def lock(self, db: AsyncSession, payments: Sequence[Payment]) -> None:
        """Lock the orders of these payments, and the products of orders that would be reinstated."""
        orders = await queries.list_orders_for_update(db, [payment.subject_id for payment in payments])
        goods: set[UUID] = set()
        for order in orders:
            if order.cancelled_for == "unpaid":
                goods.update(await queries.get_order_quantities(db, order.id))
        await queries.get_products_for_update(db, list(goods))

    async def on_paid(self, db: AsyncSession, payment: Payment, *, on: date) -> bool:
        """Mark the order as paid; return False if it cannot take the money.

        An order that expired meanwhile is reinstated if its goods can still be reserved.
        """
        order = await queries.find_order_for_update(db, payment.subject_id)
        if order is None:
            return False
        if order.cancelled_for == "unpaid":
            if not await _reinstate(db, order):
                return False
        elif order.status != "placed":
            return False
        order.status, order.paid_at, order.paid_confirmed_by = "paid", clock.now(), payment.settled_by
        order.payment_method = payment.method
        alone = is_inserted_row(
            db, Order, order.id
        )  # written in this transaction, so it has no other payment
        if not alone and await payment_queries.has_other_awaiting_payment(db, payment):
            # in a job: payments must be locked before the order, which is already locked here
            key = f"shop.cancel_superseded:{payment.id}"
            await enqueue(db, "shop.cancel_superseded", {"order_id": str(order.id)}, key=key)
        return True

    async def on_closed(self, db: AsyncSession, payment: Payment) -> None:
        """Cancel the order if its payment expired, or failed after the order's expiry.

        Before its expiry the buyer may choose another method.
        """
        order = await queries.find_order_for_update(db, payment.subject_id)
        if order is None or order.status != "placed":
            return
        # a processing payment keeps an order open past its expiry, and may then fail
        was_waited_for = payment.status == "failed" or payment.processing_since is not None
        too_late = was_waited_for and is_expired(order.expires_at, clock.now())
        if payment.status == "expired" or too_late:
            await expire_unpaid(db, order)

    async def on_refunded(self, db: AsyncSession, payment: Payment, *, on: date, reason: str) -> None:
        """Cancel an order that is not handed over yet, because the provider refunded all of its payment."""
        order = await queries.find_order_for_update(db, payment.subject_id)
        if order is not None and order.status == "paid":
            await stock.release(db, await queries.get_order_quantities(db, order.id))
            mark_cancelled(order, "refunded", reason)
            audit.record(
                db, SYSTEM, events.ORDER_CANCELLED, subject=f"order:{order.number}", params={"reason": reason}
            )

    async def credit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        """Return the account that the payment is credited to: customer advances."""
        return LedgerAccountRef(CUSTOMER_ADVANCES)

    async def debit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        """Return the account that a refund is debited to.

        Before the hand-over that is customer advances; afterwards sales returns, which also reduce the
        member's basis for SHU.
        """
        order = await queries.find_order_for_update(db, payment.subject_id)
        if order is not None and order.status == "handed_over":
            return (
                LedgerAccountRef(MEMBER_RETURNS, order.member_id)
                if order.member_id
                else LedgerAccountRef(PUBLIC_RETURNS)
            )
        return LedgerAccountRef(CUSTOMER_ADVANCES)

    async def is_unfulfilled(self, db: AsyncSession, payment: Payment) -> bool:
        """Return whether the order is paid and not handed over: its payment is still a customer advance."""
        order = await queries.find_order_for_update(db, payment.subject_id)
        return order is not None and order.status == "paid"


async def expire_unpaid(db: AsyncSession, order: Order) -> None:
    """Cancel a locked order that was not paid in time, and release its stock."""
    await stock.release(db, await queries.get_order_quantities(db, order.id))
    mark_cancelled(order, "unpaid", None)
    audit.record(
        db, SYSTEM, events.ORDER_EXPIRED, subject=f"order:{order.number}", params={"cause": "unpaid"}
    )


def mark_cancelled(order: Order, cause: rules.CancelledFor, reason: str | None) -> None:
    """Set a locked order's status to cancelled; the caller releases its stock and closes its payments."""
    order.status, order.cancelled_at = "cancelled", clock.now()
    order.cancelled_for, order.cancel_reason = cause, reason


async def _reinstate(db: AsyncSession, order: Order) -> bool:
    """Reserve the stock of an expired order again; return False if there is not enough."""
    try:
        async with db.begin_nested():
            await stock.reserve(db, await queries.get_order_quantities(db, order.id))
    except DomainError:
        return False
    order.cancelled_at = order.cancelled_for = order.cancel_reason = None
    audit.record(
        db, SYSTEM, events.ORDER_REINSTATED, subject=f"order:{order.number}", params={"total": order.total}
    )
    return True


register_purpose(OrderPurpose())
