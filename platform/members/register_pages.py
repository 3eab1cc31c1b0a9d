"""Pages on which officers manage the register: search, admit, answer applications, issue codes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from governance.queries import get_bylaws_on
from kernel import clock
from kernel.database import Reader, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.translations import get_translations
from members import queries, rules
from members.activate_account import IssuedCode, issue_activation_code
from members.admit_member import (
    AdmissionResult,
    PersonDetails,
    admit_member,
    approve_application,
    decline_application,
)
from members.forms import ApprovalForm, DeclineForm, NewMemberForm
from members.purchase_queries import list_purchases, sum_purchases
from savings import queries as savings_queries
from savings.record_deposit import record_deposit
from savings.view_models import build_passbook, get_member_dues
from ui import (
    AnyRequest,
    Brand,
    CurrentBrand,
    CurrentContext,
    CurrentUser,
    Db,
    EmptyForm,
    Form,
    RequestContext,
    Ro,
    Viewer,
    may,
    read_form,
    render_page,
    see_other,
)
from ui.errors import NOT_FOUND
from ui.guards import WHEN_READ_ONLY


@get("/pengurus/anggota", guards=[may("members.view")])
async def show_register(
    request: AnyRequest,
    ro: Ro,
    cari: FromQuery[str] = "",
    status: FromQuery[str] = "",
    halaman: FromQuery[int] = 1,
) -> Response[Any]:
    """List and search the register."""
    search, current = cari.strip()[:100], min(max(halaman, 1), 100_000)
    chosen = status if status in queries.STATUSES else ""
    rows, total = await queries.list_register(ro, search=search, status=chosen, page=current)
    pages = -(-total // queries.PAGE_SIZE)
    if current > pages > 0:  # rows were removed from the last page, or the address was typed
        return see_other(
            "/pengurus/anggota?" + urlencode({"cari": search, "status": chosen, "halaman": pages})
        )
    return render_page(
        request,
        "members/register.html",
        block="list",
        active_menu="anggota",
        rows=rows,
        savings=await savings_queries.get_balances_by_member(ro, [row.id for row in rows]),
        total=total,
        counts=await queries.count_by_status(ro),
        search=search,
        chosen=chosen,
        current=current,
        pages=pages,
        search_part="&" + urlencode({"cari": search}) if search else "",
        next_page="/pengurus/anggota?" + urlencode({"cari": search, "status": chosen}) + "&halaman=",
    )


@get("/pengurus/anggota/baru", guards=[may("members.admit")])
async def show_member_form(request: AnyRequest, ro: Ro, brand: CurrentBrand) -> Response[bytes]:
    """Show the form for a new member."""
    return render_page(request, "members/new.html", form=None, **await _new_context(ro, brand))


@post("/pengurus/anggota/baru", guards=[may("members.admit")])
async def submit_new_member(
    request: AnyRequest, db: Db, brand: CurrentBrand, ctx: CurrentContext, viewer: CurrentUser
) -> Response[Any]:
    """Admit a new member, and show the activation code to pass on."""
    form = await read_form(request, NewMemberForm)
    today = clock.today(brand.timezone)
    async with form.rerender_on_error("members/new.html", **await _new_context(db, brand)):
        sent = form.data
        admitted = await admit_member(
            db,
            viewer.as_officer(),
            PersonDetails(sent.name, sent.sex or "", sent.phone, sent.address),
            number=sent.number,
            joined_on=sent.joined_on,
            today=today,
            key=f"counter:{sent.key}",
        )
        if sent.principal_paid:
            await _record_principal_deposit(db, viewer, brand, admitted)
    return _admission_response(
        request, ctx, admitted, get_translations(ctx.lang).gettext("Anggota sudah dicatat.")
    )


@get("/pengurus/anggota/{member_id:uuid}", guards=[may("members.view")])
async def show_member(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, ctx: CurrentContext, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Show a member with account, savings and dues."""
    return render_page(
        request, "members/member.html", form=None, **await _member_context(ro, brand, ctx, member_id)
    )


