"""Concurrent changes, each on a connection of its own: one posting, one refund, one limit, no deadlock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from banking.import_statement import import_statement
from factories import payments as pay
from factories import shop
from factories.fake_gateways import FakeGateways, run_fake_gateways
from factories.shop import CASHIER, TODAY, VISITOR
from fakes.bank import BankMovement, render_statement
from kernel import clock
from kernel.database import Database
from kernel.errors import DomainError
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger import queries as ledger_queries
from ledger.chart import CASH, OTHER_INCOME
from payments import issue_refund, provider_calls, queries, state_machine
from payments.models import Payment
from payments.process_webhooks import execute_refund
from shop import fulfilment, order_payments, stock
from shop import queries as queries_of_shop
from shop.models import Order
from tenants.registry import TenantRef
from tenants.session import coop_session

Doing = Callable[[AsyncSession], Awaitable[object]]
ATTEMPTS = pytest.mark.parametrize("attempt", range(3))


@pytest.fixture
async def world(database: Database, melati: TenantRef) -> AsyncIterator[FakeGateways]:
    async with run_fake_gateways(database, melati) as opened:
        yield opened


async def at_once(world: FakeGateways, *doings: Doing | Awaitable[object]) -> list[str]:
    """Run all at once, each in a transaction of its own; return "done" or the error code of each.

    A deadlock fails the test.
    """

    async def alone(doing: Doing | Awaitable[object]) -> str:
        try:
            if callable(doing):
                async with coop_session(world.database, world.tenant) as db:
                    await doing(db)
            else:
                await doing
        except DomainError as error:
            return error.code
        return "done"

    return list(await asyncio.gather(*(alone(doing) for doing in doings)))


async def ordered(world: FakeGateways, method: str, **more: object) -> tuple[Order, Payment]:
    async with coop_session(world.database, world.tenant) as db:
        return await pay.create_order_payment(db, method, **more)  # type: ignore[arg-type]


async def now(world: FakeGateways, payment: Payment) -> Payment:
    async with coop_session(world.database, world.tenant) as db:
        return await state_machine.lock_payment(db, payment.reference)


async def confirm(db: AsyncSession, payment: Payment) -> None:
    await state_machine.confirm_by_officer(db, CASHIER, payment.reference, on=TODAY)


async def by_statement(db: AsyncSession, payment: Payment) -> None:
    await state_machine.settle_by_statement(
        db, await state_machine.lock_payment(db, payment.reference), CASHIER, on=TODAY
    )


async def test_a_statement_with_late_money_and_a_checkout_of_its_goods_do_not_lock_each_other_out(
    world: FakeGateways,
) -> None:
    async with coop_session(world.database, world.tenant) as db:
        item = (await shop.create_product(db, stock=5, price=50_000)).id
    _, waiting = await ordered(world, "bank_transfer", product_id=item)
    late_order, late = await ordered(world, "bank_transfer", product_id=item)
    async with coop_session(world.database, world.tenant) as db:
        (await state_machine.lock_payment(db, waiting.reference)).reference = "LAAAAAAAAAA1"
        expired = await state_machine.lock_payment(db, late.reference)
        expired.reference = "LZZZZZZZZZZ1"  # taken last
        await state_machine.close_unpaid(db, expired, "expired")
    came = [BankMovement(clock.now(), each.amount, "TRSF E-BANKING CR") for each in (waiting, late)]

    async def bring(db: AsyncSession) -> None:
        await import_statement(db, CASHIER, "bank_transfer", render_statement("bri", came))

    async def check_out(db: AsyncSession) -> None:
        await stock.reserve(db, {item: 1})
        bringing.append(asyncio.create_task(at_once(world, bring)))
        await asyncio.sleep(0.5)  # the statement has come as far as it can
        lines = [
            JournalLine.to_debit(CASH, Rupiah(1_000)),
            JournalLine.to_credit(OTHER_INCOME, Rupiah(1_000)),
        ]
        await post_journal(
            db, Journal(TODAY, "Dibayar dari simpanan", "test:checkout", lines), by="Sari Wulandari"
        )

    bringing: list[asyncio.Task[list[str]]] = []
    assert await at_once(world, check_out) == ["done"]
    assert await bringing[0] == ["done"]
    async with coop_session(world.database, world.tenant) as db:
        assert (await state_machine.lock_payment(db, "LZZZZZZZZZZ1")).applied_to == "purpose"
        order = await queries_of_shop.find_order_for_update(db, late_order.id)
        assert order is not None
        assert order.status == "paid"


@ATTEMPTS
async def test_confirmed_seen_in_the_statement_and_expired_at_once_it_is_paid_once(
    world: FakeGateways, attempt: int
) -> None:
    order, payment = await ordered(world, "bank_transfer")
    assert payment.expires_at is not None
    doings: list[Doing] = [
        partial(confirm, payment=payment),
        partial(by_statement, payment=payment),
        lambda db: state_machine.expire(db, payment.reference),
        lambda db: fulfilment.expire_order(db, order.id),
        lambda db: fulfilment.confirm_payment(db, CASHIER, order.number, on=TODAY),
    ]
    doings = doings[attempt:] + doings[:attempt]
    with clock.freeze_at(payment.expires_at + timedelta(seconds=1)):
        await at_once(world, *doings)
    assert (await now(world, payment)).status == "paid"
    assert await pay.count_postings(world.database, world.tenant) == 1
    await pay.assert_invariants_in(world.database, world.tenant)


async def test_read_back_five_times_at_once_it_is_posted_once(world: FakeGateways) -> None:
    for method in pay.GATEWAYS:
        _, payment = await world.start_order_payment(method)
        await world.pay(payment)
        look = provider_calls.sync_status
        answers = await asyncio.gather(
            *(look(world.database, world.tenant, payment.reference) for _ in range(5))
        )
        assert sorted(answers) == ["known"] * 4 + ["settled"]
    assert await pay.count_postings(world.database, world.tenant) == 3
    await pay.assert_invariants_in(world.database, world.tenant)


async def test_a_refund_asked_twice_at_once_is_one_and_never_more_than_there_was(world: FakeGateways) -> None:
    order, payment = await ordered(world, "bank_transfer")
    await at_once(world, partial(confirm, payment=payment))
    await at_once(world, lambda db: fulfilment.hand_over(db, CASHIER, order.number, on=TODAY))

    def back(key: str) -> Doing:
        give = issue_refund.issue_refund
        amount = Rupiah(30_000)
        return lambda db: give(db, CASHIER, payment.reference, amount, "by_hand", "Kurang", key=key, on=TODAY)

    assert await at_once(world, back("satu"), back("satu"), back("satu")) == ["done"] * 3
    assert (await now(world, payment)).refunded == 30_000
    assert set(await at_once(world, back("dua"), back("tiga"))) == {"payments.refund_too_much"}
    await pay.assert_invariants_in(world.database, world.tenant)


async def test_a_refund_carried_out_twice_at_once_is_one(world: FakeGateways) -> None:
    for method in pay.GATEWAYS:
        order, payment = await world.start_order_payment(method)
        await world.pay(payment)
        await provider_calls.sync_status(world.database, world.tenant, payment.reference)
        await at_once(
            world,
            partial(fulfilment.cancel_order, actor=CASHIER, number=order.number, reason="Rusak", on=TODAY),
        )
        async with coop_session(world.database, world.tenant) as db:
            refund = (await queries.list_refunds(db, payment.id))[0]
        jobs = [execute_refund(world.database, world.tenant, f"k{at}:{method}", refund.id) for at in range(4)]
        await at_once(world, *jobs)
        assert (await now(world, payment)).status == "refunded"
    await pay.run_due_jobs(world.database)
    await pay.assert_invariants_in(world.database, world.tenant)
    assert sum(each["amount"] for each in world.xendit.refunds.values()) == 49_000


@ATTEMPTS
async def test_purchases_on_credit_at_once_do_not_pass_the_limit(world: FakeGateways, attempt: int) -> None:
    async with coop_session(world.database, world.tenant) as db:
        await pay.grant_credit(db, kasbon=100_000)
        items = [(await shop.create_product(db, stock=10, price=50_000, cost=30_000)).id for _ in range(4)]

    def buy(item: object) -> Doing:
        return lambda db: pay.create_order_payment(db, "kasbon", product_id=item)  # type: ignore[arg-type]

    answers = await at_once(world, *(buy(item) for item in items))
    assert sorted(answers) == ["done", "done", "payments.credit_too_low", "payments.credit_too_low"]
    async with coop_session(world.database, world.tenant) as db:
        assert (
            await ledger_queries.get_balance(db, "1110", (await shop.get_member_buyer(db)).member_id)
            == 98_000
        )
    await pay.assert_invariants_in(world.database, world.tenant)


@ATTEMPTS
async def test_handed_over_while_it_is_called_off_one_of_them_happens(
    world: FakeGateways, attempt: int
) -> None:
    order, payment = await ordered(world, "bank_transfer")
    await at_once(world, partial(confirm, payment=payment))
    doings: list[Doing] = [
        lambda db: fulfilment.hand_over(db, CASHIER, order.number, on=TODAY),
        lambda db: fulfilment.cancel_order(db, CASHIER, order.number, "Batal", on=TODAY),
    ]
    answers = await at_once(world, *(doings if attempt % 2 else doings[::-1]))
    assert sorted(answers) in (["done", "shop.not_cancellable"], ["done", "shop.not_ready"])
    assert (await now(world, payment)).status == ("paid" if "shop.not_cancellable" in answers else "refunded")
    await pay.assert_invariants_in(world.database, world.tenant)


@ATTEMPTS
async def test_handed_over_while_a_refund_is_asked_the_books_know_of_both(
    world: FakeGateways, attempt: int
) -> None:
    order, payment = await ordered(world, "bank_transfer")
    await at_once(world, partial(confirm, payment=payment))
    give = partial(
        issue_refund.issue_refund, actor=CASHIER, reference=payment.reference, destination="by_hand", key="k"
    )

    async def back(db: AsyncSession) -> None:
        await give(db, amount=Rupiah(9_000), reason="Kurang", on=TODAY)

    answers = await at_once(world, lambda db: fulfilment.hand_over(db, CASHIER, order.number, on=TODAY), back)
    assert answers[0] == "done"
    assert answers[1] in ("done", "payments.still_held")
    await pay.assert_invariants_in(world.database, world.tenant)


@ATTEMPTS
async def test_changing_the_way_while_the_old_payment_is_paid_loses_nothing(
    world: FakeGateways, attempt: int
) -> None:
    order, payment = await world.start_order_payment(pay.GATEWAYS[attempt])
    await world.pay(payment)
    look = provider_calls.sync_status(world.database, world.tenant, payment.reference)
    answers = await at_once(
        world,
        look,
        lambda db: order_payments.change_payment_method(db, CASHIER, order.id, "bank_transfer", on=TODAY),
    )
    assert answers[0] == "done"
    assert (await now(world, payment)).status == "paid"
    await pay.run_due_jobs(world.database)
    async with coop_session(world.database, world.tenant) as db:
        left = [each.status for each in await queries.list_subject_payments_for_update(db, "order", order.id)]
        assert left in (["paid"], ["paid", "cancelled"])  # nobody is asked to pay it again
        await pay.assert_invariants(db)


async def test_a_top_up_sent_twice_at_once_is_opened_once(world: FakeGateways) -> None:
    opened = []

    async def send(db: AsyncSession) -> None:
        opened.append((await pay.open_member_payment(db, "top_up", "bank_transfer", key="sama")).id)

    assert await at_once(world, send, send, send) == ["done"] * 3
    assert len(set(opened)) == 1


async def test_unique_sums_stay_unique_when_many_order_at_once(world: FakeGateways) -> None:
    async with coop_session(world.database, world.tenant) as db:
        item = (await shop.create_product(db, stock=50, price=50_000)).id
    sums = []

    async def buy(db: AsyncSession) -> None:
        sums.append(
            (await pay.create_order_payment(db, "bank_transfer", buyer=VISITOR, product_id=item))[1].amount
        )

    assert await at_once(world, *([buy] * 12)) == ["done"] * 12
    assert len(set(sums)) == 12


@pytest.mark.slow
@ATTEMPTS
async def test_late_money_new_orders_and_hand_overs_of_the_same_goods_do_not_lock_each_other_out(
    world: FakeGateways, attempt: int
) -> None:
    """Lock order: payments, orders, goods, ledger. Whoever locks the ledger waits for nothing else."""
    async with coop_session(world.database, world.tenant) as db:
        items = [(await shop.create_product(db, stock=100, price=50_000, cost=30_000)).id for _ in range(2)]
    late, ready = [], []
    for at in range(4):
        order, payment = await ordered(world, "bank_transfer", product_id=items[at % 2])
        async with coop_session(world.database, world.tenant) as db:
            await state_machine.close_unpaid(
                db, await state_machine.lock_payment(db, payment.reference), "expired"
            )
        late.append(payment)
        order, payment = await ordered(world, "bank_transfer", product_id=items[at % 2])
        await at_once(world, partial(confirm, payment=payment))
        ready.append((order, payment))
    back = []
    for at in range(4):
        order, payment = await world.start_order_payment("xendit", product_id=items[at % 2])
        await world.pay(payment)
        await world.refund_at_provider(
            payment, 49_000
        )  # paid and given back before we look for the first time
        back.append(payment)
    doings: list[Doing | Awaitable[object]] = []
    for at in range(4):
        doings += [
            partial(confirm, payment=late[at]),
            partial(
                lambda db, number: fulfilment.hand_over(db, CASHIER, number, on=TODAY),
                number=ready[at][0].number,
            ),
            partial(
                lambda db, item: pay.create_order_payment(db, "savings", product_id=item), item=items[at % 2]
            ),
            provider_calls.sync_status(world.database, world.tenant, back[at].reference),
        ]
    doings = (doings, doings[::-1], doings[::2] + doings[1::2])[attempt]
    assert set(await at_once(world, *doings)) == {"done"}
    await pay.assert_invariants_in(world.database, world.tenant)
