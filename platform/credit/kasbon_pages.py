"""A member's own credit pages: limits, debts, repayment, payroll deductions, PIN."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post

from credit import credit_queries
from credit.change_pin import change_pin
from governance.queries import get_bylaws_on
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.translations import get_translations
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RECEIVABLES, PAYROLL_RECEIVABLES
from payments import builtin_purposes, open_pay_in, payer_queries
from payments.forms import PayInForm, PinForm
from payments.method_choices import pay_in_choices
from payments.rules import pin_blocked_until
from payments.wallet_pages import pay_in_confirmation
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
from ui.guards import WHEN_READ_ONLY

TEMPLATE: Final = "payments/kasbon_pay.html"
PIN_TEMPLATE: Final = "payments/kasbon_pin.html"


@get("/anggota/kasbon", guards=[require_member])
async def show_kasbon(request: AnyRequest, ro: Ro, viewer: CurrentUser) -> Response[bytes]:
    """Show the member's limits, debts, and pending payroll deductions."""
    assert viewer.member_id is not None  # the guard checks it
    terms = await credit_queries.get_credit(ro, viewer.member_id)
    owed = int(await open_pay_in.get_kasbon_debt(ro, viewer.member_id))
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
        pending_deductions=await payer_queries.list_pending_deductions(ro, viewer.member_id),
        movements=await payer_queries.list_account_movements(ro, MEMBER_RECEIVABLES, viewer.member_id),
        waiting=await payer_queries.list_pending_payments(
            ro, [builtin_purposes.REPAYMENT], viewer.member_id, clock.now()
        ),
    )


@get("/anggota/kasbon/bayar", guards=[require_member])
async def show_repayment_form(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser
) -> Response[Any]:
    """Show the repayment form."""
    assert viewer.member_id is not None
    context = await _context(ro, ctx, tenant, viewer.member_id)
    if context["owed"] <= 0:
        return see_other("/anggota/kasbon")
    return render_page(request, TEMPLATE, form=None, **context)


@post("/anggota/kasbon/bayar", guards=[require_member], status_code=200, opt=WHEN_READ_ONLY)
async def submit_repayment(
    request: AnyRequest, db: Db, ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser
) -> Response[Any]:
    """Show a confirmation page; once it is confirmed, open the payment and redirect to its page."""
    assert viewer.member_id is not None
    form = await read_form(request, PayInForm)
    context = await _context(as_reader(db), ctx, tenant, viewer.member_id)
    async with form.rerender_on_error(TEMPLATE, **context):
        sent = form.data
        before = await open_pay_in.find_pay_in(db, builtin_purposes.REPAYMENT, viewer.member_id, sent.key)
        if before is not None:
            return see_other(f"/bayar/{before.reference}")
        await open_pay_in.require_within_debt(db, viewer.member_id, sent.amount)
        offer = open_pay_in.require_available_method(context["offers"], sent.payment_method, sent.amount)
        if not sent.confirmed:
            asked = pay_in_confirmation(ctx, builtin_purposes.REPAYMENT, sent, offer, context)
            return render_page(request, "payments/pay_in_confirm.html", **asked)
        payment = await open_pay_in.open_pay_in(
            db,
            viewer.as_member(),
            builtin_purposes.REPAYMENT,
            viewer.member_id,
            sent.amount,
            sent.payment_method,
            key=sent.key,
            on=clock.today(ctx.brand.timezone),
        )
    return see_other(f"/bayar/{payment.reference}")


@get("/anggota/kasbon/pin", guards=[require_member])
async def show_pin_form(request: AnyRequest, ro: Ro, viewer: CurrentUser) -> Response[bytes]:
    """Show the PIN form."""
    assert viewer.member_id is not None
    return render_page(request, PIN_TEMPLATE, form=None, **await _pin_context(ro, viewer.member_id))


@post("/anggota/kasbon/pin", guards=[require_member], opt=WHEN_READ_ONLY)
async def submit_pin(
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
            pin_confirmation=form.data.again,
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
        "has_pin": (await credit_queries.get_credit(ro, member_id)).has_pin,
        "waits_until": pin_blocked_until(await credit_queries.get_code_used_at(ro, member_id), clock.now()),
    }


async def _context(ro: Reader, ctx: RequestContext, tenant: TenantRef, member_id: UUID) -> dict[str, Any]:
    bylaws = (await get_bylaws_on(ro, clock.today(ctx.brand.timezone))).bylaws
    offered = await open_pay_in.list_pay_in_methods(ro, tenant, bylaws, builtin_purposes.REPAYMENT, member_id)
    return {
        "active_menu": "akun",
        "offers": offered,
        "choices": pay_in_choices(offered, ctx),
        "owed": int(max(Rupiah(0), await open_pay_in.get_kasbon_debt(ro, member_id))),
        "unique_suffix": bylaws.transfer_suffix != "none",
        "key": new_id(),
    }


routes: Final[list[Any]] = [show_kasbon, show_repayment_form, submit_repayment, show_pin_form, submit_pin]
