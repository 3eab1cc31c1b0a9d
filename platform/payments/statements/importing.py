"""Bring a statement in: its new lines are kept, and what is sure is settled on the bank's own day.

All or nothing, in the caller's transaction. The same statement again, or a longer one that holds it, brings
only what is new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from cooperative.queries import get_today
from kernel import audit, clock
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.locks import advisory_lock
from ledger.queries import get_closed_years
from payments import events, machine, queries
from payments.provider import ways_seen_by_officers
from payments.purposes import purpose_of
from payments.statements import errors as statement_errors
from payments.statements import queries as statement_queries
from payments.statements.files import Unknown
from payments.statements.layouts import BANKS, Columns, check_columns
from payments.statements.models import StatementLayout, StatementLine
from payments.statements.reading import Movement, Read, read_statement
from payments.statements.rules import NOBODY, Line, LineReason, Verdict, match, value_day

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

# One statement or decision at a time: else two of them could take one payment for two lines.
LOCK = "statement lines"


class Planned(msgspec.Struct, frozen=True):
    """A new line, and what would become of it:
    "matched", "doubtful", "unmatched", "outgoing" or "set_aside".
    """

    movement: Movement
    state: str
    verdict: Verdict


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a file would do, found out without writing anything. ``known`` lines came with an earlier file."""

    read: Read
    new: list[Planned]
    known: int

    def count(self, state: str) -> int:
        return sum(planned.state == state for planned in self.new)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, in lines. Those that went out or hold sen are kept, and in none of the three."""

    new: int = 0
    known: int = 0
    matched: int = 0
    doubtful: int = 0
    unmatched: int = 0


async def plan_statement(source: Reader | AsyncSession, way: str, content: bytes | str) -> Plan | Unknown:
    """Read a file and compare it with what is there.

    Raises DomainError: payments.way_has_no_statement, .statement_…, kernel.csv_….
    """
    if way not in ways_seen_by_officers():
        raise statement_errors.WAY_HAS_NO_STATEMENT(field="way")
    ro = as_reader(source)
    day = await get_today(ro)
    read = read_statement(content, way=way, today=day, remembered=await statement_queries.layouts(ro))
    if isinstance(read, Unknown):
        return read
    if not read.movements:
        return Plan(read=read, new=[], known=0)
    first, last = min(each.day for each in read.movements), max(each.day for each in read.movements)
    before = await statement_queries.known_lines(ro, way, first, last)
    known = {line.fingerprint for line in before}
    here = {movement.fingerprint for movement in read.movements}
    gone = Counter((line.on_date, line.amount) for line in before if line.fingerprint not in here)
    new = [movement for movement in read.movements if movement.fingerprint not in known]
    lines = [
        Line(
            key=each.fingerprint,
            day=each.day,
            amount=each.amount,
            text=each.text,
            seen_before=(each.day, int(each.amount)) in gone,
        )
        for each in new
        if _may_pay(each)
    ]
    ended_since = datetime.combine(first, time(), UTC) - statement_queries.LOOKED_FOR
    candidates = await statement_queries.candidates(ro, way, ended_since, day) if lines else []
    verdicts = match(lines, candidates)
    planned = [_planned(each, verdicts.get(each.fingerprint)) for each in new]
    return Plan(read=read, new=planned, known=len(read.movements) - len(new))


async def describe(source: Reader | AsyncSession, way: str, content: bytes | str) -> Unknown:
    """Return the table of a file for an officer to tell its columns, told before or not.

    Raises DomainError (409): payments.statement_layout_known.
    """
    read = read_statement(content, way=way, today=await get_today(source), remembered={})
    if isinstance(read, Read):
        raise statement_errors.LAYOUT_KNOWN(bank=BANKS[read.layout])
    return read


async def import_statement(db: AsyncSession, actor: Actor, way: str, content: bytes | str) -> Summary:
    """Keep the new lines of a statement and settle what is sure.

    Raises DomainError: payments.way_has_no_statement, .statement_layout_unknown, .statement_bad_lines
    (nothing is written), .statement_…, kernel.csv_….
    """
    await advisory_lock(db, LOCK)
    plan = await plan_statement(db, way, content)
    if isinstance(plan, Unknown):
        raise statement_errors.LAYOUT_UNKNOWN()
    if plan.read.bad:
        worst = plan.read.bad[0]
        raise statement_errors.BAD_LINES(count=len(plan.read.bad), line=worst.line, reason=worst.reason)
    if not plan.new:
        return Summary(known=plan.known)
    lines = [_line(way, planned, actor) for planned in plan.new]
    db.add_all(lines)
    await db.flush()
    sure = [
        (line, planned) for line, planned in zip(lines, plan.new, strict=True) if planned.state == "matched"
    ]
    await _settle(db, actor, sure)
    states = Counter(line.state for line in lines)
    summary = Summary(
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
        subject=f"statement:{way}",
        facts=msgspec.structs.asdict(summary),
    )
    return summary


async def save_layout(
    db: AsyncSession, actor: Actor, fingerprint: str, name: str, columns: Columns, width: int
) -> None:
    """Remember how the table with this header is read.

    Raises DomainError: payments.statement_no_such_column, ….

    The officer's later word counts.
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


