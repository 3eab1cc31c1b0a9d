"""A sale drops the cached pages of other processes only when one of them shows the difference."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from factories import shop
from kernel.database import Database
from tenants.registry import CHANGE_CHANNEL, TenantRef
from tenants.session import coop_session
from web.dispatch import HostDispatcher

Visitor = Callable[[str], httpx.AsyncClient]


class Notices:
    """The change notices of a cooperative, as a process elsewhere receives them."""

    def __init__(self, connection: asyncpg.Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema
        self._received: list[str] = []

    async def listen(self) -> None:
        await self._connection.add_listener(
            CHANGE_CHANNEL, lambda _c, _p, _ch, payload: self._received.append(str(payload))
        )

    async def count(self) -> int:
        """Number of notices since the last call: PostgreSQL delivers in the order of commits, so a mark ends
        them.
        """
        mark = uuid4().hex
        await self._connection.execute("SELECT pg_notify($1, $2)", CHANGE_CHANNEL, mark)
        async with asyncio.timeout(5):
            while mark not in self._received:  # noqa: ASYNC110 - a listener's callback has no end to wait for
                await asyncio.sleep(0.005)
        number = self._received.count(self._schema)
        self._received.clear()
        return number


@pytest.fixture
async def notices(database: Database, melati: TenantRef) -> AsyncIterator[Notices]:
    dsn = database.owner_engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    try:
        received = Notices(connection, melati.schema_name)
        await received.listen()
        yield received
    finally:
        await connection.close()


async def set_stock(database: Database, tenant: TenantRef, stock: int, reserved: int = 0) -> None:
    await change(database, tenant, f"stock = {stock}, reserved = {reserved}, stock_value = cost * {stock}")


async def change(database: Database, tenant: TenantRef, values: str) -> None:
    async with coop_session(database, tenant) as db:
        await db.execute(text(f"UPDATE products SET {values} WHERE sku = 'BRS5'"))


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [(50, 49, 0), (7, 6, 0), (6, 5, 1), (5, 4, 1), (1, 0, 1), (0, 3, 1), (0, 50, 1), (6, 60, 0)],
)
async def test_a_change_of_stock_notifies_when_the_page_shows_it(
    database: Database, melati: TenantRef, notices: Notices, before: int, after: int, shown: int
) -> None:
    await set_stock(database, melati, before)
    await notices.count()
    await set_stock(database, melati, after)
    assert await notices.count() == shown


async def test_a_reservation_counts_like_a_sale(
    database: Database, melati: TenantRef, notices: Notices
) -> None:
    await set_stock(database, melati, 8)
    await notices.count()
    await set_stock(database, melati, 8, reserved=2)
    assert await notices.count() == 0
    await set_stock(database, melati, 8, reserved=3)
    assert await notices.count() == 1
    await set_stock(database, melati, 5)  # handed over: the free stock stays 5
    assert await notices.count() == 0


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ("price = price + 500", 1),
        ("name = 'Beras Pandan'", 1),
        ("description = 'Panen baru'", 1),
        ("category_id = NULL", 1),
        ("archived = true", 1),
        ("price = price", 0),
        ("cost = cost + 1", 0),
        ("barcode = '8990001'", 0),
    ],
)
async def test_a_change_of_a_product_notifies_when_a_page_shows_the_column(
    database: Database, melati: TenantRef, notices: Notices, values: str, shown: int
) -> None:
    await notices.count()
    await change(database, melati, values)
    assert await notices.count() == shown


async def test_many_products_changed_together_send_one_notice(
    database: Database, melati: TenantRef, notices: Notices
) -> None:
    await notices.count()
    async with coop_session(database, melati) as db:
        await db.execute(text("UPDATE products SET price = price + 100"))
    assert await notices.count() == 1


async def test_a_new_product_and_a_deleted_one_notify(
    database: Database, melati: TenantRef, notices: Notices
) -> None:
    await notices.count()
    async with coop_session(database, melati) as db:
        product = await shop.create_product(db, stock=0)
        added = product.id
    assert await notices.count() == 1
    async with coop_session(database, melati) as db:
        await db.execute(text("DELETE FROM products WHERE id = :id"), {"id": added})
    assert await notices.count() == 1


async def test_the_last_piece_sold_shows_on_the_cached_page(
    app: HostDispatcher, database: Database, melati: TenantRef, visitor: Visitor, notices: Notices
) -> None:
    """The order is placed outside of the dispatcher, as another process would."""
    await set_stock(database, melati, 50)
    async with coop_session(database, melati) as db:
        product: UUID = (await db.execute(text("SELECT id FROM products WHERE sku = 'BRS5'"))).scalar_one()
    await notices.count()
    client = visitor("melati")
    await wait_until_cached(app, melati, client)

    async with coop_session(database, melati) as db:
        await shop.create_order(db, {product: 1})
    assert await notices.count() == 0
    assert is_cached(app, melati)

    await set_stock(database, melati, 1)
    await shop.wait_until_shown(client, "/barang/BRS5", "tersisa 1")
    await wait_until_cached(app, melati, client)
    async with coop_session(database, melati) as db:
        await shop.create_order(db, {product: 1})
    await shop.wait_until_shown(client, "/barang/BRS5", "Stok habis")
    await shop.wait_until_shown(client, "/", "Stok habis")


def is_cached(app: HostDispatcher, tenant: TenantRef) -> bool:
    return app.page_cache.get(tenant.schema_name, ("page", "id", "/barang/BRS5", b"")) is not None


async def wait_until_cached(app: HostDispatcher, tenant: TenantRef, client: httpx.AsyncClient) -> None:
    for _ in range(100):
        assert (await client.get("/barang/BRS5")).status_code == 200
        if is_cached(app, tenant):
            return
        await asyncio.sleep(0.02)
    pytest.fail("the page is not cached")
