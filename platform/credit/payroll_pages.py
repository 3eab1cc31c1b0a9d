"""Officers' pages of payroll deductions: batches, their lines, and decisions about differences."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from credit import errors, payroll_queries, payroll_rules
from credit.forms import DecisionForm, NewBatchForm
from credit.payroll_batches import create_batch, sum_asked
from credit.payroll_files import write_batch_file
from credit.payroll_queries import PayrollBatchView, PayrollLineView
from credit.payroll_rules import DeductionOutcome
from credit.settle_difference import settle_line, settle_unmatched_deduction
from governance.queries import get_bylaws_on
from kernel import clock, formats
from kernel.database import Reader
from kernel.ids import new_id
from kernel.timeouts import EXPORT
from kernel.translations import get_translations
from tenants.entitlements import has_entitlement
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentTenant,
    CurrentUser,
    Db,
    RequestContext,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY

HOME: Final = "/pengurus/pembayaran/potong-gaji"
ONE: Final = HOME + "/{batch_id:uuid}"
PLACE: Final = "penjualan"
NEW: Final = "payments/payroll_new.html"
LINE: Final = "payments/payroll_difference.html"
UNMATCHED: Final = "payments/payroll_unmatched.html"
SHOWN_LINES: Final = 200
LARGEST_NUMBER: Final = 2**31 - 1


@get(HOME, guards=[may("credit.view")])
async def list_batches(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, tenant: CurrentTenant
) -> Response[bytes]:
    """List the batches, and show what the next one would request."""
    asked = await payroll_queries.list_pending_requests(ro)
    methods = (await get_bylaws_on(ro, clock.today(brand.timezone))).bylaws.payment_methods
    return render_page(
        request,
        "payments/payroll.html",
        active_menu=PLACE,
        batches=await payroll_queries.list_batches(ro),
        waiting=sum_asked(asked),
        people=len(asked),
        in_plan=has_entitlement(tenant, "payroll"),
        forbidden="payroll" not in methods,
    )


@get(f"{HOME}/baru", guards=[may("credit.run_payroll")])
async def show_batch_form(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, tenant: CurrentTenant
) -> Response[bytes]:
    """Show the page that asks to confirm a new batch, with its requests."""
    if not has_entitlement(tenant, "payroll"):
        raise errors.PAYROLL_NOT_IN_PLAN()
    return render_page(request, NEW, active_menu=PLACE, form=None, **await _new_context(ro, ctx))


@post(HOME, guards=[may("credit.run_payroll")], opt=WHEN_READ_ONLY)
async def submit_batch(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext
) -> Response[Any]:
    """Create a batch of deduction requests."""
    form = await read_form(request, NewBatchForm)
    async with form.rerender_on_error(NEW, active_menu=PLACE, **await _new_context(db, ctx)):
        batch = await create_batch(db, viewer.as_officer(), form.data.title, key=str(form.data.key))
    say = get_translations(ctx.lang).gettext
    return see_other(
        f"{HOME}/{batch.id}", flash=say("Berkasnya siap. Unduh, lalu kirim kepada pemberi kerja.")
    )


@get(ONE, guards=[may("credit.view")])
async def show_batch(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, batch_id: FromPath[UUID]
) -> Response[bytes]:
    """Show a batch: its requests, their outcomes and the open differences."""
    batch = await require_batch(ro, batch_id)
    lines = await payroll_queries.list_lines(ro, batch_id)
    waiting = [each for each in lines if batch.status == "returned" and not each.settled]
    return render_page(
        request,
        "payments/payroll_batch.html",
        active_menu=PLACE,
        batch=batch,
        path=f"{HOME}/{batch_id}",
        waiting=[_line_view(each, ctx) for each in waiting],
        unmatched=await payroll_queries.list_unmatched_deductions(ro, batch_id),
        lines=[_line_view(each, ctx) for each in lines[:SHOWN_LINES]],
        more=max(0, len(lines) - SHOWN_LINES),
    )


@get(f"{ONE}/berkas.csv", guards=[may("credit.view")], opt={"timeouts": EXPORT})
async def download_batch_file(ro: Ro, batch_id: FromPath[UUID]) -> Response[bytes]:
    """Download a batch as the CSV file for the employer."""
    batch = await require_batch(ro, batch_id)
    asked = [each.to_request() for each in await payroll_queries.list_batch_requests(ro, batch_id)]
    name = f"potong-gaji-{batch.created_at.date().isoformat()}.csv"
    return Response(
        await asyncio.to_thread(lambda: write_batch_file(asked).encode()),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@get(ONE + "/selisih/{member_id:uuid}", guards=[may("credit.view")])
async def show_difference(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    batch_id: FromPath[UUID],
    member_id: FromPath[UUID],
) -> Response[bytes]:
    """Show one member's difference, and what each decision would do."""
    return render_page(
        request, LINE, active_menu=PLACE, form=None, **await _line_context(ro, ctx, batch_id, member_id)
    )


