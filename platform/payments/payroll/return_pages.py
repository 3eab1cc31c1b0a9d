"""Bringing an employer's answer in: choose the file and the day of its money, look at what it would do,
confirm.

As with every import, nothing is kept on the server in between: the file's text travels in the confirming form
and is read again there.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kernel import clock, formats
from payments.payroll.batches import Returned, plan_return, take_return
from payments.payroll.files import Answer
from payments.payroll.forms import AnswerForm, SentBackForm
from payments.payroll.pages import HOME, ONE, PLACE, batch_of
from payments.payroll.queries import BatchView
from payments.payroll.rules import Plan, Why
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
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.import_pages import read_upload_text
from ui.request_body import MAX_FORM_WITH_FILE_BYTES, MAX_UPLOAD_BYTES
from ui.translations import get_translations

UPLOAD: Final = "payments/payroll_answer.html"
PREVIEW: Final = "payments/payroll_preview.html"
SHOWN_LINES: Final = 50


@get(f"{ONE}/balasan", guards=[require_officer])
async def choose_answer(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, batch_id: FromPath[UUID]
) -> Response[bytes]:
    """Ask for the answer, and when its money came."""
    context = _context(await batch_of(ro, batch_id), clock.today(brand.timezone))
    return render_page(request, UPLOAD, active_menu=PLACE, form=None, **context)


@post(f"{ONE}/balasan", guards=[require_officer], status_code=200, request_max_body_size=MAX_UPLOAD_BYTES)
async def look(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    batch_id: FromPath[UUID],
) -> Response[bytes]:
    """Say what the answer would do, before it does."""
    form = await read_form(request, AnswerForm)
    async with coop_reader(database, tenant) as ro:
        context = _context(await batch_of(ro, batch_id), clock.today(ctx.brand.timezone))
    async with form.rerender_on_error(UPLOAD, active_menu=PLACE, field="file", **context):
        content = await read_upload_text(form.data.file)
        answer, plan = await write_in_thread(database, tenant, lambda db: plan_return(db, batch_id, content))
    return render_page(
        request, PREVIEW, active_menu=PLACE, **context, **_preview(content, form.data.on, answer, plan, ctx)
    )


@post(f"{ONE}/balasan/pencatatan", guards=[require_officer], request_max_body_size=MAX_FORM_WITH_FILE_BYTES)
async def record(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    ctx: CurrentContext,
    batch_id: FromPath[UUID],
) -> Response[Any]:
    """Take it."""
    form = await read_form(request, SentBackForm)
    today = clock.today(ctx.brand.timezone)
    async with coop_reader(database, tenant) as ro:
        context = _context(await batch_of(ro, batch_id), today)
    async with form.rerender_on_error(UPLOAD, active_menu=PLACE, **context):
        sent = form.data
        taken = await write_in_thread(
            database,
            tenant,
            lambda db: take_return(db, viewer.as_officer(), batch_id, sent.content, on=sent.on, today=today),
        )
    return see_other(f"{HOME}/{batch_id}", flash=_done(taken, ctx))


def _context(batch: BatchView, today: date) -> dict[str, Any]:
    return {"batch": batch, "path": f"{HOME}/{batch.id}", "today": today}


def _preview(content: str, on: date, answer: Answer, plan: Plan, ctx: RequestContext) -> dict[str, Any]:
    uneven = [each for each in plan.results if not each.settled]
    return {
        "content": content,
        "on": on,
        "bad": [(each.line, each.reason.message(ctx.lang)) for each in answer.bad[:SHOWN_LINES]],
        "bad_count": len(answer.bad),
        "plan": plan,
        "paid_off": plan.total - plan.owed_back,
        "equal": plan.count(Why.EQUAL),
        "less": plan.count(Why.LESS, Why.NONE, Why.MISSING),
        "over": plan.count(Why.MORE),
        "uneven": [
            {
                "name": each.asked.name,
                "number": each.asked.member_number,
                "asked": each.asked.asked,
                "taken": each.taken,
                "why": each.why.value.localize(ctx.lang),
                "said": each.said,
            }
            for each in uneven[:SHOWN_LINES]
        ],
        "more": max(0, len(uneven) - SHOWN_LINES),
    }


def _done(taken: Returned, ctx: RequestContext) -> str:
    say = get_translations(ctx.lang).gettext
    if not taken.fresh:
        return say("Balasan ini sudah dicatat sebelumnya. Tidak ada yang berubah.")
    number = {
        "amount": formats.rupiah(taken.plan.total, ctx.lang),
        "left": formats.number(
            sum(1 for each in taken.plan.results if not each.settled) + len(taken.plan.strays), ctx.lang
        ),
    }
    return say("%(amount)s dicatat. %(left)s selisih perlu diselesaikan.") % number


routes: Final[list[Any]] = [choose_answer, look, record]
