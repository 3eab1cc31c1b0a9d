"""The doors that people knock at: who may try, how often, from where (docs/adr/0017-throttles.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from kernel import clock
from tenants.throttles import (
    WIDER,
    Rule,
    count_attempts,
    forget_attempts,
    give_back,
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
# Guesses at one person from everywhere together. A network may make about a dozen an hour, so that no stranger reaches this from a few of them.
IDENTITY_WINDOW = timedelta(hours=1)
IDENTITY_TRIES = 100
# And from the wider networks of IPv6, the /56 and the /48: hardly more than from one household, however many of them somebody owns.
NEAR_TRIES = (12, 20)
APPLICATION_WINDOW = timedelta(hours=1)
APPLICATIONS = 10
KEPT_FOR = timedelta(days=2)


class Door:
    """One attempt at a door of a cooperative, or of the platform's own when ``tenant`` is None.

    It is counted under where it comes from, under who is claimed there, and under who is claimed anywhere: a stranger's guesses make the
    stranger wait, not the person who is claimed, until they come from very many networks. A browser in which that person signed in before
    (``device``, see ``members.devices``) is counted by itself and by nothing else: no stranger's guesses reach it. Knock before the request's
    own transaction has begun, so that a crowd at the door never holds two connections each.
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
        """Count the attempt. Raises Refusal ui.too_many_attempts with the minutes to wait, before anything is weighed."""
        minutes = await count_attempts(self._database, self._tenant, self._counted)
        if minutes:
            raise TOO_MANY_ATTEMPTS(minutes=minutes)

    async def welcome(self, db: AsyncSession) -> None:
        """Forget the guesses from here: it was the right person. The other counts get this one back."""
        for key, _ in self._counted:
            if key == self._whom_there:
                await forget_attempts(db, self._tenant, key)
            else:
                await give_back(db, self._tenant, [key])


async def forget_old(db: AsyncSession) -> None:
    """Drop attempts that count no more. Rows that somebody is counting in just now are younger, so nobody waits for this."""
    await db.execute(text("DELETE FROM throttles WHERE window_ends_at < :old"), {"old": clock.now() - KEPT_FOR})


async def count_application(database: Database, tenant: TenantRef, client_ip: str) -> None:
    """Count one application from a network. Raises Refusal ui.too_many_attempts."""
    await count_from_network(database, tenant, "application", client_ip, most=APPLICATIONS, window=APPLICATION_WINDOW)


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
    """Count one attempt of strangers from a network at a door. Raises Refusal ui.too_many_attempts beyond ``most`` in a window.

    ``wider``: how many times as much an IPv6 /64, /56 and /48 may do.
    """
    counted = _by_network(door, client_ip, most, window, wider)
    minutes = await count_attempts(database, tenant, counted)
    if minutes:
        raise TOO_MANY_ATTEMPTS(minutes=minutes)


def _by_network(
    door: str, client_ip: str, most: int, window: timedelta, wider: tuple[int, ...] = WIDER
) -> list[tuple[str, Rule]]:
    """The counts of the networks that an address belongs to, the narrowest first: what it is refused, the wider ones do not count."""
    return [
        (throttle_key(f"{door}-from", network), within(most * times, window))
        for network, times in zip(networks_of(client_ip) or (client_ip,), wider, strict=False)
    ]
