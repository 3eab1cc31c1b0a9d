"""Paying voluntary savings back.

Simpanan pokok and wajib stay in while the person is a member (UU 25/1992, practice of bylaws).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from kernel import audit
from kernel.batching import read_batch
from kernel.errors import DomainError
from kernel.money import Rupiah
from ledger import Journal, Line, PostedJournal, post
from ledger.chart import VOLUNTARY_SAVINGS, WAY_ACCOUNTS, Way
from ledger.days import refuse_early
from ledger.errors import BELOW_FLOOR
from ledger.queries import number_of
from savings import errors, queries
from savings.deposit import Plan, require_amount_and_date, require_saver
from savings.queries import Saver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor


async def withdraw(
    db: AsyncSession,
    actor: Actor,
    member_id: UUID,
    amount: Rupiah,
    way: Way,
    *,
    on: date,
    today: date,
    key: str,
) -> PostedJournal:
    """Pay ``amount`` rupiah of voluntary savings back to a member; ``key`` is the form's own, so that sent
    twice it counts once.

    Raises DomainError: savings.amount_needed, .date_ahead, .not_a_member, .before_joining, .not_enough;
    ui.not_found; ledger.day_too_early, .year_closed.
    """
    source_key = f"withdrawal:{member_id}:{key}"
    saver = await queries.lock_saver(db, member_id)
    number, balance = await read_batch(
        db, lambda ro: number_of(ro, source_key), lambda ro: queries.voluntary_balance(ro, member_id)
    )
    if number is not None:
        return PostedJournal(source_key, number, fresh=False)
    plan = _planned(saver, amount, balance, on=on, today=today)
    await refuse_early(db, on, today=today)
    journal = Journal(
        on,
        f"Penarikan simpanan sukarela {plan.saver.name} ({plan.saver.number})",
        source_key,
        [Line.to_debit(VOLUNTARY_SAVINGS, amount, member_id), Line.to_credit(WAY_ACCOUNTS[way], amount)],
    )
    try:
        posted = await post(db, journal, by=actor.name)
    except DomainError as refusal:
        if refusal.error_type is BELOW_FLOOR:  # an order took it between our look and the books' own
            raise errors.NOT_ENOUGH(name=plan.saver.name, balance=plan.before, field="amount") from refusal
        raise
    facts = {"amount": int(amount), "way": way, "journal": posted.number}
    audit.record(db, actor, "savings.withdrawn", subject=f"member:{member_id}", facts=facts)
    return posted


async def plan_withdrawal(
    db: AsyncSession, member_id: UUID, amount: Rupiah, *, on: date, today: date
) -> Plan:
    """Say what a withdrawal would do, without doing it. Raises as ``withdraw``."""
    saver, balance = await read_batch(
        db, lambda ro: queries.saver(ro, member_id), lambda ro: queries.voluntary_balance(ro, member_id)
    )
    plan = _planned(saver, amount, balance, on=on, today=today)
    await refuse_early(db, on, today=today)
    return plan


def _planned(saver: Saver | None, amount: Rupiah, before: Rupiah, *, on: date, today: date) -> Plan:
    saver = require_saver(saver)
    require_amount_and_date(amount, on, today)
    if saver.joined_on is not None and on < saver.joined_on:
        raise errors.BEFORE_JOINING(name=saver.name, joined=saver.joined_on, field="on")
    if amount > before:
        raise errors.NOT_ENOUGH(name=saver.name, balance=before, field="amount")
    return Plan(saver, before, before - amount)
