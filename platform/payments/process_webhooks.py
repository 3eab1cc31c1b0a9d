"""Process webhooks and refund jobs. A status is always fetched again from the provider.

No webhook body changes a payment by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cooperative.queries import get_today
from gateways.protocol import ProviderError, RefundResult, get_provider
from kernel import clock
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.outbox import enqueue, mark_processed
from payments import methods, provider_calls, queries, refund_payment, rules, state_machine
from payments.exceptions_queue import record_exception
from tenants.session import coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from payments.models import Payment
    from tenants.registry import TenantRef

# While a provider reports "pending" it is polled again with growing delays, for about two weeks: QRIS and
# bank refunds take days.
RETRY_INITIAL_DELAY: Final = timedelta(minutes=2)
RETRY_MAX_DELAY: Final = timedelta(hours=12)
MAX_ATTEMPTS: Final = 40


async def process_webhook(database: Database, tenant: TenantRef, key: str, event_id: int) -> None:
    """Process one stored webhook event: re-fetch the payment's status and apply it.

    An event about no payment of this cooperative changes nothing but its own row.

    Raises ProviderError where the provider cannot be reached now: the job is retried.
    """
    async with coop_session(database, tenant) as db:
        event = await queries.find_webhook_event(db, event_id)
        if event is None or event.status != "received":
            return
        name, object_type, provider_reference, own_reference = (
            event.method,
            event.object_type,
            event.provider_reference,
            event.reference,
        )
        payment = (
            await queries.find_payment_of_event(db, name, own_reference, provider_reference)
            if object_type == "payment"
            else None
        )
        reference = payment.reference if payment else None
    if (
        object_type == "payment"
        and reference is None
        and own_reference is None
        and provider_reference is not None
    ):
        reference = await _find_reference_at_provider(database, tenant, name, provider_reference)
    outcome: rules.ProcessingOutcome = "nothing"
    if reference is not None:
        outcome = await provider_calls.sync_status(database, tenant, reference)
        await _check_pending_refunds(database, tenant, reference)
    elif object_type == "payment":
        outcome = "unknown"
    async with coop_session(database, tenant) as db:
        if not await mark_processed(db, key):
            return
        event = await queries.find_webhook_event(db, event_id)
        assert event is not None  # webhook events are never deleted
        event.status = "exception" if outcome in ("exception", "unknown") else "done"
        event.outcome, event.processed_at = outcome, clock.now()
        if object_type == "payout":
            day = clock.today().isoformat()
            await enqueue(
                db, "payments.reconcile", {"method": name}, key=f"payments.reconcile:{name}:{day}:{event_id}"
            )


async def _find_reference_at_provider(
    database: Database, tenant: TenantRef, name: str, provider_reference: str
) -> str | None:
    """Return our reference of a payment that an event names by its charge or refund id, or None."""
    async with coop_session(database, tenant) as db:
        method = await methods.get_method(db, name)
    try:
        status = await get_provider(name).status(
            methods.build_provider_account(database, tenant, method), "", provider_reference
        )
    except ProviderError as fault:
        if fault.transient:
            raise
        return None
    async with coop_session(database, tenant) as db:
        payment = await queries.find_payment_of_event(db, name, status.reference or None, None)
        return payment.reference if payment else None


async def execute_refund(
    database: Database, tenant: TenantRef, key: str, refund_id: UUID, *, attempt: int = 0
) -> None:
    """Request a refund from the provider, or poll it if requested before; book it once it is done.

    While the provider reports "pending", a retry is scheduled; ``attempt`` counts the retries so far.

    Raises ProviderError where a retry may help. Our refund key makes a repeated request the same refund.
    """
    async with coop_session(database, tenant) as db:
        refund = await queries.find_refund(db, refund_id)
        if refund is None or refund.status != "pending":
            return
        payment = await queries.get_payment_for_update(db, refund.payment_id)
        assert payment is not None  # a refund's payment is never deleted
        method = await methods.get_method(db, payment.method)
        status, amount, asked_before = (
            provider_calls.to_provider_status(payment),
            refund.amount,
            refund.provider_reference,
        )
        reason, refund_key = str(refund.reason), str(refund.id)
        if not asked_before and await refund_payment.fail_if_spent(db, payment, refund_id):
            await mark_processed(db, key)
            return
    provider, provider_account = (
        get_provider(method.method),
        methods.build_provider_account(database, tenant, method),
    )
    try:
        if asked_before:
            result = await provider.refund_status(provider_account, status, asked_before, refund_key)
        else:
            result = await provider.refund(provider_account, status, Rupiah(amount), refund_key, reason)
    except ProviderError as fault:
        if fault.transient:
            raise
        result = RefundResult(status="failed", provider_reference=asked_before or "", detail=str(fault))
    async with coop_session(database, tenant) as db:
        if not await mark_processed(db, key):
            return
        payment = await state_machine.lock_payment(db, status.reference)
        refund = await queries.get_refund_for_update(db, refund_id)
        assert refund is not None
        if (
            await refund_payment.apply_refund_result(db, payment, refund, result, on=await get_today(db))
            == "pending"
        ):
            await _schedule_retry(db, payment, refund_id, attempt + 1)


async def _schedule_retry(db: AsyncSession, payment: Payment, refund_id: UUID, attempt: int) -> None:
    """Schedule the next poll of a pending refund, or record an exception after the last attempt."""
    if attempt > MAX_ATTEMPTS:
        await record_exception(db, payment, "refund_waits", {"refund": str(refund_id)})
        return
    wait = min(RETRY_INITIAL_DELAY * 2 ** min(attempt - 1, 12), RETRY_MAX_DELAY)
    await enqueue(
        db,
        "payments.refund",
        {"refund_id": str(refund_id), "attempt": attempt},
        due=clock.now() + wait,
        key=f"payments.refund:{refund_id}:attempt:{attempt}",
    )


async def _check_pending_refunds(database: Database, tenant: TenantRef, reference: str) -> None:
    """Poll the pending refunds of a payment now, because an event about a payment may concern its refund."""
    async with coop_session(database, tenant) as db:
        payment = await queries.find_payment_by_reference(db, reference)
        pending = (
            [each.id for each in await queries.list_refunds(db, payment.id) if each.status == "pending"]
            if payment
            else []
        )
    for refund_id in pending:
        await execute_refund(database, tenant, f"payments.refund:{refund_id}:told:{new_id()}", refund_id)
