from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from factories import shop
from factories.shop import CASHIER, TODAY, VISITOR
from kernel import clock
from kernel.actor import Actor
from kernel.database import as_reader
from kernel.errors import DomainError
from kernel.ids import new_id
from ledger import queries as ledger_queries
from payments.queries import find_latest_payment
from shop import fulfilment, order_payments, rules
from shop.place_order import Buyer, Checkout, place_order

COLLEAGUE = Actor("officer", "Wayan Kasir", new_id())


async def lines(db: AsyncSession, journal: int | None) -> list[tuple[str, int, int]]:
    assert journal is not None
    return [
        (line.account, line.debit, line.credit)
        for line in await ledger_queries.list_journal_lines(db, journal)
    ]


async def refused(code: str, doing: object) -> None:
    with pytest.raises(DomainError) as error:
        await doing  # type: ignore[misc]
    assert error.value.code == code


async def test_a_visitor_orders_at_the_public_price_and_stock_is_promised(db: AsyncSession) -> None:
    product = await shop.create_product(db, stock=5)
    order = await shop.create_order(db, {product.id: 2})
    assert (order.status, order.total, order.member_id) == ("placed", 20_000, None)
    assert (product.stock, product.reserved) == (5, 2)
    await shop.assert_books_agree(db)


async def test_a_member_pays_the_members_price(db: AsyncSession) -> None:
    product = await shop.create_product(db, price=10_000)
    order = await shop.create_order(db, {product.id: 1}, await shop.get_member_buyer(db))
    assert order.total == 9_800


async def test_sent_twice_is_one_order(db: AsyncSession) -> None:
    product = await shop.create_product(db, stock=5)
    first = await shop.create_order(db, {product.id: 2}, key="same")
    second = await shop.create_order(db, {product.id: 2}, key="same")
    assert first.id == second.id
    assert product.reserved == 2


async def test_the_last_piece_is_not_sold_twice(db: AsyncSession) -> None:
    product = await shop.create_product(db, stock=1)
    await shop.create_order(db, {product.id: 1})
    await refused("shop.stock_too_low", shop.create_order(db, {product.id: 1}))


async def test_a_cash_order_is_paid_and_handed_over_in_one_step(db: AsyncSession) -> None:
    product = await shop.create_product(db, stock=3, cost=7_000)
    order = await shop.create_order(db, {product.id: 2})
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    assert (order.status, product.stock, product.reserved, product.stock_value) == (
        "handed_over",
        1,
        0,
        7_000,
    )
    payment = await shop.get_latest_payment(db, order)
    assert (payment.status, payment.settled_by) == ("paid", CASHIER.name)
    assert await lines(db, payment.journal) == [("1101", 20_000, 0), ("2103", 0, 20_000)]
    assert await lines(db, order.sale_journal) == [
        ("2103", 20_000, 0),
        ("4201", 0, 20_000),
        ("5201", 14_000, 0),
        ("1130", 0, 14_000),
    ]
    await shop.assert_books_agree(db)


async def test_a_transfer_waits_for_an_officer(db: AsyncSession) -> None:
    buyer = await shop.get_member_buyer(db)
    product = await shop.create_product(db)
    order = await shop.create_order(db, {product.id: 1}, buyer, "bank_transfer")
    await refused("shop.not_ready", fulfilment.hand_over(db, CASHIER, order.number, on=TODAY))
    await fulfilment.confirm_payment(db, CASHIER, order.number, on=TODAY)
    payment = await shop.get_latest_payment(db, order)
    assert 1 <= payment.unique_suffix <= 999
    assert payment.amount == 9_800 + payment.unique_suffix
    assert await lines(db, payment.journal) == [
        ("1102", payment.amount, 0),
        ("2103", 0, 9_800),
        ("2111", 0, payment.unique_suffix),
    ]
    await shop.assert_books_agree(db)
    await refused(
        "shop.not_awaiting_payment", fulfilment.confirm_payment(db, COLLEAGUE, order.number, on=TODAY)
    )
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    assert await lines(db, order.sale_journal) == [
        ("2103", 9_800, 0),
        ("4101", 0, 9_800),
        ("5101", 7_000, 0),
        ("1130", 0, 7_000),
    ]
    await refused("shop.not_ready", fulfilment.hand_over(db, COLLEAGUE, order.number, on=TODAY))
    await shop.assert_books_agree(db)


