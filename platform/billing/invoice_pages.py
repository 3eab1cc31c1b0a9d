"""Officers' pages of invoices: the list, one with its lines and how to pay it, and the same as PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar import Response, get
from litestar.params import FromPath

from billing import queries, showing
from billing.errors import NO_SUCH_INVOICE
from billing.papers import invoice_paper
from tenants.session import shared_reader
from ui import AnyRequest, CurrentContext, CurrentDatabase, CurrentTenant, render_page, require_officer

if TYPE_CHECKING:
    from billing.queries import InvoiceCard, LineRow
    from kernel.database import Database
    from tenants.registry import TenantRef

LIST: Final = "/pengurus/langganan/tagihan"


@get(LIST, guards=[require_officer])
async def show_invoices(
    request: AnyRequest, ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[bytes]:
    """List the invoices, and what the cooperative has with us."""
    async with shared_reader(database) as ro:
        rows = await queries.invoices(ro, tenant.id)
        credit = await queries.credit_of(ro, tenant.id)
        changes = await queries.credit_rows(ro, tenant.id)
    return render_page(
        request,
        "billing/invoices.html",
        active_menu="pengaturan",
        rows=rows,
        states=showing.in_words(showing.INVOICE, ctx.lang),
        credit=credit,
        changes=changes,
    )


@get(f"{LIST}/{{number:str}}", guards=[require_officer])
async def show_invoice(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    database: CurrentDatabase,
    number: FromPath[str],
) -> Response[bytes]:
    """Show one with its lines, and how to pay it."""
    found, lines = await _read(database, tenant, number)
    return render_page(
        request,
        "billing/invoice.html",
        active_menu="pengaturan",
        pay=showing.paying(database.settings, found, ctx.lang),
        seller=database.settings,
        **showing.invoice_facts(found, lines, ctx.lang),
    )


@get(f"{LIST}/{{number:str}}/pdf", guards=[require_officer])
async def download_invoice(
    ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase, number: FromPath[str]
) -> Response[bytes]:
    """Give it as PDF."""
    found, lines = await _read(database, tenant, number)
    return await invoice_paper(database.settings, found, lines, ctx.lang)


async def _read(database: Database, tenant: TenantRef, number: str) -> tuple[InvoiceCard, list[LineRow]]:
    """Raises DomainError billing.no_such_invoice, also for another cooperative's."""
    async with shared_reader(database) as ro:
        found = await queries.invoice(ro, tenant.id, number)
        if found is None:
            raise NO_SUCH_INVOICE(number=number[:40])
        return found, await queries.lines(ro, found.id)


routes: list[Any] = [show_invoices, show_invoice, download_invoice]
