"""Jobs of payments: webhooks, provider calls, expiry and retries."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from kernel.outbox import daily_job, external_job, job
from payments import process_webhooks, provider_calls, retry_stalled, state_machine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef


@external_job("payments.process_webhook")
async def process_webhook(database: Database, tenant: TenantRef, key: str, *, event: int) -> None:
    """Process a stored webhook event: re-fetch the payment's status and apply it."""
    await process_webhooks.process_webhook(database, tenant, key, event)


@external_job("payments.sync_status")
async def sync_status(database: Database, tenant: TenantRef, key: str, *, reference: str) -> None:
    """Fetch the payment's status from the provider; an expired payment is closed."""
    await provider_calls.sync_status(database, tenant, reference, key=key)


@external_job("payments.refund")
async def refund(
    database: Database, tenant: TenantRef, key: str, *, refund_id: str, attempt: int = 0
) -> None:
    """Request a refund from the provider, or poll it."""
    await process_webhooks.execute_refund(database, tenant, key, UUID(refund_id), attempt=attempt)


@external_job("payments.close_unpaid")
async def cancel_at_provider(database: Database, tenant: TenantRef, key: str, *, reference: str) -> None:
    """Cancel a payment at its provider."""
    await provider_calls.cancel_at_provider(database, tenant, reference)


@job("payments.expire")
async def expire(db: AsyncSession, *, reference: str) -> None:
    """Close an expired payment that no provider can be asked about."""
    await state_machine.expire(db, reference)


@daily_job("payments.retry_stalled")
async def retry_stalled_jobs(db: AsyncSession) -> None:
    """Re-enqueue stalled work."""
    await retry_stalled.retry_stalled_jobs(db)
