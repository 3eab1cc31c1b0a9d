"""A member's credit: what they may owe and do owe, paying it off, what is deducted from their pay, and the
PIN by which they agree.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post

from governance.queries import get_bylaws_on
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RECEIVABLES, PAYROLL_RECEIVABLES
from payments import own_purposes
from payments.credit import queries as credit_queries
from payments.payer import paying_in
from payments.payer import queries as pay_queries
from payments.payer.changing_pin import change_pin
from payments.payer.choosing import pay_in_choices
from payments.payer.forms import PayInForm, PinForm
from payments.payer.wallet_pages import confirming
from payments.rules import pin_waits_until
from tenants.registry import TenantRef
from tenants.session import coop_reader
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    Db,
    RequestContext,
    Ro,
    read_form,
    render_page,
    require_member,
    see_other,
)
from ui.translations import get_translations

TEMPLATE: Final = "payments/kasbon_pay.html"
PIN_TEMPLATE: Final = "payments/kasbon_pin.html"


@get("/anggota/kasbon", guards=[require_member])
async def kasbon_page(request: AnyRequest, ro: Ro, viewer: CurrentUser) -> Response[bytes]:
    """Show what I may owe, what I owe, and what of it my employer is asked for."""
    assert viewer.member_id is not None  # the guard saw to it
    terms = await credit_queries.credit_of(ro, viewer.member_id)
    owed = int(await paying_in.owed_on_kasbon(ro, viewer.member_id))
    on_payroll = await ledger_queries.get_balance(ro, PAYROLL_RECEIVABLES, viewer.member_id)
    return render_page(
        request,
        "payments/kasbon.html",
        active_menu="akun",
        terms=terms,
        granted=terms.kasbon_limit > 0 or owed != 0,
        owed=owed,
        left=max(0, terms.kasbon_limit - owed),
        on_payroll=on_payroll,
        payroll_granted=terms.payroll_limit > 0 or on_payroll != 0,
        under_way=await pay_queries.deductions_under_way(ro, viewer.member_id),
        movements=await pay_queries.movements(ro, MEMBER_RECEIVABLES, viewer.member_id),
        waiting=await pay_queries.waiting(ro, [own_purposes.REPAYMENT], viewer.member_id, clock.now()),
    )


@get("/anggota/kasbon/bayar", guards=[require_member])
async def repay_page(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser
) -> Response[Any]:
    """Ask how much of it to pay off, and how."""
    assert viewer.member_id is not None
    context = await _context(ro, ctx, tenant, viewer.member_id)
    if context["owed"] <= 0:
        return see_other("/anggota/kasbon")
    return render_page(request, TEMPLATE, form=None, **context)


@post("/anggota/kasbon/bayar", guards=[require_member], status_code=200)
async def take_repayment(
    request: AnyRequest, db: Db, ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser
) -> Response[Any]:
    """Say in a sentence what will happen; once confirmed, open the payment and lead to it."""
    assert viewer.member_id is not None
    form = await read_form(request, PayInForm)
    context = await _context(as_reader(db), ctx, tenant, viewer.member_id)
    async with form.rerender_on_error(TEMPLATE, **context):
        sent = form.data
        before = await paying_in.opened_before(db, own_purposes.REPAYMENT, viewer.member_id, sent.key)
        if before is not None:
            return see_other(f"/bayar/{before.reference}")
        await paying_in.require_owed(db, viewer.member_id, sent.amount)
        offer = paying_in.require_offer(context["offers"], sent.payment_way, sent.amount)
        if not sent.confirmed:
            asked = confirming(ctx, own_purposes.REPAYMENT, sent, offer, context)
            return render_page(request, "payments/pay_in_confirm.html", **asked)
        payment = await paying_in.open_pay_in(
            db,
            viewer.as_member(),
            own_purposes.REPAYMENT,
            viewer.member_id,
            sent.amount,
            sent.payment_way,
            key=sent.key,
            on=clock.today(ctx.brand.timezone),
        )
    return see_other(f"/bayar/{payment.reference}")


@get("/anggota/kasbon/pin", guards=[require_member])
async def pin_page(request: AnyRequest, ro: Ro, viewer: CurrentUser) -> Response[bytes]:
    """Ask for a PIN and the password."""
    assert viewer.member_id is not None
    return render_page(request, PIN_TEMPLATE, form=None, **await _pin_context(ro, viewer.member_id))


@post("/anggota/kasbon/pin", guards=[require_member])
async def take_pin(
    request: AnyRequest,
    ctx: CurrentContext,
    database: CurrentDatabase,
    tenant: CurrentTenant,
    viewer: CurrentUser,
) -> Response[Any]:
    """Set the PIN."""
    assert viewer.member_id is not None
    form = await read_form(request, PinForm)
    async with coop_reader(database, tenant) as ro:
        context = await _pin_context(ro, viewer.member_id)
    async with form.rerender_on_error(PIN_TEMPLATE, **context):
        await change_pin(
            database,
            tenant,
            viewer.as_member(),
            viewer.member_id,
            pin=form.data.pin,
            again=form.data.again,
            password=form.data.own_password,
            client_ip=ctx.client_ip,
        )
    return see_other(
        "/anggota/kasbon",
        flash=get_translations(ctx.lang).gettext("PIN disimpan. Pakai untuk menyetujui kasbon."),
    )


async def _pin_context(ro: Reader, member_id: UUID) -> dict[str, Any]:
    return {
        "active_menu": "akun",
        "has_pin": (await credit_queries.credit_of(ro, member_id)).has_pin,
        "waits_until": pin_waits_until(await credit_queries.code_used_at(ro, member_id), clock.now()),
    }


async def _context(ro: Reader, ctx: RequestContext, tenant: TenantRef, member_id: UUID) -> dict[str, Any]:
    bylaws = (await get_bylaws_on(ro, clock.today(ctx.brand.timezone))).bylaws
    offered = await paying_in.ways_in(ro, tenant, bylaws, own_purposes.REPAYMENT, member_id)
    return {
        "active_menu": "akun",
        "offers": offered,
        "choices": pay_in_choices(offered, ctx),
        "owed": int(max(Rupiah(0), await paying_in.owed_on_kasbon(ro, member_id))),
        "tail": bylaws.transfer_tail != "none",
        "key": new_id(),
    }


routes: Final[list[Any]] = [kasbon_page, repay_page, take_repayment, pin_page, take_pin]
