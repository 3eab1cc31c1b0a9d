"""Bring in a register of members with their savings.

The columns are member_number, name, sex, phone, joined_on, principal_deposit, mandatory_deposit, voluntary_deposit. A member is known by
the number. Deposits are opening balances (Dr 1101, Cr 3110, 3120, 2111 by member), one journal a member; left out they are zero. A
member may have no phone; one that cannot be a mobile number is a bad line, because it would later lead to nobody's account (of the 3,443
real lines that this was tried on, every phone was sound). Whoever is imported is an active member and can be given an activation code.
A later file may change what the register says of a member but not the opening savings: those move by deposits and withdrawals.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from kernel import audit, phone
from kernel.csv_files import CsvFile, Row
from kernel.database import Reader, copy_rows, reader_of
from kernel.ids import new_id
from kernel.importing import (
    AS_OF_AHEAD,
    IN_COLUMN,
    MEMBER_NUMBER,
    Moved,
    Plan,
    Report,
    read_cell,
    read_once,
    text_cell,
    whole,
)
from kernel.locks import one_at_a_time
from kernel.money import Rupiah
from kernel.parsing import parse_date
from ledger import Journal, Line, post_many
from ledger.chart import CASH, MANDATORY_SAVINGS, PRINCIPAL_SAVINGS, VOLUNTARY_SAVINGS
from ledger.closing import refuse_closed
from members import errors, import_errors, import_queries, queries, rules
from ui.queries import today

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

COLUMNS: Final = (
    "member_number",
    "name",
    "sex",
    "phone",
    "joined_on",
    "principal_deposit",
    "mandatory_deposit",
    "voluntary_deposit",
)
JOURNALS_AT_ONCE: Final = 1_000
_SEXES: Final = {
    "": "",
    **dict.fromkeys(("l", "m", "laki-laki", "laki laki", "lakilaki", "pria", "male"), "L"),
    **dict.fromkeys(("p", "f", "w", "perempuan", "wanita", "female"), "P"),
}

_CHANGE = text(
    "UPDATE members AS m SET name = f.name, sex = f.sex, phone = f.phone, joined_on = f.joined_on"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:sexes AS text[]), CAST(:phones AS text[]),"
    " CAST(:joined AS date[])) AS f(id, name, sex, phone, joined_on) WHERE m.id = f.id"
)


class MemberLine(msgspec.Struct, frozen=True):
    """A good line; deposits in rupiah, ``phone`` in E.164 or None."""

    number: str
    name: str
    sex: str
    phone: str | None
    joined_on: date
    principal: Rupiah
    mandatory: Rupiah
    voluntary: Rupiah

    @property
    def savings(self) -> dict[str, Rupiah]:
        """The deposits by account, those above zero."""
        kinds = {
            PRINCIPAL_SAVINGS: self.principal,
            MANDATORY_SAVINGS: self.mandatory,
            VOLUNTARY_SAVINGS: self.voluntary,
        }
        return {account: amount for account, amount in kinds.items() if amount}

    @property
    def total(self) -> Rupiah:
        """All deposits together."""
        return self.principal + self.mandatory + self.voluntary

    @property
    def key(self) -> str:
        """The source key of the opening journal."""
        return f"members-import:{self.number}"


async def plan_members(ro: Reader, content: bytes | str, *, as_of: date) -> tuple[CsvFile, Plan[MemberLine]]:
    """Read a file and compare it with the register. Raises Refusal for a file or a date that cannot be used at all."""
    file = CsvFile(content, COLUMNS)
    day = await today(ro)
    if as_of > day:
        raise AS_OF_AHEAD(day=as_of)
    await refuse_closed(ro, as_of.year)
    plan = Plan[MemberLine]()
    read = read_once(
        file,
        plan,
        lambda row: _line_of(row, file, day),
        what=MEMBER_NUMBER,
        key_of=lambda line: line.number,
        worth_of=lambda line: line.total,
    )
    known = await import_queries.members_by_number(ro, list(read))
    opened = await import_queries.opening_savings(ro, [line.key for _, line in read.values() if line.number in known])
    for number, line in read.values():
        _compare(plan, number, line, known.get(line.number), opened.get(line.key, {}))
    plan.rejected.sort(key=lambda bad: bad.line)
    return file, plan


async def import_members(
    db: AsyncSession,
    actor: Actor,
    content: bytes | str,
    *,
    as_of: date,
    skip_bad: bool = False,
    moved: Moved | None = None,
) -> tuple[CsvFile, Report]:
    """Bring members in, in the session's transaction; with bad lines and not ``skip_bad``, nothing is written.

    Raises Refusal: kernel.csv_…, kernel.as_of_ahead, ledger.year_closed.
    """
    await one_at_a_time(db, "import")
    await queries.lock_register(db)
    file, plan = await plan_members(await reader_of(db), content, as_of=as_of)
    if plan.rejected and not skip_bad:
        return file, Report(0, plan.unchanged, plan.rejected)
    report = plan.report
    if report.imported:
        await _write(db, actor, plan, as_of, moved)
    return file, report


async def _write(db: AsyncSession, actor: Actor, plan: Plan[MemberLine], as_of: date, moved: Moved | None) -> None:
    ids = [new_id() for _ in plan.new]
    await copy_rows(
        db,
        "members",
        ("id", "number", "name", "sex", "phone", "status", "joined_on", "decided_by"),
        [
            (member_id, line.number, line.name, line.sex, line.phone, "active", line.joined_on, actor.name)
            for member_id, line in zip(ids, plan.new, strict=True)
        ],
    )
    await _change(db, plan)
    opened = [(member_id, line) for member_id, line in zip(ids, plan.new, strict=True) if line.total]
    for at in range(0, len(opened), JOURNALS_AT_ONCE):
        journals = [_opening(member_id, line, as_of) for member_id, line in opened[at : at + JOURNALS_AT_ONCE]]
        await post_many(db, journals, by=actor.name)
        if moved is not None:
            moved(min(at + JOURNALS_AT_ONCE, len(opened)), len(opened))
    audit.record(
        db,
        actor,
        "members.imported",
        subject="members",
        facts={"new": len(plan.new), "changed": len(plan.changed), "skipped": len(plan.rejected)},
    )
    await db.flush()


def _opening(member_id: UUID, line: MemberLine, as_of: date) -> Journal:
    credited = [Line.to_credit(account, amount, member_id) for account, amount in line.savings.items()]
    lines = [Line.to_debit(CASH, line.total), *credited]
    return Journal(as_of, f"Saldo awal simpanan anggota {line.number}", line.key, lines)


async def _change(db: AsyncSession, plan: Plan[MemberLine]) -> None:
    if not plan.changed:
        return
    lines = [line for _, line in plan.changed]
    await db.execute(
        _CHANGE,
        {
            "ids": [member_id for member_id, _ in plan.changed],
            "names": [line.name for line in lines],
            "sexes": [line.sex for line in lines],
            "phones": [line.phone for line in lines],
            "joined": [line.joined_on for line in lines],
        },
    )


def _compare(
    plan: Plan[MemberLine],
    number: int,
    line: MemberLine,
    known: import_queries.KnownMember | None,
    opened: dict[str, int],
) -> None:
    if known is None:
        plan.new.append(line)
    elif known.status != "active":
        reason = import_errors.NUMBER_OF_FORMER_MEMBER(number=line.number, name=known.name)
        plan.reject(number, reason)
    elif line.savings != opened:
        reason = import_errors.OPENING_SAVINGS_CHANGED(
            number=line.number, recorded=Rupiah.total(opened.values()), deposits=line.total
        )
        plan.reject(number, reason)
    elif (line.name, line.sex, line.phone, line.joined_on) == (known.name, known.sex, known.phone, known.joined_on):
        plan.unchanged += 1
    else:
        plan.changed.append((known.id, line))


def _line_of(row: Row, file: CsvFile, today: date) -> MemberLine:
    whole(row, file)
    number, name, sex, mobile, joined_on, principal, mandatory, voluntary = row.cells
    number = text_cell(number, "member_number", limit=200)
    if not rules.is_plain_number(number):
        raise IN_COLUMN(column="member_number", problem=errors.NUMBER_NOT_PLAIN(most=rules.LONGEST_NUMBER))
    if sex.casefold() not in _SEXES:
        raise import_errors.NOT_A_SEX(text=sex[:40])
    joined = read_cell(parse_date, joined_on, "joined_on")
    if joined > today:
        raise import_errors.JOINED_AHEAD(day=joined)
    if rules.joined_too_early(joined):
        raise import_errors.JOINED_TOO_EARLY(year=joined.year)
    return MemberLine(
        number,
        text_cell(name, "name", limit=120),
        _SEXES[sex.casefold()],
        read_cell(phone.mobile, mobile, "phone") if mobile else None,
        joined,
        read_cell(Rupiah.parse, principal or "0", "principal_deposit"),
        read_cell(Rupiah.parse, mandatory or "0", "mandatory_deposit"),
        read_cell(Rupiah.parse, voluntary or "0", "voluntary_deposit"),
    )