async def test_savings_pay_at_once_and_never_fall_below_zero(db: AsyncSession) -> None:
    buyer = await shop.get_member_buyer(db)
    product = await shop.create_product(db, stock=100)
    order = await shop.create_order(db, {product.id: 50}, buyer, "savings")
    assert (order.status, order.total) == ("paid", 490_000)
    assert await ledger_queries.get_balance(db, "2111", buyer.member_id) == 10_000
    await shop.assert_books_agree(db)
    await refused("payments.savings_too_low", shop.create_order(db, {product.id: 2}, buyer, "savings"))


async def test_calling_off_gives_the_savings_back_and_frees_the_stock(db: AsyncSession) -> None:
    buyer = await shop.get_member_buyer(db)
    product = await shop.create_product(db)
    order = await shop.create_order(db, {product.id: 3}, buyer, "savings")
    await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)
    assert (order.status, product.reserved, product.stock) == ("cancelled", 0, 10)
    assert await ledger_queries.get_balance(db, "2111", buyer.member_id) == 500_000
    await refused(
        "shop.not_cancellable", fulfilment.cancel_order(db, CASHIER, order.number, "Lagi", on=TODAY)
    )
    await refused("shop.not_ready", fulfilment.hand_over(db, CASHIER, order.number, on=TODAY))
    await shop.assert_books_agree(db)


@pytest.mark.parametrize("method", ["cash", "bank_transfer", "savings"])
async def test_returned_goods_come_back_with_their_value_and_every_journal_is_reversed(
    db: AsyncSession, method: str
) -> None:
    buyer = await shop.get_member_buyer(db)
    product = await shop.create_product(db, stock=3, cost=3_333)
    purchases = await ledger_queries.get_balance(db, "4101", buyer.member_id)
    cash, bank = await ledger_queries.get_balance(db, "1101"), await ledger_queries.get_balance(db, "1102")
    order = await shop.create_order(db, {product.id: 2}, buyer, method)
    if method == "bank_transfer":
        await fulfilment.confirm_payment(db, CASHIER, order.number, on=TODAY)
    await refused(
        "shop.not_cancellable", fulfilment.return_order(db, CASHIER, order.number, "Keliru", on=TODAY)
    )
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    await refused(
        "shop.not_cancellable", fulfilment.cancel_order(db, CASHIER, order.number, "Keliru", on=TODAY)
    )
    await fulfilment.return_order(db, CASHIER, order.number, "Kemasan robek", on=TODAY)
    assert (order.status, product.stock, product.stock_value) == ("returned", 3, 9_999)
    assert await ledger_queries.get_balance(db, "4101", buyer.member_id) == purchases
    unique_suffix = (
        await shop.get_latest_payment(db, order)
    ).unique_suffix  # it went to the member's savings, and stays there
    assert (unique_suffix > 0) == (method == "bank_transfer")
    assert await ledger_queries.get_balance(db, "2111", buyer.member_id) == 500_000 + unique_suffix
    assert (await ledger_queries.get_balance(db, "1101"), await ledger_queries.get_balance(db, "1102")) == (
        cash,
        bank + unique_suffix,
    )
    await refused(
        "shop.not_cancellable", fulfilment.return_order(db, CASHIER, order.number, "Lagi", on=TODAY)
    )
    await shop.assert_books_agree(db)


async def test_a_reason_is_asked_for(db: AsyncSession) -> None:
    product = await shop.create_product(db)
    order = await shop.create_order(db, {product.id: 1})
    await refused("shop.reason_needed", fulfilment.cancel_order(db, CASHIER, order.number, "  ", on=TODAY))


async def test_an_unpaid_order_expires_and_a_paid_one_does_not(db: AsyncSession) -> None:
    product = await shop.create_product(db)
    unpaid = await shop.create_order(db, {product.id: 1}, method="bank_transfer")
    paid = await shop.create_order(db, {product.id: 1}, method="bank_transfer")
    await fulfilment.confirm_payment(db, CASHIER, paid.number, on=TODAY)
    assert unpaid.expires_at is not None
    await fulfilment.expire_order(db, unpaid.id)
    assert unpaid.status == "placed"
    with clock.freeze_at(unpaid.expires_at + timedelta(seconds=1)):
        await fulfilment.expire_order(db, unpaid.id)
        await fulfilment.expire_order(db, paid.id)
        await fulfilment.expire_order(db, unpaid.id)
    assert (unpaid.status, paid.status, product.reserved) == ("cancelled", "paid", 1)
    await fulfilment.expire_order(db, new_id())
    await shop.assert_books_agree(db)


