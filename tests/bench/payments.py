"""Webhooks: intake compared with the framework's hello, latency from webhook to journal, and a thousand
webhooks sent five times each.

Targets: intake at least 0.3 of hello in the same run; webhook to journal p95 under 300 ms on an idle worker;
1,000 webhooks, each five times in random order by four senders: 1,000 postings, books checked. The worker is
a process of its own, the gateways are fakes in this one, PostgreSQL runs with fsync on. Requests are ASGI
calls in this process, as in ``storefront``.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from litestar import Litestar

from bench.environment import bench_environment, create_bench_cooperative
from bench.storefront import hello, scope
from factories import payments as pay
from factories.cooperatives import populate_cooperative
from factories.fake_gateways import FakeGateways, SentMessage, run_fake_gateways, stripe_headers
from kernel.database import Database, libpq_url
from kernel.ids import new_id
from payments import provider_calls
from payments.models import Payment
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_reader, coop_session
from web.dispatch import HostDispatcher

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, SECONDS, AT_ONCE = 7, 0.7, 512
ENOUGH = 15_000
SINGLE, MANY, TIMES, SENDERS = 60, 1_000, 5, 4
ORDER = ("stripe", "xendit")
Call = Callable[[], Awaitable[None]]


def make_poster(app: Any, host: str, path: str, headers: dict[str, str], body: bytes) -> Call:
    """Return a call of the app that requires status 200."""
    asked = scope(host, path) | {"method": "POST"}
    asked["headers"] = [
        (b"host", host.encode()),
        *((n.lower().encode(), v.encode()) for n, v in headers.items()),
    ]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200, message["status"]

    async def call() -> None:
        await app(dict(asked), receive, send)

    return call


async def rate(calls: Iterator[Call]) -> tuple[float, float]:
    """Return the calls per second at this concurrency, and the CPU microseconds of this process for each."""
    count, started, used = 0, time.perf_counter(), time.process_time()

    async def one_after_the_other() -> None:
        nonlocal count
        while time.perf_counter() - started < SECONDS and (call := next(calls, None)) is not None:
            await call()
            count += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - started), (time.process_time() - used) / count * 1e6


async def measure_intake(
    dispatcher: HostDispatcher, database: Database, tenant: TenantRef, world: FakeGateways
) -> None:
    """(a) Verify, store with its job, answer; compared with hello, in turns."""
    host = f"{tenant.slug}.{dispatcher.settings.base_domain}"
    greeting = Litestar([hello], openapi_config=None)

    def hellos() -> Iterator[Call]:
        asked = scope("localhost", "/")

        async def call() -> None:
            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: dict[str, Any]) -> None:
                assert message.get("status", 200) == 200

            await greeting(dict(asked), receive, send)

        while True:
            yield call

    def messages(method: str) -> Iterator[Call]:
        while True:
            headers, body = message(method)
            yield make_poster(dispatcher, host, world.webhook_path(method), headers, body)

    for method in ORDER:
        hello_calls, rows = hellos(), []
        for at in range(ROUNDS + 1):
            made = list(islice(messages(method), ENOUGH))  # created in advance, so that it is not measured
            row = (*await rate(iter(made)), *await rate(hello_calls))
            if at:  # the first round is a warm-up
                rows.append(row)
        us, our_time, them, their_time = (statistics.median(column) for column in zip(*rows, strict=True))
        ratio = statistics.median(row[0] / row[2] for row in rows)
        print(
            f"intake of {method} messages, {AT_ONCE} at once: {us:,.0f}/s, hello: {them:,.0f}/s, ratio "
            f"{ratio:.2f} (bar 0.30);"
            f" processor of the web process {our_time:.0f} and {their_time:.0f} microseconds each",
            flush=True,
        )
    async with coop_reader(database, tenant) as ro:
        stored = await ro.value("SELECT count(*) FROM payment_events")
    print(f"  {stored:,} messages stored, each with its job")


def message(method: str) -> SentMessage:
    """Return a signed webhook about a payment that does not exist."""
    number = new_id().hex
    if method == "xendit":
        payload = {
            "id": number,
            "external_id": f"L{number[:11]}",
            "status": "PAID",
            "amount": 50_000,
            "paid_amount": 50_000,
        }
        return {"x-callback-token": "token-tiruan", "content-type": "application/json"}, json.dumps(
            payload
        ).encode()
    about = {
        "id": f"cs_{number}",
        "object": "checkout.session",
        "client_reference_id": f"L{number[:11]}",
        "metadata": {},
    }
    payload = {
        "id": f"evt_{number}",
        "type": "checkout.session.completed",
        "livemode": False,
        "data": {"object": about},
    }
    body = json.dumps(payload, indent=2).encode()
    return stripe_headers(body), body


@contextlib.contextmanager
def worker(database: Database) -> Iterator[None]:
    """Run a worker process."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "platform"),
        "LUMBUNG_APP_DATABASE_URL": libpq_url(database.app_url),
        "LUMBUNG_DATA_DIR": str(database.settings.data_dir),
        "LUMBUNG_FAKE_GATEWAYS": ",".join(
            f"{name}={address}" for name, address in database.settings.fake_gateways
        ),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "commands.main", "worker"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


