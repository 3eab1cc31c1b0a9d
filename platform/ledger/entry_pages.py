"""Officers' pages that write to the ledger: manual entries, their reversal, and closing a year."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from kernel import clock
from kernel.database import Reader, as_reader
from kernel.errors import StoredText
from kernel.ids import new_id
from kernel.translations import get_translations
from ledger import report_queries, year_queries
from ledger.close_year import close_year
from ledger.errors import NO_SUCH_YEAR
from ledger.forms import ManualEntryForm, ReversalForm
from ledger.posting_dates import EARLIEST_POSTING_DATE
from ledger.record_manual_entry import (
    COUNTER_METHOD_LABELS,
    ManualEntry,
    list_manual_entry_accounts,
    record_manual_entry,
    reverse_manual_entry,
    validate_manual_entry,
)
from ledger.report_pages import LEDGER_URL, build_journal_context
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentUser,
    Db,
    EmptyForm,
    RequestContext,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_SUSPENDED


@get(f"{LEDGER_URL}/catat", guards=[may("ledger.post")], opt=WHEN_SUSPENDED)
async def show_entry_form(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    akun: FromQuery[str] = "",
    jumlah: FromQuery[str] = "",
    cara: FromQuery[str] = "cash",
    tanggal: FromQuery[str] = "",
    uraian: FromQuery[str] = "",
) -> Response[bytes]:
    """Show the form for a manual entry; query parameters may fill it in."""
    context = await _entry_context(ro, ctx)
    start = context["start"] | {
        "account": akun,
        "amount": jumlah,
        "method": cara,
        "description": uraian[:200],
    }
    if tanggal:
        start["on"] = tanggal
    return render_page(
        request, "ledger/entry.html", active_menu="buku", form=None, **context | {"start": start}
    )


@post(f"{LEDGER_URL}/catat/periksa", guards=[may("ledger.post")], status_code=200)
async def preview_entry(request: AnyRequest, ro: Ro, ctx: CurrentContext) -> Response[bytes]:
    """Show one sentence that describes the entry, before it is posted."""
    form = await read_form(request, ManualEntryForm)
    async with form.rerender_on_error(
        "ledger/entry.html", active_menu="buku", **await _entry_context(ro, ctx)
    ):
        sent = form.data
        account = await validate_manual_entry(
            ro, _to_manual_entry(sent), today=clock.today(ctx.brand.timezone)
        )
    return render_page(
        request,
        "ledger/entry_confirm.html",
        active_menu="buku",
        sent=sent,
        account=account,
        method_name=COUNTER_METHOD_LABELS[sent.method].localize(ctx.lang),
    )


@post(f"{LEDGER_URL}/catat", guards=[may("ledger.post")])
async def submit_entry(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext
) -> Response[Any]:
    """Post a manual entry."""
    form = await read_form(request, ManualEntryForm)
    async with form.rerender_on_error(
        "ledger/entry.html", active_menu="buku", **await _entry_context(as_reader(db), ctx)
    ):
        posted = await record_manual_entry(
            db, viewer.as_officer(), _to_manual_entry(form.data), today=clock.today(ctx.brand.timezone)
        )
    return see_other(
        f"{LEDGER_URL}/jurnal/{posted.number}",
        flash=get_translations(ctx.lang).gettext("Catatan sudah masuk buku."),
    )


@post(f"{LEDGER_URL}/jurnal/{{number:int}}/pembalikan", guards=[may("ledger.reverse")])
async def submit_reversal(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, number: FromPath[int]
) -> Response[Any]:
    """Reverse a manual entry."""
    form = await read_form(request, ReversalForm)
    context = await build_journal_context(as_reader(db), ctx, number)
    async with form.rerender_on_error("ledger/journal.html", active_menu="buku", **context):
        posted = await reverse_manual_entry(
            db, viewer.as_officer(), number, reason=form.data.reason, today=clock.today(ctx.brand.timezone)
        )
    return see_other(
        f"{LEDGER_URL}/jurnal/{posted.number}",
        flash=get_translations(ctx.lang).gettext("Catatan sudah dibalik."),
    )


@get(
    f"{LEDGER_URL}/tahun/{{year:int}}/penutupan",
    guards=[may("ledger.close")],
    opt=WHEN_SUSPENDED,
)
async def show_year_closing(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, year: FromPath[int]
) -> Response[bytes]:
    """Explain what closing a year means, before the officer confirms it."""
    _require_year(year)
    return render_page(
        request,
        "ledger/closing.html",
        active_menu="buku",
        form=None,
        year=year,
        is_over=year < clock.today(brand.timezone).year,
        is_closed=year in await year_queries.get_closed_years(ro),
        surplus=await year_queries.get_surplus(ro, year),
        count=await report_queries.count_journals(ro, year),
    )


@post(f"{LEDGER_URL}/tahun/{{year:int}}/penutupan", guards=[may("ledger.close")])
async def submit_year_closing(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, year: FromPath[int]
) -> Response[Any]:
    """Close a year."""
    _require_year(year)
    await read_form(request, EmptyForm)
    await close_year(db, viewer.as_officer(), year)
    message = get_translations(ctx.lang).gettext("Tahun buku %(year)s sudah ditutup.") % {"year": year}
    return see_other(f"{LEDGER_URL}?tahun={year}", flash=message)


def _require_year(year: int) -> None:
    if not EARLIEST_POSTING_DATE.year <= year <= 9998:
        raise NO_SUCH_YEAR(year=year)


def _to_manual_entry(sent: ManualEntryForm) -> ManualEntry:
    return ManualEntry(sent.on, sent.account, sent.amount, sent.method, sent.description, sent.key)


async def _entry_context(ro: Reader, ctx: RequestContext) -> dict[str, Any]:
    today: date = clock.today(ctx.brand.timezone)
    accounts = [
        (each.code, f"{each.code} {StoredText(each.name_id, each.name_en).localize(ctx.lang)}")
        for each in await list_manual_entry_accounts(ro)
    ]
    start = {
        "on": today.isoformat(),
        "account": "",
        "amount": "",
        "method": "cash",
        "description": "",
        "key": new_id(),
    }
    methods = [(method, name.localize(ctx.lang)) for method, name in COUNTER_METHOD_LABELS.items()]
    return {"accounts": accounts, "methods": methods, "today": today, "start": start}


routes: Final[list[Any]] = [
    show_entry_form,
    preview_entry,
    submit_entry,
    submit_reversal,
    show_year_closing,
    submit_year_closing,
]
