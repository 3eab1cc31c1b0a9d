"""Concurrent changes, each on a connection of its own: the second one sees the result of the first."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from factories import shop
from factories.shop import CASHIER, TODAY
from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from shop import fulfilment, stock
from shop.adjust_stock import count_stock, receive_goods
from tenants.registry import TenantRef
from tenants.session import coop_session

OFFICERS = CASHIER, Actor("officer", "Wayan Kasir", new_id())
Doing = Callable[[AsyncSession], Awaitable[object]]


async def at_once(database: Database, tenant: TenantRef, *doings: Doing) -> list[str]:
    """Run all at once, each in its own transaction; return "done" or the error code of each."""

    async def alone(doing: Doing) -> str:
        try:
            async with coop_session(database, tenant) as db:
                await doing(db)
        except DomainError as error:
            return error.code
        return "done"

    return await asyncio.gather(*(alone(doing) for doing in doings))


async def new_product(database: Database, tenant: TenantRef, units: int) -> UUID:
    async with coop_session(database, tenant) as db:
        return (await shop.create_product(db, stock=units)).id


async def agree(database: Database, tenant: TenantRef) -> None:
    async with coop_session(database, tenant) as db:
        await shop.assert_books_agree(db)


async def test_the_last_piece_goes_to_one_of_many(database: Database, melati: TenantRef) -> None:
    product = await new_product(database, melati, 2)
    answers = await at_once(
        database, melati, *(lambda db: shop.create_order(db, {product: 1}) for _ in range(5))
    )
    assert sorted(answers) == ["done", "done", *["shop.stock_too_low"] * 3]
    await agree(database, melati)


async def test_who_waits_for_the_last_goods_gets_what_is_given_back_meanwhile(
    database: Database, melati: TenantRef
) -> None:
    product = await new_product(database, melati, 5)
    async with coop_session(database, melati) as db:
        await stock.reserve(db, {product: 5})
    given_back = asyncio.Event()

    async def give_back(db: AsyncSession) -> None:
        await stock.release(db, {product: 5})
        given_back.set()
        await asyncio.sleep(0.5)  # the other waits for this row by now

    async def ask(db: AsyncSession) -> None:
        await given_back.wait()
        await stock.reserve(db, {product: 3})

    assert await at_once(database, melati, give_back, ask) == ["done", "done"]
    async with coop_session(database, melati) as db:
        left = (as_reader(db)).value("SELECT reserved FROM products WHERE id = $1", product)
        assert await left == 3


async def test_goods_in_opposite_order_do_not_lock_each_other_out(
    database: Database, melati: TenantRef
) -> None:
    one, other = await new_product(database, melati, 50), await new_product(database, melati, 50)
    doings: list[Doing] = []
    for _ in range(4):
        doings += [
            lambda db: shop.create_order(db, {one: 1, other: 1}),
            lambda db: shop.create_order(db, {other: 1, one: 1}),
        ]
    assert await at_once(database, melati, *doings) == ["done"] * 8
    await agree(database, melati)


async def test_two_orders_from_the_same_savings(database: Database, melati: TenantRef) -> None:
    product = await new_product(database, melati, 200)

    async def spend(db: AsyncSession) -> None:
        await shop.create_order(
            db, {product: 40}, await shop.get_member_buyer(db), "savings"
        )  # Rp392.000 of Rp500.000

    answers = sorted(await at_once(database, melati, spend, spend, spend))
    assert answers[0] == "done"
    assert set(answers[1:]) <= {"payments.savings_too_low", "payments.balance_spent"}
    async with coop_session(database, melati) as db:
        assert (
            await ledger_queries.get_balance(db, "2111", (await shop.get_member_buyer(db)).member_id)
            == 108_000
        )
    await agree(database, melati)


async def test_the_same_checkout_sent_at_once_is_one_order(database: Database, melati: TenantRef) -> None:
    product = await new_product(database, melati, 5)
    numbers = []

    async def send(db: AsyncSession) -> None:
        numbers.append((await shop.create_order(db, {product: 2}, key="once")).number)

    assert await at_once(database, melati, send, send, send) == ["done"] * 3
    assert len(set(numbers)) == 1
    await agree(database, melati)


async def placed(database: Database, tenant: TenantRef, method: str) -> int:
    product = await new_product(database, tenant, 5)
    async with coop_session(database, tenant) as db:
        return (await shop.create_order(db, {product: 2}, method=method)).number  # type: ignore[dict-item]


async def test_a_payment_confirmed_by_two_officers_at_once_counts_once(
    database: Database, melati: TenantRef
) -> None:
    number = await placed(database, melati, "bank_transfer")
    confirm = [partial(fulfilment.confirm_payment, actor=each, number=number, on=TODAY) for each in OFFICERS]
    assert sorted(await at_once(database, melati, *confirm)) == ["done", "shop.not_awaiting_payment"]
    await agree(database, melati)


@pytest.mark.parametrize("attempt", range(3))
async def test_hand_over_and_calling_off_at_once_leave_one_of_them(
    database: Database, melati: TenantRef, attempt: int
) -> None:
    number = await placed(database, melati, "cash")
    answers = await at_once(
        database,
        melati,
        lambda db: fulfilment.hand_over(db, CASHIER, number, on=TODAY),
        lambda db: fulfilment.cancel_order(db, CASHIER, number, "Tidak jadi", on=TODAY),
    )
    assert answers in (["done", "shop.not_cancellable"], ["shop.not_ready", "done"])
    await agree(database, melati)


async def test_handed_over_twice_at_once_leaves_the_shelf_once(database: Database, melati: TenantRef) -> None:
    number = await placed(database, melati, "cash")
    give = [partial(fulfilment.hand_over, actor=each, number=number, on=TODAY) for each in OFFICERS]
    assert sorted(await at_once(database, melati, *give)) == ["done", "shop.not_ready"]
    await agree(database, melati)


async def test_returned_twice_at_once_comes_back_once(database: Database, melati: TenantRef) -> None:
    number = await placed(database, melati, "cash")
    async with coop_session(database, melati) as db:
        await fulfilment.hand_over(db, CASHIER, number, on=TODAY)
    back = [
        partial(fulfilment.return_order, actor=each, number=number, reason="Rusak", on=TODAY)
        for each in OFFICERS
    ]
    assert sorted(await at_once(database, melati, *back)) == ["done", "shop.not_cancellable"]
    await agree(database, melati)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_the_books_agree_after_any_history(database: Database, melati: TenantRef, seed: int) -> None:
    dice = random.Random(seed)
    products = [await new_product(database, melati, dice.randint(0, 30)) for _ in range(3)]
    methods = ["cash", "bank_transfer", "savings"]

    def step() -> Doing:
        product, kind = dice.choice(products), dice.randrange(8)
        quantity, method, key, cost = (
            dice.randint(1, 4),
            dice.choice(methods),
            new_id().hex,
            Rupiah(dice.randint(1, 9_999)),
        )
        pick = dice.random()

        async def act(db: AsyncSession) -> object:
            if kind <= 2:
                goods = dict.fromkeys(dice.sample(products, 2), quantity)
                return await shop.create_order(
                    db,
                    goods,
                    await shop.get_member_buyer(db) if method == "savings" else shop.VISITOR,
                    method,
                )  # type: ignore[arg-type]
            if kind == 3:
                return await receive_goods(
                    db,
                    CASHIER,
                    product,
                    quantity=quantity,
                    unit_cost=cost,
                    paid_from="credit",
                    on=TODAY,
                    key=key,  # type: ignore[arg-type]
                )
            if kind == 4:
                shown = await as_reader(db).value("SELECT stock FROM products WHERE id = $1", product)
                counted = max(0, shown + dice.randint(-1, 1))
                return await count_stock(
                    db, CASHIER, product, counted=counted, expected_stock=shown, on=TODAY, key=key
                )  # type: ignore[arg-type]
            numbers = await as_reader(db).records("SELECT number FROM orders ORDER BY number")
            if not numbers:
                return None
            number = numbers[int(pick * len(numbers))]["number"]
            if kind == 5:
                return await fulfilment.confirm_payment(db, CASHIER, number, on=TODAY)
            if kind == 6:
                return await fulfilment.hand_over(db, CASHIER, number, on=TODAY)
            doing = fulfilment.return_order if pick > 0.5 else fulfilment.cancel_order
            return await doing(db, CASHIER, number, "Percobaan", on=TODAY)

        return act

    done = 0
    for _ in range(25):
        answers = await at_once(database, melati, *(step() for _ in range(4)))
        done += answers.count("done")
        await agree(database, melati)
    assert done > 25
