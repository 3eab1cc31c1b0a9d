"""Officers' pages of invoices: the list, one invoice with its lines and payment instructions, and its PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar import Response, get
from litestar.params import FromPath

from billing import presenters, queries
from billing.errors import NO_SUCH_INVOICE
from billing.invoice_pdf import render_invoice_pdf
from tenants.session import shared_reader
from ui import AnyRequest, CurrentContext, CurrentDatabase, CurrentTenant, may, render_page
from ui.guards import WHEN_SUSPENDED

if TYPE_CHECKING:
    from billing.queries import InvoiceDetails, InvoiceLineRow
    from kernel.database import Database
    from tenants.registry import TenantRef

INVOICES_URL: Final = "/pengurus/langganan/tagihan"


@get(INVOICES_URL, guards=[may("subscription.view")], opt=WHEN_SUSPENDED)
async def list_invoices(
    request: AnyRequest, ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase
) -> Response[bytes]:
    """List the cooperative's invoices, its credit balance and the changes of its credit."""
    async with shared_reader(database) as ro:
        rows = await queries.list_invoices(ro, tenant.id)
        credit = await queries.get_credit_balance(ro, tenant.id)
        changes = await queries.list_credit_changes(ro, tenant.id)
    return render_page(
        request,
        "billing/invoices.html",
        active_menu="pengaturan",
        rows=rows,
        states=presenters.localize_labels(presenters.INVOICE_STATUS_LABELS, ctx.lang),
        credit=credit,
        changes=changes,
    )


@get(f"{INVOICES_URL}/{{number:str}}", guards=[may("subscription.view")], opt=WHEN_SUSPENDED)
async def show_invoice(
    request: AnyRequest,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    database: CurrentDatabase,
    number: FromPath[str],
) -> Response[bytes]:
    """Show one invoice with its lines and payment instructions."""
    found, lines = await _load_invoice(database, tenant, number)
    return render_page(
        request,
        "billing/invoice.html",
        active_menu="pengaturan",
        pay=presenters.build_payment_instructions(database.settings, found, ctx.lang),
        seller=database.settings,
        **presenters.build_invoice_context(found, lines, ctx.lang),
    )


@get(f"{INVOICES_URL}/{{number:str}}/pdf", guards=[may("subscription.view")], opt=WHEN_SUSPENDED)
async def download_invoice(
    ctx: CurrentContext, tenant: CurrentTenant, database: CurrentDatabase, number: FromPath[str]
) -> Response[bytes]:
    """Return one invoice as PDF."""
    found, lines = await _load_invoice(database, tenant, number)
    return await render_invoice_pdf(database.settings, found, lines, ctx.lang)


async def _load_invoice(
    database: Database, tenant: TenantRef, number: str
) -> tuple[InvoiceDetails, list[InvoiceLineRow]]:
    """Load an invoice of this cooperative and its lines.

    Raises DomainError billing.no_such_invoice, also for an invoice of another cooperative.
    """
    async with shared_reader(database) as ro:
        found = await queries.find_invoice(ro, tenant.id, number)
        if found is None:
            raise NO_SUCH_INVOICE(number=number[:40])
        return found, await queries.list_invoice_lines(ro, found.id)


routes: list[Any] = [list_invoices, show_invoice, download_invoice]
