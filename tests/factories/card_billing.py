"""A platform that takes cards at the fake Stripe, and an officer on the way to its card page."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

import billing.tasks  # noqa: F401 - registers the jobs
from billing import queries
from billing.models import Subscription
from conftest import SignedInClient
from fakes.fake_stripe import FakeStripe
from kernel.database import Database
from tenants.registry import TenantRef
from tenants.session import shared_session
from tenants.worker import run_job

HOME = "/pengurus/langganan"
WEBHOOK_URL = "http://localhost:8000/webhooks/billing"
SECRET = "whsec_langganan"


@dataclass
class CardBilling:
    """The platform with its account at the fake, and melati's subscription."""

    database: Database
    stripe: FakeStripe
    tenant: TenantRef

    async def subscription(self) -> Subscription:
        async with shared_session(self.database) as db:
            found = await queries.find_subscription(db, self.tenant.id)
        assert found is not None
        return found

    async def invoices(self) -> list[Any]:
        async with shared_session(self.database) as db:
            rows = await db.execute(
                text(
                    "SELECT number, status, subtotal, discount, tax, amount_due, paid_method FROM "
                    "shared.invoices ORDER BY number"
                )
            )
            return list(rows.all())

    async def run_webhook_jobs(self) -> int:
        """Do the jobs that messages have left, and return how many there were."""
        async with self.database.owner_engine.begin() as connection:
            rows = (
                await connection.execute(
                    text(
                        "DELETE FROM shared.outbox WHERE job = 'billing.refresh_card' RETURNING key, "
                        "arguments"
                    )
                )
            ).all()
        for row in rows:
            role = self.database.settings.app_role
            assert await run_job(self.database, role, "billing.refresh_card", row.key, row.arguments)
        return len(rows)


async def open_checkout(officer: SignedInClient, plan: str = "tumbuh", interval: str = "month") -> str:
    """Press the button and return the session that the card page is of."""
    shown = await officer.get(f"{HOME}?tiap={interval}")
    key = re.search(r'name="key" value="([^"]+)"', shown.text)
    assert key is not None
    answer = await officer.post(f"{HOME}/kartu/{plan}", {"interval": interval, "key": key[1]})
    assert answer.status_code == 200, answer.text
    found = re.search(r'href="http://127[^"]+/c/pay/(cs_test_\w+)"', answer.text)
    assert found is not None
    return found[1]
