"""Counting guesses before they are weighed, in transactions of their own: a failure that is rolled back is counted all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from kernel import clock
from members import queries, rules
from members.rules import Tries
from tenants.session import coop_session
from ui.errors import TOO_MANY_ATTEMPTS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

NETWORK_WINDOW = timedelta(minutes=15)
NETWORK_TRIES = 60  # a village shares one address behind its provider
APPLICATION_WINDOW = timedelta(hours=1)
APPLICATIONS = 10
KEPT_FOR = timedelta(days=2)

Rule = Callable[[Tries, datetime], Tries | None]


class Door:
    """One attempt at a door of a cooperative: counted under who is claimed and under where it comes from.

    Knock before the request's own transaction has begun, so that a crowd at the door never holds two connections each.
    """

    def __init__(self, database: Database, tenant: TenantRef, door: str, whom: str, client_ip: str) -> None:
        self._database, self._tenant = database, tenant
        self._whom = rules.throttle_key(door, whom)
        self._network = rules.throttle_key(f"{door}-from", rules.network_of(client_ip))

    async def knock(self) -> None:
        """Count the attempt. Raises Refusal ui.too_many_attempts with the minutes to wait, before anything is weighed."""
        await _count(self._database, self._tenant, self._network, _network_rule)
        await _count(self._database, self._tenant, self._whom, rules.next_try)

    async def welcome(self, db: AsyncSession) -> None:
        """Forget the guesses: it was the right person. Their network gets this one back."""
        await db.execute(text("DELETE FROM throttles WHERE key = :key"), {"key": self._whom})
        await db.execute(
            text("UPDATE throttles SET count = greatest(count - 1, 0) WHERE key = :key"), {"key": self._network}
        )


async def forget_old(db: AsyncSession) -> None:
    """Drop attempts that count no more. Rows that somebody is counting in just now are younger, so nobody waits for this."""
    await db.execute(text("DELETE FROM throttles WHERE window_ends_at < :old"), {"old": clock.now() - KEPT_FOR})


async def count_application(database: Database, tenant: TenantRef, client_ip: str) -> None:
    """Count one application from a network. Raises Refusal ui.too_many_attempts."""
    await count_from_network(database, tenant, "application", client_ip, most=APPLICATIONS, window=APPLICATION_WINDOW)


async def count_from_network(
    database: Database, tenant: TenantRef, door: str, client_ip: str, *, most: int, window: timedelta
) -> None:
    """Count one attempt of strangers from a network at a door. Raises Refusal ui.too_many_attempts beyond ``most`` in a window."""
    key = rules.throttle_key(f"{door}-from", rules.network_of(client_ip))
    await _count(database, tenant, key, lambda tries, now: rules.next_in_window(tries, now, most, window))


def _network_rule(tries: Tries, now: datetime) -> Tries | None:
    return rules.next_in_window(tries, now, NETWORK_TRIES, NETWORK_WINDOW)


async def _count(database: Database, tenant: TenantRef, key: str, rule: Rule) -> None:
    async with coop_session(database, tenant) as db:
        now = clock.now()
        await db.execute(
            text(
                "INSERT INTO throttles (key, count, window_ends_at) VALUES (:key, 0, :now) ON CONFLICT (key) DO NOTHING"
            ),
            {"key": key, "now": now},
        )
        tries = await queries.lock_tries(db, key)  # guesses at the same moment queue here, each sees those before it
        counted = rule(tries, now)
        if counted is not None:
            await db.execute(
                text("UPDATE throttles SET count = :count, window_ends_at = :until WHERE key = :key"),
                {"key": key, "count": counted.count, "until": counted.until},
            )
    if counted is None:
        raise TOO_MANY_ATTEMPTS(minutes=rules.minutes_until(tries.until, now))
