"""Opening a payment: which way, how much exactly, until when. What our own books can pay is paid at once."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from governance.queries import bylaws_on
from governance.rules import Bylaws
from kernel import audit, clock
from kernel.actor import Actor
from kernel.errors import Refusal
from kernel.ids import new_id
from kernel.locks import one_at_a_time
from kernel.money import Rupiah
from kernel.outbox import later
from payments import errors, events, machine, queries, rules, ways
from payments.credit import queries as credit_queries
from payments.models import Payment
from payments.provider import Intent, ProviderFault, provider_of
from tenants.session import tenant_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.credit.terms import Consent

_LETTERS_OF_REFERENCE: Final = 11


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that is asked for. ``amount`` in rupiah, without any tail; ``key`` makes asking again harmless.

    ``label`` is what it is for, as it will stand in the books and on the receipt. ``consent`` is what a PIN has given, for credit.
    """

    purpose: str
    subject_id: UUID
    label: str
    amount: Rupiah
    way: str
    payer_name: str
    key: str
    member_id: UUID | None = None
    payer_phone: str = ""
    consent: Consent | None = None


async def open_payment(db: AsyncSession, actor: Actor, ask: Ask, *, on: date) -> Payment:
    """Open a payment and return it, locked; the same key again returns the one that it opened before.

    Raises Refusal: payments.way_not_offered, .amount_below_least, .amount_above_most, .savings_too_low, .wallet_too_low, .credit_too_low,
    .consent_needed, .provider_declined (a QRIS that cannot carry the amount).
    """
    before = await queries.payment_by_key(db, ask.key)
    if before is not None:
        return before
    bylaws = (await bylaws_on(db, on)).bylaws
    member = ask.member_id is not None
    way = await ways.require_offered(db, tenant_of(db), bylaws, ask.way, ask.amount, member=member)
    return await _open(db, actor, ask, way, bylaws, on=on)


async def open_unoffered(db: AsyncSession, actor: Actor, ask: Ask, *, on: date) -> Payment:
    """Open a payment by a way that buyers need not be offered, as an officer's trial of it; the same key again returns the same."""
    before = await queries.payment_by_key(db, ask.key)
    if before is not None:
        return before
    return await _open(db, actor, ask, await ways.way_of(db, ask.way), (await bylaws_on(db, on)).bylaws, on=on)


async def _open(db: AsyncSession, actor: Actor, ask: Ask, way: ways.Way, bylaws: Bylaws, *, on: date) -> Payment:
    now = clock.now()
    tail = await _tail(db, ask, way, bylaws, now)
    capabilities = way.capabilities
    payment = await _written(db, ask, way, tail, now)
    if payment is None:  # somebody sent the same at the same moment, and was first
        before = await queries.payment_by_key(db, ask.key)
        assert before is not None
        return before
    audit.record(
        db,
        actor,
        events.OPENED,
        subject=f"payment:{payment.reference}",
        facts={"way": ask.way, "amount": payment.amount},
    )
    if capabilities.settles == "books":
        await _pay_from_books(db, payment, ask, on)
    elif capabilities.settles == "officer":
        await _show(db, payment, way)
    if payment.status == "awaiting" and payment.expires_at is not None:
        await look_later(db, payment)
    return payment


