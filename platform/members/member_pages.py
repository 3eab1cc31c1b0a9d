"""A member's own pages: home, purchases and account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Response, get, post
from litestar.params import FromQuery

from governance.queries import get_bylaws_on
from kernel import clock, phone
from kernel.database import Reader, as_reader
from kernel.translations import get_translations, list_languages
from members import queries
from members.change_account import (
    change_language,
    change_password,
    change_phone,
    dismiss_code_notice,
    sign_out_everywhere,
)
from members.forms import LanguageForm, PasswordForm, PhoneForm
from members.login_throttle import LoginThrottle
from members.purchase_queries import list_purchases, sum_purchases
from members.sign_in_pages import remember_browser
from savings import queries as savings_queries
from savings.view_models import build_passbook, get_member_dues
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentDatabase,
    CurrentTenant,
    CurrentUser,
    Db,
    EmptyForm,
    Form,
    RequestContext,
    Ro,
    Viewer,
    read_form,
    render_page,
    require_member,
    see_other,
)
from ui.cookies import LANGUAGE_COOKIE, LANGUAGE_MAX_AGE, clear_session_cookie
from ui.errors import NOT_FOUND
from ui.guards import WHEN_READ_ONLY, WHEN_SUSPENDED, require_signed_in

if TYPE_CHECKING:
    from kernel.database import Database
    from tenants.registry import TenantRef


@get("/anggota", guards=[require_signed_in], opt=WHEN_SUSPENDED)
async def show_home(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, viewer: CurrentUser, ctx: CurrentContext
) -> Response[Any]:
    """Show the member's savings, dues and purchases; an officer who is no member is redirected to the account
    page.
    """
    if viewer.member_id is None:
        return see_other("/anggota/akun")
    today = clock.today(brand.timezone)
    saver = await savings_queries.get_saver(ro, viewer.member_id)
    if saver is None:
        raise NOT_FOUND()
    savings = await savings_queries.get_balances(ro, saver.id)
    return render_page(
        request,
        "members/home.html",
        active_menu="akun",
        saver=saver,
        kinds=build_passbook(ctx.lang, savings, "/anggota/simpanan"),
        savings=savings,
        dues=await get_member_dues(ro, saver, today),
        deposits=(await get_bylaws_on(ro, today)).bylaws.deposits,
        bought=await sum_purchases(ro, saver.id, today.year),
        purchases=await list_purchases(ro, saver.id, today.year, limit=5),
        today=today,
    )


@get("/anggota/belanja", guards=[require_member])
async def show_purchases(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, viewer: CurrentUser, tahun: FromQuery[int] = 0
) -> Response[bytes]:
    """Show the member's own purchases of a year."""
    assert viewer.member_id is not None
    running = clock.today(brand.timezone).year
    year = tahun if 2000 <= tahun <= running else running
    return render_page(
        request,
        "members/purchases.html",
        active_menu="akun",
        person=await queries.get_member(ro, viewer.member_id),
        year=year,
        running=running,
        purchases=await list_purchases(ro, viewer.member_id, year),
        total=await sum_purchases(ro, viewer.member_id, year),
        own=True,
        here="/anggota/belanja",
    )


@get("/anggota/akun", guards=[require_signed_in])
async def show_account(request: AnyRequest, ro: Ro, viewer: CurrentUser) -> Response[bytes]:
    """Show the user's own account: password, phone and language."""
    return render_page(
        request, "members/account.html", form=None, changing="", **await _account_context(ro, viewer)
    )


@post("/anggota/akun/kata-sandi", guards=[require_signed_in], opt=WHEN_READ_ONLY)
async def submit_password(
    request: AnyRequest,
    db: Db,
    ctx: CurrentContext,
    viewer: CurrentUser,
    tenant: CurrentTenant,
    database: CurrentDatabase,
) -> Response[Any]:
    """Change the password, after counting the attempt, and end all other sessions."""
    form = await read_form(request, PasswordForm)
    throttle = await _count_password_attempt(form, ctx, viewer, tenant, database)
    context = {"changing": "password", **await _account_context(as_reader(db), viewer)}
    async with form.rerender_on_error("members/account.html", field="password", **context):
        sent = form.data
        await change_password(db, ctx.actor, sent.present, sent.password, session=viewer.session)
    await throttle.reset(db)
    response = see_other(
        "/anggota/akun",
        flash=get_translations(ctx.lang).gettext("Kata sandi diganti. Perangkat lain sudah dikeluarkan."),
    )
    await remember_browser(response, request, db, viewer.user_id)
    return response


