"""The doors that people knock at: who may try, how often, from where (docs/adr/0017-throttles.md)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from kernel import clock
from tenants.throttles import (
    WIDER,
    Rule,
    Tries,
    count_attempts,
    forget_attempts,
    give_back,
    minutes_until,
    networks_of,
    next_try,
    throttle_key,
    within,
)
from ui.errors import TOO_MANY_ATTEMPTS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

NETWORK_WINDOW = timedelta(minutes=15)
NETWORK_TRIES = 60  # a village shares one address behind its provider
# Guesses at one person from everywhere together. A network may make about a dozen an hour, so that no
# stranger reaches this from a few of them.
IDENTITY_WINDOW = timedelta(hours=1)
IDENTITY_TRIES = 100
# And from the wider networks of IPv6, the /56 and the /48: hardly more than from one household, however many
# of them somebody owns.
NEAR_TRIES = (12, 20)
APPLICATION_WINDOW = timedelta(hours=1)
APPLICATIONS = 10
KEPT_FOR = timedelta(days=2)
REMEMBERED = 10_000
_KEPT = "refused"


class Refused:
    """Which counts are full, and until when: what the database said, kept for as long as it would say nothing
    else. The oldest go first.
    """

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._until: OrderedDict[str, datetime] = OrderedDict()

    def until(self, place: str, now: datetime) -> datetime | None:
        """Return until when a count is full, or None when it is not known to be."""
        found = self._until.get(place)
        if found is not None and found <= now:
            del self._until[place]
            return None
        return found

    def watching(self, place: str, rule: Rule) -> Rule:
        """Return the same rule; when it refuses, that is kept."""

        def watched(tries: Tries, now: datetime) -> Tries | None:
            fresh = rule(tries, now)
            if fresh is None:
                self._until[place] = tries.until
                if len(self._until) > self._limit:
                    self._until.popitem(last=False)
            return fresh

        return watched

    def forget(self, place: str) -> None:
        """A count was taken back."""
        self._until.pop(place, None)


def refused_of(database: Database) -> Refused:
    """The refusals that this process keeps."""
    found: Refused | None = database.process_state.get(_KEPT)
    if found is None:
        found = database.process_state[_KEPT] = Refused()
    return found


class Door:
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
        door: str,
        whom: str,
        client_ip: str,
        *,
        device: str | None = None,
    ) -> None:
        self._database, self._tenant = database, tenant
        nearest, *wider = networks_of(client_ip) or (client_ip,)
        if device is not None:
            self._whom_there = throttle_key(f"{door}-device", f"{whom} by {device}")
            self._counted: list[tuple[str, Rule]] = [(self._whom_there, next_try)]
            return
        self._whom_there = throttle_key(door, f"{whom} from {nearest}")
        self._counted = [
            *_by_network(door, client_ip, NETWORK_TRIES, NETWORK_WINDOW),
            (self._whom_there, next_try),
            *(
                (throttle_key(door, f"{whom} from {network}"), within(most, IDENTITY_WINDOW))
                for network, most in zip(wider, NEAR_TRIES, strict=False)
            ),
            (throttle_key(f"{door}-of", whom), within(IDENTITY_TRIES, IDENTITY_WINDOW)),
        ]

    async def knock(self) -> None:
        """Count the attempt.

        Raises DomainError ui.too_many_attempts with the minutes to wait, before anything is weighed.
        """
        await _count(self._database, self._tenant, self._counted)

    async def welcome(self, db: AsyncSession) -> None:
        """Forget the guesses from here: it was the right person. The other counts get this one back."""
        for key, _ in self._counted:
            refused_of(self._database).forget(_place(self._tenant, key))
            if key == self._whom_there:
                await forget_attempts(db, self._tenant, key)
            else:
                await give_back(db, self._tenant, [key])


async def forget_old(db: AsyncSession) -> None:
    """Drop attempts that count no more.

    Rows that somebody is counting in just now are younger, so nobody waits for this.
    """
    await db.execute(
        text("DELETE FROM throttles WHERE window_ends_at < :old"), {"old": clock.now() - KEPT_FOR}
    )


async def count_application(database: Database, tenant: TenantRef, client_ip: str) -> None:
    """Count one application from a network. Raises DomainError ui.too_many_attempts."""
    await count_from_network(
        database, tenant, "application", client_ip, most=APPLICATIONS, window=APPLICATION_WINDOW
    )


async def count_from_network(
    database: Database,
    tenant: TenantRef | None,
    door: str,
    client_ip: str,
    *,
    most: int,
    window: timedelta,
    wider: tuple[int, ...] = WIDER,
) -> None:
    """Count one attempt of strangers from a network at a door.

    Raises DomainError ui.too_many_attempts beyond ``most`` in a window.

    ``wider``: how many times as much an IPv6 /64, /56 and /48 may do.
    """
    await _count(database, tenant, _by_network(door, client_ip, most, window, wider))


async def _count(database: Database, tenant: TenantRef | None, counted: Sequence[tuple[str, Rule]]) -> None:
    """Count an attempt; one that must wait anyway is told so from memory, so that a flood of them asks the
    database nothing.
    """
    refused, now = refused_of(database), clock.now()
    for key, _ in counted:
        until = refused.until(_place(tenant, key), now)
        if until is not None:
            raise TOO_MANY_ATTEMPTS(minutes=minutes_until(until, now))
    watched = [(key, refused.watching(_place(tenant, key), rule)) for key, rule in counted]
    minutes = await count_attempts(database, tenant, watched)
    if minutes:
        raise TOO_MANY_ATTEMPTS(minutes=minutes)


def _place(tenant: TenantRef | None, key: str) -> str:
    return f"{tenant.schema_name if tenant else ''} {key}"


def _by_network(
    door: str, client_ip: str, most: int, window: timedelta, wider: tuple[int, ...] = WIDER
) -> list[tuple[str, Rule]]:
    """The counts of the networks that an address belongs to, the narrowest first: what it is refused, the
    wider ones do not count.
    """
    return [
        (throttle_key(f"{door}-from", network), within(most * times, window))
        for network, times in zip(networks_of(client_ip) or (client_ip,), wider, strict=False)
    ]
