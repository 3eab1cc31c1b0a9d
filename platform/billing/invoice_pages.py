"""Officers' pages of invoices: the list, one with its lines and how to pay it, and the same as PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar import Response, get
from litestar.params import FromPath

from billing import queries, showing
from billing.errors import NO_SUCH_INVOICE
from billing.papers import invoice_paper
from tenants.session import shared_reader
from ui import AnyRequest, TheDatabase, TheTenant, TheVisit, officer, page

if TYPE_CHECKING:
    from billing.queries import InvoiceCard, LineRow
    from kernel.database import Database
    from tenants.registry import TenantRef

LIST: Final = "/pengurus/langganan/tagihan"


@get(LIST, guards=[officer])
async def show_invoices(
    request: AnyRequest, visit: TheVisit, tenant: TheTenant, database: TheDatabase
) -> Response[bytes]:
    """List the invoices, and what the cooperative has with us."""
    async with shared_reader(database) as ro:
        rows = await queries.invoices(ro, tenant.id)
        credit = await queries.credit_of(ro, tenant.id)
        changes = await queries.credit_rows(ro, tenant.id)
    return page(
        request,
        "billing/invoices.html",
        place="pengaturan",
        rows=rows,
        states=showing.in_words(showing.INVOICE, visit.lang),
        credit=credit,
        changes=changes,
    )


@get(f"{LIST}/{{number:str}}", guards=[officer])
async def show_invoice(
    request: AnyRequest, visit: TheVisit, tenant: TheTenant, database: TheDatabase, number: FromPath[str]
) -> Response[bytes]:
    """Show one with its lines, and how to pay it."""
    found, lines = await _read(database, tenant, number)
    return page(
        request,
        "billing/invoice.html",
        place="pengaturan",
        pay=showing.paying(database.settings, found, visit.lang),
        seller=database.settings,
        **showing.invoice_facts(found, lines, visit.lang),
    )


@get(f"{LIST}/{{number:str}}/pdf", guards=[officer])
async def download_invoice(
    visit: TheVisit, tenant: TheTenant, database: TheDatabase, number: FromPath[str]
) -> Response[bytes]:
    """Give it as PDF."""
    found, lines = await _read(database, tenant, number)
    return await invoice_paper(database.settings, found, lines, visit.lang)


async def _read(database: Database, tenant: TenantRef, number: str) -> tuple[InvoiceCard, list[LineRow]]:
    """Raises DomainError billing.no_such_invoice, also for another cooperative's."""
    async with shared_reader(database) as ro:
        found = await queries.invoice(ro, tenant.id, number)
        if found is None:
            raise NO_SUCH_INVOICE(number=number[:40])
        return found, await queries.lines(ro, found.id)


routes: list[Any] = [show_invoices, show_invoice, download_invoice]