async def start_payments(world: FakeGateways, count: int) -> list[Payment]:
    """Create this many payments that wait at Xendit."""
    found: list[Payment] = []

    async def some(part: int) -> None:
        for _ in range(part):
            async with coop_session(world.database, world.tenant) as db:
                payment = await pay.open_member_payment(db, "top_up", "xendit")
            found.append(
                await provider_calls.start_payment(
                    world.database, world.tenant, payment.reference, origin="http://ukur.localhost"
                )
            )

    await asyncio.gather(*(some(count // 4) for _ in range(4)))
    return found


async def measure_journal_latency(dispatcher: HostDispatcher, world: FakeGateways) -> None:
    """(b) Measure the time from the provider's request to the visible journal, one after the other."""
    host = f"{world.tenant.slug}.{dispatcher.settings.base_domain}"
    spent = []
    for payment in await start_payments(world, SINGLE):
        sent = await world.pay(payment)
        begun = time.perf_counter()
        await make_poster(dispatcher, host, world.webhook_path("xendit"), *sent)()
        answered = time.perf_counter()
        while not await _posted(world, payment):  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.003)
        spent.append((time.perf_counter() - begun, answered - begun))
        await asyncio.sleep(0.05)
    whole = sorted(each for each, _ in spent[5:])  # the first ones open the worker's connections
    p50, p95 = statistics.median(whole), whole[int(len(whole) * 0.95)]
    answer = statistics.median(each for _, each in spent[5:])
    print(
        f"message to journal, idle worker: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms (bar 300 ms);"
        f" answered to the provider after {answer * 1000:.1f} ms",
        flush=True,
    )


async def _posted(world: FakeGateways, payment: Payment) -> bool:
    async with coop_reader(world.database, world.tenant) as ro:
        found = await ro.value("SELECT 1 FROM journals WHERE source_key = $1", f"payment:{payment.id}")
    return found is not None


async def measure_duplicates(dispatcher: HostDispatcher, world: FakeGateways) -> None:
    """(c) Send a thousand webhooks, each five times, in random order, by four senders at once."""
    host = f"{world.tenant.slug}.{dispatcher.settings.base_domain}"
    before = await pay.count_postings(world.database, world.tenant)
    sent = [await world.pay(payment) for payment in await start_payments(world, MANY)]
    calls = [
        make_poster(dispatcher, host, world.webhook_path("xendit"), *each)
        for each in sent
        for _ in range(TIMES)
    ]
    random.Random(7).shuffle(calls)

    async def sender(part: list[Call]) -> None:
        for call in part:
            await call()

    begun = time.perf_counter()
    await asyncio.gather(*(sender(calls[at::SENDERS]) for at in range(SENDERS)))
    taken_in = time.perf_counter()
    while await _waiting(world):
        assert time.perf_counter() - taken_in < 600, "the worker never came to the end"
        await asyncio.sleep(0.1)
    done = time.perf_counter()
    postings = await pay.count_postings(world.database, world.tenant) - before
    await pay.assert_invariants_in(world.database, world.tenant)
    assert postings == MANY, postings
    print(
        f"{MANY:,} messages {TIMES} times each by {SENDERS} senders: taken in after {taken_in - begun:.1f} s"
        f" ({len(calls) / (taken_in - begun):,.0f}/s), all posted after {done - begun:.1f} s; "
        f"{postings:,} postings, books hold"
    )


async def _waiting(world: FakeGateways) -> int:
    async with coop_reader(world.database, world.tenant) as ro:
        return int(await ro.value("SELECT count(*) FROM payment_events WHERE status = 'received'"))


async def main() -> None:
    async with bench_environment() as (database, settings):
        await create_bench_cooperative(database)
        tenant = await find_tenant_by_slug(database, "ukur")
        assert tenant is not None
        async with coop_session(database, tenant) as db:
            await populate_cooperative(db, "melati")
        async with run_fake_gateways(database, tenant) as world:
            dispatcher = HostDispatcher(settings, database)
            await dispatcher.start()
            with worker(database):
                await measure_journal_latency(dispatcher, world)
                await measure_duplicates(dispatcher, world)
            await measure_intake(dispatcher, database, tenant, world)
            await dispatcher.stop()
