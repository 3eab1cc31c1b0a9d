"""Officers' pages of payments: the list by day, one payment with its history, and its actions."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from gateways.protocol import get_provider
from kernel import clock, formats
from kernel.database import Reader, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.translations import get_translations
from payments import (
    errors,
    exceptions_queue,
    issue_refund,
    officer_labels,
    officer_queries,
    officer_view_models,
    provider_calls,
    rules,
    state_machine,
)
from payments.forms import NoteForm
from payments.officer_queries import STATUS_FILTERS, OfficerPaymentView, StatusFilter
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
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY

HOME: Final = "/pengurus/pembayaran"
ONE: Final = HOME + "/{reference:str}"
PLACE: Final = "penjualan"


@get(HOME, guards=[may("payments.view")])
async def list_payments(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    keadaan: FromQuery[str] = "",
    cari: FromQuery[str] = "",
    hari: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[Any]:
    """List payments by day; the default filter is those with open exceptions, if there are any."""
    waiting = await officer_queries.count_officer_work(ro)
    first: StatusFilter = "periksa" if waiting.exceptions + waiting.messages else "semua"
    chip: StatusFilter = keadaan if keadaan in STATUS_FILTERS else "semua" if cari or hari else first
    search, current, day = cari.strip()[:100], min(max(halaman, 1), 100_000), _parse_day(hari)
    asked: dict[str, Any] = {
        "zone": ctx.brand.timezone,
        "lang": ctx.lang,
        "search": search,
        "amount": _parse_amount(search),
    }
    rows, total = await officer_queries.list_payments(ro, chip, day=day, page=current, **asked)
    pages = -(-total // officer_queries.PAGE_SIZE)
    url = f"{HOME}?{urlencode({'keadaan': chip, 'cari': search, 'hari': day or ''})}&halaman="
    if pages and current > pages:
        return see_other(f"{url}{pages}")
    totals = await officer_queries.sum_by_day(ro, chip, days=sorted({row.day for row in rows}), **asked)
    return render_page(
        request,
        "payments/payments.html",
        block="list",
        active_menu=PLACE,
        days=officer_view_models.group_by_day(rows, totals, ctx),
        chip=chip,
        day=day,
        search=search,
        waiting=waiting,
        awaiting=await officer_queries.count_awaiting(ro),
        messages=await officer_view_models.build_unknown_events(ro, ctx)
        if chip == "periksa" and not search
        else [],
        current=current,
        pages=pages,
        next_page=url,
    )


@get(ONE, guards=[may("payments.view")])
async def show_payment(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, reference: FromPath[str]
) -> Response[bytes]:
    """Show a payment, its history, and the possible actions."""
    return render_page(
        request,
        "payments/office_payment.html",
        active_menu=PLACE,
        form=None,
        **await officer_view_models.build_payment_context(ro, ctx, await require_payment(ro, reference)),
    )


@get(ONE + "/penerimaan", guards=[may("payments.confirm")])
async def show_confirmation(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, reference: FromPath[str]
) -> Response[Any]:
    """Show the page that asks to confirm that the payment has arrived."""
    payment = await require_payment(ro, reference)
    error = _confirmation_error(payment)
    if error is not None:
        return see_other(f"{HOME}/{payment.reference}", flash=error.localize(ctx.lang))
    return render_page(
        request,
        "payments/office_received.html",
        active_menu=PLACE,
        form=None,
        **_confirmation_context(payment, ctx),
    )


@post(ONE + "/penerimaan", guards=[may("payments.confirm")], opt=WHEN_READ_ONLY)
async def submit_confirmation(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, reference: FromPath[str]
) -> Response[Any]:
    """Settle a payment because an officer confirms that the money arrived."""
    payment = await require_payment(as_reader(db), reference)
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error(
        "payments/office_received.html", active_menu=PLACE, **_confirmation_context(payment, ctx)
    ):
        day = clock.today(ctx.brand.timezone)
        await state_machine.confirm_by_officer(db, viewer.as_officer(), payment.reference, on=day)
    return _redirect_to_payment(payment, ctx, "Pembayaran sudah dicatat.")


@post(ONE + "/pertanyaan", guards=[may("payments.confirm")], opt=WHEN_READ_ONLY)
async def submit_status_check(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    reference: FromPath[str],
) -> Response[Any]:
    """Fetch the payment's status from the provider and apply it."""
    async with coop_reader(database, tenant) as ro:
        payment = await require_payment(ro, reference)
        context = await officer_view_models.build_payment_context(ro, ctx, payment)
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error("payments/office_payment.html", active_menu=PLACE, **context):
        with provider_calls.translate_provider_errors():
            outcome = await provider_calls.sync_status(database, tenant, payment.reference)
    return see_other(f"{HOME}/{payment.reference}", flash=officer_labels.sync_outcome_message(outcome, ctx))


