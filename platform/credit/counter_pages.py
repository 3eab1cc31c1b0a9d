"""Pages of counter payments: kasbon repayment and wallet top-up, with confirmation and receipt."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from credit import debtor_queries
from credit.credit_pages import CONFIRM, HOME, ONE, render_debtor_page, rerender_debtor_form
from credit.forms import RepaymentForm, TopUpForm
from credit.record_counter_payment import (
    plan_repayment,
    plan_top_up,
    repay_kasbon,
    require_debtor,
    top_up_wallet,
)
from kernel import clock, formats
from kernel.ids import new_id
from kernel.translations import get_translations
from ledger import PostedJournal
from ledger.chart import CASH, MEMBER_RECEIVABLES
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentUser,
    Db,
    RequestContext,
    Ro,
    may,
    read_form,
    see_other,
)
from ui.errors import NOT_FOUND
from ui.guards import WHEN_READ_ONLY

REPAYMENT: Final = "payments/credit_repayment.html"
TOP_UP: Final = "payments/credit_top_up.html"
LARGEST_NUMBER: Final = 2**53


@get(ONE + "/pelunasan", guards=[may("credit.collect")])
async def show_repayment_form(
    request: AnyRequest,
    ro: Ro,
    member_id: FromPath[UUID],
    jumlah: FromQuery[str] = "",
    cara: FromQuery[str] = "cash",
) -> Response[bytes]:
    """Show the repayment form."""
    debtor = await require_debtor(ro, member_id)
    start = {
        "amount": jumlah or (formats.number(debtor.kasbon) if debtor.kasbon > 0 else ""),
        "method": cara,
        "key": new_id(),
    }
    return render_debtor_page(request, REPAYMENT, debtor, form=None, start=start)


@post(
    ONE + "/pelunasan/periksa",
    guards=[may("credit.collect")],
    status_code=200,
    opt=WHEN_READ_ONLY,
)
async def preview_repayment(request: AnyRequest, db: Db, member_id: FromPath[UUID]) -> Response[bytes]:
    """Show the page that asks to confirm the repayment."""
    form = await read_form(request, RepaymentForm)
    debtor = await require_debtor(db, member_id)
    async with rerender_debtor_form(form, REPAYMENT, debtor, start=_empty_start()):
        plan = await plan_repayment(db, member_id, form.data.amount)
    back = urlencode({"jumlah": int(form.data.amount), "cara": form.data.method})
    return render_debtor_page(
        request,
        CONFIRM,
        debtor,
        kind="pay_off",
        sent=form.data,
        plan=plan,
        action=f"{HOME}/{member_id}/pelunasan",
        back=f"{HOME}/{member_id}/pelunasan?{back}",
    )


@post(ONE + "/pelunasan", guards=[may("credit.collect")], opt=WHEN_READ_ONLY)
async def submit_repayment(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[Any]:
    """Record the repayment and show the receipt."""
    form = await read_form(request, RepaymentForm)
    debtor = await require_debtor(db, member_id)
    async with rerender_debtor_form(form, REPAYMENT, debtor, start=_empty_start()):
        sent = form.data
        posted = await repay_kasbon(
            db, viewer.as_officer(), member_id, sent.amount, sent.method, on=_today(ctx), key=str(sent.key)
        )
    return _redirect_to_receipt(ctx, member_id, posted, "Pelunasan sudah dicatat.")


@get(ONE + "/dompet", guards=[may("credit.collect")])
async def show_top_up_form(
    request: AnyRequest, ro: Ro, member_id: FromPath[UUID], jumlah: FromQuery[str] = ""
) -> Response[bytes]:
    """Show the top-up form."""
    debtor = await require_debtor(ro, member_id)
    return render_debtor_page(request, TOP_UP, debtor, form=None, start={"amount": jumlah, "key": new_id()})


@post(ONE + "/dompet/periksa", guards=[may("credit.collect")], status_code=200)
async def preview_top_up(
    request: AnyRequest, db: Db, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Show the page that asks to confirm the top-up."""
    form = await read_form(request, TopUpForm)
    debtor = await require_debtor(db, member_id)
    async with rerender_debtor_form(form, TOP_UP, debtor, start=_empty_start()):
        plan = await plan_top_up(db, member_id, form.data.amount, on=_today(ctx))
    return render_debtor_page(
        request,
        CONFIRM,
        debtor,
        kind="fill",
        sent=form.data,
        plan=plan,
        action=f"{HOME}/{member_id}/dompet",
        back=f"{HOME}/{member_id}/dompet?jumlah={int(form.data.amount)}",
    )


@post(ONE + "/dompet", guards=[may("credit.collect")])
async def submit_top_up(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[Any]:
    """Record the top-up and show the receipt."""
    form = await read_form(request, TopUpForm)
    debtor = await require_debtor(db, member_id)
    async with rerender_debtor_form(form, TOP_UP, debtor, start=_empty_start()):
        sent = form.data
        posted = await top_up_wallet(
            db, viewer.as_officer(), member_id, sent.amount, on=_today(ctx), key=str(sent.key)
        )
    return _redirect_to_receipt(ctx, member_id, posted, "Dompet sudah diisi.")


@get(ONE + "/bukti/{number:int}", guards=[may("credit.view")])
async def show_receipt(
    request: AnyRequest, ro: Ro, member_id: FromPath[UUID], number: FromPath[int]
) -> Response[bytes]:
    """Show the receipt of a counter payment."""
    debtor = await require_debtor(ro, member_id)
    found = (
        await debtor_queries.find_counter_receipt(ro, member_id, number)
        if 0 < number < LARGEST_NUMBER
        else None
    )
    if found is None:
        raise NOT_FOUND()
    return render_debtor_page(
        request,
        "payments/credit_receipt.html",
        debtor,
        receipt=found,
        paid_off=found.account == MEMBER_RECEIVABLES,
        in_cash=found.debit_account == CASH,
    )


def _redirect_to_receipt(
    ctx: RequestContext, member_id: UUID, posted: PostedJournal, message: str
) -> Response[Any]:
    return see_other(
        f"{HOME}/{member_id}/bukti/{posted.number}", flash=get_translations(ctx.lang).gettext(message)
    )


def _empty_start() -> dict[str, object]:
    return {"amount": "", "method": "cash", "key": new_id()}


def _today(ctx: RequestContext) -> date:
    return clock.today(ctx.brand.timezone)


routes: Final[list[Any]] = [
    show_repayment_form,
    preview_repayment,
    submit_repayment,
    show_top_up_form,
    preview_top_up,
    submit_top_up,
    show_receipt,
]