async def _settle(db: AsyncSession, actor: Actor, sure: Iterable[tuple[StatementLine, Planned]]) -> None:
    """Settle what is sure, with all locks taken before the first goes into the books, in one order for
    everybody.

    What the books or the goods refuse is left to an officer.
    """
    ordered = sorted(sure, key=lambda each: str(each[1].verdict.reference))
    payments = await queries.payments_to_change(
        db, [str(planned.verdict.reference) for _, planned in ordered]
    )
    for name in sorted({payment.purpose for payment in payments.values()}):
        await purpose_of(name).lock(db, [payment for payment in payments.values() if payment.purpose == name])
    day, closed = await get_today(db), await get_closed_years(db)
    for line, planned in ordered:
        payment = payments[str(planned.verdict.reference)]
        try:
            async with db.begin_nested():
                await machine.settle_by_statement(db, payment, actor, on=value_day(line.on_date, day, closed))
                await link(db, actor, line, payment_id=payment.id, reason=planned.verdict.reason)
        except DomainError as refusal:
            await db.refresh(line)
            line.candidates = [str(planned.verdict.reference)]
            line.reason, line.note = "refused", refusal.message("id")
    await db.flush()


async def link(
    db: AsyncSession, actor: Actor, line: StatementLine, *, payment_id: UUID, reason: LineReason | None
) -> None:
    """Write down that a line showed the money of a payment."""
    line.state, line.payment_id, line.reason, line.note = "matched", payment_id, reason, ""
    line.candidates = []
    line.decided_by, line.decided_at = actor.name, clock.now()
    await db.flush()


def _line(way: str, planned: Planned, actor: Actor) -> StatementLine:
    """A line as it is kept; a sure one is doubtful until it is settled."""
    movement, verdict = planned.movement, planned.verdict
    return StatementLine(
        id=new_id(),
        way=way,
        fingerprint=movement.fingerprint,
        on_date=movement.day,
        amount=int(movement.amount),
        words=movement.text,
        state="doubtful" if planned.state == "matched" else planned.state,
        candidates=list(verdict.candidates),
        reason=verdict.reason,
        sen=movement.sen if planned.state == "set_aside" else None,
        imported_by=actor.name,
        imported_at=clock.now(),
    )


def _planned(movement: Movement, verdict: Verdict | None) -> Planned:
    if verdict is not None:
        return Planned(movement, verdict.state, verdict)
    return Planned(movement, "outgoing" if movement.sen < 0 else "set_aside", NOBODY)


def _may_pay(movement: Movement) -> bool:
    """Money that came in, in whole rupiah: interest has sen, and payments have none."""
    return movement.sen > 0 and not movement.has_sen
