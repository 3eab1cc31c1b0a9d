"""How an order is paid: by one payment at a time, opened here, and what becomes of the order when its money
comes or does not come.

Locks are always taken in one order: the order's payments, the order, its goods, the books.
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
from kernel.locks import is_written_row
from kernel.money import Rupiah
from kernel.outbox import enqueue
from ledger.chart import CUSTOMER_ADVANCES, MEMBER_RETURNS, PUBLIC_RETURNS
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
# An order outlives its payment by this, so that a provider can be asked once more before the goods are given
# to others.
EXPIRY_GRACE: Final = timedelta(minutes=15)
PAID_BY_OTHER_METHOD: Final = "sudah dibayar dengan cara lain"


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
    """Open the payment of a placed order by this way, and let the order wait as long as the payment does.

    None for an order that costs nothing: it is paid, or waits to be fetched. ``bylaws`` are those of ``on``,
    where they are known. Raises DomainError as ``payments.open_payment.open_payment`` does.
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
        label=f"Pesanan {order.number}",
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
    """How long an order waits whose first payment by this way is opened as it is placed; None for one that is
    paid at once, or never.
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
    if payment_expires_at is None:
        return placed_at + CASH_PAYMENT_WINDOW
    asks_provider = get_provider(method).capabilities().confirmed_by == "provider"
    # another way chosen again and again does not keep goods from others for ever
    return min(
        payment_expires_at + (EXPIRY_GRACE if asks_provider else timedelta()), placed_at + CASH_PAYMENT_WINDOW
    )


async def _set_expiry(db: AsyncSession, order: Order, until: datetime, attempt: int) -> None:
    """Let an order wait for its buyer, and call it off then."""
    order.expires_at = until
    key = f"shop.expire_order:{order.id}" + (f":{attempt}" if attempt > 1 else "")
    await enqueue(db, "shop.expire_order", {"order_id": str(order.id)}, due=until, key=key)


async def change_payment_method(
    db: AsyncSession, actor: Actor, order_id: UUID, method: str, *, on: date, consent: Consent | None = None
) -> Payment:
    """Let a buyer pay an order that is not paid yet by another way: the payment before it waits no more.

    Raises DomainError: shop.no_such_order, .already_settled; payments.under_way; as
    ``payments.open_payment.open_payment`` does.
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
        await cancel_payment(db, payment, why="cara lain dipilih", by=actor)
    opened = await open_order_payment(
        db, actor, order, method, on=on, consent=consent, attempt=len(before) + 1
    )
    assert opened is not None  # an order that costs nothing was refused above
    return opened


async def cancel_payment(db: AsyncSession, payment: Payment, *, why: str, by: Actor) -> None:
    """Let a locked payment wait no more, and have its provider told."""
    if await state_machine.close_unpaid(db, payment, "cancelled", why=why, by=by):
        started = payment.provider_reference is not None
        if started and get_provider(payment.method).capabilities().confirmed_by == "provider":
            key = f"payments.close_unpaid:{payment.reference}"
            await enqueue(db, "payments.close_unpaid", {"reference": payment.reference}, key=key)


async def refund_payments(
    db: AsyncSession, actor: Actor, payments: list[Payment], reason: str, *, on: date, key: str
) -> None:
    """Give back all that an order's locked payments have brought, each the way it came; those that still wait
    are called off.
    """
    for payment in payments:
        await cancel_payment(db, payment, why=reason, by=actor)
        left = await refund_payment.get_refundable_amount(db, payment)
        if left and payment.applied_to == "purpose":
            destination = refund_payment.list_refund_destinations(payment)[0]
            await refund_payment.request_refund(
                db, actor, payment, left, destination, reason, key=f"{key}:{payment.id}", on=on
            )


class OrderPurpose:
    """The purpose "order": an order takes its money once, while it is still there to be handed over."""

    name = ORDER
    for_goods = True

    async def lock(self, db: AsyncSession, payments: Sequence[Payment]) -> None:
        """The orders, and the goods of those that would be taken up again."""
        orders = await queries.list_orders_for_update(db, [payment.subject_id for payment in payments])
        goods: set[UUID] = set()
        for order in orders:
            if order.cancelled_for == "unpaid":
                goods.update(await queries.get_order_quantities(db, order.id))
        await queries.get_products_for_update(db, list(goods))

    async def on_paid(self, db: AsyncSession, payment: Payment, *, on: date) -> bool:
        """Mark the order paid. One that expired meanwhile is taken up again if its goods are still there."""
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
        alone = is_written_row(db, Order, order.id)  # no other payment can have been opened for it
        if not alone and await payment_queries.has_other_awaiting_payment(db, payment):
            # by a job: payments are locked before the order, and we hold it
            key = f"shop.cancel_superseded:{payment.id}"
            await enqueue(db, "shop.cancel_superseded", {"order_id": str(order.id)}, key=key)
        return True

    async def on_closed(self, db: AsyncSession, payment: Payment) -> None:
        """Call the order off when its time is up; after a failure the buyer may choose another way until
        then.
        """
        order = await queries.find_order_for_update(db, payment.subject_id)
        if order is None or order.status != "placed":
            return
        # an order outlasts its time while money is under way, which then may fail
        was_waited_for = payment.status == "failed" or payment.processing_since is not None
        too_late = was_waited_for and is_expired(order.expires_at, clock.now())
        if payment.status == "expired" or too_late:
            await expire_unpaid(db, order)

    async def on_refunded(self, db: AsyncSession, payment: Payment, *, on: date, reason: str) -> None:
        """Call off an order that is not handed over yet: all its money went back at the provider."""
        order = await queries.find_order_for_update(db, payment.subject_id)
        if order is not None and order.status == "paid":
            await stock.release(db, await queries.get_order_quantities(db, order.id))
            mark_cancelled(order, "refunded", reason)
            audit.record(
                db, SYSTEM, events.ORDER_CANCELLED, subject=f"order:{order.number}", params={"reason": reason}
            )

    async def credit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        return LedgerAccountRef(CUSTOMER_ADVANCES)

    async def debit_account(self, db: AsyncSession, payment: Payment) -> LedgerAccountRef:
        """Before the hand-over it is the customer's advance; after it, a return on sales, which takes the
        member's SHU basis back.
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
        """Paid and not handed over yet: its goods are promised, and its money is the customer's advance."""
        order = await queries.find_order_for_update(db, payment.subject_id)
        return order is not None and order.status == "paid"


async def expire_unpaid(db: AsyncSession, order: Order) -> None:
    """Call a locked order off whose money did not come in time."""
    await stock.release(db, await queries.get_order_quantities(db, order.id))
    mark_cancelled(order, "unpaid", None)
    params = {"reason": rules.NOT_PAID_IN_TIME.localize("id")}
    audit.record(db, SYSTEM, events.ORDER_EXPIRED, subject=f"order:{order.number}", params=params)


def mark_cancelled(order: Order, cause: rules.CancelledFor, reason: str | None) -> None:
    """Write down that a locked order is called off, and why; its goods and its payments are the caller's."""
    order.status, order.cancelled_at = "cancelled", clock.now()
    order.cancelled_for, order.cancel_reason = cause, reason


async def _reinstate(db: AsyncSession, order: Order) -> bool:
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
