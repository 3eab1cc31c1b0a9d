"""A locked row is known as locked until its transaction ends, and not after a savepoint that may have
released it.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from factories import shop
from kernel.database import Database
from kernel.locks import get_locked_row, is_inserted_row, remember_locked_row
from shop.models import Order, Product
from shop.queries import find_order_for_update
from tenants.registry import TenantRef
from tenants.session import bind_tenant, coop_session


async def lock_product(db: AsyncSession) -> Product:
    return (await db.execute(select(Product).order_by(Product.id).limit(1).with_for_update())).scalar_one()


async def test_what_is_held_is_known_until_the_end(database: Database, melati: TenantRef) -> None:
    async with database.session("test") as db:
        bind_tenant(db, melati)
        async with db.begin():
            product = await lock_product(db)
            assert get_locked_row(db, Product, product.id) is None
            remember_locked_row(db, product)
            product.name = "Beras merah 5 kg"
            await db.flush()
            assert get_locked_row(db, Product, product.id) is product
            assert not is_inserted_row(db, Product, product.id)
        async with db.begin():
            assert get_locked_row(db, Product, product.id) is None


async def test_a_savepoint_ends_it(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        product = await lock_product(db)
        remember_locked_row(db, product, inserted=True)
        savepoint = await db.begin_nested()
        assert is_inserted_row(db, Product, product.id)
        await savepoint.rollback()
        assert get_locked_row(db, Product, product.id) is None


async def test_an_order_is_read_anew_by_each_transaction(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        order = await shop.create_order(db, {(await shop.create_product(db)).id: 1})
    async with database.session("test") as db:
        bind_tenant(db, melati)
        async with db.begin():
            first = await find_order_for_update(db, order.id)
            assert first is not None
        async with coop_session(database, melati) as other:
            changed = await find_order_for_update(other, order.id)
            assert changed is not None
            changed.note = "diantar sore"
        async with db.begin():
            again = await find_order_for_update(db, order.id)
            assert isinstance(again, Order)
            assert again.note == "diantar sore"
