"""Queries of the import of members: the register to compare with, and the staging table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kernel.money import MAX_AMOUNT

if TYPE_CHECKING:
    from kernel.database import Reader


class ExistingMember(msgspec.Struct, frozen=True):
    """A member as stored in the register."""

    number: str
    id: UUID
    name: str
    sex: str
    phone: str | None
    joined_on: date | None
    status: str


async def list_members_by_number(ro: Reader, numbers: Sequence[str]) -> dict[str, ExistingMember]:
    """Return the existing members with these numbers, by number, including former members."""
    rows = await ro.rows(
        ExistingMember,
        "SELECT number, id, name, sex, phone, joined_on, status FROM members WHERE number = ANY($1)",
        numbers,
    )
    return {row.number: row for row in rows}


async def list_opening_savings(ro: Reader, keys: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the amounts these opening journals credited: source key -> account -> rupiah."""
    records = await ro.records(
        "SELECT j.source_key, l.account, l.credit FROM journals j JOIN journal_lines l ON l.journal = "
        "j.number"
        " WHERE j.source_key = ANY($1) AND l.credit > 0",
        keys,
    )
    found: dict[str, dict[str, int]] = {}
    for record in records:
        found.setdefault(record["source_key"], {})[record["account"]] = record["credit"]
    return found


class RejectedMember(msgspec.Struct, frozen=True):
    """A staged line that is rejected; amounts are in rupiah.

    `verdict` is 'repeated', 'former' or 'other_savings'.
    """

    line: int
    verdict: str
    number: str
    member_name: str | None
    recorded: int | None
    total: int
    first_line: int | None


class StagedMember(msgspec.Struct, frozen=True):
    """A staged line to be recorded; without `member_id` it is a new member. Amounts are in rupiah."""

    line: int
    member_id: UUID | None
    number: str
    name: str
    sex: str
    phone: str | None
    joined_on: date
    principal: int
    mandatory: int
    voluntary: int

    @property
    def total(self) -> int:
        """Return the sum of the deposits."""
        return self.principal + self.mandatory + self.voluntary


async def list_overflow_lines(ro: Reader, import_id: UUID) -> list[int]:
    """Return the lines with which the sum of the deposits would exceed the largest amount; usually none."""
    summed = await ro.value(
        "SELECT coalesce(sum(principal::numeric + mandatory + voluntary), 0) FROM staging_members "
        "WHERE import_id = $1",
        import_id,
    )
    if summed <= MAX_AMOUNT:
        return []
    taken: set[str] = set()
    total, out = 0, []
    async for line, number, worth in ro.stream(
        "SELECT line, number, principal + mandatory + voluntary FROM staging_members WHERE import_id = "
        "$1 ORDER BY line",
        import_id,
    ):
        if number in taken:
            continue
        if total + worth > MAX_AMOUNT:
            out.append(line)
        else:
            total += worth
            taken.add(number)
    return out


async def count_by_verdict(ro: Reader, import_id: UUID) -> dict[str, int]:
    """Return the number of lines by verdict; new lines count as 'new'."""
    records = await ro.records(
        "SELECT coalesce(verdict, 'new'), count(*) FROM staging_members WHERE import_id = $1 GROUP BY 1",
        import_id,
    )
    return {record[0]: record[1] for record in records}


async def list_rejected_members(ro: Reader, import_id: UUID) -> list[RejectedMember]:
    """Return the lines that are rejected."""
    return await ro.rows(
        RejectedMember,
        "SELECT s.line, s.verdict, s.number, m.name AS member_name, s.recorded, s.principal + "
        "s.mandatory + s.voluntary AS total, s.first_line"
        " FROM staging_members s LEFT JOIN members m ON m.id = s.member_id"
        " WHERE s.import_id = $1 AND s.verdict IN ('repeated', 'former', 'other_savings')",
        import_id,
    )


async def list_batch(ro: Reader, import_id: UUID, after: int, limit: int) -> list[StagedMember]:
    """Return the next `limit` lines to be recorded, after line `after`."""
    return await ro.rows(
        StagedMember,
        "SELECT line, member_id, number, name, sex, phone, joined_on, principal, mandatory, voluntary "
        "FROM staging_members"
        " WHERE import_id = $1 AND line > $2 AND coalesce(verdict, 'changed') = 'changed' ORDER BY "
        "line LIMIT $3",
        import_id,
        after,
        limit,
    )