async def _written(db: AsyncSession, ask: Ask, way: ways.Way, tail: int, now: datetime) -> Payment | None:
    """Write the payment; None when this key has opened one. A second sender waits here until the first has ended."""
    lasts = way.capabilities.lasts
    statement = (
        insert(Payment)
        .values(
            id=new_id(),
            reference=_reference(),
            key=ask.key,
            purpose=ask.purpose,
            subject_id=ask.subject_id,
            label=ask.label,
            way=ask.way,
            status="awaiting",
            amount=int(ask.amount) + tail,
            tail=tail,
            member_id=ask.member_id,
            payer_name=ask.payer_name,
            payer_phone=ask.payer_phone,
            live=way.live,
            opened_at=now,
            expires_at=now + lasts if lasts else None,
            shown={},
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Payment)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def _tail(db: AsyncSession, ask: Ask, way: ways.Way, bylaws: Bylaws, now: datetime) -> int:
    """A tail by which this transfer differs from every other that may still come; none where all 999 are taken: its text must do then."""
    if not way.capabilities.unique_tail or bylaws.transfer_tail == "none":
        return 0
    await one_at_a_time(db, "tails of transfers")
    least, most = int(ask.amount) + 1, int(ask.amount) + rules.LARGEST_TAIL
    taken = await queries.amounts_taken(db, ask.way, least, most, now - rules.TAIL_RESTS)
    free = rules.free_tails(ask.amount, taken)
    return secrets.choice(free) if free else 0


def _reference() -> str:
    return "L" + "".join(secrets.choice(rules.REFERENCE_LETTERS) for _ in range(_LETTERS_OF_REFERENCE))


async def _pay_from_books(db: AsyncSession, payment: Payment, ask: Ask, on: date) -> None:
    """Pay at once from what the books hold of the member, or on credit; whatever was read before, no balance falls below its floor."""
    assert payment.member_id is not None  # ways of the books are for members only
    total = Rupiah(payment.amount)
    if provider_of(payment.way).capabilities().asks_pin:
        if ask.consent is None or ask.consent.member_id != payment.member_id:
            raise errors.CONSENT_NEEDED(field="pin")
        # the row of the member's terms is locked first: two purchases on credit at once do not both fit under the limit
        await queries.credit_terms_to_change(db, payment.member_id)
    has = await credit_queries.at_disposal(db, payment.way, payment.member_id)
    if has is None or has < total:
        raise too_low(payment.way, has or Rupiah(0), total)
    try:
        await machine.settle(db, payment, by=payment.payer_name, on=on)
    except Refusal as refusal:
        if refusal.code != "ledger.below_floor":
            raise
        # another payment of theirs was faster by a moment; what is left is not known inside this failed transaction
        raise errors.BALANCE_SPENT(total=total, field="payment_way") from refusal


def too_low(way: str, has: Rupiah, total: Rupiah) -> Refusal:
    """The refusal of a payer who has too little on this way of the books, in rupiah."""
    if way == "savings":
        return errors.SAVINGS_TOO_LOW(balance=has, total=total, field="payment_way")
    if way == "wallet":
        return errors.WALLET_TOO_LOW(balance=has, total=total, field="payment_way")
    label = provider_of(way).capabilities().label
    return errors.CREDIT_TOO_LOW(way=label, left=has, total=total, field="payment_way")


async def _show(db: AsyncSession, payment: Payment, way: ways.Way) -> None:
    """Make what a buyer looks at to pay (an account, a QR) at once: nobody outside has to be asked."""
    try:
        started = await provider_of(payment.way).create(
            ways.local_means(way), intent_of(payment, return_to="", endpoint_url=None)
        )
    except ProviderFault as fault:
        raise errors.PROVIDER_DECLINED(said=str(fault), field="payment_way") from fault
    payment.provider_reference, payment.shown = started.provider_reference, dict(started.shown)


def intent_of(payment: Payment, *, return_to: str, endpoint_url: str | None) -> Intent:
    """Return a payment as its provider is told of it: no name of the buyer but the one they gave."""
    return Intent(
        id=str(payment.id),
        reference=payment.reference,
        amount=Rupiah(payment.amount),
        description=payment.label,
        buyer_name=payment.payer_name,
        buyer_phone=payment.payer_phone,
        expires_at=payment.expires_at,
        return_to=return_to,
        endpoint_url=endpoint_url,
    )


async def look_later(db: AsyncSession, payment: Payment) -> None:
    """See to its end: a provider is asked once more when its payment expires, since its message may have been lost."""
    provider_asked = provider_of(payment.way).capabilities().settles == "provider"
    job = "payments.look" if provider_asked else "payments.expire"
    due = payment.expires_at
    assert due is not None
    key = f"{job}:{payment.reference}:{due:%Y%m%d%H%M%S}"
    await later(db, job, {"reference": payment.reference}, due=due, key=key)