@post(
    HOME + "/pesan/{number:int}/pemeriksaan",
    guards=[may("payments.resolve")],
    opt=WHEN_READ_ONLY,
)
async def submit_event_resolution(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, number: FromPath[int]
) -> Response[Any]:
    """Resolve a webhook event about no payment of ours."""
    form = await read_form(request, EmptyForm)
    if form.errors or not 0 < number < 2**63:
        raise errors.NO_SUCH_WEBHOOK_EVENT()
    await issue_refund.resolve_unmatched_webhook_event(db, viewer.as_officer(), number)
    return see_other(
        HOME, flash=get_translations(ctx.lang).gettext("Sudah dicatat, dan tidak menunggu Anda lagi.")
    )


@post(
    ONE + "/pemeriksaan/{exception_id:uuid}",
    guards=[may("payments.resolve")],
    opt=WHEN_READ_ONLY,
)
async def submit_exception_resolution(
    request: AnyRequest,
    db: Db,
    ctx: CurrentContext,
    viewer: CurrentUser,
    reference: FromPath[str],
    exception_id: FromPath[UUID],
) -> Response[Any]:
    """Resolve one exception of a payment, with a note of what was done."""
    ro = as_reader(db)
    payment = await require_payment(ro, reference)
    context = await officer_view_models.build_payment_context(ro, ctx, payment) | {"settling": exception_id}
    form = await read_form(request, NoteForm)
    async with form.rerender_on_error("payments/office_payment.html", active_menu=PLACE, **context):
        locked = await state_machine.lock_payment(db, payment.reference)
        await exceptions_queue.resolve_exception(
            db, viewer.as_officer(), locked, exception_id, form.data.note
        )
    say = get_translations(ctx.lang).gettext
    return see_other(f"{HOME}/{payment.reference}", flash=say("Sudah dicatat, dan tidak menunggu Anda lagi."))


async def require_payment(ro: Reader, reference: str) -> OfficerPaymentView:
    """Return a payment by the reference in a URL. Raises DomainError payments.no_such_payment."""
    found = await officer_queries.find_payment(ro, reference)
    if found is None:
        raise errors.NO_SUCH_PAYMENT()
    return found


def _confirmation_error(payment: OfficerPaymentView) -> DomainError | None:
    """Return why an officer cannot confirm this payment, or None."""
    if get_provider(payment.method).capabilities().confirmed_by != "officer":
        return errors.NOT_FOR_OFFICERS(reference=payment.reference)
    if not rules.can_transition(payment.status, "paid"):
        return errors.NOT_AWAITING(reference=payment.reference, state=rules.STATUS_LABELS[payment.status])
    return None


def _confirmation_context(payment: OfficerPaymentView, ctx: RequestContext) -> dict[str, Any]:
    say = get_translations(ctx.lang).gettext
    params = {
        "amount": formats.rupiah(payment.amount, ctx.lang),
        "name": payment.payer_name,
        "label": payment.label.localize(ctx.lang),
    }
    sentence = (
        say("QRIS %(amount)s dari %(name)s untuk %(label)s sudah tampak di aplikasi penerimanya.")
        if payment.method == "qris"
        else say("Transfer %(amount)s dari %(name)s untuk %(label)s sudah masuk rekening.")
    )
    return {"payment": payment, "sentence": sentence % params, "is_late": payment.status != "awaiting"}


def _redirect_to_payment(payment: OfficerPaymentView, ctx: RequestContext, sentence: str) -> Response[Any]:
    return see_other(f"{HOME}/{payment.reference}", flash=get_translations(ctx.lang).gettext(sentence))


def _parse_amount(search: str) -> int | None:
    """Return the search text as rupiah, if it is an amount."""
    try:
        return int(Rupiah.parse(search))
    except DomainError:
        return None


def _parse_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


routes: Final[list[Any]] = [
    list_payments,
    show_payment,
    show_confirmation,
    submit_confirmation,
    submit_status_check,
    submit_event_resolution,
    submit_exception_resolution,
]
