"""Members' own money on its way in: filling the wallet, paying off kasbon.

Each opens one payment, which is paid on its own page.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from kernel.actor import Actor
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RECEIVABLES
from members import queries as members
from payments import errors, own_purposes, queries, ways
from payments.credit import queries as credit_queries
from payments.models import Payment
from payments.opening import Ask, open_payment, too_low
from payments.payer import errors as member_errors
from payments.ways import Offer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from governance.rules import Bylaws
    from kernel.database import Reader
    from tenants.registry import TenantRef

# As they will stand in the books.
LABELS: Final = {own_purposes.TOP_UP: "Isi dompet", own_purposes.REPAYMENT: "Pelunasan kasbon"}
# Credit can be paid off from what the books hold of the member; a wallet is filled from outside alone.
FROM_BOOKS: Final[dict[str, tuple[str, ...]]] = {
    own_purposes.TOP_UP: (),
    own_purposes.REPAYMENT: ("wallet", "savings"),
}


async def ways_in(
    source: AsyncSession | Reader, tenant: TenantRef, bylaws: Bylaws, purpose: str, member_id: UUID
) -> list[Offer]:
    """Return the ways by which a member may pay in for this purpose, whatever the amount; what is theirs
    comes with how much it is.
    """
    found = []
    for way in await ways.ways_of(source):
        if not ways.may_be_offered(way, bylaws, tenant):
            continue
        if way.capabilities.settles in ("provider", "officer"):
            found.append(Offer(way=way))
        elif way.way in FROM_BOOKS[purpose]:
            has = await credit_queries.at_disposal(source, way.way, member_id)
            if has:
                found.append(Offer(way=way, has=has))
    return found


def require_offer(offered: Sequence[Offer], name: str, amount: Rupiah) -> Offer:
    """Return the chosen one of the offered ways, if it takes this amount.

    Raises DomainError: payments.way_not_offered, .amount_below_least, .amount_above_most, .savings_too_low,
    .wallet_too_low.
    """
    offer = ways.chosen(offered, name)
    ways.require_within(offer.way, amount)
    if offer.has is not None and offer.has < amount:
        raise too_low(name, offer.has, amount)
    return offer


async def owed_on_kasbon(source: AsyncSession | Reader, member_id: UUID) -> Rupiah:
    """Return what a member owes on kasbon, in rupiah; below zero when they paid more than they owed."""
    return Rupiah(await ledger_queries.get_balance(source, MEMBER_RECEIVABLES, member_id))


async def require_owed(source: AsyncSession | Reader, member_id: UUID, amount: Rupiah) -> None:
    """Raise DomainError payments.repayment_too_much for more than the member owes."""
    owed = max(Rupiah(0), await owed_on_kasbon(source, member_id))
    if amount > owed:
        raise member_errors.REPAYMENT_TOO_MUCH(owed=owed, field="amount")


async def opened_before(db: AsyncSession, purpose: str, member_id: UUID, key: UUID) -> Payment | None:
    """Return the payment that this form opened when it was sent before."""
    return await queries.payment_by_key(db, _key(purpose, member_id, key))


async def open_pay_in(
    db: AsyncSession,
    actor: Actor,
    purpose: str,
    member_id: UUID,
    amount: Rupiah,
    way: str,
    *,
    key: UUID,
    on: date,
) -> Payment:
    """Open the payment by which a member pays ``amount`` in; the same key again returns the one that it
    opened before.

    Raises DomainError as ``opening.open_payment`` does; payments.no_such_member.
    """
    member = await members.get_member(db, member_id)
    if member is None:
        raise errors.NO_SUCH_MEMBER()
    ask = Ask(
        purpose=purpose,
        subject_id=member_id,
        label=LABELS[purpose],
        amount=amount,
        way=way,
        payer_name=member.name,
        payer_phone=member.phone or "",
        member_id=member_id,
        key=_key(purpose, member_id, key),
    )
    return await open_payment(db, actor, ask, on=on)


def _key(purpose: str, member_id: UUID, key: UUID) -> str:
    return f"{purpose}:{member_id}:{key}"
