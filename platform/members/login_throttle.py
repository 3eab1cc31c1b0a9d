"""The doors that people knock at: who may try, how often, from where (docs/adr/0017-throttles.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from kernel import clock
from tenants.throttles import (
    IPV6_LIMIT_FACTORS,
    Attempts,
    ThrottleRule,
    count_attempts,
    exponential_backoff,
    fixed_window,
    list_networks,
    minutes_until,
    reset_attempts,
    throttle_key,
    uncount_attempts,
)
from ui.errors import TOO_MANY_ATTEMPTS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from kernel.refusals import RefusalCache
    from tenants.registry import TenantRef

NETWORK_WINDOW = timedelta(minutes=15)
NETWORK_TRIES = 60  # a village shares one address behind its provider
# Guesses at one person from everywhere together. A network may make about a dozen an hour, so that no
# stranger reaches this from a few of them.
IDENTITY_WINDOW = timedelta(hours=1)
IDENTITY_TRIES = 100
# And from the wider networks of IPv6, the /56 and the /48: hardly more than from one household, however many
# of them somebody owns.
WIDER_NETWORK_TRIES = (12, 20)
APPLICATION_WINDOW = timedelta(hours=1)
MAX_APPLICATIONS = 10
RETENTION = timedelta(days=2)


def remember_refusal(refusals: RefusalCache, key: str, rule: ThrottleRule) -> ThrottleRule:
    """Return the same rule; when it refuses, that is kept."""

    def wrapped(tries: Attempts, now: datetime) -> Attempts | None:
        fresh = rule(tries, now)
        if fresh is None:
            refusals.add(key, tries.until)
        return fresh

    return wrapped


class LoginThrottle:
    """One attempt at a door of a cooperative, or of the platform's own when ``tenant`` is None.

    It is counted under where it comes from, under who is claimed there, and under who is claimed anywhere: a
    stranger's guesses make the stranger wait, not the person who is claimed, until they come from very many
    networks. A browser in which that person signed in before (``device``, see ``members.devices``) is counted
    by itself and by nothing else: no stranger's guesses reach it. Knock before the request's own transaction
    has begun, so that a crowd at the door never holds two connections each.
    """

    def __init__(
        self,
        database: Database,
        tenant: TenantRef | None,
        action: str,
        identity: str,
        client_ip: str,
        *,
        device: str | None = None,
    ) -> None:
        self._database, self._tenant = database, tenant
        nearest, *wider = list_networks(client_ip) or (client_ip,)
        if device is not None:
            self._identity_key = throttle_key(f"{action}-device", f"{identity} by {device}")
            self._rules: list[tuple[str, ThrottleRule]] = [(self._identity_key, exponential_backoff)]
            return
        self._identity_key = throttle_key(action, f"{identity} from {nearest}")
        self._rules = [
            *_network_rules(action, client_ip, NETWORK_TRIES, NETWORK_WINDOW),
            (self._identity_key, exponential_backoff),
            *(
                (throttle_key(action, f"{identity} from {network}"), fixed_window(most, IDENTITY_WINDOW))
                for network, most in zip(wider, WIDER_NETWORK_TRIES, strict=False)
            ),
            (throttle_key(f"{action}-of", identity), fixed_window(IDENTITY_TRIES, IDENTITY_WINDOW)),
        ]

    async def hit(self) -> None:
        """Count the attempt.

        Raises DomainError ui.too_many_attempts with the minutes to wait, before anything is weighed.
        """
        await _count_attempt(self._database, self._tenant, self._rules)

    async def reset(self, db: AsyncSession) -> None:
        """Forget the guesses from here: it was the right person. The other counts get this one back."""
        for key, _ in self._rules:
            self._database.services.refusals.discard(_cache_key(self._tenant, key))
            if key == self._identity_key:
                await reset_attempts(db, self._tenant, key)
            else:
                await uncount_attempts(db, self._tenant, [key])


async def delete_expired(db: AsyncSession) -> None:
    """Drop attempts that count no more.

    Rows that somebody is counting in just now are younger, so nobody waits for this.
    """
    await db.execute(
        text("DELETE FROM throttles WHERE window_ends_at < :old"), {"old": clock.now() - RETENTION}
    )


async def count_application(database: Database, tenant: TenantRef, client_ip: str) -> None:
    """Count one application from a network. Raises DomainError ui.too_many_attempts."""
    await count_from_network(
        database, tenant, "application", client_ip, limit=MAX_APPLICATIONS, window=APPLICATION_WINDOW
    )


async def count_from_network(
    database: Database,
    tenant: TenantRef | None,
    action: str,
    client_ip: str,
    *,
    limit: int,
    window: timedelta,
    wider: tuple[int, ...] = IPV6_LIMIT_FACTORS,
) -> None:
    """Count one attempt of strangers from a network at a door.

    Raises DomainError ui.too_many_attempts beyond ``most`` in a window.

    ``wider``: how many times as much an IPv6 /64, /56 and /48 may do.
    """
    await _count_attempt(database, tenant, _network_rules(action, client_ip, limit, window, wider))


async def _count_attempt(
    database: Database, tenant: TenantRef | None, rules: Sequence[tuple[str, ThrottleRule]]
) -> None:
    """Count an attempt; one that must wait anyway is told so from memory, so that a flood of them asks the
    database nothing.
    """
    refused, now = database.services.refusals, clock.now()
    for key, _ in rules:
        until = refused.get(_cache_key(tenant, key), now)
        if until is not None:
            raise TOO_MANY_ATTEMPTS(minutes=minutes_until(until, now))
    watched = [(key, remember_refusal(refused, _cache_key(tenant, key), rule)) for key, rule in rules]
    minutes = await count_attempts(database, tenant, watched)
    if minutes:
        raise TOO_MANY_ATTEMPTS(minutes=minutes)


def _cache_key(tenant: TenantRef | None, key: str) -> str:
    return f"{tenant.schema_name if tenant else ''} {key}"


def _network_rules(
    action: str, client_ip: str, limit: int, window: timedelta, wider: tuple[int, ...] = IPV6_LIMIT_FACTORS
) -> list[tuple[str, ThrottleRule]]:
    """The counts of the networks that an address belongs to, the narrowest first: what it is refused, the
    wider ones do not count.
    """
    return [
        (throttle_key(f"{action}-from", network), fixed_window(limit * times, window))
        for network, times in zip(list_networks(client_ip) or (client_ip,), wider, strict=False)
    ]
