"""The page on which a payment is paid: amount, method, status.

Anybody with its URL may open it; the URL cannot be guessed, and the page shows no name.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from gateways import qris_renderer
from gateways.protocol import ProviderError, get_provider
from governance.queries import get_bylaws_on
from governance.rules import PAYMENT_METHOD_NAMES
from kernel import clock
from kernel.actor import VISITOR
from kernel.database import Database, Reader
from kernel.errors import DomainError
from kernel.translations import get_translations
from members.login_throttle import count_from_network
from payments import builtin_purposes, errors, payer_queries, provider_calls, state_machine
from payments.member_funds import CREDIT_METHODS
from payments.payer_queries import PayerPaymentView
from payments.payer_status import (
    PENDING_STATUSES,
    SETTLED_STATUSES,
    extract_account_number,
    is_allowed_redirect,
    payer_status,
    seconds_left,
    split_amount,
    status_badge,
    view_version,
)
from payments.rules import STATUS_LABELS
from payments.subject_pages import get_subject_pages
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    EmptyForm,
    Form,
    RequestContext,
    Ro,
    read_form,
    render_page,
    see_other,
)
from ui.guards import PUBLIC, WHEN_READ_ONLY

# A whole village may share one IP address behind its internet provider.
MAX_STATUS_CHECKS: Final = 60
STATUS_CHECKS_WINDOW: Final = timedelta(minutes=15)
# Returning payers trigger a status check at most this often.
MIN_CHECK_INTERVAL: Final = timedelta(seconds=10)
_BUILTIN_PURPOSES: Final = (builtin_purposes.TOP_UP, builtin_purposes.REPAYMENT, builtin_purposes.TRIAL)
_EMPTY_INSTRUCTIONS: Final = dict.fromkeys(("account", "qr", "merchant", "nmid", "va_bank", "va_number"), "")
_IMAGE_HEADERS: Final = {"Cache-Control": "private, max-age=3600"}


@get("/bayar/{reference:str}", opt=PUBLIC)
async def show_payment(
    request: AnyRequest,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    reference: FromPath[str],
) -> Response[bytes]:
    """Show a payment.

    For a payer who returns from the provider, the status is fetched first, so that the page is current.
    """
    if request.scope["query_string"]:
        await _sync_on_return(database, tenant, ctx, reference)
    async with coop_reader(database, tenant) as ro:
        context = await _context(ro, ctx, reference)
    paid_there = request.query_params.get("hasil") == "selesai"
    return render_page(request, "payments/pay.html", form=None, paid_there=paid_there, **context)


@get("/bayar/{reference:str}/keadaan", opt=PUBLIC)
async def show_status(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, reference: FromPath[str], tanda: FromQuery[str] = ""
) -> Response[Any]:
    """Answer a polling page: 204 while nothing changed, else the new content."""
    if request.headers.get("hx-request") != "true":
        return see_other(f"/bayar/{reference}")
    context = await _context(ro, ctx, reference)
    if tanda == context["view_version"]:
        return Response(None, status_code=204)
    response = render_page(request, "payments/pay.html", block="payment", form=None, **context)
    said = context["payment"].label.localize(ctx.lang), STATUS_LABELS[context["state"]].localize(ctx.lang)
    # announced to screen readers, since the user triggered nothing
    response.headers["HX-Trigger"] = json.dumps({"lumbung:say": {"text": ": ".join(said)}})
    return response


@post("/bayar/{reference:str}/mulai", opt=PUBLIC | WHEN_READ_ONLY)
async def submit_payment_start(
    request: AnyRequest,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    reference: FromPath[str],
) -> Response[Any]:
    """Start the payment at its provider and redirect to the redirect page."""
    form, context = await _read_button(request, ctx, database, tenant, reference)
    async with form.rerender_on_error("payments/pay.html", **context):
        if context["settles"] == "provider":
            origin = f"{'https' if ctx.is_secure else 'http'}://{request.headers['host']}"
            await provider_calls.start_payment(database, tenant, reference, origin=origin)
    return see_other(f"/bayar/{reference}/lanjut")


@get("/bayar/{reference:str}/lanjut", opt=PUBLIC)
async def show_redirect(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, reference: FromPath[str]
) -> Response[Any]:
    """Show the page that leads to the provider.

    It is a page of its own because our content security policy forbids a form to end on another host.
    """
    payment = await _require_payment(ro, reference)
    if payer_status(payment, clock.now()) != "awaiting" or not _can_redirect(ctx, payment):
        return see_other(f"/bayar/{reference}")
    return render_page(request, "payments/pay_onward.html", payment=payment, provider=_provider_name(payment))


@post("/bayar/{reference:str}/periksa", opt=PUBLIC | WHEN_READ_ONLY)
async def submit_status_check(
    request: AnyRequest,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    reference: FromPath[str],
) -> Response[Any]:
    """Handle a payer's claim to have paid: ask the provider, or record it for the officers."""
    form, context = await _read_button(request, ctx, database, tenant, reference)
    if context["settles"] == "provider":
        async with form.rerender_on_error("payments/pay.html", **context):
            message = await _sync_with_provider(database, tenant, ctx, context)
    else:
        message = await _record_claim(database, tenant, ctx, context)
    return see_other(f"/bayar/{reference}", flash=message)


