"""Officers' pages of a pending refund."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from gateways.protocol import get_provider
from kernel import clock, formats
from kernel.database import Reader, as_reader
from kernel.translations import get_translations
from payments import errors, officer_queries, officer_view_models, provider_calls, resolve_pending_refund
from payments.officer_pages import HOME, ONE, PLACE, require_payment
from payments.officer_queries import OfficerPaymentView, OfficerRefundView
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

REFUND: Final = ONE + "/pengembalian/{refund_id:uuid}"
CONFIRM: Final = "payments/refund_manual_confirm.html"


@post(REFUND + "/pertanyaan", guards=[may("payments.refund")], opt=WHEN_READ_ONLY)
async def submit_refund_check(
    request: AnyRequest,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    ctx: CurrentContext,
    reference: FromPath[str],
    refund_id: FromPath[UUID],
) -> Response[Any]:
    """Poll the provider about a refund."""
    async with coop_reader(database, tenant) as ro:
        context = await officer_view_models.build_payment_context(
            ro, ctx, await require_payment(ro, reference)
        )
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error("payments/office_payment.html", active_menu=PLACE, **context):
        with provider_calls.translate_provider_errors():
            state = await resolve_pending_refund.sync_refund(
                database, tenant, context["payment"].reference, refund_id
            )
    say = get_translations(ctx.lang).gettext
    message = {
        "done": say("Penyedianya sudah mengembalikan uangnya, dan sekarang tercatat."),
        "failed": say("Penyedianya tidak mengembalikan uang ini. Kembalikan dengan jalan lain."),
    }.get(state, say("Menurut penyedianya pengembalian ini masih berjalan."))
    return see_other(f"{HOME}/{context['payment'].reference}", flash=message)


@get(REFUND + "/penyelesaian", guards=[may("payments.refund")])
async def show_refund_confirmation(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    reference: FromPath[str],
    refund_id: FromPath[UUID],
) -> Response[Any]:
    """Show the page that asks to confirm that the provider made the refund."""
    payment, refund = await _require_refund(ro, reference, refund_id)
    if not resolve_pending_refund.can_confirm_manually(refund.status, refund.requested_at, clock.now()):
        return see_other(f"{HOME}/{payment.reference}")
    return render_page(request, CONFIRM, active_menu=PLACE, form=None, **_context(payment, refund, ctx))


@post(REFUND + "/penyelesaian", guards=[may("payments.refund")], opt=WHEN_READ_ONLY)
async def submit_refund_confirmation(
    request: AnyRequest,
    db: Db,
    ctx: CurrentContext,
    viewer: CurrentUser,
    reference: FromPath[str],
    refund_id: FromPath[UUID],
) -> Response[Any]:
    """Book the refund because an officer confirms it."""
    payment, refund = await _require_refund(as_reader(db), reference, refund_id)
    form = await read_form(request, EmptyForm)
    async with form.rerender_on_error(CONFIRM, active_menu=PLACE, **_context(payment, refund, ctx)):
        day = clock.today(ctx.brand.timezone)
        await resolve_pending_refund.confirm_refund(
            db, viewer.as_officer(), payment.reference, refund_id, on=day
        )
    say = get_translations(ctx.lang).gettext
    return see_other(f"{HOME}/{payment.reference}", flash=say("Pengembalian sudah dicatat."))


async def _require_refund(
    ro: Reader, reference: str, refund_id: UUID
) -> tuple[OfficerPaymentView, OfficerRefundView]:
    payment = await require_payment(ro, reference)
    refund = next(
        (each for each in await officer_queries.list_refunds(ro, payment.id) if each.id == refund_id), None
    )
    if refund is None:
        raise errors.NO_SUCH_REFUND()
    return payment, refund


def _context(payment: OfficerPaymentView, refund: OfficerRefundView, ctx: RequestContext) -> dict[str, Any]:
    say = get_translations(ctx.lang).gettext
    params = {
        "amount": formats.rupiah(refund.amount, ctx.lang),
        "label": payment.label.localize(ctx.lang),
        "name": payment.payer_name,
        "method": get_provider(payment.method).capabilities().company_name,
    }
    sentence = (
        say("Menurut layar %(method)s, %(amount)s dari %(label)s sudah dikembalikan kepada %(name)s.")
        % params
    )
    home = f"{HOME}/{payment.reference}"
    return {
        "payment": payment,
        "sentence": sentence,
        "home": home,
        "path": f"{home}/pengembalian/{refund.id}",
    }


routes: Final[list[Any]] = [submit_refund_check, show_refund_confirmation, submit_refund_confirmation]
