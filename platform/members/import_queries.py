"""Queries that compare an import file with the register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

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
