"""A session on schema `shared` whose transaction is undone, and a subscription of melati to work on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from billing.models import Subscription
from billing.periods import locked_subscription
from billing.registering import settle
from billing.subscribing import choose
from kernel.database import Database, Reader, reader_of
from kernel.settings import Settings
from tenants.registry import TenantRef

MARCH = date(2026, 3, 1)
BY = "Rina Ketua"


@pytest.fixture
async def shared(quiet_database: Database) -> AsyncIterator[AsyncSession]:
    async with quiet_database.sessions() as session, session.begin() as transaction:
        yield session
        if transaction.is_active:
            await transaction.rollback()


@pytest.fixture
async def shared_ro(shared: AsyncSession) -> Reader:
    return await reader_of(shared)


@pytest.fixture
def taxed(settings: Settings) -> Settings:
    return replace(settings, billing_pkp=True)


@pytest.fixture
async def trial(shared: AsyncSession, melati: TenantRef) -> Subscription:
    """Melati's trial of Tumbuh, begun on 1 March: it ends on the 31st."""
    subscription = await locked_subscription(shared, melati.id, MARCH)
    await settle(shared, subscription, MARCH)
    return subscription


Paying = Callable[[date], Awaitable[Subscription]]


@pytest.fixture
async def paying(shared: AsyncSession, settings: Settings, trial: Subscription) -> Paying:
    """`await paying(day)`: melati leaves the trial for the free plan at its end and takes Tumbuh by month on the day."""

    async def take(on: date) -> Subscription:
        from billing.running import do_due

        await do_due(shared, settings, trial.cooperative_id, date(2026, 3, 31))
        await choose(shared, settings, trial.cooperative_id, "tumbuh", "month", by=BY, on=on, key=f"take-{on}")
        return trial

    return take


async def open_number(shared: AsyncSession, cooperative_id: UUID) -> str:
    from billing import queries

    return (await queries.unpaid(shared, cooperative_id))[0].number
