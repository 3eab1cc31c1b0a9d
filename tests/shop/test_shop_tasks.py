from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

import shop.tasks  # noqa: F401 - registers the job that is looked for
from factories import shop as made
from kernel import clock
from kernel.database import Database, as_reader
from kernel.outbox import find_job
from tenants.registry import TenantRef
from tenants.session import coop_session, shared_reader


async def test_an_unpaid_order_asks_to_be_looked_at_when_its_time_is_over(
    database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        product = (await made.create_product(db, stock=2)).id
        order = await made.create_order(db, {product: 2}, method="bank_transfer")
        paid = await made.create_order(
            db, {(await made.create_product(db)).id: 1}, await made.get_member_buyer(db), "savings"
        )
    async with shared_reader(database) as ro:
        rows = await ro.records(
            "SELECT key, arguments, due_at FROM shared.outbox WHERE job = 'shop.expire_order'"
        )
    assert [(row["key"], row["due_at"]) for row in rows] == [
        (f"shop.expire_order:{order.id}", order.expires_at)
    ]
    assert paid.expires_at is None
    run, kind = find_job("shop.expire_order")
    assert kind == "cooperative"

    async def later(hours: int) -> str:
        with clock.freeze_at(order.placed_at + timedelta(hours=hours)):
            async with coop_session(database, melati) as db:
                await run(db, **rows[0]["arguments"])
                await made.assert_books_agree(db)
                return await status(db, order.number)

    assert await later(47) == "placed"
    assert await later(49) == "cancelled"
    assert await later(50) == "cancelled"
    async with coop_session(database, melati) as db:
        assert (await made.create_order(db, {product: 2})).status == "placed"  # the stock is free again


async def status(db: AsyncSession, number: int) -> str:
    return str(await as_reader(db).value("SELECT status FROM orders WHERE number = $1", number))


async def test_the_daily_sweep_asks_again_for_orders_whose_own_job_was_lost(
    database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        product = (await made.create_product(db, stock=4)).id
        order = await made.create_order(db, {product: 2}, method="bank_transfer")
    run, _ = find_job("shop.cancel_overdue")

    async def swept(hours: int) -> list[str]:
        with clock.freeze_at(order.placed_at + timedelta(hours=hours)):
            async with coop_session(database, melati) as db:
                await run(db)
        async with shared_reader(database) as ro:
            rows = await ro.records("SELECT key FROM shared.outbox WHERE key LIKE '%:swept:%'")
        return [row["key"] for row in rows]

    assert await swept(50) == []  # its own job may still be at it
    keys = await swept(52)
    assert [key.partition(":swept:")[0] for key in keys] == [f"shop.expire_order:{order.id}"]
