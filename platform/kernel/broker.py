"""Dramatiq's broker: PostgreSQL by default, Redis or RabbitMQ by URL.

All messages have one format (``kernel.outbox.JobMessage``).

The queue only transports jobs from the outbox to a worker. It must not lose a message and may deliver it
twice: the key of a job makes it take effect once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dramatiq
import structlog
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Callbacks, Pipelines, Retries, ShutdownNotifications
from dramatiq.middleware.asyncio import AsyncIO
from dramatiq_postgres import PostgresBroker
from dramatiq_postgres.schema import generate_init_sql
from psycopg_pool import ConnectionPool

from kernel.connection import DEAD_PEER_SECONDS
from kernel.errors import ErrorType
from kernel.thread_quotas import ThreadQuotas, silence_skip_warnings
from kernel.timeouts import BROKER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import psycopg

    from kernel.settings import Settings

log = structlog.get_logger()

QUEUE_SCHEMA = "dramatiq"
QUEUE = "jobs"
# A failing job goes back to the outbox (tenants/worker.py). The broker itself repeats a message only while
# even that fails because the database is unavailable: without a limit, and with delays far below the half
# hour after which RabbitMQ treats an unacknowledged message as stuck.
MIN_BACKOFF_MS = 1_000
MAX_BACKOFF_MS = 5 * 60 * 1_000
# After this silence, Redis and RabbitMQ treat a worker as dead and send its messages to another one.
HEARTBEAT_TIMEOUT_MS = 30_000
# How many of a million commands to Redis also look for dead workers. Idle consumers send five a second, so a
# dead worker is found within some two seconds.
REDIS_MAINTENANCE_CHANCE = 100_000
MAX_IDLE_SECONDS = 5.0  # idle connections are closed after this time

BROKER_NOT_DURABLE = ErrorType(
    "kernel.broker_not_durable",
    500,
    "Lumbung tidak dijalankan dalam mode produksi: {problem}",
)
UNKNOWN_BROKER = ErrorType(
    "kernel.unknown_broker",
    500,
    "LUMBUNG_BROKER_URL harus dimulai dengan redis:// atau amqp://.",
)
BROKER_NOT_INSTALLED = ErrorType(
    "kernel.broker_not_installed",
    500,
    "Broker ini perlu paket tambahan. Jalankan: pip install 'dramatiq[{extra}]'.",
)


def make_broker(settings: Settings, database_url: str) -> dramatiq.Broker:
    """Return the broker that the settings name; ``database_url`` is the application role's URL."""
    silence_skip_warnings()
    middleware = [
        ShutdownNotifications(),
        Callbacks(),
        Pipelines(),
        Retries(
            retry_when=lambda _retries, _error: True, min_backoff=MIN_BACKOFF_MS, max_backoff=MAX_BACKOFF_MS
        ),
        ThreadQuotas(settings.worker_threads),
        AsyncIO(),
    ]
    url = settings.broker_url
    if url is None:
        # another worker takes over a killed worker's jobs after ten seconds; if the first one is still alive,
        # the jobs' keys make that safe
        broker: dramatiq.Broker = PostgresBroker(
            pool=_make_pool(database_url),
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

            return RedisBroker(  # type: ignore[no-untyped-call]
                url=url,
                middleware=middleware,
                heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
                maintenance_chance=REDIS_MAINTENANCE_CHANCE,
            )
        if url.startswith(("amqp://", "amqps://")):
            from dramatiq.brokers.rabbitmq import RabbitmqBroker

            # the relay deletes a job once it was sent: "sent" must mean that RabbitMQ has stored it
            return RabbitmqBroker(url=_with_heartbeat(url), middleware=middleware, confirm_delivery=True)
    except ImportError as error:
        raise BROKER_NOT_INSTALLED(extra="redis" if url.startswith("redis") else "rabbitmq") from error
    raise UNKNOWN_BROKER()


def find_durability_problem(settings: Settings) -> str | None:
    """Return a sentence that explains why this broker may lose jobs when it is killed, or None.

    Redis reports its persistence (`INFO persistence`). PostgreSQL and RabbitMQ store what they have
    confirmed. When Redis does not answer, the error of its client is raised.
    """
    if not (settings.broker_url or "").startswith(("redis://", "rediss://")):
        return None
    import redis

    with redis.Redis.from_url(str(settings.broker_url), socket_timeout=5, socket_connect_timeout=5) as client:
        persistence: Any = client.info("persistence")
    if persistence.get("aof_enabled"):
        return None
    return (
        "Redis at LUMBUNG_BROKER_URL keeps jobs in memory alone and loses them when it is killed; "
        "set `appendonly yes` in redis.conf and restart it."
    )


def check_broker_durability(settings: Settings) -> None:
    """Log a warning at start-up when the broker may lose jobs.

    Raises a DomainError (``kernel.broker_not_durable``) in production.
    """
    problem = find_durability_problem(settings)
    if problem is None:
        return
    if settings.is_production:
        raise BROKER_NOT_DURABLE(problem=problem)
    log.warning("broker may lose jobs", problem=problem)


def _with_heartbeat(url: str) -> str:
    """Add the heartbeat to RabbitMQ's URL unless the operator chose one there."""
    if "heartbeat=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}heartbeat={HEARTBEAT_TIMEOUT_MS // 1_000}"


def close_broker(broker: dramatiq.Broker) -> None:
    """Close a broker and its connection pool."""
    broker.close()
    if isinstance(broker, PostgresBroker):
        broker.pool.close()


def _make_pool(database_url: str) -> ConnectionPool[Any]:
    """Return the broker's connection pool.

    Idle connections are closed, and the pool reconnects within seconds after a restart of the server.
    """
    return ConnectionPool(
        database_url,
        kwargs={
            "application_name": "lumbung-jobs",
            "connect_timeout": 4,
            "keepalives": 1,
            "keepalives_idle": 4,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": DEAD_PEER_SECONDS * 1_000,
        },
        min_size=0,
        max_size=16,
        max_idle=MAX_IDLE_SECONDS,
        timeout=10,
        reconnect_timeout=5,
        configure=_set_timeouts,
        check=ConnectionPool.check_connection,
        open=True,
    )


def _set_timeouts(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction():
        connection.execute(BROKER.set_statements())


def declare_actor(broker: dramatiq.Broker, run: Callable[..., Awaitable[None]]) -> dramatiq.Actor[Any, Any]:
    """Declare the one actor: ``run(*message)``, with the fields of a ``kernel.outbox.JobMessage``."""
    return dramatiq.actor(broker=broker, actor_name="lumbung", queue_name=QUEUE)(run)


def queue_schema_sql(app_role: str) -> str:
    """Return the SQL that creates the queue's tables if missing and grants the application's role access."""
    tables = generate_init_sql(QUEUE_SCHEMA).replace("WITHOUT OIDS", "")
    return (
        f"DO $queue$ BEGIN IF to_regclass('{QUEUE_SCHEMA}.queue') IS NULL THEN EXECUTE "
        f"$tables${tables}$tables$; END IF; END $queue$;"
        f"GRANT USAGE ON SCHEMA {QUEUE_SCHEMA} TO {app_role};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {QUEUE_SCHEMA} TO {app_role};"
    )