@post(ONE + "/selisih/{member_id:uuid}", guards=[may("credit.run_payroll")], opt=WHEN_READ_ONLY)
async def submit_decision(
    request: AnyRequest,
    db: Db,
    viewer: CurrentUser,
    ctx: CurrentContext,
    batch_id: FromPath[UUID],
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Settle the difference."""
    form = await read_form(request, DecisionForm)
    async with form.rerender_on_error(
        LINE, active_menu=PLACE, **await _line_context(db, ctx, batch_id, member_id)
    ):
        sent, today = form.data, clock.today(ctx.brand.timezone)
        await settle_line(db, viewer.as_officer(), batch_id, member_id, sent.decision, sent.reason, on=today)
    return see_other(
        f"{HOME}/{batch_id}", flash=get_translations(ctx.lang).gettext("Selisihnya sudah diselesaikan.")
    )


@get(ONE + "/baris/{number:int}", guards=[may("credit.view")])
async def show_unmatched_deduction(
    request: AnyRequest, ro: Ro, batch_id: FromPath[UUID], number: FromPath[int]
) -> Response[bytes]:
    """Show a deduction that we did not request, and what each decision would do."""
    return render_page(
        request, UNMATCHED, active_menu=PLACE, form=None, **await _unmatched_context(ro, batch_id, number)
    )


@post(ONE + "/baris/{number:int}", guards=[may("credit.run_payroll")], opt=WHEN_READ_ONLY)
async def submit_unmatched_decision(
    request: AnyRequest,
    db: Db,
    viewer: CurrentUser,
    ctx: CurrentContext,
    batch_id: FromPath[UUID],
    number: FromPath[int],
) -> Response[Any]:
    """Settle a deduction that we did not request."""
    form = await read_form(request, DecisionForm)
    async with form.rerender_on_error(
        UNMATCHED, active_menu=PLACE, **await _unmatched_context(db, batch_id, number)
    ):
        sent = form.data
        await settle_unmatched_deduction(
            db,
            viewer.as_officer(),
            batch_id,
            number,
            sent.decision,
            sent.reason,
            member_number=sent.member_number,
            on=clock.today(ctx.brand.timezone),
        )
    return see_other(
        f"{HOME}/{batch_id}", flash=get_translations(ctx.lang).gettext("Selisihnya sudah diselesaikan.")
    )


async def require_batch(source: AsyncSession | Reader, batch_id: UUID) -> PayrollBatchView:
    """Return a batch. Raises DomainError payments.no_such_batch."""
    batch = await payroll_queries.find_batch(source, batch_id)
    if batch is None:
        raise errors.NO_SUCH_BATCH()
    return batch


async def _new_context(source: AsyncSession | Reader, ctx: RequestContext) -> dict[str, Any]:
    asked = await payroll_queries.list_pending_requests(source)
    month = formats.month(clock.today(ctx.brand.timezone))
    return {
        "requested": asked[:SHOWN_LINES],
        "more": max(0, len(asked) - SHOWN_LINES),
        "people": len(asked),
        "total": sum_asked(asked),
        "start": {"title": f"Potongan {month}", "key": new_id()},
    }


async def _line_context(
    source: AsyncSession | Reader, ctx: RequestContext, batch_id: UUID, member_id: UUID
) -> dict[str, Any]:
    batch = await require_batch(source, batch_id)
    line = await payroll_queries.find_line(source, batch_id, member_id)
    if line is None or line.deducted is None:
        raise errors.NO_SUCH_DIFFERENCE()
    line_view = _line_view(line, ctx)
    return {"batch": batch, "path": f"{HOME}/{batch_id}", "line": line_view, "choices": line_view["choices"]}


async def _unmatched_context(source: AsyncSession | Reader, batch_id: UUID, number: int) -> dict[str, Any]:
    batch = await require_batch(source, batch_id)
    found = (
        await payroll_queries.find_unmatched_deduction(source, batch_id, number)
        if 0 < number <= LARGEST_NUMBER
        else None
    )
    if found is None:
        raise errors.NO_SUCH_DIFFERENCE()
    return {"batch": batch, "path": f"{HOME}/{batch_id}", "deduction": found}


def _line_view(line: PayrollLineView, ctx: RequestContext) -> dict[str, Any]:
    """Return a line with its outcome as text, and the possible decisions."""
    known = line.deducted is not None and line.applied is not None
    why = (
        payroll_rules.classify_outcome(
            line.requested, line.deducted or 0, line.applied or 0, named=line.named
        )
        if known
        else None
    )
    return {
        "member_id": line.member_id,
        "member_number": line.member_number,
        "payroll_number": line.payroll_number,
        "name": line.name,
        "is_active": line.status == "active",
        "requested": line.requested,
        "deducted": line.deducted,
        "short": line.requested - (line.applied or 0),
        "excess": (line.deducted or 0) - (line.applied or 0),
        "remark": line.remark,
        "settled": line.settled,
        "decision": line.decision,
        "note": line.note,
        "why": why.value.localize(ctx.lang) if why else None,
        "equal": why is DeductionOutcome.EQUAL,
        "more": why is DeductionOutcome.MORE,
        "choices": payroll_rules.allowed_decisions(why) if why and not line.settled else (),
    }


routes: Final[list[Any]] = [
    list_batches,
    show_batch_form,
    submit_batch,
    show_batch,
    download_batch_file,
    show_difference,
    submit_decision,
    show_unmatched_deduction,
    submit_unmatched_decision,
]