@post("/pengurus/anggota/{member_id:uuid}/persetujuan", guards=[may("members.admit")])
async def submit_approval(
    request: AnyRequest,
    db: Db,
    brand: CurrentBrand,
    ctx: CurrentContext,
    viewer: CurrentUser,
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Approve an application, and show the activation code to pass on."""
    form = await read_form(request, ApprovalForm)
    context = await _member_context(as_reader(db), brand, ctx, member_id)
    async with form.rerender_on_error("members/member.html", **context):
        sent = form.data
        admitted = await approve_application(
            db,
            viewer.as_officer(),
            member_id,
            number=sent.number,
            joined_on=sent.joined_on,
            today=clock.today(brand.timezone),
        )
        if sent.principal_paid:
            await _record_principal_deposit(db, viewer, brand, admitted)
    return _admission_response(
        request, ctx, admitted, get_translations(ctx.lang).gettext("Permohonan disetujui.")
    )


@post("/pengurus/anggota/{member_id:uuid}/penolakan", guards=[may("members.admit")])
async def submit_decline(
    request: AnyRequest,
    db: Db,
    brand: CurrentBrand,
    ctx: CurrentContext,
    viewer: CurrentUser,
    member_id: FromPath[UUID],
) -> Response[Any]:
    """Decline an application."""
    form: Form[DeclineForm] = await read_form(request, DeclineForm)
    context = await _member_context(as_reader(db), brand, ctx, member_id)
    async with form.rerender_on_error("members/member.html", **context):
        await decline_application(db, viewer.as_officer(), member_id, form.data.reason)
    return see_other(
        "/pengurus/anggota?status=applied",
        flash=get_translations(ctx.lang).gettext("Permohonan ditolak dan dicatat."),
    )


@post(
    "/pengurus/anggota/{member_id:uuid}/kode",
    guards=[may("members.issue_code")],
    opt=WHEN_READ_ONLY,
)
async def submit_code_request(
    request: AnyRequest, db: Db, viewer: CurrentUser, member_id: FromPath[UUID]
) -> Response[bytes]:
    """Issue a new activation code, and show it once."""
    await read_form(request, EmptyForm)
    return _show_code(request, await issue_activation_code(db, viewer.as_officer(), member_id), fresh=False)


@get("/pengurus/anggota/{member_id:uuid}/belanja", guards=[may("members.view")])
async def show_purchases(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, member_id: FromPath[UUID], tahun: FromQuery[int] = 0
) -> Response[bytes]:
    """Show a member's purchases of a year."""
    person = await queries.get_member(ro, member_id)
    if person is None:
        raise NOT_FOUND()
    running = clock.today(brand.timezone).year
    year = tahun if 2000 <= tahun <= running else running
    return render_page(
        request,
        "members/purchases.html",
        active_menu="anggota",
        person=person,
        year=year,
        running=running,
        purchases=await list_purchases(ro, member_id, year),
        total=await sum_purchases(ro, member_id, year),
        own=False,
        here=f"/pengurus/anggota/{member_id}/belanja",
    )


async def _record_principal_deposit(
    db: AsyncSession, viewer: Viewer, brand: Brand, admitted: AdmissionResult
) -> None:
    """Record the principal deposit that the bylaws require on joining, in cash, today, at most once."""
    today = clock.today(brand.timezone)
    principal = (await get_bylaws_on(db, today)).bylaws.deposits.principal
    if principal > Rupiah(0):
        await record_deposit(
            db,
            viewer.as_officer(),
            admitted.member_id,
            "principal",
            principal,
            "cash",
            on=today,
            today=today,
            key="joining",
        )


def _admission_response(
    request: AnyRequest, ctx: RequestContext, admitted: AdmissionResult, done: str
) -> Response[Any]:
    """Show the activation code; without one, redirect to the member's page."""
    if admitted.code is None:
        return see_other(f"/pengurus/anggota/{admitted.member_id}", flash=done)
    return _show_code(request, admitted.code, fresh=True)


def _show_code(request: AnyRequest, issued: IssuedCode, *, fresh: bool) -> Response[bytes]:
    """Show an activation code. It is stored only as a hash, so this is the only time."""
    return render_page(
        request,
        "members/code.html",
        active_menu="anggota",
        issued=issued,
        fresh=fresh,
        days=rules.CODE_LIFETIME.days,
        host=request.headers.get("host", ""),
    )


async def _new_context(source: AsyncSession | Reader, brand: Brand) -> dict[str, Any]:
    today = clock.today(brand.timezone)
    return {
        "active_menu": "anggota",
        "key": new_id(),
        "today": today,
        "principal": (await get_bylaws_on(source, today)).bylaws.deposits.principal,
        "next_number": rules.next_number(await queries.get_largest_number(source)),
    }


async def _member_context(ro: Reader, brand: Brand, ctx: RequestContext, member_id: UUID) -> dict[str, Any]:
    person = await queries.get_member(ro, member_id)
    saver = await savings_queries.get_saver(ro, member_id)
    if person is None or saver is None:
        raise NOT_FOUND()
    today = clock.today(brand.timezone)
    bylaws = (await get_bylaws_on(ro, today)).bylaws
    savings = await savings_queries.get_balances(ro, member_id)
    return {
        "active_menu": "anggota",
        "person": person,
        "account": await queries.get_account(ro, member_id, clock.now()),
        "same_phone": await queries.list_phone_sharers(ro, member_id, person.phone)
        if person.status == "applied"
        else [],
        "kinds": build_passbook(ctx.lang, savings, f"/pengurus/anggota/{member_id}/simpanan"),
        "savings": savings,
        "dues": await get_member_dues(ro, saver, today),
        "deposits": bylaws.deposits,
        "answer_days": bylaws.membership.answer_days,
        "bought": await sum_purchases(ro, member_id, today.year),
        "today": today,
        "next_number": rules.next_number(await queries.get_largest_number(ro)),
    }


routes: list[Any] = [
    show_register,
    show_member_form,
    submit_new_member,
    show_member,
    submit_approval,
    submit_decline,
    submit_code_request,
    show_purchases,
]
