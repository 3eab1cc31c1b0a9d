"""Operators' pages of invoices: list open ones, match a statement, confirm a payment, close an invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from billing import operator_queries, presenters, queries
from billing.errors import NO_SUCH_INVOICE, NOT_OPEN, WRONG_AMOUNT
from billing.forms import CloseInvoiceForm, ConfirmPaymentForm, UploadStatementForm
from billing.invoice_pdf import render_invoice_pdf
from billing.match_statement import match_statement
from billing.settle_invoice import confirm_payment, mark_uncollectible, void_invoice
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.money import Rupiah
from tenants.file_thread_pool import compute_in_thread
from tenants.session import shared_reader
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    Db,
    Ro,
    read_form,
    render_page,
    require_operator,
    see_other,
)
from ui.import_pages import FILE_TOO_LARGE, MAX_FILE_BYTES
from ui.request_body import MAX_UPLOAD_BYTES

if TYPE_CHECKING:
    from kernel.formats import Lang

INVOICES_URL: Final = "/langganan/tagihan"
ACTIVE_MENU: Final = "langganan"
INVOICE_TEMPLATE: Final = "billing/operator_invoice.html"


@get(INVOICES_URL, guards=[require_operator])
async def list_open_invoices(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[bytes]:
    """List the open invoices of all cooperatives, the oldest first."""
    rows = await operator_queries.list_open_invoices(ro)
    return render_page(
        request,
        "billing/operator_open.html",
        active_menu=ACTIVE_MENU,
        rows=rows,
        states=presenters.localize_labels(presenters.SUBSCRIPTION_STATUS_LABELS, ctx.lang),
        today=clock.today(),
        total=sum(row.amount_due for row in rows),
    )


@get("/langganan/mutasi", guards=[require_operator], sync_to_thread=False)
def show_statement_form(request: AnyRequest) -> Response[bytes]:
    """Show the upload form for a statement of the platform's account."""
    return render_page(
        request, "billing/operator_statement.html", active_menu=ACTIVE_MENU, form=None, matches=None
    )


@post("/langganan/mutasi", guards=[require_operator], status_code=200, request_max_body_size=MAX_UPLOAD_BYTES)
async def submit_bank_statement(request: AnyRequest, database: CurrentDatabase) -> Response[Any]:
    """Show which open invoices the lines of an uploaded statement pay.

    Nothing is booked: an operator confirms each payment on the invoice's page.
    """
    form = await read_form(request, UploadStatementForm)
    async with form.rerender_on_error(
        "billing/operator_statement.html", field="file", active_menu=ACTIVE_MENU, matches=None
    ):
        raw = await form.data.file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise FILE_TOO_LARGE(megabytes=MAX_FILE_BYTES // 1_000_000)
        async with shared_reader(database) as ro:
            rows = await operator_queries.list_open_invoices(ro, 10_000)
            used = await operator_queries.list_used_references(ro)
        today = clock.today()
        matches = await compute_in_thread(
            database, "platform", lambda: match_statement(raw, rows, used, today)
        )
    return render_page(
        request, "billing/operator_statement.html", active_menu=ACTIVE_MENU, form=None, matches=matches
    )


@get(f"{INVOICES_URL}/{{number:str}}", guards=[require_operator])
async def show_invoice(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[str]
) -> Response[bytes]:
    """Show one invoice and the actions that are open to operators."""
    return render_page(
        request,
        INVOICE_TEMPLATE,
        active_menu=ACTIVE_MENU,
        form=None,
        **await _invoice_context(ro, ctx.lang, number),
    )


@get(f"{INVOICES_URL}/{{number:str}}/pdf", guards=[require_operator])
async def download_invoice(ro: Ro, ctx: CurrentContext, number: FromPath[str]) -> Response[bytes]:
    """Return one invoice as PDF."""
    found = (await _invoice_context(ro, ctx.lang, number))["invoice"]
    return await render_invoice_pdf(
        ctx.database.settings, found, await queries.list_invoice_lines(ro, found.id), ctx.lang
    )


@post(f"{INVOICES_URL}/{{number:str}}/pelunasan", guards=[require_operator])
async def submit_payment(
    request: AnyRequest, db: Db, ctx: CurrentContext, number: FromPath[str]
) -> Response[Any]:
    """Show a confirmation page, then mark the invoice as paid."""
    form = await read_form(request, ConfirmPaymentForm)
    context = await _invoice_context(as_reader(db), ctx.lang, number)
    found = context["invoice"]
    async with form.rerender_on_error(INVOICE_TEMPLATE, field="amount", active_menu=ACTIVE_MENU, **context):
        if found.status != "open":
            raise NOT_OPEN(number=number)
        if form.data.amount != found.amount_due:
            raise WRONG_AMOUNT(
                number=number, due=Rupiah(found.amount_due), given=form.data.amount, field="amount"
            )
        if not form.data.confirmed:
            method = presenters.METHOD_LABELS[form.data.method].localize(ctx.lang)
            return render_page(
                request,
                "billing/operator_payment.html",
                active_menu=ACTIVE_MENU,
                paid=form.data,
                method=method,
                **context,
            )
        await confirm_payment(
            db,
            ctx.database.settings,
            number,
            amount=form.data.amount,
            method=form.data.method,
            reference=form.data.reference,
            by=ctx.operator.name,
            on=clock.today(),
        )
    return see_other(f"/langganan/koperasi/{context['slug']}")


@post(f"{INVOICES_URL}/{{number:str}}/penutupan", guards=[require_operator])
async def submit_closing(
    request: AnyRequest, db: Db, ctx: CurrentContext, number: FromPath[str]
) -> Response[Any]:
    """Show a confirmation page, then void the invoice or write it off."""
    form = await read_form(request, CloseInvoiceForm)
    context = await _invoice_context(as_reader(db), ctx.lang, number)
    async with form.rerender_on_error(INVOICE_TEMPLATE, field="reason", active_menu=ACTIVE_MENU, **context):
        if context["invoice"].status != "open":
            raise NOT_OPEN(number=number)
        if not form.data.confirmed:
            return render_page(
                request,
                "billing/operator_closing.html",
                active_menu=ACTIVE_MENU,
                closing=form.data,
                **context,
            )
        close = void_invoice if form.data.what == "void" else mark_uncollectible
        await close(
            db,
            ctx.database.settings,
            number,
            reason=form.data.reason,
            by=ctx.operator.name,
            on=clock.today(),
        )
    return see_other(f"/langganan/koperasi/{context['slug']}")


async def _invoice_context(ro: Reader, lang: Lang, number: str) -> dict[str, Any]:
    slug = await operator_queries.find_owner_slug(ro, number)
    owner = await operator_queries.find_cooperative_id(ro, slug) if slug else None
    found = await queries.find_invoice(ro, owner, number) if owner else None
    if found is None or slug is None:
        raise NO_SUCH_INVOICE(number=number[:40])
    return presenters.build_invoice_context(found, await queries.list_invoice_lines(ro, found.id), lang) | {
        "slug": slug,
        "note": presenters.build_transfer_note(found.number),
        "methods": [
            (method, presenters.METHOD_LABELS[method].localize(lang)) for method in ("bank_transfer", "qris")
        ],
    }


routes: list[Any] = [
    list_open_invoices,
    show_statement_form,
    submit_bank_statement,
    show_invoice,
    download_invoice,
    submit_payment,
    submit_closing,
]
