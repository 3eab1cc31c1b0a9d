"""Open payments into a member's own account: wallet top-ups and kasbon repayments.

Each payment is then paid on its own page.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from kernel.actor import Actor
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RECEIVABLES
from ledger.descriptions import describe
from members import queries as members
from payments import builtin_purposes, errors, member_funds, methods, queries
from payments.methods import AvailableMethod
from payments.models import Payment
from payments.open_payment import PaymentRequest, insufficient_balance, open_payment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from governance.rules import Bylaws
    from kernel.database import Reader
    from tenants.registry import TenantRef

PAYMENT_LABELS: Final = {
    builtin_purposes.TOP_UP: describe("payments.top_up"),
    builtin_purposes.REPAYMENT: describe("payments.repayment"),
}
# Kasbon can be repaid from the member's own balances; a wallet is topped up from outside only.
INTERNAL_METHODS: Final[dict[str, tuple[str, ...]]] = {
    builtin_purposes.TOP_UP: (),
    builtin_purposes.REPAYMENT: ("wallet", "savings"),
}


async def list_pay_in_methods(
    source: AsyncSession | Reader, tenant: TenantRef, bylaws: Bylaws, purpose: str, member_id: UUID
) -> list[AvailableMethod]:
    """Return the methods with which a member can top up the wallet or repay kasbon, whatever the amount.

    Methods of our own books are listed with their balance.
    """
    found = []
    for method in await methods.list_methods(source):
        if not methods.may_be_offered(method, bylaws, tenant):
            continue
        if method.capabilities.confirmed_by in ("provider", "officer"):
            found.append(AvailableMethod(method=method))
        elif method.method in INTERNAL_METHODS[purpose]:
            has = await member_funds.get_available_amount(source, method.method, member_id)
            if has:
                found.append(AvailableMethod(method=method, balance=has))
    return found


def require_available_method(
    offered: Sequence[AvailableMethod], name: str, amount: Rupiah
) -> AvailableMethod:
    """Return the chosen method if it takes this amount, in rupiah.

    Raises DomainError: payments.way_not_offered, .amount_below_least, .amount_above_most, .savings_too_low,
    .wallet_too_low.
    """
    offer = methods.pick_method(offered, name)
    methods.check_amount_limits(offer.method, amount)
    if offer.balance is not None and offer.balance < amount:
        raise insufficient_balance(name, offer.balance, amount)
    return offer


async def get_kasbon_debt(source: AsyncSession | Reader, member_id: UUID) -> Rupiah:
    """Return what a member owes on kasbon, in rupiah; negative when they overpaid."""
    return Rupiah(await ledger_queries.get_balance(source, MEMBER_RECEIVABLES, member_id))


async def require_within_debt(source: AsyncSession | Reader, member_id: UUID, amount: Rupiah) -> None:
    """Raise DomainError payments.repayment_too_much for more than the member owes."""
    owed = max(Rupiah(0), await get_kasbon_debt(source, member_id))
    if amount > owed:
        raise errors.REPAYMENT_TOO_MUCH(owed=owed, field="amount")


async def find_pay_in(db: AsyncSession, purpose: str, member_id: UUID, key: UUID) -> Payment | None:
    """Return the payment that an earlier submission of this form opened, or None."""
    return await queries.find_payment_by_key(db, _idempotency_key(purpose, member_id, key))


async def open_pay_in(
    db: AsyncSession,
    actor: Actor,
    purpose: str,
    member_id: UUID,
    amount: Rupiah,
    method: str,
    *,
    key: UUID,
    on: date,
) -> Payment:
    """Open the payment by which a member pays in ``amount`` (rupiah); the same key returns the same one.

    Raises DomainError as ``open_payment.open_payment`` does; payments.no_such_member.
    """
    member = await members.get_member(db, member_id)
    if member is None:
        raise errors.NO_SUCH_MEMBER()
    request = PaymentRequest(
        purpose=purpose,
        subject_id=member_id,
        label=PAYMENT_LABELS[purpose],
        amount=amount,
        method=method,
        payer_name=member.name,
        payer_phone=member.phone or "",
        member_id=member_id,
        key=_idempotency_key(purpose, member_id, key),
    )
    return await open_payment(db, actor, request, on=on)


def _idempotency_key(purpose: str, member_id: UUID, key: UUID) -> str:
    return f"{purpose}:{member_id}:{key}"