async def _sync_with_provider(
    database: Database, tenant: TenantRef, ctx: RequestContext, context: dict[str, Any]
) -> str | None:
    """Fetch the status from the provider; return the message for a payer whose money has not arrived."""
    with provider_calls.translate_provider_errors():
        outcome = await provider_calls.sync_status(database, tenant, context["payment"].reference)
    say = get_translations(ctx.lang).gettext
    waits = say("Belum ada kabar pembayaran dari %(provider)s. Biasanya hanya beberapa menit.") % {
        "provider": context["provider"]
    }
    return waits if outcome == "awaiting" else None


async def _record_claim(
    database: Database, tenant: TenantRef, ctx: RequestContext, context: dict[str, Any]
) -> str | None:
    """Record the payer's claim for the officers; return the message for the payer."""
    if context["state"] not in PENDING_STATUSES:
        return None
    viewer = ctx.viewer
    actor = viewer.as_member() if viewer is not None and viewer.member_id is not None else VISITOR
    async with coop_session(database, tenant) as db:
        await state_machine.record_payer_claim(db, actor, context["payment"].reference)
    return get_translations(ctx.lang).gettext(
        "Terima kasih. Pengurus memeriksanya; halaman ini berubah begitu uang Anda terlihat."
    )


@get("/bayar/{reference:str}/qris.png", opt=PUBLIC)
async def show_qris_image(ro: Ro, reference: FromPath[str]) -> Response[bytes]:
    """Return the QR code as a PNG download, which the payer can open in the bank's app on the same phone."""
    payment = await _require_payment(ro, reference)
    payload = payment.instructions.get("qr")
    if not payload or payer_status(payment, clock.now()) != "awaiting":
        raise errors.NO_SUCH_PAYMENT()
    headers = _IMAGE_HEADERS | {"Content-Disposition": f'attachment; filename="qris-{payment.reference}.png"'}
    return Response(qris_renderer.render_png(str(payload)), media_type="image/png", headers=headers)


async def _sync_on_return(database: Database, tenant: TenantRef, ctx: RequestContext, reference: str) -> None:
    """Fetch the status unless that was done just now; an unreachable provider changes nothing."""
    async with coop_reader(database, tenant) as ro:
        payment = await _require_payment(ro, reference)
    now = clock.now()
    waits = payment.status == "awaiting" and payment.redirect_url is not None
    if not waits or (payment.checked_at is not None and payment.checked_at > now - MIN_CHECK_INTERVAL):
        return
    try:
        await _throttle(database, tenant, ctx)
        await provider_calls.sync_status(database, tenant, reference)
    except (ProviderError, DomainError):
        return


