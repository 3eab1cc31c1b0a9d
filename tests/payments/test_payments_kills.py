"""A worker is killed between any two steps of a webhook or a refund: there is exactly one posting."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from factories import payments as pay
from factories.fake_gateways import FakeGateways, run_fake_gateways
from factories.shop import CASHIER, TODAY
from kernel.database import Database, libpq_url
from payments import queries, state_machine
from payments.models import Payment
from payments.webhook_inbox import WebhookInbox
from shop import fulfilment
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

ROOT = Path(__file__).resolve().parents[2]

WEBHOOK_STEPS = (
    "before the state is asked",
    "after the state is told",
    "before the posting",
    "after the posting, before its commit",
    "with the fee posted, before the commit",
    "between the posting and the end of the message",
    "after a job",
)
REFUND_STEPS = (
    "before the refund is asked",
    "after the refund is done there",
    "after the refund is posted, before its commit",
    "after a job",
)


@pytest.fixture
async def world(database: Database, melati: TenantRef) -> AsyncIterator[FakeGateways]:
    async with run_fake_gateways(database, melati) as opened:
        yield opened


class Workers:
    """Worker processes, one at a time."""

    def __init__(self) -> None:
        self.parent = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("killed_worker.py"))],
            env=os.environ | {"PYTHONPATH": str(ROOT / "platform")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, world: FakeGateways, step: str) -> int:
        """Start one that dies at the step ("none": never) and return its pid."""
        settings = world.database.settings
        environment = (
            libpq_url(world.database.app_url),
            str(settings.data_dir),
            settings.fake_gateway_url("xendit"),
            step,
        )
        assert self.parent.stdin is not None
        self.parent.stdin.write(json.dumps(environment) + "\n")
        self.parent.stdin.flush()
        return self._printed()

    async def ended(self) -> int:
        """Return the exit status of the started one, within a minute."""
        async with asyncio.timeout(60):
            return await asyncio.to_thread(self._printed)

    def _printed(self) -> int:
        assert self.parent.stdout is not None
        return int(self.parent.stdout.readline())

    def close(self) -> None:
        """End them: a worker ends with its parent."""
        self.parent.kill()
        self.parent.communicate()


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


async def kill_then_recover(
    workers: Workers, world: FakeGateways, step: str, done: Callable[[], Awaitable[bool]]
) -> None:
    """Let a worker die at the step; start another one that works until all is done and a little longer."""
    workers.start(world, step)
    assert await workers.ended() == -signal.SIGKILL, "the worker was to die at this step"
    # the broker redelivers a dead worker's messages after ten seconds; tests do not wait for that
    async with world.database.owner_engine.begin() as connection:
        await connection.execute(text("UPDATE dramatiq.worker SET heartbeat_at = now() - interval '1 hour'"))
    second = workers.start(world, "none")
    try:
        deadline = time.monotonic() + 60
        while not await done():
            assert time.monotonic() < deadline, "it was never done"
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.5)  # a duplicate would come now
    finally:
        os.kill(second, signal.SIGTERM)
        assert await workers.ended() == 0


async def receive_webhook(world: FakeGateways, payment: Payment) -> None:
    headers, body = await world.pay(payment)
    await WebhookInbox(world.database).receive(world.tenant, world.endpoints["xendit"], headers, body)


async def all_processed(world: FakeGateways) -> bool:
    async with coop_reader(world.database, world.tenant) as ro:
        return not await ro.value("SELECT count(*) FROM payment_events WHERE status = 'received'")


@pytest.mark.slow
@pytest.mark.parametrize("step", WEBHOOK_STEPS)
async def test_a_worker_killed_while_it_hears_posts_once(
    workers: Workers, world: FakeGateways, database: Database, melati: TenantRef, step: str
) -> None:
    payments = []
    for _ in range(2):
        _, payment = await world.start_order_payment("xendit")
        await receive_webhook(world, payment)
        payments.append(payment)
    await kill_then_recover(workers, world, step, lambda: all_processed(world))
    async with coop_session(database, melati) as db:
        found = [await state_machine.lock_payment(db, each.reference) for each in payments]
        assert [(each.status, each.fee is not None) for each in found] == [("paid", True)] * 2
        await pay.assert_invariants(db)
    assert await pay.count_postings(database, melati) == 2


@pytest.mark.slow
@pytest.mark.parametrize("step", REFUND_STEPS)
async def test_a_worker_killed_while_it_gives_back_gives_back_once(
    workers: Workers, world: FakeGateways, database: Database, melati: TenantRef, step: str
) -> None:
    order, payment = await world.start_order_payment("xendit")
    await receive_webhook(world, payment)
    await pay.run_due_jobs(database)
    async with coop_session(database, melati) as db:
        await fulfilment.cancel_order(db, CASHIER, order.number, "Barang rusak", on=TODAY)

    async def given_back() -> bool:
        async with coop_session(database, melati) as db:
            return all(each.status == "done" for each in await queries.list_refunds(db, payment.id))

    await kill_then_recover(workers, world, step, given_back)
    async with coop_session(database, melati) as db:
        assert (await state_machine.lock_payment(db, payment.reference)).status == "refunded"
        await pay.assert_invariants(db)
    assert [each["amount"] for each in world.xendit.refunds.values()] == [49_000]
