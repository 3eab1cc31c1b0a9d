"""Random histories of payments: orders, matching and other amounts, webhooks, refunds, hand-overs, time.

After each step the ledger balances, nothing is posted twice, statuses change along allowed transitions, and
each account equals the payments' rows. At the end every provider is asked once more, and all money that came
is booked. The usual run tries a few histories; `make fuzz` (LUMBUNG_FUZZ=1) tries many and longer ones.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from factories import payments as pay
from factories import shop
from factories.shop import CASHIER, TODAY, VISITOR
from gateways import protocol
from gateways.protocol import ProviderError, ProviderStatus, RefundResult
from kernel import clock
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from payments import issue_refund, process_webhooks, provider_calls, state_machine
from payments.models import Payment, PaymentException, PaymentRefund
from payments.rules import SETTLED, TRANSITIONS
from shop import fulfilment, order_payments
from shop.models import Order
from tenants.session import get_tenant

FUZZ: Final = os.environ.get("LUMBUNG_FUZZ") == "1"
KINDS: Final = (
    *("order",) * 6,
    *(
        "top_up",
        "repayment",
        "pays",
        "pays",
        "pays",
        "pays",
        "pays_wrong",
        "ends",
        "gives_back",
        "gives_back",
    ),
    *("look",) * 6,
    *(
        "confirm",
        "confirm",
        "statement",
        "expire",
        "expire_order",
        "hand_over",
        "hand_over",
        "hand_over",
        "cancel",
        "take_back",
    ),
    *(
        "change_method",
        "give_back",
        "give_back",
        "give_back",
        "carry_out",
        "carry_out",
        "hours",
        "settle_exception",
        "call_off_others",
    ),
)
METHODS: Final = ("cash", "bank_transfer", "qris", *pay.GATEWAYS, "savings", "wallet", "kasbon", "payroll")
STOCK: Final = (6, 30, 200)
Step = tuple[str, int, int]
HISTORIES: Final = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 11), st.integers(0, 999)),
    min_size=40,
    max_size=120 if FUZZ else 60,
)


@dataclass
class ProviderState:
    """What a provider knows of one payment: the truth, which our code learns only by asking."""

    status: str = "awaiting"
    amount: int = 0
    currency: str = "IDR"
    refunds: dict[str, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)  # refunds that it said are pending


@dataclass
class World:
    """All providers as one, the goods, and the time."""

    now: datetime
    items: list[UUID]
    provider_states: dict[str, ProviderState] = field(default_factory=dict)
    answer: int = 0

    def of(self, reference: str) -> ProviderState:
        return self.provider_states.setdefault(reference, ProviderState())

    async def status(
        self, provider_account: object, reference: str, provider_reference: str
    ) -> ProviderStatus:
        if self.answer % 11 == 7:
            raise ProviderError("busy", transient=True)
        if self.answer % 53 == 5:
            raise ProviderError("unreadable", transient=False)
        known = self.of(reference)
        paid = known.status == "paid"
        return ProviderStatus(
            payment_status=known.status,  # type: ignore[arg-type]
            reference=reference,
            provider_reference=provider_reference,
            amount=Rupiah(known.amount if paid else 0),
            currency=known.currency,
            fee=Rupiah(self.answer) if paid and self.answer % 3 == 0 else None,
            refunded=Rupiah(sum(known.refunds.values()) if paid else 0),
            disputed=self.answer % 17 == 3,
        )

    async def refund(
        self, provider_account: object, payment: ProviderStatus, amount: Rupiah, key: str, reason: str
    ) -> RefundResult:
        known = self.of(payment.reference)
        if key in known.refunds:
            return RefundResult(status="done", provider_reference=key)
        if self.answer % 5 == 0:
            known.asked[key] = int(amount)
            return RefundResult(status="pending", provider_reference=key)
        left = known.amount - sum(known.refunds.values())
        if self.answer % 5 == 1 or amount > left:
            return RefundResult(status="failed", provider_reference=key, detail="not this time")
        known.refunds[key] = int(amount)
        return RefundResult(status="done", provider_reference=key)

    async def refund_status(
        self, provider_account: object, payment: ProviderStatus, refund_reference: str, key: str
    ) -> RefundResult:
        known = self.of(payment.reference)
        return await self.refund(provider_account, payment, Rupiah(known.asked.get(key, 0)), key, "")


class History:
    """Takes steps, each in a savepoint in place of a request's transaction."""

    def __init__(self, db: AsyncSession, world: World) -> None:
        self.db, self.world = db, world

    async def take(self, kind: str, at: int, number: int) -> None:
        self.world.now += timedelta(seconds=1)
        self.world.answer = number
        with clock.freeze_at(self.world.now):
            try:
                async with self.db.begin_nested():
                    await getattr(self, kind)(at, number)
            except DomainError:
                self.db.expire_all()
            except ProviderError:  # a worker would ask again
                self.db.expire_all()

    async def pick(self, model: type[Any], at: int, *conditions: Any) -> Any:
        found = (await self.db.execute(select(model).where(*conditions).order_by(model.id))).scalars().all()
        return found[at % len(found)] if found else None

    async def at_gateway(self, at: int) -> Payment | None:
        found: Payment | None = await self.pick(Payment, at, Payment.method.in_(pay.GATEWAYS))
        if found is not None and found.provider_reference is None:
            found.provider_reference = f"theirs-{found.reference}"  # as starting it would have
        return found

    async def order(self, at: int, number: int) -> None:
        buyer = await shop.get_member_buyer(self.db, f"000{number % 2 + 1}") if number % 3 else VISITOR
        method = METHODS[number // 3 % len(METHODS)]
        item = self.world.items[at % len(self.world.items)]
        await pay.create_order_payment(self.db, method, buyer=buyer, product_id=item, quantity=1 + number % 3)

    async def top_up(self, at: int, number: int) -> None:
        await pay.open_member_payment(
            self.db, "top_up", ("bank_transfer", "qris", *pay.GATEWAYS)[at % 5], 10_000 + number
        )

    async def repayment(self, at: int, number: int) -> None:
        await pay.open_member_payment(
            self.db, "repayment", ("bank_transfer", "xendit")[at % 2], 10_000 + number
        )

    async def pays(self, at: int, number: int) -> None:
        payment = await self.at_gateway(at)
        if payment is not None and self.world.of(payment.reference).status != "paid":
            self.world.provider_states[payment.reference] = ProviderState("paid", payment.amount)

    async def pays_wrong(self, at: int, number: int) -> None:
        payment = await self.at_gateway(at)
        if payment is not None and self.world.of(payment.reference).status != "paid":
            currency = "USD" if number % 4 == 0 else "IDR"
            amount = payment.amount + (0 if currency == "USD" else number % 7 - 3 or 5)
            self.world.provider_states[payment.reference] = ProviderState("paid", amount, currency)

    async def ends(self, at: int, number: int) -> None:
        payment = await self.at_gateway(at)
        if payment is not None and self.world.of(payment.reference).status == "awaiting":
            self.world.of(payment.reference).status = ("failed", "expired", "cancelled")[number % 3]

    async def gives_back(self, at: int, number: int) -> None:
        """Refund on the provider's own pages."""
        payment = await self.at_gateway(at)
        known = self.world.of(payment.reference) if payment is not None else None
        if known is not None and known.status == "paid":
            left = known.amount - sum(known.refunds.values())
            amount = left if number % 3 == 0 else min(left, 1 + number * 10)
            if amount > 0:
                known.refunds[f"dashboard-{new_id()}"] = amount

    async def look(self, at: int, number: int) -> None:
        payment = await self.at_gateway(at)
        if payment is not None:
            await self.db.flush()
            await provider_calls.sync_status(None, get_tenant(self.db), payment.reference)  # type: ignore[arg-type]

    async def confirm(self, at: int, number: int) -> None:
        payment = await self.pick(Payment, at, Payment.method.in_(("bank_transfer", "qris", "xendit")))
        if payment is not None:
            await state_machine.confirm_by_officer(self.db, CASHIER, payment.reference, on=TODAY)

    async def statement(self, at: int, number: int) -> None:
        payment = await self.pick(Payment, at, Payment.method == "bank_transfer")
        if payment is not None:
            locked = await state_machine.lock_payment(self.db, payment.reference)
            await state_machine.settle_by_statement(self.db, locked, CASHIER, on=TODAY)

    async def expire(self, at: int, number: int) -> None:
        payment = await self.pick(Payment, at)
        if payment is not None:
            await state_machine.expire(self.db, payment.reference)

    async def expire_order(self, at: int, number: int) -> None:
        if (order := await self.pick(Order, at)) is not None:
            await fulfilment.expire_order(self.db, order.id)

    async def call_off_others(self, at: int, number: int) -> None:
        if (order := await self.pick(Order, at)) is not None:
            await fulfilment.cancel_other_payments(self.db, order.id)

    async def hand_over(self, at: int, number: int) -> None:
        if (order := await self.pick(Order, at, Order.status.in_(("placed", "paid")))) is not None:
            await fulfilment.hand_over(self.db, CASHIER, order.number, on=TODAY)

    async def cancel(self, at: int, number: int) -> None:
        if (order := await self.pick(Order, at)) is not None:
            await fulfilment.cancel_order(self.db, CASHIER, order.number, "Percobaan", on=TODAY)

    async def take_back(self, at: int, number: int) -> None:
        if (order := await self.pick(Order, at, Order.status == "handed_over")) is not None:
            await fulfilment.return_order(self.db, CASHIER, order.number, "Percobaan", on=TODAY)

    async def change_method(self, at: int, number: int) -> None:
        if (order := await self.pick(Order, at)) is not None:
            consent = pay.Consent(order.member_id, clock.now()) if order.member_id else None
            method = METHODS[number % len(METHODS)]
            await order_payments.change_payment_method(
                self.db, CASHIER, order.id, method, on=TODAY, consent=consent
            )

    async def give_back(self, at: int, number: int) -> None:
        payment = await self.pick(Payment, at, Payment.status.in_(SETTLED))
        if payment is not None:
            amount = Rupiah(payment.amount - payment.unique_suffix if number % 3 == 0 else 1 + number * 20)
            destination = ("original_method", "by_hand", "wallet")[number % 3 if number % 2 else at % 3]
            give = issue_refund.issue_refund
            await give(
                self.db,
                CASHIER,
                payment.reference,
                amount,
                destination,
                "Percobaan",
                key=str(number),
                on=TODAY,
            )  # type: ignore[arg-type]

    async def carry_out(self, at: int, number: int) -> None:
        refund = await self.pick(PaymentRefund, at, PaymentRefund.status == "pending")
        if refund is not None:
            key = f"payments.refund:{refund.id}:{new_id()}"
            await process_webhooks.execute_refund(None, get_tenant(self.db), key, refund.id)  # type: ignore[arg-type]

    async def hours(self, at: int, number: int) -> None:
        self.world.now += timedelta(hours=(1, 6, 24, 48, 72, 200)[at % 6])

    async def settle_exception(self, at: int, number: int) -> None:
        payment = await self.pick(Payment, at, Payment.id.in_(select(PaymentException.payment_id)))
        if payment is not None:
            await pay.resolve_exceptions(self.db, payment)


def reachable(now: str) -> set[str]:
    """Return the statuses that are reachable from ``now``, itself included."""
    found, todo = {now}, [now]
    while todo:
        fresh = TRANSITIONS[todo.pop()] - found  # type: ignore[index]
        found |= fresh
        todo += fresh
    return found


async def states(db: AsyncSession) -> dict[UUID, str]:
    rows = await db.execute(select(Payment.id, Payment.status))
    return {row.id: row.status for row in rows}


@pytest.fixture
def one_session(db: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that calls providers opens sessions of its own: here each is a savepoint of the test's."""

    @asynccontextmanager
    async def savepoint(*_: object) -> AsyncIterator[AsyncSession]:
        async with db.begin_nested():
            yield db

    for module in (provider_calls, process_webhooks):
        monkeypatch.setattr(module, "coop_session", savepoint)
        monkeypatch.setattr(module, "methods", _Methods(module.methods))


class _Methods:
    """The payment methods, without secrets."""

    def __init__(self, real: Any) -> None:
        self.get_method = real.get_method

    def build_provider_account(self, *_: object) -> None:
        return None


class _ScriptedProvider:
    """A provider's capabilities, with scripted answers."""

    def __init__(self, real: Any, world: World) -> None:
        self.capabilities, self.cancel = real.capabilities, real.cancel
        self.status, self.refund, self.refund_status = world.status, world.refund, world.refund_status


@pytest.mark.slow
@settings(max_examples=300 if FUZZ else 6)
@given(history=HISTORIES)
async def test_no_history_unbalances_doubles_or_loses(
    db: AsyncSession, one_session: None, history: list[Step]
) -> None:
    point = await db.begin_nested()
    try:
        await _live_through(db, history)
    finally:
        await point.rollback()
        db.expunge_all()


async def _live_through(db: AsyncSession, history: list[Step]) -> None:
    await pay.enable_methods(db, fee_percent="0.7", secrets={})
    for method in pay.GATEWAYS:
        row = await db.get(pay.PaymentMethodRow, method)
        assert row is not None
        row.secrets = dict.fromkeys(pay.SECRETS[method], "v1:x:x")  # offered; nobody opens them here
    for number in ("0001", "0002"):
        await pay.grant_credit(db, kasbon=300_000, payroll=300_000, number=number)
        await pay.deposit(db, "2104", 200_000, number)
    items = [(await shop.create_product(db, stock=stock, cost=14_000, price=20_000)).id for stock in STOCK]
    world = World(now=clock.now(), items=items)
    life = History(db, world)
    real = protocol.get_provider
    with pytest.MonkeyPatch.context() as patch:
        for module in (provider_calls, process_webhooks):
            patch.setattr(module, "get_provider", lambda method: _ScriptedProvider(real(method), world))
        before = await states(db)
        for kind, at, number in history:
            await life.take(kind, at, number)
            after = await states(db)
            assert all(after[each] in reachable(before[each]) for each in before), (kind, at, number)
            await pay.assert_invariants(db)
            before = after
        await _ask_for_all(db, life)
    await pay.assert_invariants(db)


async def _ask_for_all(db: AsyncSession, life: History) -> None:
    """After every provider was asked once more, all matching money is booked, and no more."""
    for _ in range(2):
        for payment in (
            (await db.execute(select(Payment).where(Payment.method.in_(pay.GATEWAYS)))).scalars().all()
        ):
            payment.provider_reference = payment.provider_reference or f"theirs-{payment.reference}"
            await db.flush()
            life.world.answer = 1
            with clock.freeze_at(life.world.now):
                await provider_calls.sync_status(None, get_tenant(db), payment.reference)  # type: ignore[arg-type]
    for payment in (
        (await db.execute(select(Payment).where(Payment.method.in_(pay.GATEWAYS)))).scalars().all()
    ):
        known = life.world.of(payment.reference)
        fits = known.status == "paid" and (known.amount, known.currency) == (payment.amount, "IDR")
        assert (payment.status in SETTLED) == fits, payment.reference
        has_exception = (
            await db.execute(select(PaymentException.id).where(PaymentException.payment_id == payment.id))
        ).first() is not None
        if known.status == "paid" and not fits:
            assert has_exception
        refunds = (
            (await db.execute(select(PaymentRefund).where(PaymentRefund.payment_id == payment.id)))
            .scalars()
            .all()
        )
        original_method = [each for each in refunds if each.destination == "original_method"]
        booked = sum(each.amount for each in original_method if each.status == "done")
        gone = sum(known.refunds.values())
        assert booked <= gone
        if fits and not has_exception and all(each.status != "pending" for each in original_method):
            assert booked == gone, payment.reference