@pytest.mark.parametrize(
    ("method", "lasts"),
    [("bank_transfer", timedelta(hours=48)), ("cash", order_payments.CASH_PAYMENT_WINDOW)],
)
async def test_an_order_waits_for_its_money_for_a_time(
    db: AsyncSession, method: str, lasts: timedelta
) -> None:
    product = await shop.create_product(db)
    with clock.freeze_at(clock.now()):
        order = await shop.create_order(db, {product.id: 1}, method=method)
        assert order.expires_at == clock.now() + lasts


@pytest.mark.parametrize(("method", "state"), [("cash", "placed"), ("bank_transfer", "paid")])
async def test_goods_that_cost_nothing_are_not_kept_for_ever(
    db: AsyncSession, method: str, state: str
) -> None:
    product = await shop.create_product(db, price=0)
    order = await shop.create_order(db, {product.id: 1}, method=method)
    assert order.status == state
    if state == "placed":
        assert order.expires_at == order.placed_at + order_payments.CASH_PAYMENT_WINDOW
        with clock.freeze_at(order.expires_at + timedelta(seconds=1)):
            await fulfilment.expire_order(db, order.id)
        assert (order.status, product.reserved) == ("cancelled", 0)


def checkout(product_id: object, **changes: object) -> Checkout:
    asked = {
        "goods": {product_id: 1},
        "buyer": VISITOR,
        "fulfilment": "pickup",
        "payment_method": "cash",
        "key": new_id().hex,
    }
    return Checkout(**(asked | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("shop.cart_empty", {"goods": {}}),
        ("shop.cart_full", {"goods": {new_id(): 1 for _ in range(51)}}),
        ("shop.no_such_product", {"goods": {new_id(): 1}}),
        ("shop.address_needed", {"fulfilment": "delivery", "address": "  "}),
        ("shop.buyer_needed", {"buyer": Buyer(" ", "+6281200000009")}),
        ("shop.phone_needed", {"buyer": Buyer("Tono")}),
        ("payments.way_not_offered", {"payment_method": "savings"}),
        ("shop.changed_since_shown", {"fingerprint": "0" * 20}),
    ],
)
async def test_an_order_is_refused_before_anything_moves(
    db: AsyncSession, code: str, changes: dict[str, object]
) -> None:
    product = await shop.create_product(db)
    async with db.begin_nested() as point:
        await refused(code, place_order(db, CASHIER, checkout(product.id, **changes), on=TODAY))
        await point.rollback()
    assert await as_reader(db).value("SELECT count(*) FROM orders") == 0
    await db.refresh(product)
    assert product.reserved == 0


@pytest.mark.parametrize("quantity", [0, -1, 10_000, 10**12])
async def test_quantities_have_bounds(db: AsyncSession, quantity: int) -> None:
    product = await shop.create_product(db)
    await refused(
        "shop.quantity_out_of_range",
        place_order(db, CASHIER, checkout(product.id, goods={product.id: quantity}), on=TODAY),
    )


async def test_what_was_shown_is_what_is_paid(db: AsyncSession) -> None:
    product = await shop.create_product(db, price=10_000)
    fingerprint = rules.checkout_fingerprint("public", [(product.id, 1, 10_000)])
    product.price = 12_000
    await db.flush()
    await refused(
        "shop.changed_since_shown",
        place_order(db, CASHIER, checkout(product.id, fingerprint=fingerprint), on=TODAY),
    )


async def test_goods_without_cost_and_without_price_are_given_out_without_a_journal(db: AsyncSession) -> None:
    product = await shop.create_product(db, cost=0, price=0)
    order = await shop.create_order(db, {product.id: 1}, await shop.get_member_buyer(db), "savings")
    await fulfilment.hand_over(db, CASHIER, order.number, on=TODAY)
    assert (order.status, order.sale_journal) == ("handed_over", None)
    assert await find_latest_payment(db, order_payments.ORDER, order.id) is None
    await fulfilment.return_order(db, CASHIER, order.number, "Tidak jadi", on=TODAY)
    await shop.assert_books_agree(db)


async def test_an_archived_product_cannot_be_ordered(db: AsyncSession) -> None:
    product = await shop.create_product(db)
    product.archived = True
    await refused("shop.no_such_product", shop.create_order(db, {product.id: 1}))
