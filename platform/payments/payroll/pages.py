"""Deductions from pay for officers: the files that were sent, making one, its lines, and deciding about each
difference.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from governance.queries import get_bylaws_on
from kernel import clock, formats
from kernel.database import Reader
from kernel.ids import new_id
from kernel.timeouts import EXPORT
from payments.payroll import errors as payroll_errors
from payments.payroll import queries as payroll_queries
from payments.payroll import rules as payroll_rules
from payments.payroll.batches import make_batch, sum_of
from payments.payroll.files import file_out
from payments.payroll.forms import DecisionForm, NewBatchForm
from payments.payroll.queries import BatchView, LineView
from payments.payroll.rules import Why
from payments.payroll.settling import settle_line, settle_stray
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
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.translations import get_translations

HOME: Final = "/pengurus/pembayaran/potong-gaji"
ONE: Final = HOME + "/{batch_id:uuid}"
PLACE: Final = "penjualan"
NEW: Final = "payments/payroll_new.html"
LINE: Final = "payments/payroll_difference.html"
STRAY: Final = "payments/payroll_stray.html"
SHOWN_LINES: Final = 200
LARGEST_NUMBER: Final = 2**31 - 1


@get(HOME, guards=[require_officer])
async def list_batches(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, tenant: CurrentTenant
) -> Response[bytes]:
    """List the files that were sent, and what waits for the next."""
    asked = await payroll_queries.to_ask(ro)
    ways = (await get_bylaws_on(ro, clock.today(brand.timezone))).bylaws.payment_ways
    return render_page(
        request,
        "payments/payroll.html",
        active_menu=PLACE,
        batches=await payroll_queries.batches(ro),
        waiting=sum_of(asked),
        people=len(asked),
        in_plan=has_entitlement(tenant, "payroll"),
        forbidden="payroll" not in ways,
    )


@get(f"{HOME}/baru", guards=[require_officer])
async def new_batch(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, tenant: CurrentTenant
) -> Response[bytes]:
    """Say in one sentence what the next file asks, before it is made."""
    if not has_entitlement(tenant, "payroll"):
        raise payroll_errors.PAYROLL_NOT_IN_PLAN()
    return render_page(request, NEW, active_menu=PLACE, form=None, **await _new_context(ro, ctx))


@post(HOME, guards=[require_officer])
async def send_batch(request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext) -> Response[Any]:
    """Make it."""
    form = await read_form(request, NewBatchForm)
    async with form.rerender_on_error(NEW, active_menu=PLACE, **await _new_context(db, ctx)):
        batch = await make_batch(db, viewer.as_officer(), form.data.title, key=str(form.data.key))
    say = get_translations(ctx.lang).gettext
    return see_other(
        f"{HOME}/{batch.id}", flash=say("Berkasnya siap. Unduh, lalu kirim kepada pemberi kerja.")
    )


@get(ONE, guards=[require_officer])
async def one_batch(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, batch_id: FromPath[UUID]
) -> Response[bytes]:
    """Show a file: what it asked, what came of it, what waits for a decision."""
    batch = await batch_of(ro, batch_id)
    lines = await payroll_queries.lines(ro, batch_id)
    waiting = [each for each in lines if batch.state == "returned" and not each.settled]
    return render_page(
        request,
        "payments/payroll_batch.html",
        active_menu=PLACE,
        batch=batch,
        path=f"{HOME}/{batch_id}",
        waiting=[_told(each, ctx) for each in waiting],
        strays=await payroll_queries.strays(ro, batch_id),
        lines=[_told(each, ctx) for each in lines[:SHOWN_LINES]],
        more=max(0, len(lines) - SHOWN_LINES),
    )


@get(f"{ONE}/berkas.csv", guards=[require_officer], opt={"timeouts": EXPORT})
async def download(ro: Ro, batch_id: FromPath[UUID]) -> Response[bytes]:
    """The file for the employer."""
    batch = await batch_of(ro, batch_id)
    asked = [each.as_asked() for each in await payroll_queries.asked_of(ro, batch_id)]
    name = f"potong-gaji-{batch.made_at.date().isoformat()}.csv"
    return Response(
        await asyncio.to_thread(lambda: file_out(asked).encode()),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@get(ONE + "/selisih/{member_id:uuid}", guards=[require_officer])
async def difference(
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


@post(ONE + "/selisih/{member_id:uuid}", guards=[require_officer])
async def decide(
    request: AnyRequest,
    db: Db,
    viewer: CurrentUser,
    ctx: CurrentContext,
    batch_id: FromPath[UUID],
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Decide about it."""
    form = await read_form(request, DecisionForm)
    async with form.rerender_on_error(
        LINE, active_menu=PLACE, **await _line_context(db, ctx, batch_id, member_id)
    ):
        sent, today = form.data, clock.today(ctx.brand.timezone)
        await settle_line(db, viewer.as_officer(), batch_id, member_id, sent.decision, sent.reason, on=today)
    return see_other(
        f"{HOME}/{batch_id}", flash=get_translations(ctx.lang).gettext("Selisihnya sudah diselesaikan.")
    )


