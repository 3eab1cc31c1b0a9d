"""Import a register of members with their savings from CSV.

The columns are member_number, name, sex, phone, joined_on, principal_deposit, mandatory_deposit,
voluntary_deposit. A member is identified by the number. Deposits are posted as opening balances (Dr 1101, Cr
3110, 3120, 2111 by member), one journal per member; a missing deposit is 0. The phone may be missing; a
number that cannot be a mobile number is rejected, because nobody could sign in with it. Every imported member
is active and can be issued an activation code. A later file may change a member's details but not the opening
savings; these change by deposits and withdrawals.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec
from sqlalchemy.exc import IntegrityError

from cooperative.queries import get_today
from kernel import audit, phone
from kernel.csv_files import CsvFile, CsvRow
from kernel.database import Reader, as_reader
from kernel.database_errors import UNIQUE_VIOLATION, get_sqlstate
from kernel.errors import DomainError
from kernel.file_import import (
    AS_OF_IN_FUTURE,
    CHANGED_MEANWHILE,
    IN_COLUMN,
    MEMBER_NUMBER_LABEL,
    REPEATED,
    SUM_TOO_LARGE,
    ImportPlan,
    ImportReport,
    PrefetchedBatches,
    ProgressCallback,
    RejectedLine,
    import_in_transaction,
    iter_in_thread,
    parse_cell,
    parse_text_cell,
    read_unique_rows,
    require_all_cells,
)
from kernel.ids import new_id
from kernel.money import MAX_AMOUNT, Rupiah
from kernel.parsing import parse_date
from ledger.chart import MANDATORY_SAVINGS, PRINCIPAL_SAVINGS, VOLUNTARY_SAVINGS
from ledger.close_year import require_open_year
from members import errors, import_queries, import_staging, queries, rules
from members.import_queries import RejectedMember, StagedMember
from members.record_members import OPENING_KEY, prepare_batch, record_members

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
BATCH_SIZE: Final = 1_000
_SEXES: Final = {
    "": "",
    **dict.fromkeys(("l", "m", "laki-laki", "laki laki", "lakilaki", "pria", "male"), "L"),
    **dict.fromkeys(("p", "f", "w", "perempuan", "wanita", "female"), "P"),
}


class MemberLine(msgspec.Struct, frozen=True):
    """A valid line of the file; deposits are in rupiah, `phone` is in E.164 or None."""

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
        """Return the deposits above 0 by account."""
        kinds = {
            PRINCIPAL_SAVINGS: self.principal,
            MANDATORY_SAVINGS: self.mandatory,
            VOLUNTARY_SAVINGS: self.voluntary,
        }
        return {account: amount for account, amount in kinds.items() if amount}

    @property
    def total(self) -> Rupiah:
        """Return the sum of the deposits in rupiah."""
        return self.principal + self.mandatory + self.voluntary

    @property
    def key(self) -> str:
        """Return the source key of the opening journal."""
        return f"{OPENING_KEY}{self.number}"


async def plan_member_import(
    ro: Reader, content: bytes | str, *, as_of: date
) -> tuple[CsvFile, ImportPlan[MemberLine]]:
    """Parse a file and compare it with the register, without writing.

    Raises DomainError if the file or the date cannot be used at all.
    """
    file = CsvFile(content, COLUMNS)
    day = await _check_date(ro, as_of)
    plan = ImportPlan[MemberLine]()
    read = read_unique_rows(
        file,
        plan,
        lambda row: _parse_line(row, file, day),
        what=MEMBER_NUMBER_LABEL,
        key_of=lambda line: line.number,
        amount_of=lambda line: line.total,
    )
    known = await import_queries.list_members_by_number(ro, list(read))
    opened = await import_queries.list_opening_savings(
        ro, [line.key for _, line in read.values() if line.number in known]
    )
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
    on_progress: ProgressCallback | None = None,
) -> tuple[CsvFile, ImportReport]:
    """Import members in the caller's transaction.

    If there are rejected lines and `skip_bad` is false, nothing is written. Raises DomainError: kernel.csv_…,
    kernel.as_of_ahead, ledger.year_closed.
    """
    return await import_in_transaction(
        db, MemberImport(actor, as_of), content, skip_bad=skip_bad, on_progress=on_progress
    )


class MemberImport:
    """The import of members in batches, a `kernel.file_import.BatchedImport`.

    Between batches the object stores where the next one begins.
    """

    name = import_staging.LOCK

    def __init__(self, actor: Actor, as_of: date) -> None:
        self._actor = actor
        self._as_of = as_of
        self._id = new_id()
        self._counts: dict[str, int] = {}
        self._after = self._done = 0
        self._batches = PrefetchedBatches(
            self._read, functools.partial(prepare_batch, as_of=as_of, by=actor.name)
        )

    async def check(self, db: AsyncSession, content: bytes | str) -> tuple[CsvFile, ImportReport]:
        """Stage the whole file and compare it with the register.

        Raises DomainError: kernel.csv_…, kernel.as_of_ahead, ledger.year_closed.
        """
        await queries.lock_register(db)
        ro = as_reader(db)
        file = await asyncio.to_thread(CsvFile, content, COLUMNS)
        day = await _check_date(ro, self._as_of)
        rejected: list[RejectedLine] = []
        await import_staging.stage_rows(db, self._id, iter_in_thread(_staging_rows(file, day, rejected)))
        large = await import_queries.list_overflow_lines(ro, self._id)
        await import_staging.delete_lines(db, self._id, large)
        rejected += [RejectedLine(line, SUM_TOO_LARGE(largest=Rupiah(MAX_AMOUNT))) for line in large]
        await import_staging.set_verdicts(db, self._id, OPENING_KEY)
        rejected += [_to_bad_line(bad) for bad in await import_queries.list_rejected_members(ro, self._id)]
        rejected.sort(key=lambda bad: bad.line)
        counts = await import_queries.count_by_verdict(ro, self._id)
        new, changed = counts.get("new", 0), counts.get("changed", 0)
        self._counts = {"new": new, "changed": changed, "skipped": len(rejected)}
        return file, ImportReport(new + changed, counts.get("unchanged", 0), rejected)

    async def begin(self, db: AsyncSession) -> None:
        """Record in the audit log that the import begins."""
        if self._lines:
            audit.record(db, self._actor, "members.import_begun", subject="members", params=self._counts)

    async def record_batch(self, db: AsyncSession) -> tuple[int, int] | None:
        """Record the next batch of members; return (lines done, lines in all), or None at the end.

        Raises DomainError: kernel.import_changed_meanwhile, and as `ledger.post_journal`.
        """
        await queries.lock_register(db)
        batch = await self._batches.next_batch(db)
        if batch is None:
            if self._done < self._lines:  # staged rows have been deleted meanwhile
                raise CHANGED_MEANWHILE()
            return None
        try:
            await record_members(db, self._actor, batch)
        except (asyncpg.IntegrityConstraintViolationError, IntegrityError) as taken:
            if get_sqlstate(taken) != UNIQUE_VIOLATION:
                raise
            raise CHANGED_MEANWHILE() from taken  # the member number was taken after the check
        self._done += len(batch.lines)
        return self._done, self._lines

    async def _read(self, db: AsyncSession) -> list[StagedMember]:
        lines = await import_queries.list_batch(as_reader(db), self._id, self._after, BATCH_SIZE)
        self._after = lines[-1].line if lines else self._after
        return lines

    async def finish(self, db: AsyncSession) -> None:
        """Record the totals in the audit log and clear the staging table."""
        if self._lines:
            audit.record(db, self._actor, "members.imported", subject="members", params=self._counts)
        await self.discard(db)

    async def discard(self, db: AsyncSession) -> None:
        """Clear the staging table."""
        await import_staging.delete_import(db, self._id)

    @property
    def _lines(self) -> int:
        return self._counts["new"] + self._counts["changed"]


async def _check_date(ro: Reader, as_of: date) -> date:
    """Require that opening balances can be posted on a date; return today's date in the cooperative's time
    zone.
    """
    day = await get_today(ro)
    if as_of > day:
        raise AS_OF_IN_FUTURE(day=as_of)
    await require_open_year(ro, as_of.year)
    return day


def _staging_rows(file: CsvFile, today: date, rejected: list[RejectedLine]) -> Iterator[tuple[object, ...]]:
    """Yield the valid lines as rows of the staging table and append the others to `rejected`."""
    for row in file.rows():
        try:
            line = _parse_line(row, file, today)
        except DomainError as reason:
            rejected.append(RejectedLine(row.line, reason))
            continue
        savings = (int(line.principal), int(line.mandatory), int(line.voluntary))
        yield (row.line, line.number, line.name, line.sex, line.phone, line.joined_on, *savings)


def _to_bad_line(bad: RejectedMember) -> RejectedLine:
    """Return the rejected line with its reason for the report."""
    if bad.verdict == "repeated":
        return RejectedLine(bad.line, REPEATED(what=MEMBER_NUMBER_LABEL, key=bad.number, line=bad.first_line))
    if bad.verdict == "former":
        return RejectedLine(bad.line, errors.NUMBER_OF_FORMER_MEMBER(number=bad.number, name=bad.member_name))
    reason = errors.OPENING_SAVINGS_CHANGED(
        number=bad.number, recorded=Rupiah(bad.recorded or 0), deposits=Rupiah(bad.total)
    )
    return RejectedLine(bad.line, reason)


def _compare(
    plan: ImportPlan[MemberLine],
    number: int,
    line: MemberLine,
    known: import_queries.ExistingMember | None,
    opened: dict[str, int],
) -> None:
    """Add a line to the plan as new, changed, unchanged or rejected."""
    if known is None:
        plan.new.append(line)
    elif known.status != "active":
        reason = errors.NUMBER_OF_FORMER_MEMBER(number=line.number, name=known.name)
        plan.reject(number, reason)
    elif line.savings != opened:
        reason = errors.OPENING_SAVINGS_CHANGED(
            number=line.number, recorded=Rupiah.total(opened.values()), deposits=line.total
        )
        plan.reject(number, reason)
    elif (line.name, line.sex, line.phone, line.joined_on) == (
        known.name,
        known.sex,
        known.phone,
        known.joined_on,
    ):
        plan.unchanged += 1
    else:
        plan.changed.append((known.id, line))


def _parse_line(row: CsvRow, file: CsvFile, today: date) -> MemberLine:
    """Parse one line of the file. Raises DomainError for an invalid cell."""
    require_all_cells(row, file)
    number, name, sex, mobile, joined_on, principal, mandatory, voluntary = row.cells
    number = parse_text_cell(number, "member_number", limit=200)
    if not rules.is_valid_number(number):
        raise IN_COLUMN(column="member_number", problem=errors.NUMBER_NOT_PLAIN(most=rules.MAX_NUMBER_LENGTH))
    if sex.casefold() not in _SEXES:
        raise errors.NOT_A_SEX(text=sex[:40])
    joined = parse_cell(parse_date, joined_on, "joined_on")
    if joined > today:
        raise errors.JOINED_AHEAD(day=joined)
    if rules.is_joined_too_early(joined):
        raise errors.JOINED_TOO_EARLY(year=joined.year)
    return MemberLine(
        number,
        parse_text_cell(name, "name", limit=120),
        _SEXES[sex.casefold()],
        parse_cell(phone.parse_mobile, mobile, "phone") if mobile else None,
        joined,
        parse_cell(Rupiah.parse, principal or "0", "principal_deposit"),
        parse_cell(Rupiah.parse, mandatory or "0", "mandatory_deposit"),
        parse_cell(Rupiah.parse, voluntary or "0", "voluntary_deposit"),
    )
