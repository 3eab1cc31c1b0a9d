"""Officers' pages of credit: members' limits and debts."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from credit import debtor_queries
from credit.debtor_queries import Debtor
from credit.forms import CreditLimitsForm
from credit.record_counter_payment import check_credit_limits, require_debtor, update_credit_limits
from governance.queries import get_bylaws_on
from kernel import clock, formats
from kernel.money import Rupiah
from kernel.translations import get_translations
from ledger import queries as ledger_queries
from ledger.chart import MEMBER_RECEIVABLES, PAYROLL_RECEIVABLES
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentUser,
    Db,
    Form,
    Ro,
    may,
    read_form,
    render_page,
    see_other,
)

HOME: Final = "/pengurus/pembayaran/kasbon"
ONE: Final = HOME + "/{member_id:uuid}"
PLACE: Final = "penjualan"
LIMITS: Final = "payments/credit_limits.html"
CONFIRM: Final = "payments/credit_confirm.html"


@get(HOME, guards=[may("credit.view")])
async def list_debtors(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, cari: FromQuery[str] = "", halaman: FromQuery[int] = 1
) -> Response[Any]:
    """List members with credit limits or debts; with a search text, look through all members."""
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    rows, total = await debtor_queries.list_debtors(ro, search, current)
    pages = -(-total // debtor_queries.PAGE_SIZE)
    url = f"{HOME}?{urlencode({'cari': search})}&halaman="
    if pages and current > pages:
        return see_other(f"{url}{pages}")
    allowed = (await get_bylaws_on(ro, clock.today(brand.timezone))).bylaws.payment_methods
    return render_page(
        request,
        "payments/credit.html",
        block="list",
        active_menu=PLACE,
        rows=rows,
        search=search,
        total=total,
        current=current,
        pages=pages,
        next_page=url,
        kasbon=await ledger_queries.get_balance(ro, MEMBER_RECEIVABLES),
        payroll=await ledger_queries.get_balance(ro, PAYROLL_RECEIVABLES),
        forbidden=not {"kasbon", "payroll"} & set(allowed),
    )


@get(ONE, guards=[may("credit.view")])
async def show_debtor(request: AnyRequest, ro: Ro, member_id: FromPath[UUID]) -> Response[bytes]:
    """Show a member's credit and its last movements."""
    debtor = await require_debtor(ro, member_id)
    return render_debtor_page(
        request,
        "payments/credit_member.html",
        debtor,
        movements=await ledger_queries.list_statement_lines(ro, MEMBER_RECEIVABLES, member_id, limit=20),
        deductions=await ledger_queries.list_statement_lines(ro, PAYROLL_RECEIVABLES, member_id, limit=20),
    )


@get(ONE + "/batas", guards=[may("credit.set_limits")])
async def show_limits_form(
    request: AnyRequest,
    ro: Ro,
    member_id: FromPath[UUID],
    kasbon: FromQuery[str] = "",
    gaji: FromQuery[str] = "",
    pegawai: FromQuery[str] = "",
) -> Response[bytes]:
    """Show the limits form; the query string may prefill it."""
    debtor = await require_debtor(ro, member_id)
    start = {
        "kasbon": kasbon or formats.number(debtor.kasbon_limit),
        "payroll": gaji or formats.number(debtor.payroll_limit),
        "payroll_number": pegawai or debtor.payroll_number,
    }
    return render_debtor_page(request, LIMITS, debtor, form=None, start=start)


@post(ONE + "/batas/periksa", guards=[may("credit.set_limits")], status_code=200)
async def preview_limits(request: AnyRequest, db: Db, member_id: FromPath[UUID]) -> Response[bytes]:
    """Show the page that asks to confirm the new limits."""
    form = await read_form(request, CreditLimitsForm)
    debtor = await require_debtor(db, member_id)
    async with rerender_debtor_form(form, LIMITS, debtor, start=_limits(debtor)):
        await check_credit_limits(db, member_id, form.data.payroll_number)
    sent = form.data
    back = urlencode({"kasbon": int(sent.kasbon), "gaji": int(sent.payroll), "pegawai": sent.payroll_number})
    return render_debtor_page(
        request,
        CONFIRM,
        debtor,
        kind="limits",
        sent=sent,
        action=f"{HOME}/{member_id}/batas",
        back=f"{HOME}/{member_id}/batas?{back}",
    )


@post(ONE + "/batas", guards=[may("credit.set_limits")])
async def submit_limits(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[Any]:
    """Save the limits."""
    form = await read_form(request, CreditLimitsForm)
    debtor = await require_debtor(db, member_id)
    async with rerender_debtor_form(form, LIMITS, debtor, start=_limits(debtor)):
        sent = form.data
        await update_credit_limits(
            db,
            viewer.as_officer(),
            member_id,
            kasbon=sent.kasbon,
            payroll=sent.payroll,
            payroll_number=sent.payroll_number,
        )
    return see_other(
        f"{HOME}/{member_id}", flash=get_translations(ctx.lang).gettext("Batasnya sudah berlaku.")
    )


def render_debtor_page(request: AnyRequest, template: str, debtor: Debtor, **values: Any) -> Response[bytes]:
    """Render a page of one member's credit."""
    return render_page(request, template, **_debtor_context(debtor), **values)


def rerender_debtor_form(
    form: Form[Any], template: str, debtor: Debtor, **values: Any
) -> AbstractAsyncContextManager[None]:
    """Show a form of one member's credit again when a DomainError is raised."""
    return form.rerender_on_error(template, **_debtor_context(debtor), **values)


def _debtor_context(debtor: Debtor) -> dict[str, Any]:
    """Return the template context shared by the pages of one member's credit."""
    return {
        "active_menu": PLACE,
        "debtor": debtor,
        "home": f"{HOME}/{debtor.id}",
        "kasbon_left": max(Rupiah(0), Rupiah(debtor.kasbon_limit - debtor.kasbon)),
        "payroll_left": max(Rupiah(0), Rupiah(debtor.payroll_limit - debtor.payroll)),
    }


def _limits(debtor: Debtor) -> dict[str, object]:
    """Return the limits as form fields."""
    return {
        "kasbon": formats.number(debtor.kasbon_limit),
        "payroll": formats.number(debtor.payroll_limit),
        "payroll_number": debtor.payroll_number,
    }


routes: Final[list[Any]] = [list_debtors, show_debtor, show_limits_form, preview_limits, submit_limits]