@post("/anggota/akun/nomor-hp", guards=[require_signed_in], opt=WHEN_READ_ONLY)
async def submit_phone(
    request: AnyRequest,
    db: Db,
    ctx: CurrentContext,
    viewer: CurrentUser,
    tenant: CurrentTenant,
    database: CurrentDatabase,
) -> Response[Any]:
    """Change the phone number, after counting the attempt."""
    form = await read_form(request, PhoneForm)
    throttle = await _count_password_attempt(form, ctx, viewer, tenant, database)
    context = {"changing": "phone", **await _account_context(as_reader(db), viewer)}
    async with form.rerender_on_error("members/account.html", **context):
        await change_phone(db, ctx.actor, form.data.phone, form.data.own_password)
    await throttle.reset(db)
    return see_other(
        "/anggota/akun",
        flash=get_translations(ctx.lang).gettext("Nomor HP diganti. Pakai nomor ini untuk masuk."),
    )


@post("/anggota/akun/bahasa", guards=[require_signed_in], opt=WHEN_READ_ONLY)
async def submit_language(request: AnyRequest, db: Db, ctx: CurrentContext) -> Response[Any]:
    """Store the language in a cookie and in the account."""
    form = await read_form(request, LanguageForm)
    if form.errors or form.data.language not in list_languages():
        return see_other("/anggota/akun")
    await change_language(db, ctx.actor, form.data.language)
    response = see_other(
        "/anggota/akun", flash=get_translations(form.data.language).gettext("Bahasa diganti.")
    )
    response.set_cookie(
        LANGUAGE_COOKIE, form.data.language, max_age=LANGUAGE_MAX_AGE, samesite="lax", path="/"
    )
    return response


@post("/anggota/akun/kode-dipakai/pembacaan", guards=[require_signed_in], opt=WHEN_READ_ONLY)
async def submit_code_seen(
    request: AnyRequest, db: Db, viewer: CurrentUser, ctx: CurrentContext
) -> Response[Any]:
    """Dismiss the notice that a code opened the account."""
    await read_form(request, EmptyForm)
    await dismiss_code_notice(db, ctx.actor)
    return see_other("/pengurus" if viewer.is_officer else "/anggota")


@post("/anggota/akun/keluar-semua", guards=[require_signed_in], opt=WHEN_READ_ONLY)
async def submit_sign_out_everywhere(request: AnyRequest, db: Db, ctx: CurrentContext) -> Response[Any]:
    """End all sessions of the user."""
    await read_form(request, EmptyForm)
    await sign_out_everywhere(db, ctx.actor)
    response = see_other(
        "/masuk", flash=get_translations(ctx.lang).gettext("Anda sudah keluar dari semua perangkat.")
    )
    clear_session_cookie(response, secure=ctx.is_secure)
    return response


async def _count_password_attempt(
    form: Form[Any], ctx: RequestContext, viewer: Viewer, tenant: TenantRef, database: Database
) -> LoginThrottle:
    """Count a complete form as an attempt to give one's own password; return the throttle to reset."""
    throttle = LoginThrottle(database, tenant, "password", str(viewer.user_id), ctx.client_ip)
    if not form.errors:
        await throttle.hit()
    return throttle


async def _account_context(ro: Reader, viewer: Viewer) -> dict[str, Any]:
    account = await queries.get_own_account(ro, viewer.user_id)
    if account is None:
        raise NOT_FOUND()
    shown = phone.format_national(account.phone) if account.phone else None
    codes = await queries.list_used_codes(ro, viewer.user_id)
    return {"active_menu": "akun", "account": account, "phone": shown, "codes": codes}


routes: list[Any] = [
    show_home,
    show_purchases,
    show_account,
    submit_password,
    submit_phone,
    submit_language,
    submit_code_seen,
    submit_sign_out_everywhere,
]
