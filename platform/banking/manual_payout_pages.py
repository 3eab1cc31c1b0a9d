"""The treasurer's pages for a payout that reached the bank: form, confirmation, posting."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from banking.forms import ManualPayoutForm
from banking.reconciliation_pages import ACTIVE_MENU, METHOD_URL, RECONCILIATION_URL
from banking.record_manual_payout import (
    check_manual_payout,
    record_manual_payout,
    require_manual_payout_method,
)
from kernel import clock, formats
from kernel.ids import new_id
from kernel.translations import get_translations
from ledger import queries as ledger_queries
from payments.methods import PaymentMethod
from ui import (
    AnyRequest,
    CurrentContext,
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

FORM_TEMPLATE: Final = "payments/manual_payout.html"
CONFIRM_TEMPLATE: Final = "payments/manual_payout_confirm.html"


@get(METHOD_URL + "/pemasukan", guards=[may("banking.reconcile")])
async def show_manual_payout_form(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    method: FromPath[str],
    jumlah: FromQuery[str] = "",
    tanggal: FromQuery[str] = "",
) -> Response[bytes]:
    """Ask how much reached the bank, and when."""
    found = await require_manual_payout_method(ro, method)
    left = await ledger_queries.get_balance(ro, found.clearing_account)
    context = _context(found, left, ctx)
    context["start"] |= {
        "amount": jumlah or context["start"]["amount"],
        "on": tanggal or context["start"]["on"],
    }
    return render_page(request, FORM_TEMPLATE, active_menu=ACTIVE_MENU, form=None, **context)


@post(
    METHOD_URL + "/pemasukan/periksa",
    guards=[may("banking.reconcile")],
    status_code=200,
    opt=WHEN_READ_ONLY,
)
async def preview_manual_payout(
    request: AnyRequest, db: Db, ctx: CurrentContext, method: FromPath[str]
) -> Response[bytes]:
    """Show in one sentence what will be posted, before the treasurer confirms."""
    found = await require_manual_payout_method(db, method)
    form = await read_form(request, ManualPayoutForm)
    context = _context(found, await ledger_queries.get_balance(db, found.clearing_account), ctx)
    async with form.rerender_on_error(FORM_TEMPLATE, active_menu=ACTIVE_MENU, **context):
        sent = form.data
        await check_manual_payout(db, found, sent.amount, on=sent.on, today=clock.today(ctx.brand.timezone))
    say = get_translations(ctx.lang).gettext
    sentence = say("%(amount)s dari %(method)s sudah masuk rekening koperasi pada %(day)s.") % {
        "amount": formats.rupiah(sent.amount, ctx.lang),
        "method": context["name"],
        "day": formats.date_long(sent.on, ctx.lang),
    }
    return render_page(
        request, CONFIRM_TEMPLATE, active_menu=ACTIVE_MENU, sent=sent, sentence=sentence, **context
    )


@post(METHOD_URL + "/pemasukan", guards=[may("banking.reconcile")], opt=WHEN_READ_ONLY)
async def submit_manual_payout(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, method: FromPath[str]
) -> Response[Any]:
    """Post the payout."""
    found = await require_manual_payout_method(db, method)
    form = await read_form(request, ManualPayoutForm)
    context = _context(found, await ledger_queries.get_balance(db, found.clearing_account), ctx)
    today = clock.today(ctx.brand.timezone)
    async with form.rerender_on_error(FORM_TEMPLATE, active_menu=ACTIVE_MENU, **context):
        sent = form.data
        await record_manual_payout(
            db, viewer.as_officer(), method, sent.amount, on=sent.on, today=today, key=str(sent.key)
        )
    say = get_translations(ctx.lang).gettext
    return see_other(
        f"{RECONCILIATION_URL}/{method}", flash=say("Sudah dicatat: uangnya sekarang di rekening bank.")
    )


def _context(method: PaymentMethod, left: int, ctx: RequestContext) -> dict[str, Any]:
    return {
        "name": method.label.localize(ctx.lang),
        "path": f"{RECONCILIATION_URL}/{method.method}",
        "account": method.clearing_account,
        "left": left,
        "start": {
            "amount": formats.number(left) if left > 0 else "",
            "on": clock.today(ctx.brand.timezone).isoformat(),
            "key": str(new_id()),
        },
    }


routes: Final[list[Any]] = [show_manual_payout_form, preview_manual_payout, submit_manual_payout]
