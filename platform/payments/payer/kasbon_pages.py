"""A member's credit: what they may owe and do owe, paying it off, what is deducted from their pay, and the
PIN by which they agree.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post

from governance.queries import bylaws_on
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from ledger import queries as books
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
    Db,
    Ro,
    TheDatabase,
    TheTenant,
    TheViewer,
    TheVisit,
    Visit,
    member,
    page,
    read_form,
    see_other,
)
from ui.words import words

TEMPLATE: Final = "payments/kasbon_pay.html"
PIN_TEMPLATE: Final = "payments/kasbon_pin.html"


@get("/anggota/kasbon", guards=[member])
async def kasbon_page(request: AnyRequest, ro: Ro, viewer: TheViewer) -> Response[bytes]:
    """Show what I may owe, what I owe, and what of it my employer is asked for."""
    assert viewer.member_id is not None  # the guard saw to it
    terms = await credit_queries.credit_of(ro, viewer.member_id)
    owed = int(await paying_in.owed_on_kasbon(ro, viewer.member_id))
    on_payroll = await books.balance(ro, PAYROLL_RECEIVABLES, viewer.member_id)
    return page(
        request,
        "payments/kasbon.html",
        place="akun",
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


@get("/anggota/kasbon/bayar", guards=[member])
async def repay_page(
    request: AnyRequest, ro: Ro, visit: TheVisit, tenant: TheTenant, viewer: TheViewer
) -> Response[Any]:
    """Ask how much of it to pay off, and how."""
    assert viewer.member_id is not None
    context = await _context(ro, visit, tenant, viewer.member_id)
    if context["owed"] <= 0:
        return see_other("/anggota/kasbon")
    return page(request, TEMPLATE, form=None, **context)


@post("/anggota/kasbon/bayar", guards=[member], status_code=200)
async def take_repayment(
    request: AnyRequest, db: Db, visit: TheVisit, tenant: TheTenant, viewer: TheViewer
) -> Response[Any]:
    """Say in a sentence what will happen; once confirmed, open the payment and lead to it."""
    assert viewer.member_id is not None
    form = await read_form(request, PayInForm)
    context = await _context(as_reader(db), visit, tenant, viewer.member_id)
    async with form.or_again(TEMPLATE, **context):
        sent = form.data
        before = await paying_in.opened_before(db, own_purposes.REPAYMENT, viewer.member_id, sent.key)
        if before is not None:
            return see_other(f"/bayar/{before.reference}")
        await paying_in.require_owed(db, viewer.member_id, sent.amount)
        offer = paying_in.require_offer(context["offers"], sent.payment_way, sent.amount)
        if not sent.confirmed:
            asked = confirming(visit, own_purposes.REPAYMENT, sent, offer, context)
            return page(request, "payments/pay_in_confirm.html", **asked)
        payment = await paying_in.open_pay_in(
            db,
            viewer.as_member(),
            own_purposes.REPAYMENT,
            viewer.member_id,
            sent.amount,
            sent.payment_way,
            key=sent.key,
            on=clock.today(visit.brand.timezone),
        )
    return see_other(f"/bayar/{payment.reference}")


@get("/anggota/kasbon/pin", guards=[member])
async def pin_page(request: AnyRequest, ro: Ro, viewer: TheViewer) -> Response[bytes]:
    """Ask for a PIN and the password."""
    assert viewer.member_id is not None
    return page(request, PIN_TEMPLATE, form=None, **await _pin_context(ro, viewer.member_id))


@post("/anggota/kasbon/pin", guards=[member])
async def take_pin(
    request: AnyRequest, visit: TheVisit, database: TheDatabase, tenant: TheTenant, viewer: TheViewer
) -> Response[Any]:
    """Set the PIN."""
    assert viewer.member_id is not None
    form = await read_form(request, PinForm)
    async with coop_reader(database, tenant) as ro:
        context = await _pin_context(ro, viewer.member_id)
    async with form.or_again(PIN_TEMPLATE, **context):
        await change_pin(
            database,
            tenant,
            viewer.as_member(),
            viewer.member_id,
            pin=form.data.pin,
            again=form.data.again,
            password=form.data.own_password,
            client_ip=visit.client_ip,
        )
    return see_other(
        "/anggota/kasbon", flash=words(visit.lang).gettext("PIN disimpan. Pakai untuk menyetujui kasbon.")
    )


async def _pin_context(ro: Reader, member_id: UUID) -> dict[str, Any]:
    return {
        "place": "akun",
        "has_pin": (await credit_queries.credit_of(ro, member_id)).has_pin,
        "waits_until": pin_waits_until(await credit_queries.code_used_at(ro, member_id), clock.now()),
    }


async def _context(ro: Reader, visit: Visit, tenant: TenantRef, member_id: UUID) -> dict[str, Any]:
    bylaws = (await bylaws_on(ro, clock.today(visit.brand.timezone))).bylaws
    offered = await paying_in.ways_in(ro, tenant, bylaws, own_purposes.REPAYMENT, member_id)
    return {
        "place": "akun",
        "offers": offered,
        "choices": pay_in_choices(offered, visit),
        "owed": int(max(Rupiah(0), await paying_in.owed_on_kasbon(ro, member_id))),
        "tail": bylaws.transfer_tail != "none",
        "key": new_id(),
    }


routes: Final[list[Any]] = [kasbon_page, repay_page, take_repayment, pin_page, take_pin]
