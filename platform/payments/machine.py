"""The one state machine of a payment.

Each function works on a locked payment, in the caller's transaction, and never commits.

A payment becomes paid by a status that was read from its provider, by a named officer, by a matched statement
line, or by our own books; by nothing else. What it was for is told first (goods are locked before the books),
then the journal is posted. A step that was taken before changes nothing: the same message five times is one
posting.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

from governance.queries import get_bylaws_on
from kernel import audit, clock
from kernel.actor import SYSTEM, Actor
from kernel.money import Rupiah
from payments import errors, events, money, queries, rules, ways
from payments.exceptions import raise_exception
from payments.provider import Status, provider_of
from payments.purposes import Place, purpose_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.models import Payment


async def settle(
    db: AsyncSession,
    payment: Payment,
    *,
    by: str,
    on: date,
    fee: Rupiah | None = None,
    at: datetime | None = None,
    actor: Actor = SYSTEM,
) -> bool:
    """Take the money of a payment: tell its purpose, post the journal, book what the way cost.

    False when it was paid before.

    ``by`` names whose word it is (a provider, an officer, the payer for our own books), and ``actor`` the
    person of the trail, where it is one; ``fee`` is what the provider says it kept. Raises DomainError as
    ``ledger.post_journal`` does.
    """
    if not rules.can_follow(payment.status, "paid"):
        return False
    capabilities = provider_of(payment.way).capabilities()
    purpose = purpose_of(payment.purpose)
    payment.late = payment.status != "awaiting"
    payment.under_way_since = None
    payment.status, payment.settled_at, payment.settled_by = "paid", at or clock.now(), by
    if await purpose.settled(db, payment, on=on):
        payment.went_to = "purpose"
        credited = await purpose.credited(db, payment)
    else:
        payment.went_to = "wallet" if payment.member_id is not None else "owed"
        credited = money.resting_place(payment)
    # the bylaws say where a tail goes; most payments have none
    tail = (await get_bylaws_on(db, on)).bylaws.transfer_tail if payment.tail else "none"
    if money.reaches_books(payment):
        payment.journal = await money.book_settlement(db, payment, capabilities, credited, tail, on=on)
    await learn_fee(db, payment, await _fee_by_rule(db, payment) if fee is None else fee, on=on)
    _record(
        db, payment, events.SETTLED, {"by": by, "went_to": payment.went_to, "late": payment.late}, by=actor
    )
    return True


async def learn_fee(db: AsyncSession, payment: Payment, fee: Rupiah | None, *, on: date) -> None:
    """Book what the way kept of a payment, once; None is not known yet."""
    if fee is None or fee < 0 or payment.fee is not None or not money.reaches_books(payment):
        return
    payment.fee = int(fee)
    if fee:
        capabilities = provider_of(payment.way).capabilities()
        await money.book_fee(db, payment, capabilities, fee, on=on, by=str(payment.settled_by))


async def _fee_by_rule(db: AsyncSession, payment: Payment) -> Rupiah | None:
    """What the way costs by the cooperative's own rule of this day; None without one, and where the provider
    tells it.
    """
    capabilities = provider_of(payment.way).capabilities()
    if capabilities.tells_fees or capabilities.settles not in ("provider", "officer"):
        return None
    way = await ways.way_of(db, payment.way)
    if not way.fee_percent and not way.fee_fixed:
        return None
    return rules.fee_of(Rupiah(payment.amount), way.fee_percent, way.fee_fixed)


async def drop(
    db: AsyncSession, payment: Payment, ending: rules.Ending, *, why: str = "", by: Actor = SYSTEM
) -> bool:
    """End a payment that no money came for: it failed, its time was up, or somebody called it off.

    False when it waits no more.
    """
    if payment.status != "awaiting":
        return False
    payment.status, payment.ended_at = ending, clock.now()
    await purpose_of(payment.purpose).dropped(db, payment)
    payment.under_way_since = None
    _record(db, payment, events.ENDED, {"ending": ending, "why": why}, by=by)
    return True


async def confirm_by_officer(db: AsyncSession, actor: Actor, reference: str, *, on: date) -> Payment:
    """Let a named officer say that the money has come.

    Raises DomainError payments.no_such_payment, .not_awaiting, .not_for_officers.
    """
    payment = await locked(db, reference)
    if provider_of(payment.way).capabilities().settles != "officer":
        raise errors.NOT_FOR_OFFICERS(reference=reference)
    if not await settle(db, payment, by=actor.name, on=on, actor=actor):
        raise errors.NOT_AWAITING(reference=reference, state=rules.STATUS_NAMES[payment.status])
    return payment


async def settle_by_statement(db: AsyncSession, payment: Payment, actor: Actor, *, on: date) -> bool:
    """Take the money that a line of the bank's statement shows, which ``actor`` brought in; ``on`` is the
    line's day. False when it was paid before.
    """
    return await settle(db, payment, by=actor.name, on=on, actor=actor)


async def expire(db: AsyncSession, reference: str) -> None:
    """End a payment whose time is up and about which nobody outside can be asked; does nothing when it was
    settled meanwhile.
    """
    payment = await locked(db, reference)
    if rules.is_over(payment.expires_at, clock.now()):
        await drop(db, payment, "expired")


async def hear(db: AsyncSession, payment: Payment, status: Status, *, on: date) -> rules.Outcome:
    """Believe what was read from the provider, as far as it fits our own row; return what became of it, in
    one word.

    Another reference, currency or amount is an alarm and never a posting.
    """
    payment.checked_at = clock.now()
    if status.reference != payment.reference:
        return await raise_exception(db, payment, "reference", {"theirs": status.reference})
    if status.state == "paid":
        if status.currency.upper() != "IDR":
            return await raise_exception(db, payment, "currency", {"theirs": status.currency})
        if status.amount != payment.amount:
            return await raise_exception(db, payment, "amount", {"theirs": int(status.amount)})
        payment.provider_reference = payment.provider_reference or status.provider_reference
        label = provider_of(payment.way).capabilities().label.id
        settled = await settle(db, payment, by=label, on=on, fee=status.fee, at=status.paid_at)
        await learn_fee(db, payment, status.fee, on=on)
        if status.disputed:
            await _raise_disputes(db, payment, status)
        return "settled" if settled else "known"
    if status.state == "awaiting":
        if payment.status == "awaiting":
            payment.under_way_since = (
                (payment.under_way_since or payment.checked_at) if status.under_way else None
            )
        return "awaiting"
    return status.state if await drop(db, payment, status.state, why=status.detail) else "known"


async def _raise_disputes(db: AsyncSession, payment: Payment, status: Status) -> None:
    """A payer who disputes a second time is another exception,
    where the provider tells its disputes apart.
    """
    said = {"said": status.detail}
    for facts in [said | {"dispute": each} for each in status.disputes] or [said]:
        await raise_exception(db, payment, "charged_back", facts)


async def locked(db: AsyncSession, reference: str) -> Payment:
    """Return a payment by its reference, locked. Raises DomainError payments.no_such_payment."""
    payment = await queries.payment_to_change_by_reference(db, reference)
    if payment is None:
        raise errors.NO_SUCH_PAYMENT()
    return payment


async def taken_from(db: AsyncSession, payment: Payment) -> Place:
    """Return where the money of a paid payment lies now: what a refund takes it from."""
    if payment.went_to == "purpose":
        return await purpose_of(payment.purpose).debited(db, payment)
    return money.resting_place(payment)


def _record(
    db: AsyncSession, payment: Payment, action: str, facts: Mapping[str, object], *, by: Actor = SYSTEM
) -> None:
    told = {"way": payment.way, "amount": payment.amount, **facts}
    audit.record(db, by, action, subject=f"payment:{payment.reference}", facts=told)
