"""Jobs of reconciliation: once a day, fetch the movements of every configured provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from banking import sync_movements
from gateways.protocol import ProviderError
from kernel import clock
from kernel.errors import DomainError
from kernel.outbox import daily_job, enqueue, external_job, mark_processed
from payments import methods
from tenants.session import coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

log = structlog.get_logger()


@external_job("payments.reconcile")
async def reconcile(database: Database, tenant: TenantRef, key: str, *, method: str) -> None:
    """Fetch a provider's movements and update the books.

    An error that a retry cannot fix is logged; officers then see the difference on their page.
    """
    try:
        await sync_movements.sync_provider(database, tenant, method, key=key)
    except ProviderError as fault:
        if fault.transient:
            raise
        message = str(fault)
    except DomainError as error:  # missing keys, or secrets that cannot be decrypted
        message = error.code
    else:
        return
    log.warning("a provider could not be reconciled", tenant=tenant.slug, method=method, error=message)
    async with coop_session(database, tenant) as db:
        await mark_processed(db, key)


@daily_job("payments.reconcile_all")
async def reconcile_all(db: AsyncSession) -> None:
    """Enqueue a sync of every provider, also of disabled ones, which still pay out what they hold."""
    for method in await methods.list_methods(db):
        if sync_movements.can_sync(method):
            await enqueue(
                db,
                "payments.reconcile",
                {"method": method.method},
                key=f"payments.reconcile:{method.method}:{clock.today()}",
            )
