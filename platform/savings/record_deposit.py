"""Record a deposit of any kind, in cash or by bank."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from governance.queries import BylawsVersionView, get_bylaws_on
from governance.rules import Bylaws, SavingsKind
from kernel.batching import read_batch
from kernel.database import Reader
from kernel.money import Rupiah
from ledger import JournalDraft, JournalLine, PostedJournal, post_once
from ledger.chart import COUNTER_METHOD_ACCOUNTS, CounterMethod
from ledger.descriptions import describe
from ledger.posting_dates import reject_early_date
from savings import errors, queries
from savings.queries import Saver
from savings.rules import ACCOUNTS, Savings
from ui.errors import NOT_FOUND

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor


class SavingsMovement(msgspec.Struct, frozen=True):
    """A checked deposit or withdrawal, with the balance of that kind before and after it, in rupiah."""

    saver: Saver
    balance_before: Rupiah
    balance_after: Rupiah


async def record_deposit(
    db: AsyncSession,
    actor: Actor,
    member_id: UUID,
    kind: SavingsKind,
    amount: Rupiah,
    method: CounterMethod,
    *,
    on: date,
    today: date,
    key: str,
) -> PostedJournal:
    """Record a deposit of ``amount`` rupiah to a member's savings of ``kind``.

    ``key`` comes from the form, so that a form sent twice is posted once. Raises DomainError:
    savings.amount_needed, .date_ahead, .not_a_member, .before_joining, .principal_complete; ui.not_found;
    ledger.day_too_early, .year_closed.
    """
    source_key = f"deposit:{member_id}:{kind}:{key}"
    saver = await queries.lock_saver(db, member_id)

    async def read(ro: Reader) -> tuple[Savings, BylawsVersionView]:
        return await read_batch(
            ro, lambda ro: queries.get_balances(ro, member_id), lambda ro: get_bylaws_on(ro, on)
        )

    async def draft(found: tuple[Savings, BylawsVersionView]) -> JournalDraft:
        savings, version = found
        plan = _check_deposit(saver, kind, amount, savings, version.bylaws, on=on, today=today)
        await reject_early_date(db, on, today=today)
        return JournalDraft(
            on=on,
            description=describe(f"savings.deposit_{kind}", name=plan.saver.name, number=plan.saver.number),
            lines=[
                JournalLine.to_debit(COUNTER_METHOD_ACCOUNTS[method], amount),
                JournalLine.to_credit(ACCOUNTS[kind], amount, member_id),
            ],
            action="savings.deposited",
            subject=f"member:{member_id}",
            params={"kind": kind, "amount": int(amount), "method": method},
        )

    return await post_once(db, actor, source_key, read=read, draft=draft)


async def validate_deposit(
    db: AsyncSession, member_id: UUID, kind: SavingsKind, amount: Rupiah, *, on: date, today: date
) -> SavingsMovement:
    """Check a deposit without recording it, and return the balances before and after.

    Raises as ``record_deposit``, except ledger.year_closed.
    """
    saver, savings, version = await read_batch(
        db,
        lambda ro: queries.get_saver(ro, member_id),
        lambda ro: queries.get_balances(ro, member_id),
        lambda ro: get_bylaws_on(ro, on),
    )
    plan = _check_deposit(saver, kind, amount, savings, version.bylaws, on=on, today=today)
    await reject_early_date(db, on, today=today)
    return plan


def _check_deposit(
    saver: Saver | None,
    kind: SavingsKind,
    amount: Rupiah,
    savings: Savings,
    bylaws: Bylaws,
    *,
    on: date,
    today: date,
) -> SavingsMovement:
    saver = check_active_saver(saver)
    check_amount_and_date(amount, on, today)
    if saver.joined_on is not None and on < saver.joined_on:
        raise errors.BEFORE_JOINING(name=saver.name, joined=saver.joined_on, field="on")
    before = savings.of(kind)
    if kind == "principal":
        left = max(bylaws.deposits.principal - before, Rupiah(0))
        if amount > left:
            raise errors.PRINCIPAL_COMPLETE(name=saver.name, left=left, field="amount")
    return SavingsMovement(saver, before, before + amount)


def check_active_saver(saver: Saver | None) -> Saver:
    """Return the saver if active. Raises DomainError: ui.not_found, savings.not_a_member."""
    if saver is None:
        raise NOT_FOUND()
    if saver.status != "active":
        raise errors.NOT_A_MEMBER(name=saver.name)
    return saver


def check_amount_and_date(amount: Rupiah, on: date, today: date) -> None:
    """Raise a DomainError for an amount that is not above zero, or for a future date.

    Codes: savings.amount_needed, .date_ahead.
    """
    if amount <= 0:
        raise errors.AMOUNT_NEEDED(field="amount")
    if on > today:
        raise errors.DATE_AHEAD(field="on")
