"""Pages to sign in and out, to activate an account, and to redeem the hand-over link after founding."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromQuery

from members import queries, rules
from members.activate_account import activate_account
from members.authenticate_user import redeem_handover, sign_in
from members.devices import DeviceAccount, find_device, has_device_cookie, remember_device
from members.forms import ActivationForm, SignInForm
from members.login_throttle import LoginThrottle
from members.sessions import OpenedSession, end_session
from tenants.registry import TenantRef
from tenants.session import coop_reader, get_tenant
from ui import (
    AnyRequest,
    CurrentContext,
    CurrentTenant,
    Db,
    OptionalUser,
    RequestContext,
    Viewer,
    read_form,
    render_page,
    see_other,
)
from ui.context import get_context
from ui.cookies import LANGUAGE_COOKIE, LANGUAGE_MAX_AGE, clear_session_cookie, set_session_cookie
from ui.guards import PUBLIC, WHEN_READ_ONLY, WHEN_SUSPENDED
from ui.rendering import safe_redirect_path


@get("/masuk", sync_to_thread=False, opt=PUBLIC | WHEN_SUSPENDED)
def show_sign_in(request: AnyRequest, viewer: OptionalUser, kembali: FromQuery[str] = "") -> Response[Any]:
    """Show the sign-in form; redirect a viewer who is signed in."""
    if viewer is not None:
        return see_other(_landing_url(kembali, is_officer=viewer.is_officer))
    return render_page(
        request,
        "members/sign_in.html",
        active_menu="akun",
        form=None,
        kembali=safe_redirect_path(kembali, ""),
    )


@post("/masuk", opt=PUBLIC | WHEN_SUSPENDED)
async def submit_sign_in(
    request: AnyRequest, db: Db, ctx: CurrentContext, tenant: CurrentTenant, viewer: OptionalUser
) -> Response[Any]:
    """Sign in, after counting the attempt."""
    form = await read_form(request, SignInForm)
    kembali = safe_redirect_path(form.values.get("kembali", ""), "")
    async with form.rerender_on_error("members/sign_in.html", active_menu="akun", kembali=kembali):
        pass
    throttle = await _build_throttle(request, ctx, tenant, "sign-in", form.data.identity)
    await throttle.hit()
    async with form.rerender_on_error("members/sign_in.html", active_menu="akun", kembali=kembali):
        opened = await sign_in(ctx.database, db, form.data.identity, form.data.password)
    await throttle.reset(db)
    return await _start_session(
        request, db, ctx, viewer, opened, _landing_url(kembali, is_officer=opened.is_officer)
    )


@get("/masuk/serah", opt=PUBLIC)
async def redeem_handover_link(
    request: AnyRequest, db: Db, ctx: CurrentContext, viewer: OptionalUser, kunci: FromQuery[str] = ""
) -> Response[Any]:
    """Sign in the founder of the cooperative with the one-time hand-over link."""
    return await _start_session(request, db, ctx, viewer, await redeem_handover(db, kunci), "/pengurus")


@post("/keluar", opt=PUBLIC | WHEN_SUSPENDED)
async def submit_sign_out(db: Db, ctx: CurrentContext, viewer: OptionalUser) -> Response[Any]:
    """End the current session."""
    if viewer is not None:
        await end_session(db, viewer.session)
    response = see_other("/")
    clear_session_cookie(response, secure=ctx.is_secure)
    return response


@get("/aktivasi", sync_to_thread=False, opt=PUBLIC)
def show_activation(request: AnyRequest, nomor: FromQuery[str] = "") -> Response[bytes]:
    """Show the form for the activation code and the new password."""
    return render_page(request, "members/activation.html", active_menu="akun", form=None, identity=nomor[:40])


@post("/aktivasi", opt=PUBLIC | WHEN_READ_ONLY)
async def submit_activation(
    request: AnyRequest, db: Db, ctx: CurrentContext, tenant: CurrentTenant, viewer: OptionalUser
) -> Response[Any]:
    """Set the password with an activation code, after counting the attempt."""
    form = await read_form(request, ActivationForm)
    context: dict[str, Any] = {"active_menu": "akun", "identity": ""}
    async with form.rerender_on_error("members/activation.html", **context):
        pass
    throttle = await _build_throttle(request, ctx, tenant, "activation", form.data.identity)
    await throttle.hit()
    sent = form.data
    async with form.rerender_on_error("members/activation.html", field="password", **context):
        opened = await activate_account(ctx.database, db, sent.identity, sent.code, sent.password)
    for passed in (throttle, await _build_throttle(request, ctx, tenant, "sign-in", sent.identity)):
        await passed.reset(db)
    return await _start_session(
        request, db, ctx, viewer, opened, "/pengurus" if opened.is_officer else "/anggota"
    )


async def _build_throttle(
    request: AnyRequest, ctx: RequestContext, tenant: TenantRef, action: str, identity: str
) -> LoginThrottle:
    """Return the throttle of a typed identity.

    It counts by the typed text and not by the account; otherwise the waiting time would tell which numbers
    belong to one person. The account is looked up only if the request has a device cookie, with a connection
    of its own.
    """
    typed, device, settings = rules.normalize_identity(identity), None, ctx.database.settings
    if has_device_cookie(request, settings):
        async with coop_reader(ctx.database, tenant) as ro:
            found = await queries.find_credentials(ro, identity)
        account = DeviceAccount(tenant.schema_name, str(found.id), found.password_hash) if found else None
        device = find_device(request, settings, account)
    return LoginThrottle(ctx.database, tenant, action, typed, ctx.client_ip, device=device)


async def _start_session(
    request: AnyRequest,
    db: Db,
    ctx: RequestContext,
    viewer: Viewer | None,
    opened: OpenedSession,
    target: str,
) -> Response[Any]:
    """Answer with the cookie of a new session; end the previous session and remember the browser."""
    if viewer is not None:
        await end_session(db, viewer.session)
    response = see_other(target)
    set_session_cookie(response, opened.token, opened.lifetime, secure=ctx.is_secure)
    await remember_browser(response, request, db, opened.user_id)
    if opened.language != "id":
        response.set_cookie(
            LANGUAGE_COOKIE, opened.language, max_age=LANGUAGE_MAX_AGE, samesite="lax", path="/"
        )
    return response


async def remember_browser(response: Response[Any], request: AnyRequest, db: Db, user_id: UUID) -> None:
    """Remember this browser for an account in the device cookie, signed with the current password hash."""
    user = await queries.get_user(db, user_id)
    if user is not None:
        account = DeviceAccount(get_tenant(db).schema_name, str(user.id), user.password_hash)
        remember_device(response, request, get_context(request).database.settings, account)


def _landing_url(kembali: str, *, is_officer: bool) -> str:
    """Return the path to open after sign-in: the requested one if safe and allowed, else the home page."""
    home = "/pengurus" if is_officer else "/anggota"
    target = safe_redirect_path(kembali, home)
    return (
        home
        if target.startswith(("/masuk", "/aktivasi")) or (target.startswith("/pengurus") and not is_officer)
        else target
    )


routes: list[Any] = [
    show_sign_in,
    submit_sign_in,
    redeem_handover_link,
    submit_sign_out,
    show_activation,
    submit_activation,
]
