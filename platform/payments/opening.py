"""Opening a payment: which way, how much exactly, until when. What our own books can pay is paid at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from governance.queries import get_bylaws_on
from governance.rules import Bylaws
from kernel import audit, clock
from kernel.actor import Actor
from kernel.batching import read_batch
from kernel.database import Reader
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from kernel.outbox import enqueue
from payments import errors, events, machine, queries, rules, ways
from payments.credit import queries as credit_queries
from payments.models import Payment
from payments.provider import Intent, ProviderFault, known_ways, provider_of
from tenants.session import get_tenant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.credit.terms import Consent

_LETTERS_OF_REFERENCE: Final = 11


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that is asked for.

    ``amount`` in rupiah, without any tail; ``key`` makes asking again harmless.

    ``label`` is what it is for, as it will stand in the books and on the receipt. ``consent`` is what a PIN
    has given, for credit. ``opened_at`` is the moment of what it is opened for (None: now).
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
    opened_at: datetime | None = None


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """All that opening a payment reads, in one round trip and after its locks.

    ``free`` are tails to choose from, ``has`` what the payer has.
    """

    before: bool
    way: ways.Way
    free: Sequence[int]
    has: Rupiah | None


async def open_payment(
    db: AsyncSession, actor: Actor, ask: Ask, *, on: date, bylaws: Bylaws | None = None
) -> Payment:
    """Open a payment and return it, locked; the same key again returns the one that it opened before.

    ``bylaws`` are those of ``on``, where they were read already in this transaction. Raises DomainError:
    payments.way_not_offered, .amount_below_least, .amount_above_most, .savings_too_low, .wallet_too_low,
    .credit_too_low, .consent_needed, .provider_declined (a QRIS that cannot carry the amount).
    """
    if bylaws is None:
        bylaws = (await get_bylaws_on(db, on)).bylaws
    found = await _find(db, ask, bylaws)
    if not found.before:
        member = ask.member_id is not None
        ways.require_offerable(found.way, get_tenant(db), bylaws, ask.amount, member=member)
    return await _open(db, actor, ask, found, on=on)


async def open_unoffered(db: AsyncSession, actor: Actor, ask: Ask, *, on: date) -> Payment:
    """Open a payment by a way that buyers need not be offered, as an officer's trial of it; the same key
    again returns the same.
    """
    found = await _find(db, ask, (await get_bylaws_on(db, on)).bylaws)
    return await _open(db, actor, ask, found, on=on)


async def _find(db: AsyncSession, ask: Ask, bylaws: Bylaws) -> _Found:
    """Lock what decides, then read it."""
    if ask.way not in known_ways():
        raise errors.NO_SUCH_WAY()
    capabilities = provider_of(ask.way).capabilities()
    takes_tail = capabilities.unique_tail and bylaws.transfer_tail != "none"
    if takes_tail:
        await advisory_lock(db, "tails of transfers")
    elif capabilities.asks_pin and ask.member_id is not None:
        # the row of the member's terms is locked first: two purchases on credit at once do not both fit under
        # the limit
        await queries.credit_terms_to_change(db, ask.member_id)

    async def taken(ro: Reader) -> list[int]:
        least, most = int(ask.amount) + 1, int(ask.amount) + rules.LARGEST_TAIL
        since = (ask.opened_at or clock.now()) - rules.TAIL_RESTS
        return await queries.amounts_taken(ro, ask.way, least, most, since) if takes_tail else []

    async def has(ro: Reader) -> Rupiah | None:
        if capabilities.settles != "books" or ask.member_id is None:
            return None
        return await credit_queries.at_disposal(ro, ask.way, ask.member_id)

    before, way, amounts, there = await read_batch(
        db, lambda ro: queries.is_opened(ro, ask.key), lambda ro: ways.way_of(ro, ask.way), taken, has
    )
    free = rules.free_tails(ask.amount, amounts) if takes_tail else []
    return _Found(before=before, way=way, free=free, has=there)


async def _open(db: AsyncSession, actor: Actor, ask: Ask, found: _Found, *, on: date) -> Payment:
    payment = None if found.before else await _written(db, ask, found)
    if payment is None:  # opened before; or somebody sent the same at the same moment, and was first
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
    if found.way.capabilities.settles == "books":
        await _pay_from_books(db, payment, ask, found.has, on)
    if payment.status == "awaiting" and payment.expires_at is not None:
        await look_later(db, payment)
    return payment


async def _written(db: AsyncSession, ask: Ask, found: _Found) -> Payment | None:
    """Write the payment; None when this key has opened one.

    A second sender waits here until the first has ended.
    """
    opened_at = ask.opened_at or clock.now()
    capabilities = found.way.capabilities
    # a tail by which this transfer differs from every other that may still come; none where all 999 are
    # taken: its text must do then
    tail = secrets.choice(found.free) if found.free else 0
    values: dict[str, Any] = {
        "id": new_id(),
        "reference": _reference(),
        "key": ask.key,
        "purpose": ask.purpose,
        "subject_id": ask.subject_id,
        "label": ask.label,
        "way": ask.way,
        "status": "awaiting",
        "amount": int(ask.amount) + tail,
        "tail": tail,
        "member_id": ask.member_id,
        "payer_name": ask.payer_name,
        "payer_phone": ask.payer_phone,
        "live": found.way.live,
        "opened_at": opened_at,
        "expires_at": opened_at + capabilities.lasts if capabilities.lasts else None,
        "shown": {},
    }
    if capabilities.settles == "officer":
        values |= await _shown(Payment(**values), found.way)
    statement = (
        insert(Payment).values(**values).on_conflict_do_nothing(index_elements=["key"]).returning(Payment)
    )
    return (await db.execute(statement)).scalar_one_or_none()


def _reference() -> str:
    return "L" + "".join(secrets.choice(rules.REFERENCE_LETTERS) for _ in range(_LETTERS_OF_REFERENCE))


async def _pay_from_books(db: AsyncSession, payment: Payment, ask: Ask, has: Rupiah | None, on: date) -> None:
    """Pay at once from what the books hold of the member, or on credit; whatever was read before, no balance
    falls below its floor.
    """
    assert payment.member_id is not None  # ways of the books are for members only
    total = Rupiah(payment.amount)
    asks_pin = provider_of(payment.way).capabilities().asks_pin
    if asks_pin and (ask.consent is None or ask.consent.member_id != payment.member_id):
        raise errors.CONSENT_NEEDED(field="pin")
    if has is None or has < total:
        raise too_low(payment.way, has or Rupiah(0), total)
    try:
        await machine.settle(db, payment, by=payment.payer_name, on=on)
    except DomainError as refusal:
        if refusal.code != "ledger.below_floor":
            raise
        # another payment of theirs was faster by a moment; what is left is not known inside this failed
        # transaction
        raise errors.BALANCE_SPENT(total=total, field="payment_way") from refusal


def too_low(way: str, has: Rupiah, total: Rupiah) -> DomainError:
    """The refusal of a payer who has too little on this way of the books, in rupiah."""
    if way == "savings":
        return errors.SAVINGS_TOO_LOW(balance=has, total=total, field="payment_way")
    if way == "wallet":
        return errors.WALLET_TOO_LOW(balance=has, total=total, field="payment_way")
    label = provider_of(way).capabilities().label
    return errors.CREDIT_TOO_LOW(way=label, left=has, total=total, field="payment_way")


async def _shown(payment: Payment, way: ways.Way) -> dict[str, Any]:
    """Make what a buyer looks at to pay (an account, a QR) at once: nobody outside has to be asked."""
    try:
        started = await provider_of(payment.way).create(
            ways.local_means(way), intent_of(payment, return_to="", endpoint_url=None)
        )
    except ProviderFault as fault:
        raise errors.PROVIDER_DECLINED(said=str(fault), field="payment_way") from fault
    return {"provider_reference": started.provider_reference, "shown": dict(started.shown)}


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
    """See to its end: a provider is asked once more when its payment expires, since its message may have been
    lost.
    """
    provider_asked = provider_of(payment.way).capabilities().settles == "provider"
    job = "payments.look" if provider_asked else "payments.expire"
    due = payment.expires_at
    assert due is not None
    key = f"{job}:{payment.reference}:{due:%Y%m%d%H%M%S}"
    await enqueue(db, job, {"reference": payment.reference}, due=due, key=key)
