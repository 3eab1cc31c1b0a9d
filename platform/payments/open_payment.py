"""Opens payments: method, exact amount, expiry. Methods of our own books are settled at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from gateways.protocol import Intent, ProviderError, get_provider, known_methods
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
from ledger.descriptions import JournalDescription
from payments import errors, events, member_funds, methods, queries, rules, state_machine
from payments.models import Payment
from tenants.session import get_tenant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from payments.member_funds import Consent

_REFERENCE_LENGTH: Final = 11


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to open a payment.

    ``amount`` is in rupiah without the unique suffix; ``key`` is the idempotency key.

    ``label`` (from ``describe``) says what is paid, in the books and on the receipt. ``consent`` comes from a
    PIN, for credit. ``opened_at`` is the moment at which the subject (such as an order) was opened; None
    means now.
    """

    purpose: str
    subject_id: UUID
    label: JournalDescription
    amount: Rupiah
    method: str
    payer_name: str
    key: str
    member_id: UUID | None = None
    payer_phone: str = ""
    consent: Consent | None = None
    opened_at: datetime | None = None


class _OpeningContext(msgspec.Struct, frozen=True, kw_only=True):
    """The data that opening a payment needs, read in one round trip after its locks are taken.

    `available_suffixes` are unique suffixes to choose from; `balance` is the amount in rupiah that the payer
    can spend.
    """

    already_opened: bool
    method: methods.PaymentMethod
    available_suffixes: Sequence[int]
    balance: Rupiah | None


async def open_payment(
    db: AsyncSession, actor: Actor, request: PaymentRequest, *, on: date, bylaws: Bylaws | None = None
) -> Payment:
    """Open a payment and return it, locked; the same key again returns the payment it opened before.

    ``bylaws`` are those of ``on``, if they were read in this transaction already. Raises DomainError:
    payments.way_not_offered, .amount_below_least, .amount_above_most, .savings_too_low, .wallet_too_low,
    .credit_too_low, .balance_spent, .consent_needed, .no_such_way, .provider_declined (a QRIS that cannot
    carry the amount).
    """
    if bylaws is None:
        bylaws = (await get_bylaws_on(db, on)).bylaws
    found = await _lock_and_read(db, request, bylaws)
    if not found.already_opened:
        member = request.member_id is not None
        methods.check_method_available(found.method, get_tenant(db), bylaws, request.amount, member=member)
    return await _open(db, actor, request, found, on=on)


async def create_test_payment(
    db: AsyncSession, actor: Actor, request: PaymentRequest, *, on: date
) -> Payment:
    """Open an officer's test payment by a method that may be disabled; the same key returns the same one."""
    found = await _lock_and_read(db, request, (await get_bylaws_on(db, on)).bylaws)
    return await _open(db, actor, request, found, on=on)


async def _lock_and_read(db: AsyncSession, request: PaymentRequest, bylaws: Bylaws) -> _OpeningContext:
    """Take the locks of opening a payment, then read the data it needs."""
    if request.method not in known_methods():
        raise errors.NO_SUCH_METHOD()
    capabilities = get_provider(request.method).capabilities()
    takes_suffix = capabilities.uses_unique_suffix and bylaws.transfer_suffix != "none"
    if takes_suffix:
        await advisory_lock(db, "tails of transfers")
    elif capabilities.requires_pin and request.member_id is not None:
        # the member's credit limits are locked first: of two concurrent purchases only what fits passes
        await member_funds.lock_credit_limits(db, request.member_id)

    async def taken(ro: Reader) -> list[int]:
        min_amount, max_amount = int(request.amount) + 1, int(request.amount) + rules.MAX_UNIQUE_SUFFIX
        since = (request.opened_at or clock.now()) - rules.UNIQUE_SUFFIX_COOLDOWN
        return (
            await queries.list_reserved_amounts(ro, request.method, min_amount, max_amount, since)
            if takes_suffix
            else []
        )

    async def has(ro: Reader) -> Rupiah | None:
        if capabilities.confirmed_by != "books" or request.member_id is None:
            return None
        return await member_funds.get_available_amount(ro, request.method, request.member_id)

    before, method, amounts, there = await read_batch(
        db,
        lambda ro: queries.payment_exists(ro, request.key),
        lambda ro: methods.get_method(ro, request.method),
        taken,
        has,
    )
    free = rules.available_suffixes(request.amount, amounts) if takes_suffix else []
    return _OpeningContext(already_opened=before, method=method, available_suffixes=free, balance=there)


async def _open(
    db: AsyncSession, actor: Actor, request: PaymentRequest, found: _OpeningContext, *, on: date
) -> Payment:
    """Insert the payment and settle it at once if our own books confirm it.

    If the key has opened a payment before, return that one.
    """
    payment = None if found.already_opened else await _insert_payment(db, request, found)
    if payment is None:  # opened before, or a concurrent request with this key was first
        before = await queries.find_payment_by_key(db, request.key)
        assert before is not None
        return before
    audit.record(
        db,
        actor,
        events.OPENED,
        subject=f"payment:{payment.reference}",
        params={"method": request.method, "amount": payment.amount},
    )
    if found.method.capabilities.confirmed_by == "books":
        await _pay_from_books(db, payment, request, found, on)
    if payment.status == "awaiting" and payment.expires_at is not None:
        await schedule_status_check(db, payment)
    return payment


