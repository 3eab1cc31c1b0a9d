"""Read stored drafts, and the register of members that a draft divides among."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from governance.rules import Basis

if TYPE_CHECKING:
    from kernel.database import Reader


class DraftView(msgspec.Struct, frozen=True):
    """A draft without pools and shares; ``surplus`` in rupiah, ``last_journal`` is the newest one counted."""

    id: UUID
    year: int
    version: int
    surplus: int
    bylaws_version: int
    last_journal: int
    drafted_by: str
    drafted_at: datetime


class PoolView(msgspec.Struct, frozen=True):
    """A stored pool in rupiah; ``percent`` is a decimal as text."""

    position: int
    code: str
    percent: str
    basis: Basis | None
    amount: int
    basis_total: int
    unallocated: int


class RegisteredMember(msgspec.Struct, frozen=True):
    """A member or former member in the register."""

    id: UUID
    number: str


class MemberRow(msgspec.Struct, frozen=True):
    """The member that a slip belongs to."""

    id: UUID
    number: str
    name: str
    status: str


class ShareRow(msgspec.Struct, frozen=True):
    """A member's stored share of one pool, in rupiah."""

    position: int
    basis: int
    amount: int


class PoolShareRow(msgspec.Struct, frozen=True):
    """A member's share in the list of a pool, in rupiah."""

    id: UUID
    number: str
    name: str
    status: str
    basis: int
    amount: int


class MemberTotalRow(msgspec.Struct, frozen=True):
    """A member's shares of a draft: for each pool its basis and share, and the total, in rupiah.

    The lists are in the order of ``positions``.
    """

    id: UUID
    number: str
    name: str
    status: str
    positions: list[int]
    bases: list[int]
    amounts: list[int]
    total: int


_DRAFT = (
    "SELECT d.id, d.year::int AS year, d.version::int AS version, d.surplus, d.bylaws_version::int AS "
    "bylaws_version,"
    " d.last_journal, d.drafted_by, d.drafted_at FROM shu_drafts d "
)
# Matches a member number or a part of a name; % and _ are not wildcards.
_MATCHES = " ($2 = '' OR m.number = $2 OR strpos(lower(m.name), lower($2)) > 0) "


async def list_registered_members(ro: Reader) -> list[RegisteredMember]:
    """Return all members and former members, by member number as text.

    Former members are included: whether they receive a share depends on their basis.
    """
    return await ro.rows(
        RegisteredMember,
        'SELECT id, number FROM members WHERE number IS NOT NULL ORDER BY number COLLATE "C"',
    )


async def find_latest_draft(ro: Reader, year: int) -> DraftView | None:
    """Return the newest draft of a year, or None."""
    return await ro.one(DraftView, _DRAFT + "WHERE d.year = $1::bigint ORDER BY d.version DESC LIMIT 1", year)


async def find_draft(ro: Reader, year: int, version: int) -> DraftView | None:
    """Return one draft, or None."""
    return await ro.one(
        DraftView, _DRAFT + "WHERE d.year = $1::bigint AND d.version = $2::bigint", year, version
    )


async def list_drafts(ro: Reader, year: int) -> list[DraftView]:
    """Return every draft of a year, newest first."""
    return await ro.rows(DraftView, _DRAFT + "WHERE d.year = $1::bigint ORDER BY d.version DESC", year)


async def list_latest_drafts(ro: Reader) -> list[DraftView]:
    """Return the newest draft of every year that has one, newest year first."""
    return await ro.rows(
        DraftView,
        _DRAFT + "WHERE d.version = (SELECT max(o.version) FROM shu_drafts o WHERE o.year = d.year) ORDER BY "
        "d.year DESC",
    )


async def list_pools(ro: Reader, draft_id: UUID) -> list[PoolView]:
    """Return a draft's pools in the order of the bylaws."""
    return await ro.rows(
        PoolView,
        "SELECT position::int AS position, code, percent, basis, amount, basis_total, unallocated FROM "
        "shu_pools"
        " WHERE draft_id = $1 ORDER BY position",
        draft_id,
    )


