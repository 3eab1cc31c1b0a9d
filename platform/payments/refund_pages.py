"""Officers' pages of a refund: the form, the page that asks to confirm it, and the request."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from kernel import clock, formats
from kernel.database import as_reader
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.translations import get_translations
from payments import errors, issue_refund, officer_labels, queries, refund_payment, rules
from payments.forms import RefundForm
from payments.models import Payment
from payments.officer_pages import HOME, ONE, PLACE, require_payment
from payments.purposes import get_purpose
from payments.subject_pages import get_subject_pages
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentUser,
    Db,
    RequestContext,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.guards import WHEN_READ_ONLY

FORM: Final = "payments/refund.html"


@get(ONE + "/pengembalian", guards=[may("payments.refund")])
async def show_refund_form(
    request: AnyRequest,
    db: Db,
    ctx: CurrentContext,
    reference: FromPath[str],
    jumlah: FromQuery[str] = "",
    tujuan: FromQuery[str] = "",
    alasan: FromQuery[str] = "",
) -> Response[Any]:
    """Show the refund form; the query string prefills it on return from the confirming page."""
    payment = await _load_payment(db, reference)
    error = await _refund_error(db, payment)
    if error is not None:
        return see_other(f"{HOME}/{payment.reference}", flash=error.localize(ctx.lang))
    context = await _context(db, payment, ctx)
    start = {
        "amount": jumlah or formats.number(context["left"]),
        "destination": tujuan or context["proposed"],
        "reason": alasan,
    }
    return render_page(request, FORM, active_menu=PLACE, form=None, **(context | {"start": start}))


@post(
    ONE + "/pengembalian/periksa",
    guards=[may("payments.refund")],
    status_code=200,
    opt=WHEN_READ_ONLY,
)
async def preview_refund(
    request: AnyRequest, db: Db, ctx: CurrentContext, reference: FromPath[str]
) -> Response[Any]:
    """Show the page that asks to confirm the refund."""
    payment = await _load_payment(db, reference)
    form = await read_form(request, RefundForm)
    context = await _context(db, payment, ctx)
    async with form.rerender_on_error(FORM, active_menu=PLACE, **context):
        sent = form.data
        await issue_refund.require_fulfilled(db, payment)
        await refund_payment.check_refund(db, payment, sent.amount, sent.destination, sent.reason)
    typed = {"jumlah": int(sent.amount), "tujuan": sent.destination, "alasan": sent.reason}
    return render_page(
        request,
        "payments/refund_confirm.html",
        back=f"{HOME}/{payment.reference}/pengembalian?{urlencode(typed)}",
        active_menu=PLACE,
        sent=sent,
        sentence=_sentence(payment, sent, ctx),
        **context,
    )


@post(ONE + "/pengembalian", guards=[may("payments.refund")], opt=WHEN_READ_ONLY)
async def submit_refund(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: CurrentUser, reference: FromPath[str]
) -> Response[Any]:
    """Issue the refund."""
    payment = await _load_payment(db, reference)
    form = await read_form(request, RefundForm)
    async with form.rerender_on_error(FORM, active_menu=PLACE, **await _context(db, payment, ctx)):
        sent = form.data
        refund = await issue_refund.issue_refund(
            db,
            viewer.as_officer(),
            payment.reference,
            sent.amount,
            sent.destination,
            sent.reason,
            key=str(sent.key),
            on=clock.today(ctx.brand.timezone),
        )
    say = get_translations(ctx.lang).gettext
    message = (
        say("Pengembalian sudah diminta kepada penyedianya. Hasilnya tampak di sini.")
        if refund.status == "pending"
        else say("Pengembalian sudah dicatat.")
    )
    return see_other(f"{HOME}/{payment.reference}", flash=message)


async def _load_payment(db: AsyncSession, reference: str) -> Payment:
    found = await require_payment(as_reader(db), reference)
    payment = await queries.find_payment_by_reference(db, found.reference)
    assert payment is not None  # found in this same transaction, and payments are never deleted
    return payment


async def _refund_error(db: AsyncSession, payment: Payment) -> DomainError | None:
    """Return why nothing can be refunded, or None."""
    if payment.status not in rules.SETTLED:
        return errors.NOT_PAID(reference=payment.reference)
    left = await refund_payment.get_refundable_amount(db, payment)
    if left == 0:
        return errors.REFUND_TOO_MUCH(left=Rupiah(0))
    return None


async def _context(db: AsyncSession, payment: Payment, ctx: RequestContext) -> dict[str, Any]:
    left = await refund_payment.get_refundable_amount(db, payment)
    held = payment.applied_to == "purpose" and await get_purpose(payment.purpose).is_unfulfilled(db, payment)
    methods = [
        (name, *officer_labels.refund_destination_label(name, payment.method, ctx))
        for name in refund_payment.list_refund_destinations(payment)
    ]
    failed = {
        each.destination for each in await queries.list_refunds(db, payment.id) if each.status == "failed"
    }
    # propose a destination that has not failed yet
    proposed = next((name for name, *_ in methods if name not in failed), methods[0][0] if methods else "")
    return {
        "payment": payment,
        "left": left,
        "held": held,
        "subject_href": await get_subject_pages(payment.purpose).backoffice_url(
            as_reader(db), payment.subject_id
        ),
        "refund_destinations": methods,
        "proposed": proposed,
        "start": {"amount": formats.number(left), "destination": proposed, "reason": ""},
        "key": str(new_id()),
        "home": f"{HOME}/{payment.reference}",
    }


def _sentence(payment: Payment, sent: RefundForm, ctx: RequestContext) -> str:
    """Return the sentence that says what the refund does."""
    say = get_translations(ctx.lang).gettext
    params = {
        "amount": formats.rupiah(sent.amount, ctx.lang),
        "name": payment.payer_name,
        "label": payment.label.localize(ctx.lang),
        "method": officer_labels.method_name(payment.method, ctx),
    }
    if sent.destination == "wallet":
        return say("%(amount)s dari %(label)s masuk ke dompet %(name)s.") % params
    if sent.destination == "by_hand":
        if payment.method == "cash":
            return say("%(amount)s dari %(label)s dikembalikan tunai dari kas kepada %(name)s.") % params
        return (
            say("%(amount)s dari %(label)s sudah Anda transfer dari rekening koperasi kepada %(name)s.")
            % params
        )
    return say("%(amount)s dari %(label)s dikembalikan kepada %(name)s lewat %(method)s.") % params


routes: Final[list[Any]] = [show_refund_form, preview_refund, submit_refund]
