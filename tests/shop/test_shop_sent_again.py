"""A repeated step of an order, by a double tap or after a lost answer, leads to the first result."""

import asyncio

import pytest
from sqlalchemy import update

from conftest import SignedInClient
from factories import shop
from factories.shop import TODAY
from kernel.actor import Actor
from kernel.database import Database
from kernel.errors import DomainError
from kernel.ids import new_id
from shop import fulfilment
from shop.models import Order
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session
from ui.rendering import FLASH_COOKIE

ONE, OTHER = Actor("officer", "Rina Kasir", new_id()), Actor("officer", "Wayan Kasir", new_id())
REASON = {"reason": "Kemasan robek"}
STEPS = {
    "pembayaran": ("bank_transfer", {}, "shop.payment_confirmed"),
    "penyerahan": ("cash", {}, "shop.handed_over"),
    "pembatalan": ("savings", REASON, "shop.order_cancelled"),
    "pengembalian": ("savings", REASON, "shop.order_returned"),
}


async def waiting_for(database: Database, tenant: TenantRef, step: str) -> int:
    """Return the number of an order that waits for this step."""
    async with coop_session(database, tenant) as db:
        product = await shop.create_product(db)
        order = await shop.create_order(db, {product.id: 2}, await shop.get_member_buyer(db), STEPS[step][0])
        if step == "pengembalian":
            await fulfilment.hand_over(db, ONE, order.number, on=TODAY)
        return order.number


async def times(database: Database, tenant: TenantRef, number: int, action: str) -> int:
    """Return how often the audit log has this action; the ledger must agree."""
    async with coop_session(database, tenant) as db:
        await shop.assert_books_agree(db)
    async with coop_reader(database, tenant) as ro:
        counted: int = await ro.value(
            "SELECT count(*) FROM audit_entries WHERE subject = $1 AND action = $2", f"order:{number}", action
        )
        return counted


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("at_once", [False, True])
async def test_a_step_sent_twice_leads_twice_to_the_first_result(
    officer_client: SignedInClient, database: Database, melati: TenantRef, step: str, at_once: bool
) -> None:
    number = await waiting_for(database, melati, step)
    _, sent, action = STEPS[step]
    post = lambda: officer_client.post(f"/pengurus/pesanan/{number}/{step}", dict(sent))  # noqa: E731
    answers = await asyncio.gather(post(), post()) if at_once else [await post(), await post()]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert {answer.headers["location"] for answer in answers} == {f"/pengurus/pesanan/{number}"}
    assert len({answer.cookies[FLASH_COOKIE] for answer in answers}) == 1
    assert await times(database, melati, number, action) == 1


async def test_another_officer_learns_that_the_goods_are_gone(database: Database, melati: TenantRef) -> None:
    number = await waiting_for(database, melati, "penyerahan")
    async with coop_session(database, melati) as db:
        await fulfilment.hand_over(db, ONE, number, on=TODAY)
    with pytest.raises(DomainError) as error:  # else they would be given out twice
        async with coop_session(database, melati) as db:
            await fulfilment.hand_over(db, OTHER, number, on=TODAY)
    assert error.value.code == "shop.not_ready"
    assert await times(database, melati, number, "shop.handed_over") == 1


@pytest.mark.parametrize("step", ["pembatalan", "pengembalian"])
async def test_another_reason_is_another_deed(
    officer_client: SignedInClient, database: Database, melati: TenantRef, step: str
) -> None:
    number = await waiting_for(database, melati, step)
    assert (await officer_client.post(f"/pengurus/pesanan/{number}/{step}", dict(REASON))).status_code == 303
    again = await officer_client.post(f"/pengurus/pesanan/{number}/{step}", {"reason": "Pembeli pindah"})
    assert again.status_code == 409
    assert await times(database, melati, number, STEPS[step][2]) == 1


async def test_an_order_that_expired_was_called_off_by_nobody(
    officer_client: SignedInClient, database: Database, melati: TenantRef
) -> None:
    number = await waiting_for(database, melati, "penyerahan")
    async with coop_session(database, melati) as db:
        expired = (
            update(Order).where(Order.number == number).values(expires_at=Order.placed_at).returning(Order.id)
        )
        await fulfilment.expire_order(db, (await db.execute(expired)).scalar_one())
    again = await officer_client.post(f"/pengurus/pesanan/{number}/pembatalan", dict(REASON))
    assert again.status_code == 409
