"""The treasurer's form for money that has reached the bank: how much and when, one sentence, and it is in the
books.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from kernel import clock, formats
from kernel.ids import new_id
from ledger import queries as books
from payments.reconciliation.arriving import check_arrival, take_arrival, way_that_arrives
from payments.reconciliation.forms import ArrivalForm
from payments.reconciliation.pages import HOME, PLACE, WAY
from payments.ways import Way
from ui import AnyRequest, Db, Ro, TheViewer, TheVisit, Visit, officer, page, read_form, see_other
from ui.words import words

FORM: Final = "payments/arrival.html"
CONFIRM: Final = "payments/arrival_confirm.html"


@get(WAY + "/pemasukan", guards=[officer])
async def ask_arrival(
    request: AnyRequest,
    ro: Ro,
    visit: TheVisit,
    way: FromPath[str],
    jumlah: FromQuery[str] = "",
    tanggal: FromQuery[str] = "",
) -> Response[bytes]:
    """Ask how much reached the bank, and when."""
    found = await way_that_arrives(ro, way)
    left = await books.balance(ro, found.capabilities.clearing)
    context = _context(found, left, visit)
    context["start"] |= {
        "amount": jumlah or context["start"]["amount"],
        "on": tanggal or context["start"]["on"],
    }
    return page(request, FORM, place=PLACE, form=None, **context)


@post(WAY + "/pemasukan/periksa", guards=[officer], status_code=200)
async def look_at_arrival(
    request: AnyRequest, db: Db, visit: TheVisit, way: FromPath[str]
) -> Response[bytes]:
    """Say in one sentence what will be entered."""
    found = await way_that_arrives(db, way)
    form = await read_form(request, ArrivalForm)
    context = _context(found, await books.balance(db, found.capabilities.clearing), visit)
    async with form.or_again(FORM, place=PLACE, **context):
        sent = form.data
        await check_arrival(db, found, sent.amount, on=sent.on, today=clock.today(visit.brand.timezone))
    say = words(visit.lang).gettext
    sentence = say("%(amount)s dari %(way)s sudah masuk rekening koperasi pada %(day)s.") % {
        "amount": formats.rupiah(sent.amount, visit.lang),
        "way": context["name"],
        "day": formats.date_long(sent.on, visit.lang),
    }
    return page(request, CONFIRM, place=PLACE, sent=sent, sentence=sentence, **context)


@post(WAY + "/pemasukan", guards=[officer])
async def record_arrival(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, way: FromPath[str]
) -> Response[Any]:
    """Enter it."""
    found = await way_that_arrives(db, way)
    form = await read_form(request, ArrivalForm)
    context = _context(found, await books.balance(db, found.capabilities.clearing), visit)
    today = clock.today(visit.brand.timezone)
    async with form.or_again(FORM, place=PLACE, **context):
        sent = form.data
        await take_arrival(
            db, viewer.as_officer(), way, sent.amount, on=sent.on, today=today, key=str(sent.key)
        )
    say = words(visit.lang).gettext
    return see_other(f"{HOME}/{way}", flash=say("Sudah dicatat: uangnya sekarang di rekening bank."))


def _context(way: Way, left: int, visit: Visit) -> dict[str, Any]:
    return {
        "name": way.label.localize(visit.lang),
        "path": f"{HOME}/{way.way}",
        "account": way.capabilities.clearing,
        "left": left,
        "start": {
            "amount": formats.number(left) if left > 0 else "",
            "on": clock.today(visit.brand.timezone).isoformat(),
            "key": str(new_id()),
        },
    }


routes: Final[list[Any]] = [ask_arrival, look_at_arrival, record_arrival]
