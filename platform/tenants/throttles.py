"""Counting attempts at the doors: the platform's own in schema ``shared``, a cooperative's in its schema
(docs/adr/0017-throttles.md).

An attempt is counted before it is weighed, in a transaction of its own: one that is rolled back afterwards
counts all the same.
"""

from __future__ import annotations

import functools
import hashlib
import ipaddress
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import text

from kernel import clock
from tenants.session import coop_session, shared_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

FREE_ATTEMPTS: Final = 5
INITIAL_BACKOFF: Final = timedelta(minutes=1)
# Long enough to make guessing hopeless, short enough that nobody who forgot a password gives up for the day.
MAX_BACKOFF: Final = timedelta(minutes=15)
RESET_AFTER: Final = timedelta(hours=24)
# Prefixes of IPv6 that are counted, and how many times as much the wider ones may do as the one that a
# household has.
IPV6_PREFIX_LENGTHS: Final = (64, 56, 48)
IPV6_LIMIT_FACTORS: Final = (1, 2, 4)


class Attempts(msgspec.Struct, frozen=True):
    """Attempts at one door under one key: how many, and until when the next must wait (or, while still free,
    when they are forgotten).
    """

    count: int
    until: datetime


ThrottleRule = Callable[[Attempts, datetime], Attempts | None]


def exponential_backoff(attempts: Attempts, now: datetime) -> Attempts | None:
    """Count one more guess; None when it must wait.

    Five are free, then each waits twice as long as the one before.
    """
    if attempts.count < FREE_ATTEMPTS:
        count = 1 if attempts.until <= now else attempts.count + 1
    elif attempts.until > now:
        return None
    else:
        count = 1 if attempts.until + RESET_AFTER <= now else attempts.count + 1
    if count < FREE_ATTEMPTS:
        return Attempts(count, now + RESET_AFTER)
    doublings = min(count - FREE_ATTEMPTS, 10)
    return Attempts(count, now + min(INITIAL_BACKOFF * 2**doublings, MAX_BACKOFF))


def fixed_window(limit: int, window: timedelta) -> ThrottleRule:
    """The rule that lets ``limit`` attempts through in each window."""

    def rule(attempts: Attempts, now: datetime) -> Attempts | None:
        if attempts.until <= now:
            return Attempts(1, now + window)
        return None if attempts.count >= limit else Attempts(attempts.count + 1, attempts.until)

    return rule


def minutes_until(moment: datetime, now: datetime) -> int:
    """Whole minutes to wait, rounded up, at least one."""
    return max(1, -(-int((moment - now).total_seconds()) // 60))


@functools.lru_cache(maxsize=4_096)
def list_networks(client_ip: str) -> tuple[str, ...]:
    """The networks that an address belongs to, the narrowest first; none for what is no address.

    An IPv4 address is one visitor, or a whole village behind its provider. Of IPv6 a household has a /64 to
    itself, a customer often a /56 and whoever asks a hosting company a /48: 65,536 households to choose from.
    So all three are counted.
    """
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return ()
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is None:
            return tuple(
                str(ipaddress.ip_network((address, length), strict=False)) for length in IPV6_PREFIX_LENGTHS
            )
        address = mapped
    return (str(address),)


def narrowest_network(client_ip: str) -> str:
    """The address that counts as one visitor: an IPv4 address, or the /64 that one IPv6 household has to
    itself.
    """
    return next(iter(list_networks(client_ip)), client_ip)


def throttle_key(scope: str, subject: str) -> str:
    """The key that the database keeps: who tried is hashed, a list of failed sign-ins must not be a list of
    phone numbers.
    """
    return f"{scope}:{hashlib.sha256(subject.encode()).hexdigest()[:32]}"


async def count_attempts(
    database: Database, tenant: TenantRef | None, limits: Sequence[tuple[str, ThrottleRule]]
) -> int:
    """Count one attempt under each key in turn and return the minutes to wait: 0 when every rule lets it
    through.

    The first rule that does not ends the counting; what was counted before it stays. Without a ``tenant`` it
    is a door of the platform's own. Two callers that share keys must name them in the same order, for each
    waits for those before it.
    """
    opened = coop_session(database, tenant) if tenant else shared_session(database)
    async with opened as db:
        now = clock.now()
        for key, rule in limits:
            # writes nothing new, but locks the row: guesses at the same moment queue here, each sees those
            # before it
            held = await db.execute(
                text(
                    f"INSERT INTO {_table_name(tenant)} AS t (key, count, window_ends_at) VALUES (:key, "
                    f"0, :now)"
                    " ON CONFLICT (key) DO UPDATE SET count = t.count RETURNING count AS attempts, "
                    "window_ends_at AS until"
                ),
                {"key": key, "now": now},
            )
            row = held.one()
            attempts = Attempts(row.attempts, row.until)
            fresh = rule(attempts, now)
            if fresh is None:
                return minutes_until(attempts.until, now)
            await db.execute(
                text(
                    f"UPDATE {_table_name(tenant)} SET count = :count, window_ends_at = :until WHERE "
                    f"key = :key"
                ),
                {"key": key, "count": fresh.count, "until": fresh.until},
            )
    return 0


async def reset_attempts(db: AsyncSession, tenant: TenantRef | None, key: str) -> None:
    """Drop what was counted under ``key``."""
    await db.execute(text(f"DELETE FROM {_table_name(tenant)} WHERE key = :key"), {"key": key})


async def uncount_attempts(db: AsyncSession, tenant: TenantRef | None, keys: Sequence[str]) -> None:
    """Take one attempt off each of ``keys``."""
    statement = text(f"UPDATE {_table_name(tenant)} SET count = greatest(count - 1, 0) WHERE key = :key")
    for key in keys:
        await db.execute(statement, {"key": key})


def _table_name(tenant: TenantRef | None) -> str:
    return "throttles" if tenant else "shared.throttles"
