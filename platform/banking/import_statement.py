"""Import a bank statement: store new lines and settle certain matches on the bank's date.

The import runs in the caller's transaction, so it stores all lines or none. The same statement again, or a
longer one that contains it, adds only new lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from banking import errors, statement_queries
from banking.matching_rules import (
    NO_MATCH,
    IncomingLine,
    LineReason,
    MatchVerdict,
    match_lines,
    posting_date,
)
from banking.models import BankLine, StatementLayout
from banking.parse_statement import BankTransaction, ParsedStatement, parse_statement
from banking.statement_files import UnknownTable
from banking.statement_layouts import BANKS, ColumnMapping, check_columns
from cooperative.queries import get_today
from gateways.protocol import officer_confirmed_methods
from kernel import audit, clock
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.locks import advisory_lock
from ledger.year_queries import get_closed_years
from payments import events, queries, state_machine
from payments.purposes import get_purpose

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

# Serializes imports and officers' decisions, so that two of them cannot match one payment with two lines.
STATEMENT_LOCK = "statement lines"


class PlannedLine(msgspec.Struct, frozen=True):
    """A new line and the status it would get on import.

    One of "matched", "doubtful", "unmatched", "outgoing" and "set_aside".
    """

    transaction: BankTransaction
    status: str
    verdict: MatchVerdict


class StatementImportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a dry run: what importing a file would do.

    ``known`` counts lines of earlier files.
    """

    parsed: ParsedStatement
    new: list[PlannedLine]
    known: int

    def count(self, state: str) -> int:
        return sum(planned.status == state for planned in self.new)


class StatementImportSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an import, in lines.

    Outgoing lines and lines with sen are stored, and count in ``new`` only.
    """

    new: int = 0
    known: int = 0
    matched: int = 0
    doubtful: int = 0
    unmatched: int = 0


async def plan_statement(
    source: Reader | AsyncSession, method: str, content: bytes | str
) -> StatementImportPlan | UnknownTable:
    """Parse a file and compare it with the stored lines, without writing anything.

    Raises DomainError: payments.way_has_no_statement, .statement_…, kernel.csv_….
    """
    if method not in officer_confirmed_methods():
        raise errors.METHOD_HAS_NO_STATEMENT(field="method")
    ro = as_reader(source)
    day = await get_today(ro)
    read = parse_statement(
        content, method=method, today=day, saved_layouts=await statement_queries.list_saved_layouts(ro)
    )
    if isinstance(read, UnknownTable):
        return read
    if not read.transactions:
        return StatementImportPlan(parsed=read, new=[], known=0)
    first, last = min(each.day for each in read.transactions), max(each.day for each in read.transactions)
    before = await statement_queries.list_imported_lines(ro, method, first, last)
    known = {line.fingerprint for line in before}
    here = {movement.fingerprint for movement in read.transactions}
    gone = Counter((line.on_date, line.amount) for line in before if line.fingerprint not in here)
    new = [movement for movement in read.transactions if movement.fingerprint not in known]
    lines = [
        IncomingLine(
            key=each.fingerprint,
            day=each.day,
            amount=each.amount,
            text=each.text,
            seen_before=(each.day, int(each.amount)) in gone,
        )
        for each in new
        if _is_payable(each)
    ]
    ended_since = datetime.combine(first, time(), UTC) - statement_queries.MATCH_LOOKBACK
    candidates = await statement_queries.list_candidates(ro, method, ended_since, day) if lines else []
    verdicts = match_lines(lines, candidates)
    planned = [_plan_line(each, verdicts.get(each.fingerprint)) for each in new]
    return StatementImportPlan(parsed=read, new=planned, known=len(read.transactions) - len(new))


async def parse_unknown_table(
    source: Reader | AsyncSession, method: str, content: bytes | str
) -> UnknownTable:
    """Return a file's table for an officer to map its columns, even if a saved mapping exists.

    Raises DomainError (409): payments.statement_layout_known.
    """
    read = parse_statement(content, method=method, today=await get_today(source), saved_layouts={})
    if isinstance(read, ParsedStatement):
        raise errors.LAYOUT_KNOWN(bank=BANKS[read.layout])
    return read


async def import_statement(
    db: AsyncSession, actor: Actor, method: str, content: bytes | str
) -> StatementImportSummary:
    """Store the new lines of a statement and settle certain matches.

    Raises DomainError: payments.way_has_no_statement, .statement_layout_unknown, .statement_bad_lines
    (nothing is written), .statement_…, kernel.csv_….
    """
    await advisory_lock(db, STATEMENT_LOCK)
    plan = await plan_statement(db, method, content)
    if isinstance(plan, UnknownTable):
        raise errors.LAYOUT_UNKNOWN()
    if plan.parsed.bad_lines:
        worst = plan.parsed.bad_lines[0]
        raise errors.BAD_LINES(count=len(plan.parsed.bad_lines), line=worst.line, reason=worst.reason)
    if not plan.new:
        return StatementImportSummary(known=plan.known)
    lines = [_build_line(method, planned, actor) for planned in plan.new]
    db.add_all(lines)
    await db.flush()
    sure = [
        (line, planned) for line, planned in zip(lines, plan.new, strict=True) if planned.status == "matched"
    ]
    await _settle_matched(db, actor, sure)
    states = Counter(line.status for line in lines)
    summary = StatementImportSummary(
        new=len(lines),
        known=plan.known,
        matched=states["matched"],
        doubtful=states["doubtful"],
        unmatched=states["unmatched"],
    )
    audit.record(
        db,
        actor,
        events.STATEMENT_IMPORTED,
        subject=f"statement:{method}",
        params=msgspec.structs.asdict(summary),
    )
    return summary


async def save_layout(
    db: AsyncSession, actor: Actor, fingerprint: str, name: str, columns: ColumnMapping, width: int
) -> None:
    """Store how the table with this header is read; a later mapping replaces an earlier one.

    Raises DomainError as ``check_columns`` does.
    """
    check_columns(columns, width)
    layout = StatementLayout(
        fingerprint=fingerprint,
        name=name,
        mapping=msgspec.to_builtins(columns),
        saved_by=actor.name,
        saved_at=clock.now(),
    )
    await db.merge(layout)
    await db.flush()


async def _settle_matched(
    db: AsyncSession, actor: Actor, sure: Iterable[tuple[BankLine, PlannedLine]]
) -> None:
    """Settle certain matches; all locks are taken first, in a fixed order, before the first posting.

    A match that the ledger or the purpose rejects is left to an officer.
    """
    ordered = sorted(sure, key=lambda each: str(each[1].verdict.reference))
    payments = await queries.list_payments_for_update(
        db, [str(planned.verdict.reference) for _, planned in ordered]
    )
    for name in sorted({payment.purpose for payment in payments.values()}):
        await get_purpose(name).lock(
            db, [payment for payment in payments.values() if payment.purpose == name]
        )
    day, closed = await get_today(db), await get_closed_years(db)
    for line, planned in ordered:
        payment = payments[str(planned.verdict.reference)]
        try:
            async with db.begin_nested():
                await state_machine.settle_by_statement(
                    db, payment, actor, on=posting_date(line.on_date, day, closed)
                )
                await link_payment(db, actor, line, payment_id=payment.id, reason=planned.verdict.reason)
        except DomainError as error:
            await db.refresh(line)
            line.candidates = [str(planned.verdict.reference)]
            line.reason, line.note = "refused", error.localize("id")
    await db.flush()


async def link_payment(
    db: AsyncSession, actor: Actor, line: BankLine, *, payment_id: UUID, reason: LineReason | None
) -> None:
    """Store which payment a line paid."""
    line.status, line.payment_id, line.reason, line.note = "matched", payment_id, reason, ""
    line.candidates = []
    line.decided_by, line.decided_at = actor.name, clock.now()
    await db.flush()


def _build_line(method: str, planned: PlannedLine, actor: Actor) -> BankLine:
    """Return the row of a line; a certain match is "doubtful" until it is settled."""
    movement, verdict = planned.transaction, planned.verdict
    return BankLine(
        id=new_id(),
        method=method,
        fingerprint=movement.fingerprint,
        on_date=movement.day,
        amount=int(movement.amount),
        description=movement.text,
        status="doubtful" if planned.status == "matched" else planned.status,
        candidates=list(verdict.candidates),
        reason=verdict.reason,
        sen=movement.sen if planned.status == "set_aside" else None,
        imported_by=actor.name,
        imported_at=clock.now(),
    )


def _plan_line(movement: BankTransaction, verdict: MatchVerdict | None) -> PlannedLine:
    if verdict is not None:
        return PlannedLine(movement, verdict.status, verdict)
    return PlannedLine(movement, "outgoing" if movement.sen < 0 else "set_aside", NO_MATCH)


def _is_payable(movement: BankTransaction) -> bool:
    """Return whether money came in as whole rupiah: interest has sen, payments have none."""
    return movement.sen > 0 and not movement.has_sen