async def _read_button(
    request: AnyRequest, ctx: RequestContext, database: Database, tenant: TenantRef, reference: str
) -> tuple[Form[EmptyForm], dict[str, Any]]:
    """Read a button of the payment's page and count it; return its form and the page's context."""
    form = await read_form(request, EmptyForm)
    await _throttle(database, tenant, ctx)
    async with coop_reader(database, tenant) as ro:
        return form, await _context(ro, ctx, reference)


async def _throttle(database: Database, tenant: TenantRef, ctx: RequestContext) -> None:
    await count_from_network(
        database, tenant, "payment", ctx.client_ip, limit=MAX_STATUS_CHECKS, window=STATUS_CHECKS_WINDOW
    )


async def _require_payment(ro: Reader, reference: str) -> PayerPaymentView:
    found = await payer_queries.find_payment(ro, reference)
    if found is None:
        raise errors.NO_SUCH_PAYMENT()
    return found


async def _context(ro: Reader, ctx: RequestContext, reference: str) -> dict[str, Any]:
    """Return the template context of a payment's page. Raises DomainError payments.no_such_payment."""
    payment = await _require_payment(ro, reference)
    now = clock.now()
    state = payer_status(payment, now)
    refunds = await payer_queries.list_refunds(ro, payment.id)
    pages = get_subject_pages(payment.purpose)
    of_member = payment.member_id is not None
    qr = payment.instructions.get("qr") if state == "awaiting" else None
    newer = None
    if payment.purpose not in _BUILTIN_PURPOSES and payment.settled_at is None:
        newer = await payer_queries.find_newer_payment(ro, payment.purpose, payment.subject_id, payment.id)
    other = None
    if payment.settled_at is None and newer is None:
        other = await pages.change_method_url(ro, payment.subject_id, ctx, of_member=of_member)
    bylaws = (await get_bylaws_on(ro, clock.today(ctx.brand.timezone))).bylaws
    return {
        "payment": payment,
        "state": state,
        "status_badge": status_badge(state, ctx.lang),
        "settled": state in SETTLED_STATUSES,
        "is_pending": state in PENDING_STATUSES,
        "on_credit": CREDIT_METHODS,
        "view_version": view_version(payment, refunds, now),
        "seconds_left": seconds_left(payment, now),
        "settles": get_provider(payment.method).capabilities().confirmed_by,
        "method_name": PAYMENT_METHOD_NAMES[payment.method].localize(ctx.lang),
        "provider": _provider_name(payment),
        "can_redirect": _can_redirect(ctx, payment),
        "instructions": _EMPTY_INSTRUCTIONS | payment.instructions,
        "account_number": extract_account_number(str(payment.instructions.get("account", ""))),
        "amount_parts": split_amount(payment, ctx.lang),
        "qr": _render_qr(str(qr), ctx) if qr else None,
        "refunds": refunds,
        "pending": sum(each.amount for each in refunds if each.status == "pending"),
        "subject": await pages.page_url(ro, payment.subject_id, ctx, of_member=of_member),
        "other": other,
        "newer": newer,
        "suffix_destination": bylaws.transfer_suffix
        if of_member or bylaws.transfer_suffix != "savings"
        else "income",
    }


def _render_qr(payload: str, ctx: RequestContext) -> Markup | None:
    """Return the QR code as SVG; None for a payload that we cannot render."""
    try:
        return Markup(qris_renderer.render_svg(payload, ctx.lang))  # noqa: S704 - drawn by segno, which escapes its title
    except DomainError:
        return None


def _can_redirect(ctx: RequestContext, payment: PayerPaymentView) -> bool:
    """Return whether there is a provider page that we may redirect to."""
    return is_allowed_redirect(payment.redirect_url, ctx.database.settings.fake_gateway_url(payment.method))


def _provider_name(payment: PayerPaymentView) -> str:
    return get_provider(payment.method).capabilities().company_name


routes: Final[list[Any]] = [
    show_payment,
    show_status,
    submit_payment_start,
    show_redirect,
    submit_status_check,
    show_qris_image,
]
