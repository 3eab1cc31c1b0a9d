"""Settle differences between requested and actual payroll deductions, each once and with a reason."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from credit import credit_queries, errors, payroll_queries, payroll_rules
from credit.models import PayrollLine
from credit.payroll_batches import PAYROLL_LOCK
from credit.payroll_rules import Decision
from kernel import audit
from kernel.actor import Actor
from kernel.locks import advisory_lock
from kernel.money import Rupiah
from ledger import Journal, JournalLine, post_journal
from ledger import queries as ledger_queries
from ledger.chart import BANK, MEMBER_RECEIVABLES, OWED_TO_PAYERS, PAYROLL_RECEIVABLES, WALLETS
from ledger.descriptions import describe
from ledger.posting import lock_ledger
from members.queries import find_member_by_number
from payments import errors as payment_errors
from payments import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def settle_line(
    db: AsyncSession,
    actor: Actor,
    batch_id: UUID,
    member_id: UUID,
    decision: Decision,
    reason: str,
    *,
    on: date,
) -> None:
    """Settle one member's difference; the same decision again changes nothing.

    Too little was deducted: "carry" leaves the debt for the next file, "kasbon" turns it into kasbon,
    whatever the limit. Too much: "wallet" credits the member's wallet, "bank" records that an officer has
    transferred it back.

    Raises DomainError: payments.no_such_difference, .reason_needed, .not_this_decision, .settled_otherwise,
    .wallet_of_nobody.
    """
    await advisory_lock(db, PAYROLL_LOCK)
    if decision == "kasbon":
        # lock the credit terms before the ledger, in the same order as purchases on credit
        await credit_queries.get_credit_terms_for_update(db, member_id)
    line = await payroll_queries.lock_line(db, batch_id, member_id)
    shown = await payroll_queries.find_line(db, batch_id, member_id)
    if line is None or shown is None or line.deducted is None or line.applied is None:
        raise errors.NO_SUCH_DIFFERENCE()
    if line.settled:
        _require_same(line.decision, decision)
        return
    _require_reason(reason)
    why = payroll_rules.classify_outcome(line.requested, line.deducted, line.applied, named=line.named)
    if decision not in payroll_rules.allowed_decisions(why):
        raise errors.DECISION_NOT_ALLOWED(field="decision")
    key = f"payroll-difference:{batch_id}:{member_id}"
    if decision == "kasbon":
        await _post_shortfall_as_kasbon(db, line, shown.name, key, on=on, by=actor.name)
    elif decision in ("wallet", "bank"):
        if decision == "wallet" and not await credit_queries.is_active_member(db, member_id):
            raise errors.NO_MEMBER_WALLET(name=shown.name, field="decision")
        owner = member_id if decision == "wallet" else None
        await _post_excess(
            db, Rupiah(line.deducted - line.applied), owner, shown.name, key, on=on, by=actor.name
        )
    line.settled, line.decision, line.note = True, decision, reason.strip()
    params = {
        "decision": decision,
        "reason": line.note,
        "requested": line.requested,
        "deducted": line.deducted,
    }
    audit.record(db, actor, events.PAYROLL_LINE_SETTLED, subject=f"member:{member_id}", params=params)


async def settle_unmatched_deduction(
    db: AsyncSession,
    actor: Actor,
    batch_id: UUID,
    number: int,
    decision: Decision,
    reason: str,
    *,
    member_number: str,
    on: date,
) -> None:
    """Settle a deduction that we did not request: into a member's wallet, or back to the employer.

    The same decision again changes nothing. Raises DomainError: payments.no_such_difference, .reason_needed,
    .not_this_decision, .settled_otherwise, .no_member_of_number, .wallet_of_nobody.
    """
    await advisory_lock(db, PAYROLL_LOCK)
    deduction = await payroll_queries.lock_unmatched_deduction(db, batch_id, number)
    if deduction is None:
        raise errors.NO_SUCH_DIFFERENCE()
    if deduction.settled:
        _require_same(deduction.decision, decision)
        return
    _require_reason(reason)
    if decision not in ("wallet", "bank"):
        raise errors.DECISION_NOT_ALLOWED(field="decision")
    owner: UUID | None = None
    name = deduction.who
    if decision == "wallet":
        member = await find_member_by_number(db, member_number.strip())
        if member is None:
            raise errors.NO_MEMBER_OF_NUMBER(number=member_number.strip() or "–", field="member_number")
        if member.status != "active":
            raise errors.NO_MEMBER_WALLET(name=member.name, field="decision")
        owner, name = member.id, member.name
    key = f"payroll-stray:{batch_id}:{number}"
    await _post_excess(db, Rupiah(deduction.amount), owner, name, key, on=on, by=actor.name)
    deduction.settled, deduction.decision, deduction.member_id, deduction.note = (
        True,
        decision,
        owner,
        reason.strip(),
    )
    params = {
        "decision": decision,
        "reason": deduction.note,
        "amount": deduction.amount,
        "who": deduction.who,
    }
    audit.record(db, actor, events.PAYROLL_LINE_SETTLED, subject=f"payroll:{batch_id}", params=params)


async def _post_shortfall_as_kasbon(
    db: AsyncSession, line: PayrollLine, name: str, key: str, *, on: date, by: str
) -> None:
    """Move the part of a request that was not deducted and is still owed to the member's kasbon."""
    assert line.applied is not None  # the answer has been imported
    await lock_ledger(db)
    owed = await ledger_queries.get_balance(db, PAYROLL_RECEIVABLES, line.member_id)
    amount = Rupiah(min(line.requested - line.applied, owed))
    if amount <= 0:
        return
    lines = [
        JournalLine.to_debit(MEMBER_RECEIVABLES, amount, line.member_id),
        JournalLine.to_credit(PAYROLL_RECEIVABLES, amount, line.member_id),
    ]
    words = describe("credit.payroll_shortfall", name=name)
    await post_journal(db, Journal(on, words, key, lines), by=by)


async def _post_excess(
    db: AsyncSession, amount: Rupiah, owner: UUID | None, name: str, key: str, *, on: date, by: str
) -> None:
    """Credit an excess deduction to its owner's wallet, or to the bank if it was transferred back."""
    to = (
        JournalLine.to_credit(WALLETS, amount, owner)
        if owner is not None
        else JournalLine.to_credit(BANK, amount)
    )
    words = describe("credit.payroll_excess", name=name)
    await post_journal(db, Journal(on, words, key, [JournalLine.to_debit(OWED_TO_PAYERS, amount), to]), by=by)


def _require_same(before: str | None, decision: Decision) -> None:
    if before != decision:
        raise errors.SETTLED_DIFFERENTLY()


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise payment_errors.REASON_NEEDED(field="reason")
