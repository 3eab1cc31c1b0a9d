"""Pages of statement lines: the list that an officer must check, and the decision about each line."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from banking import errors, statement_import_pages, statement_queries
from banking.forms import MatchForm, SetAsideForm
from banking.match_line import mark_line_unrelated, match_line
from banking.matching_rules import amount_fits, is_payable
from banking.statement_import_pages import ACTIVE_MENU, IMPORT_URL, STATEMENT_LINES_URL
from banking.statement_labels import line_reason_text, line_status_badge
from banking.statement_queries import BankLineView, MatchablePayment
from governance.rules import PAYMENT_METHOD_NAMES
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.money import Rupiah
from kernel.translations import get_translations
from payments import rules
from payments.errors import NO_SUCH_PAYMENT
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

LINE_TEMPLATE: Final = "payments/statement_line.html"
SHOWN_PAYMENTS: Final = 20
# The filters, by their name in the URL.
STATUS_FILTERS: Final[dict[str, tuple[str, ...]]] = {
    "periksa": ("doubtful", "unmatched"),
    "cocok": ("matched",),
    "disisihkan": ("set_aside",),
    "keluar": ("outgoing",),
}


@get(STATEMENT_LINES_URL, guards=[may("banking.view")])
async def show_lines(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    keadaan: FromQuery[str] = "periksa",
    cari: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[Any]:
    """List the lines that an officer must check, or those of another status."""
    status_filter = keadaan if keadaan in STATUS_FILTERS else "periksa"
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    rows, total = await statement_queries.list_lines(ro, STATUS_FILTERS[status_filter], search, current)
    pages = -(-total // statement_queries.PAGE_SIZE)
    url = f"{STATEMENT_LINES_URL}?{urlencode({'keadaan': status_filter, 'cari': search})}&halaman="
    if pages and current > pages:
        return see_other(f"{url}{pages}")
    counts = await statement_queries.count_lines_by_status(ro)
    return render_page(
        request,
        "payments/statement_list.html",
        block="list",
        active_menu=ACTIVE_MENU,
        import_path=IMPORT_URL,
        rows=[_line_view(row, ctx) for row in rows],
        status_filter=status_filter,
        counts={
            name: sum(counts.get(state, 0) for state in states) for name, states in STATUS_FILTERS.items()
        },
        total=total,
        search=search,
        current=current,
        pages=pages,
        next_page=url,
    )


@get(f"{STATEMENT_LINES_URL}/{{statement_line:uuid}}", guards=[may("banking.view")])
async def show_line(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    statement_line: FromPath[UUID],
    cari: FromQuery[str] = "",
) -> Response[bytes]:
    """Show a line and its candidate payments."""
    return render_page(
        request,
        LINE_TEMPLATE,
        active_menu=ACTIVE_MENU,
        form=None,
        **await _line_context(ro, ctx, statement_line, cari),
    )


@get(
    f"{STATEMENT_LINES_URL}/{{statement_line:uuid}}/pencocokan",
    guards=[may("banking.reconcile")],
)
async def show_match_form(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    statement_line: FromPath[UUID],
    pembayaran: FromQuery[str] = "",
) -> Response[bytes]:
    """Show in one sentence what the match would do, before the officer confirms."""
    line = await _require_line(ro, statement_line)
    found = await statement_queries.list_payments_by_reference(ro, [pembayaran[:40]])
    if not found:
        raise NO_SUCH_PAYMENT()
    if not _amount_fits(line, found[0]):
        raise errors.AMOUNT_DIFFERS(
            amount=Rupiah(line.amount), reference=found[0].reference, asked=Rupiah(found[0].amount)
        )
    return render_page(
        request,
        "payments/statement_match.html",
        active_menu=ACTIVE_MENU,
        line=_line_view(line, ctx),
        payment=found[0],
        is_paid=found[0].status in rules.SETTLED,
        state=rules.STATUS_LABELS[found[0].status].localize(ctx.lang),
        path=f"{STATEMENT_LINES_URL}/{line.id}",
    )


@post(
    f"{STATEMENT_LINES_URL}/{{statement_line:uuid}}/pencocokan",
    guards=[may("banking.reconcile")],
    opt=WHEN_READ_ONLY,
)
async def submit_match(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, statement_line: FromPath[UUID]
) -> Response[Any]:
    """Match the line with the payment."""
    form = await read_form(request, MatchForm)
    context = await _line_context(as_reader(db), ctx, statement_line, "")
    async with form.rerender_on_error(LINE_TEMPLATE, active_menu=ACTIVE_MENU, **context):
        matched = await match_line(db, viewer.as_officer(), statement_line, form.data.reference)
    say = get_translations(ctx.lang).gettext
    message = (
        say("Cocok: pembayarannya dicatat lunas.")
        if matched.settled
        else say("Cocok: pembayarannya memang sudah lunas.")
    )
    return see_other(STATEMENT_LINES_URL, flash=message)


@post(
    f"{STATEMENT_LINES_URL}/{{statement_line:uuid}}/penyisihan",
    guards=[may("banking.reconcile")],
    opt=WHEN_READ_ONLY,
)
async def submit_set_aside(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, statement_line: FromPath[UUID]
) -> Response[Any]:
    """Set the line aside."""
    form = await read_form(request, SetAsideForm)
    context = await _line_context(as_reader(db), ctx, statement_line, "")
    async with form.rerender_on_error(LINE_TEMPLATE, active_menu=ACTIVE_MENU, **context):
        await mark_line_unrelated(db, viewer.as_officer(), statement_line, form.data.reason)
    return see_other(STATEMENT_LINES_URL, flash=get_translations(ctx.lang).gettext("Baris itu disisihkan."))


async def _require_line(ro: Reader, line_id: UUID) -> BankLineView:
    line = await statement_queries.find_line(ro, line_id)
    if line is None:
        raise errors.NO_SUCH_LINE()
    return line


async def _line_context(ro: Reader, ctx: RequestContext, line_id: UUID, search: str) -> dict[str, Any]:
    line = await _require_line(ro, line_id)
    can_pay = line.status != "matched" and is_payable(line.amount, line.sen)
    search = search.strip()[:100]
    proposed = await statement_queries.list_payments_by_reference(ro, line.candidates) if can_pay else []
    others: list[MatchablePayment] = []
    if can_pay:
        others = await statement_queries.list_unmatched_payments(
            ro,
            line.method,
            clock.now() - statement_queries.MATCH_LOOKBACK,
            search=search,
            lang=ctx.lang,
            amount=line.amount,
            max_amount=SHOWN_PAYMENTS,
        )
    known = {row.reference for row in proposed}
    every = [*proposed, *(row for row in others if row.reference not in known)]
    return {
        "line": _line_view(line, ctx),
        "path": f"{STATEMENT_LINES_URL}/{line.id}",
        "method": PAYMENT_METHOD_NAMES[line.method].localize(ctx.lang),
        "can_pay": can_pay,
        "is_open": line.status in ("doubtful", "unmatched"),
        "fitting": [_payment_view(row, ctx) for row in every if _amount_fits(line, row)],
        "near": [_payment_view(row, ctx) for row in proposed if not _amount_fits(line, row)],
        "search": search,
    }


def _line_view(line: BankLineView, ctx: RequestContext) -> dict[str, Any]:
    label, kind = line_status_badge(line.status, ctx.lang)
    return {
        "id": line.id,
        "day": line.on_date,
        "text": line.description,
        "amount": line.amount,
        "state": label,
        "kind": kind,
        "note": line_reason_text(line.reason, line.sen, line.note, ctx.lang),
        "reference": line.reference,
        "imported_by": line.imported_by,
        "imported_at": line.imported_at,
        "decided_by": line.decided_by,
        "decided_at": line.decided_at,
    }


def _payment_view(row: MatchablePayment, ctx: RequestContext) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "label": row.label.localize(ctx.lang),
        "payer": row.payer_name,
        "amount": row.amount,
        "status": rules.STATUS_LABELS[row.status].localize(ctx.lang),
        "opened_at": row.opened_at,
    }


def _amount_fits(line: BankLineView, payment: MatchablePayment) -> bool:
    return amount_fits(line.amount, payment.amount, payment.unique_suffix, payment.status)


routes: Final[list[Any]] = [
    show_lines,
    *statement_import_pages.routes,
    show_line,
    show_match_form,
    submit_match,
    submit_set_aside,
]
