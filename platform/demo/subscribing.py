"""Keep a demo cooperative on a plan with everything that can be tried: a credit pays its invoices for years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from billing import queries
from billing.invoicing import add_credit
from billing.periods import locked_subscription
from billing.subscribing import choose
from demo.cooperatives import Demo
from kernel import clock
from kernel.money import Rupiah
from tenants.session import shared_session

if TYPE_CHECKING:
    from kernel.database import Database
    from tenants.registry import TenantRef

PLAN: Final = "tumbuh"
CREDIT: Final = Rupiah(10_000_000)  # ten years of it
_BY: Final = "Lumbung"


async def keep_plan(database: Database, tenant: TenantRef, demo: Demo) -> None:
    """Choose the plan for the time after the trial, once; what somebody chose later stays. Raises Refusal as ``billing.subscribing`` does."""
    async with shared_session(database) as db:
        today = clock.today(demo.timezone)
        await locked_subscription(db, tenant.id, today)
        if await queries.credit_of(db, tenant.id):
            return
        reason = "Koperasi contoh: tidak ditagih"
        add_credit(db, tenant.id, CREDIT, reason=reason, by=_BY, key=f"demo:{tenant.id}", on=today)
        await db.flush()
        await choose(db, database.settings, tenant.id, PLAN, "year", by=_BY, on=today, key="demo")
