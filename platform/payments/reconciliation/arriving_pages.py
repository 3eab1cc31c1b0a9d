"""The treasurer's form for money that has reached the bank: how much and when, one sentence, and it is in the
books.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from kernel import clock, formats
from kernel.ids import new_id
from ledger import queries as ledger_queries
from payments.reconciliation.arriving import check_arrival, take_arrival, way_that_arrives
from payments.reconciliation.forms import ArrivalForm
from payments.reconciliation.pages import HOME, PLACE, WAY
from payments.ways import Way
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
from ui.translations import get_translations

FORM: Final = "payments/arrival.html"
CONFIRM: Final = "payments/arrival_confirm.html"


@get(WAY + "/pemasukan", guards=[require_officer])
async def ask_arrival(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    way: FromPath[str],
    jumlah: FromQuery[str] = "",
    tanggal: FromQuery[str] = "",
) -> Response[bytes]:
    """Ask how much reached the bank, and when."""
    found = await way_that_arrives(ro, way)
    left = await ledger_queries.get_balance(ro, found.capabilities.clearing)
    context = _context(found, left, ctx)
    context["start"] |= {
        "amount": jumlah or context["start"]["amount"],
        "on": tanggal or context["start"]["on"],
    }
    return render_page(request, FORM, active_menu=PLACE, form=None, **context)


@post(WAY + "/pemasukan/periksa", guards=[require_officer], status_code=200)
async def look_at_arrival(
    request: AnyRequest, db: Db, ctx: CurrentContext, way: FromPath[str]
) -> Response[bytes]:
    """Say in one sentence what will be entered."""
    found = await way_that_arrives(db, way)
    form = await read_form(request, ArrivalForm)
    context = _context(found, await ledger_queries.get_balance(db, found.capabilities.clearing), ctx)
    async with form.rerender_on_error(FORM, active_menu=PLACE, **context):
        sent = form.data
        await check_arrival(db, found, sent.amount, on=sent.on, today=clock.today(ctx.brand.timezone))
    say = get_translations(ctx.lang).gettext
    sentence = say("%(amount)s dari %(way)s sudah masuk rekening koperasi pada %(day)s.") % {
        "amount": formats.rupiah(sent.amount, ctx.lang),
        "way": context["name"],
        "day": formats.date_long(sent.on, ctx.lang),
    }
    return render_page(request, CONFIRM, active_menu=PLACE, sent=sent, sentence=sentence, **context)


@post(WAY + "/pemasukan", guards=[require_officer])
async def record_arrival(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, way: FromPath[str]
) -> Response[Any]:
    """Enter it."""
    found = await way_that_arrives(db, way)
    form = await read_form(request, ArrivalForm)
    context = _context(found, await ledger_queries.get_balance(db, found.capabilities.clearing), ctx)
    today = clock.today(ctx.brand.timezone)
    async with form.rerender_on_error(FORM, active_menu=PLACE, **context):
        sent = form.data
        await take_arrival(
            db, viewer.as_officer(), way, sent.amount, on=sent.on, today=today, key=str(sent.key)
        )
    say = get_translations(ctx.lang).gettext
    return see_other(f"{HOME}/{way}", flash=say("Sudah dicatat: uangnya sekarang di rekening bank."))


def _context(way: Way, left: int, ctx: RequestContext) -> dict[str, Any]:
    return {
        "name": way.label.localize(ctx.lang),
        "path": f"{HOME}/{way.way}",
        "account": way.capabilities.clearing,
        "left": left,
        "start": {
            "amount": formats.number(left) if left > 0 else "",
            "on": clock.today(ctx.brand.timezone).isoformat(),
            "key": str(new_id()),
        },
    }


routes: Final[list[Any]] = [ask_arrival, look_at_arrival, record_arrival]
