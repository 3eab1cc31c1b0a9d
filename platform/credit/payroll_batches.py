"""Payroll deductions: batches of requests for the employer, and the import of the employer's answers.

Purchases by payroll deduction are owed on account 1112 by member. A batch is a file that requests all of
these debts. The answer is imported once the employer's transfer is at the bank; it repays the debts in one
journal (Dr bank, Cr 1112 by member). Money that repays no debt, because more was deducted than requested or
owed, or because it matches no request, is credited to payers' money (2105) until an officer decides
(`settle_difference`).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from credit import errors, payroll_queries, payroll_rules
from credit.models import PayrollBatch, PayrollLine, UnmatchedDeduction
from credit.payroll_files import PayrollReturn, parse_return
from credit.payroll_rules import ReturnPlan
from kernel import audit, clock
from kernel.actor import Actor
from kernel.ids import new_id
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger.chart import BANK, OWED_TO_PAYERS, PAYROLL_RECEIVABLES
from ledger.descriptions import describe
from ledger.posting import lock_ledger
from ledger.posting_dates import reject_early_date
from payments import events
from tenants.entitlements import has_entitlement
from tenants.session import get_tenant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PAYROLL_LOCK = "payroll"


class ReturnResult(msgspec.Struct, frozen=True):
    """The result of importing an answer. `fresh` is false if it was imported before."""

    plan: ReturnPlan
    journal: int | None
    fresh: bool


async def create_batch(db: AsyncSession, actor: Actor, title: str, *, key: str) -> PayrollBatch:
    """Create a batch with all payroll debts that no other batch requests; the same key returns the same
    batch.

    Raises DomainError: payments.payroll_not_in_plan, .nothing_to_ask.
    """
    await advisory_lock(db, PAYROLL_LOCK)
    before = await payroll_queries.find_batch_by_key(db, key)
    if before is not None:
        return before
    if not has_entitlement(get_tenant(db), "payroll"):
        raise errors.PAYROLL_NOT_IN_PLAN()
    asked = await payroll_queries.list_pending_requests(db)
    if not asked:
        raise errors.NOTHING_TO_ASK()
    batch = PayrollBatch(
        id=new_id(),
        key=key,
        title=title.strip(),
        status="sent",
        created_by=actor.name,
        created_at=clock.now(),
    )
    db.add(batch)
    await db.flush()
    db.add_all(
        [
            PayrollLine(
                batch_id=batch.id,
                member_id=each.member_id,
                requested=each.requested,
                remark="",
                named=True,
                settled=False,
                note="",
            )
            for each in asked
        ]
    )
    await db.flush()
    params = {"people": len(asked), "amount": sum(each.requested for each in asked), "title": batch.title}
    audit.record(db, actor, events.PAYROLL_SENT, subject=f"payroll:{batch.id}", params=params)
    return batch


async def plan_return(
    db: AsyncSession, batch_id: UUID, content: bytes | str
) -> tuple[PayrollReturn, ReturnPlan]:
    """Return what importing an answer would do, without doing it.

    Raises DomainError: payments.no_such_batch, .return_empty; kernel.csv_….
    """
    asked = await payroll_queries.list_batch_requests(db, batch_id)
    if not asked:
        raise errors.NO_SUCH_BATCH()
    answer = parse_return(content)
    if not answer.rows and not answer.bad_lines:
        raise errors.RETURN_EMPTY()
    return answer, payroll_rules.match_return([each.to_request() for each in asked], answer.rows)


async def import_return(
    db: AsyncSession, actor: Actor, batch_id: UUID, content: bytes | str, *, on: date, today: date
) -> ReturnResult:
    """Import an employer's answer, all of it or nothing; ``on`` is the day its money reached the bank.

    The same answer again changes nothing. Raises DomainError: payments.no_such_batch, .return_empty,
    .return_has_bad_lines, .day_ahead, .returned_already; kernel.csv_…; ledger.day_too_early, .year_closed.
    """
    if on > today:
        raise errors.DATE_IN_FUTURE(field="on")
    await reject_early_date(db, on, today=today)
    await advisory_lock(db, PAYROLL_LOCK)
    batch = await payroll_queries.lock_batch(db, batch_id)
    if batch is None:
        raise errors.NO_SUCH_BATCH()
    lines = await payroll_queries.lock_lines(db, batch_id)
    await lock_ledger(db)  # debts must not change until this is posted
    answer, plan = await plan_return(db, batch_id, content)
    if answer.bad_lines:
        raise errors.RETURN_HAS_BAD_LINES(count=len(answer.bad_lines))
    if batch.status == "returned":
        await _require_same_return(db, batch_id, lines, plan)
        return ReturnResult(plan, batch.journal, fresh=False)
    batch.journal = await _post_return(db, batch, plan, on=on, by=actor.name)
    for result in plan.results:
        line = lines[result.request.member_id]
        line.deducted, line.applied, line.remark = int(result.deducted), int(result.applied), result.remark
        line.named, line.settled = result.named, result.settled
    db.add_all(
        [
            UnmatchedDeduction(
                batch_id=batch_id,
                line=each.line,
                who=each.who,
                amount=int(each.amount),
                remark=each.remark,
                settled=False,
                note="",
            )
            for each in plan.unmatched
        ]
    )
    batch.status, batch.returned_by, batch.returned_at = "returned", actor.name, clock.now()
    await db.flush()
    params = {"amount": int(plan.total), "owed_back": int(plan.excess), "journal": batch.journal}
    audit.record(db, actor, events.PAYROLL_RETURNED, subject=f"payroll:{batch_id}", params=params)
    return ReturnResult(plan, batch.journal, fresh=True)


async def _post_return(
    db: AsyncSession, batch: PayrollBatch, plan: ReturnPlan, *, on: date, by: str
) -> int | None:
    """Post an answer as one journal of the file's total; no journal if nothing was deducted."""
    if not plan.total:
        return None
    paid_off = [
        JournalLine.to_credit(PAYROLL_RECEIVABLES, each.applied, each.request.member_id)
        for each in plan.results
        if each.applied
    ]
    owed_back = [JournalLine.to_credit(OWED_TO_PAYERS, plan.excess)] if plan.excess else []
    lines = [JournalLine.to_debit(BANK, plan.total), *paid_off, *owed_back]
    journal = Journal(on, describe("credit.payroll", batch=batch.title), f"payroll:{batch.id}", lines)
    return (await post_journal(db, journal, by=by)).number


async def _require_same_return(
    db: AsyncSession, batch_id: UUID, lines: dict[UUID, PayrollLine], plan: ReturnPlan
) -> None:
    """Raise DomainError payments.returned_already unless this is the answer that was imported."""
    unmatched = sorted(
        (each.line, each.who, each.amount)
        for each in await payroll_queries.list_unmatched_deductions(db, batch_id)
    )
    same = all(lines[each.request.member_id].deducted == each.deducted for each in plan.results)
    if not same or unmatched != [(each.line, each.who, int(each.amount)) for each in plan.unmatched]:
        raise errors.ALREADY_RETURNED()


def sum_asked(rows: list[payroll_queries.DeductionRequestRow]) -> Rupiah:
    """Return the total requested, in rupiah."""
    return Rupiah.total(each.requested for each in rows)