@get(ONE + "/baris/{number:int}", guards=[require_officer])
async def stray(
    request: AnyRequest, ro: Ro, batch_id: FromPath[UUID], number: FromPath[int]
) -> Response[bytes]:
    """Show money of somebody of whom nothing was asked, and what each decision would do."""
    return render_page(
        request, STRAY, active_menu=PLACE, form=None, **await _stray_context(ro, batch_id, number)
    )


@post(ONE + "/baris/{number:int}", guards=[require_officer])
async def decide_stray(
    request: AnyRequest,
    db: Db,
    viewer: CurrentUser,
    ctx: CurrentContext,
    batch_id: FromPath[UUID],
    number: FromPath[int],
) -> Response[Any]:
    """Decide about it."""
    form = await read_form(request, DecisionForm)
    async with form.rerender_on_error(STRAY, active_menu=PLACE, **await _stray_context(db, batch_id, number)):
        sent = form.data
        await settle_stray(
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


async def batch_of(source: AsyncSession | Reader, batch_id: UUID) -> BatchView:
    """Return a file. Raises DomainError payments.no_such_batch."""
    batch = await payroll_queries.batch(source, batch_id)
    if batch is None:
        raise payroll_errors.NO_SUCH_BATCH()
    return batch


async def _new_context(source: AsyncSession | Reader, ctx: RequestContext) -> dict[str, Any]:
    asked = await payroll_queries.to_ask(source)
    month = formats.month(clock.today(ctx.brand.timezone))
    return {
        "asked": asked[:SHOWN_LINES],
        "more": max(0, len(asked) - SHOWN_LINES),
        "people": len(asked),
        "total": sum_of(asked),
        "start": {"title": f"Potongan {month}", "key": new_id()},
    }


async def _line_context(
    source: AsyncSession | Reader, ctx: RequestContext, batch_id: UUID, member_id: UUID
) -> dict[str, Any]:
    batch = await batch_of(source, batch_id)
    line = await payroll_queries.line(source, batch_id, member_id)
    if line is None or line.taken is None:
        raise payroll_errors.NO_SUCH_DIFFERENCE()
    told = _told(line, ctx)
    return {"batch": batch, "path": f"{HOME}/{batch_id}", "line": told, "choices": told["choices"]}


async def _stray_context(source: AsyncSession | Reader, batch_id: UUID, number: int) -> dict[str, Any]:
    batch = await batch_of(source, batch_id)
    found = await payroll_queries.stray(source, batch_id, number) if 0 < number <= LARGEST_NUMBER else None
    if found is None:
        raise payroll_errors.NO_SUCH_DIFFERENCE()
    return {"batch": batch, "path": f"{HOME}/{batch_id}", "stray": found}


def _told(line: LineView, ctx: RequestContext) -> dict[str, Any]:
    """A line with what its difference is, in words, and how it can be settled."""
    known = line.taken is not None and line.booked is not None
    why = (
        payroll_rules.why_of(line.asked, line.taken or 0, line.booked or 0, named=line.named)
        if known
        else None
    )
    return {
        "member_id": line.member_id,
        "member_number": line.member_number,
        "payroll_number": line.payroll_number,
        "name": line.name,
        "is_active": line.status == "active",
        "asked": line.asked,
        "taken": line.taken,
        "short": line.asked - (line.booked or 0),
        "excess": (line.taken or 0) - (line.booked or 0),
        "said": line.said,
        "settled": line.settled,
        "decision": line.decision,
        "note": line.note,
        "why": why.value.localize(ctx.lang) if why else None,
        "equal": why is Why.EQUAL,
        "more": why is Why.MORE,
        "choices": payroll_rules.decisions(why) if why and not line.settled else (),
    }


routes: Final[list[Any]] = [
    list_batches,
    new_batch,
    send_batch,
    one_batch,
    download,
    difference,
    decide,
    stray,
    decide_stray,
]
