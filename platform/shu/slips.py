"""A member's slip: their stored shares of one draft, with the arithmetic and the ledger lines behind it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

import ledger.queries as ledger_queries
from governance.queries import find_version
from governance.rules import Basis, Bylaws
from kernel import formats
from kernel.errors import Localizable
from kernel.formats import Lang
from kernel.money import Rupiah
from shu import queries
from shu.create_draft import PURCHASE_ACCOUNTS, get_savings_accounts
from shu.queries import DraftView, PoolView
from shu.rules import Share

if TYPE_CHECKING:
    from kernel.database import Reader


class SlipLine(msgspec.Struct, frozen=True):
    """One pool's part of a slip.

    ``rows`` sum to the basis; if more was returned than bought, they sum to a negative amount and the basis
    is 0.
    """

    label: Localizable
    percent: Decimal
    share: Share
    rows: list[ledger_queries.PartyJournalLine]

    def fraction(self, lang: Lang) -> tuple[str, str] | None:
        """Return what rounding down removed from the share, as numerator and denominator: ("2", "3").

        The fraction is in lowest terms; None when nothing was removed.
        """
        rest = self.share.exact - int(self.share.floor)
        return (
            (formats.number(rest.numerator, lang), formats.number(rest.denominator, lang)) if rest else None
        )


class Slip(msgspec.Struct, frozen=True):
    """A member's shares of a draft, in rupiah."""

    draft: DraftView
    lines: list[SlipLine]
    total: int


async def load_pool_labels(ro: Reader, draft: DraftView) -> dict[str, Localizable]:
    """Return the names of a draft's pools by code, from the bylaws that the draft was made by."""
    return {line.code: line.label for line in (await load_draft_bylaws(ro, draft)).allocation}


async def load_draft_bylaws(ro: Reader, draft: DraftView) -> Bylaws:
    """Return the bylaws that a draft was made by."""
    version = await find_version(ro, draft.bylaws_version)
    assert version is not None, "a draft refers to its bylaws by a foreign key"
    return version.bylaws


async def load_slip(ro: Reader, draft: DraftView, member_id: UUID) -> Slip | None:
    """Return a member's slip from the stored shares.

    None for somebody who was not in the register when the draft was made.
    """
    stored = await queries.list_member_shares(ro, draft.id, member_id)
    if not stored:
        return None
    bylaws = await load_draft_bylaws(ro, draft)
    labels = {line.code: line.label for line in bylaws.allocation}
    pools = {pool.position: pool for pool in await queries.list_pools(ro, draft.id)}
    rows: dict[Basis, list[ledger_queries.PartyJournalLine]] = {}
    lines = []
    for row in stored:
        pool = pools[row.position]
        basis = pool.basis
        assert basis is not None, "only a pool that is divided has shares"
        if basis not in rows:
            rows[basis] = await _list_basis_lines(ro, draft, bylaws, basis, member_id)
        lines.append(
            SlipLine(labels[pool.code], Decimal(pool.percent), _build_share(pool, basis, row), rows[basis])
        )
    return Slip(draft, lines, sum(row.amount for row in stored))


def _build_share(pool: PoolView, basis: Basis, row: queries.ShareRow) -> Share:
    return Share(
        code=pool.code,
        kind=basis,
        basis=row.basis,
        total_basis=pool.basis_total,
        pool=Rupiah(pool.amount),
        amount=Rupiah(row.amount),
    )


async def _list_basis_lines(
    ro: Reader, draft: DraftView, bylaws: Bylaws, basis: Basis, member_id: UUID
) -> list[ledger_queries.PartyJournalLine]:
    """Return the ledger lines that a member's basis sums, without those posted after the draft."""
    year_end = date(draft.year, 12, 31)
    if basis == "savings":
        accounts = get_savings_accounts(bylaws.savings_basis)
        return await ledger_queries.list_party_lines(
            ro, accounts, member_id, year_end, through_journal=draft.last_journal
        )
    if basis == "purchases":
        return await ledger_queries.list_party_lines(
            ro,
            PURCHASE_ACCOUNTS,
            member_id,
            year_end,
            since=date(draft.year, 1, 1),
            through_journal=draft.last_journal,
        )
    return []
