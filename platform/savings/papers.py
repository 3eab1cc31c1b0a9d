"""The papers of savings, alike for officers and members: the receipt of one movement, the statement of one
kind.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from litestar import Response
from sqlalchemy.ext.asyncio import AsyncSession

from governance.rules import SavingsKind
from kernel.database import Reader
from ledger import queries as ledger_queries
from savings import queries
from savings.passbook import dues_of
from savings.queries import Saver
from savings.rules import ACCOUNTS, KIND_NAMES, KIND_OF_SLUG, SLUGS, WAY_NAMES, Dues
from ui import AnyRequest, Visit, page
from ui.errors import NOT_FOUND

LARGEST_NUMBER = 2**53


async def require_saver_row(source: AsyncSession | Reader, member_id: UUID) -> Saver:
    """Return a member or former member. Raises DomainError ui.not_found."""
    saver = await queries.saver(source, member_id)
    if saver is None or saver.number is None:
        raise NOT_FOUND()
    return saver


async def saver_and_dues(ro: Reader, member_id: UUID, today: date) -> tuple[Saver, Dues | None]:
    """Return a member or former member and what they owe of simpanan wajib.

    Raises DomainError ui.not_found.
    """
    saver = await require_saver_row(ro, member_id)
    return saver, await dues_of(ro, saver, today)


async def receipt_page(
    request: AnyRequest,
    ro: Reader,
    visit: Visit,
    saver: Saver,
    number: int,
    *,
    place: str,
    home: str,
    base: str,
) -> Response[bytes]:
    """Show one movement as a receipt.

    Raises DomainError ui.not_found for a journal that is not about this member's savings.
    """
    found = await queries.receipt(ro, saver.id, number) if 0 < number < LARGEST_NUMBER else None
    if found is None:
        raise NOT_FOUND()
    lines = [(KIND_NAMES[kind].localize(visit.lang), abs(amount)) for kind, amount in found.amounts]
    way = WAY_NAMES[found.way].localize(visit.lang) if found.way else None
    statement = f"{base}/{SLUGS[found.amounts[0][0]]}"
    return page(
        request,
        "savings/receipt.html",
        place=place,
        saver=saver,
        receipt=found,
        lines=lines,
        way=way,
        home=home,
        statement=statement,
    )


async def statement_page(
    request: AnyRequest,
    ro: Reader,
    visit: Visit,
    saver: Saver,
    slug: str,
    *,
    place: str,
    home: str,
    receipts: str,
) -> Response[bytes]:
    """Show every movement of one kind, with the balance after each.

    Raises DomainError ui.not_found for an unknown kind.
    """
    kind: SavingsKind | None = KIND_OF_SLUG.get(slug)
    if kind is None:
        raise NOT_FOUND()
    lines = await ledger_queries.statement(ro, ACCOUNTS[kind], saver.id, limit=500)
    return page(
        request,
        "savings/statement.html",
        place=place,
        saver=saver,
        kind=kind,
        kind_id=KIND_NAMES[kind].id,
        kind_name=KIND_NAMES[kind].localize(visit.lang),
        lines=lines,
        balance=lines[0].balance if lines else 0,
        home=home,
        receipts=receipts,
        own=place == "simpanan",
    )
