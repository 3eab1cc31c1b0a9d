"""Dramatiq's broker: PostgreSQL itself by default, Redis or RabbitMQ by URL. What travels through it is one kind of message.

The queue is only the way from the outbox to a worker. It may lose nothing and may deliver twice: the key of a job makes it happen once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AgeLimit, Callbacks, Pipelines, Retries, ShutdownNotifications, TimeLimit
from dramatiq.middleware.asyncio import AsyncIO
from dramatiq_postgres import PostgresBroker
from dramatiq_postgres.schema import generate_init_sql

from kernel.errors import Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kernel.settings import Settings

QUEUE_SCHEMA = "dramatiq"
QUEUE = "jobs"
MOST_RETRIES = 12  # with the back-off below, about two days
FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 12 * 3_600 * 1_000

UNKNOWN_BROKER = Kind(
    "kernel.unknown_broker",
    500,
    id="LUMBUNG_BROKER_URL harus dimulai dengan redis:// atau amqp://.",
    en="LUMBUNG_BROKER_URL must begin with redis:// or amqp://.",
)
BROKER_NOT_INSTALLED = Kind(
    "kernel.broker_not_installed",
    500,
    id="Broker ini perlu paket tambahan. Jalankan: pip install 'dramatiq[{extra}]'.",
    en="This broker needs a further package. Run: pip install 'dramatiq[{extra}]'.",
)


def make_broker(settings: Settings, database_url: str) -> dramatiq.Broker:
    """Return the broker that the settings name; ``database_url`` is the application role's."""
    middleware = [
        AgeLimit(),
        TimeLimit(),
        ShutdownNotifications(),
        Callbacks(),
        Pipelines(),
        Retries(max_retries=MOST_RETRIES, min_backoff=FIRST_WAIT_MS, max_backoff=LONGEST_WAIT_MS),
        AsyncIO(),
    ]
    url = settings.broker_url
    if url is None:
        # a killed worker's jobs are taken over after ten seconds; should it still be alive, their keys make that safe
        broker: dramatiq.Broker = PostgresBroker(
            url=database_url,
            results=False,
            middleware=middleware,
            heartbeat_interval=2.0,
            heartbeat_ttl=10.0,
            maintenance_interval=5.0,
        )
        return broker
    if url == "stub://":
        return StubBroker(middleware=middleware)
    try:
        if url.startswith(("redis://", "rediss://")):
            from dramatiq.brokers.redis import RedisBroker

            return RedisBroker(url=url, middleware=middleware)  # type: ignore[no-untyped-call]
        if url.startswith(("amqp://", "amqps://")):
            from dramatiq.brokers.rabbitmq import RabbitmqBroker

            return RabbitmqBroker(url=url, middleware=middleware)
    except ImportError as error:
        raise BROKER_NOT_INSTALLED(extra="redis" if url.startswith("redis") else "rabbitmq") from error
    raise UNKNOWN_BROKER()


def job_actor(broker: dramatiq.Broker, run: Callable[..., Awaitable[None]]) -> dramatiq.Actor[Any, Any]:
    """Declare the one actor: ``run(coop_role, job, key, arguments)``."""
    return dramatiq.actor(broker=broker, actor_name="lumbung", queue_name=QUEUE)(run)


def queue_schema_script(app_role: str) -> str:
    """Return the SQL that makes the queue's tables, once, and lets the application's role use them."""
    tables = generate_init_sql(QUEUE_SCHEMA).replace("WITHOUT OIDS", "")
    return (
        f"DO $queue$ BEGIN IF to_regclass('{QUEUE_SCHEMA}.queue') IS NULL THEN EXECUTE $tables${tables}$tables$; END IF; END $queue$;"
        f"GRANT USAGE ON SCHEMA {QUEUE_SCHEMA} TO {app_role};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {QUEUE_SCHEMA} TO {app_role};"
    )
