"""What an officer does about a refund that its provider has not done yet."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kernel import clock, formats
from kernel.database import Reader, as_reader
from payments import calling
from payments.officer import payment_queries as office_queries
from payments.officer import payment_told as office_told
from payments.officer import pending_refunds, refund_errors
from payments.officer.payment_pages import HOME, ONE, PLACE, find
from payments.officer.payment_queries import PaymentView, RefundView
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

REFUND: Final = ONE + "/pengembalian/{refund_id:uuid}"
CONFIRM: Final = "payments/refund_told.html"


@post(REFUND + "/pertanyaan", guards=[require_officer])
async def ask_about_refund(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    reference: FromPath[str],
    refund_id: FromPath[UUID],
) -> Response[Any]:
    """Ask the provider about a refund once more."""
    async with coop_reader(database, tenant) as ro:
        context = await office_told.payment_context(ro, ctx, await find(ro, reference))
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error("payments/office_payment.html", active_menu=PLACE, **context):
        with calling.as_refusal():
            state = await pending_refunds.ask_again(database, tenant, context["payment"].reference, refund_id)
    say = get_translations(ctx.lang).gettext
    told = {
        "done": say("Penyedianya sudah mengembalikan uangnya, dan sekarang tercatat."),
        "failed": say("Penyedianya tidak mengembalikan uang ini. Kembalikan dengan jalan lain."),
    }.get(state, say("Menurut penyedianya pengembalian ini masih berjalan."))
    return see_other(f"{HOME}/{context['payment'].reference}", flash=told)


@get(REFUND + "/penyelesaian", guards=[require_officer])
async def confirm_refund(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    reference: FromPath[str],
    refund_id: FromPath[UUID],
) -> Response[Any]:
    """Say in one sentence what an officer's word will do."""
    payment, refund = await _refund(ro, reference, refund_id)
    if not pending_refunds.can_be_told(refund.state, refund.asked_at, clock.now()):
        return see_other(f"{HOME}/{payment.reference}")
    return render_page(request, CONFIRM, active_menu=PLACE, form=None, **_context(payment, refund, ctx))


@post(REFUND + "/penyelesaian", guards=[require_officer])
async def take_word(
    request: AnyRequest,
    db: Db,
    ctx: CurrentContext,
    viewer: CurrentUser,
    reference: FromPath[str],
    refund_id: FromPath[UUID],
) -> Response[Any]:
    """Book it by the officer's word."""
    payment, refund = await _refund(as_reader(db), reference, refund_id)
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error(CONFIRM, active_menu=PLACE, **_context(payment, refund, ctx)):
        day = clock.today(ctx.brand.timezone)
        await pending_refunds.take_word(db, viewer.as_officer(), payment.reference, refund_id, on=day)
    say = get_translations(ctx.lang).gettext
    return see_other(f"{HOME}/{payment.reference}", flash=say("Pengembalian sudah dicatat."))


async def _refund(ro: Reader, reference: str, refund_id: UUID) -> tuple[PaymentView, RefundView]:
    payment = await find(ro, reference)
    refund = next(
        (each for each in await office_queries.refunds(ro, payment.id) if each.id == refund_id), None
    )
    if refund is None:
        raise refund_errors.NO_SUCH_REFUND()
    return payment, refund


def _context(payment: PaymentView, refund: RefundView, ctx: RequestContext) -> dict[str, Any]:
    say = get_translations(ctx.lang).gettext
    facts = {
        "amount": formats.rupiah(refund.amount, ctx.lang),
        "label": payment.label,
        "name": payment.payer_name,
        "way": provider_of(payment.way).capabilities().company,
    }
    sentence = (
        say("Menurut layar %(way)s, %(amount)s dari %(label)s sudah dikembalikan kepada %(name)s.") % facts
    )
    home = f"{HOME}/{payment.reference}"
    return {
        "payment": payment,
        "sentence": sentence,
        "home": home,
        "path": f"{home}/pengembalian/{refund.id}",
    }


routes: Final[list[Any]] = [ask_about_refund, confirm_refund, take_word]
