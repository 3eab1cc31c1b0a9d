"""Create a draft of a year's division, from the ledger and the bylaws of that year, and store it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as insert_unless

import ledger.queries as ledger_queries
from cooperative.queries import get_today
from governance.queries import BylawsVersionView, get_bylaws_on
from governance.rules import SavingsKind
from kernel import audit
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import year_queries
from ledger.chart import MEMBER_RETURNS, MEMBER_SALES
from savings.rules import ACCOUNTS
from shu import errors, queries
from shu.models import ShuDraft, ShuPool
from shu.rules import Allocation, MemberBasis, allocate

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.actor import Actor

EARLIEST_YEAR = 1950
PURCHASE_ACCOUNTS = (MEMBER_SALES, MEMBER_RETURNS)

_STORE_SHARES = text(
    "INSERT INTO shu_shares (draft_id, position, member_id, basis, amount)"
    " SELECT :draft_id, s.position, s.member_id, s.basis, s.amount FROM unnest(CAST(:positions AS "
    "smallint[]),"
    " CAST(:members AS uuid[]), CAST(:bases AS bigint[]), CAST(:amounts AS bigint[])) AS s(position, "
    "member_id, basis, amount)"
)


class ShuDraftResult(msgspec.Struct, frozen=True):
    """A stored draft: its version, its bylaws, the division; ``created`` is False for one that existed."""

    year: int
    version: int
    bylaws_version: int
    allocation: Allocation
    created: bool


class _Division(msgspec.Struct, frozen=True):
    """A computed division that is not stored yet."""

    year: int
    last_journal: int
    bylaws_version: BylawsVersionView
    member_ids: list[UUID]
    allocation: Allocation

    @property
    def share_count(self) -> int:
        return len(self.member_ids) * sum(pool.basis is not None for pool in self.allocation.pools)


async def create_draft(db: AsyncSession, actor: Actor, year: int) -> ShuDraftResult:
    """Divide the surplus of ``year`` and store it as a new version of the draft.

    If ledger, bylaws and register are unchanged, the newest stored version is returned. The bylaws in force
    on 31 December apply. Everything is read up to one journal, so that a concurrent sale is in all figures or
    in none. Raises DomainError: shu.year_ahead, shu.year_too_old, and those of ``allocate``.
    """
    this_year = (await get_today(db)).year
    if year > this_year:
        raise errors.YEAR_AHEAD(year=str(year), now=str(this_year))
    if year < EARLIEST_YEAR:
        raise errors.YEAR_TOO_OLD(year=str(year))
    ro = as_reader(db)
    division = await _compute_division(ro, year)
    while True:
        newest = await queries.find_latest_draft(ro, year)
        if newest is not None and await _is_unchanged(ro, newest, division):
            return ShuDraftResult(
                year, newest.version, newest.bylaws_version, division.allocation, created=False
            )
        version = newest.version + 1 if newest else 1
        if await _insert_draft(db, actor, division, version):
            return ShuDraftResult(
                year, version, division.bylaws_version.version, division.allocation, created=True
            )


async def _compute_division(ro: Reader, year: int) -> _Division:
    """Read the ledger, the register and the bylaws of a year, and divide its surplus."""
    year_end = date(year, 12, 31)
    rules = await get_bylaws_on(ro, year_end)
    through = await ledger_queries.get_last_journal_number(ro, year_end)
    surplus = await year_queries.get_surplus(ro, year, through_journal=through)
    register = await queries.list_registered_members(ro)
    savings = await ledger_queries.get_credits_by_party(
        ro, get_savings_accounts(rules.bylaws.savings_basis), year_end, through_journal=through
    )
    purchases = await ledger_queries.get_credits_by_party(
        ro, PURCHASE_ACCOUNTS, year_end, since=date(year, 1, 1), through_journal=through
    )
    members = [
        # a member who returned more than they bought this year (goods of last year) counts with 0 purchases
        MemberBasis(
            row.number, savings=max(0, savings.get(row.id, 0)), purchases=max(0, purchases.get(row.id, 0))
        )
        for row in register
    ]
    allocation = allocate(Rupiah(surplus), rules.bylaws.allocation, members)
    return _Division(year, through, rules, [row.id for row in register], allocation)


def get_savings_accounts(kinds: Sequence[SavingsKind]) -> list[str]:
    """Return the accounts of the given kinds of savings."""
    return [ACCOUNTS[kind] for kind in kinds]


async def _is_unchanged(ro: Reader, stored: queries.DraftView, division: _Division) -> bool:
    """Return whether a stored draft equals a new division, by comparing their inputs.

    Same ledger, bylaws and register give the same figures; there are no other inputs.
    """
    return (
        stored.last_journal == division.last_journal
        and stored.bylaws_version == division.bylaws_version.version
        and stored.surplus == division.allocation.surplus
        and await queries.count_shares(ro, stored.id) == division.share_count
    )


async def _insert_draft(db: AsyncSession, actor: Actor, division: _Division, version: int) -> bool:
    """Store the division as ``version``; return False if that version was stored concurrently."""
    draft_id = new_id()
    head = insert_unless(ShuDraft).values(
        id=draft_id,
        year=division.year,
        version=version,
        surplus=int(division.allocation.surplus),
        bylaws_version=division.bylaws_version.version,
        last_journal=division.last_journal,
        drafted_by=actor.name,
    )
    if (await db.execute(head.on_conflict_do_nothing().returning(ShuDraft.id))).first() is None:
        return False
    await db.execute(
        insert(ShuPool),
        [
            {
                "draft_id": draft_id,
                "position": pool.position,
                "code": pool.code,
                "percent": str(pool.percent),
                "basis": pool.basis,
                "amount": int(pool.amount),
                "basis_total": pool.total_basis,
                "unallocated": int(pool.unallocated),
            }
            for pool in division.allocation.pools
        ],
    )
    for pool in division.allocation.pools:
        if pool.basis is None or not division.member_ids:
            continue
        await db.execute(
            _STORE_SHARES,
            {
                "draft_id": draft_id,
                "positions": [pool.position] * len(division.member_ids),
                "members": division.member_ids,
                "bases": [member.basis.get(pool.basis) for member in division.allocation.members],
                "amounts": [int(member.shares[pool.code]) for member in division.allocation.members],
            },
        )
    audit.record(
        db,
        actor,
        "shu.drafted",
        subject=f"shu:{division.year}",
        params={"year": division.year, "version": version, "surplus": int(division.allocation.surplus)},
    )
    await db.flush()
    return True
