"""Record counter payments of members: kasbon repayment and wallet top-up; and set their credit limits."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from credit import debtor_queries, errors
from credit import terms as credit
from credit.debtor_queries import Debtor
from governance.queries import get_bylaws_on
from kernel.actor import Actor
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from ledger import JournalDraft, JournalLine, PostedJournal, post_once
from ledger.chart import CASH, COUNTER_METHOD_ACCOUNTS, MEMBER_RECEIVABLES, WALLETS, CounterMethod
from ledger.descriptions import describe
from ledger.posting import lock_ledger
from payments import errors as payment_errors
from payments import events, methods
from tenants.session import get_tenant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Reader


class CounterPaymentPlan(msgspec.Struct, frozen=True):
    """A planned counter payment: the member, and the balance in rupiah before and after it."""

    debtor: Debtor
    before: Rupiah
    after: Rupiah


async def repay_kasbon(
    db: AsyncSession,
    actor: Actor,
    member_id: UUID,
    amount: Rupiah,
    method: CounterMethod,
    *,
    on: date,
    key: str,
) -> PostedJournal:
    """Record a kasbon repayment at the counter; ``key`` makes a second submission count once.

    Raises DomainError: payments.no_such_member, .counter_amount_needed, .owes_nothing, .more_than_owed;
    ledger.year_closed.
    """
    source_key = f"repayment:{member_id}:{key}"
    await lock_ledger(db)  # the debt must not change until this is posted

    async def draft(debtor: Debtor) -> JournalDraft:
        _check_repayment(debtor, amount)
        return JournalDraft(
            on=on,
            description=describe("credit.repayment", name=debtor.name, number=debtor.number),
            lines=[
                JournalLine.to_debit(COUNTER_METHOD_ACCOUNTS[method], amount),
                JournalLine.to_credit(MEMBER_RECEIVABLES, amount, member_id),
            ],
            action=events.REPAID_AT_COUNTER,
            subject=f"member:{member_id}",
            params={"amount": int(amount), "method": method},
        )

    return await post_once(db, actor, source_key, read=lambda ro: require_debtor(ro, member_id), draft=draft)


async def plan_repayment(db: AsyncSession, member_id: UUID, amount: Rupiah) -> CounterPaymentPlan:
    """Return what a repayment would do, without doing it. Raises as ``repay_kasbon``."""
    return _check_repayment(await require_debtor(db, member_id), amount)


def _check_repayment(debtor: Debtor, amount: Rupiah) -> CounterPaymentPlan:
    """Return what a repayment would do, or raise as `repay_kasbon`."""
    owed = Rupiah(debtor.kasbon)
    if amount <= 0:
        raise errors.COUNTER_AMOUNT_NEEDED(field="amount")
    if owed <= 0:
        raise errors.OWES_NOTHING(name=debtor.name)
    if amount > owed:
        raise errors.MORE_THAN_OWED(name=debtor.name, owed=owed, field="amount")
    return CounterPaymentPlan(debtor, owed, owed - amount)


async def top_up_wallet(
    db: AsyncSession, actor: Actor, member_id: UUID, amount: Rupiah, *, on: date, key: str
) -> PostedJournal:
    """Record a wallet top-up in cash; ``key`` makes a second submission count once.

    Raises DomainError: payments.no_such_member, .not_active, .wallet_not_open, .counter_amount_needed;
    ledger.year_closed.
    """
    source_key = f"wallet-counter:{member_id}:{key}"

    async def draft(debtor: Debtor) -> JournalDraft:
        await _check_top_up(db, debtor, amount, on=on)
        return JournalDraft(
            on=on,
            description=describe("credit.top_up", name=debtor.name, number=debtor.number),
            lines=[JournalLine.to_debit(CASH, amount), JournalLine.to_credit(WALLETS, amount, member_id)],
            action=events.TOPPED_UP_AT_COUNTER,
            subject=f"member:{member_id}",
            params={"amount": int(amount)},
        )

    return await post_once(db, actor, source_key, read=lambda ro: require_debtor(ro, member_id), draft=draft)


async def plan_top_up(db: AsyncSession, member_id: UUID, amount: Rupiah, *, on: date) -> CounterPaymentPlan:
    """Return what a top-up would do, without doing it. Raises as ``top_up_wallet``."""
    return await _check_top_up(db, await require_debtor(db, member_id), amount, on=on)


async def _check_top_up(db: AsyncSession, debtor: Debtor, amount: Rupiah, *, on: date) -> CounterPaymentPlan:
    """Return what a top-up would do, or raise as `top_up_wallet`."""
    if not debtor.is_active:
        raise errors.NOT_ACTIVE(name=debtor.name)
    bylaws = (await get_bylaws_on(db, on)).bylaws
    if not methods.may_be_offered(await methods.get_method(db, "wallet"), bylaws, get_tenant(db)):
        raise errors.WALLET_NOT_OPEN()
    if amount <= 0:
        raise errors.COUNTER_AMOUNT_NEEDED(field="amount")
    return CounterPaymentPlan(debtor, Rupiah(debtor.wallet), Rupiah(debtor.wallet) + amount)


async def update_credit_limits(
    db: AsyncSession, actor: Actor, member_id: UUID, *, kasbon: Rupiah, payroll: Rupiah, payroll_number: str
) -> None:
    """Set a member's credit limits, in rupiah; a payroll number belongs to one member only.

    Raises DomainError: payments.no_such_member, .payroll_number_taken.
    """
    await advisory_lock(db, "payroll numbers")
    await check_credit_limits(db, member_id, payroll_number)
    await credit.grant_credit(
        db, actor, member_id, kasbon=kasbon, payroll=payroll, payroll_number=payroll_number
    )


async def check_credit_limits(db: AsyncSession, member_id: UUID, payroll_number: str) -> Debtor:
    """Return the member whose limits would change. Raises as ``update_credit_limits``."""
    debtor = await require_debtor(db, member_id)
    if not debtor.is_active:
        raise payment_errors.NO_SUCH_MEMBER()
    number = payroll_number.strip()
    other = await debtor_queries.find_payroll_number_holder(db, number, member_id) if number else None
    if other is not None:
        raise errors.PAYROLL_NUMBER_TAKEN(number=number, name=other, field="payroll_number")
    return debtor


async def require_debtor(source: AsyncSession | Reader, member_id: UUID) -> Debtor:
    """Return a member or former member. Raises DomainError payments.no_such_member."""
    debtor = await debtor_queries.find_debtor(source, member_id)
    if debtor is None:
        raise payment_errors.NO_SUCH_MEMBER()
    return debtor
