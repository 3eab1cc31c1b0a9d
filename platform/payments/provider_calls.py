"""Calls providers, always outside transactions: no row or connection is held while a provider is slow.

Each function reads what it needs, ends its transaction, calls, and then opens one transaction for the result.
A process killed in between can repeat the call: the provider knows our reference or key, and the state
machine takes each transition once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from cooperative.queries import get_today
from gateways.protocol import ProviderError, ProviderStatus, get_provider
from kernel import clock
from kernel.money import Rupiah
from kernel.outbox import mark_processed
from payments import errors, external_refunds, methods, open_payment, queries, rules, state_machine
from payments.builtin_purposes import TRIAL
from payments.exceptions_queue import record_exception
from payments.models import Payment
from tenants.session import coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

log = structlog.get_logger()


async def start_payment(database: Database, tenant: TenantRef, reference: str, *, origin: str) -> Payment:
    """Start an awaiting payment at its provider and return it with the redirect URL.

    A payment that was started before is returned unchanged.

    ``origin`` is the cooperative's own address, to which the payer returns. Raises DomainError:
    payments.no_such_payment, .not_awaiting, .provider_silent, .provider_declined, .stand_in_refused,
    .keys_changed.
    """
    async with coop_session(database, tenant) as db:
        payment = await _get_payment(db, reference)
        method = await methods.get_method(db, payment.method)
    if payment.status != "awaiting":
        raise errors.NOT_AWAITING(reference=reference, state=rules.STATUS_LABELS[payment.status])
    if payment.redirect_url or payment.provider_reference:
        return payment
    if database.settings.is_production and not payment.live and payment.purpose != TRIAL:
        # a restored test database may hold such a payment: no buyer is sent to a test page
        raise errors.TEST_KEYS_REFUSED()
    if method.live is not payment.live:
        raise errors.KEYS_CHANGED()
    provider_account = methods.build_provider_account(database, tenant, method)
    endpoint_url = f"{origin}/webhooks/{method.endpoint}" if method.endpoint else None
    intent = open_payment.build_intent(
        payment, return_url=f"{origin}/bayar/{reference}", webhook_url=endpoint_url
    )
    with translate_provider_errors():
        started = await get_provider(payment.method).create(provider_account, intent)
    async with coop_session(database, tenant) as db:
        payment = await state_machine.lock_payment(db, reference)
        if payment.provider_reference is None:
            payment.provider_reference = started.provider_reference
            payment.redirect_url, payment.instructions = started.redirect_url, dict(started.instructions)
            requested_at, payment.expires_at = payment.expires_at, started.expires_at or payment.expires_at
            if payment.expires_at is not None and (requested_at is None or payment.expires_at > requested_at):
                # the check scheduled at opening would come too early
                await open_payment.schedule_status_check(db, payment)
    return payment


async def sync_status(
    database: Database, tenant: TenantRef, reference: str, *, key: str | None = None
) -> rules.ProcessingOutcome:
    """Fetch a payment's status from its provider and apply it; return the outcome as one word.

    ``key`` is a job's: it is marked processed in the transaction that applies the status. Raises
    ProviderError where a retry may help; where none can, an exception is recorded for the officers.
    """
    async with coop_session(database, tenant) as db:
        payment = await queries.find_payment_by_reference(db, reference)
        method = await methods.get_method(db, payment.method) if payment else None
    if payment is None or method is None:
        return "unknown"
    status: ProviderStatus | None = None
    fault: ProviderError | None = None
    requested_at = clock.now()
    if payment.provider_reference is not None and method.capabilities.confirmed_by == "provider":
        try:
            if method.live is not payment.live:
                # test payments would be booked as real money, and real ones as tests
                raise ProviderError(
                    "the keys were changed between test money and real money", transient=False
                )
            provider_account = methods.build_provider_account(database, tenant, method)
            status = await get_provider(payment.method).status(
                provider_account, reference, payment.provider_reference
            )
        except ProviderError as error:
            if error.transient:
                raise
            fault = error
    return await _apply_status(database, tenant, reference, status, fault, key, requested_at=requested_at)


async def _apply_status(
    database: Database,
    tenant: TenantRef,
    reference: str,
    status: ProviderStatus | None,
    fault: ProviderError | None,
    key: str | None,
    *,
    requested_at: datetime,
) -> rules.ProcessingOutcome:
    """Apply a fetched status, or the error of fetching it, in one transaction; close the payment if it
    expired.
    """
    async with coop_session(database, tenant) as db:
        payment = await state_machine.lock_payment(db, reference)
        outcome: rules.ProcessingOutcome = "awaiting"
        if fault is not None:
            outcome = await record_exception(db, payment, "fault", {"said": fault.cause})
        elif status is not None:
            outcome = await state_machine.apply_provider_status(db, payment, status, on=await get_today(db))
        waits = fault is None and payment.status == "awaiting" and payment.processing_since is None
        if waits and rules.is_expired(payment.expires_at, clock.now()):
            await state_machine.close_unpaid(db, payment, "expired")
            outcome = outcome if outcome == "exception" else "expired"
        went_back = (
            status is not None
            and status.payment_status == "paid"
            and bool(status.refunded or payment.refunded)
        )
        if key is not None and (outcome == "exception" or not went_back):
            await mark_processed(db, key)
    if status is not None and went_back and outcome != "exception":
        await _apply_refunded(database, tenant, reference, status.refunded, key, requested_at=requested_at)
    return outcome


async def _apply_refunded(
    database: Database,
    tenant: TenantRef,
    reference: str,
    refunded: Rupiah,
    key: str | None,
    *,
    requested_at: datetime,
) -> None:
    """Compare the provider's refunded total with ours, in a transaction of its own.

    Goods may be released here, and a transaction that has posted may not lock goods any more.
    """
    async with coop_session(database, tenant) as db:
        if key is not None and not await mark_processed(db, key):
            return
        payment = await state_machine.lock_payment(db, reference)
        await external_refunds.record_external_refund(db, payment, refunded, on=await get_today(db))
        await external_refunds.detect_returned_refund(db, payment, refunded, requested_at=requested_at)


async def cancel_at_provider(database: Database, tenant: TenantRef, reference: str) -> None:
    """Cancel a payment at its provider. If it is too late for that, the payment is settled late."""
    async with coop_session(database, tenant) as db:
        payment = await queries.find_payment_by_reference(db, reference)
        method = await methods.get_method(db, payment.method) if payment else None
    if payment is None or method is None or payment.provider_reference is None:
        return
    try:
        await get_provider(payment.method).cancel(
            methods.build_provider_account(database, tenant, method), reference, payment.provider_reference
        )
    except ProviderError as fault:
        if fault.transient:
            raise
        log.info("a payment could not be called off", reference=reference, said=str(fault))


def to_provider_status(payment: Payment) -> ProviderStatus:
    """Return a paid payment as the `ProviderStatus` that a provider's refund calls take."""
    return ProviderStatus(
        payment_status="paid",
        reference=payment.reference,
        provider_reference=payment.provider_reference or payment.reference,
        amount=Rupiah(payment.amount),
        refunded=Rupiah(payment.refunded),
    )


async def _get_payment(db: AsyncSession, reference: str) -> Payment:
    payment = await queries.find_payment_by_reference(db, reference)
    if payment is None:
        raise errors.NO_SUCH_PAYMENT()
    return payment


@contextlib.contextmanager
def translate_provider_errors() -> Iterator[None]:
    """Turn a ProviderError into the DomainError that the user reads."""
    try:
        yield
    except ProviderError as fault:
        raise (
            errors.PROVIDER_UNAVAILABLE() if fault.transient else errors.PROVIDER_DECLINED(said=str(fault))
        ) from fault
