"""Statement import pages: choose a file, map unknown columns, preview, confirm.

The server stores nothing between the pages, as with every import: the confirming form carries the file's
text, which is parsed again.
"""

from __future__ import annotations

import re
from typing import Any, Final

from litestar import Response, get, post
from sqlalchemy.ext.asyncio import AsyncSession

from banking import statement_queries
from banking.forms import ColumnsForm, ConfirmImportForm, StatementUploadForm
from banking.import_statement import (
    PlannedLine,
    StatementImportPlan,
    StatementImportSummary,
    import_statement,
    parse_unknown_table,
    plan_statement,
    save_layout,
)
from banking.statement_files import SAVED_LAYOUT, UnknownTable, decode_statement
from banking.statement_labels import line_reason_text, line_status_badge
from banking.statement_layouts import BANKS, propose_columns
from cooperative.queries import get_profile
from gateways.protocol import officer_confirmed_methods
from governance.rules import PAYMENT_METHOD_NAMES
from kernel import formats
from kernel.database import Reader
from kernel.money import Rupiah
from kernel.translations import get_translations
from payments import methods
from tenants.file_thread_pool import read_in_thread, write_in_thread
from tenants.session import coop_reader
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    RequestContext,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.form_data import read_form_data
from ui.guards import WHEN_READ_ONLY
from ui.import_pages import read_upload
from ui.request_body import MAX_FORM_WITH_FILE_BYTES, MAX_UPLOAD_BYTES

STATEMENT_LINES_URL: Final = "/pengurus/pembayaran/mutasi"
IMPORT_URL: Final = f"{STATEMENT_LINES_URL}/impor"
ACTIVE_MENU: Final = "penjualan"
UPLOAD_TEMPLATE: Final = "payments/statement_upload.html"
COLUMNS_TEMPLATE: Final = "payments/statement_columns.html"
SHOWN_LINES: Final = 20
SHOWN_BAD_LINES: Final = 100


@get(IMPORT_URL, guards=[may("banking.reconcile")], sync_to_thread=False)
def show_upload_form(request: AnyRequest, ctx: CurrentContext) -> Response[bytes]:
    """Show the upload form."""
    return render_page(request, UPLOAD_TEMPLATE, active_menu=ACTIVE_MENU, form=None, **_upload_context(ctx))


@post(
    IMPORT_URL,
    guards=[may("banking.reconcile")],
    status_code=200,
    request_max_body_size=MAX_UPLOAD_BYTES,
    opt=WHEN_READ_ONLY,
)
async def preview_import(
    request: AnyRequest, database: CurrentDatabase, tenant: CurrentTenant, ctx: CurrentContext
) -> Response[bytes]:
    """Show what the import would do, or the column form for an unknown table."""
    form = await read_form(request, StatementUploadForm)
    async with form.rerender_on_error(
        UPLOAD_TEMPLATE, active_menu=ACTIVE_MENU, field="file", **_upload_context(ctx)
    ):
        content = _normalize_newlines(decode_statement(await read_upload(form.data.file)))
        method = form.data.method
        found = await read_in_thread(database, tenant, lambda ro: plan_statement(ro, method, content))
    return await _preview_or_columns(request, ctx, method, content, found)


@post(
    f"{IMPORT_URL}/kolom",
    guards=[may("banking.reconcile")],
    status_code=200,
    request_max_body_size=MAX_FORM_WITH_FILE_BYTES,
    opt=WHEN_READ_ONLY,
)
async def preview_with_columns(
    request: AnyRequest, database: CurrentDatabase, tenant: CurrentTenant, ctx: CurrentContext
) -> Response[bytes]:
    """Show the column form of a table again."""
    form = await read_form(request, ConfirmImportForm)
    async with form.rerender_on_error(UPLOAD_TEMPLATE, active_menu=ACTIVE_MENU, **_upload_context(ctx)):
        content, method = await _sent_content(request), form.data.method
        found = await read_in_thread(database, tenant, lambda ro: parse_unknown_table(ro, method, content))
    return render_page(
        request,
        COLUMNS_TEMPLATE,
        active_menu=ACTIVE_MENU,
        form=None,
        **_columns_context(ctx, method, content, found),
    )


@post(
    f"{IMPORT_URL}/susunan",
    guards=[may("banking.reconcile")],
    status_code=200,
    request_max_body_size=MAX_FORM_WITH_FILE_BYTES,
    opt=WHEN_READ_ONLY,
)
async def submit_columns(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    ctx: CurrentContext,
) -> Response[bytes]:
    """Save the column mapping and show what the import would do."""
    form = await read_form(request, ColumnsForm)
    content = await _sent_content(request)
    method = form.values.get("method", "")
    found = await read_in_thread(database, tenant, lambda ro: parse_unknown_table(ro, method, content))

    async def save_columns(db: AsyncSession) -> StatementImportPlan | UnknownTable:
        await save_layout(
            db, viewer.as_officer(), found.fingerprint, form.data.name, form.data.columns, len(found.header)
        )
        return await plan_statement(db, method, content)

    async with form.rerender_on_error(
        COLUMNS_TEMPLATE, active_menu=ACTIVE_MENU, **_columns_context(ctx, method, content, found)
    ):
        plan = await write_in_thread(database, tenant, save_columns)
    return await _preview_or_columns(request, ctx, method, content, plan)


