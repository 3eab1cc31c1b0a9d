"""Pages that import an employer's answer: upload, preview, confirm.

As with every import, the server stores nothing in between: the confirming form carries the file's text, which
is parsed again.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from credit.forms import ConfirmReturnForm, ReturnForm
from credit.payroll_batches import ReturnResult, import_return, plan_return
from credit.payroll_files import PayrollReturn
from credit.payroll_pages import HOME, ONE, PLACE, require_batch
from credit.payroll_queries import PayrollBatchView
from credit.payroll_rules import DeductionOutcome, ReturnPlan
from kernel import clock, formats
from kernel.translations import get_translations
from tenants.file_thread_pool import write_in_thread
from tenants.session import coop_reader
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    RequestContext,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY
from ui.import_pages import read_upload_text
from ui.request_body import MAX_FORM_WITH_FILE_BYTES, MAX_UPLOAD_BYTES

UPLOAD: Final = "payments/payroll_return.html"
PREVIEW: Final = "payments/payroll_preview.html"
SHOWN_LINES: Final = 50


@get(f"{ONE}/balasan", guards=[may("credit.run_payroll")])
async def show_return_upload_form(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, batch_id: FromPath[UUID]
) -> Response[bytes]:
    """Show the form to upload an answer and the date on which its money reached the bank."""
    context = _context(await require_batch(ro, batch_id), clock.today(brand.timezone))
    return render_page(request, UPLOAD, active_menu=PLACE, form=None, **context)


@post(
    f"{ONE}/balasan",
    guards=[may("credit.run_payroll")],
    status_code=200,
    request_max_body_size=MAX_UPLOAD_BYTES,
    opt=WHEN_READ_ONLY,
)
async def preview_return(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    batch_id: FromPath[UUID],
) -> Response[bytes]:
    """Show what importing the answer would do."""
    form = await read_form(request, ReturnForm)
    async with coop_reader(database, tenant) as ro:
        context = _context(await require_batch(ro, batch_id), clock.today(ctx.brand.timezone))
    async with form.rerender_on_error(UPLOAD, active_menu=PLACE, field="file", **context):
        content = await read_upload_text(form.data.file)
        answer, plan = await write_in_thread(database, tenant, lambda db: plan_return(db, batch_id, content))
    return render_page(
        request, PREVIEW, active_menu=PLACE, **context, **_preview(content, form.data.on, answer, plan, ctx)
    )


@post(
    f"{ONE}/balasan/pencatatan",
    guards=[may("credit.run_payroll")],
    request_max_body_size=MAX_FORM_WITH_FILE_BYTES,
    opt=WHEN_READ_ONLY,
)
async def submit_return(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    ctx: CurrentContext,
    batch_id: FromPath[UUID],
) -> Response[Any]:
    """Import the previewed answer."""
    form = await read_form(request, ConfirmReturnForm)
    today = clock.today(ctx.brand.timezone)
    async with coop_reader(database, tenant) as ro:
        context = _context(await require_batch(ro, batch_id), today)
    async with form.rerender_on_error(UPLOAD, active_menu=PLACE, **context):
        sent = form.data
        taken = await write_in_thread(
            database,
            tenant,
            lambda db: import_return(
                db, viewer.as_officer(), batch_id, sent.content, on=sent.on, today=today
            ),
        )
    return see_other(f"{HOME}/{batch_id}", flash=_result_message(taken, ctx))


def _context(batch: PayrollBatchView, today: date) -> dict[str, Any]:
    return {"batch": batch, "path": f"{HOME}/{batch.id}", "today": today}


def _preview(
    content: str, on: date, answer: PayrollReturn, plan: ReturnPlan, ctx: RequestContext
) -> dict[str, Any]:
    """Return the template context of the preview."""
    uneven = [each for each in plan.results if not each.settled]
    return {
        "content": content,
        "on": on,
        "bad": [(each.line, each.reason.localize(ctx.lang)) for each in answer.bad_lines[:SHOWN_LINES]],
        "bad_count": len(answer.bad_lines),
        "plan": plan,
        "paid_off": plan.total - plan.excess,
        "equal": plan.count(DeductionOutcome.EQUAL),
        "less": plan.count(DeductionOutcome.LESS, DeductionOutcome.NONE, DeductionOutcome.MISSING),
        "over": plan.count(DeductionOutcome.MORE),
        "uneven": [
            {
                "name": each.request.name,
                "number": each.request.member_number,
                "requested": each.request.requested,
                "deducted": each.deducted,
                "why": each.outcome.value.localize(ctx.lang),
                "remark": each.remark,
            }
            for each in uneven[:SHOWN_LINES]
        ],
        "more": max(0, len(uneven) - SHOWN_LINES),
    }


def _result_message(taken: ReturnResult, ctx: RequestContext) -> str:
    translations = get_translations(ctx.lang)
    if not taken.fresh:
        return translations.gettext("Balasan ini sudah dicatat sebelumnya. Tidak ada yang berubah.")
    left = sum(1 for each in taken.plan.results if not each.settled) + len(taken.plan.unmatched)
    sentence = "%(amount)s dicatat. %(left)s selisih perlu diselesaikan."
    return translations.ngettext(sentence, sentence, left) % {
        "amount": formats.rupiah(taken.plan.total, ctx.lang),
        "left": formats.number(left, ctx.lang),
    }


routes: Final[list[Any]] = [show_return_upload_form, preview_return, submit_return]