async def _insert_payment(
    db: AsyncSession, request: PaymentRequest, found: _OpeningContext
) -> Payment | None:
    """Insert the payment; None when this key has opened one.

    A concurrent sender of the same key waits here until the first transaction ends.
    """
    opened_at = request.opened_at or clock.now()
    capabilities = found.method.capabilities
    # a suffix that makes the amount differ from every other transfer that may still arrive; 0 when all 999
    # are taken: then the transfer's description must identify it
    unique_suffix = secrets.choice(found.available_suffixes) if found.available_suffixes else 0
    values: dict[str, Any] = {
        "id": new_id(),
        "reference": _generate_reference(),
        "key": request.key,
        "purpose": request.purpose,
        "subject_id": request.subject_id,
        "label_code": request.label.code,
        "label_params": dict(request.label.params),
        "method": request.method,
        "status": "awaiting",
        "amount": int(request.amount) + unique_suffix,
        "unique_suffix": unique_suffix,
        "member_id": request.member_id,
        "payer_name": request.payer_name,
        "payer_phone": request.payer_phone,
        "live": found.method.live,
        "opened_at": opened_at,
        "expires_at": opened_at + capabilities.expires_after if capabilities.expires_after else None,
        "instructions": {},
    }
    if capabilities.confirmed_by == "officer":
        values |= await _build_instructions(Payment(**values), found.method)
    statement = (
        insert(Payment).values(**values).on_conflict_do_nothing(index_elements=["key"]).returning(Payment)
    )
    return (await db.execute(statement)).scalar_one_or_none()


def _generate_reference() -> str:
    return "L" + "".join(secrets.choice(rules.REFERENCE_ALPHABET) for _ in range(_REFERENCE_LENGTH))


async def _pay_from_books(
    db: AsyncSession, payment: Payment, request: PaymentRequest, found: _OpeningContext, on: date
) -> None:
    """Settle at once from the member's balance or credit limit.

    Whatever was read before, the ledger lets no balance fall below its floor.
    """
    assert payment.member_id is not None  # methods of our own books are for members only
    balance, capabilities = found.balance, found.method.capabilities
    total = Rupiah(payment.amount)
    if capabilities.requires_pin and (
        request.consent is None or request.consent.member_id != payment.member_id
    ):
        raise errors.CONSENT_NEEDED(field="pin")
    if balance is None or balance < total:
        raise insufficient_balance(payment.method, balance or Rupiah(0), total)
    try:
        await state_machine.settle(db, payment, capabilities, by=payment.payer_name, on=on)
    except DomainError as error:
        if error.code != "ledger.below_floor":
            raise
        # a concurrent payment used the balance; the rest cannot be read inside this failed transaction
        raise errors.BALANCE_SPENT(total=total, field="payment_method") from error


def insufficient_balance(method: str, balance: Rupiah, total: Rupiah) -> DomainError:
    """Return the error for a payer whose balance or limit, in rupiah, does not cover the total."""
    if method == "savings":
        return errors.SAVINGS_TOO_LOW(balance=balance, total=total, field="payment_method")
    if method == "wallet":
        return errors.WALLET_TOO_LOW(balance=balance, total=total, field="payment_method")
    label = get_provider(method).capabilities().label
    return errors.CREDIT_TOO_LOW(method=label, left=balance, total=total, field="payment_method")


async def _build_instructions(payment: Payment, method: methods.PaymentMethod) -> dict[str, Any]:
    """Build the payer's instructions (an account number, a QR code) locally, without a provider call."""
    try:
        started = await get_provider(payment.method).create(
            methods.build_local_account(method), build_intent(payment, return_url="", webhook_url=None)
        )
    except ProviderError as fault:
        raise errors.PROVIDER_DECLINED(said=str(fault), field="payment_method") from fault
    return {"provider_reference": started.provider_reference, "instructions": dict(started.instructions)}


def build_intent(payment: Payment, *, return_url: str, webhook_url: str | None) -> Intent:
    """Return a payment in the form in which it is sent to a provider.

    The description is Indonesian. The buyer's name and phone are those they gave for this payment.
    """
    return Intent(
        id=str(payment.id),
        reference=payment.reference,
        amount=Rupiah(payment.amount),
        description=str(payment.label),
        buyer_name=payment.payer_name,
        buyer_phone=payment.payer_phone,
        expires_at=payment.expires_at,
        return_url=return_url,
        webhook_url=webhook_url,
    )


async def schedule_status_check(db: AsyncSession, payment: Payment) -> None:
    """Schedule the job that checks or closes the payment when it expires.

    A provider is asked once more at that time, because its webhook may have been lost.
    """
    provider_asked = get_provider(payment.method).capabilities().confirmed_by == "provider"
    job = "payments.sync_status" if provider_asked else "payments.expire"
    due = payment.expires_at
    assert due is not None
    key = f"{job}:{payment.reference}:{due:%Y%m%d%H%M%S}"
    await enqueue(db, job, {"reference": payment.reference}, due=due, key=key)
