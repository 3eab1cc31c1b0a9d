"""A refund that officers and the job finish at the same moment is booked once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from conftest import SignedInClient
from factories.gateway import GatewaySetup, set_up_xendit
from factories.payments import list_open_reasons
from factories.shop import CASHIER, TODAY
from fakes.xendit import FakeXendit
from kernel import clock
from kernel.database import Database
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger.chart import XENDIT
from payments import process_webhooks, queries, refund_payment, state_machine
from tenants.registry import TenantRef
from tenants.session import coop_session

HOME = "/pengurus/pembayaran"


@pytest.fixture
async def gateway(database: Database, melati: TenantRef) -> AsyncIterator[GatewaySetup[FakeXendit]]:
    async with set_up_xendit(database, melati) as gateway:
        gateway.server.refund_outcome = "PENDING"
        yield gateway


@pytest.mark.parametrize("at_provider", ["SUCCEEDED", "PENDING"])
async def test_words_questions_and_the_job_at_one_moment_book_one_refund(
    gateway: GatewaySetup[FakeXendit], officer_client: SignedInClient, at_provider: str
) -> None:
    reference = await gateway.pay(100_000)
    async with coop_session(gateway.database, gateway.tenant) as db:
        payment = await state_machine.lock_payment(db, reference)
        refund = await refund_payment.request_refund(
            db, CASHIER, payment, Rupiah(40_000), "original_method", "Salah isi", key=new_id().hex, on=TODAY
        )
        refund.requested_at = clock.now() - timedelta(days=2)
    await process_webhooks.execute_refund(gateway.database, gateway.tenant, new_id().hex, refund.id)
    if at_provider == "SUCCEEDED":
        async with coop_session(gateway.database, gateway.tenant) as db:
            asked = await queries.find_refund(db, refund.id)
        assert asked is not None
        await gateway.server.settle_refund(str(asked.provider_reference), "SUCCEEDED")
    before = await gateway.balance(XENDIT)
    one = f"{HOME}/{reference}/pengembalian/{refund.id}"
    answers, _ = await asyncio.gather(
        asyncio.gather(
            *(officer_client.post(f"{one}/{name}") for name in ["penyelesaian", "pertanyaan"] * 3)
        ),
        asyncio.gather(
            *(
                process_webhooks.execute_refund(
                    gateway.database, gateway.tenant, f"payments.refund:{refund.id}~{each}", refund.id
                )
                for each in (1, 1, 2)
            )
        ),
    )
    assert {answer.status_code for answer in answers} <= {303, 409}
    assert await gateway.balance(XENDIT) == before - 40_000
    async with coop_session(gateway.database, gateway.tenant) as db:
        payment = await state_machine.lock_payment(db, reference)
        assert (payment.status, payment.refunded) == ("partly_refunded", 40_000)
        assert not await list_open_reasons(db, payment)
