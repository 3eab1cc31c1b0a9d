"""Payments in every state that their page knows, brought about by the use cases. All people are invented."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from factories import shop
from factories.shop import CASHIER, TODAY, VISITOR
from factories.stickers import sticker
from kernel import clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import CASH, MEMBER_RECEIVABLES
from payments import machine, refunding
from payments.credit import terms as credit
from payments.exceptions import raise_exception
from payments.models import Payment, PaymentWayRow
from payments.opening import Ask, open_unoffered
from payments.payer.states import State
from shop.handling import cancel_order

STATES: Final[tuple[State, ...]] = (
    "awaiting",
    "lapsed",
    "under_way",
    "checking",
    "paid",
    "taken_up",
    "in_wallet",
    "owed",
    "partly_refunded",
    "refunded",
    "failed",
    "expired",
    "cancelled",
)
ACCOUNT: Final = "BCA 123-456-7890 a.n. Koperasi Melati"


async def open_ways(db: AsyncSession) -> None:
    """Let a cooperative show its account for transfers, its QRIS and a gateway; the ways of the bylaws are
    all allowed.
    """
    for position, (way, settings, secrets) in enumerate(
        (
            ("bank_transfer", {"account": ACCOUNT}, {}),
            ("qris", {"payload": sticker()}, {}),
            ("kasbon", {}, {}),
            ("payroll", {}, {}),
        )
    ):
        row = PaymentWayRow(way=way, enabled=True, position=position, settings=settings, secrets=secrets)
        await db.merge(row)
    await db.flush()


async def bring_about(
    db: AsyncSession, state: State, way: str = "bank_transfer", *, live: bool = True
) -> Payment:
    """Return the payment of an order that is in this state; "in_wallet" is a member's, all others are a
    visitor's.
    """
    product = await shop.product(db, stock=3, price=75_000, name="Beras merah 5 kg")
    buyer = await shop.member(db) if state == "in_wallet" else VISITOR
    order = await shop.order(db, {product.id: 1}, buyer, way)
    payment = await shop.payment_of(db, order)
    payment = await machine.locked(db, payment.reference)
    payment.live = live
    await db.flush()
    reference = payment.reference
    if state in ("lapsed", "taken_up", "expired"):
        payment.expires_at = clock.now() - timedelta(minutes=3)
        await db.flush()
    if state in ("taken_up", "expired"):
        await machine.expire(db, reference)
    if state in ("in_wallet", "owed"):
        await cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    if state in ("paid", "taken_up", "in_wallet", "owed", "partly_refunded", "refunded"):
        payment = await machine.confirm_by_officer(db, CASHIER, reference, on=TODAY)
    if state in ("partly_refunded", "refunded"):
        amount = Rupiah(20_000 if state == "partly_refunded" else payment.amount)
        key = f"test:{new_id()}"
        await refunding.ask_refund(
            db, CASHIER, payment, amount, "by_hand", "Barang kurang", key=key, on=TODAY
        )
    if state in ("failed", "cancelled"):
        await machine.drop(db, payment, state)  # type: ignore[arg-type]
    if state == "under_way":
        payment.under_way_since = clock.now()
    if state == "checking":
        await raise_exception(db, payment, "amount")
    await db.flush()
    return payment


async def fill_wallet(db: AsyncSession, amount: int, number: str = "0001") -> Payment:
    """Let a member fill their wallet by a transfer that an officer saw."""
    payment = await _own(db, "top_up", "Isi dompet", amount, number)
    return await machine.confirm_by_officer(db, CASHIER, payment.reference, on=TODAY)


async def count_of(db: AsyncSession, purpose: str, subject_id: UUID | None) -> int:
    """Return how many payments were opened for one subject."""
    statement = select(func.count()).where(Payment.purpose == purpose, Payment.subject_id == subject_id)
    return int((await db.execute(statement)).scalar_one())


async def _own(db: AsyncSession, purpose: str, label: str, amount: int, number: str) -> Payment:
    buyer = await shop.member(db, number)
    assert buyer.member_id is not None
    ask = Ask(
        purpose=purpose,
        subject_id=buyer.member_id,
        label=label,
        amount=Rupiah(amount),
        way="bank_transfer",
        payer_name=buyer.name,
        member_id=buyer.member_id,
        key=new_id().hex,
    )
    return await open_unoffered(db, Actor("member", buyer.name), ask, on=TODAY)


async def owe(db: AsyncSession, amount: int, *, limit: int = 500_000, number: str = "0001") -> None:
    """Let an officer grant a member credit, and the member owe a part of it."""
    buyer = await shop.member(db, number)
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
