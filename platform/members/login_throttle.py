"""Throttling of sign-in and other attempts by person and network (docs/adr/0017-throttles.md)."""

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
    exponential_backoff,
    fixed_window,
    list_networks,
    minutes_until,
    reset_attempts,
    throttle_attempt,
    throttle_key,
    uncount_attempts,
)
from ui.errors import TOO_MANY_ATTEMPTS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from kernel.process_services import ThrottleCache
    from tenants.registry import TenantRef

NETWORK_WINDOW = timedelta(minutes=15)
NETWORK_TRIES = 60  # a whole village may share one IP address
# Attempts at one identity from all networks together. One network is allowed about a dozen an hour, so a
# stranger with a few networks cannot reach this limit.
IDENTITY_WINDOW = timedelta(hours=1)
IDENTITY_TRIES = 100
# Attempts from the wider IPv6 networks, the /56 and the /48: hardly more than from one household, however
# many addresses somebody owns.
WIDER_NETWORK_TRIES = (12, 20)
APPLICATION_WINDOW = timedelta(hours=1)
MAX_APPLICATIONS = 10
RETENTION = timedelta(days=2)


def remember_refusal(cache: ThrottleCache, key: str, rule: ThrottleRule) -> ThrottleRule:
    """Wrap a rule so that its refusals are cached in this process."""

    def wrapped(tries: Attempts, now: datetime) -> Attempts | None:
        fresh = rule(tries, now)
        if fresh is None:
            cache.add(key, tries.until)
        return fresh

    return wrapped


class LoginThrottle:
    """Counts the attempts of one kind (`action`) at one identity, for a cooperative or the platform (`tenant`
    None).

    An attempt is counted by network, by identity and network, and by identity. Guesses of a stranger
    therefore block the stranger's network and not the person, unless they come from very many networks.
    Attempts from a browser in which the person has signed in before (`device`, see `members.devices`) are
    counted separately, so that guesses of strangers never block it. Call `hit` before the request's own
    transaction begins, so that no request holds two connections.
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
        """Count an attempt, before the password or code is verified.

        Raises DomainError ui.too_many_attempts with the minutes to wait.
        """
        await _count_attempt(self._database, self._tenant, self._rules)

    async def reset(self, db: AsyncSession) -> None:
        """Reset the count of this identity and network after a success, and uncount the attempt in the other
        counts.
        """
        for key, _ in self._rules:
            self._database.services.throttle_cache.discard(_cache_key(self._tenant, key))
            if key == self._identity_key:
                await reset_attempts(db, self._tenant, key)
            else:
                await uncount_attempts(db, self._tenant, [key])


async def delete_expired(db: AsyncSession) -> None:
    """Delete attempts that no longer count.

    Rows in use are younger than `RETENTION`, so this waits for no lock.
    """
    await db.execute(
        text("DELETE FROM throttles WHERE window_ends_at < :old"), {"old": clock.now() - RETENTION}
    )


async def count_application(database: Database, tenant: TenantRef, client_ip: str) -> None:
    """Count one application for membership from a network. Raises DomainError ui.too_many_attempts."""
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
    """Count one attempt of `action` from a network.

    `wider` has the factors by which the limit of an IPv6 /64, /56 and /48 is higher. Raises DomainError
    ui.too_many_attempts for more than `limit` attempts in a window.
    """
    await _count_attempt(database, tenant, _network_rules(action, client_ip, limit, window, wider))


async def _count_attempt(
    database: Database, tenant: TenantRef | None, rules: Sequence[tuple[str, ThrottleRule]]
) -> None:
    """Count an attempt under every rule.

    A refusal that is still valid is answered from memory, so that a flood of attempts causes no queries.
    Raises DomainError ui.too_many_attempts.
    """
    refused, now = database.services.throttle_cache, clock.now()
    for key, _ in rules:
        until = refused.get(_cache_key(tenant, key), now)
        if until is not None:
            raise TOO_MANY_ATTEMPTS(minutes=minutes_until(until, now))
    watched = [(key, remember_refusal(refused, _cache_key(tenant, key), rule)) for key, rule in rules]
    minutes = await throttle_attempt(database, tenant, watched)
    if minutes:
        raise TOO_MANY_ATTEMPTS(minutes=minutes)


def _cache_key(tenant: TenantRef | None, key: str) -> str:
    return f"{tenant.schema_name if tenant else ''} {key}"


def _network_rules(
    action: str, client_ip: str, limit: int, window: timedelta, wider: tuple[int, ...] = IPV6_LIMIT_FACTORS
) -> list[tuple[str, ThrottleRule]]:
    """Return the rules for the networks of an address, the narrowest first.

    An attempt that a narrower network's rule refuses is not counted for the wider ones.
    """
    return [
        (throttle_key(f"{action}-from", network), fixed_window(limit * times, window))
        for network, times in zip(list_networks(client_ip) or (client_ip,), wider, strict=False)
    ]
