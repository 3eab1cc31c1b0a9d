import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from factories import shop
from factories.shop import CASHIER, TODAY
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from shop.adjust_stock import count_stock, receive_goods
from shop.manage_products import ProductData, add_category, add_product, change_product, rename_category


def params(**changes: object) -> ProductData:
    return ProductData(
        **(
            {"sku": f"N{new_id().hex[-8:]}", "name": "Kopi bubuk", "unit": "Pcs", "price": Rupiah(5_000)}
            | changes
        )
    )  # type: ignore[arg-type]


async def test_opening_stock_enters_the_books_at_cost(db: AsyncSession) -> None:
    before, opening = (
        await ledger_queries.get_balance(db, "1130"),
        await ledger_queries.get_balance(db, "3190"),
    )
    product = await add_product(db, CASHIER, params(), cost=Rupiah(4_000), opening_stock=3, on=TODAY)
    assert (product.stock, product.stock_value) == (3, 12_000)
    assert await ledger_queries.get_balance(db, "1130") == before + 12_000
    assert await ledger_queries.get_balance(db, "3190") == opening + 12_000
    await shop.assert_books_agree(db)


async def test_a_form_sent_twice_adds_one_product(db: AsyncSession) -> None:
    values, key = params(), new_id()
    for _ in range(2):
        product = await add_product(
            db, CASHIER, values, cost=Rupiah(1), opening_stock=3, on=TODAY, product_id=key
        )
    assert product.stock == 3
    await shop.assert_books_agree(db)


async def test_two_products_never_share_a_code(db: AsyncSession) -> None:
    there = await shop.create_product(db)
    other = await shop.create_product(db)
    for doing in (
        add_product(db, CASHIER, params(sku=there.sku), cost=Rupiah(1), opening_stock=0, on=TODAY),
        change_product(db, CASHIER, other.id, params(sku=there.sku), archived=False),
    ):
        with pytest.raises(DomainError) as error:
            await doing
        assert error.value.code == "shop.sku_taken"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"sku": "<script>"}, "shop.sku_malformed"), ({"category_id": new_id()}, "shop.no_such_category")],
)
async def test_what_a_product_may_not_say(db: AsyncSession, changes: dict[str, object], code: str) -> None:
    with pytest.raises(DomainError) as error:
        await add_product(db, CASHIER, params(**changes), cost=Rupiah(1), opening_stock=0, on=TODAY)
    assert error.value.code == code


@pytest.mark.parametrize(("paid_from", "account"), [("cash", "1101"), ("bank", "1102"), ("credit", "2101")])
async def test_goods_in_are_paid_from_where_it_was_said(
    db: AsyncSession, paid_from: str, account: str
) -> None:
    product = await shop.create_product(db, stock=2, cost=1_000)
    before = await ledger_queries.get_balance(db, account)
    for _ in range(2):
        await receive_goods(
            db,
            CASHIER,
            product.id,
            quantity=3,
            unit_cost=Rupiah(1_500),
            paid_from=paid_from,
            on=TODAY,
            key=f"in-{paid_from}",
        )  # type: ignore[arg-type]
    assert (product.stock, product.stock_value, product.cost) == (5, 6_500, 1_500)
    assert await ledger_queries.get_balance(db, account) - before == (4_500 if account == "2101" else -4_500)
    await shop.assert_books_agree(db)


async def test_a_count_writes_the_difference_off_and_up(db: AsyncSession) -> None:
    product = await shop.create_product(db, stock=3, cost=1_000)
    lost = await ledger_queries.get_balance(db, "6150")
    await count_stock(db, CASHIER, product.id, counted=1, expected_stock=3, on=TODAY, key="a")
    assert (product.stock, product.stock_value) == (1, 1_000)
    await count_stock(db, CASHIER, product.id, counted=1, expected_stock=3, on=TODAY, key="a")
    assert await ledger_queries.get_balance(db, "6150") == lost + 2_000
    await count_stock(db, CASHIER, product.id, counted=4, expected_stock=1, on=TODAY, key="b")
    assert (product.stock, product.stock_value) == (4, 4_000)
    assert await ledger_queries.get_balance(db, "6150") == lost - 1_000
    await count_stock(db, CASHIER, product.id, counted=0, expected_stock=4, on=TODAY, key="c")
    assert (product.stock, product.stock_value) == (0, 0)
    await shop.assert_books_agree(db)


async def test_a_count_never_takes_what_is_promised_nor_overwrites_what_moved(db: AsyncSession) -> None:
    product = await shop.create_product(db, stock=3)
    await shop.create_order(db, {product.id: 2})
    for counted, shown, code in (
        (1, 3, "shop.stock_already_ordered"),
        (3, 4, "shop.stock_moved"),
        (-1, 3, "shop.quantity_out_of_range"),
    ):
        with pytest.raises(DomainError) as error:
            await count_stock(
                db, CASHIER, product.id, counted=counted, expected_stock=shown, on=TODAY, key="x"
            )
        assert error.value.code == code
    await shop.assert_books_agree(db)


async def test_categories_keep_their_address_and_are_never_twice(db: AsyncSession) -> None:
    category = await add_category(db, CASHIER, "  Sabun   Mandi ")
    assert (category.name, category.slug) == ("Sabun Mandi", "sabun-mandi")
    await rename_category(db, CASHIER, category.id, "Sabun dan sampo")
    assert category.slug == "sabun-mandi"
    other = await add_category(db, CASHIER, "Teh")
    for doing in (
        add_category(db, CASHIER, "sabun DAN sampo"),
        rename_category(db, CASHIER, other.id, "SABUN dan sampo"),
    ):
        with pytest.raises(DomainError) as error:
            await doing
        assert error.value.code == "shop.category_taken"
