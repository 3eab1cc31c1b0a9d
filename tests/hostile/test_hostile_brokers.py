"""Brokers that are killed while they hold jobs: every job that the relay sent arrives."""

import asyncio
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from sqlalchemy import text

from factories.brokers import rabbitmq_server, redis_server
from factories.processes import ROOT, clean_environment
from kernel import broker as brokers
from kernel.broker import QUEUE, declare_actor, make_broker
from kernel.database import Database
from kernel.errors import DomainError
from kernel.outbox import JobMessage, enqueue
from kernel.relay import Send
from kernel.relay import relay_once as relay_on
from kernel.settings import Settings
from tenants.session import shared_session

JOBS = 200  # one batch of the relay


async def write_jobs(database: Database, count: int) -> set[str]:
    keys = {f"job-{number}" for number in range(count)}
    async with shared_session(database) as db:
        await db.execute(text("DELETE FROM shared.outbox"))
        for key in sorted(keys):
            await enqueue(db, "test.nothing", {}, key=key)
    return keys


async def relay_once(database: Database, send: Send) -> int:
    async with database.app_engine.connect() as connection:
        return await relay_on(connection, send)


async def waiting(database: Database) -> set[str]:
    async with shared_session(database) as db:
        return set((await db.execute(text("SELECT key FROM shared.outbox"))).scalars())


def sender(url: str) -> tuple[dramatiq.Broker, Send]:
    """A broker at ``url`` and the function by which the worker sends to it."""
    broker = make_broker(Settings(broker_url=url), "unused")

    async def run(*arguments: object) -> None:
        """Never called: nothing consumes here."""

    actor = declare_actor(broker, run)

    def send(message: JobMessage) -> None:
        actor.send(*message)

    return broker, send


def keys_in_rabbitmq(url: str) -> set[str]:
    import pika

    found = set()
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    while True:
        method, _, body = channel.basic_get(QUEUE, auto_ack=True)
        if method is None:
            break
        found.add(str(dramatiq.Message.decode(body).args[2]))
    connection.close()
    return found


@pytest.mark.slow
async def test_rabbitmq_killed_before_it_wrote_the_jobs_down_loses_none(
    database: Database, tmp_path: Path
) -> None:
    keys = await write_jobs(database, JOBS)
    with rabbitmq_server(tmp_path / "rabbitmq") as server:
        broker, send = sender(server.url)
        # a connection belongs to its thread: this thread's idle one will relay
        await asyncio.to_thread(send, JobMessage("warm", "test.nothing", "warm-up", {}))
        await asyncio.to_thread(time.sleep, 1.0)  # the warm-up's queue is on disk
        server.freeze()
        relaying = asyncio.create_task(relay_once(database, send))
        await asyncio.wait([relaying], timeout=2.0)
        server.kill()
        await asyncio.gather(relaying, return_exceptions=True)
        server.start()
        left = await waiting(database)
        if left:
            broker, send = sender(server.url)
            assert await relay_once(database, send) == len(left)
        assert keys_in_rabbitmq(server.url) >= keys
        broker.close()


@pytest.mark.slow
async def test_redis_that_writes_an_append_only_file_loses_no_job_when_it_is_killed(
    database: Database, tmp_path: Path
) -> None:
    keys = await write_jobs(database, JOBS)
    with redis_server(tmp_path, durable=True) as server:
        broker, send = sender(server.url)
        assert await relay_once(database, send) == JOBS
        server.kill()
        server.start()
        import redis

        client = redis.Redis.from_url(server.url)
        bodies: list[Any] = list(client.hgetall(f"dramatiq:{QUEUE}.msgs").values())  # type: ignore[arg-type, union-attr]
        assert {str(dramatiq.Message.decode(body).args[2]) for body in bodies} == keys
        client.close()
        broker.close()


@pytest.mark.slow
def test_redis_that_keeps_jobs_in_memory_alone_is_told_of_and_refused_in_production(tmp_path: Path) -> None:
    with redis_server(tmp_path, durable=False) as server:
        settings = Settings(broker_url=server.url)
        assert "appendonly" in (brokers.find_durability_problem(settings) or "")
        with pytest.raises(DomainError, match="appendonly"):
            brokers.check_broker_durability(replace(settings, environment="production"))
        brokers.check_broker_durability(settings)  # development goes on, and logs it
    (tmp_path / "durable").mkdir()
    with redis_server(tmp_path / "durable", durable=True) as server:
        settings = Settings(broker_url=server.url, environment="production")
        assert brokers.find_durability_problem(settings) is None
        brokers.check_broker_durability(settings)


HOLDER = """
import os, signal, sys
from kernel import broker as brokers
from kernel.settings import Settings
brokers.HEARTBEAT_TIMEOUT_MS = 2_000
broker = brokers.make_broker(Settings(broker_url=sys.argv[1]), "unused")
async def run(*arguments): ...
brokers.declare_actor(broker, run)
for message in broker.consume(brokers.QUEUE, timeout=200):
    if message is not None:
        print("held", flush=True)
        signal.pause()
"""


@pytest.mark.slow
def test_a_job_that_a_dead_worker_holds_in_redis_is_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert brokers.HEARTBEAT_TIMEOUT_MS <= 60_000, (
        "a dead worker is known as one within a minute, 90 seconds with the look"
    )
    monkeypatch.setattr(brokers, "HEARTBEAT_TIMEOUT_MS", 2_000)
    with redis_server(tmp_path, durable=True) as server:
        broker, send = sender(server.url)
        send(JobMessage("coop", "test.nothing", "held-by-the-dead", {}))
        environment = clean_environment() | {"PYTHONPATH": str(ROOT / "platform")}
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, server.url], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()

        def take_up() -> str:
            deadline = time.monotonic() + 30
            for message in broker.consume(QUEUE, timeout=200):
                if message is not None:
                    return str(message.args[2])
                if time.monotonic() > deadline:
                    break
            return "nothing"

        assert take_up() == "held-by-the-dead"
        broker.close()
