"""The doors that people knock at: who may try, how often, from where (docs/adr/0017-throttles.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from kernel import clock
from tenants.throttles import (
    count_attempts,
    forget_attempts,
    give_back,
    network_of,
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
APPLICATION_WINDOW = timedelta(hours=1)
APPLICATIONS = 10
KEPT_FOR = timedelta(days=2)


class Door:
    """One attempt at a door of a cooperative, or of the platform's own when ``tenant`` is None.

    It is counted under where it comes from, under who is claimed there, and under who is claimed anywhere: a stranger's guesses make the
    stranger wait, not the person who is claimed, until they come from very many networks. Knock before the request's own transaction has
    begun, so that a crowd at the door never holds two connections each.
    """

    def __init__(self, database: Database, tenant: TenantRef | None, door: str, whom: str, client_ip: str) -> None:
        self._database, self._tenant = database, tenant
        network = network_of(client_ip)
        self._network = throttle_key(f"{door}-from", network)
        self._whom_there = throttle_key(door, f"{whom} from {network}")
        self._whom = throttle_key(f"{door}-of", whom)

    async def knock(self) -> None:
        """Count the attempt. Raises Refusal ui.too_many_attempts with the minutes to wait, before anything is weighed."""
        minutes = await count_attempts(
            self._database,
            self._tenant,
            [
                (self._network, within(NETWORK_TRIES, NETWORK_WINDOW)),
                (self._whom_there, next_try),
                (self._whom, within(IDENTITY_TRIES, IDENTITY_WINDOW)),
            ],
        )
        if minutes:
            raise TOO_MANY_ATTEMPTS(minutes=minutes)

    async def welcome(self, db: AsyncSession) -> None:
        """Forget the guesses from here: it was the right person. The other two get this one back."""
        await give_back(db, self._tenant, [self._network])
        await forget_attempts(db, self._tenant, self._whom_there)
        await give_back(db, self._tenant, [self._whom])


async def forget_old(db: AsyncSession) -> None:
    """Drop attempts that count no more. Rows that somebody is counting in just now are younger, so nobody waits for this."""
    await db.execute(text("DELETE FROM throttles WHERE window_ends_at < :old"), {"old": clock.now() - KEPT_FOR})


async def count_application(database: Database, tenant: TenantRef, client_ip: str) -> None:
    """Count one application from a network. Raises Refusal ui.too_many_attempts."""
    await count_from_network(database, tenant, "application", client_ip, most=APPLICATIONS, window=APPLICATION_WINDOW)


async def count_from_network(
    database: Database, tenant: TenantRef | None, door: str, client_ip: str, *, most: int, window: timedelta
) -> None:
    """Count one attempt of strangers from a network at a door. Raises Refusal ui.too_many_attempts beyond ``most`` in a window."""
    key = throttle_key(f"{door}-from", network_of(client_ip))
    minutes = await count_attempts(database, tenant, [(key, within(most, window))])
    if minutes:
        raise TOO_MANY_ATTEMPTS(minutes=minutes)
