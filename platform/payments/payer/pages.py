"""Where a payment is paid: its amount, its way, its state.

For anybody who has the address, which nobody can guess; it names nobody.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from governance.queries import get_bylaws_on
from governance.rules import PAYMENT_METHOD_NAMES
from kernel import clock
from kernel.actor import VISITOR
from kernel.database import Database, Reader
from kernel.errors import DomainError
from members.login_throttle import count_from_network
from payments import calling, errors, own_purposes
from payments.credit.terms import ON_CREDIT
from payments.payer import queries as pay_queries
from payments.payer.queries import PaymentView
from payments.payer.saying import say_paid
from payments.payer.states import (
    CAN_CHANGE,
    SETTLED,
    STATE_NAMES,
    account_number,
    amount_parts,
    mark_of,
    may_lead_to,
    seconds_left,
    state_of,
    state_words,
)
from payments.provider import ProviderFault, provider_of
from payments.providers import qris_picture
from payments.subject_pages import pages_of
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    EmptyForm,
    RequestContext,
    Ro,
    read_form,
    render_page,
    see_other,
)
from ui.translations import get_translations

# A village shares one address behind its provider.
ASKS: Final = 60
ASKS_WINDOW: Final = timedelta(minutes=15)
# Who comes back from the provider's page and presses nothing asks at most this often.
ASKED_LATELY: Final = timedelta(seconds=10)
_OWN: Final = (own_purposes.TOP_UP, own_purposes.REPAYMENT, own_purposes.TRIAL)
_NOTHING_SHOWN: Final = dict.fromkeys(("account", "qr", "merchant", "nmid", "va_bank", "va_number"), "")
_PICTURE: Final = {"Cache-Control": "private, max-age=3600"}


@get("/bayar/{reference:str}")
async def pay_page(
    request: AnyRequest,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    reference: FromPath[str],
) -> Response[bytes]:
    """Show a payment.

    Who comes back from the provider's own page has the provider asked at once, so that the page is true.
    """
    if request.scope["query_string"]:
        await _ask_on_return(database, tenant, ctx, reference)
    async with coop_reader(database, tenant) as ro:
        context = await _context(ro, ctx, reference)
    paid_there = request.query_params.get("hasil") == "selesai"
    return render_page(request, "payments/pay.html", form=None, paid_there=paid_there, **context)


@get("/bayar/{reference:str}/keadaan")
async def pay_state(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, reference: FromPath[str], tanda: FromQuery[str] = ""
) -> Response[Any]:
    """Answer a page that waits: nothing while all is as it was, else what it shows now."""
    if request.headers.get("hx-request") != "true":
        return see_other(f"/bayar/{reference}")
    context = await _context(ro, ctx, reference)
    if tanda == context["mark"]:
        return Response(None, status_code=204)
    response = render_page(request, "payments/pay.html", block="payment", form=None, **context)
    label = f"{context['payment'].label}: {STATE_NAMES[context['state']].localize(ctx.lang)}"
    # said aloud: nobody pressed anything
    response.headers["HX-Trigger"] = json.dumps({"lumbung:say": {"text": label}})
    return response


@post("/bayar/{reference:str}/mulai")
async def start_paying(
    request: AnyRequest,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    reference: FromPath[str],
) -> Response[Any]:
    """Start the payment at its provider, and lead there."""
    form = await read_form(request, EmptyForm)
    await _count(database, tenant, ctx)
    async with coop_reader(database, tenant) as ro:
        context = await _context(ro, ctx, reference)
    async with form.rerender_on_error("payments/pay.html", **context):
        if context["settles"] == "provider":
            origin = f"{'https' if ctx.is_secure else 'http'}://{request.headers['host']}"
            await calling.start(database, tenant, reference, origin=origin)
    return see_other(f"/bayar/{reference}/lanjut")


@get("/bayar/{reference:str}/lanjut")
async def onward_page(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, reference: FromPath[str]
) -> Response[Any]:
    """Lead to the provider's page.

    It is a page of its own, since a form may not end on another host (our content security policy).
    """
    payment = await _payment(ro, reference)
    if state_of(payment, clock.now()) != "awaiting" or not _leads(ctx, payment):
        return see_other(f"/bayar/{reference}")
    return render_page(request, "payments/pay_onward.html", payment=payment, provider=_provider_name(payment))


@post("/bayar/{reference:str}/periksa")
async def look_again(
    request: AnyRequest,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    reference: FromPath[str],
) -> Response[Any]:
    """Look into it because the payer says that they have paid: ask the provider, or say who looks."""
    form = await read_form(request, EmptyForm)
    await _count(database, tenant, ctx)
    async with coop_reader(database, tenant) as ro:
        context = await _context(ro, ctx, reference)
    if context["settles"] == "provider":
        async with form.rerender_on_error("payments/pay.html", **context):
            told = await _ask_provider(database, tenant, ctx, context)
    else:
        told = await _take_word(database, tenant, ctx, context)
    return see_other(f"/bayar/{reference}", flash=told)


async def _ask_provider(
    database: Database, tenant: TenantRef, ctx: RequestContext, context: dict[str, Any]
) -> str | None:
    """Read the state from the provider; return what to tell a payer whose money it has not seen."""
    with calling.as_refusal():
        outcome = await calling.look(database, tenant, context["payment"].reference)
    say = get_translations(ctx.lang).gettext
    waits = say("Belum ada kabar pembayaran dari %(provider)s. Biasanya hanya beberapa menit.") % {
        "provider": context["provider"]
    }
    return waits if outcome == "awaiting" else None


async def _take_word(
    database: Database, tenant: TenantRef, ctx: RequestContext, context: dict[str, Any]
) -> str | None:
    """Write down for the officers that the payer says so."""
    if context["state"] not in CAN_CHANGE:
        return None
    viewer = ctx.viewer
    actor = viewer.as_member() if viewer is not None and viewer.member_id is not None else VISITOR
    async with coop_session(database, tenant) as db:
        await say_paid(db, actor, context["payment"].reference)
    return get_translations(ctx.lang).gettext(
        "Terima kasih. Pengurus memeriksanya; halaman ini berubah begitu uang Anda terlihat."
    )


@get("/bayar/{reference:str}/qris.png")
async def qris_image(ro: Ro, reference: FromPath[str]) -> Response[bytes]:
    """Give the QR as a picture to keep: who pays from the phone that shows it opens the picture in the bank's
    app.
    """
    payment = await _payment(ro, reference)
    payload = payment.shown.get("qr")
    if not payload or state_of(payment, clock.now()) != "awaiting":
        raise errors.NO_SUCH_PAYMENT()
    headers = _PICTURE | {"Content-Disposition": f'attachment; filename="qris-{payment.reference}.png"'}
    return Response(qris_picture.png(str(payload)), media_type="image/png", headers=headers)


async def _ask_on_return(database: Database, tenant: TenantRef, ctx: RequestContext, reference: str) -> None:
    """Read the state from the provider, unless that was done just now; a provider that does not answer
    changes nothing.
    """
    async with coop_reader(database, tenant) as ro:
        payment = await _payment(ro, reference)
    now = clock.now()
    waits = payment.status == "awaiting" and payment.redirect_url is not None
    if not waits or (payment.checked_at is not None and payment.checked_at > now - ASKED_LATELY):
        return
    try:
        await _count(database, tenant, ctx)
        await calling.look(database, tenant, reference)
    except (ProviderFault, DomainError):
        return


async def _count(database: Database, tenant: TenantRef, ctx: RequestContext) -> None:
    await count_from_network(database, tenant, "payment", ctx.client_ip, limit=ASKS, window=ASKS_WINDOW)


async def _payment(ro: Reader, reference: str) -> PaymentView:
    found = await pay_queries.payment(ro, reference)
    if found is None:
        raise errors.NO_SUCH_PAYMENT()
    return found


async def _context(ro: Reader, ctx: RequestContext, reference: str) -> dict[str, Any]:
    """All that the page of a payment tells. Raises DomainError payments.no_such_payment."""
    payment = await _payment(ro, reference)
    now = clock.now()
    state = state_of(payment, now)
    refunds = await pay_queries.refunds(ro, payment.id)
    pages = pages_of(payment.purpose)
    of_member = payment.member_id is not None
    qr = payment.shown.get("qr") if state == "awaiting" else None
    newer = None
    if payment.purpose not in _OWN and payment.settled_at is None:
        newer = await pay_queries.opened_after(ro, payment.purpose, payment.subject_id, payment.id)
    other = None
    if payment.settled_at is None and newer is None:
        other = await pages.other_way(ro, payment.subject_id, ctx, of_member=of_member)
    bylaws = (await get_bylaws_on(ro, clock.today(ctx.brand.timezone))).bylaws
    return {
        "payment": payment,
        "state": state,
        "mark_words": state_words(state, ctx.lang),
        "settled": state in SETTLED,
        "waits": state in CAN_CHANGE,
        "on_credit": ON_CREDIT,
        "mark": mark_of(payment, refunds, now),
        "left": seconds_left(payment, now),
        "settles": provider_of(payment.way).capabilities().settles,
        "way_name": PAYMENT_METHOD_NAMES[payment.way].localize(ctx.lang),
        "provider": _provider_name(payment),
        "leads": _leads(ctx, payment),
        "shown": _NOTHING_SHOWN | payment.shown,
        "account_number": account_number(str(payment.shown.get("account", ""))),
        "amount_parts": amount_parts(payment, ctx.lang),
        "qr": _drawn(str(qr), ctx) if qr else None,
        "refunds": refunds,
        "pending": sum(each.amount for each in refunds if each.state == "pending"),
        "subject": await pages.address(ro, payment.subject_id, ctx, of_member=of_member),
        "other": other,
        "newer": newer,
        "tail_goes": bylaws.transfer_tail if of_member or bylaws.transfer_tail != "savings" else "income",
    }


def _drawn(payload: str, ctx: RequestContext) -> Markup | None:
    """The QR as a picture of the page; None for a payload that is none of ours to draw."""
    try:
        return Markup(qris_picture.svg(payload, ctx.lang))  # noqa: S704 - drawn by segno, which escapes its title
    except DomainError:
        return None


def _leads(ctx: RequestContext, payment: PaymentView) -> bool:
    """Whether there is a page of the provider that we lead to."""
    return may_lead_to(payment.redirect_url, ctx.database.settings.fake_gateway_url(payment.way))


def _provider_name(payment: PaymentView) -> str:
    return provider_of(payment.way).capabilities().company


routes: Final[list[Any]] = [pay_page, pay_state, start_paying, onward_page, look_again, qris_image]
