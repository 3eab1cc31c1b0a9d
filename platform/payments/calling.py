"""Speaking to a provider: never inside a transaction, so that no row and no connection is held while the
world is slow.

Each function reads what it needs, lets go, asks, and then opens one transaction for what was heard. Killed
anywhere between, it can be called again: the provider knows our reference or key, and the state machine takes
a step once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from cooperative.queries import get_today
from kernel import clock
from kernel.money import Rupiah
from kernel.outbox import mark_processed
from payments import errors, machine, opening, queries, refund_hearing, rules, ways
from payments.exceptions import raise_exception
from payments.models import Payment
from payments.own_purposes import TRIAL
from payments.provider import ProviderFault, Status, provider_of
from tenants.session import coop_session

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Database
    from tenants.registry import TenantRef

log = structlog.get_logger()


async def start(database: Database, tenant: TenantRef, reference: str, *, origin: str) -> Payment:
    """Start a waiting payment at its provider and return it with where the payer goes; started before, it is
    returned as it is.

    ``origin`` is the cooperative's own address, to which the payer comes back. Raises DomainError:
    payments.no_such_payment, .not_awaiting, .provider_silent, .provider_declined, .stand_in_refused,
    .keys_changed.
    """
    async with coop_session(database, tenant) as db:
        payment = await _found(db, reference)
        way = await ways.way_of(db, payment.way)
    if payment.status != "awaiting":
        raise errors.NOT_AWAITING(reference=reference, state=rules.STATUS_NAMES[payment.status])
    if payment.redirect_url or payment.provider_reference:
        return payment
    if database.settings.is_production and not payment.live and payment.purpose != TRIAL:
        # whatever a trial's database brought along: no buyer is led to a test page
        raise errors.STAND_IN_REFUSED()
    if way.live is not payment.live:
        raise errors.KEYS_CHANGED()
    means = ways.means_of(database, tenant, way)
    endpoint_url = f"{origin}/kait/{way.endpoint}" if way.endpoint else None
    intent = opening.intent_of(payment, return_to=f"{origin}/bayar/{reference}", endpoint_url=endpoint_url)
    with as_refusal():
        started = await provider_of(payment.way).create(means, intent)
    async with coop_session(database, tenant) as db:
        payment = await machine.locked(db, reference)
        if payment.provider_reference is None:
            payment.provider_reference = started.provider_reference
            payment.redirect_url, payment.shown = started.redirect_url, dict(started.shown)
            asked_at, payment.expires_at = payment.expires_at, started.expires_at or payment.expires_at
            if payment.expires_at is not None and (asked_at is None or payment.expires_at > asked_at):
                # else the look that was planned when it was opened comes too early
                await opening.look_later(db, payment)
    return payment


async def look(
    database: Database, tenant: TenantRef, reference: str, *, key: str | None = None
) -> rules.Outcome:
    """Read a payment's state from its provider and believe it as far as it fits; return what became of it, in
    one word.

    ``key`` is a job's: it is finished in the transaction that has the effect. Raises ProviderFault where
    asking again may help; where it cannot, the payment goes on the officers' work list.
    """
    async with coop_session(database, tenant) as db:
        payment = await queries.payment_by_reference(db, reference)
        way = await ways.way_of(db, payment.way) if payment else None
    if payment is None or way is None:
        return "unknown"
    status: Status | None = None
    fault: ProviderFault | None = None
    asked_at = clock.now()
    if payment.provider_reference is not None and way.capabilities.settles == "provider":
        try:
            if way.live is not payment.live:
                # what test keys call paid would be booked as money, and what real keys call paid as a trial
                raise ProviderFault("the keys were changed between test money and real money", passing=False)
            means = ways.means_of(database, tenant, way)
            status = await provider_of(payment.way).status(means, reference, payment.provider_reference)
        except ProviderFault as error:
            if error.passing:
                raise
            fault = error
    return await _believe(database, tenant, reference, status, fault, key, asked_at=asked_at)


async def _believe(
    database: Database,
    tenant: TenantRef,
    reference: str,
    status: Status | None,
    fault: ProviderFault | None,
    key: str | None,
    *,
    asked_at: datetime,
) -> rules.Outcome:
    async with coop_session(database, tenant) as db:
        payment = await machine.locked(db, reference)
        outcome: rules.Outcome = "awaiting"
        if fault is not None:
            outcome = await raise_exception(db, payment, "fault", {"said": fault.cause})
        elif status is not None:
            outcome = await machine.hear(db, payment, status, on=await get_today(db))
        waits = fault is None and payment.status == "awaiting" and payment.under_way_since is None
        if waits and rules.is_over(payment.expires_at, clock.now()):
            await machine.drop(db, payment, "expired")
            outcome = outcome if outcome == "alarm" else "expired"
        went_back = (
            status is not None and status.state == "paid" and bool(status.refunded or payment.refunded)
        )
        if key is not None and (outcome == "alarm" or not went_back):
            await mark_processed(db, key)
    if status is not None and went_back and outcome != "alarm":
        await _believe_refunded(database, tenant, reference, status.refunded, key, asked_at=asked_at)
    return outcome


async def _believe_refunded(
    database: Database,
    tenant: TenantRef,
    reference: str,
    refunded: Rupiah,
    key: str | None,
    *,
    asked_at: datetime,
) -> None:
    """A transaction of its own: goods may be released here, and whoever has posted already may not lock goods
    any more.
    """
    async with coop_session(database, tenant) as db:
        if key is not None and not await mark_processed(db, key):
            return
        payment = await machine.locked(db, reference)
        await refund_hearing.hear_refunded(db, payment, refunded, on=await get_today(db))
        await refund_hearing.hear_sent_back(db, payment, refunded, asked_at=asked_at)


async def call_off(database: Database, tenant: TenantRef, reference: str) -> None:
    """Tell the provider that nobody waits for this payment any more.

    It may be too late for that: then the money comes late.
    """
    async with coop_session(database, tenant) as db:
        payment = await queries.payment_by_reference(db, reference)
        way = await ways.way_of(db, payment.way) if payment else None
    if payment is None or way is None or payment.provider_reference is None:
        return
    try:
        await provider_of(payment.way).cancel(
            ways.means_of(database, tenant, way), reference, payment.provider_reference
        )
    except ProviderFault as fault:
        if fault.passing:
            raise
        log.info("a payment could not be called off", reference=reference, said=str(fault))


def status_of(payment: Payment) -> Status:
    """Return a paid payment as its provider is reminded of it when money goes back."""
    return Status(
        state="paid",
        reference=payment.reference,
        provider_reference=payment.provider_reference or payment.reference,
        amount=Rupiah(payment.amount),
        refunded=Rupiah(payment.refunded),
    )


async def _found(db: AsyncSession, reference: str) -> Payment:
    payment = await queries.payment_by_reference(db, reference)
    if payment is None:
        raise errors.NO_SUCH_PAYMENT()
    return payment


@contextlib.contextmanager
def as_refusal() -> Iterator[None]:
    """Say a provider's fault as a sentence to whoever pressed the button."""
    try:
        yield
    except ProviderFault as fault:
        raise (
            errors.PROVIDER_SILENT() if fault.passing else errors.PROVIDER_DECLINED(said=str(fault))
        ) from fault
