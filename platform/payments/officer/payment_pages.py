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
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    Db,
    EmptyForm,
    RequestContext,
    Ro,
    read_form,
    render_page,
    require_officer,
    see_other,
)
from ui.translations import get_translations

HOME: Final = "/pengurus/pembayaran"
ONE: Final = HOME + "/{reference:str}"
PLACE: Final = "penjualan"


@get(HOME, guards=[require_officer])
async def list_payments(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
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
    asked: dict[str, Any] = {"zone": ctx.brand.timezone, "search": search, "amount": _amount(search)}
    rows, total = await office_queries.payments(ro, chip, day=day, page=current, **asked)
    pages = -(-total // office_queries.PAGE)
    url = f"{HOME}?{urlencode({'keadaan': chip, 'cari': search, 'hari': day or ''})}&halaman="
    if pages and current > pages:
        return see_other(f"{url}{pages}")
    totals = await office_queries.day_totals(ro, chip, days=sorted({row.day for row in rows}), **asked)
    return render_page(
        request,
        "payments/payments.html",
        block="list",
        active_menu=PLACE,
        days=office_told.by_day(rows, totals, ctx),
        chip=chip,
        day=day,
        search=search,
        waiting=waiting,
        awaiting=await office_queries.count_awaiting(ro),
        messages=await office_told.unknown_messages(ro, ctx) if chip == "periksa" and not search else [],
        current=current,
        pages=pages,
        next_page=url,
    )


@get(ONE, guards=[require_officer])
async def show_payment(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, reference: FromPath[str]
) -> Response[bytes]:
    """Show a payment, what happened to it, and what can be done."""
    return render_page(
        request,
        "payments/office_payment.html",
        active_menu=PLACE,
        form=None,
        **await office_told.payment_context(ro, ctx, await find(ro, reference)),
    )


@get(ONE + "/penerimaan", guards=[require_officer])
async def ask_receipt(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, reference: FromPath[str]
) -> Response[Any]:
    """Say in one sentence what confirming the money will do."""
    payment = await find(ro, reference)
    refusal = _unconfirmable(payment)
    if refusal is not None:
        return see_other(f"{HOME}/{payment.reference}", flash=refusal.message(ctx.lang))
    return render_page(
        request, "payments/office_received.html", active_menu=PLACE, form=None, **_receipt(payment, ctx)
    )


@post(ONE + "/penerimaan", guards=[require_officer])
async def take_receipt(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, reference: FromPath[str]
) -> Response[Any]:
    """Take an officer's word that the money has come."""
    payment = await find(as_reader(db), reference)
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error(
        "payments/office_received.html", active_menu=PLACE, **_receipt(payment, ctx)
    ):
        day = clock.today(ctx.brand.timezone)
        await machine.confirm_by_officer(db, viewer.as_officer(), payment.reference, on=day)
    return _done(payment, ctx, "Pembayaran sudah dicatat.")


@post(ONE + "/pertanyaan", guards=[require_officer])
async def ask_provider(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    reference: FromPath[str],
) -> Response[Any]:
    """Ask the provider how the payment stands, and believe what fits."""
    async with coop_reader(database, tenant) as ro:
        payment = await find(ro, reference)
        context = await office_told.payment_context(ro, ctx, payment)
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error("payments/office_payment.html", active_menu=PLACE, **context):
        with calling.as_refusal():
            outcome = await calling.look(database, tenant, payment.reference)
    return see_other(f"{HOME}/{payment.reference}", flash=office_words.outcome(outcome, ctx))


@post(HOME + "/pesan/{number:int}/pemeriksaan", guards=[require_officer])
async def settle_message(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Take a message about no payment of ours off the work list."""
    form = await read_form(request, EmptyForm)
    if form.errors or not 0 < number < 2**63:
        raise errors.NO_SUCH_MESSAGE()
    await giving_back.settle_message(db, viewer.as_officer(), number)
    return see_other(
        HOME, flash=get_translations(ctx.lang).gettext("Sudah dicatat, dan tidak menunggu Anda lagi.")
    )


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


def _receipt(payment: PaymentView, ctx: RequestContext) -> dict[str, Any]:
    say = get_translations(ctx.lang).gettext
    facts = {
        "amount": formats.rupiah(payment.amount, ctx.lang),
        "name": payment.payer_name,
        "label": payment.label,
    }
    sentence = (
        say("QRIS %(amount)s dari %(name)s untuk %(label)s sudah tampak di aplikasi penerimanya.")
        if payment.way == "qris"
        else say("Transfer %(amount)s dari %(name)s untuk %(label)s sudah masuk rekening.")
    )
    return {"payment": payment, "sentence": sentence % facts, "is_late": payment.status != "awaiting"}


def _done(payment: PaymentView, ctx: RequestContext, sentence: str) -> Response[Any]:
    return see_other(f"{HOME}/{payment.reference}", flash=get_translations(ctx.lang).gettext(sentence))


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