@post(
    f"{IMPORT_URL}/pencatatan",
    guards=[may("banking.reconcile")],
    request_max_body_size=MAX_FORM_WITH_FILE_BYTES,
    opt=WHEN_READ_ONLY,
)
async def submit_import(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    ctx: CurrentContext,
) -> Response[Any]:
    """Import the file."""
    form = await read_form(request, ConfirmImportForm)
    async with form.rerender_on_error(UPLOAD_TEMPLATE, active_menu=ACTIVE_MENU, **_upload_context(ctx)):
        content, method = await _sent_content(request), form.data.method
        summary = await write_in_thread(
            database, tenant, lambda db: import_statement(db, viewer.as_officer(), method, content)
        )
    return see_other(STATEMENT_LINES_URL, flash=_summary_message(summary, ctx))


async def _preview_or_columns(
    request: AnyRequest,
    ctx: RequestContext,
    method: str,
    content: str,
    found: StatementImportPlan | UnknownTable,
) -> Response[bytes]:
    """Render the preview of an import, or the column form for an unknown table."""
    if isinstance(found, UnknownTable):
        return render_page(
            request,
            COLUMNS_TEMPLATE,
            active_menu=ACTIVE_MENU,
            form=None,
            **_columns_context(ctx, method, content, found),
        )
    lang = ctx.lang
    references = [str(each.verdict.reference) for each in found.new if each.verdict.reference]
    assert ctx.tenant is not None
    async with coop_reader(ctx.database, ctx.tenant) as ro:
        payments = {
            row.reference: row for row in await statement_queries.list_payments_by_reference(ro, references)
        }
        other_account = await _other_account(ro, method, found.parsed.account)
    importable = [each for each in found.new if each.status in ("matched", "doubtful", "unmatched")]
    importable.sort(key=lambda each: ("doubtful", "matched", "unmatched").index(each.status))
    return render_page(
        request,
        "payments/statement_preview.html",
        active_menu=ACTIVE_MENU,
        method=method,
        content=content,
        bank=_bank_label(found.parsed.layout, method, ctx),
        own_columns=found.parsed.layout == SAVED_LAYOUT,
        plan=found,
        counts={
            state: found.count(state)
            for state in ("matched", "doubtful", "unmatched", "outgoing", "set_aside")
        },
        paid=Rupiah.total(each.transaction.amount for each in found.new if each.status == "matched"),
        other_account=other_account,
        rows=[_line_view(each, payments, ctx) for each in importable[:SHOWN_LINES]],
        more=max(0, len(importable) - SHOWN_LINES),
        bad=[(each.line, each.reason.localize(lang)) for each in found.parsed.bad_lines[:SHOWN_BAD_LINES]],
    )


def _line_view(planned: PlannedLine, payments: dict[str, Any], ctx: RequestContext) -> dict[str, Any]:
    label, kind = line_status_badge(planned.status, ctx.lang)
    payment = payments.get(str(planned.verdict.reference))
    return {
        "day": planned.transaction.day,
        "text": planned.transaction.text,
        "amount": planned.transaction.amount,
        "state": label,
        "kind": kind,
        "why": f"{payment.label.localize(ctx.lang)}, {payment.payer_name}"
        if payment
        else line_reason_text(planned.verdict.reason, None, "", ctx.lang),
    }


def _bank_label(layout: str, method: str, ctx: RequestContext) -> str:
    name = PAYMENT_METHOD_NAMES[method].localize(ctx.lang)
    return name if layout == SAVED_LAYOUT else f"{BANKS[layout]}, {name}"


async def _other_account(ro: Reader, method: str, account: str) -> str:
    """Return the file's account number if it differs from the one that buyers see."""
    if method != "bank_transfer" or not account:
        return ""
    shown = (await methods.get_method(ro, method)).settings.get("account", "")
    if not shown:
        profile = await get_profile(ro)
        shown = profile.bank_account if profile else ""
    known = [re.sub(r"[^0-9]", "", found) for found in re.findall(r"[0-9][0-9 .-]{4,}[0-9]", shown)]
    return account if known and account not in known else ""


def _upload_context(ctx: RequestContext) -> dict[str, Any]:
    return {
        "methods": [
            (method, PAYMENT_METHOD_NAMES[method].localize(ctx.lang))
            for method in officer_confirmed_methods()
        ]
    }


def _columns_context(ctx: RequestContext, method: str, content: str, found: UnknownTable) -> dict[str, Any]:
    say = get_translations(ctx.lang).gettext
    names = [(at, name or say("Kolom %(n)s") % {"n": at + 1}) for at, name in enumerate(found.header)]
    return {
        "method": method,
        "content": content,
        "columns": names,
        "samples": found.samples,
        "start": propose_columns(found.header),
    }


async def _sent_content(request: AnyRequest) -> str:
    """Return the submitted file text with its blank lines, which line numbers count."""
    sent = await (await read_form_data(request)).get("content")
    return _normalize_newlines(sent) if isinstance(sent, str) else ""


def _normalize_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")


def _summary_message(summary: StatementImportSummary, ctx: RequestContext) -> str:
    say = get_translations(ctx.lang).gettext
    if not summary.new:
        return say("Semua baris berkas ini sudah ada. Tidak ada yang berubah.")
    number = {
        "new": formats.number(summary.new, ctx.lang),
        "matched": formats.number(summary.matched, ctx.lang),
        "left": formats.number(summary.doubtful + summary.unmatched, ctx.lang),
    }
    return say("%(new)s baris baru dicatat: %(matched)s cocok dan lunas, %(left)s perlu diperiksa.") % number


routes: Final[list[Any]] = [
    show_upload_form,
    preview_import,
    preview_with_columns,
    submit_columns,
    submit_import,
]
