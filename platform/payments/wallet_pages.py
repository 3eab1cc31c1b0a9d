"""A member's wallet: balance, movements and top-up."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromQuery

from governance.queries import get_bylaws_on
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from ledger import queries as ledger_queries
from ledger.chart import WALLETS
from payments import builtin_purposes, methods, open_pay_in, payer_queries
from payments.forms import PayInForm
from payments.method_choices import pay_in_choices
from payments.methods import AvailableMethod
from tenants.registry import TenantRef
from ui import (
    AnyRequest,
    CurrentContext,
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

TEMPLATE: Final = "payments/wallet_top_up.html"
SUGGESTED_AMOUNTS: Final = (20_000, 50_000, 100_000)  # rupiah


@get("/anggota/dompet", guards=[require_member])
async def show_wallet(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser
) -> Response[bytes]:
    """Show the wallet's balance and movements."""
    assert viewer.member_id is not None  # the guard checks it
    bylaws = (await get_bylaws_on(ro, clock.today(ctx.brand.timezone))).bylaws
    return render_page(
        request,
        "payments/wallet.html",
        active_menu="akun",
        balance=await ledger_queries.get_balance(ro, WALLETS, viewer.member_id),
        movements=await payer_queries.list_account_movements(ro, WALLETS, viewer.member_id),
        waiting=await payer_queries.list_pending_payments(
            ro, [builtin_purposes.TOP_UP], viewer.member_id, clock.now()
        ),
        offered=methods.may_be_offered(await methods.get_method(ro, "wallet"), bylaws, tenant),
    )


@get("/anggota/dompet/isi", guards=[require_member])
async def show_top_up_form(
    request: AnyRequest,
    ro: Ro,
    ctx: CurrentContext,
    tenant: CurrentTenant,
    viewer: CurrentUser,
    jumlah: FromQuery[str] = "",
) -> Response[Any]:
    """Show the top-up form."""
    assert viewer.member_id is not None
    context = await _context(ro, ctx, tenant, viewer.member_id)
    if not context["offered"]:
        return see_other("/anggota/dompet")
    return render_page(
        request,
        TEMPLATE,
        form=None,
        asked=jumlah if jumlah.isascii() and jumlah.isdecimal() else "",
        **context,
    )


@post("/anggota/dompet/isi", guards=[require_member], status_code=200)
async def submit_top_up(
    request: AnyRequest, db: Db, ctx: CurrentContext, tenant: CurrentTenant, viewer: CurrentUser
) -> Response[Any]:
    """Show the page that asks to confirm the top-up; once it is confirmed, open the payment and redirect to
    it.
    """
    assert viewer.member_id is not None
    form = await read_form(request, PayInForm)
    context = await _context(as_reader(db), ctx, tenant, viewer.member_id)
    async with form.rerender_on_error(TEMPLATE, asked="", **context):
        sent = form.data
        if not context["offered"]:
            return see_other("/anggota/dompet")
        offer = open_pay_in.require_available_method(context["offers"], sent.payment_method, sent.amount)
        if not sent.confirmed:
            return render_page(
                request,
                "payments/pay_in_confirm.html",
                **pay_in_confirmation(ctx, builtin_purposes.TOP_UP, sent, offer, context),
            )
        payment = await open_pay_in.open_pay_in(
            db,
            viewer.as_member(),
            builtin_purposes.TOP_UP,
            viewer.member_id,
            sent.amount,
            sent.payment_method,
            key=sent.key,
            on=clock.today(ctx.brand.timezone),
        )
    return see_other(f"/bayar/{payment.reference}")


def pay_in_confirmation(
    ctx: RequestContext, purpose: str, sent: PayInForm, offer: AvailableMethod, context: dict[str, Any]
) -> dict[str, Any]:
    """Return the template context of the confirming page."""
    return {
        "active_menu": "akun",
        "purpose": purpose,
        "sent": sent,
        "method_name": offer.method.label.localize(ctx.lang),
        "at_once": offer.balance is not None,
        "has": int(offer.balance or 0),
        "unique_suffix": sent.payment_method == "bank_transfer" and context["unique_suffix"],
    }


async def _context(ro: Reader, ctx: RequestContext, tenant: TenantRef, member_id: UUID) -> dict[str, Any]:
    bylaws = (await get_bylaws_on(ro, clock.today(ctx.brand.timezone))).bylaws
    offered = await open_pay_in.list_pay_in_methods(ro, tenant, bylaws, builtin_purposes.TOP_UP, member_id)
    return {
        "active_menu": "akun",
        "offered": methods.may_be_offered(await methods.get_method(ro, "wallet"), bylaws, tenant),
        "offers": offered,
        "choices": pay_in_choices(offered, ctx),
        "balance": await ledger_queries.get_balance(ro, WALLETS, member_id),
        "suggested_amounts": SUGGESTED_AMOUNTS,
        "unique_suffix": bylaws.transfer_suffix != "none",
        "key": new_id(),
    }


routes: Final[list[Any]] = [show_wallet, show_top_up_form, submit_top_up]
