"""Deductions from pay: the file that goes to the employer, and the answer that comes back with the money.

What was bought by deduction is owed on account 1112 by member. A file asks all of that; the answer, once the
employer's transfer is at the bank, pays it off in one journal (Dr bank, Cr 1112 by member). What pays off
nothing, because more was taken than asked or owed or because nobody of the file is meant, is credited to
payers' money (2105) until an officer has decided (``payroll_settling``).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel import audit, clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import BANK, OWED_TO_PAYERS, PAYROLL_RECEIVABLES
from ledger.posting import lock_ledger
from ledger.posting_dates import reject_early_date
from payments import events
from payments.models import PayrollBatch, PayrollLine, PayrollStray
from payments.payroll import errors as payroll_errors
from payments.payroll import queries as payroll_queries
from payments.payroll import rules as payroll_rules
from payments.payroll.files import Answer, read_answer
from payments.payroll.rules import Plan
from tenants.entitlements import has_entitlement
from tenants.session import get_tenant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

LOCK = "payroll"


class Returned(msgspec.Struct, frozen=True):
    """What taking an answer did. ``fresh`` is False when it had been taken before."""

    plan: Plan
    journal: int | None
    fresh: bool


async def make_batch(db: AsyncSession, actor: Actor, title: str, *, key: str) -> PayrollBatch:
    """Make a file of all that members owe and that no other file asks; the same key again returns the file it
    made.

    Raises DomainError: payments.payroll_not_in_plan, .nothing_to_ask.
    """
    await advisory_lock(db, LOCK)
    before = await payroll_queries.batch_by_key(db, key)
    if before is not None:
        return before
    if not has_entitlement(get_tenant(db), "payroll"):
        raise payroll_errors.PAYROLL_NOT_IN_PLAN()
    asked = await payroll_queries.to_ask(db)
    if not asked:
        raise payroll_errors.NOTHING_TO_ASK()
    batch = PayrollBatch(
        id=new_id(), key=key, title=title.strip(), state="sent", made_by=actor.name, made_at=clock.now()
    )
    db.add(batch)
    await db.flush()
    db.add_all(
        [
            PayrollLine(
                batch_id=batch.id,
                member_id=each.member_id,
                asked=each.asked,
                said="",
                named=True,
                settled=False,
                note="",
            )
            for each in asked
        ]
    )
    await db.flush()
    facts = {"people": len(asked), "amount": sum(each.asked for each in asked), "title": batch.title}
    audit.record(db, actor, events.PAYROLL_SENT, subject=f"payroll:{batch.id}", facts=facts)
    return batch


async def plan_return(db: AsyncSession, batch_id: UUID, content: bytes | str) -> tuple[Answer, Plan]:
    """Say what an answer would do, without doing it.

    Raises DomainError: payments.no_such_batch, .return_empty; kernel.csv_….
    """
    asked = await payroll_queries.asked_of(db, batch_id)
    if not asked:
        raise payroll_errors.NO_SUCH_BATCH()
    answer = read_answer(content)
    if not answer.rows and not answer.bad:
        raise payroll_errors.RETURN_EMPTY()
    return answer, payroll_rules.match([each.as_asked() for each in asked], answer.rows)


async def take_return(
    db: AsyncSession, actor: Actor, batch_id: UUID, content: bytes | str, *, on: date, today: date
) -> Returned:
    """Take an employer's answer, all of it or nothing; ``on`` is the day on which its money reached the bank.

    The same answer again changes nothing. Raises DomainError: payments.no_such_batch, .return_empty,
    .return_has_bad_lines, .day_ahead, .returned_already; kernel.csv_…; ledger.day_too_early, .year_closed.
    """
    if on > today:
        raise payroll_errors.DAY_AHEAD(field="on")
    await reject_early_date(db, on, today=today)
    await advisory_lock(db, LOCK)
    batch = await payroll_queries.batch_to_change(db, batch_id)
    if batch is None:
        raise payroll_errors.NO_SUCH_BATCH()
    lines = await payroll_queries.lines_to_change(db, batch_id)
    await lock_ledger(db)  # what members owe stays what it is until this is posted
    answer, plan = await plan_return(db, batch_id, content)
    if answer.bad:
        raise payroll_errors.RETURN_HAS_BAD_LINES(count=len(answer.bad))
    if batch.state == "returned":
        await _require_same(db, batch_id, lines, plan)
        return Returned(plan, batch.journal, fresh=False)
    batch.journal = await _book(db, batch, plan, on=on, by=actor.name)
    for result in plan.results:
        line = lines[result.asked.member_id]
        line.taken, line.booked, line.said = int(result.taken), int(result.booked), result.said
        line.named, line.settled = result.named, result.settled
    db.add_all(
        [
            PayrollStray(
                batch_id=batch_id,
                line=each.line,
                who=each.who,
                amount=int(each.amount),
                said=each.said,
                settled=False,
                note="",
            )
            for each in plan.strays
        ]
    )
    batch.state, batch.returned_by, batch.returned_at = "returned", actor.name, clock.now()
    await db.flush()
    facts = {"amount": int(plan.total), "owed_back": int(plan.owed_back), "journal": batch.journal}
    audit.record(db, actor, events.PAYROLL_RETURNED, subject=f"payroll:{batch_id}", facts=facts)
    return Returned(plan, batch.journal, fresh=True)


async def _book(db: AsyncSession, batch: PayrollBatch, plan: Plan, *, on: date, by: str) -> int | None:
    """Post an answer as one journal that sums to its file; nothing taken is no journal."""
    if not plan.total:
        return None
    paid_off = [
        JournalLine.to_credit(PAYROLL_RECEIVABLES, each.booked, each.asked.member_id)
        for each in plan.results
        if each.booked
    ]
    owed_back = [JournalLine.to_credit(OWED_TO_PAYERS, plan.owed_back)] if plan.owed_back else []
    lines = [JournalLine.to_debit(BANK, plan.total), *paid_off, *owed_back]
    journal = Journal(on, f"Potong gaji, {batch.title}", f"payroll:{batch.id}", lines)
    return (await post_journal(db, journal, by=by)).number


async def _require_same(db: AsyncSession, batch_id: UUID, lines: dict[UUID, PayrollLine], plan: Plan) -> None:
    """Raise DomainError payments.returned_already unless this is the answer that was taken."""
    strays = sorted((each.line, each.who, each.amount) for each in await payroll_queries.strays(db, batch_id))
    same = all(lines[each.asked.member_id].taken == each.taken for each in plan.results)
    if not same or strays != [(each.line, each.who, int(each.amount)) for each in plan.strays]:
        raise payroll_errors.RETURNED_ALREADY()


def sum_of(rows: list[payroll_queries.AskedRow]) -> Rupiah:
    """What a file of these asks in all."""
    return Rupiah.total(each.asked for each in rows)
