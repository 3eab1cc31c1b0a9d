"""Payments as officers see them: the list by day, one payment with its history, and what can be done about
it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from kernel import clock, formats
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from payments import calling, errors, machine, rules
from payments.officer import giving_back
from payments.officer import payment_queries as office_queries
from payments.officer import payment_told as office_told
from payments.officer import payment_words as office_words
from payments.officer.payment_queries import CHIPS, Chip, PaymentView
from payments.provider import provider_of
from tenants.session import coop_reader
from ui import (
    AnyRequest,
    Db,
    Nothing,
    Ro,
    TheDatabase,
    TheTenant,
    TheViewer,
    TheVisit,
    Visit,
    officer,
    page,
    read_form,
    see_other,
)
from ui.words import words

HOME: Final = "/pengurus/pembayaran"
ONE: Final = HOME + "/{reference:str}"
PLACE: Final = "penjualan"


@get(HOME, guards=[officer])
async def list_payments(
    request: AnyRequest,
    ro: Ro,
    visit: TheVisit,
    keadaan: FromQuery[str] = "",
    cari: FromQuery[str] = "",
    hari: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[Any]:
    """List payments by day; those that somebody must look at first, where there are any."""
    waiting = await office_queries.waiting(ro)
    first: Chip = "periksa" if waiting.exceptions + waiting.messages else "semua"
    chip: Chip = keadaan if keadaan in CHIPS else "semua" if cari or hari else first
    search, current, day = cari.strip()[:100], min(max(halaman, 1), 100_000), _day(hari)
    asked: dict[str, Any] = {"zone": visit.brand.timezone, "search": search, "amount": _amount(search)}
    rows, total = await office_queries.payments(ro, chip, day=day, page=current, **asked)
    pages = -(-total // office_queries.PAGE)
    url = f"{HOME}?{urlencode({'keadaan': chip, 'cari': search, 'hari': day or ''})}&halaman="
    if pages and current > pages:
        return see_other(f"{url}{pages}")
    totals = await office_queries.day_totals(ro, chip, days=sorted({row.day for row in rows}), **asked)
    return page(
        request,
        "payments/payments.html",
        block="list",
        place=PLACE,
        days=office_told.by_day(rows, totals, visit),
        chip=chip,
        day=day,
        search=search,
        waiting=waiting,
        awaiting=await office_queries.count_awaiting(ro),
        messages=await office_told.unknown_messages(ro, visit) if chip == "periksa" and not search else [],
        current=current,
        pages=pages,
        next_page=url,
    )


@get(ONE, guards=[officer])
async def show_payment(
    request: AnyRequest, ro: Ro, visit: TheVisit, reference: FromPath[str]
) -> Response[bytes]:
    """Show a payment, what happened to it, and what can be done."""
    return page(
        request,
        "payments/office_payment.html",
        place=PLACE,
        form=None,
        **await office_told.payment_context(ro, visit, await find(ro, reference)),
    )


@get(ONE + "/penerimaan", guards=[officer])
async def ask_receipt(
    request: AnyRequest, ro: Ro, visit: TheVisit, reference: FromPath[str]
) -> Response[Any]:
    """Say in one sentence what confirming the money will do."""
    payment = await find(ro, reference)
    refusal = _unconfirmable(payment)
    if refusal is not None:
        return see_other(f"{HOME}/{payment.reference}", flash=refusal.message(visit.lang))
    return page(request, "payments/office_received.html", place=PLACE, form=None, **_receipt(payment, visit))


@post(ONE + "/penerimaan", guards=[officer])
async def take_receipt(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, reference: FromPath[str]
) -> Response[Any]:
    """Take an officer's word that the money has come."""
    payment = await find(as_reader(db), reference)
    form = await read_form(request, Nothing)
    async with form.or_again("payments/office_received.html", place=PLACE, **_receipt(payment, visit)):
        day = clock.today(visit.brand.timezone)
        await machine.confirm_by_officer(db, viewer.as_officer(), payment.reference, on=day)
    return _done(payment, visit, "Pembayaran sudah dicatat.")


@post(ONE + "/pertanyaan", guards=[officer])
async def ask_provider(
    request: AnyRequest, database: TheDatabase, tenant: TheTenant, visit: TheVisit, reference: FromPath[str]
) -> Response[Any]:
    """Ask the provider how the payment stands, and believe what fits."""
    async with coop_reader(database, tenant) as ro:
        payment = await find(ro, reference)
        context = await office_told.payment_context(ro, visit, payment)
    form = await read_form(request, Nothing)
    async with form.or_again("payments/office_payment.html", place=PLACE, **context):
        with calling.as_refusal():
            outcome = await calling.look(database, tenant, payment.reference)
    return see_other(f"{HOME}/{payment.reference}", flash=office_words.outcome(outcome, visit))


@post(HOME + "/pesan/{number:int}/pemeriksaan", guards=[officer])
async def settle_message(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, number: FromPath[int]
) -> Response[Any]:
    """Take a message about no payment of ours off the work list."""
    form = await read_form(request, Nothing)
    if form.errors or not 0 < number < 2**63:
        raise errors.NO_SUCH_MESSAGE()
    await giving_back.settle_message(db, viewer.as_officer(), number)
    return see_other(HOME, flash=words(visit.lang).gettext("Sudah dicatat, dan tidak menunggu Anda lagi."))


async def find(ro: Reader, reference: str) -> PaymentView:
    """Return a payment by what stands in an address. Raises DomainError payments.no_such_payment."""
    found = await office_queries.payment(ro, reference)
    if found is None:
        raise errors.NO_SUCH_PAYMENT()
    return found


def _unconfirmable(payment: PaymentView) -> DomainError | None:
    """Why an officer's word does not settle this payment, or None."""
    if provider_of(payment.way).capabilities().settles != "officer":
        return errors.NOT_FOR_OFFICERS(reference=payment.reference)
    if not rules.can_follow(payment.status, "paid"):
        return errors.NOT_AWAITING(reference=payment.reference, state=rules.STATUS_NAMES[payment.status])
    return None


def _receipt(payment: PaymentView, visit: Visit) -> dict[str, Any]:
    say = words(visit.lang).gettext
    facts = {
        "amount": formats.rupiah(payment.amount, visit.lang),
        "name": payment.payer_name,
        "label": payment.label,
    }
    sentence = (
        say("QRIS %(amount)s dari %(name)s untuk %(label)s sudah tampak di aplikasi penerimanya.")
        if payment.way == "qris"
        else say("Transfer %(amount)s dari %(name)s untuk %(label)s sudah masuk rekening.")
    )
    return {"payment": payment, "sentence": sentence % facts, "is_late": payment.status != "awaiting"}


def _done(payment: PaymentView, visit: Visit, sentence: str) -> Response[Any]:
    return see_other(f"{HOME}/{payment.reference}", flash=words(visit.lang).gettext(sentence))


def _amount(search: str) -> int | None:
    """What the search means as rupiah, if it is an amount."""
    try:
        return int(Rupiah.parse(search))
    except DomainError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


routes: Final[list[Any]] = [
    list_payments,
    show_payment,
    ask_receipt,
    take_receipt,
    ask_provider,
    settle_message,
]
