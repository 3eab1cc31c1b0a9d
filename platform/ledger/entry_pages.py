"""What officers write into the books by hand: a cost or an income, its reversal, and the end of a year."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from kernel import clock
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from ledger import book_queries, queries
from ledger.book_pages import BOOKS, journal_context
from ledger.closing import close_year
from ledger.days import EARLIEST_DAY
from ledger.errors import NO_SUCH_YEAR
from ledger.forms import EntryForm, ReversalForm
from ledger.manual import WAY_NAMES, Entry, check_entry, entry_accounts, record_entry, reverse_entry
from ui import (
    AnyRequest,
    Db,
    Nothing,
    Ro,
    TheBrand,
    TheViewer,
    TheVisit,
    Visit,
    officer,
    page,
    read_form,
    see_other,
)
from ui.words import words


@get(f"{BOOKS}/catat", guards=[officer])
async def new_entry(
    request: AnyRequest,
    ro: Ro,
    visit: TheVisit,
    akun: FromQuery[str] = "",
    jumlah: FromQuery[str] = "",
    cara: FromQuery[str] = "cash",
    tanggal: FromQuery[str] = "",
    uraian: FromQuery[str] = "",
) -> Response[bytes]:
    """Ask for a cost or an income; the address may already say it."""
    context = await _entry_context(ro, visit)
    start = context["start"] | {"account": akun, "amount": jumlah, "way": cara, "description": uraian[:200]}
    if tanggal:
        start["on"] = tanggal
    return page(request, "ledger/entry.html", place="buku", form=None, **context | {"start": start})


@post(f"{BOOKS}/catat/periksa", guards=[officer], status_code=200)
async def check(request: AnyRequest, ro: Ro, visit: TheVisit) -> Response[bytes]:
    """Say in one sentence what will happen, before it does."""
    form = await read_form(request, EntryForm)
    async with form.or_again("ledger/entry.html", place="buku", **await _entry_context(ro, visit)):
        sent = form.data
        account = await check_entry(ro, _entry(sent), today=clock.today(visit.brand.timezone))
    return page(
        request,
        "ledger/entry_confirm.html",
        place="buku",
        sent=sent,
        account=account,
        way_name=WAY_NAMES[sent.way].localize(visit.lang),
    )


@post(f"{BOOKS}/catat", guards=[officer])
async def record(request: AnyRequest, db: Db, viewer: TheViewer, visit: TheVisit) -> Response[Any]:
    """Post it."""
    form = await read_form(request, EntryForm)
    async with form.or_again("ledger/entry.html", place="buku", **await _entry_context(as_reader(db), visit)):
        posted = await record_entry(
            db, viewer.as_officer(), _entry(form.data), today=clock.today(visit.brand.timezone)
        )
    return see_other(
        f"{BOOKS}/jurnal/{posted.number}", flash=words(visit.lang).gettext("Catatan sudah masuk buku.")
    )


@post(f"{BOOKS}/jurnal/{{number:int}}/pembalikan", guards=[officer])
async def take_back(
    request: AnyRequest, db: Db, viewer: TheViewer, visit: TheVisit, number: FromPath[int]
) -> Response[Any]:
    """Reverse an entry by hand."""
    form = await read_form(request, ReversalForm)
    context = await journal_context(as_reader(db), visit, number)
    async with form.or_again("ledger/journal.html", place="buku", **context):
        posted = await reverse_entry(
            db, viewer.as_officer(), number, reason=form.data.reason, today=clock.today(visit.brand.timezone)
        )
    return see_other(
        f"{BOOKS}/jurnal/{posted.number}", flash=words(visit.lang).gettext("Catatan sudah dibalik.")
    )


@get(f"{BOOKS}/tahun/{{year:int}}/penutupan", guards=[officer])
async def closing_page(request: AnyRequest, ro: Ro, brand: TheBrand, year: FromPath[int]) -> Response[bytes]:
    """Say what closing a year means, before it happens."""
    _check_year(year)
    return page(
        request,
        "ledger/closing.html",
        place="buku",
        form=None,
        year=year,
        is_over=year < clock.today(brand.timezone).year,
        is_closed=year in await queries.closed_years(ro),
        surplus=await queries.surplus(ro, year),
        count=await book_queries.count_journals(ro, year),
    )


@post(f"{BOOKS}/tahun/{{year:int}}/penutupan", guards=[officer])
async def close(
    request: AnyRequest, db: Db, viewer: TheViewer, visit: TheVisit, year: FromPath[int]
) -> Response[Any]:
    """Close it."""
    _check_year(year)
    await read_form(request, Nothing)
    await close_year(db, viewer.as_officer(), year)
    told = words(visit.lang).gettext("Tahun buku %(year)s sudah ditutup.") % {"year": year}
    return see_other(f"{BOOKS}?tahun={year}", flash=told)


def _check_year(year: int) -> None:
    if not EARLIEST_DAY.year <= year <= 9998:
        raise NO_SUCH_YEAR(year=year)


def _entry(sent: EntryForm) -> Entry:
    return Entry(sent.on, sent.account, sent.amount, sent.way, sent.description, sent.key)


async def _entry_context(ro: Reader, visit: Visit) -> dict[str, Any]:
    today: date = clock.today(visit.brand.timezone)
    accounts = [
        (each.code, f"{each.code} {each.name_id if visit.lang == 'id' else each.name_en}")
        for each in await entry_accounts(ro)
    ]
    start = {
        "on": today.isoformat(),
        "account": "",
        "amount": "",
        "way": "cash",
        "description": "",
        "key": new_id(),
    }
    ways = [(way, name.localize(visit.lang)) for way, name in WAY_NAMES.items()]
    return {"accounts": accounts, "ways": ways, "today": today, "start": start}


routes: Final[list[Any]] = [new_entry, check, record, take_back, closing_page, close]
