"""Record a withdrawal of voluntary savings.

Simpanan pokok and wajib cannot be withdrawn during membership (UU 25/1992, practice of bylaws).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from kernel.batching import read_batch
from kernel.money import Rupiah
from ledger import JournalDraft, JournalLine, PostedJournal, post_once
from ledger.chart import COUNTER_METHOD_ACCOUNTS, VOLUNTARY_SAVINGS, CounterMethod
from ledger.descriptions import describe
from ledger.posting_dates import reject_early_date
from savings import errors, queries
from savings.queries import Saver
from savings.record_deposit import SavingsMovement, check_active_saver, check_amount_and_date

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor


async def record_withdrawal(
    db: AsyncSession,
    actor: Actor,
    member_id: UUID,
    amount: Rupiah,
    method: CounterMethod,
    *,
    on: date,
    today: date,
    key: str,
) -> PostedJournal:
    """Record a withdrawal of ``amount`` rupiah of a member's voluntary savings.

    ``key`` comes from the form, so that a form sent twice is posted once. Raises DomainError:
    savings.amount_needed, .date_ahead, .not_a_member, .before_joining, .not_enough; ui.not_found;
    ledger.day_too_early, .year_closed.
    """
    source_key = f"withdrawal:{member_id}:{key}"
    saver = await queries.lock_saver(db, member_id)

    async def draft(balance: Rupiah) -> JournalDraft:
        plan = _check_withdrawal(saver, amount, balance, on=on, today=today)
        await reject_early_date(db, on, today=today)
        return JournalDraft(
            on=on,
            description=describe("savings.withdrawal", name=plan.saver.name, number=plan.saver.number),
            lines=[
                JournalLine.to_debit(VOLUNTARY_SAVINGS, amount, member_id),
                JournalLine.to_credit(COUNTER_METHOD_ACCOUNTS[method], amount),
            ],
            action="savings.withdrawn",
            subject=f"member:{member_id}",
            params={"amount": int(amount), "method": method},
            # an order may spend the savings after the balance was read
            below_floor=errors.NOT_ENOUGH(name=plan.saver.name, balance=plan.balance_before, field="amount"),
        )

    return await post_once(
        db,
        actor,
        source_key,
        read=lambda ro: queries.get_voluntary_balance(ro, member_id),
        draft=draft,
    )


async def validate_withdrawal(
    db: AsyncSession, member_id: UUID, amount: Rupiah, *, on: date, today: date
) -> SavingsMovement:
    """Check a withdrawal without recording it, and return the balances before and after.

    Raises as ``record_withdrawal``, except ledger.year_closed.
    """
    saver, balance = await read_batch(
        db,
        lambda ro: queries.get_saver(ro, member_id),
        lambda ro: queries.get_voluntary_balance(ro, member_id),
    )
    plan = _check_withdrawal(saver, amount, balance, on=on, today=today)
    await reject_early_date(db, on, today=today)
    return plan


def _check_withdrawal(
    saver: Saver | None, amount: Rupiah, balance: Rupiah, *, on: date, today: date
) -> SavingsMovement:
    saver = check_active_saver(saver)
    check_amount_and_date(amount, on, today)
    if saver.joined_on is not None and on < saver.joined_on:
        raise errors.BEFORE_JOINING(name=saver.name, joined=saver.joined_on, field="on")
    if amount > balance:
        raise errors.NOT_ENOUGH(name=saver.name, balance=balance, field="amount")
    return SavingsMovement(saver, balance, balance - amount)
