"""A member's own pages: what is mine, what I bought, my account."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromQuery

from governance.queries import bylaws_on
from kernel import clock, phone
from kernel.database import Reader, as_reader
from members import queries
from members.account import (
    change_language,
    change_password,
    change_phone,
    close_code_notice,
    sign_out_everywhere,
)
from members.entry_pages import know_browser
from members.forms import LanguageForm, PasswordForm, PhoneForm
from members.purchases import list_purchases, purchases_in
from members.throttling import Door
from savings import queries as savings_queries
from savings.passbook import dues_of, passbook
from ui import (
    AnyRequest,
    Db,
    Nothing,
    Ro,
    TheBrand,
    TheDatabase,
    TheTenant,
    TheViewer,
    TheVisit,
    Viewer,
    member,
    page,
    read_form,
    see_other,
)
from ui.cookies import LANGUAGE_COOKIE, LANGUAGE_LASTS, drop_session
from ui.errors import NOT_FOUND
from ui.guards import signed_in
from ui.words import words


@get("/anggota", guards=[signed_in])
async def own_home(
    request: AnyRequest, ro: Ro, brand: TheBrand, viewer: TheViewer, visit: TheVisit
) -> Response[Any]:
    """Show what is mine; an officer who is no member has an account alone."""
    if viewer.member_id is None:
        return see_other("/anggota/akun")
    today = clock.today(brand.timezone)
    saver = await savings_queries.saver(ro, viewer.member_id)
    if saver is None:
        raise NOT_FOUND()
    savings = await savings_queries.balances(ro, saver.id)
    return page(
        request,
        "members/home.html",
        place="akun",
        saver=saver,
        kinds=passbook(visit.lang, savings, "/anggota/simpanan"),
        savings=savings,
        dues=await dues_of(ro, saver, today),
        deposits=(await bylaws_on(ro, today)).bylaws.deposits,
        bought=await purchases_in(ro, saver.id, today.year),
        purchases=await list_purchases(ro, saver.id, today.year, limit=5),
        today=today,
    )


@get("/anggota/belanja", guards=[member])
async def own_purchases(
    request: AnyRequest, ro: Ro, brand: TheBrand, viewer: TheViewer, tahun: FromQuery[int] = 0
) -> Response[bytes]:
    """Show what I bought in a year."""
    assert viewer.member_id is not None
    running = clock.today(brand.timezone).year
    year = tahun if 2000 <= tahun <= running else running
    return page(
        request,
        "members/purchases.html",
        place="akun",
        person=await queries.member(ro, viewer.member_id),
        year=year,
        running=running,
        purchases=await list_purchases(ro, viewer.member_id, year),
        total=await purchases_in(ro, viewer.member_id, year),
        own=True,
        here="/anggota/belanja",
    )


@get("/anggota/akun", guards=[signed_in])
async def account_page(request: AnyRequest, ro: Ro, viewer: TheViewer) -> Response[bytes]:
    """Show the account: password, phone, language."""
    return page(request, "members/account.html", form=None, changing="", **await _account(ro, viewer))


@post("/anggota/akun/kata-sandi", guards=[signed_in])
async def take_password(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, tenant: TheTenant, database: TheDatabase
) -> Response[Any]:
    """Change the password, after counting the attempt; all other sessions end."""
    form = await read_form(request, PasswordForm)
    door = Door(database, tenant, "password", str(viewer.user_id), visit.client_ip)
    if not form.errors:
        await door.knock()
    context = {"changing": "password", **await _account(as_reader(db), viewer)}
    async with form.or_again("members/account.html", field="password", **context):
        sent = form.data
        await change_password(db, visit.actor, sent.present, sent.password, session=viewer.session)
    await door.welcome(db)
    response = see_other(
        "/anggota/akun",
        flash=words(visit.lang).gettext("Kata sandi diganti. Perangkat lain sudah dikeluarkan."),
    )
    await know_browser(response, request, db, viewer.user_id)
    return response


@post("/anggota/akun/nomor-hp", guards=[signed_in])
async def take_phone(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: TheViewer, tenant: TheTenant, database: TheDatabase
) -> Response[Any]:
    """Change the phone number, after counting the attempt."""
    form = await read_form(request, PhoneForm)
    door = Door(database, tenant, "password", str(viewer.user_id), visit.client_ip)
    if not form.errors:
        await door.knock()
    context = {"changing": "phone", **await _account(as_reader(db), viewer)}
    async with form.or_again("members/account.html", **context):
        await change_phone(db, visit.actor, form.data.phone, form.data.own_password)
    await door.welcome(db)
    return see_other(
        "/anggota/akun", flash=words(visit.lang).gettext("Nomor HP diganti. Pakai nomor ini untuk masuk.")
    )


@post("/anggota/akun/bahasa", guards=[signed_in])
async def take_language(request: AnyRequest, db: Db, visit: TheVisit) -> Response[Any]:
    """Remember the language, here and for the next sign-in."""
    form = await read_form(request, LanguageForm)
    if form.errors:
        return see_other("/anggota/akun")
    await change_language(db, visit.actor, form.data.language)
    response = see_other("/anggota/akun", flash=words(form.data.language).gettext("Bahasa diganti."))
    response.set_cookie(LANGUAGE_COOKIE, form.data.language, max_age=LANGUAGE_LASTS, samesite="lax", path="/")
    return response


@post("/anggota/akun/kode-dipakai/pembacaan", guards=[signed_in])
async def take_code_seen(request: AnyRequest, db: Db, viewer: TheViewer, visit: TheVisit) -> Response[Any]:
    """Close the notice that a code opened the account."""
    await read_form(request, Nothing)
    await close_code_notice(db, visit.actor)
    return see_other("/pengurus" if viewer.is_officer else "/anggota")


@post("/anggota/akun/keluar-semua", guards=[signed_in])
async def leave_everywhere(request: AnyRequest, db: Db, visit: TheVisit) -> Response[Any]:
    """End every session."""
    await read_form(request, Nothing)
    await sign_out_everywhere(db, visit.actor)
    response = see_other("/masuk", flash=words(visit.lang).gettext("Anda sudah keluar dari semua perangkat."))
    drop_session(response, secure=visit.secure)
    return response


async def _account(ro: Reader, viewer: Viewer) -> dict[str, Any]:
    account = await queries.own_account(ro, viewer.user_id)
    if account is None:
        raise NOT_FOUND()
    shown = phone.format_national(account.phone) if account.phone else None
    codes = await queries.codes_used(ro, viewer.user_id)
    return {"place": "akun", "account": account, "phone": shown, "codes": codes}


routes: list[Any] = [
    own_home,
    own_purchases,
    account_page,
    take_password,
    take_phone,
    take_language,
    take_code_seen,
    leave_everywhere,
]
