"""Payments in every state that their page knows, brought about by the use cases. All people are invented."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from credit import terms as credit
from factories import shop
from factories.qris_codes import static_qris
from factories.shop import CASHIER, TODAY, VISITOR
from kernel import clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import CASH, MEMBER_RECEIVABLES
from ledger.descriptions import describe
from payments import refund_payment, state_machine
from payments.exceptions_queue import record_exception
from payments.models import Payment, PaymentMethodRow
from payments.open_payment import PaymentRequest, create_test_payment
from payments.payer_status import PayerStatus
from shop.fulfilment import cancel_order

STATES: Final[tuple[PayerStatus, ...]] = (
    "awaiting",
    "lapsed",
    "processing",
    "checking",
    "paid",
    "paid_late",
    "in_wallet",
    "owed",
    "partly_refunded",
    "refunded",
    "failed",
    "expired",
    "cancelled",
)
ACCOUNT: Final = "BCA 123-456-7890 a.n. Koperasi Melati"


async def enable_methods(db: AsyncSession) -> None:
    """Let a cooperative show its account for transfers, its QRIS and a gateway; the ways of the bylaws are
    all allowed.
    """
    for position, (method, settings, secrets) in enumerate(
        (
            ("bank_transfer", {"account": ACCOUNT}, {}),
            ("qris", {"payload": static_qris()}, {}),
            ("kasbon", {}, {}),
            ("payroll", {}, {}),
        )
    ):
        row = PaymentMethodRow(
            method=method, enabled=True, position=position, settings=settings, secrets=secrets
        )
        await db.merge(row)
    await db.flush()


async def create_payment_in_status(
    db: AsyncSession, state: PayerStatus, method: str = "bank_transfer", *, live: bool = True
) -> Payment:
    """Return the payment of an order that is in this state; "in_wallet" is a member's, all others are a
    visitor's.
    """
    product = await shop.create_product(db, stock=3, price=75_000, name="Beras merah 5 kg")
    buyer = await shop.get_member_buyer(db) if state == "in_wallet" else VISITOR
    order = await shop.create_order(db, {product.id: 1}, buyer, method)
    payment = await shop.get_latest_payment(db, order)
    payment = await state_machine.lock_payment(db, payment.reference)
    payment.live = live
    await db.flush()
    reference = payment.reference
    if state in ("lapsed", "paid_late", "expired"):
        payment.expires_at = clock.now() - timedelta(minutes=3)
        await db.flush()
    if state in ("paid_late", "expired"):
        await state_machine.expire(db, reference)
    if state in ("in_wallet", "owed"):
        await cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    if state in ("paid", "paid_late", "in_wallet", "owed", "partly_refunded", "refunded"):
        payment = await state_machine.confirm_by_officer(db, CASHIER, reference, on=TODAY)
    if state in ("partly_refunded", "refunded"):
        amount = Rupiah(20_000 if state == "partly_refunded" else payment.amount)
        key = f"test:{new_id()}"
        await refund_payment.request_refund(
            db, CASHIER, payment, amount, "by_hand", "Barang kurang", key=key, on=TODAY
        )
    if state in ("failed", "cancelled"):
        await state_machine.close_unpaid(db, payment, state)  # type: ignore[arg-type]
    if state == "processing":
        payment.processing_since = clock.now()
    if state == "checking":
        await record_exception(db, payment, "amount")
    await db.flush()
    return payment


async def top_up_wallet(db: AsyncSession, amount: int, number: str = "0001") -> Payment:
    """Let a member fill their wallet by a transfer that an officer saw."""
    payment = await _open_own_payment(db, "top_up", amount, number)
    return await state_machine.confirm_by_officer(db, CASHIER, payment.reference, on=TODAY)


async def count_payments(db: AsyncSession, purpose: str, subject_id: UUID | None) -> int:
    """Return how many payments were opened for one subject."""
    statement = select(func.count()).where(Payment.purpose == purpose, Payment.subject_id == subject_id)
    return int((await db.execute(statement)).scalar_one())


async def _open_own_payment(db: AsyncSession, purpose: str, amount: int, number: str) -> Payment:
    buyer = await shop.get_member_buyer(db, number)
    assert buyer.member_id is not None
    ask = PaymentRequest(
        purpose=purpose,
        subject_id=buyer.member_id,
        label=describe(f"payments.{purpose}"),
        amount=Rupiah(amount),
        method="bank_transfer",
        payer_name=buyer.name,
        member_id=buyer.member_id,
        key=new_id().hex,
    )
    return await create_test_payment(db, Actor("member", buyer.name), ask, on=TODAY)


async def grant_kasbon(db: AsyncSession, amount: int, *, limit: int = 500_000, number: str = "0001") -> None:
    """Let an officer grant a member credit, and the member owe a part of it."""
    buyer = await shop.get_member_buyer(db, number)
    assert buyer.member_id is not None
    await credit.grant_credit(db, CASHIER, buyer.member_id, kasbon=Rupiah(limit), payroll=Rupiah(0))
    if amount:
        lines = [
            JournalLine.to_debit(MEMBER_RECEIVABLES, Rupiah(amount), buyer.member_id),
            JournalLine.to_credit(CASH, Rupiah(amount)),
        ]
        await post_journal(
            db, Journal(TODAY, "Pesanan 77 dibayar, Kasbon", f"test:{new_id()}", lines), by="Rina Kasir"
        )
    await db.flush()
