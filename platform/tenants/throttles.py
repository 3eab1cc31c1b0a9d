"""Count and limit attempts, such as sign-ins (docs/adr/0017-throttles.md).

The platform's counts are in schema ``shared``, a cooperative's in its schema. An attempt is counted before it
is checked, in a separate transaction, so that it counts even when the request is rolled back.
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
# Long enough to make guessing infeasible, short enough for a user who forgot a password.
MAX_BACKOFF: Final = timedelta(minutes=15)
RESET_AFTER: Final = timedelta(hours=24)
# Lengths of the IPv6 prefixes that are counted, and the factors of their limits compared with the /64 of one
# household.
IPV6_PREFIX_LENGTHS: Final = (64, 56, 48)
IPV6_LIMIT_FACTORS: Final = (1, 2, 4)


class Attempts(msgspec.Struct, frozen=True):
    """The attempts counted under one key.

    ``count`` is their number. ``until`` is when the next attempt is allowed, or, while attempts are free,
    when the count expires.
    """

    count: int
    until: datetime


ThrottleRule = Callable[[Attempts, datetime], Attempts | None]


def exponential_backoff(attempts: Attempts, now: datetime) -> Attempts | None:
    """Return the attempts with one more counted, or None when the attempt must wait.

    ``FREE_ATTEMPTS`` attempts are free. After that, each delay is twice the one before, from one minute to
    15.
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
    """Return the rule that allows ``limit`` attempts in each window."""

    def rule(attempts: Attempts, now: datetime) -> Attempts | None:
        if attempts.until <= now:
            return Attempts(1, now + window)
        return None if attempts.count >= limit else Attempts(attempts.count + 1, attempts.until)

    return rule


def minutes_until(moment: datetime, now: datetime) -> int:
    """Return the minutes from ``now`` until ``moment``, rounded up, at least one."""
    return max(1, -(-int((moment - now).total_seconds()) // 60))


@functools.lru_cache(maxsize=4_096)
def list_networks(client_ip: str) -> tuple[str, ...]:
    """Return the networks of an address, the narrowest first; none when it is not an IP address.

    An IPv4 address is one visitor, or a whole village behind its provider. With IPv6, a household has a /64,
    a customer often a /56, and a customer of a hosting company a /48 with 65,536 different /64 networks. So
    all three are counted.
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
    """Return the network that counts as one visitor: an IPv4 address, or an IPv6 /64."""
    return next(iter(list_networks(client_ip)), client_ip)


def throttle_key(scope: str, subject: str) -> str:
    """Return the key under which attempts are stored, with the subject hashed.

    The table of failed sign-ins must not contain phone numbers.
    """
    return f"{scope}:{hashlib.sha256(subject.encode()).hexdigest()[:32]}"


async def throttle_attempt(
    database: Database, tenant: TenantRef | None, limits: Sequence[tuple[str, ThrottleRule]]
) -> int:
    """Record one attempt under each key and return the minutes to wait, 0 when every rule allows it.

    The first rule that refuses ends the counting; earlier counts remain. Without a ``tenant``, the counts are
    the platform's. Callers that share keys must pass them in the same order, because each key is a row lock:
    otherwise they could deadlock.
    """
    opened = coop_session(database, tenant) if tenant else shared_session(database)
    async with opened as db:
        now = clock.now()
        for key, rule in limits:
            # changes nothing, but locks the row: concurrent attempts wait here, and each sees the earlier
            # ones
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
    """Delete the count of ``key``."""
    await db.execute(text(f"DELETE FROM {_table_name(tenant)} WHERE key = :key"), {"key": key})


async def uncount_attempts(db: AsyncSession, tenant: TenantRef | None, keys: Sequence[str]) -> None:
    """Subtract one attempt from the count of each of ``keys``, down to zero."""
    statement = text(f"UPDATE {_table_name(tenant)} SET count = greatest(count - 1, 0) WHERE key = :key")
    for key in keys:
        await db.execute(statement, {"key": key})


def _table_name(tenant: TenantRef | None) -> str:
    return "throttles" if tenant else "shared.throttles"