async def count_shares(ro: Reader, draft_id: UUID) -> int:
    """Return the number of stored shares, including those of Rp0."""
    return int(await ro.value("SELECT count(*) FROM shu_shares WHERE draft_id = $1", draft_id))


async def count_recipients(ro: Reader, draft_id: UUID) -> int:
    """Return the number of members who receive more than Rp0."""
    return int(
        await ro.value(
            "SELECT count(DISTINCT member_id) FROM shu_shares WHERE draft_id = $1 AND amount > 0", draft_id
        )
    )


async def find_member(ro: Reader, member_id: UUID) -> MemberRow | None:
    """Return a member or former member, or None."""
    return await ro.one(
        MemberRow,
        "SELECT id, number, name, status FROM members WHERE id = $1 AND number IS NOT NULL",
        member_id,
    )


async def list_member_shares(ro: Reader, draft_id: UUID, member_id: UUID) -> list[ShareRow]:
    """Return a member's stored shares.

    Empty for somebody who was not in the register when the draft was made.
    """
    return await ro.rows(
        ShareRow,
        "SELECT position::int AS position, basis, amount FROM shu_shares WHERE draft_id = $1 AND "
        "member_id = $2"
        " ORDER BY position",
        draft_id,
        member_id,
    )


async def count_pool_shares(ro: Reader, draft_id: UUID, search: str, position: int) -> int:
    """Return the number of members with a share of a pool who match the search."""
    return int(
        await ro.value(
            "SELECT count(*) FROM shu_shares s JOIN members m ON m.id = s.member_id WHERE s.draft_id = $1 AND"
            + _MATCHES
            + "AND s.position = $3::bigint",
            draft_id,
            search,
            position,
        )
    )


async def list_pool_shares(
    ro: Reader, draft_id: UUID, search: str, position: int, *, offset: int, limit: int
) -> list[PoolShareRow]:
    """Return a page of a pool's shares that match the search, largest first."""
    return await ro.rows(
        PoolShareRow,
        "SELECT m.id, m.number, m.name, m.status, s.basis, s.amount FROM shu_shares s JOIN members m "
        "ON m.id = s.member_id"
        " WHERE s.draft_id = $1 AND"
        + _MATCHES
        + 'AND s.position = $3::bigint ORDER BY s.amount DESC, m.number COLLATE "C" OFFSET $4 LIMIT $5',
        draft_id,
        search,
        position,
        offset,
        limit,
    )


async def count_members(ro: Reader, draft_id: UUID, search: str) -> int:
    """Return the number of members of a draft who match the search."""
    return int(
        await ro.value(
            "SELECT count(DISTINCT s.member_id) FROM shu_shares s JOIN members m ON m.id = s.member_id"
            " WHERE s.draft_id = $1 AND" + _MATCHES,
            draft_id,
            search,
        )
    )


async def list_member_totals(
    ro: Reader, draft_id: UUID, search: str = "", *, offset: int = 0, limit: int | None = None
) -> list[MemberTotalRow]:
    """Return members who match the search with their shares of every pool, by number as text."""
    return await ro.rows(
        MemberTotalRow,
        "SELECT m.id, m.number, m.name, m.status, array_agg(s.position::int ORDER BY s.position) AS "
        "positions,"
        " array_agg(s.basis ORDER BY s.position) AS bases, array_agg(s.amount ORDER BY s.position) AS "
        "amounts,"
        " sum(s.amount)::bigint AS total FROM shu_shares s JOIN members m ON m.id = s.member_id"
        " WHERE s.draft_id = $1 AND" + _MATCHES + 'GROUP BY m.id ORDER BY m.number COLLATE "C" OFFSET $3 '
        "LIMIT $4",
        draft_id,
        search,
        offset,
        limit,
    )
