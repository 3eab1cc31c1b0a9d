"""A refund that its provider does not finish: officers have its status checked again, or confirm it
themselves.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from conftest import SignedInClient
from factories.gateway import GatewaySetup, set_up_xendit
from factories.payments import list_open_reasons
from factories.shop import CASHIER, TODAY
from fakes.xendit import FakeXendit
from kernel import clock
from kernel.database import Database
from kernel.ids import new_id
from kernel.models import AuditEntry
from kernel.money import Rupiah
from ledger.chart import XENDIT
from payments import events, process_webhooks, queries, refund_payment, state_machine
from payments.exceptions_queue import record_exception
from payments.models import PaymentRefund
from tenants.registry import TenantRef
from tenants.session import coop_session

HOME = "/pengurus/pembayaran"
XenditGateway = GatewaySetup[FakeXendit]


@pytest.fixture
async def gateway(database: Database, melati: TenantRef) -> AsyncIterator[XenditGateway]:
    async with set_up_xendit(database, melati) as gateway:
        gateway.server.refund_outcome = "PENDING"
        yield gateway


async def create_pending_refund(gateway: XenditGateway, *, days: int = 15) -> tuple[str, UUID]:
    """A payment with a refund that was requested days ago and is pending; its exception is open."""
    reference = await gateway.pay(100_000)
    async with coop_session(gateway.database, gateway.tenant) as db:
        payment = await state_machine.lock_payment(db, reference)
        refund = await refund_payment.request_refund(
            db, CASHIER, payment, Rupiah(40_000), "original_method", "Salah isi", key=new_id().hex, on=TODAY
        )
        refund.requested_at = clock.now() - timedelta(days=days)
        await record_exception(db, payment, "refund_waits", {"refund": str(refund.id)})
    await process_webhooks.execute_refund(gateway.database, gateway.tenant, new_id().hex, refund.id)
    return reference, refund.id


async def refund_summary(
    gateway: XenditGateway, reference: str, refund_id: UUID
) -> tuple[str, int, list[str]]:
    """Return the refund's status, the refunded amount of its payment, and the reasons of open exceptions."""
    async with coop_session(gateway.database, gateway.tenant) as db:
        payment = await queries.find_payment_by_reference(db, reference)
        refund = await queries.find_refund(db, refund_id)
        assert payment is not None
        assert refund is not None
        return refund.status, payment.refunded, await list_open_reasons(db, payment)


async def test_asking_again_books_what_the_provider_has_done_meanwhile(
    gateway: XenditGateway, officer_client: SignedInClient
) -> None:
    reference, refund_id = await create_pending_refund(gateway)
    asks = f"{HOME}/{reference}/pengembalian/{refund_id}/pertanyaan"
    assert "Tanyakan lagi" in (await officer_client.get(f"{HOME}/{reference}")).text
    assert (await officer_client.post(asks)).headers["location"] == f"{HOME}/{reference}"
    assert await refund_summary(gateway, reference, refund_id) == ("pending", 0, ["refund_waits"])
    async with coop_session(gateway.database, gateway.tenant) as db:
        refund = await queries.find_refund(db, refund_id)
    assert refund is not None
    await gateway.server.settle_refund(str(refund.provider_reference), "SUCCEEDED")
    assert (await officer_client.post(asks)).status_code == 303
    assert await refund_summary(gateway, reference, refund_id) == ("done", 40_000, [])
    assert (await officer_client.post(asks)).status_code == 409
    assert "Tanyakan lagi" not in (await officer_client.get(f"{HOME}/{reference}")).text


async def test_an_officers_word_books_a_refund_once_and_under_their_name(
    gateway: XenditGateway, officer_client: SignedInClient
) -> None:
    reference, refund_id = await create_pending_refund(gateway)
    before = await gateway.balance(XENDIT)
    path = f"{HOME}/{reference}/pengembalian/{refund_id}/penyelesaian"
    assert path in (await officer_client.get(f"{HOME}/{reference}")).text
    assert "Rp40.000" in (await officer_client.get(path)).text
    for _ in range(2):
        assert (await officer_client.post(path)).status_code == 303
    assert await refund_summary(gateway, reference, refund_id) == ("done", 40_000, [])
    assert await gateway.balance(XENDIT) == before - 40_000
    async with coop_session(gateway.database, gateway.tenant) as db:
        recorded = select(AuditEntry).where(AuditEntry.action == events.REFUNDED)
        assert [each.actor_kind for each in (await db.execute(recorded)).scalars()] == ["officer"]
    # the job comes later
    await process_webhooks.execute_refund(gateway.database, gateway.tenant, new_id().hex, refund_id)
    assert await gateway.balance(XENDIT) == before - 40_000


async def test_nobodys_word_is_taken_for_a_refund_that_was_just_asked_for_or_that_failed(
    gateway: XenditGateway, officer_client: SignedInClient, member_client: SignedInClient
) -> None:
    reference, refund_id = await create_pending_refund(gateway, days=0)
    path = f"{HOME}/{reference}/pengembalian/{refund_id}/penyelesaian"
    assert path not in (await officer_client.get(f"{HOME}/{reference}")).text
    assert (await officer_client.get(path)).status_code == 303
    assert (await officer_client.post(path)).status_code == 409
    assert (await member_client.post(path)).status_code in (303, 403)
    async with coop_session(gateway.database, gateway.tenant) as db:
        await db.execute(update(PaymentRefund).where(PaymentRefund.id == refund_id).values(status="failed"))
    assert (await officer_client.post(path)).status_code == 409
    assert (await refund_summary(gateway, reference, refund_id))[:2] == ("failed", 0)
    other = await gateway.pay(50_000)
    assert (
        await officer_client.post(f"{HOME}/{other}/pengembalian/{refund_id}/penyelesaian")
    ).status_code == 404
    assert (
        await officer_client.post(f"{HOME}/{other}/pengembalian/{refund_id}/pertanyaan")
    ).status_code == 404
