"""Receipt and statement of savings, shared by officers' and members' pages."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from litestar import Response
from sqlalchemy.ext.asyncio import AsyncSession

from governance.rules import SavingsKind
from kernel.database import Reader
from ledger import queries as ledger_queries
from savings import queries
from savings.queries import Saver
from savings.rules import ACCOUNTS, KIND_NAMES, KIND_OF_SLUG, SETTLEMENT_METHOD_NAMES, SLUGS, Dues
from savings.view_models import get_member_dues
from ui import AnyRequest, RequestContext, render_page
from ui.errors import NOT_FOUND

MAX_JOURNAL_NUMBER = 2**53


async def require_saver(source: AsyncSession | Reader, member_id: UUID) -> Saver:
    """Return a member or former member. Raises DomainError ui.not_found."""
    saver = await queries.get_saver(source, member_id)
    if saver is None or saver.number is None:
        raise NOT_FOUND()
    return saver


async def load_saver_and_dues(ro: Reader, member_id: UUID, today: date) -> tuple[Saver, Dues | None]:
    """Return a member or former member, and their unpaid simpanan wajib.

    The dues are None for a former member. Raises DomainError ui.not_found.
    """
    saver = await require_saver(ro, member_id)
    return saver, await get_member_dues(ro, saver, today)


async def render_receipt(
    request: AnyRequest,
    ro: Reader,
    ctx: RequestContext,
    saver: Saver,
    number: int,
    *,
    active_menu: str,
    home: str,
    base: str,
) -> Response[bytes]:
    """Render the receipt of one movement.

    ``home`` is the address of the page to return to, ``base`` that of the statements. Raises DomainError
    ui.not_found for a journal that does not change this member's savings.
    """
    found = await queries.get_receipt(ro, saver.id, number) if 0 < number < MAX_JOURNAL_NUMBER else None
    if found is None:
        raise NOT_FOUND()
    lines = [(KIND_NAMES[kind].localize(ctx.lang), abs(amount)) for kind, amount in found.amounts]
    method = SETTLEMENT_METHOD_NAMES[found.method].localize(ctx.lang) if found.method else None
    statement = f"{base}/{SLUGS[found.amounts[0][0]]}"
    return render_page(
        request,
        "savings/receipt.html",
        active_menu=active_menu,
        saver=saver,
        receipt=found,
        lines=lines,
        method=method,
        home=home,
        statement=statement,
    )


async def render_statement(
    request: AnyRequest,
    ro: Reader,
    ctx: RequestContext,
    saver: Saver,
    slug: str,
    *,
    active_menu: str,
    home: str,
    receipts: str,
) -> Response[bytes]:
    """Render every movement of one kind of savings, with the balance after each.

    ``receipts`` is the address below which receipts are. Raises DomainError ui.not_found for an unknown kind.
    """
    kind: SavingsKind | None = KIND_OF_SLUG.get(slug)
    if kind is None:
        raise NOT_FOUND()
    lines = await ledger_queries.list_statement_lines(ro, ACCOUNTS[kind], saver.id, limit=500)
    return render_page(
        request,
        "savings/statement.html",
        active_menu=active_menu,
        saver=saver,
        kind=kind,
        kind_id=KIND_NAMES[kind].localize("id"),
        kind_name=KIND_NAMES[kind].localize(ctx.lang),
        lines=lines,
        balance=lines[0].balance if lines else 0,
        home=home,
        receipts=receipts,
        own=active_menu == "simpanan",
    )
