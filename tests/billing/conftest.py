"""A session on schema `shared` whose transaction is rolled back, and a subscription of melati."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from billing.billing_run import run_billing
from billing.manage_subscription import choose_plan
from billing.models import Subscription
from billing.periods import lock_subscription
from billing.registry_sync import sync_registry
from factories.card_billing import SECRET, WEBHOOK_URL, CardBilling
from fakes.asgi_server import serve
from fakes.fake_stripe import FakeStripe
from kernel import clock
from kernel.database import Database, Reader, as_reader
from kernel.settings import Settings
from tenants.registry import REGISTRY, TenantRef
from web.dispatch import HostDispatcher

MARCH = date(2026, 3, 1)
BY = "Rina Ketua"


@pytest.fixture
async def shared(rollback_database: Database) -> AsyncIterator[AsyncSession]:
    async with rollback_database.session("test") as session, session.begin() as transaction:
        yield session
        if transaction.is_active:
            await transaction.rollback()


@pytest.fixture
async def shared_ro(shared: AsyncSession) -> Reader:
    return as_reader(shared)


@pytest.fixture
def taxed(settings: Settings) -> Settings:
    return replace(settings, billing_pkp=True)


@pytest.fixture
async def trial(shared: AsyncSession, melati: TenantRef) -> Subscription:
    """Melati's trial of plan Tumbuh from 1 to 31 March."""
    subscription = await lock_subscription(shared, melati.id, MARCH)
    await sync_registry(shared, subscription, MARCH)
    return subscription


StartPaidPlan = Callable[[date], Awaitable[Subscription]]


@pytest.fixture
async def start_paid_plan(shared: AsyncSession, settings: Settings, trial: Subscription) -> StartPaidPlan:
    """`await paying(day)` ends melati's trial on the free plan and starts a monthly Tumbuh then."""

    async def take(on: date) -> Subscription:
        from billing.billing_run import run_due_steps

        await run_due_steps(shared, settings, trial.cooperative_id, date(2026, 3, 31))
        await choose_plan(
            shared, settings, trial.cooperative_id, "tumbuh", "month", by=BY, on=on, key=f"take-{on}"
        )
        return trial

    return take


async def open_number(shared: AsyncSession, cooperative_id: UUID) -> str:
    from billing import queries

    return (await queries.list_unpaid_invoices(shared, cooperative_id))[0].number


@pytest.fixture
async def cards(
    database: Database, app: HostDispatcher, melati: TenantRef, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CardBilling]:
    stripe = FakeStripe(transport=httpx.ASGITransport(app))
    async with serve(stripe.app) as url:
        settings = replace(
            database.settings,
            billing_stripe_key=FakeStripe.key,
            billing_stripe_webhook_secret=SECRET,
            fake_gateways=(("stripe", str(url)),),
        )
        monkeypatch.setattr(database, "settings", settings)
        stripe.register_webhook(WEBHOOK_URL, secret=SECRET)
        with clock.freeze_at(datetime(2026, 3, 1, 2, tzinfo=UTC)):
            await run_billing(database, date(2026, 3, 31))  # both are on the free plan
        app.on_change(REGISTRY)
        yield CardBilling(database, stripe, melati)
