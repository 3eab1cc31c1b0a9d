"""Money that members bring to the counter: paying off store credit, filling a wallet; one sentence before, a
receipt after.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from kernel import clock, formats
from kernel.ids import new_id
from ledger.chart import CASH, MEMBER_RECEIVABLES
from payments.credit import list_queries as credit_list_queries
from payments.credit.counter import fill_wallet, pay_off, plan_fill, plan_pay_off, require_debtor
from payments.credit.forms import FillForm, PayOffForm
from payments.credit.pages import CONFIRM, HOME, ONE, PLACE, debtor_context
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentUser,
    Db,
    RequestContext,
    Ro,
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.errors import NOT_FOUND
from ui.translations import get_translations

PAY_OFF: Final = "payments/credit_pay_off.html"
FILL: Final = "payments/credit_fill.html"
LARGEST_NUMBER: Final = 2**53


@get(ONE + "/pelunasan", guards=[require_officer])
async def pay_off_form(
    request: AnyRequest,
    ro: Ro,
    member_id: FromPath[UUID],
    jumlah: FromQuery[str] = "",
    cara: FromQuery[str] = "cash",
) -> Response[bytes]:
    """Ask how much is paid off, and how."""
    debtor = await require_debtor(ro, member_id)
    start = {
        "amount": jumlah or (formats.number(debtor.kasbon) if debtor.kasbon > 0 else ""),
        "way": cara,
        "key": new_id(),
    }
    return render_page(request, PAY_OFF, active_menu=PLACE, form=None, start=start, **debtor_context(debtor))


@post(ONE + "/pelunasan/periksa", guards=[require_officer], status_code=200)
async def check_pay_off(request: AnyRequest, db: Db, member_id: FromPath[UUID]) -> Response[bytes]:
    """Say in one sentence what will happen, before it does."""
    form = await read_form(request, PayOffForm)
    debtor = await require_debtor(db, member_id)
    async with form.rerender_on_error(PAY_OFF, active_menu=PLACE, start=_start(), **debtor_context(debtor)):
        plan = await plan_pay_off(db, member_id, form.data.amount)
    back = urlencode({"jumlah": int(form.data.amount), "cara": form.data.way})
    return render_page(
        request,
        CONFIRM,
        active_menu=PLACE,
        kind="pay_off",
        sent=form.data,
        plan=plan,
        action=f"{HOME}/{member_id}/pelunasan",
        back=f"{HOME}/{member_id}/pelunasan?{back}",
        **debtor_context(debtor),
    )


@post(ONE + "/pelunasan", guards=[require_officer])
async def take_pay_off(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[Any]:
    """Take it, and show the receipt."""
    form = await read_form(request, PayOffForm)
    debtor = await require_debtor(db, member_id)
    async with form.rerender_on_error(PAY_OFF, active_menu=PLACE, start=_start(), **debtor_context(debtor)):
        sent = form.data
        posted = await pay_off(
            db, viewer.as_officer(), member_id, sent.amount, sent.way, on=_today(ctx), key=str(sent.key)
        )
    return see_other(
        f"{HOME}/{member_id}/bukti/{posted.number}",
        flash=get_translations(ctx.lang).gettext("Pelunasan sudah dicatat."),
    )


@get(ONE + "/dompet", guards=[require_officer])
async def fill_form(
    request: AnyRequest, ro: Ro, member_id: FromPath[UUID], jumlah: FromQuery[str] = ""
) -> Response[bytes]:
    """Ask how much cash goes into the wallet."""
    start = {"amount": jumlah, "key": new_id()}
    return render_page(
        request,
        FILL,
        active_menu=PLACE,
        form=None,
        start=start,
        **debtor_context(await require_debtor(ro, member_id)),
    )


@post(ONE + "/dompet/periksa", guards=[require_officer], status_code=200)
async def check_fill(
    request: AnyRequest, db: Db, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Say in one sentence what will happen, before it does."""
    form = await read_form(request, FillForm)
    debtor = await require_debtor(db, member_id)
    async with form.rerender_on_error(FILL, active_menu=PLACE, start=_start(), **debtor_context(debtor)):
        plan = await plan_fill(db, member_id, form.data.amount, on=_today(ctx))
    return render_page(
        request,
        CONFIRM,
        active_menu=PLACE,
        kind="fill",
        sent=form.data,
        plan=plan,
        action=f"{HOME}/{member_id}/dompet",
        back=f"{HOME}/{member_id}/dompet?jumlah={int(form.data.amount)}",
        **debtor_context(debtor),
    )


@post(ONE + "/dompet", guards=[require_officer])
async def take_fill(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[Any]:
    """Take it, and show the receipt."""
    form = await read_form(request, FillForm)
    debtor = await require_debtor(db, member_id)
    async with form.rerender_on_error(FILL, active_menu=PLACE, start=_start(), **debtor_context(debtor)):
        sent = form.data
        posted = await fill_wallet(
            db, viewer.as_officer(), member_id, sent.amount, on=_today(ctx), key=str(sent.key)
        )
    return see_other(
        f"{HOME}/{member_id}/bukti/{posted.number}",
        flash=get_translations(ctx.lang).gettext("Dompet sudah diisi."),
    )


@get(ONE + "/bukti/{number:int}", guards=[require_officer])
async def receipt(
    request: AnyRequest, ro: Ro, member_id: FromPath[UUID], number: FromPath[int]
) -> Response[bytes]:
    """Show the receipt of what was taken at the counter."""
    debtor = await require_debtor(ro, member_id)
    found = (
        await credit_list_queries.counter_receipt(ro, member_id, number)
        if 0 < number < LARGEST_NUMBER
        else None
    )
    if found is None:
        raise NOT_FOUND()
    return render_page(
        request,
        "payments/credit_receipt.html",
        active_menu=PLACE,
        receipt=found,
        paid_off=found.account == MEMBER_RECEIVABLES,
        in_cash=found.taken_on == CASH,
        **debtor_context(debtor),
    )


def _start() -> dict[str, object]:
    return {"amount": "", "way": "cash", "key": new_id()}


def _today(ctx: RequestContext) -> date:
    return clock.today(ctx.brand.timezone)


routes: Final[list[Any]] = [
    pay_off_form,
    check_pay_off,
    take_pay_off,
    fill_form,
    check_fill,
    take_fill,
    receipt,
]
